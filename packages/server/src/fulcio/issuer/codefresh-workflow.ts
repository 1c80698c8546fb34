// SPDX-License-Identifier: Apache-2.0
import { joinUri, optionalClaim, requiredClaims } from "../claims/index.ts";
import { subjectChallenges } from "./challenges.ts";
import type { IssuerType } from "./types.ts";

const claimNames = [
  "account_id",
  "account_name",
  "pipeline_id",
  "pipeline_name",
  "workflow_id",
] as const;

/**
 * Codefresh, as Fulcio's older coded form has it; `ci-provider` replaces it. Fulcio leaves a hole
 * where the names of account and pipeline are missing; such tokens are refused here.
 */
export const codefreshWorkflow: IssuerType = {
  name: "codefresh-workflow",
  challengeClaim: "sub",
  principal(token) {
    const claims = requiredClaims(token.claims, claimNames);
    const { account_id, account_name, pipeline_id, pipeline_name, workflow_id } = claims;
    const optional = (name: string): string => optionalClaim(token.claims, name) ?? "";
    const base = optionalClaim(token.claims, "platform_url") ?? "https://g.codefresh.io";
    const pipeline = [account_name, `${pipeline_name}:${account_id}`, pipeline_id];
    const build = joinUri(base, ["build", workflow_id], "workflow_id");
    return {
      san: { kind: "uri", value: joinUri(base, pipeline, "pipeline_name") },
      extensions: {
        issuer: token.issuer,
        buildSignerURI: build,
        runnerEnvironment: optional("runner_environment"),
        sourceRepositoryURI: optional("scm_repo_url"),
        sourceRepositoryRef: optional("scm_ref"),
        buildConfigURI: joinUri(base, ["api/pipelines", pipeline_id], "pipeline_id"),
        runInvocationURI: build,
        tokenSubject: token.subject,
      },
      challenges: subjectChallenges(token),
    };
  },
};
