// SPDX-License-Identifier: Apache-2.0
import { setTimeout as delay } from "node:timers/promises";
import { SignError } from "../../errors.ts";
import type { Person } from "../context.ts";
import type { IdentityToken } from "../identity-token.ts";
import { oauthWords } from "../ask.ts";
import { type CallbackServer, openCallbackServer, redirectUrlDefault } from "./callback-server.ts";
import { scope } from "./client.ts";
import type { FlowInput } from "./flow.ts";
import { type Provider, unsupported } from "./provider.ts";
import { newPkce, type Pkce, unguessable } from "./random.ts";
import { askTokenEndpoint, isRefusal, refusalError } from "./token-endpoint.ts";
import { verifyIdToken } from "./verify-id-token.ts";

/** Where a provider shows the code to the person instead. */
const outOfBandUri = "urn:ietf:wg:oauth:2.0:oob";
/** Then the person is asked for the code, as the browser may be on another computer. */
const callbackTimeoutMs = 120_000;
const codeCharsMax = 4096;

/** What one attempt is made of; a second one, out of band, has all of it new. */
interface Attempt {
  readonly state: string;
  readonly nonce: string;
  readonly pkce: Pkce;
}

/**
 * Signs a person in with the browser: authorization code (OpenID Connect Core 1.0 §3.1) with PKCE.
 *
 * The answer comes to a port of this computer. Where that cannot be listened on, or nothing comes
 * within two minutes, the person is asked for the code that the provider shows, if they can type.
 * Any program of this computer, and any web page, can send to the port: an answer that does not
 * hold the state of the request ends the sign-in, so that an attempt to slip one in is seen.
 *
 * @throws SignError `oidc-…` | `identity-token-…` | `email-unverified` | `malformed-service-url`
 */
export async function signInWithBrowser(
  input: FlowInput,
  person: Person,
  callbackMs: number = callbackTimeoutMs,
): Promise<IdentityToken> {
  const { provider, redirectUrl = redirectUrlDefault } = input;
  const { authorizationUrl } = provider;
  if (!authorizationUrl) throw unsupported(provider, "has no sign-in page", "use the device flow");
  if (!provider.hasPkce) {
    throw unsupported(provider, "does not offer PKCE (S256)", "it must: see RFC 9700 §2.1.1");
  }
  if (redirectUrl !== outOfBandUri) {
    const attempt = newAttempt();
    const read = (parameters: URLSearchParams) => codeIn(parameters, attempt, provider);
    await using server = await openCallbackServer(redirectUrl, read);
    if (server) {
      const url = addressOf(authorizationUrl, input, attempt, server.redirectUri);
      await show(person, url);
      const code = await within(callbackMs, server, input.http?.signal);
      if (code !== undefined) return await redeem(input, attempt, code, server.redirectUri);
    }
  }
  if (!person.ask) {
    throw new SignError(
      "oidc-timeout",
      `nobody signed in at ${provider.issuer} within ${callbackMs / 1000} s`,
      "try again, or use the device flow",
    );
  }
  const attempt = newAttempt();
  const url = addressOf(authorizationUrl, input, attempt, outOfBandUri);
  person.tell(`Go to this address in a browser, and copy the code that it shows:\n\n${url}\n`);
  const code = (await person.ask("Enter verification code: ")).trim();
  if (code === "" || code.length > codeCharsMax) {
    throw new SignError("oidc-denied", "no verification code was entered", "sign in again");
  }
  return redeem(input, attempt, code, outOfBandUri);
}

function newAttempt(): Attempt {
  return { state: unguessable(), nonce: unguessable(), pkce: newPkce() };
}

function addressOf(
  authorizationUrl: URL,
  { client, connector }: FlowInput,
  { state, nonce, pkce }: Attempt,
  redirectUri: string,
): string {
  const url = new URL(authorizationUrl);
  const parameters = {
    response_type: "code",
    client_id: client.id,
    redirect_uri: redirectUri,
    scope,
    state,
    nonce,
    code_challenge: pkce.challenge,
    code_challenge_method: "S256",
    access_type: "online",
    ...(connector === undefined ? {} : { connector_id: connector }),
  };
  for (const [name, value] of Object.entries(parameters)) url.searchParams.set(name, value);
  return url.href;
}

async function show(person: Person, url: string): Promise<void> {
  // First, as opening may take its time and tell nothing of how it went.
  person.tell(`Sign in with a browser at this address:\n\n${url}\n`);
  const isOpen = (await person.openBrowser?.(url)) ?? false;
  if (!isOpen) person.tell("No browser could be opened from here: go there yourself.");
}

/** @returns undefined where nothing came in time */
async function within(
  timeoutMs: number,
  { answer }: CallbackServer,
  signal: AbortSignal | undefined,
): Promise<string | undefined> {
  const over = new AbortController();
  const ends = signal ? AbortSignal.any([signal, over.signal]) : over.signal;
  try {
    return await Promise.race([answer, delay(timeoutMs, undefined, { signal: ends })]);
  } catch (cause) {
    signal?.throwIfAborted(); // Node's own error says less than the reason
    throw cause;
  } finally {
    over.abort();
  }
}

/** Reads an authorization response (RFC 6749 §4.1.2, RFC 9207 §2.4). */
function codeIn(parameters: URLSearchParams, { state }: Attempt, provider: Provider): string {
  for (const name of ["state", "iss", "code", "error"]) {
    if (parameters.getAll(name).length > 1) throw mismatch(`the answer holds ${name} twice`);
  }
  if (parameters.get("state") !== state)
    throw mismatch("the answer is not to this request (state)");
  const issuer = parameters.get("iss");
  if (issuer === null ? provider.namesItself : issuer !== provider.issuer) {
    throw mismatch("the answer is not from the provider that was asked (iss)");
  }
  const error = parameters.get("error");
  if (error !== null) {
    throw refusalError(provider, {
      error,
      words: oauthWords(error, parameters.get("error_description")),
    });
  }
  const code = parameters.get("code") ?? "";
  if (code !== "" && code.length <= codeCharsMax) return code;
  const message = `the identity provider ${provider.issuer} sent the browser back without a code`;
  throw new SignError("oidc-malformed", message, "sign in again");
}

function mismatch(message: string): SignError {
  const hint = "sign in again; if it stays so, something on this computer interferes";
  return new SignError("oidc-state-mismatch", message, hint);
}

async function redeem(
  { provider, client, http, nowMs }: FlowInput,
  { nonce, pkce }: Attempt,
  code: string,
  redirectUri: string,
): Promise<IdentityToken> {
  const form = {
    grant_type: "authorization_code",
    code,
    redirect_uri: redirectUri,
    code_verifier: pkce.verifier,
  };
  const answer = await askTokenEndpoint(provider, client, form, http);
  if (isRefusal(answer)) throw refusalError(provider, answer);
  return verifyIdToken(answer, { provider, client, nonce, nowMs: nowMs(), http });
}
