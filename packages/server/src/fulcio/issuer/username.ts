// SPDX-License-Identifier: Apache-2.0
import { checkLength, checkPlain, looksLikeEmailAddress, TokenError } from "../claims/index.ts";
import { subjectChallenges } from "./challenges.ts";
import { checkSubjectDomain } from "./domain.ts";
import type { IssuerType } from "./types.ts";

/** Users of one domain, named `user!domain` in an otherName. */
export const username: IssuerType = {
  name: "username",
  challengeClaim: "sub",
  check({ url, subjectDomain = "" }) {
    if (!/^[A-Za-z0-9][A-Za-z0-9.-]*$/.test(subjectDomain)) {
      const problem = "must be a host without a scheme, such as example.com";
      return { setting: "subject-domain", problem };
    }
    return checkSubjectDomain(subjectDomain, url);
  },
  principal(token, { subjectDomain = "" }) {
    const { subject, issuer } = token;
    const claim = "sub";
    if (subject.includes("!")) {
      const message = "username cannot contain ! character";
      throw new TokenError("subject-not-allowed", message, { claim });
    }
    if (looksLikeEmailAddress(subject)) {
      const message = "username should not be an email address";
      throw new TokenError("subject-not-allowed", message, { claim });
    }
    checkPlain(subject, claim);
    checkLength(subject, claim);
    return {
      san: { kind: "otherName", value: `${subject}!${subjectDomain}` },
      extensions: { issuer, tokenSubject: subject },
      challenges: subjectChallenges(token),
    };
  },
};
