// SPDX-License-Identifier: Apache-2.0
import { encodeHex, utf8Bytes } from "@chancery/formats/bytes";
import { encodePublicKeyPem } from "@chancery/formats/crypto";
import type { PrivateKey } from "@chancery/formats/crypto/node";
import { encodeCheckpoint, encodeNote, noteKeyHash, spkiKeyId } from "@chancery/formats/note";
import type { LogHead } from "@chancery/log";
import type { TransparencyLog } from "../transparency-log.ts";

/** One tree behind the API, as it is configured. */
export interface ShardOptions {
  /** Positive, below 2^63. */
  readonly treeId: bigint;
  readonly log: TransparencyLog;
  /** Signs promises and checkpoints: ECDSA P-256, as Rekor v1's clients check with SHA-256 only. */
  readonly key: PrivateKey;
  /** Name on checkpoints, before the tree id. */
  readonly hostname: string;
}

/** One tree, and where its entries are among the virtual indexes. */
export interface Shard extends ShardOptions {
  /** Entries in the shards before. */
  readonly offset: number;
  /** Entries in it; undefined for the active one, which grows. */
  readonly frozenSize: number | undefined;
  /** SHA-256 of the key, lower-case hex. */
  readonly logId: string;
  readonly publicKeyPem: string;
}

/** All trees of a log, oldest first. The last takes entries. */
export class Shards {
  readonly all: readonly [Shard, ...Shard[]];
  readonly active: Shard;
  readonly #notes = new Map<bigint, { readonly rootHash: string; readonly note: string }>();

  private constructor(shards: readonly [Shard, ...Shard[]]) {
    this.all = shards;
    this.active = shards.at(-1) as Shard;
  }

  /** The sizes of the shards that do not grow are read here. */
  static of(options: readonly [ShardOptions, ...ShardOptions[]]): Shards {
    const shards: Shard[] = [];
    let offset = 0;
    for (const [i, shard] of options.entries()) {
      const active = i === options.length - 1;
      const frozenSize = active ? undefined : shard.log.head().size;
      const { publicKey } = shard.key;
      shards.push({
        ...shard,
        offset,
        frozenSize,
        logId: encodeHex(spkiKeyId(publicKey)),
        publicKeyPem: encodePublicKeyPem(publicKey),
      });
      offset += frozenSize ?? 0;
    }
    return new Shards(shards as [Shard, ...Shard[]]);
  }

  get inactive(): readonly Shard[] {
    return this.all.slice(0, -1);
  }

  byTreeId(treeId: bigint): Shard | undefined {
    return this.all.find((shard) => shard.treeId === treeId);
  }

  /** The shard that a virtual index falls into, and the index in it. */
  locate(virtualIndex: number): { readonly shard: Shard; readonly index: number } {
    const shard = this.all.findLast(({ offset }) => offset <= virtualIndex) as Shard;
    return { shard, index: virtualIndex - shard.offset };
  }

  /**
   * The checkpoint of a head in Rekor v1's form, signed once for each head: entries of one commit
   * share it.
   */
  checkpoint(shard: Shard, head: LogHead): string {
    const rootHash = encodeHex(head.rootHash);
    const known = this.#notes.get(shard.treeId);
    if (known?.rootHash === rootHash) return known.note;
    const note = signCheckpoint(shard, head);
    this.#notes.set(shard.treeId, { rootHash, note });
    return note;
  }
}

/**
 * Signs a head in Rekor v1's form: origin `<hostname> - <tree id>`, key name `<hostname>`, for a
 * hint the first bytes of the log id. The head must be one that the log has committed.
 */
export function signCheckpoint(shard: ShardOptions, { size, rootHash }: LogHead): string {
  const { hostname, treeId, key } = shard;
  const origin = `${hostname} - ${treeId}`;
  const text = encodeCheckpoint({ origin, size: BigInt(size), rootHash, extensions: [] });
  const signature = key.sign({ kind: "ecdsa", hash: "sha256" }, utf8Bytes(text));
  const keyHash = noteKeyHash(spkiKeyId(key.publicKey));
  return encodeNote(text, [{ name: hostname, keyHash, signature }]);
}
