// SPDX-License-Identifier: Apache-2.0
// What a disk holds after a process was killed, or after the power went: the calls of a journal are
// made again on a model that knows which of them were synced.
import { linkSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import type { Call } from "./journal.ts";

/**
 * `pending`: in the page cache only. `lost`: it was, when a sync failed; the kernel counts such
 * pages as written, so that a later sync which goes well says nothing about them.
 */
type Fate = "pending" | "durable" | "lost";

interface Change {
  fate: Fate;
  /** Undefined where the file is cut to `offset`. */
  readonly data: Buffer | undefined;
  readonly offset: number;
}

/** A file by its inode: names come and go. */
interface File {
  /** Where its bytes before the first change are, undefined for a new file. */
  readonly base: string | undefined;
  readonly changes: Change[];
}

/** A name that is given, taken away, or moved. */
interface NameChange {
  fate: Fate;
  /** The folders whose sync makes it durable; the first one holds the name. */
  readonly folders: readonly string[];
  readonly apply: (names: Map<string, File | "folder">) => void;
}

/** What of the changes that were not synced is still there. */
export interface Survival {
  /** The parts of a write that reached the disk. */
  readonly parts: (data: Buffer) => readonly { readonly start: number; readonly end: number }[];
  /** How many of the first so many changes of names in one folder. */
  readonly names: (count: number) => number;
  /** Whether what a failed sync lost is there too: before the machine stops it can be read. */
  readonly cache: boolean;
}

const whole = (data: Buffer): { start: number; end: number }[] => [{ start: 0, end: data.length }];

/** The process is dead, the machine goes on. */
export const afterKill: Survival = { parts: whole, names: (count) => count, cache: true };

/** The power went, and nothing reached the disk that was not synced. */
export const syncedOnly: Survival = { parts: () => [], names: () => 0, cache: false };

const sectorBytes = 512;

/** The power went while the disk was at it: any sectors, and of each folder the first changes. */
export function syncedAndSome(random: (below: number) => number): Survival {
  const parts = (data: Buffer): { start: number; end: number }[] => {
    const kind = random(4);
    if (kind === 0) return [];
    if (kind === 1) return whole(data);
    const found = [];
    const cut = random(data.length + 1);
    for (let start = 0; start < data.length; start += sectorBytes) {
      const end = Math.min(start + sectorBytes, data.length);
      if (kind === 2 ? end <= cut : random(2) === 0) found.push({ start, end });
    }
    return found;
  };
  return { parts, names: (count) => random(count + 1), cache: false };
}

export class Disk {
  readonly #root: string;
  readonly #files = new Map<bigint, File>();
  readonly #named = new Map<string, File | "folder">();
  readonly #nameChanges: NameChange[] = [];
  /** Every object that ever had its name, with its bytes. */
  readonly everNamed: Map<string, Buffer> = new Map();

  /**
   * @param root below which the calls were recorded; durable
   * @param base a copy of what was below it at first. Its files had the inodes that those of the
   *   same name have below `root`, if they are there still.
   */
  constructor(root: string, base: string | undefined, inodes: ReadonlyMap<string, bigint>) {
    this.#root = root;
    if (!base) return;
    for (const entry of readdirSync(base, { recursive: true, withFileTypes: true })) {
      const path = join(entry.parentPath, entry.name);
      const name = path.slice(base.length + 1);
      if (entry.isDirectory()) this.#named.set(name, "folder");
      else {
        const file: File = { base: path, changes: [] };
        this.#named.set(name, file);
        const inode = inodes.get(name);
        if (inode !== undefined) this.#files.set(inode, file);
      }
    }
  }

  /** Takes a call that was made; one that failed changed nothing, unless it was a sync. */
  apply({ operation, error, inode, offset, path, target, data }: Call): void {
    const name = this.#name(path);
    if (operation === "S") return this.#sync(inode, name, error === 0 ? "durable" : "lost");
    if (error !== 0) return;
    const file = this.#files.get(inode);
    switch (operation) {
      case "C":
        return this.#create(inode, name);
      case "W":
        return void file?.changes.push({ fate: "pending", data, offset });
      case "T":
        return void file?.changes.push({ fate: "pending", data: undefined, offset });
      case "M":
        return this.#rename([name], (names) => void names.set(name, "folder"));
      case "D":
      case "U":
        return this.#rename([name], (names) => void names.delete(name));
      case "R":
        return this.#move(file, name, this.#name(target));
      case "A":
      case "F":
      case "G":
        return;
    }
  }

  /** Writes what is there into a folder, which is made. */
  write(folder: string, survival: Survival): void {
    mkdirSync(folder);
    const names = this.#surviving(survival);
    // A name whose folder did not survive cannot be reached.
    const isReachable = (name: string): boolean => {
      const above = dirname(name);
      return above === "." || (names.get(above) === "folder" && isReachable(above));
    };
    const reachable = [...names].filter(([name]) => isReachable(name));
    for (const [name, file] of reachable.sort(([a], [b]) => (a < b ? -1 : 1))) {
      const path = join(folder, name);
      if (file === "folder") mkdirSync(path);
      // An object is never written in its place, so one file does for all copies.
      else if (file.base && file.changes.length === 0 && /\/objects\//.test(name)) {
        linkSync(file.base, path);
      } else writeFileSync(path, content(file, survival));
    }
  }

  #create(inode: bigint, name: string): void {
    const file: File = { base: undefined, changes: [] };
    this.#files.set(inode, file);
    this.#rename([name], (names) => void names.set(name, file));
  }

  #move(file: File | undefined, from: string, to: string): void {
    if (!file) throw new Error(`${from} is not known`);
    this.#rename([to, from], (names) => {
      names.delete(from);
      names.set(to, file);
    });
    const [, object] = /(?:^|\/)objects\/(.+)$/.exec(to) ?? [];
    if (object !== undefined) this.everNamed.set(object, content(file, afterKill));
  }

  #rename(names: readonly string[], apply: NameChange["apply"]): void {
    this.#nameChanges.push({ fate: "pending", folders: names.map((name) => dirname(name)), apply });
  }

  #sync(inode: bigint, name: string, fate: Fate): void {
    const folder = name === "" ? "." : name;
    const changes = this.#files.get(inode)?.changes ?? [];
    const names = this.#nameChanges.filter(({ folders }) => folders.includes(folder));
    for (const change of [...changes, ...names]) if (change.fate === "pending") change.fate = fate;
  }

  #surviving({ names: survivors, cache }: Survival): Map<string, File | "folder"> {
    const pending = Map.groupBy(
      this.#nameChanges.filter(({ fate }) => fate === "pending"),
      ({ folders }) => folders[0] as string,
    );
    const kept = new Set<NameChange>();
    for (const changes of pending.values()) {
      for (const change of changes.slice(0, survivors(changes.length))) kept.add(change);
    }
    const names = new Map(this.#named);
    for (const change of this.#nameChanges) {
      if (change.fate === "durable" || kept.has(change) || (cache && change.fate === "lost")) {
        change.apply(names);
      }
    }
    return names;
  }

  #name(path: string): string {
    return path.slice(this.#root.length + 1);
  }
}

/** The inodes of all files below a folder, by name. */
export function inodesBelow(folder: string): Map<string, bigint> {
  const inodes = new Map<string, bigint>();
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name);
    if (entry.isFile()) {
      inodes.set(path.slice(folder.length + 1), statSync(path, { bigint: true }).ino);
    }
  }
  return inodes;
}

function content({ base, changes }: File, { parts, cache }: Survival): Buffer {
  let size = 0;
  const initial = base ? readFileSync(base) : Buffer.alloc(0);
  const end = (most: number, { data, offset }: Change): number =>
    Math.max(most, offset + (data?.length ?? 0));
  const bytes = Buffer.alloc(changes.reduce(end, initial.length));
  size = initial.copy(bytes);
  for (const { fate, data, offset } of changes) {
    if (fate === "lost" && !cache) continue;
    if (!data) {
      // A cut is a change of the file's size, which is kept or not as a whole.
      if (fate === "pending" && parts(Buffer.alloc(1)).length === 0) continue;
      bytes.fill(0, Math.min(offset, size), size);
      size = offset;
      continue;
    }
    for (const part of fate === "pending" ? parts(data) : whole(data)) {
      data.copy(bytes, offset + part.start, part.start, part.end);
      size = Math.max(size, offset + part.end);
    }
  }
  return bytes.subarray(0, size);
}
