// SPDX-License-Identifier: Apache-2.0
import { emailClaim, joinUri, TokenError } from "../claims/index.ts";
import { subjectChallenges } from "./challenges.ts";
import type { IssuerType } from "./types.ts";

/** Identities of Chainguard, `<iss>/<sub>`. */
export const chainguardIdentity: IssuerType = {
  name: "chainguard-identity",
  challengeClaim: "sub",
  principal(token) {
    if (emailClaim(token.claims)?.verified === false) {
      // Fulcio and its clients refuse such tokens: they would sign the address, which is nobody's.
      const message = "the issuer does not say that it verified the e-mail address";
      throw new TokenError("email-unverified", message, { claim: "email_verified" });
    }
    return {
      san: { kind: "uri", value: joinUri(token.issuer, [token.subject], "sub") },
      extensions: { issuer: token.issuer, tokenSubject: token.subject },
      challenges: subjectChallenges(token),
    };
  },
};
