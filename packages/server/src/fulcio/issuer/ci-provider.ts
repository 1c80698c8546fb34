// SPDX-License-Identifier: Apache-2.0
import type { FulcioClaimName } from "@chancery/formats/x509";
import { claimTexts, evaluateTemplate, normalizeUri, TokenError } from "../claims/index.ts";
import { subjectChallenges } from "./challenges.ts";
import type { IssuerType } from "./types.ts";

/** CI jobs of any provider, by the templates of its `ci-issuer-metadata`. */
export const ciProvider: IssuerType = {
  name: "ci-provider",
  challengeClaim: "sub",
  check({ ciProvider: provider }) {
    if (provider) return undefined;
    return { setting: "ci-provider", problem: "must name an entry of ci-issuer-metadata" };
  },
  principal(token, { ciProvider: provider }) {
    if (!provider) throw new Error("a ci-provider issuer without its templates"); // `check` sees to it
    // Claims go before defaults, as in Fulcio: the issuer is trusted to make no `url` claim.
    const values = new Map([...provider.defaults, ...claimTexts(token.claims)]);
    const place = "SubjectAlternativeName";
    const san = evaluateTemplate(provider.subjectAlternativeName, values, place);
    if (san === "") {
      const message = "the claims make an empty subject alternative name";
      throw new TokenError("claim-missing", message, { claim: place });
    }
    const extensions: Partial<Record<FulcioClaimName, string>> = {};
    for (const [name, template] of provider.extensions) {
      extensions[name] = evaluateTemplate(template, values, goName(name));
    }
    return {
      san: { kind: "uri", value: normalizeUri(san, place) },
      // Last, as nothing in a template may change whom the token is from.
      extensions: { ...extensions, issuer: token.issuer, tokenSubject: token.subject },
      challenges: subjectChallenges(token),
    };
  },
};

/** Fulcio's name of an extension, in its messages. */
function goName(name: FulcioClaimName): string {
  return name.replace(/^./, (first) => first.toUpperCase());
}
