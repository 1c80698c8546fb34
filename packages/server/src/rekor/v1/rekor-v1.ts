// SPDX-License-Identifier: Apache-2.0
import { decodeHex, encodeHex } from "@chancery/formats/bytes";
import { sha256 } from "@chancery/formats/crypto";
import type { JsonObject } from "@chancery/formats/json";
import { leafHash } from "@chancery/formats/merkle";
import { tileHashSizeBytes as hashSizeBytes, tileWidth } from "@chancery/formats/tiles";
import { ServiceError } from "../../errors.ts";
import { base64Text, decodeX509Verifier } from "../entry/index.ts";
import { type IntakeOptions, logEntry, prepareEntry } from "../intake.ts";
import { collect, intersection, type IndexStream, keyStream, union } from "../index-streams.ts";
import { searchKey } from "../search-keys.ts";
import type { TransparencyLog } from "../transparency-log.ts";
import { formatEntryId, parseEntryId } from "./entry-id.ts";
import { entryIdOf, type LogEntryJson, logEntryJson } from "./log-entry.ts";
import {
  type IndexQuery,
  prefixedHash,
  readIndexQuery,
  readLogQuery,
  readProposedEntry,
} from "./requests.ts";
import { type Shard, type Shards, signCheckpoint } from "./shards.ts";

/** Ids that one `index/retrieve` answers, the newest. */
export const indexResultsMax = 10_000;

/** What `POST log/entries` answers: a new entry or where the old one is. */
export type Creation =
  | { readonly status: "created"; readonly id: string; readonly entry: LogEntryJson }
  | { readonly status: "exists"; readonly id: string };

/** The operations of Rekor v1's API, apart from HTTP. */
export class RekorV1 {
  readonly #shards: Shards;
  readonly #intake: IntakeOptions;

  constructor(shards: Shards, intake: IntakeOptions) {
    this.#shards = shards;
    this.#intake = intake;
  }

  /** Verifies and logs. When it resolves, the entry can be read under the id. */
  async create(proposed: JsonObject): Promise<Creation> {
    const { handler, spec } = readProposedEntry(proposed);
    const { active } = this.#shards;
    if (this.#intake.frozen) throw new ServiceError("frozen", "this log takes no new entries");
    const prepared = await prepareEntry(handler, spec, this.#intake, "insert");
    const receipt = await logEntry(active.log, prepared, this.#intake);
    const id = entryIdOf(active, prepared.body);
    if (receipt.duplicate) return { status: "exists", id };
    const { index, head, proof, timeMs } = receipt;
    // The attestation is not part of this answer, only of later ones.
    const located = { shard: active, id, index, bytes: prepared.body, timeMs, head, proof };
    return { status: "created", id, entry: await logEntryJson(this.#shards, located) };
  }

  /** By virtual index; undefined where there is none. */
  async entryAt(virtualIndex: number): Promise<LogEntryJson | undefined> {
    const { shard, index } = this.#shards.locate(virtualIndex);
    return this.#read(shard, index);
  }

  /** By id of 64 or 80 digits; undefined where there is none. @throws ServiceError */
  async entryById(text: string, refusal?: string): Promise<LogEntryJson | undefined> {
    const { treeId, uuid } = parseEntryId(text, refusal);
    const shards =
      treeId === undefined
        ? this.#shards.all.toReversed()
        : [this.#shards.byTreeId(treeId)].filter((shard) => shard !== undefined);
    for (const shard of shards) {
      const found = await this.#readLeaf(shard, decodeHex(uuid));
      if (found) return found;
    }
    return undefined;
  }

  /** `entries/retrieve`: full ids first, then leaf hashes and entries, then indexes. */
  async retrieve(query: JsonObject): Promise<LogEntryJson[]> {
    const { entryIds, entries, logIndexes } = readLogQuery(query);
    const found: (LogEntryJson | undefined)[] = [];
    const leaves: Uint8Array[] = [];
    for (const id of entryIds) {
      if (id.length === 64) leaves.push(decodeHex(id));
      else found.push(await this.entryById(id, `invalid entryID ${id}:`));
    }
    for (const proposed of entries) leaves.push(await this.#leafOf(proposed));
    for (const leaf of leaves) {
      for (const shard of this.#shards.all) found.push(await this.#readLeaf(shard, leaf));
    }
    for (const index of logIndexes) found.push(await this.entryAt(index));
    return found.filter((entry) => entry !== undefined);
  }

  /** `GET log`. The head of the active tree is signed anew each time, as Rekor's own tests want. */
  info(): object {
    const { active, inactive } = this.#shards;
    const shards = inactive.map((shard) => this.#treeInfo(shard));
    const head = active.log.head();
    return {
      inactiveShards: shards.length > 0 ? shards : null,
      rootHash: encodeHex(head.rootHash),
      signedTreeHead: signCheckpoint(active, head),
      treeID: String(active.treeId),
      treeSize: head.size,
    };
  }

  /** `GET log/publicKey`. @throws ServiceError `malformed` for a tree that is not there */
  publicKey(treeId: string | undefined): string {
    const shard = treeId ? this.#shards.byTreeId(BigInt(treeId)) : this.#shards.active;
    if (shard) return shard.publicKeyPem;
    throw new ServiceError("malformed", "Bad Request");
  }

  /** `GET log/proof`: the root in the answer is the tree's present one. */
  async consistency(firstSize: number, lastSize: number, treeId?: string): Promise<object> {
    if (firstSize > lastSize) {
      throw new ServiceError(
        "malformed",
        `firstSize(${firstSize}) must be less than lastSize(${lastSize})`,
      );
    }
    const shard = treeId ? this.#shards.byTreeId(BigInt(treeId)) : this.#shards.active;
    if (!shard) {
      throw new ServiceError("malformed", `unable to find log range for tree ID ${treeId}`);
    }
    const head = shard.log.head();
    if (lastSize > head.size) {
      throw new ServiceError(
        "malformed",
        `the tree size requested(${lastSize}) was greater than what is currently ` +
          `observable(${head.size})`,
      );
    }
    const hashes = await shard.log.consistencyProof(firstSize, lastSize);
    return { hashes: hashes.map(encodeHex), rootHash: encodeHex(head.rootHash) };
  }

  /** `index/retrieve`: ids, newest first, also of entries that came through Rekor v2's API. */
  async searchIndex(value: JsonObject): Promise<string[]> {
    const query = readIndexQuery(value);
    const keys = indexKeys(query);
    if (keys.length === 0) return [];
    const ids: string[] = [];
    for (const shard of this.#shards.all.toReversed()) {
      const streams = keys.map((key) => keyStream(shard.log, key));
      const stream = query.operator === "and" ? intersection(streams) : union(streams);
      ids.push(...(await this.#idsOf(shard, stream, indexResultsMax - ids.length)));
    }
    return ids;
  }

  async #idsOf(shard: Shard, stream: IndexStream, countMax: number): Promise<string[]> {
    const indexes = await collect(stream, countMax);
    const leaves = await leafHashes(shard.log, indexes);
    return leaves.map((leaf) => formatEntryId(shard.treeId, encodeHex(leaf)));
  }

  async #leafOf(proposed: JsonObject): Promise<Uint8Array> {
    const { handler, spec } = readProposedEntry(proposed);
    try {
      const { body } = await prepareEntry(handler, spec, this.#intake, "find");
      return leafHash(body);
    } catch (cause) {
      if (!(cause instanceof ServiceError) || cause.code !== "invalid") throw cause;
      const message = cause.message.replace(/^error processing entry: /, "");
      throw new ServiceError("invalid", message, { cause });
    }
  }

  async #readLeaf(shard: Shard, leaf: Uint8Array): Promise<LogEntryJson | undefined> {
    const index = await shard.log.indexOf(leaf);
    return index === undefined ? undefined : this.#read(shard, index);
  }

  async #read(shard: Shard, index: number): Promise<LogEntryJson | undefined> {
    // The head first: an entry is only proven in a tree that holds it.
    const { log } = shard;
    const head = log.head();
    if (index >= head.size) return undefined;
    const [{ bytes, timeMs, hasAttachment }, proof] = await Promise.all([
      log.entry(index),
      log.inclusionProof(index, head.size),
    ]);
    const attestation = hasAttachment ? await log.attachment(index) : undefined;
    const id = entryIdOf(shard, bytes);
    const located = { shard, id, index, bytes, timeMs, attestation, head, proof };
    return logEntryJson(this.#shards, located);
  }

  #treeInfo(shard: Shard): object {
    const head = shard.log.head();
    return {
      rootHash: encodeHex(head.rootHash),
      signedTreeHead: this.#shards.checkpoint(shard, head),
      treeID: String(shard.treeId),
      treeSize: head.size,
    };
  }
}

/** The keys that a query of the index means. @throws ServiceError `malformed` */
function indexKeys({ hash, email, subject, publicKey }: IndexQuery): Uint8Array[] {
  const keys: Uint8Array[] = [];
  if (hash !== undefined) keys.push(searchKey("text", prefixedHash(hash)));
  if (publicKey) keys.push(verifierKey(publicKey.format, publicKey.content));
  if (email !== undefined) keys.push(searchKey("text", email));
  if (subject !== undefined) keys.push(searchKey("text", subject));
  return keys;
}

/** A bare key finds the entries of its certificates as well; a certificate those of its own. */
function verifierKey(format: string, content: string): Uint8Array {
  if (format !== "x509") {
    throw new ServiceError("malformed", "the PKI format requested is not supported by this server");
  }
  try {
    const { key, pem, certificate } = decodeX509Verifier(base64Text(content, "public key"));
    return certificate
      ? searchKey("text", encodeHex(sha256(pem)))
      : searchKey("key", encodeHex(sha256(key.spki)));
  } catch (cause) {
    if (!(cause instanceof ServiceError)) throw cause;
    throw new ServiceError("malformed", "public key provided could not be parsed", { cause });
  }
}

/** Leaf hashes of entries, read from the tiles. @param indexes falling */
async function leafHashes(log: TransparencyLog, indexes: readonly number[]): Promise<Uint8Array[]> {
  const { size } = log.head();
  const tiles = new Map<number, Uint8Array>();
  const leaves: Uint8Array[] = [];
  for (const index of indexes) {
    const tileIndex = Math.floor(index / tileWidth);
    let tile = tiles.get(tileIndex);
    if (!tile) {
      const width = Math.min(tileWidth, size - tileIndex * tileWidth);
      tile = (await log.tile(0, tileIndex, width)) ?? new Uint8Array(0);
      tiles.clear();
      tiles.set(tileIndex, tile);
    }
    const at = (index % tileWidth) * hashSizeBytes;
    leaves.push(tile.slice(at, at + hashSizeBytes));
  }
  return leaves;
}
