// SPDX-License-Identifier: Apache-2.0
// A store in memory that fails where a test wants it to. Its `disk` outlives it, as a disk does a
// process: a crash is to forget the store and everything above it, and to open the disk again.
import { bytesEqual } from "@chancery/formats/bytes";
import { LogError } from "../src/errors.ts";
import type {
  ByteRange,
  LogStore,
  ObjectStore,
  StoreCommit,
  StoredBatch,
  StoredLog,
  StoredObject,
} from "../src/store/index.ts";

/** What is on the disk. */
export class MemoryDisk {
  head: { size: number; payload: Uint8Array } | undefined;
  body: Uint8Array | undefined;
  batches: StoredBatch[] = [];
  objects: Map<string, Uint8Array> = new Map();
  checkpoint: Uint8Array | undefined;
  /** Every immutable object there ever was, also removed ones. */
  readonly everPut: Map<string, Uint8Array> = new Map();

  /** An independent copy, as a backup is. */
  copy(): MemoryDisk {
    const copy = new MemoryDisk();
    copy.head = this.head;
    copy.body = this.body;
    copy.batches = [...this.batches];
    copy.objects = new Map(this.objects);
    copy.checkpoint = this.checkpoint;
    return copy;
  }
}

/**
 * `before`: nothing is kept and an error told. `after`: everything is kept and an error told.
 * `half`: as before, but of several objects the first half is kept. `poison`: kept, and the sync
 * failed. `crash-…`: the same, and the process is dead: no later call does anything or ends.
 */
export type Fault =
  | "before"
  | "after"
  | "half"
  | "poison"
  | "crash-before"
  | "crash-after"
  | "crash-half";

export const faults: readonly Fault[] = [
  "before",
  "after",
  "half",
  "poison",
  "crash-before",
  "crash-after",
  "crash-half",
];

/** Decides about each writing call, which are numbered from 0. */
export type FaultPlan = (step: number, what: string) => Fault | undefined;

export class FaultyStore implements LogStore {
  readonly disk: MemoryDisk;
  readonly #plan: FaultPlan;
  /** Writing calls so far. */
  steps = 0;
  /** Resolves when the process dies of an injected crash. */
  readonly death: Promise<undefined>;
  #die: () => void = () => undefined;
  #dead = false;
  readonly objects: ObjectStore;

  constructor(disk: MemoryDisk, plan: FaultPlan = () => undefined) {
    this.disk = disk;
    this.#plan = plan;
    this.death = new Promise((resolve) => (this.#die = () => resolve(undefined)));
    this.objects = new FaultyObjects(disk, (what, parts) => this.#write(what, parts));
  }

  async load(): Promise<StoredLog> {
    const { head, body, batches } = this.disk;
    return { head, body, batches: [...batches].sort((a, b) => a.first - b.first) };
  }

  async commit({ previousSize, batch, size, head }: StoreCommit): Promise<void> {
    await this.#write("commit", [
      () => {
        const { disk } = this;
        if (disk.head?.size !== previousSize) throw new LogError("conflict", "another head");
        if (batch && disk.batches.some(({ first }) => first === batch.first)) {
          throw new LogError("storage", "the batch is there");
        }
        disk.head = { size, payload: head };
        if (batch) disk.batches.push(batch);
      },
    ]);
  }

  async advance(body: Uint8Array, dropEndingAt: number): Promise<void> {
    await this.#write("advance", [
      () => {
        this.disk.body = body;
        const { batches } = this.disk;
        this.disk.batches = batches.filter(({ first, count }) => first + count > dropEndingAt);
      },
    ]);
  }

  async published(): Promise<Uint8Array | undefined> {
    return this.disk.checkpoint;
  }

  async publish(checkpoint: Uint8Array): Promise<void> {
    await this.#write("publish", [() => void (this.disk.checkpoint = checkpoint)]);
  }

  async close(): Promise<void> {
    this.#dead = true;
  }

  async #write(what: string, parts: readonly (() => void)[]): Promise<void> {
    // Not at once, so that other work comes between.
    await new Promise(setImmediate);
    if (this.#dead) return new Promise(() => undefined);
    const fault = this.#plan(this.steps++, what);
    const kept = fault?.endsWith("before")
      ? 0
      : fault?.endsWith("half")
        ? parts.length >> 1
        : parts.length;
    for (const part of parts.slice(0, kept)) part();
    if (fault === undefined) return;
    if (fault.startsWith("crash")) {
      this.#dead = true;
      this.#die();
      return new Promise(() => undefined);
    }
    throw new LogError(fault === "poison" ? "poisoned" : "storage", `injected: ${fault} ${what}`);
  }
}

class FaultyObjects implements ObjectStore {
  readonly #disk: MemoryDisk;
  readonly #write: (what: string, parts: readonly (() => void)[]) => Promise<void>;

  constructor(disk: MemoryDisk, write: (what: string, parts: (() => void)[]) => Promise<void>) {
    this.#disk = disk;
    this.#write = (what, parts) => write(what, [...parts]);
  }

  async put(objects: readonly StoredObject[]): Promise<void> {
    for (const { name } of objects) checkName(name);
    await this.#write(
      "put",
      objects.map((object) => () => this.#putOne(object)),
    );
  }

  async get(name: string, range?: ByteRange): Promise<Uint8Array | undefined> {
    checkName(name);
    const bytes = this.#disk.objects.get(name);
    return range ? bytes?.slice(range.start, range.start + range.length) : bytes?.slice();
  }

  async list(prefix: string): Promise<string[]> {
    return [...this.#disk.objects.keys()].filter((name) => name.startsWith(prefix)).sort();
  }

  async remove(names: readonly string[]): Promise<void> {
    await this.#write(
      "remove",
      names.map((name) => () => void this.#disk.objects.delete(name)),
    );
  }

  #putOne({ name, bytes }: StoredObject): void {
    const existing = this.#disk.objects.get(name);
    if (existing && !bytesEqual(existing, bytes)) {
      throw new LogError("object-conflict", `${name} would change`);
    }
    this.#disk.objects.set(name, bytes.slice());
    this.#disk.everPut.set(name, bytes.slice());
  }
}

function checkName(name: string): void {
  if (!/^[a-zA-Z0-9][\w.-]*(?:\/[a-zA-Z0-9][\w.-]*)*$/.test(name) || name.includes("..")) {
    throw new LogError("out-of-range", `${JSON.stringify(name)} names no object`);
  }
}
