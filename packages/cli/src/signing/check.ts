// SPDX-License-Identifier: Apache-2.0
import type { Bundle } from "@chancery/formats/bundle";
import { hashOfOutputName } from "@chancery/formats/entry";
import type { Signer } from "@chancery/sign";
import { type Artifact, artifactFromDigest, assertVerified, verify } from "@chancery/verify";
import type { LoggingPlan } from "./logging.ts";

/**
 * Verifies a fresh bundle as others will, where there is a trusted root to do so: what nobody would
 * accept is not written. Without one it is at least what was sent that was logged.
 * @throws VerificationError
 */
export function checkFresh(bundle: Bundle, signer: Signer, plan: LoggingPlan): void {
  const { logs, trustedRoot } = plan;
  if (!trustedRoot || logs.length === 0) return;
  const artifact = artifactOf(bundle);
  const { publicKey: key, algorithm } = signer;
  assertVerified(
    verify({
      bundle,
      ...(artifact ? { artifact } : {}),
      trustedRoot,
      policy: { signer: { kind: "key", key, algorithm }, logThreshold: 1 },
    }),
  );
}

/** The artifact as it was digested while it was signed; a statement is its own. */
function artifactOf({ content }: Bundle): Artifact | undefined {
  if (content.kind !== "message") return undefined;
  const { messageDigest } = content.message;
  const name = messageDigest && hashOfOutputName(messageDigest.algorithm);
  return name === undefined || !messageDigest
    ? undefined
    : artifactFromDigest(name, messageDigest.digest);
}
