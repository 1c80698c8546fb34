// SPDX-License-Identifier: Apache-2.0
import type { Bundle } from "@chancery/formats/bundle";
import type { HashName } from "@chancery/formats/crypto";
import { hashOfOutputName } from "@chancery/formats/entry";
import type { Signer } from "@chancery/sign";
import type { Artifact } from "@chancery/verify";
import type { LoggingPlan } from "./plan.ts";

/**
 * Verifies a fresh bundle as others will, where there is a trusted root to do so: what nobody would
 * accept is not written. Without one it is at least what was sent that was logged.
 * @throws VerificationError
 */
export async function checkFresh(bundle: Bundle, signer: Signer, plan: LoggingPlan): Promise<void> {
  const { logs, trustedRoot } = plan;
  if (!trustedRoot || logs.length === 0) return;
  const { artifactFromDigest, assertVerified, verify } = await import("@chancery/verify");
  const artifact = artifactOf(bundle, artifactFromDigest);
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
function artifactOf(
  { content }: Bundle,
  make: (name: HashName, digest: Uint8Array) => Artifact,
): Artifact | undefined {
  if (content.kind !== "message") return undefined;
  const { messageDigest } = content.message;
  const name = messageDigest && hashOfOutputName(messageDigest.algorithm);
  return name === undefined || !messageDigest ? undefined : make(name, messageDigest.digest);
}
