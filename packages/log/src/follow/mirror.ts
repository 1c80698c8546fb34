// SPDX-License-Identifier: Apache-2.0
import { decodeUtf8 } from "@chancery/formats/bytes";
import { FormatError } from "@chancery/formats/errors";
import { MerkleError, verifyConsistency } from "@chancery/formats/merkle";
import {
  consistencyProofFromTiles,
  decodeEntryBundle,
  tilePath,
  tilesForConsistency,
  tileWidth,
} from "@chancery/formats/tiles";
import {
  LogEngine,
  type LogIdentity,
  type LogReader,
  readCheckpoint,
  startMirror,
} from "../engine/index.ts";
import { LogError } from "../errors.ts";
import type { LogStore } from "../store/index.ts";
import { type Fetch, RemoteLog } from "./remote-log.ts";

/** What a mirror needs. */
export interface MirrorOptions {
  readonly store: LogStore;
  /** The log's URL prefix. */
  readonly url: string;
  readonly log: LogIdentity;
  readonly fetch: Fetch;
  readonly now: () => number;
  /** Search keys of an entry, 16 bytes each, one after the other; none by default. */
  readonly keysOf?: (entry: Uint8Array) => Uint8Array;
  readonly onError?: (error: LogError) => void;
}

type ReadLogCheckpoint = ReturnType<typeof readCheckpoint>;

/** Bundles that are fetched at once and committed together. */
const bundlesAtOnce = 16;

/**
 * A copy of somebody's log that takes over nothing unverified: each checkpoint must be signed and
 * consistent with the one before, and each batch of entries must lead to a tree that the newest
 * checkpoint extends. What does not fit is thrown as `unverified`, and of two checkpoints with both
 * in the message, as they may prove that the log forked.
 */
export class Mirror {
  readonly #options: MirrorOptions;
  readonly #remote: RemoteLog;
  readonly #engine: LogEngine;

  private constructor(options: MirrorOptions, remote: RemoteLog, engine: LogEngine) {
    this.#options = options;
    this.#remote = remote;
    this.#engine = engine;
  }

  /**
   * Opens a mirror, or begins one in an empty store with the remote log's checkpoint.
   * @throws LogError as `LogEngine.open`; `unreachable` | `unverified` as it begins
   */
  static async open(options: MirrorOptions): Promise<Mirror> {
    const { store, url, log, now, onError } = options;
    const remote = new RemoteLog(url, options.fetch);
    if (!(await store.load()).head) {
      const checkpoint = await remote.checkpoint();
      verified("its checkpoint", () => readCheckpoint(checkpoint, log));
      await startMirror(store, checkpoint, now());
    }
    const engine = await LogEngine.open({
      store,
      origin: log.origin,
      signer: { verifier: log.verifier },
      now,
      ...(onError && { onError }),
    });
    return new Mirror(options, remote, engine);
  }

  /** What is mirrored so far. */
  get reader(): LogReader {
    return this.#engine.reader;
  }

  /**
   * Takes over what the log has now.
   * @returns the size that is then mirrored.
   * @throws LogError `unverified` for a checkpoint, tile or entry that does not fit; `unreachable`;
   *   the store's codes. What was taken over before stays.
   */
  async follow(): Promise<number> {
    const bytes = await this.#remote.checkpoint();
    const { log } = this.#options;
    const newest = verified("its checkpoint", () => readCheckpoint(bytes, log));
    const known = readCheckpoint(this.reader.head().checkpoint, log);
    try {
      await this.#checkConsistent(known, newest);
    } catch (cause) {
      if (!(cause instanceof MerkleError)) throw cause;
      const shown =
        newest.size > this.reader.head().size
          ? "does not prove that its newest checkpoint extends the known one: a fork, or bad tiles"
          : "signed two checkpoints that are not of one log";
      const words = `${log.origin} ${shown}:\n`;
      // With their signatures, which make them evidence.
      const notes = [this.reader.head().checkpoint, bytes].map((note) => decodeUtf8(note));
      throw new LogError("unverified", words + notes.join("\n"), "keep both", { cause });
    }
    if (newest.size < known.size) return this.reader.head().size;
    while (this.reader.head().size < newest.size) await this.#take(newest.size, bytes);
    return newest.size;
  }

  /** Gives the store back. */
  async close(): Promise<void> {
    await this.#engine.close();
  }

  /** @throws MerkleError where the checkpoints are not of one log */
  async #checkConsistent(known: ReadLogCheckpoint, newest: ReadLogCheckpoint): Promise<void> {
    // A cache may show an older checkpoint, which then must be one of the same log.
    const [older, newer] = newest.size < known.size ? [newest, known] : [known, newest];
    // What is here already is proven from here: a forked log would not prove its fork.
    const proof =
      newer.size <= this.reader.head().size
        ? await this.reader.consistencyProof(older.size, newer.size)
        : await this.#consistency(older.size, newer.size);
    verifyConsistency({
      oldSize: BigInt(older.size),
      newSize: BigInt(newer.size),
      oldRoot: older.checkpoint.rootHash,
      newRoot: newer.checkpoint.rootHash,
      proof,
    });
  }

  async #take(size: number, checkpoint: Uint8Array): Promise<void> {
    const from = this.reader.head().size;
    const first = Math.floor(from / tileWidth);
    const end = Math.min(size, (first + bundlesAtOnce) * tileWidth);
    const count = Math.ceil(end / tileWidth) - first;
    const bundles = await Promise.all(
      Array.from({ length: count }, (_, i) => this.#bundle(first + i, size)),
    );
    const entries = bundles.flat().slice(from - first * tileWidth, end - first * tileWidth);
    const { keysOf } = this.#options;
    await this.#engine.extendMirror(
      entries.map((bytes) => (keysOf ? { bytes, keys: keysOf(bytes) } : { bytes })),
      checkpoint,
      await this.#consistency(end, size),
    );
  }

  async #bundle(index: number, size: number): Promise<Uint8Array[]> {
    const width = Math.min(tileWidth, size - index * tileWidth);
    try {
      return decodeEntryBundle(await this.#remote.bundle({ index, width }), width);
    } catch (cause) {
      throw unverified(`bundle ${index}`, cause);
    }
  }

  /** Made from unverified tiles: worth nothing before it is verified. */
  async #consistency(oldSize: number, newSize: number): Promise<Uint8Array[]> {
    const tiles = new Map<string, Uint8Array>();
    await Promise.all(
      tilesForConsistency(oldSize, newSize).map(async (tile) => {
        tiles.set(tilePath(tile), await this.#remote.tile(tile));
      }),
    );
    return consistencyProofFromTiles(oldSize, newSize, (tile) => tiles.get(tilePath(tile)));
  }
}

function verified<Value>(what: string, read: () => Value): Value {
  try {
    return read();
  } catch (cause) {
    throw unverified(what, cause);
  }
}

function unverified(what: string, cause: unknown): unknown {
  if (!(cause instanceof FormatError) && !(cause instanceof MerkleError)) return cause;
  return new LogError("unverified", `the remote log's ${what}: ${cause.message}`, "", { cause });
}
