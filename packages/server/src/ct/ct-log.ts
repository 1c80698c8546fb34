// SPDX-License-Identifier: Apache-2.0
import {
  ByteReader,
  decodeUtf8,
  encodeBase64,
  encodeHex,
  utf8Bytes,
} from "@chancery/formats/bytes";
import type { MessageSigner, PublicKey } from "@chancery/formats/crypto";
import {
  decodeTreeHeadSignature,
  encodeNote,
  parseNote,
  parseSignedCheckpoint,
} from "@chancery/formats/note";
import {
  CtLogSigner,
  encodeExtraData,
  encodeLeafIndex,
  encodeMerkleTreeLeaf,
  encodeTileLeaf,
  readTileLeaf,
  type Sct,
  type TileLeaf,
} from "@chancery/formats/sct";
import { parseTilePath, tileWidth } from "@chancery/formats/tiles";
import { FormatError } from "@chancery/formats/errors";
import { type Log, LogError, type LogHead, type Receipt, treeHeadSigner } from "@chancery/log";
import { ServiceError } from "../errors.ts";
import type { AcceptedRoots } from "./roots.ts";
import {
  type CtEntryKind,
  type CtIssuer,
  type CtSubmission,
  SubmissionRules,
} from "./submission.ts";

/** What the service needs of its log, which is of the format `ct`. */
export type CtEntryLog = Pick<
  Log,
  | "append"
  | "head"
  | "tile"
  | "entries"
  | "entry"
  | "indexOf"
  | "keepBlob"
  | "blob"
  | "inclusionProof"
  | "consistencyProof"
>;

/** What a CT log is made of. */
export interface CtLogOptions {
  /** Opened with `format: "ct"`, the same origin and the same key. */
  readonly log: CtEntryLog;
  /** ECDSA P-256 or RSA, with SHA-256. */
  readonly signer: MessageSigner;
  /** First line of checkpoints: host and prefix of the submission URL, without a scheme. */
  readonly origin: string;
  readonly roots: AcceptedRoots;
  /**
   * Purposes, dotted, one of which a leaf must name, such as 1.3.6.1.5.5.7.3.3 (code signing).
   * Default: any or none.
   */
  readonly purposes?: readonly string[];
  /** Milliseconds since 1970. Default: the system's clock. */
  readonly now?: () => number;
  /** A tree head that is older is signed anew when it is asked for. Default: one hour. */
  readonly treeHeadAgeMsMax?: number;
  /** Where true nothing is taken any more, nor signed: it is read as it is. */
  readonly frozen?: boolean;
}

/** A tree head as both read sides show it. */
export interface SignedTreeHead {
  readonly size: number;
  readonly rootHash: Uint8Array;
  /** Milliseconds since 1970. */
  readonly timestampMs: number;
  /** DigitallySigned. */
  readonly signature: Uint8Array;
  /** The note with the same signature. */
  readonly checkpoint: Uint8Array;
}

/** An entry as `get-entries` answers it. */
export interface CtEntry {
  /** MerkleTreeLeaf. */
  readonly leafInput: Uint8Array;
  readonly extraData: Uint8Array;
}

/** A resource of the static side. */
export interface CtTile {
  readonly bytes: Uint8Array;
  /** Whether it will never grow. */
  readonly full: boolean;
}

const treeHeadAgeMsDefault = 3_600_000;
/** Most that one answer to get-entries holds, but for a single entry that is larger. */
const entriesSizeBytesMax = 4 << 20;
/** Issuers kept in memory for readers of entries; when there are more all are read again. */
const issuersMax = 256;
const retryAfterSeconds = 2;

/** A log of certificates (RFC 6962, C2SP static-ct-api), apart from HTTP. */
export class CtLog {
  readonly #options: CtLogOptions;
  readonly #signer: CtLogSigner;
  readonly #rules: SubmissionRules;
  /** Issuers whose blobs are durable, or about to be. */
  readonly #kept = new Map<string, Promise<void>>();
  readonly #issuers = new Map<string, Promise<Uint8Array>>();
  #treeHead: SignedTreeHead | undefined;
  #renewing: Promise<SignedTreeHead> | undefined;

  /** @throws FormatError `unsupported` for a key of another kind */
  constructor(options: CtLogOptions) {
    this.#options = options;
    this.#signer = new CtLogSigner(options.signer);
    this.#rules = new SubmissionRules(options.roots, options.purposes);
  }

  get publicKey(): PublicKey {
    return this.#signer.publicKey;
  }

  /** SHA-256 of the key's SubjectPublicKeyInfo. */
  get logId(): Uint8Array {
    return this.#signer.logId;
  }

  /** What chains must lead to. */
  get roots(): AcceptedRoots {
    return this.#options.roots;
  }

  /**
   * Logs a certificate or precertificate. When this resolves the entry is durable, and a signed
   * tree covers it. One that is logged already gets a timestamp of its first time and place.
   *
   * @param chain DER: what is to be logged, its issuers in order; the root may be left out.
   * @throws ServiceError `invalid`; `overloaded`, try again after a moment; `unavailable`;
   *   `frozen`; the log's own errors else
   */
  async submit(chain: readonly Uint8Array[], kind: CtEntryKind): Promise<Sct> {
    const { frozen, origin } = this.#options;
    if (frozen) throw new ServiceError("frozen", `${origin} takes no certificates any more`);
    const submission = this.#rules.check(chain, kind);
    const { index, timeMs } = await this.#append(submission);
    const extensions = encodeLeafIndex(index);
    return this.#signer.signEntry({ timestampMs: timeMs, extensions }, submission.entry);
  }

  /** The newest tree head, not older than it may be; of a log that is frozen its last one. */
  async treeHead(): Promise<SignedTreeHead> {
    const { log, frozen, now = Date.now } = this.#options;
    const treeHeadAgeMsMax = frozen
      ? Infinity
      : (this.#options.treeHeadAgeMsMax ?? treeHeadAgeMsDefault);
    const head = log.head();
    const isKnown = this.#treeHead !== undefined && this.#treeHead.size >= head.size;
    const known = isKnown ? (this.#treeHead as SignedTreeHead) : readTreeHead(head);
    if (now() - known.timestampMs <= treeHeadAgeMsMax) return (this.#treeHead = known);
    this.#renewing ??= this.#renew(known, now()).finally(() => {
      this.#renewing = undefined;
    });
    const renewed = await this.#renewing;
    const isNewest = this.#treeHead === undefined || this.#treeHead.size <= renewed.size;
    return isNewest ? (this.#treeHead = renewed) : renewed;
  }

  /** @throws ServiceError `malformed` for sizes that there are not */
  async consistency(first: number, second: number): Promise<Uint8Array[]> {
    const { size } = this.#options.log.head();
    if (second < first) throw refused(`second (${second}) is below first (${first})`);
    if (second > size) throw refused(`second (${second}) is beyond the tree size (${size})`);
    if (first === 0 || first === second) return [];
    return this.#options.log.consistencyProof(first, second);
  }

  /** @throws ServiceError `not-found` for a leaf, or a tree of that size, that there is not */
  async proofByHash(
    leafHash: Uint8Array,
    size: number,
  ): Promise<{ readonly index: number; readonly path: Uint8Array[] }> {
    const { log } = this.#options;
    if (size > log.head().size) throw missing(`no tree of size ${size}`);
    const index = await log.indexOf(leafHash);
    if (index === undefined || index >= size) throw missing("no such leaf in that tree");
    return { index, path: await log.inclusionProof(index, size) };
  }

  /** @throws ServiceError `malformed` for an index or size that there is not */
  async entryAndProof(
    index: number,
    size: number,
  ): Promise<CtEntry & { readonly path: Uint8Array[] }> {
    const { log } = this.#options;
    const { size: newest } = log.head();
    if (size > newest) throw refused(`tree_size (${size}) is beyond the tree size (${newest})`);
    if (index >= size) throw refused(`leaf_index (${index}) is beyond the tree size (${size})`);
    const { bytes } = await log.entry(index);
    const entry = await this.#entryOf(readTileLeaf(new ByteReader(bytes, "entry")));
    return { ...entry, path: await log.inclusionProof(index, size) };
  }

  /**
   * Entries from `start` on, up to `end` inclusive or fewer: those of one data tile at most, as
   * many as fit into an answer, at least one.
   * @throws ServiceError `malformed` where there is no entry at `start`
   */
  async entries(start: number, end: number): Promise<CtEntry[]> {
    const { log } = this.#options;
    const { size } = log.head();
    if (end < start) throw refused(`end (${end}) is below start (${start})`);
    if (start >= size) throw refused(`start (${start}) is beyond the tree size (${size})`);
    const tile = Math.floor(start / tileWidth);
    const last = Math.min(end, size - 1, (tile + 1) * tileWidth - 1);
    const bundle = await log.entries(tile, last - tile * tileWidth + 1);
    if (!bundle) throw new ServiceError("internal", `data tile ${tile} is missing`);
    const reader = new ByteReader(bundle, "data tile");
    const entries: CtEntry[] = [];
    let sizeBytes = 0;
    for (let index = tile * tileWidth; index <= last; index++) {
      const leaf = readTileLeaf(reader);
      if (index < start) continue;
      const entry = await this.#entryOf(leaf);
      sizeBytes += entry.leafInput.length + entry.extraData.length;
      if (entries.length > 0 && sizeBytes > entriesSizeBytesMax) break;
      entries.push(entry);
    }
    return entries;
  }

  /**
   * A tile of hashes or of data.
   * @param path below the log's prefix, `tile/…`.
   * @returns undefined where the path is none, or the tree has not that many entries there.
   */
  async tile(path: string): Promise<CtTile | undefined> {
    const { log } = this.#options;
    const isData = path.startsWith("tile/data/");
    if (path.startsWith("tile/entries/")) return undefined;
    try {
      const tile = parseTilePath(isData ? path.replace("tile/data/", "tile/entries/") : path);
      const { index, width } = tile;
      const bytes =
        tile.kind === "tile"
          ? await log.tile(tile.level, index, width)
          : await log.entries(index, width);
      return bytes && { bytes, full: width === tileWidth };
    } catch (cause) {
      if (cause instanceof FormatError) return undefined;
      throw cause;
    }
  }

  /** DER of an issuer that entries refer to. @param digest SHA-256, 32 bytes */
  issuer(digest: Uint8Array): Promise<Uint8Array | undefined> {
    return this.#options.log.blob(digest);
  }

  async #append({ entry, precertificate, issuers }: CtSubmission): Promise<Receipt> {
    const bytes = encodeTileLeaf({
      timestampMs: 0,
      extensions: encodeLeafIndex(0),
      entry,
      ...(precertificate && { precertificate }),
      issuers: issuers.map(({ digest }) => digest),
    });
    try {
      await Promise.all(issuers.map((issuer) => this.#keep(issuer)));
      return await this.#options.log.append({ bytes });
    } catch (cause) {
      throw logRefusal(cause);
    }
  }

  /** Resolves when the issuer can be read for good, before which nothing may refer to it. */
  #keep({ der, digest }: CtIssuer): Promise<void> {
    const name = encodeHex(digest);
    const kept = this.#kept.get(name);
    if (kept) return kept;
    if (this.#kept.size >= issuersMax) this.#kept.clear();
    const keeping = this.#options.log.keepBlob(der);
    this.#kept.set(name, keeping);
    keeping.catch(() => this.#kept.delete(name)); // who waits is told; the next one tries again
    return keeping;
  }

  async #entryOf(leaf: TileLeaf): Promise<CtEntry> {
    const issuers = await Promise.all(leaf.issuers.map((digest) => this.#issuerDer(digest)));
    return {
      leafInput: encodeMerkleTreeLeaf(leaf, leaf.entry),
      extraData: encodeExtraData(issuers, leaf.precertificate),
    };
  }

  #issuerDer(digest: Uint8Array): Promise<Uint8Array> {
    const name = encodeHex(digest);
    const known = this.#issuers.get(name);
    if (known) return known;
    if (this.#issuers.size >= issuersMax) this.#issuers.clear();
    const reading = this.#options.log.blob(digest).then((der) => {
      if (der) return der;
      throw new ServiceError("internal", `the issuer ${name} is missing`);
    });
    this.#issuers.set(name, reading);
    reading.catch(() => this.#issuers.delete(name));
    return reading;
  }

  /** The same tree with a new time: no state that would have to be durable. */
  async #renew(known: SignedTreeHead, timestampMs: number): Promise<SignedTreeHead> {
    const { text } = parseNote(known.checkpoint);
    const { origin, signer } = this.#options;
    const line = await treeHeadSigner(origin, signer).sign(utf8Bytes(text), timestampMs);
    const { digitallySigned: signature } = decodeTreeHeadSignature(line.signature);
    const checkpoint = utf8Bytes(encodeNote(text, [line]));
    return { ...known, timestampMs, signature, checkpoint };
  }
}

/** RFC 6962's answer to a submission (§4.1). */
export function sctJson(sct: Sct, digitallySigned: Uint8Array): object {
  return {
    sct_version: 0,
    id: encodeBase64(sct.logId),
    timestamp: sct.timestampMs,
    extensions: encodeBase64(sct.extensions),
    signature: encodeBase64(digitallySigned),
  };
}

function readTreeHead({ size, rootHash, checkpoint }: LogHead): SignedTreeHead {
  const { note } = parseSignedCheckpoint(decodeUtf8(checkpoint));
  const [line] = note.signatures;
  if (!line) throw new ServiceError("internal", "the checkpoint has no signature");
  const { timestampMs, digitallySigned: signature } = decodeTreeHeadSignature(line.signature);
  return { size, rootHash, timestampMs, signature, checkpoint };
}

/** The refusals of a log that are not the server's fault have answers of their own. */
function logRefusal(cause: unknown): unknown {
  if (!(cause instanceof LogError)) return cause;
  if (cause.code === "overloaded") {
    const headers = { "retry-after": String(retryAfterSeconds) };
    return new ServiceError("overloaded", "too much is waiting to be logged", { headers, cause });
  }
  if (cause.code === "stopped") {
    return new ServiceError("unavailable", "the log takes no entries at present", { cause });
  }
  return cause;
}

function refused(message: string): ServiceError {
  return new ServiceError("malformed", message);
}

function missing(message: string): ServiceError {
  const headers = { "cache-control": "no-store" };
  return new ServiceError("not-found", message, { headers });
}
