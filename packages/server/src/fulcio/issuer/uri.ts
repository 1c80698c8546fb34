// SPDX-License-Identifier: Apache-2.0
import {
  checkLength,
  isPlainUri,
  looksLikeEmailAddress,
  parseUri,
  shown,
  TokenError,
} from "../claims/index.ts";
import { subjectChallenges } from "./challenges.ts";
import { checkSubjectDomain, issuerUri } from "./domain.ts";
import type { IssuerType } from "./types.ts";

/** Whoever has a URI below the issuer's `subject-domain`, such as `https://example.com/users/1`. */
export const uri: IssuerType = {
  name: "uri",
  challengeClaim: "sub",
  check({ url, subjectDomain }) {
    const setting = "subject-domain";
    const domain = parseUri(subjectDomain ?? "");
    if (domain?.host === undefined) {
      return { setting, problem: "must be a scheme and a host, such as https://example.com" };
    }
    const scheme = issuerUri(url)?.scheme;
    if (domain.scheme !== scheme) {
      const problem = `its scheme, ${domain.scheme}, is not the issuer's, ${scheme ?? "none"}`;
      return { setting, problem };
    }
    return checkSubjectDomain(domain.host, url);
  },
  principal(token, { subjectDomain = "" }) {
    const { subject, issuer } = token;
    const claim = "sub";
    if (looksLikeEmailAddress(subject)) {
      const message = "uri subject should not be an email address";
      throw new TokenError("subject-not-allowed", message, { claim });
    }
    checkLength(subject, claim);
    const parts = isPlainUri(subject) ? parseUri(subject) : undefined;
    if (!parts) {
      const message = `the sub claim, ${shown(subject)}, is no URI`;
      throw new TokenError("claim-invalid", message, { claim });
    }
    const domain = parseUri(subjectDomain);
    if (
      domain?.host === undefined ||
      parts.scheme !== domain.scheme ||
      parts.host !== domain.host
    ) {
      const message = `the sub claim, ${shown(subject)}, is not below ${subjectDomain}`;
      throw new TokenError("subject-not-allowed", message, { claim });
    }
    return {
      san: { kind: "uri", value: subject },
      extensions: { issuer, tokenSubject: subject },
      challenges: subjectChallenges(token),
    };
  },
};
