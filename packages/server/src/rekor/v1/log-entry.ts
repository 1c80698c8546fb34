// SPDX-License-Identifier: Apache-2.0
import { encodeBase64, encodeHex, utf8Bytes } from "@chancery/formats/bytes";
import { canonicalizeJcs } from "@chancery/formats/json";
import { leafHash } from "@chancery/formats/merkle";
import type { LogHead } from "@chancery/log";
import { formatEntryId } from "./entry-id.ts";
import type { Shard, Shards } from "./shards.ts";

/** An entry, where it is, and the proof of it. */
export interface LocatedEntry {
  readonly shard: Shard;
  /** As {@link entryIdOf} has it. */
  readonly id: string;
  /** In its tree. */
  readonly index: number;
  readonly bytes: Uint8Array;
  /** When it was logged first, milliseconds since 1970. */
  readonly timeMs: number;
  readonly attestation?: Uint8Array | undefined;
  readonly head: LogHead;
  /** Leaf to root. */
  readonly proof: readonly Uint8Array[];
}

/** `LogEntry` of Rekor's OpenAPI: one member, named by the entry's id. */
export type LogEntryJson = Readonly<Record<string, LogEntryBody>>;

interface LogEntryBody {
  readonly attestation?: { readonly data: string };
  readonly body: string;
  readonly integratedTime: number;
  readonly logID: string;
  readonly logIndex: number;
  readonly verification: {
    readonly inclusionProof: {
      readonly checkpoint: string;
      readonly hashes: readonly string[];
      readonly logIndex: number;
      readonly rootHash: string;
      readonly treeSize: number;
    };
    readonly signedEntryTimestamp: string;
  };
}

/** The full id of an entry. */
export function entryIdOf(shard: Shard, bytes: Uint8Array): string {
  return formatEntryId(shard.treeId, encodeHex(leafHash(bytes)));
}

/**
 * Writes an entry with its promise and its proof. The promise is signed anew each time, over the
 * time at which the entry was logged first.
 */
export async function logEntryJson(shards: Shards, located: LocatedEntry): Promise<LogEntryJson> {
  const { shard, id, index, bytes, timeMs, attestation, head, proof } = located;
  // Before anything waits: entries of one commit come together, and share the checkpoint of it.
  const checkpoint = shards.checkpoint(shard, head);
  const promised = {
    body: encodeBase64(bytes),
    integratedTime: Math.floor(timeMs / 1000),
    logID: shard.logId,
    logIndex: shard.offset + index,
  };
  const promise = utf8Bytes(canonicalizeJcs(promised));
  const signature = await shard.key.signInPool({ kind: "ecdsa", hash: "sha256" }, promise);
  return {
    [id]: {
      ...(attestation ? { attestation: { data: encodeBase64(attestation) } } : {}),
      ...promised,
      verification: {
        inclusionProof: {
          checkpoint,
          hashes: proof.map(encodeHex),
          logIndex: index,
          rootHash: encodeHex(head.rootHash),
          treeSize: head.size,
        },
        signedEntryTimestamp: encodeBase64(signature),
      },
    },
  };
}
