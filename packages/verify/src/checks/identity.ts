// SPDX-License-Identifier: Apache-2.0
import { FormatError } from "@chancery/formats/errors";
import {
  type Certificate,
  fulcioClaims,
  type FulcioClaims,
  signerIdentity,
  type SignerIdentity,
} from "@chancery/formats/x509";
import type { EvidenceBuilder } from "../evidence.ts";
import { type CertifiedIdentity, describeMatcher, matches, usesPatterns } from "../policy.ts";

/** What a certificate says about its holder; undefined where it says nothing readable. */
export interface CertificateIdentity {
  readonly identity?: SignerIdentity;
  readonly claims?: FulcioClaims;
  readonly problem?: string;
}

/** Reads identity and claims without judging them. */
export function readIdentity(certificate: Certificate): CertificateIdentity {
  try {
    return { identity: signerIdentity(certificate), claims: fulcioClaims(certificate) };
  } catch (cause) {
    if (!(cause instanceof FormatError)) throw cause;
    return { problem: cause.message };
  }
}

/**
 * Step 6: the identity, the issuer and the claims that the policy asks for.
 *
 * @param vouched whether a trusted authority issued the certificate. Where not, its text is
 *   hostile, and no regular expression is run on it.
 */
export function checkIdentity(
  { identity, claims, problem }: CertificateIdentity,
  policy: CertifiedIdentity,
  vouched: boolean,
  evidence: EvidenceBuilder,
): void {
  if (!vouched && usesPatterns(policy)) {
    const message = "no trusted authority vouches for what the certificate says";
    return evidence.skip("identity", "depends-on-failed", message);
  }
  if (!identity || !claims) {
    return evidence.fail("identity", "identity-malformed", problem ?? "no identity");
  }
  const values: Record<string, string> = { identity: identity.value, issuer: claims.issuer ?? "" };
  if (!matches(policy.identity, identity.value)) {
    return evidence.fail("identity", "identity-mismatch", "another identity signed", {
      certificate: identity.value,
      policy: describeMatcher(policy.identity),
    });
  }
  if (claims.issuer === undefined || !matches(policy.issuer, claims.issuer)) {
    return evidence.fail("identity", "issuer-mismatch", "another issuer vouched for the signer", {
      certificate: claims.issuer ?? "(none)",
      policy: describeMatcher(policy.issuer),
    });
  }
  for (const [name, wanted] of Object.entries(policy.claims ?? {})) {
    const found = (claims.claims as Readonly<Record<string, string | undefined>>)[name];
    if (found !== wanted) {
      return evidence.fail("identity", "claim-mismatch", `the claim ${name} differs`, {
        claim: name,
        certificate: found ?? "(none)",
        policy: wanted,
      });
    }
    values[name] = wanted;
  }
  evidence.pass("identity", "the certificate is of the identity that the policy names", values);
}
