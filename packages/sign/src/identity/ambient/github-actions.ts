// SPDX-License-Identifier: Apache-2.0
import { askJson, textOf } from "../ask.ts";
import { variable } from "../context.ts";
import { type AmbientSource, byVariables } from "../source.ts";
import { addressIn, requiredVariable } from "./variables.ts";

const [urlName, secretName] = ["ACTIONS_ID_TOKEN_REQUEST_URL", "ACTIONS_ID_TOKEN_REQUEST_TOKEN"];

/** A job of GitHub Actions with the permission `id-token: write`. */
export const githubActions: AmbientSource = {
  name: "github-actions",
  async detect(context) {
    const isSet = variable(context, urlName) && variable(context, secretName);
    return isSet ? byVariables(urlName, secretName) : undefined;
  },
  async token(audience, context) {
    const url = addressIn(context, urlName);
    url.searchParams.set("audience", audience); // which it has a query of its own besides
    const secret = requiredVariable(context, secretName);
    const headers = { authorization: `bearer ${secret}` };
    const question = { service: "the token service of GitHub Actions", url, headers };
    return textOf(question, await askJson(question, context.http), "value");
  },
  lacking(context) {
    if (variable(context, "GITHUB_ACTIONS") !== "true") return undefined;
    return "this job of GitHub Actions may not ask for tokens: permissions: id-token: write";
  },
};
