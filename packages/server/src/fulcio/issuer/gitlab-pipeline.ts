// SPDX-License-Identifier: Apache-2.0
import type { JsonObject } from "@chancery/formats/json";
import {
  joinUri,
  missing,
  normalizeUri,
  optionalClaim,
  requiredClaims,
  shown,
  TokenError,
} from "../claims/index.ts";
import { subjectChallenges } from "./challenges.ts";
import type { IssuerType } from "./types.ts";

const claimNames = [
  "project_path",
  "pipeline_source",
  "pipeline_id",
  "ci_config_ref_uri",
  "job_id",
  "ref",
  "ref_type",
  "namespace_path",
  "namespace_id",
  "project_id",
  "sha",
  "runner_environment",
] as const;

/**
 * GitLab CI, as Fulcio's older coded form has it; `ci-provider` replaces it. Projects are below the
 * issuer's own URL, which is that of the GitLab instance; Fulcio writes gitlab.com for every one.
 */
export const gitlabPipeline: IssuerType = {
  name: "gitlab-pipeline",
  challengeClaim: "sub",
  principal(token) {
    const claims = requiredClaims(token.claims, claimNames);
    checkRunner(token.claims);
    const base = token.issuer;
    const config = `https://${claims.ci_config_ref_uri}`;
    const signer = normalizeUri(config, "ci_config_ref_uri");
    const { project_path } = claims;
    const configDigest = optionalClaim(token.claims, "ci_config_sha") ?? "";
    const visibility = optionalClaim(token.claims, "project_visibility") ?? "";
    return {
      san: { kind: "uri", value: signer },
      extensions: {
        issuer: token.issuer,
        buildSignerURI: signer,
        buildSignerDigest: configDigest,
        runnerEnvironment: claims.runner_environment,
        sourceRepositoryURI: joinUri(base, [project_path], "project_path"),
        sourceRepositoryDigest: claims.sha,
        sourceRepositoryRef: refOf(claims.ref_type, claims.ref),
        sourceRepositoryIdentifier: claims.project_id,
        sourceRepositoryOwnerURI: joinUri(base, [claims.namespace_path], "namespace_path"),
        sourceRepositoryOwnerIdentifier: claims.namespace_id,
        buildConfigURI: signer,
        buildConfigDigest: configDigest,
        buildTrigger: claims.pipeline_source,
        runInvocationURI: joinUri(base, [project_path, "-/jobs", claims.job_id], "job_id"),
        sourceRepositoryVisibilityAtSigning: visibility,
        tokenSubject: token.subject,
      },
      challenges: subjectChallenges(token),
    };
  },
};

/** Not written, but a job without a runner is none. */
function checkRunner(claims: JsonObject): void {
  const claim = "runner_id";
  const value = claims[claim] ?? 0;
  if (value === 0) missing(claim);
  if (typeof value === "number" && Number.isInteger(value)) return;
  throw new TokenError("claim-invalid", `the ${claim} claim is not an integer`, { claim });
}

function refOf(type: string, ref: string): string {
  if (type === "branch") return `refs/heads/${ref}`;
  if (type === "tag") return `refs/tags/${ref}`;
  const message = `unexpected ref_type: ${shown(type)}`;
  throw new TokenError("claim-invalid", message, { claim: "ref_type" });
}
