// SPDX-License-Identifier: Apache-2.0
import { joinUri, parseUri, requiredClaims } from "../claims/index.ts";
import { subjectChallenges } from "./challenges.ts";
import type { IssuerType } from "./types.ts";

const claimNames = [
  "job_workflow_ref",
  "sha",
  "event_name",
  "repository",
  "workflow",
  "ref",
  "job_workflow_sha",
  "runner_environment",
  "repository_id",
  "repository_owner",
  "repository_owner_id",
  "repository_visibility",
  "workflow_ref",
  "workflow_sha",
  "run_id",
  "run_attempt",
] as const;

/** GitHub Actions, as Fulcio's older coded form has it; `ci-provider` replaces it. */
export const githubWorkflow: IssuerType = {
  name: "github-workflow",
  challengeClaim: "sub",
  principal(token) {
    const claims = requiredClaims(token.claims, claimNames);
    const base = githubUrl(token.issuer);
    const below = (name: (typeof claimNames)[number]): string =>
      joinUri(base, [claims[name]], name);
    const signer = below("job_workflow_ref");
    const { repository, run_id, run_attempt } = claims;
    const run = [repository, "actions/runs", run_id, "attempts", run_attempt];
    return {
      san: { kind: "uri", value: signer },
      extensions: {
        issuer: token.issuer,
        githubWorkflowTrigger: claims.event_name,
        githubWorkflowSHA: claims.sha,
        githubWorkflowName: claims.workflow,
        githubWorkflowRepository: repository,
        githubWorkflowRef: claims.ref,
        buildSignerURI: signer,
        buildSignerDigest: claims.job_workflow_sha,
        runnerEnvironment: claims.runner_environment,
        sourceRepositoryURI: below("repository"),
        sourceRepositoryDigest: claims.sha,
        sourceRepositoryRef: claims.ref,
        sourceRepositoryIdentifier: claims.repository_id,
        sourceRepositoryOwnerURI: below("repository_owner"),
        sourceRepositoryOwnerIdentifier: claims.repository_owner_id,
        buildConfigURI: below("workflow_ref"),
        buildConfigDigest: claims.workflow_sha,
        buildTrigger: claims.event_name,
        runInvocationURI: joinUri(base, run, "run_id"),
        sourceRepositoryVisibilityAtSigning: claims.repository_visibility,
        tokenSubject: token.subject,
      },
      challenges: subjectChallenges(token),
    };
  },
};

/**
 * Where an issuer's repositories are: Fulcio writes github.com for every one of them. Enterprise
 * servers issue at `https://<host>/_services/token`, tenants of ghe.com at
 * `https://token.actions.<tenant>.ghe.com`.
 */
function githubUrl(issuer: string): string {
  const { host = "", authority, path, scheme } = parseUri(issuer) ?? {};
  if (path?.replace(/\/$/, "") === "/_services/token") return `${scheme}://${authority}`;
  const tenant = /^token\.actions\.([a-z0-9-]+\.ghe\.com)$/.exec(host)?.[1];
  return `https://${tenant ?? "github.com"}`;
}
