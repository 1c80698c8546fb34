// SPDX-License-Identifier: Apache-2.0
// One history of a log, and everything that can go wrong at each call by which it is written.
import assert from "node:assert/strict";
import {
  cpSync,
  existsSync,
  linkSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { encodeHex } from "@chancery/formats/bytes";
import { LogError } from "../../src/index.ts";
import { EmbeddedStore } from "../../src/store/index.ts";
import { randomSource } from "../random-source.ts";
import { entryOf, key, openEngine, Witnesses } from "../world.ts";
import { takeAnswer } from "./answers.ts";
import { afterKill, Disk, inodesBelow, type Survival, syncedAndSome, syncedOnly } from "./disk.ts";
import { type Call, readJournal } from "./journal.ts";
import { checkLog } from "./oracle.ts";
import { runWriter } from "./preload.ts";

/** Operations that change something, of faults.c. */
const changing = "CDMRSTUW";

/** Faults that are made while a process runs: which operations are hit, and how. */
const live: Readonly<Record<LiveFault, { operations: string; what: string }>> = {
  sigkill: { operations: changing, what: "kill" },
  "torn-write": { operations: "W", what: "torn" },
  "short-write": { operations: "W", what: "half" },
  "write-error": { operations: "CDMRTUW", what: "eio" },
  "sync-error": { operations: "S", what: "eio" },
  "read-error": { operations: "G", what: "eio" },
  "disk-full": { operations: "CMRW", what: "enospc" },
};

type LiveFault =
  | "sigkill"
  | "torn-write"
  | "short-write"
  | "write-error"
  | "sync-error"
  | "read-error"
  | "disk-full";

/** What can go wrong. The power is cut in a recording: what a disk holds then is worked out. */
export type FaultKind = LiveFault | "power-cut" | "power-cut-some";

export const faultKinds: readonly FaultKind[] = [
  "sigkill",
  "torn-write",
  "short-write",
  "write-error",
  "sync-error",
  "read-error",
  "disk-full",
  "power-cut",
  "power-cut-some",
];

/** Which entries are logged, and in commits of which sizes. */
export interface History {
  readonly name: string;
  /** Entries that were logged before. */
  readonly first: number;
  readonly counts: readonly number[];
}

/** To 255, 256, 257, 258, 512, 513, 773 and 1,073 entries: full bundles, runs, and a merge. */
export const firstBundles: History = {
  name: "255 to 257",
  first: 0,
  counts: [3, 252, 1, 1, 1, 254, 1, 260, 300],
};

/** To 65,535, 65,536, 65,537, 65,792 and 65,793 entries: tiles of two levels end together. */
export const secondLevel: History = {
  name: "65535 to 65537",
  first: 65_530,
  counts: [5, 1, 1, 255, 1],
};

/** A process that is over. */
interface Run {
  readonly root: string;
  readonly calls: readonly Call[];
  /** Of the files that were there before. */
  readonly inodes: ReadonlyMap<string, bigint>;
  /** What killed it, undefined where it ended by itself. */
  readonly signal: NodeJS.Signals | undefined;
}

/** How one try went; in every case all promises were kept. */
export interface Outcome {
  /** The operation that was hit, and of which kind of file. */
  readonly hit: string;
  /** How the process ended: `done`, `killed`, or with which code. */
  readonly end: string;
  readonly acknowledged: number;
}

export class FaultWorld {
  readonly #scratch: string;
  readonly #library: string;
  readonly #history: History;
  readonly #base: string | undefined;
  #recording: Pick<Run, "calls" | "inodes"> | undefined;
  #tries = 0;

  private constructor(scratch: string, library: string, history: History) {
    this.#scratch = scratch;
    this.#library = library;
    this.#history = history;
    this.#base = history.first > 0 ? join(scratch, "base") : undefined;
  }

  /**
   * Logs what comes before the history, and records a run of it without faults.
   * @param scratch an existing folder, absolute and without symbolic links
   * @param library from `compileFaults`
   */
  static async record(scratch: string, library: string, history: History): Promise<FaultWorld> {
    const world = new FaultWorld(scratch, library, history);
    if (world.#base) await logBefore(join(world.#base, "log"), history.first);
    const fault = { FAULT_OPS: "G", FAULT_AT: "0" };
    const { root, calls, inodes, signal } = await world.#run("recording", fault);
    assert.equal(signal, undefined);
    assert.equal(endOf(calls), "done");
    // What the recorder missed would be missing here.
    const copy = join(scratch, "replayed");
    diskAfter(calls, root, world.#base, inodes).write(copy, afterKill);
    assert.deepEqual(filesOf(copy), filesOf(root));
    rmSync(copy, { recursive: true });
    rmSync(root, { recursive: true });
    world.#recording = { calls, inodes };
    return world;
  }

  /** How many places there are for a fault. */
  points(kind: FaultKind): number {
    const operations = kind in live ? live[kind as LiveFault].operations : changing;
    return this.#calls.filter(({ operation }) => operations.includes(operation)).length;
  }

  /**
   * Makes a fault at a point and holds the log to all that was told.
   * @param point from 0. @throws for a promise that was not kept
   */
  async try(kind: FaultKind, point: number, seed: number): Promise<Outcome> {
    try {
      if (kind === "power-cut") return await this.#cutPower(point, syncedOnly);
      const random = randomSource(seed);
      if (kind === "power-cut-some") return await this.#cutPower(point, syncedAndSome(random));
      return await this.#fault(kind, point, random);
    } catch (cause) {
      const words = `${this.#history.name}: ${kind} at point ${point}, seed ${seed}`;
      throw new Error(`${words}, left in ${this.#scratch}`, { cause });
    }
  }

  get #calls(): readonly Call[] {
    return this.#recording?.calls ?? [];
  }

  async #cutPower(point: number, survival: Survival): Promise<Outcome> {
    const { calls, inodes } = this.#recording ?? assert.fail("nothing is recorded");
    const changes = calls.flatMap(({ operation }, i) => (changing.includes(operation) ? [i] : []));
    const last = changes[point] ?? assert.fail("there is no such point");
    const root = join(this.#scratch, "recording");
    const until = calls.slice(0, last + 1);
    const told = witnessesOf(until);
    const disk = diskAfter(until, root, this.#base, inodes);
    await this.#check(disk, survival, told);
    const hit = nameOf(calls[last] as Call, root);
    return { hit, end: "power cut", acknowledged: told.acknowledged.size };
  }

  async #fault(
    kind: LiveFault,
    point: number,
    random: (below: number) => number,
  ): Promise<Outcome> {
    const { operations, what } = live[kind];
    const count = kind === "disk-full" ? 1 + random(25) : 1;
    const { root, calls, inodes, signal } = await this.#run(`try-${this.#tries++}`, {
      FAULT_OPS: operations,
      FAULT_AT: String(point + 1),
      FAULT_COUNT: String(count),
      FAULT_DO: what,
    });
    const all = [...calls];
    if (kind === "sync-error") {
      // A process that goes on in the same folder may build on what the failed sync has lost.
      all.push(...(await this.#write(root, {}, 2_000_000, [3, 1])).calls);
    }
    const told = witnessesOf(all);
    const acknowledged = told.acknowledged.size;
    const disk = diskAfter(all, root, this.#base, inodes);
    const folder = join(root, "log");
    if (existsSync(join(folder, "poisoned"))) {
      await assert.rejects(
        EmbeddedStore.open(folder),
        (error) => error instanceof LogError && error.code === "poisoned",
      );
    } else {
      const whole = this.#history.first === 0;
      await checkLog(folder, told, { everNamed: disk.everNamed, whole });
    }
    // Whatever the process made of it, the power may go thereafter.
    const survival = random(2) === 0 ? syncedOnly : syncedAndSome(random);
    await this.#check(disk, survival, witnessesOf(all));
    rmSync(root, { recursive: true });
    const hit = calls.find(({ operation }) => operation === "F");
    const end = signal === undefined ? endOf(calls) : "killed";
    return { hit: hit ? nameOf(hit, root) : "nothing", end, acknowledged };
  }

  /** After a restart of the machine, on what the disk holds then. */
  async #check(disk: Disk, survival: Survival, told: Witnesses): Promise<void> {
    const copy = join(this.#scratch, `after-${this.#tries++}`);
    disk.write(copy, survival);
    rmSync(join(copy, "log", "poisoned"), { force: true });
    const whole = this.#history.first === 0;
    await checkLog(join(copy, "log"), told, { everNamed: disk.everNamed, whole });
    rmSync(copy, { recursive: true });
  }

  /** Has a process log the history, in a folder of its own. */
  async #run(name: string, fault: Record<string, string>): Promise<Run> {
    const root = join(this.#scratch, name);
    if (this.#base) copyLog(this.#base, root);
    else mkdirSync(root);
    const inodes = inodesBelow(root);
    const { first, counts } = this.#history;
    const { calls, signal } = await this.#write(root, fault, first, counts);
    return { root, calls, inodes, signal };
  }

  /** Has a process log entries in a folder. */
  async #write(
    root: string,
    fault: Record<string, string>,
    first: number,
    counts: readonly number[],
  ): Promise<Pick<Run, "calls" | "signal">> {
    const journal = `${root}.journal`;
    const args = [join(root, "log"), encodeHex(key.toPkcs8()), String(first), counts.join()];
    const signal = await runWriter({ library: this.#library, root, journal, fault, args });
    const calls = readJournal(journal);
    rmSync(journal);
    return { calls, signal };
  }
}

function diskAfter(
  calls: readonly Call[],
  root: string,
  base: string | undefined,
  inodes: ReadonlyMap<string, bigint>,
): Disk {
  const disk = new Disk(root, base, inodes);
  for (const call of calls) disk.apply(call);
  return disk;
}

/** Everything that the process told in these calls, verified. */
function witnessesOf(calls: readonly Call[]): Witnesses {
  const told = new Witnesses(29);
  for (const line of linesOf(calls)) takeAnswer(line, told);
  return told;
}

function linesOf(calls: readonly Call[]): string[] {
  return calls.flatMap(({ operation, data }) =>
    operation === "A" ? data.toString("utf8").trimEnd().split("\n") : [],
  );
}

/** How the process ended, in a word. */
function endOf(calls: readonly Call[]): string {
  const last = linesOf(calls).at(-1) ?? "";
  assert.doesNotMatch(last, /\n {4}at /, "an error that is none of the log's");
  return /^ended (\S+)/.exec(last)?.[1] ?? last;
}

/** Such as `W log.db-wal` or `R objects/tile`. */
function nameOf({ operation, path, data }: Call, root: string): string {
  const letter = operation === "F" ? data.toString() : operation;
  const name = path.slice(root.length + 1).replace(/^log\/?/, "");
  return `${letter} ${name.split("/").slice(0, 2).join("/") || "."}`;
}

/** Logs entries until all full bundles are in objects, so that a history begins at rest. */
async function logBefore(folder: string, count: number): Promise<void> {
  mkdirSync(dirname(folder));
  const engine = await openEngine(await EmbeddedStore.open(folder), { now: Date.now });
  for (let from = 0; from < count; from += 4096) {
    const length = Math.min(4096, count - from);
    await engine.append(Array.from({ length }, (_, i) => entryOf(from + i)));
  }
  while (engine.metrics.bodySize < count - (count % 256)) await new Promise(setImmediate);
  await engine.close();
}

/** A copy that shares the objects, which are never written in their place. */
function copyLog(from: string, to: string): void {
  mkdirSync(to);
  for (const entry of readdirSync(from, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name);
    const copy = join(to, path.slice(from.length + 1));
    if (entry.isDirectory()) mkdirSync(copy);
    else if (/\/objects\//.test(copy)) linkSync(path, copy);
    else cpSync(path, copy);
  }
}

function filesOf(folder: string): Map<string, string> {
  return new Map(
    readdirSync(folder, { recursive: true, withFileTypes: true })
      .map((entry) => {
        const path = join(entry.parentPath, entry.name);
        const bytes = entry.isFile() ? readFileSync(path).toString("latin1") : "folder";
        return [path.slice(folder.length + 1), bytes] as const;
      })
      .sort(([a], [b]) => (a < b ? -1 : 1)),
  );
}
