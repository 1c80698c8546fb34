// SPDX-License-Identifier: Apache-2.0
import { encodeHex } from "@chancery/formats/bytes";
import type { LogFlags } from "../flags/index.ts";
import type { Invocation } from "../framework/index.ts";
import { emit, LogTrust, openClient } from "../log/index.ts";

export type LogLoginfoFlags = LogFlags;

/** Verifies all trees of a log and prints the size of the active one, and of all. */
export async function logLoginfoAction(invocation: Invocation<LogLoginfoFlags>): Promise<void> {
  const client = openClient(invocation);
  const trust = await LogTrust.open(client, invocation);
  const { active, inactive } = await client.state();
  for (const tree of [...inactive, active]) {
    if (await trust.checkHead(tree)) continue;
    const message = `no state of tree ${tree.treeId} is remembered to prove consistency with`;
    invocation.report.detail(message);
  }
  const total = inactive.reduce((sum, { treeSize }) => sum + treeSize, active.treeSize);
  const json = {
    ActiveTreeSize: Number(active.treeSize),
    TotalTreeSize: Number(total),
    RootHash: encodeHex(active.rootHash),
    TreeID: active.treeId,
  };
  const text = [
    "Verification Successful!",
    `Active Tree Size:       ${json.ActiveTreeSize}`,
    `Total Tree Size:        ${json.TotalTreeSize}`,
    `Root Hash:              ${json.RootHash}`,
    `TreeID:                 ${json.TreeID}`,
    "",
  ];
  emit(json, text.join("\n"), invocation);
}
