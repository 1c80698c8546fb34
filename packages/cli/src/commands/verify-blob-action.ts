// SPDX-License-Identifier: Apache-2.0
import type { VerificationFlags } from "../flags/index.ts";
import type { Invocation } from "../framework/index.ts";
import { checkStdinOnce } from "../files/index.ts";
import {
  conclude,
  loadTrustedRoot,
  needsTrustedRoot,
  openArtifact,
  openBundle,
  readPolicy,
  verifyFile,
} from "../verification/index.ts";

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
  const trustedRoot = needsTrustedRoot(bundle) ? await loadTrustedRoot(invocation) : undefined;
  const evidence = verifyFile({ bundle, artifact, trustedRoot, policy, now: io.now() });
  return conclude(evidence, policy, file, invocation);
}
