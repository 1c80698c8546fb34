// SPDX-License-Identifier: Apache-2.0
import { makeNextRoot, type NewRootKeys } from "@chancery/server";
import { allowDocument, type DocumentFlags, emitDocument } from "../files/index.ts";
import { type Invocation, usageError } from "../framework/index.ts";
import { openPublicKey } from "../keys/index.ts";
import { stoppedStack } from "./trust-data.ts";

export interface TrustNextRootFlags extends DocumentFlags {
  readonly data: string;
  readonly rootKey: readonly string[];
  readonly threshold?: string;
}

const publicMode = 0o644;

/** Writes the next root of a stack, without signatures. */
export async function trustNextRootAction(
  invocation: Invocation<TrustNextRootFlags>,
): Promise<void> {
  const { report } = invocation;
  await allowDocument(invocation);
  const change = await newRootKeys(invocation);
  const text = await makeNextRoot(await stoppedStack(invocation), change);
  await emitDocument(text, { root: text }, publicMode, invocation);
  const keys = change ? "root keys of this version and of the one before" : "root keys";
  report.say(`It is signed with \`chancery trust sign-root\`, by enough ${keys}`);
}

async function newRootKeys({
  flags,
  io,
}: Invocation<TrustNextRootFlags>): Promise<NewRootKeys | undefined> {
  const { rootKey, threshold } = flags;
  if (rootKey.length === 0) {
    if (threshold === undefined) return undefined;
    throw usageError("--threshold: say of which keys, with --root-key");
  }
  if (threshold !== undefined && !/^[1-9][0-9]?$/.test(threshold)) {
    throw usageError(`--threshold: ${JSON.stringify(threshold)} is not a number from 1 to 99`);
  }
  const publicKeys = await Promise.all(rootKey.map((file) => openPublicKey(io, file, true)));
  const fallback = Math.floor(publicKeys.length / 2) + 1;
  return { publicKeys, threshold: threshold === undefined ? fallback : Number(threshold) };
}
