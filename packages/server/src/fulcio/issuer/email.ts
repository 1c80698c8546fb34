// SPDX-License-Identifier: Apache-2.0
import {
  checkLength,
  checkPlain,
  emailClaim,
  isEmailAddress,
  missing,
  shown,
  TokenError,
  valueAt,
} from "../claims/index.ts";
import type { IssuerConfig, IssuerType, VerifiedToken } from "./types.ts";

/** People, by an e-mail address that the issuer has verified. */
export const email: IssuerType = {
  name: "email",
  challengeClaim: "email",
  principal(token, issuer) {
    const claim = emailClaim(token.claims);
    if (!claim) {
      throw new TokenError("email-missing", "missing email claim in ID token", { claim: "email" });
    }
    if (!claim.verified && !issuer.skipEmailVerification) {
      const message = "the issuer does not say that it verified the e-mail address";
      throw new TokenError("email-unverified", message, { claim: "email_verified" });
    }
    const { address } = claim;
    if (!isEmailAddress(address)) {
      const message = `${shown(address)} is no e-mail address that a certificate can hold`;
      throw new TokenError("email-invalid", message, { claim: "email" });
    }
    return {
      san: { kind: "email", value: address },
      extensions: { issuer: certifiedIssuer(token, issuer), tokenSubject: token.subject },
      challenges: [address],
    };
  },
};

/** The issuer to be written: `iss`, or what stands at `issuer-claim`. */
function certifiedIssuer(token: VerifiedToken, { issuerClaim }: IssuerConfig): string {
  if (!issuerClaim) return token.issuer;
  const name = issuerClaim.join(".");
  const value = valueAt(token.claims, issuerClaim) ?? missing(name);
  if (typeof value !== "string" || value === "") {
    throw new TokenError("claim-invalid", `the ${name} claim names no issuer`, { claim: name });
  }
  checkLength(value, name);
  checkPlain(value, name);
  return value;
}
