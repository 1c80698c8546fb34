// SPDX-License-Identifier: Apache-2.0
import type { VerificationFlags } from "../flags/index.ts";
import type { Invocation } from "../framework/index.ts";
import { checkStdinOnce } from "../files/index.ts";
import { judge, openArtifact, openBundle, readPolicy } from "../verification/index.ts";

export type VerifyBlobFlags = VerificationFlags;

/** Verifies one file. */
export async function verifyBlobAction(invocation: Invocation<VerifyBlobFlags>): Promise<number> {
  const { args, flags, io } = invocation;
  const [file = ""] = args;
  const { bundle: bundleFile, trustedRoot: rootFile } = flags;
  checkStdinOnce({ FILE: file, "--bundle": bundleFile, "--trusted-root": rootFile });
  const policy = await readPolicy(flags, io);
  const bundle = await openBundle(file, "message", invocation);
  const artifact = await openArtifact(file, bundle, policy, invocation);
  return judge({ bundle, kind: "message", artifact, policy, file, label: file }, invocation);
}
