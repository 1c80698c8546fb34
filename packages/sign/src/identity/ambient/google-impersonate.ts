// SPDX-License-Identifier: Apache-2.0
import { FormatError } from "@chancery/formats/errors";
import { isObject, parseJson } from "@chancery/formats/json";
import { askJson, malformed, textOf } from "../ask.ts";
import { type IdentityContext, placesOf, variable } from "../context.ts";
import { type AmbientSource, byVariables } from "../source.ts";
import { askMetadata } from "./google-metadata.ts";
import { requiredVariable } from "./variables.ts";

const accountName = "GOOGLE_SERVICE_ACCOUNT_NAME";

/**
 * Another service account of Google's, as which the machine's own may act. The machine's own comes
 * from its metadata server alone: files of Application Default Credentials are not read.
 */
export const googleImpersonate: AmbientSource = {
  name: "google-impersonate",
  async detect(context) {
    return variable(context, accountName) === undefined ? undefined : byVariables(accountName);
  },
  async token(audience, context) {
    const account = requiredVariable(context, accountName);
    const secret = await accessToken(context);
    const path = `/v1/projects/-/serviceAccounts/${encodeURIComponent(account)}:generateIdToken`;
    const question = {
      service: "Google's credentials service",
      url: new URL(path, placesOf(context).googleCredentialsUrl),
      headers: { authorization: `Bearer ${secret}` },
      json: { audience, includeEmail: true },
    };
    const hint =
      "the machine's account needs the role Service Account OpenID Connect Token Creator";
    return textOf(question, await askJson(question, context.http, hint), "token");
  },
};

async function accessToken(context: IdentityContext): Promise<string> {
  const { question, text } = await askMetadata("token", {}, context);
  try {
    const answer = parseJson(text, "answer", { sizeBytesMax: 16 << 10, depthMax: 4 });
    const secret = isObject(answer) ? answer["access_token"] : undefined;
    if (typeof secret === "string" && /^[\x21-\x7e]+$/.test(secret)) return secret;
  } catch (cause) {
    if (!(cause instanceof FormatError)) throw cause;
    throw malformed(question, `answers no strict JSON (${cause.code})`, { cause });
  }
  throw malformed(question, "answers without access_token");
}
