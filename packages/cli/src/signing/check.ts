// SPDX-License-Identifier: Apache-2.0
import type { Bundle } from "@chancery/formats/bundle";
import type { HashName } from "@chancery/formats/crypto";
import { hashOfOutputName } from "@chancery/formats/entry";
import type { PendingEntry, Signer } from "@chancery/sign";
import type { Artifact, CertifiedIdentity, Policy } from "@chancery/verify";
import type { SigningFlags } from "../flags/index.ts";
import { nameOf } from "./key.ts";
import type { SigningPlan } from "./plan.ts";

/** What was just signed. */
export interface Fresh {
  readonly bundle: Bundle;
  readonly pending?: PendingEntry;
}

/**
 * Verifies a fresh bundle as others will, where there is a trusted root to do so: what nobody would
 * accept is not written. Without one it is at least what was sent that was logged and stamped.
 * @throws VerificationError
 */
export async function checkFresh(
  { bundle, pending }: Fresh,
  signer: Signer,
  { logging: { logs, trustedRoot }, timestampServices }: SigningPlan,
  { key, insecureIgnoreSct }: Pick<SigningFlags, "key" | "insecureIgnoreSct">,
): Promise<void> {
  const vouched = logs.length > 0 || timestampServices.length > 0 || signer.certificate;
  if (!trustedRoot || !vouched) return;
  const { artifactFromDigest, assertVerified, verify } = await import("@chancery/verify");
  const artifact = artifactOf(bundle, artifactFromDigest);
  assertVerified(
    verify({
      bundle,
      ...(artifact ? { artifact } : {}),
      trustedRoot,
      policy: {
        signer: await ownPolicy(signer, key !== undefined),
        logThreshold: logs.length > 0 && !pending ? 1 : 0,
        timestampThreshold: timestampServices.length > 0 ? 1 : 0,
        sctThreshold: insecureIgnoreSct ? 0 : 1,
      },
    }),
  );
}

/** Whom the bundle must be of: a key that is kept is pinned, with or without a certificate. */
async function ownPolicy(signer: Signer, kept: boolean): Promise<Policy["signer"]> {
  const { publicKey: key, algorithm, certificate } = signer;
  const name = certificate && (await nameOf(certificate));
  const identity: CertifiedIdentity | undefined = name && {
    identity: { exact: name.identity },
    issuer: { exact: name.issuer },
  };
  if (identity && !kept) return { kind: "identity", ...identity };
  return { kind: "key", key, algorithm, ...(identity ? { certified: true, identity } : {}) };
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
