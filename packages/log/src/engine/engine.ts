// SPDX-License-Identifier: Apache-2.0
import { verifyConsistency } from "@chancery/formats/merkle";
import { bytesEqual } from "@chancery/formats/bytes";
import { sha256 } from "@chancery/formats/crypto";
import { LogError, type LogErrorCode } from "../errors.ts";
import { checkEntry, encodeHead, type EntryFormatName, type EntryInput } from "../record/index.ts";
import { type MergeRuns, mergeRuns, segmentNames } from "../search/index.ts";
import type { LogStore } from "../store/index.ts";
import { EdgeTree, emptyEdge } from "../tree/index.ts";
import { Background } from "./background.ts";
import { type EngineLimits, engineLimits } from "./limits.ts";
import { LogReader } from "./log-reader.ts";
import { type EngineMetrics, newMetrics } from "./metrics.ts";
import { tailExcess } from "./materialise.ts";
import { loadState } from "./recovery.ts";
import { type Appended, commitBatch, placeEntries, receiptsOf } from "./sequence.ts";
import { type CheckpointSigner, readCheckpoint, signCheckpoint } from "./signer.ts";
import { blobName, type EngineState, type LogIdentity } from "./state.ts";

/** What an engine needs. */
export interface EngineOptions {
  readonly store: LogStore;
  readonly origin: string;
  /** What entries are, in a log that begins: `EntryFormat`. Default: `tlog`. */
  readonly format?: EntryFormatName;
  /** Who signs: the log itself; or, for a mirror, only who must have signed. */
  readonly signer: CheckpointSigner | Pick<CheckpointSigner, "verifier">;
  /** Milliseconds since 1970. Where it goes back, the log's time stands still. */
  readonly now: () => number;
  /** Checkpoints of this log that others hold; opening is refused where one is newer. */
  readonly seen?: readonly Uint8Array[];
  readonly limits?: Partial<EngineLimits>;
  /** Merges runs of the search index, such as in another thread; without it, in this one. */
  readonly merge?: MergeRuns;
  /** Told of errors that no caller is told of: of background work, and what stops the log. */
  readonly onError?: (error: LogError) => void;
}

interface Submission {
  readonly entries: readonly EntryInput[];
  readonly sizeBytes: number;
  readonly resolve: (appended: Appended) => void;
  readonly reject: (error: LogError) => void;
}

/** Codes after which nothing is written any more: going on could fork the log or lose entries. */
const FATAL: ReadonlySet<LogErrorCode> = new Set([
  "poisoned",
  "corrupt",
  "object-conflict",
  "rolled-back",
  "wrong-log",
]);

/**
 * A log. Whatever waits is committed together, one commit at a time; while it is written the next
 * gathers. Nothing about a state is told before it is durable.
 */
export class LogEngine {
  readonly #options: EngineOptions;
  readonly #limits: EngineLimits;
  readonly #log: LogIdentity;
  readonly #background: Background;
  readonly #metrics: EngineMetrics = newMetrics();
  #state: EngineState;
  #reader: LogReader;
  #queue: Submission[] = [];
  #queuedEntries = 0;
  #queuedBytes = 0;
  #running: Promise<void> | undefined;
  /** Set while the state in memory may differ from the stored one. */
  #suspect: LogError | undefined;
  /** The error after which nothing is written any more. */
  #stopped: LogError | undefined;
  #closing = false;

  private constructor(options: EngineOptions, state: EngineState) {
    this.#options = options;
    this.#limits = { ...engineLimits, ...options.limits };
    this.#log = { origin: options.origin, verifier: options.signer.verifier };
    this.#state = state;
    this.#reader = new LogReader(state, options.store);
    this.#background = new Background({
      store: options.store,
      limits: this.#limits,
      metrics: this.#metrics,
      merge: options.merge ?? ((runs, signal) => mergeRuns(options.store.objects, runs, signal)),
      current: () => (this.#suspect || this.#stopped ? undefined : this.#state),
      onFailure: (error, unsure) => this.#backgroundFailed(error, unsure),
    });
  }

  /**
   * Opens the log in a store, or begins it where the store is empty.
   * @throws LogError `corrupt` | `rolled-back` | `wrong-log` | `unverified`; the store's codes
   */
  static async open(options: EngineOptions): Promise<LogEngine> {
    const { store, origin, signer, format = "tlog", seen = [] } = options;
    const log = { origin, verifier: signer.verifier };
    const recovery = { log, mirror: !("sign" in signer), seen };
    let state = await loadState(store, recovery);
    if (!state) {
      if (!("sign" in signer)) throw new LogError("stopped", "a mirror begins with `startMirror`");
      const [timeMs, root] = [options.now(), new EdgeTree(emptyEdge).root()];
      const checkpoint = await signCheckpoint(signer, origin, 0, root, timeMs);
      await beginLog(store, checkpoint, timeMs, format);
      state = (await loadState(store, recovery)) as EngineState;
    }
    const { name } = state.format;
    if (name !== format) throw new LogError("wrong-log", `the log holds ${name}, not ${format}`);
    await removeOrphans(store, state);
    const engine = new LogEngine(options, state);
    engine.#background.wake();
    return engine;
  }

  /** The answers of the log as it is committed. Take it anew for each question. */
  get reader(): LogReader {
    return this.#reader;
  }

  get metrics(): EngineMetrics {
    const { head, body, tail, index } = this.#state;
    return {
      ...this.#metrics,
      size: head.size,
      bodySize: body.edge.size,
      tailBytes: tail.sizeBytes,
      indexRuns: index.runs.length,
      indexBytes: index.sizeBytes,
      queuedEntries: this.#queuedEntries,
    };
  }

  /**
   * Logs entries, all in one commit. Those that are in the log already are answered with their
   * first index; those given twice with one.
   * @throws LogError `too-large` | `malformed` before anything is done; `overloaded`; `storage`
   *   where it is not known whether they are logged, and a retry is safe; `stopped`
   */
  async append(entries: readonly EntryInput[]): Promise<Appended> {
    if (!("sign" in this.#options.signer)) throw new LogError("stopped", "this is a mirror");
    let sizeBytes = 0;
    for (const entry of entries) {
      checkEntry(entry, this.#state.format);
      sizeBytes += entry.bytes.length + (entry.attachment?.length ?? 0);
    }
    this.#checkRunning();
    this.#checkLoad(entries.length, sizeBytes);
    return new Promise((resolve, reject) => {
      this.#queue.push({ entries, sizeBytes, resolve, reject });
      this.#queuedEntries += entries.length;
      this.#queuedBytes += sizeBytes;
      this.#running ??= this.#run();
    });
  }

  /**
   * Keeps a blob under its SHA-256, durably when this resolves, for entries that refer to it: to be
   * done before they are appended.
   * @throws LogError `too-large`; `storage`, and a retry is safe; `stopped`
   */
  async keepBlob(bytes: Uint8Array): Promise<void> {
    this.#checkRunning();
    const { sizeBytesMax } = this.#state.format;
    if (bytes.length > sizeBytesMax) {
      throw new LogError("too-large", `the blob has ${bytes.length} bytes`);
    }
    try {
      await this.#options.store.objects.put([{ name: blobName(sha256(bytes)), bytes }]);
    } catch (cause) {
      const error = asLogError(cause);
      this.#fail([], error);
      throw this.#stopped ? stopped(this.#stopped) : error;
    }
  }

  /**
   * Adds what a mirrored log has next.
   * @param checkpoint of the mirrored log, of the resulting size or, with the proof, a larger one
   * @throws LogError `unverified` where the entries do not lead to the checkpoint, and nothing is
   *   added; the store's codes, after which `open` again
   */
  async extendMirror(
    entries: readonly EntryInput[],
    checkpoint: Uint8Array,
    consistency: readonly Uint8Array[],
  ): Promise<void> {
    this.#checkRunning();
    await this.#holdBack();
    const state = this.#state;
    const signed = readCheckpoint(checkpoint, this.#log);
    const timeMs = Math.max(this.#options.now(), state.head.timeMs);
    try {
      const unchecked = { ...state, index: undefined };
      const placed = await placeEntries(entries, unchecked, this.#reader, timeMs);
      await commitBatch(state, this.#options.store, placed, timeMs, async (size, rootHash) => {
        verifyConsistency({
          oldSize: BigInt(size),
          newSize: BigInt(signed.size),
          oldRoot: rootHash,
          newRoot: signed.checkpoint.rootHash,
          proof: consistency,
        });
        return checkpoint;
      });
    } catch (cause) {
      await this.#reload();
      if (cause instanceof LogError) throw cause;
      const problem = "the entries do not lead to the mirrored log's checkpoint";
      throw new LogError("unverified", problem, "", { cause });
    }
    this.#background.wake();
  }

  /** Commits what waits, writes what is to be seen from outside, and gives the store back. */
  async close(): Promise<void> {
    this.#closing = true;
    await this.#running;
    await this.#background.close();
    await this.#options.store.close();
  }

  #checkRunning(): void {
    if (this.#stopped) throw stopped(this.#stopped);
    if (this.#closing) throw new LogError("stopped", "the log is closed");
  }

  #checkLoad(entries: number, sizeBytes: number): void {
    const limits = this.#limits;
    const hint = "try again after a moment";
    if (
      this.#queuedEntries + entries > limits.queueEntriesMax ||
      this.#queuedBytes + sizeBytes > limits.queueBytesMax
    ) {
      throw new LogError("overloaded", `${this.#queuedEntries} entries wait to be logged`, hint);
    }
    if (this.#background.failing && tailExcess(this.#state, this.#limits) >= 1) {
      throw new LogError("overloaded", "full tiles cannot be written", hint);
    }
  }

  /**
   * Lets the work behind the commits catch up, so that a steady stream finds the rate that it can
   * hold: the longer the tail the longer the pause. Where that work fails, nothing is gained by it.
   */
  async #holdBack(): Promise<void> {
    let excess = tailExcess(this.#state, this.#limits);
    if (excess === 0) return;
    const started = performance.now();
    for (
      ;
      excess >= 1 && !this.#background.failing;
      excess = tailExcess(this.#state, this.#limits)
    ) {
      if (this.#suspect || this.#stopped) break;
      await this.#background.progress();
    }
    const pauseMs = excess * this.#limits.pauseMsMax;
    if (excess < 1) await new Promise((resolve) => void setTimeout(resolve, pauseMs));
    this.#metrics.heldBackMs += performance.now() - started;
  }

  async #run(): Promise<void> {
    // A turn, so that what arrives together is committed together.
    await turn();
    while (this.#queue.length > 0) {
      const taken = this.#take();
      try {
        await this.#holdBack();
        if (this.#suspect) await this.#reload();
        await this.#commit(taken);
      } catch (cause) {
        this.#fail(taken, asLogError(cause));
      }
      await turn();
    }
    this.#running = undefined;
  }

  #take(): Submission[] {
    let [count, entries, bytes] = [0, 0, 0];
    for (const { entries: more, sizeBytes } of this.#queue) {
      entries += more.length;
      bytes += sizeBytes;
      const { commitEntriesMax, commitBytesMax } = this.#limits;
      if (count > 0 && (entries > commitEntriesMax || bytes > commitBytesMax)) break;
      count++;
    }
    const taken = this.#queue.slice(0, count);
    this.#queue = this.#queue.slice(count);
    for (const { entries: done, sizeBytes } of taken) {
      this.#queuedEntries -= done.length;
      this.#queuedBytes -= sizeBytes;
    }
    return taken;
  }

  async #commit(taken: readonly Submission[]): Promise<void> {
    const state = this.#state;
    const { signer, store, now, origin } = this.#options;
    if (!("sign" in signer)) throw new LogError("stopped", "this is a mirror");
    const started = performance.now();
    const timeMs = Math.max(now(), state.head.timeMs);
    const placed = await placeEntries(
      taken.flatMap(({ entries }) => entries),
      state,
      this.#reader,
      timeMs,
    );
    if (placed.fresh.length > 0) {
      try {
        await commitBatch(state, store, placed, timeMs, (size, rootHash) =>
          signCheckpoint(signer, origin, size, rootHash, timeMs),
        );
      } catch (cause) {
        // Stored or not, the tree in memory has the entries: only the store knows.
        this.#suspect = asLogError(cause);
        throw cause;
      }
      this.#metrics.commits++;
    }
    this.#metrics.entries += placed.fresh.length;
    this.#metrics.duplicates += placed.positions.length - placed.fresh.length;
    this.#metrics.commitMs = performance.now() - started;
    const items = await receiptsOf(state, this.#reader, placed);
    let at = 0;
    for (const { entries, resolve } of taken) {
      resolve({ head: this.#reader.head(), items: items.slice(at, at + entries.length) });
      at += entries.length;
    }
    this.#background.wake();
  }

  /** Throws the state away and proves the stored one, before anything else is written. */
  async #reload(): Promise<void> {
    this.#suspect ??= new LogError("storage", "the state is loaded again");
    await this.#background.idle();
    const { store, seen = [], signer } = this.#options;
    const recovery = { log: this.#log, mirror: !("sign" in signer), seen };
    const state = await loadState(store, recovery);
    if (!state) throw new LogError("rolled-back", "the log is gone from its store");
    const told = this.#state.head;
    if (
      state.head.size < told.size ||
      !bytesEqual(await state.reader.root(told.size), this.#state.rootHash)
    ) {
      throw new LogError("rolled-back", `the store lost entries that were acknowledged`);
    }
    this.#state = state;
    this.#reader = new LogReader(state, store);
    this.#suspect = undefined;
    this.#metrics.reloads++;
  }

  #fail(taken: readonly Submission[], error: LogError): void {
    if (FATAL.has(error.code)) this.#stop(error);
    const told = this.#stopped ? stopped(this.#stopped) : error;
    for (const { reject } of taken) reject(told);
  }

  #backgroundFailed(error: LogError, unsure: boolean): void {
    if (FATAL.has(error.code)) this.#stop(error);
    else {
      if (unsure) this.#suspect ??= error;
      this.#options.onError?.(error);
    }
  }

  #stop(error: LogError): void {
    if (this.#stopped) return;
    this.#stopped = error;
    this.#options.onError?.(error);
    const waiting = this.#queue;
    this.#queue = [];
    this.#queuedEntries = 0;
    this.#queuedBytes = 0;
    for (const { reject } of waiting) reject(stopped(error));
  }
}

/**
 * Begins a mirror in an empty store, from a verified checkpoint of the log to be mirrored.
 * @throws LogError `conflict` where a log is stored
 */
export async function startMirror(
  store: LogStore,
  checkpoint: Uint8Array,
  timeMs: number,
): Promise<void> {
  await beginLog(store, checkpoint, timeMs, "tlog");
}

async function beginLog(
  store: LogStore,
  checkpoint: Uint8Array,
  timeMs: number,
  format: EntryFormatName,
): Promise<void> {
  const head = encodeHead({ format, size: 0, timeMs, range: [], checkpoint });
  await store.commit({ previousSize: undefined, batch: undefined, size: 0, head });
}

/** Removes index objects that were written but not referred to, or no more, before a crash. */
async function removeOrphans(store: LogStore, { body }: EngineState): Promise<void> {
  const wanted = new Set(body.runs.flatMap(segmentNames));
  const orphans = (await store.objects.list("index/")).filter((name) => !wanted.has(name));
  if (orphans.length > 0) await store.objects.remove(orphans);
}

function stopped(cause: LogError): LogError {
  const words = cause.code === "stopped" ? cause.message : `the log has stopped: ${cause.message}`;
  return new LogError("stopped", words, cause.hint, { cause });
}

function asLogError(cause: unknown): LogError {
  if (cause instanceof LogError) return cause;
  return new LogError("storage", `the commit failed: ${String(cause)}`, "", { cause });
}

function turn(): Promise<void> {
  return new Promise((resolve) => void setImmediate(resolve));
}
