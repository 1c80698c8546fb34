// SPDX-License-Identifier: Apache-2.0
import { decodeHex, encodeHex } from "@chancery/formats/bytes";
import { nodeHash } from "@chancery/formats/merkle";
import type { RekorV1Client, RekorV1Entry } from "@chancery/sign/rekor";
import type { ArtifactFlags, LogFlags } from "../flags/index.ts";
import { CliError, type Invocation } from "../framework/index.ts";
import { checkStored, emit, LogTrust, openClient, readProposal } from "../log/index.ts";
import { readReference } from "./log-get-action.ts";

export interface LogVerifyFlags extends ArtifactFlags, LogFlags {
  readonly uuid?: string;
  readonly logIndex?: string;
}

/** Verifies that an entry is in the log, and prints how that is proven. */
export async function logVerifyAction(invocation: Invocation<LogVerifyFlags>): Promise<void> {
  const client = openClient(invocation);
  const trust = await LogTrust.open(client, invocation);
  const found = await find(client, invocation);
  await trust.checkEntry(found);
  const { inclusionProof: proof } = found.entry;
  if (!proof) throw new Error("a verified entry has a proof");
  const rootHash = encodeHex(proof.rootHash);
  const json = {
    RootHash: rootHash,
    EntryUUID: found.id,
    Index: Number(proof.logIndex),
    Size: Number(proof.treeSize),
    Hashes: proof.hashes.map(encodeHex),
    Checkpoint: proof.checkpoint ?? "",
  };
  const { steps, computed } = walk(found.id.slice(-64), proof);
  const text = [
    `Current Root Hash: ${rootHash}`,
    `Entry Hash: ${found.id.slice(-64)}`,
    `Entry Index in Current Tree: ${proof.logIndex}`,
    `Current Tree Size: ${proof.treeSize}`,
    `Checkpoint:\n${proof.checkpoint}\n`,
    "Inclusion Proof:",
    ...steps,
    `Computed Root Hash: ${computed}`,
    `Expected Root Hash: ${rootHash}`,
    "",
  ];
  emit(json, text.join("\n"), invocation);
}

async function find(
  client: RekorV1Client,
  invocation: Invocation<LogVerifyFlags>,
): Promise<RekorV1Entry> {
  const reference = readReference(invocation.flags);
  if (reference) {
    const entry = await client.entry(reference);
    if (entry) return entry;
    throw refused("log-entry-missing", `entry in log cannot be located at ${client.url} (404)`);
  }
  const proposal = await readProposal(invocation);
  const [entry, ...others] = await client.retrieve({ entries: [proposal.value] });
  if (!entry) throw refused("log-entry-missing", "entry in log cannot be located");
  for (const one of [entry, ...others]) checkStored(one, proposal, invocation);
  if (others.length > 0) {
    const places = [entry, ...others].map(({ id }) => id).join(", ");
    invocation.report.detail(`the log has it in several trees: ${places}`);
  }
  return entry;
}

/** Each step of the way from the leaf to the root, as rekor-cli prints it. */
function walk(
  leaf: string,
  proof: NonNullable<RekorV1Entry["entry"]["inclusionProof"]>,
): { readonly steps: string[]; readonly computed: string } {
  const { logIndex, treeSize, hashes } = proof;
  const inner = (logIndex ^ (treeSize - 1n)).toString(2).replace(/^0$/, "").length;
  let result = decodeHex(leaf);
  const steps = hashes.map((hash, i) => {
    const isLeft = i < inner && ((logIndex >> BigInt(i)) & 1n) === 0n;
    const [left, right] = isLeft ? [result, hash] : [hash, result];
    result = nodeHash(left, right);
    const [l, r, node] = [left, right, result].map(encodeHex);
    return `SHA256(0x01 | ${l} | ${r}) =\n\t${node}\n`;
  });
  return { steps, computed: encodeHex(result) };
}

function refused(code: string, message: string): CliError {
  const hint = "chancery log upload logs it";
  return new CliError("refused", code, message, { hint });
}
