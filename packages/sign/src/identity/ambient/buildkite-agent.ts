// SPDX-License-Identifier: Apache-2.0
import { askJson, textOf } from "../ask.ts";
import { variable } from "../context.ts";
import { type AmbientSource, byVariables } from "../source.ts";
import { addressIn, requiredVariable } from "./variables.ts";

const secretName = "BUILDKITE_AGENT_ACCESS_TOKEN";

/** A job of Buildkite: its agent's API makes the tokens. */
export const buildkiteAgent: AmbientSource = {
  name: "buildkite-agent",
  async detect(context) {
    return variable(context, secretName) === undefined ? undefined : byVariables(secretName);
  },
  async token(audience, context) {
    const job = requiredVariable(context, "BUILDKITE_JOB_ID");
    const endpoint = "https://agent.buildkite.com/v3";
    const url = addressIn(context, "BUILDKITE_AGENT_ENDPOINT", endpoint);
    url.pathname = `${url.pathname.replace(/\/+$/, "")}/jobs/${encodeURIComponent(job)}/oidc/tokens`;
    const question = {
      service: "the Buildkite agent API",
      url,
      headers: { authorization: `Token ${requiredVariable(context, secretName)}` },
      json: { audience },
    };
    return textOf(question, await askJson(question, context.http), "token");
  },
};
