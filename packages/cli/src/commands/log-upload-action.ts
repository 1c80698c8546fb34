// SPDX-License-Identifier: Apache-2.0
import type { ArtifactFlags, LogFlags } from "../flags/index.ts";
import type { Invocation } from "../framework/index.ts";
import { checkStored, emit, LogTrust, openClient, readProposal } from "../log/index.ts";

export interface LogUploadFlags extends ArtifactFlags, LogFlags {}

/** Proposes an entry, and verifies what the log made of it. */
export async function logUploadAction(invocation: Invocation<LogUploadFlags>): Promise<void> {
  const client = openClient(invocation);
  const trust = await LogTrust.open(client, invocation);
  const proposal = await readProposal(invocation);
  const { entry, existed } = await client.create(proposal.value);
  checkStored(entry, proposal, invocation);
  await trust.checkEntry(entry);
  const path = `/api/v1/log/entries/${entry.id}`;
  const index = Number(entry.entry.logIndex);
  const place = `available at: ${client.url}${path}\n`;
  emit(
    { AlreadyExists: existed, Location: path, Index: index },
    existed ? `Entry already exists; ${place}` : `Created entry at index ${index}, ${place}`,
    invocation,
  );
}
