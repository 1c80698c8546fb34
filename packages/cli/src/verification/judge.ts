// SPDX-License-Identifier: Apache-2.0
import { type Artifact, type Policy, verify } from "@chancery/verify";
import type { VerificationFlags } from "../flags/index.ts";
import { describeError, type Invocation } from "../framework/index.ts";
import { pendingFileOf, shellWord } from "../files/index.ts";
import { type ContentKind, needsTrustedRoot, type ReadBundle } from "./bundle.ts";
import { conclude } from "./conclude.ts";
import { bundleLabel, exists } from "./open.ts";
import { loadTrustedRoot } from "./trust.ts";

/** What is verified. */
export interface Case {
  readonly bundle: ReadBundle;
  readonly kind: ContentKind;
  readonly artifact: Artifact | undefined;
  readonly policy: Policy;
  /** As typed; undefined where only the attestation is looked at. */
  readonly file: string | undefined;
  /** What messages are about. */
  readonly label: string;
}

/** Verifies with the trusted root that it takes, and tells what came of it. @returns exit code */
export async function judge(
  { bundle, kind, artifact, policy, file, label }: Case,
  invocation: Invocation<VerificationFlags>,
): Promise<number> {
  const trustedRoot = needsTrustedRoot(bundle) ? await trustFor(policy, invocation) : undefined;
  const evidence = verify({
    bundle,
    ...(artifact ? { artifact } : {}),
    ...(trustedRoot ? { trustedRoot } : {}),
    policy,
    now: invocation.io.now(),
  });
  const unlogged = evidence.reason === "log-entry-missing";
  const hint = unlogged ? await pendingHint(file, kind, invocation) : undefined;
  return conclude(evidence, policy, label, invocation, hint);
}

/** Where the policy can do without, a trusted root that cannot be had is one that is missing. */
async function trustFor(
  policy: Policy,
  invocation: Invocation<VerificationFlags>,
): Promise<Uint8Array | undefined> {
  try {
    return await loadTrustedRoot(invocation);
  } catch (cause) {
    const given = invocation.flags.trustedRoot !== undefined;
    const { until } = policy.failOpen ?? {};
    const open = policy.failOpen && (until === undefined || invocation.io.now() <= until);
    if (given || !open || invocation.signal.aborted) throw cause;
    invocation.report.warn(`no trusted root: ${describeError(cause).message}`);
    return undefined;
  }
}

/** A signature whose entry was put off is completed, not made again. */
async function pendingHint(
  file: string | undefined,
  kind: ContentKind,
  { flags, io }: Pick<Invocation<VerificationFlags>, "flags" | "io">,
): Promise<string | undefined> {
  if (flags.signature !== undefined) return undefined;
  const label = await bundleLabel(file, kind, { flags, io });
  if (!(await exists(io, pendingFileOf(label)))) return undefined;
  return `its log entry is pending: chancery bundle complete ${shellWord(label)}`;
}
