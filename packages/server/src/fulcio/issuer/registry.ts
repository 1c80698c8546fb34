// SPDX-License-Identifier: Apache-2.0
import { buildkiteJob } from "./buildkite-job.ts";
import { chainguardIdentity } from "./chainguard-identity.ts";
import { ciProvider } from "./ci-provider.ts";
import { codefreshWorkflow } from "./codefresh-workflow.ts";
import { email } from "./email.ts";
import { githubWorkflow } from "./github-workflow.ts";
import { gitlabPipeline } from "./gitlab-pipeline.ts";
import { kubernetes } from "./kubernetes.ts";
import { spiffe } from "./spiffe.ts";
import type { IssuerType } from "./types.ts";
import { uri } from "./uri.ts";
import { username } from "./username.ts";

/** Every type of issuer: a new one is a file and a line here. */
export const issuerTypes: readonly IssuerType[] = [
  email,
  uri,
  username,
  spiffe,
  kubernetes,
  ciProvider,
  githubWorkflow,
  gitlabPipeline,
  buildkiteJob,
  codefreshWorkflow,
  chainguardIdentity,
];

/** @returns undefined where there is no such type */
export function findIssuerType(name: string): IssuerType | undefined {
  return issuerTypes.find((type) => type.name === name);
}
