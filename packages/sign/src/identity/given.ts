// SPDX-License-Identifier: Apache-2.0
import { type IdentityContext, variable } from "./context.ts";
import { IdentityToken } from "./identity-token.ts";
import { looksLikeJwt } from "./jwt.ts";
import { readTokenFile } from "./read-token-file.ts";
import type { ObtainedIdentity } from "./source.ts";

/** As the flag: a token, or a file with one. The second is what cosign reads in its place. */
const variables = ["CHANCERY_IDENTITY_TOKEN", "COSIGN_IDENTITY_TOKEN"] as const;

/**
 * The token that the user gave: the value of `--identity-token`, or else of one of two variables.
 * @returns undefined where there is none
 * @throws SignError `identity-token-unreadable` | `identity-token-malformed` | `email-unverified`
 */
export async function givenIdentity(
  value: string | undefined,
  context: IdentityContext,
): Promise<ObtainedIdentity | undefined> {
  if (value !== undefined) return readGiven(value, "--identity-token");
  for (const name of variables) {
    const text = variable(context, name);
    if (text !== undefined) return readGiven(text, `the variable ${name}`);
  }
  return undefined;
}

async function readGiven(value: string, where: string): Promise<ObtainedIdentity> {
  const trimmed = value.trim();
  if (looksLikeJwt(trimmed)) {
    const source = { name: "given", reason: `${where} holds a token` };
    return { token: new IdentityToken(trimmed), source };
  }
  // What is no path to a file may be a token that was cut short: it is not shown.
  const text = await readTokenFile(value, `the file that ${where} names`);
  return {
    token: new IdentityToken(text),
    source: { name: "given", reason: `${where} names a file` },
  };
}
