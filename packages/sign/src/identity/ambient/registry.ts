// SPDX-License-Identifier: Apache-2.0
import { SignError } from "../../errors.ts";
import type { AmbientSource } from "../source.ts";
import { buildkiteAgent } from "./buildkite-agent.ts";
import { circleci } from "./circleci.ts";
import { envvar } from "./envvar.ts";
import { filesystem } from "./filesystem.ts";
import { githubActions } from "./github-actions.ts";
import { gitlab } from "./gitlab.ts";
import { googleImpersonate } from "./google-impersonate.ts";
import { googleWorkloadIdentity } from "./google-workload-identity.ts";
import { spiffe } from "./spiffe.ts";

/**
 * In the order in which they are asked. cosign has all of them but two, and no order (its are in a
 * Go map); here what a job was given on purpose comes before what the machine happens to have.
 */
export const ambientSources: readonly AmbientSource[] = [
  githubActions,
  buildkiteAgent,
  gitlab,
  circleci,
  envvar,
  filesystem,
  googleImpersonate,
  googleWorkloadIdentity,
  spiffe,
];

/** @throws SignError `unknown-identity-source` */
export function ambientSource(name: string): AmbientSource {
  const found = ambientSources.find((source) => source.name === name);
  if (found) return found;
  throw new SignError(
    "unknown-identity-source",
    `there is no source of identity tokens with the name ${JSON.stringify(name)}`,
    `choose one of ${ambientSources.map((source) => source.name).join(", ")}`,
  );
}
