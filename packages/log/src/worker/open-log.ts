// SPDX-License-Identifier: Apache-2.0
import { Worker } from "node:worker_threads";
import { type PrivateKey, wipe } from "@chancery/formats/crypto/node";
import { tileHashSizeBytes } from "@chancery/formats/tiles";
import {
  type CheckpointSigner,
  type EngineLimits,
  engineLimits,
  type EngineMetrics,
  type LoggedEntry,
  type LogHead,
  signerWithKey,
} from "../engine/index.ts";
import { LogError } from "../errors.ts";
import {
  checkEntry,
  type EntryFormat,
  type EntryFormatName,
  entryFormats,
  type EntryInput,
} from "../record/index.ts";
import {
  type Call,
  errorFrom,
  packEntries,
  type Reply,
  type Request,
  unpackItems,
  type WorkerStart,
} from "./messages.ts";

/** How to open a log. */
export interface OpenLogOptions {
  /** The log's own folder; made, and a log begun in it, where it is not there. */
  readonly folder: string;
  readonly origin: string;
  /**
   * What entries are, for ever: bytes that are their own leaf (`tlog`, the default), or each a
   * TileLeaf of static-ct-api, given with time and index zero (`ct`). Checkpoints of the latter are
   * signed as tree heads.
   */
  readonly format?: EntryFormatName;
  /**
   * The log's key, Ed25519 or ECDSA P-256, for `ct` ECDSA P-256 or RSA; or something that signs for
   * it, such as a KMS.
   */
  readonly signer: PrivateKey | CheckpointSigner;
  /** Name of the key in signature lines, where it is not the origin. */
  readonly keyName?: string;
  /** Checkpoints of this log that others hold; opening is refused where one is newer. */
  readonly seen?: readonly Uint8Array[];
  readonly limits?: Partial<EngineLimits>;
  /** Told of errors that no caller is told of, such as of work behind the commits. */
  readonly onError?: (error: LogError) => void;
  /** Where the worker's module is, for bundles that move it: `@chancery/log/worker`. */
  readonly workerUrl?: URL;
}

/** What a logged entry is answered with: everything to prove it from here on. */
export interface Receipt {
  readonly index: number;
  /** When it was logged first, milliseconds since 1970. */
  readonly timeMs: number;
  /** Whether it was in the log before. */
  readonly duplicate: boolean;
  /** Inclusion proof in the tree of `head`: hashes of 32 bytes, leaf to root. */
  readonly proof: readonly Uint8Array[];
  /** The state of the log when it was answered, with the signed checkpoint. */
  readonly head: LogHead;
}

/** Submissions under way at once: one being committed, one that waits for it. */
const submissionsMax = 2;

/**
 * Opens a log in a thread of its own, which commits while this one goes on. A second one, started
 * when first needed, writes the objects behind the commits.
 * @throws LogError `locked` where another process has it; `corrupt` | `rolled-back` | `wrong-log` |
 *   `poisoned` | `unverified` where it cannot be trusted as it is; `storage`
 */
export async function openLog(options: OpenLogOptions): Promise<Log> {
  const { folder, origin, signer, keyName = origin, seen = [], limits = {} } = options;
  const format = options.format ?? "tlog";
  const local = "toPkcs8" in signer ? undefined : signer;
  const pkcs8 = "toPkcs8" in signer ? checkedKey(format, keyName, signer) : undefined;
  const url = options.workerUrl ?? new URL(import.meta.resolve("@chancery/log/worker"));
  const start: WorkerStart = {
    url: url.href,
    folder,
    origin,
    format,
    signer: local ? { verifier: local.verifier } : { name: keyName, pkcs8: pkcs8 as Uint8Array },
    seen,
    limits,
  };
  const worker = new Worker(url, {
    workerData: start,
    name: `log ${origin}`,
    resourceLimits: { maxYoungGenerationSizeMb: youngGenerationMb },
  });
  if (pkcs8) wipe(pkcs8);
  return new Promise((resolve, reject) => {
    const bounds = { ...engineLimits, ...limits };
    const log = new Log(
      worker,
      { limits: bounds, signer: local, format: entryFormats[format] },
      {
        opened: () => resolve(log),
        failed: reject,
        problem: options.onError ?? ((): void => undefined),
      },
    );
  });
}

/** Left alone, V8 keeps three times as much for good after one busy minute, and is no faster. */
const youngGenerationMb = 32;

interface Waiting {
  readonly entry: EntryInput;
  readonly sizeBytes: number;
  readonly resolve: (receipt: Receipt) => void;
  readonly reject: (error: LogError) => void;
}

interface Events {
  readonly opened: () => void;
  readonly failed: (error: LogError) => void;
  readonly problem: (error: LogError) => void;
}

/** A log that is open. Every method may throw LogError `stopped` when it no longer is. */
export class Log {
  readonly #worker: Worker;
  readonly #limits: EngineLimits;
  readonly #format: EntryFormat;
  readonly #signer: CheckpointSigner | undefined;
  readonly #events: Events;
  readonly #submissions = new Map<number, readonly Waiting[]>();
  readonly #calls = new Map<
    number,
    { readonly resolve: (value: unknown) => void; readonly reject: (error: LogError) => void }
  >();
  #nextId = 0;
  #gathered: Waiting[] = [];
  #waitingEntries = 0;
  #waitingBytes = 0;
  #flushing = false;
  #head: LogHead | undefined;
  #stopped: LogError | undefined;

  /** @internal use `openLog` */
  constructor(
    worker: Worker,
    {
      limits,
      signer,
      format,
    }: {
      readonly limits: EngineLimits;
      readonly signer: CheckpointSigner | undefined;
      readonly format: EntryFormat;
    },
    events: Events,
  ) {
    this.#format = format;
    this.#worker = worker;
    this.#limits = limits;
    this.#signer = signer;
    this.#events = events;
    worker.on("message", (reply: Reply) => this.#receive(reply));
    worker.on("error", (cause) => this.#end(new LogError("stopped", String(cause), "", { cause })));
    worker.on("exit", () => this.#end(new LogError("stopped", "the log is closed")));
  }

  /**
   * Logs an entry: resolves when it is durable and covered by a signed checkpoint. An entry that is
   * in the log already is answered with its first index.
   * @throws LogError `too-large` | `malformed`; `overloaded`, try again after a moment; `storage`
   *   where it is not known whether it is logged, and a retry is safe
   */
  async append(entry: EntryInput): Promise<Receipt> {
    checkEntry(entry, this.#format);
    if (this.#stopped) throw this.#stopped;
    const sizeBytes = entry.bytes.length + (entry.attachment?.length ?? 0);
    const { queueEntriesMax, queueBytesMax } = this.#limits;
    if (this.#waitingEntries >= queueEntriesMax || this.#waitingBytes + sizeBytes > queueBytesMax) {
      const words = `${this.#waitingEntries} entries wait to be logged`;
      throw new LogError("overloaded", words, "try again after a moment");
    }
    return new Promise((resolve, reject) => {
      this.#gathered.push({ entry, sizeBytes, resolve, reject });
      this.#waitingEntries++;
      this.#waitingBytes += sizeBytes;
      this.#flushSoon();
    });
  }

  /** The newest state that anything was answered with. */
  head(): LogHead {
    if (!this.#head) throw new LogError("stopped", "the log is not open");
    return this.#head;
  }

  /** The signed checkpoint of `head`. */
  checkpoint(): Uint8Array {
    return this.head().checkpoint;
  }

  /** The first `width` hashes of a tile; undefined where the log has not that many there. */
  tile(level: number, index: number, width: number): Promise<Uint8Array | undefined> {
    return this.#call({ method: "tile", level, index, width });
  }

  /** The first `width` entries of a bundle (C2SP tlog-tiles); undefined as for tiles. */
  entries(index: number, width: number): Promise<Uint8Array | undefined> {
    return this.#call({ method: "bundle", index, width });
  }

  /** @throws LogError `out-of-range` */
  entry(index: number): Promise<LoggedEntry> {
    return this.#call({ method: "entry", index });
  }

  /** What was logged beside an entry, undefined for nothing. @throws LogError `out-of-range` */
  attachment(index: number): Promise<Uint8Array | undefined> {
    return this.#call({ method: "attachment", index });
  }

  /**
   * Keeps a blob under its SHA-256, durably when this resolves, for entries that refer to it: to be
   * done before they are appended. @throws LogError `too-large`; `storage`, and a retry is safe
   */
  keepBlob(bytes: Uint8Array): Promise<void> {
    return this.#call({ method: "keepBlob", bytes });
  }

  /** A blob by its SHA-256, 32 bytes; undefined where there is none. */
  blob(digest: Uint8Array): Promise<Uint8Array | undefined> {
    return this.#call({ method: "blob", digest });
  }

  /** @throws LogError `out-of-range` */
  leafHash(index: number): Promise<Uint8Array> {
    return this.#call({ method: "leafHash", index });
  }

  /** The index of an entry by its leaf hash; undefined where it is not logged. */
  indexOf(leafHash: Uint8Array): Promise<number | undefined> {
    return this.#call({ method: "indexOf", leafHash });
  }

  /** The root that the tree had at a size. @throws LogError `out-of-range` */
  rootAt(size: number): Promise<Uint8Array> {
    return this.#call({ method: "rootAt", index: size });
  }

  /** Hashes of 32 bytes, leaf to root. @throws LogError `out-of-range` */
  inclusionProof(index: number, size: number): Promise<Uint8Array[]> {
    return this.#call({ method: "inclusionProof", index, size });
  }

  /** @throws LogError `out-of-range` */
  consistencyProof(oldSize: number, newSize: number): Promise<Uint8Array[]> {
    return this.#call({ method: "consistencyProof", oldSize, newSize });
  }

  /**
   * Indexes of entries with a search key, newest first.
   * @param keyHash 16 bytes. @param page.before only lower ones. @param page.limit 1 to 1,000
   */
  search(
    keyHash: Uint8Array,
    page: { readonly before?: number; readonly limit: number },
  ): Promise<number[]> {
    const { before = Infinity, limit } = page;
    return this.#call({ method: "search", key: keyHash, before, limit });
  }

  metrics(): Promise<EngineMetrics> {
    return this.#call({ method: "metrics" });
  }

  /** Commits what waits, and gives the folder back. A second call does nothing. */
  async close(): Promise<void> {
    if (this.#stopped) return;
    while (this.#gathered.length > 0 || this.#submissions.size > 0) {
      await new Promise((resolve) => void setImmediate(resolve));
    }
    const exited = new Promise((resolve) => void this.#worker.once("exit", resolve));
    await this.#call({ method: "close" });
    await exited;
  }

  #call<Value>(call: Call): Promise<Value> {
    if (this.#stopped) return Promise.reject(this.#stopped);
    return new Promise((resolve, reject) => {
      const id = this.#nextId++;
      this.#calls.set(id, { resolve: resolve as (value: unknown) => void, reject });
      this.#send({ type: "call", id, call });
    });
  }

  /** Gathers what comes in one turn, and while enough is under way, what comes until an answer. */
  #flushSoon(): void {
    if (this.#flushing || this.#submissions.size >= submissionsMax) return;
    this.#flushing = true;
    setImmediate(() => {
      this.#flushing = false;
      this.#flush();
    });
  }

  #flush(): void {
    if (this.#gathered.length === 0 || this.#submissions.size >= submissionsMax) return;
    let bytes = 0;
    let count = 0;
    for (const { sizeBytes } of this.#gathered) {
      bytes += sizeBytes;
      const { commitEntriesMax, commitBytesMax } = this.#limits;
      if (count > 0 && (count >= commitEntriesMax || bytes > commitBytesMax)) break;
      count++;
    }
    const waiting = this.#gathered.slice(0, count);
    this.#gathered = this.#gathered.slice(count);
    const id = this.#nextId++;
    this.#submissions.set(id, waiting);
    const entries = packEntries(waiting.map(({ entry }) => entry));
    this.#send({ type: "append", id, entries }, [entries]);
    if (this.#gathered.length > 0) this.#flushSoon();
  }

  #receive(reply: Reply): void {
    switch (reply.type) {
      case "open":
        this.#head = reply.head;
        return this.#events.opened();
      case "appended":
        return this.#acknowledge(reply.id, reply.head, reply.items);
      case "result":
        this.#calls.get(reply.id)?.resolve(reply.value);
        return void this.#calls.delete(reply.id);
      case "failed":
        return this.#fail(reply.id, errorFrom(reply.error));
      case "problem":
        return this.#events.problem(errorFrom(reply.error));
      case "sign":
        return void this.#sign(reply.id, reply.textBytes, reply.timeMs);
    }
  }

  #acknowledge(id: number, head: LogHead, packed: ArrayBuffer): void {
    this.#head = head;
    const waiting = this.#take(id);
    for (const [i, item] of unpackItems(packed).entries()) {
      const { index, timeMs, duplicate, proof } = item;
      const hashes = Array.from({ length: proof.length / tileHashSizeBytes }, (_, n) =>
        proof.subarray(n * tileHashSizeBytes, (n + 1) * tileHashSizeBytes),
      );
      waiting[i]?.resolve({ index, timeMs, duplicate, proof: hashes, head });
    }
    this.#flush();
  }

  #fail(id: number | undefined, error: LogError): void {
    if (id === undefined) {
      this.#stopped = error;
      this.#events.failed(error);
      return;
    }
    this.#calls.get(id)?.reject(error);
    this.#calls.delete(id);
    for (const { reject } of this.#take(id)) reject(error);
    this.#flush();
  }

  #take(id: number): readonly Waiting[] {
    const waiting = this.#submissions.get(id) ?? [];
    this.#submissions.delete(id);
    this.#waitingEntries -= waiting.length;
    for (const { sizeBytes } of waiting) this.#waitingBytes -= sizeBytes;
    return waiting;
  }

  async #sign(id: number, textBytes: Uint8Array, timeMs: number): Promise<void> {
    try {
      if (!this.#signer) throw new LogError("stopped", "nobody signs here");
      this.#send({ type: "signed", id, signature: await this.#signer.sign(textBytes, timeMs) });
    } catch (cause) {
      this.#send({ type: "not-signed", id, problem: `the signer failed: ${String(cause)}` });
    }
  }

  #end(error: LogError): void {
    this.#stopped ??= error;
    this.#events.failed(this.#stopped);
    for (const { reject } of this.#calls.values()) reject(this.#stopped);
    for (const waiting of [...this.#submissions.values(), this.#gathered]) {
      for (const { reject } of waiting) reject(this.#stopped);
    }
    this.#calls.clear();
    this.#submissions.clear();
    this.#gathered = [];
  }

  #send(request: Request, transfer: ArrayBuffer[] = []): void {
    this.#worker.postMessage(request, transfer);
  }
}

/** The secret of a key that can sign for a log. @throws LogError `wrong-log` */
function checkedKey(format: EntryFormatName, name: string, key: PrivateKey): Uint8Array {
  signerWithKey(format, name, key);
  return key.toPkcs8();
}
