// SPDX-License-Identifier: Apache-2.0
import { encodeHex } from "@chancery/formats/bytes";
import type { LogFlags } from "../flags/index.ts";
import { type Invocation, usageError } from "../framework/index.ts";
import { emit, openClient } from "../log/index.ts";

export interface LogLogproofFlags extends LogFlags {
  readonly firstSize: string;
  readonly lastSize?: string;
  readonly treeId?: string;
}

/** Prints a proof of consistency as the log answers with it. */
export async function logLogproofAction(invocation: Invocation<LogLogproofFlags>): Promise<void> {
  const { flags } = invocation;
  const firstSize = readSize(flags.firstSize, "--first-size");
  if (flags.lastSize === undefined)
    throw usageError("last-size must be specified", "--last-size N");
  const lastSize = readSize(flags.lastSize, "--last-size");
  if (firstSize > lastSize) throw usageError("last-size must be >= to first-size");
  const { treeId } = flags;
  if (treeId !== undefined && !/^[1-9][0-9]{0,18}$/.test(treeId)) {
    throw usageError(`--tree-id ${JSON.stringify(treeId.slice(0, 40))} is not a tree's id`);
  }
  const query = { firstSize, lastSize, ...(treeId === undefined ? {} : { treeId }) };
  const proof = await openClient(invocation).consistency(query);
  const RootHash = encodeHex(proof.rootHash);
  const Hashes = proof.hashes.map(encodeHex);
  const text = `Current Root Hash: ${RootHash}\nHashes: [${Hashes.join(",")}]\n`;
  emit({ RootHash, Hashes }, text, invocation);
}

function readSize(text: string, name: string): bigint {
  if (/^[1-9][0-9]{0,17}$/.test(text)) return BigInt(text);
  throw usageError(`${name} is ${JSON.stringify(text.slice(0, 40))}, not a size above 0`);
}
