// SPDX-License-Identifier: Apache-2.0
import { shown, TokenError } from "../claims/index.ts";
import { subjectChallenges } from "./challenges.ts";
import type { IssuerType } from "./types.ts";

/** SPIFFE-ID §2.3. */
const idCharsMax = 2048;
const trustDomainPattern = /^[a-z0-9._-]{1,255}$/;
const segmentPattern = /^[A-Za-z0-9._-]+$/;

/** Workloads of one trust domain, by their SPIFFE ID. */
export const spiffe: IssuerType = {
  name: "spiffe",
  challengeClaim: "sub",
  check({ spiffeTrustDomain = "", isPattern }) {
    if (isPattern) {
      const problem = "SPIFFE meta issuers not supported: each trust domain has one issuer";
      return { setting: "type", problem };
    }
    if (trustDomainOf(spiffeTrustDomain) !== undefined) return undefined;
    const problem = "must be a trust domain, such as example.org";
    return { setting: "spiffe-trust-domain", problem };
  },
  principal(token, { spiffeTrustDomain = "" }) {
    const { subject, issuer } = token;
    const claim = "sub";
    const trustDomain = subject.startsWith("spiffe://") ? trustDomainOf(subject) : undefined;
    if (trustDomain === undefined) {
      const message = `invalid spiffe ID provided: ${shown(subject)}`;
      throw new TokenError("claim-invalid", message, { claim });
    }
    if (trustDomain !== trustDomainOf(spiffeTrustDomain)) {
      const message = `spiffe ID trust domain ${trustDomain} doesn't match configured trust domain`;
      throw new TokenError("subject-not-allowed", message, { claim });
    }
    return {
      san: { kind: "uri", value: subject },
      extensions: { issuer, tokenSubject: subject },
      challenges: subjectChallenges(token),
    };
  },
};

/** The trust domain of a SPIFFE ID, or of its own bare name; undefined where it is neither. */
function trustDomainOf(text: string): string | undefined {
  if (text.length > idCharsMax) return undefined;
  const [name = "", ...path] = text.replace(/^spiffe:\/\//, "").split("/");
  if (!trustDomainPattern.test(name)) return undefined;
  if (path.some((part) => !segmentPattern.test(part) || part === "." || part === "..")) {
    return undefined;
  }
  return name;
}
