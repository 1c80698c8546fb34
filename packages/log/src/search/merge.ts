// SPDX-License-Identifier: Apache-2.0
import { LogError } from "../errors.ts";
import type { RunReference } from "../record/index.ts";
import type { ObjectStore } from "../store/index.ts";
import { compareRecords, recordSizeBytes } from "./records.ts";
import { Segment, segmentName, segmentRecordsMax } from "./segment.ts";

/** Runs of about one size that are merged into one of the next size. */
export const mergeFanIn = 4;

/** Runs up to this many records count as of the smallest size. */
const levelRecordsMin = 1 << 13;

/** Records read from a run at once: 64 kB. */
const chunkRecords = 2730;

const recordWords = recordSizeBytes / 4;

/** How long merging goes on between two pauses, and after how many records it looks at the time. */
const stepMs = 4;
const stepRecords = 1024;

/**
 * Which runs of one family to merge, if any: the newest ones, once four are of one size. So a
 * record is rewritten once for each fourfold growth of the log, and a lookup asks few runs.
 * @param runs by rising first entry. @returns a position from which on all are merged.
 */
export function planMerge(runs: readonly { readonly records: number }[]): number | undefined {
  const levels = runs.map(({ records }) => runLevel(records));
  for (let level = 0; level <= Math.max(0, ...levels); level++) {
    const start = levels.findLastIndex((other) => other > level) + 1;
    if (levels.length - start >= mergeFanIn) return start;
  }
  return undefined;
}

/** Merges adjoining runs of one family, in this thread or in another. */
export type MergeRuns = (
  runs: readonly RunReference[],
  signal: AbortSignal,
) => Promise<RunReference>;

/**
 * Merges adjoining runs of one family into one, whose objects are durable when this resolves. The
 * same runs give the same bytes, whatever was merged before: a repetition finds its objects. Every
 * few milliseconds other work gets its turn.
 * @throws LogError `stopped` where the signal ends it; `corrupt`; the store's codes
 */
export async function mergeRuns(
  objects: ObjectStore,
  runs: readonly RunReference[],
  signal: AbortSignal,
): Promise<RunReference> {
  const [oldest, newest] = [runs[0] as RunReference, runs.at(-1) as RunReference];
  const { family, first } = oldest;
  const total = runs.flatMap(({ segments }) => segments).reduce((sum, count) => sum + count, 0);
  const full = Math.floor(total / segmentRecordsMax);
  const rest = total % segmentRecordsMax;
  const reference: RunReference = {
    family,
    first,
    end: newest.end,
    segments: [
      ...Array.from({ length: full }, () => segmentRecordsMax),
      ...(rest > 0 ? [rest] : []),
    ],
  };
  const cursors = runs.map((run) => new RunCursor(objects, run));
  for (const cursor of cursors) await cursor.start();
  for (const [i, count] of reference.segments.entries()) {
    const records = await takeSmallest(cursors, count, signal);
    await objects.put([Segment.make(objects, reference, i, records).object]);
  }
  return reference;
}

async function takeSmallest(
  cursors: readonly RunCursor[],
  count: number,
  signal: AbortSignal,
): Promise<Uint8Array> {
  const records = new Uint32Array(count * recordWords);
  let started = performance.now();
  for (let i = 0; i < count; i++) {
    if (i % stepRecords === 0) {
      if (signal.aborted) throw new LogError("stopped", "the log is closed");
      if (performance.now() - started > stepMs) {
        await new Promise((resolve) => void setImmediate(resolve));
        started = performance.now();
      }
    }
    const smallest = smallestOf(cursors);
    smallest.copyTo(records, i * recordWords);
    if (smallest.skip()) await smallest.refill();
  }
  return new Uint8Array(records.buffer);
}

/** @throws LogError `corrupt` where fewer records are stored than the runs' references say. */
function smallestOf(cursors: readonly RunCursor[]): RunCursor {
  let smallest = cursors[0] as RunCursor;
  for (let i = 1; i < cursors.length; i++) {
    const cursor = cursors[i] as RunCursor;
    if (cursor.isBelow(smallest)) smallest = cursor;
  }
  if (smallest.ended) {
    throw new LogError("corrupt", "runs of the index end early", "run log reindex");
  }
  return smallest;
}

/**
 * Reads a run's records in order. Merging spends its time here, thus records are copied by the word
 * and compared by their first six bytes as one number, and only where these are equal by the rest.
 */
class RunCursor {
  readonly #objects: ObjectStore;
  readonly #run: RunReference;
  #segment = 0;
  #next = 0;
  #chunk: Uint8Array = new Uint8Array(0);
  #words = new Uint32Array(0);
  #view: DataView = new DataView(this.#words.buffer);
  #at = 0;
  /** The first six bytes of the record; above all others at the end. */
  #prefix = Infinity;

  constructor(objects: ObjectStore, run: RunReference) {
    this.#objects = objects;
    this.#run = run;
  }

  get ended(): boolean {
    return this.#prefix === Infinity;
  }

  async start(): Promise<void> {
    await this.refill();
  }

  copyTo(records: Uint32Array, offset: number): void {
    const [words, at] = [this.#words, this.#at / 4];
    for (let i = 0; i < recordWords; i++) records[offset + i] = words[at + i] as number;
  }

  isBelow(other: RunCursor): boolean {
    if (this.#prefix !== other.#prefix) return this.#prefix < other.#prefix;
    return !this.ended && compareRecords(this.#chunk, this.#at, other.#chunk, other.#at) < 0;
  }

  /** Goes on to the next record. @returns true where `refill` must be called. */
  skip(): boolean {
    this.#at += recordSizeBytes;
    if (this.#at === this.#chunk.length) return true;
    this.#readPrefix();
    return false;
  }

  #readPrefix(): void {
    this.#prefix = this.#view.getUint32(this.#at) * 2 ** 16 + this.#view.getUint16(this.#at + 4);
  }

  /** Reads on; at the end of the run the cursor is then `ended`. */
  async refill(): Promise<void> {
    if (this.#next === this.#run.segments[this.#segment]) {
      this.#segment++;
      this.#next = 0;
    }
    this.#at = 0;
    this.#prefix = Infinity;
    const count = this.#run.segments[this.#segment];
    if (count === undefined) return;
    const taken = Math.min(chunkRecords, count - this.#next);
    const name = segmentName(this.#run, this.#segment);
    const range = { start: this.#next * recordSizeBytes, length: taken * recordSizeBytes };
    const chunk = await this.#objects.get(name, range);
    if (chunk?.length !== range.length) {
      throw new LogError(
        "corrupt",
        `the index object ${name} is missing or short`,
        "run log reindex",
      );
    }
    // A copy where words would not be aligned.
    this.#chunk = chunk.byteOffset % 4 === 0 ? chunk : chunk.slice();
    const { buffer, byteOffset, length } = this.#chunk;
    this.#words = new Uint32Array(buffer as ArrayBuffer, byteOffset, length / 4);
    this.#view = new DataView(buffer, byteOffset, length);
    this.#next += taken;
    this.#readPrefix();
  }
}

function runLevel(records: number): number {
  return Math.max(0, Math.floor(Math.log2(Math.max(1, records / levelRecordsMin)) / 2));
}
