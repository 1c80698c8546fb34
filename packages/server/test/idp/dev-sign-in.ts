// SPDX-License-Identifier: Apache-2.0
// Signs in at `chancery up` in dev mode the way a browser does, for clients that are given a token.
import { createHash, randomBytes } from "node:crypto";
import { Browser, locationOf } from "./browser.ts";

/**
 * An identity token for any e-mail address.
 * @param issuer of an identity provider in dev mode.
 * @throws Error with what the provider answered
 */
export async function signInAs(issuer: string, email: string): Promise<string> {
  const verifier = randomBytes(48).toString("base64url");
  const redirectUri = "http://localhost:51999/auth/callback"; // nobody listens: its code is read
  const url = new URL(`${issuer}/auth`);
  url.search = new URLSearchParams({
    response_type: "code",
    client_id: "sigstore",
    redirect_uri: redirectUri,
    scope: "openid email",
    state: randomBytes(16).toString("base64url"),
    code_challenge: createHash("sha256").update(verifier).digest("base64url"),
    code_challenge_method: "S256",
  }).toString();
  const browser = new Browser();
  const form = await browser.follow(await browser.get(url.href));
  const submitted = await browser.submit(form, { email }, new URL(form.url).pathname);
  const end = await browser.follow(submitted);
  const code = URL.parse(locationOf(end) ?? "")?.searchParams.get("code");
  if (code === null || code === undefined) throw new Error(`no code: ${end.status} ${end.text}`);
  const answer = await fetch(`${issuer}/token`, {
    method: "POST",
    body: new URLSearchParams({
      grant_type: "authorization_code",
      code,
      redirect_uri: redirectUri,
      client_id: "sigstore",
      code_verifier: verifier,
    }),
  });
  const body = (await answer.json()) as { id_token?: string };
  if (body.id_token === undefined) throw new Error(`no token: ${JSON.stringify(body)}`);
  return body.id_token;
}
