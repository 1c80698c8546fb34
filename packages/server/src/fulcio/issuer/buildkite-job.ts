// SPDX-License-Identifier: Apache-2.0
import { joinUri, requiredClaims } from "../claims/index.ts";
import { subjectChallenges } from "./challenges.ts";
import type { IssuerType } from "./types.ts";

/** Buildkite, as Fulcio's older coded form has it; `ci-provider` replaces it. */
export const buildkiteJob: IssuerType = {
  name: "buildkite-job",
  challengeClaim: "sub",
  principal(token) {
    const claims = requiredClaims(token.claims, ["organization_slug", "pipeline_slug"]);
    const path = [claims.organization_slug, claims.pipeline_slug];
    return {
      san: { kind: "uri", value: joinUri("https://buildkite.com", path, "pipeline_slug") },
      extensions: { issuer: token.issuer, tokenSubject: token.subject },
      challenges: subjectChallenges(token),
    };
  },
};
