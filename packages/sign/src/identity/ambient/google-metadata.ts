// SPDX-License-Identifier: Apache-2.0
import { readFile } from "node:fs/promises";
import { decodeUtf8 } from "@chancery/formats/bytes";
import { FormatError } from "@chancery/formats/errors";
import { ask, malformed, refused, type TokenQuestion } from "../ask.ts";
import { type IdentityContext, placesOf, variable } from "../context.ts";

const account = "/computeMetadata/v1/instance/service-accounts/default";
/** It is on the same machine, or not there. */
const limits = { timeoutMs: 3000, attemptsMax: 2 };

/** Asks the metadata server about the machine's service account. @throws SignError `oidc-…` */
export async function askMetadata(
  path: "identity" | "token",
  query: Readonly<Record<string, string>>,
  context: IdentityContext,
): Promise<{ readonly question: TokenQuestion; readonly text: string }> {
  const host = variable(context, "GCE_METADATA_HOST");
  const base = host === undefined ? placesOf(context).googleMetadataUrl : `http://${host}`;
  const url = new URL(`${account}/${path}`, base);
  for (const [name, value] of Object.entries(query)) url.searchParams.set(name, value);
  const question = {
    service: "Google's metadata server",
    url,
    headers: { "metadata-flavor": "Google" },
    accept: "*/*",
  };
  const answer = await ask(question, { ...limits, ...context.http });
  if (answer.status !== 200) throw refused(question, answer, "give the machine a service account");
  try {
    return { question, text: decodeUtf8(answer.body, "answer").trim() };
  } catch (cause) {
    if (!(cause instanceof FormatError)) throw cause;
    throw malformed(question, "answers no text", { cause });
  }
}

/** Why this seems to be a machine of Google's; undefined where it does not. Asks nobody. */
export async function whyGoogle(context: IdentityContext): Promise<string | undefined> {
  if (variable(context, "GCE_METADATA_HOST") !== undefined) {
    return "the variable GCE_METADATA_HOST is set";
  }
  const { productNameFile } = placesOf(context);
  let product: string;
  try {
    product = (await readFile(productNameFile, "utf8")).trim();
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    if (code === undefined) throw cause;
    return undefined; // machines of other kinds have no such file, or do not show it
  }
  const isGoogle = product === "Google" || product === "Google Compute Engine";
  return isGoogle ? `${productNameFile} says ${product}` : undefined;
}
