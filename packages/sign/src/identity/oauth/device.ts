// SPDX-License-Identifier: Apache-2.0
import type { JsonObject } from "@chancery/formats/json";
import { SignError } from "../../errors.ts";
import { inOneLine, sleep } from "../../http/index.ts";
import { ask, jsonOf, malformed, refused, textOf, type TokenQuestion } from "../ask.ts";
import type { Person } from "../context.ts";
import type { IdentityToken } from "../identity-token.ts";
import { scope } from "./client.ts";
import type { FlowInput } from "./flow.ts";
import { type Provider, unsupported } from "./provider.ts";
import { newPkce, type Pkce } from "./random.ts";
import {
  askTokenEndpoint,
  isRefusal,
  type OAuthRefusal,
  refusalError,
  refusalIn,
  type TokenAnswer,
} from "./token-endpoint.ts";
import { verifyIdToken } from "./verify-id-token.ts";

interface DeviceAuthorization {
  readonly deviceCode: string;
  readonly userCode: string;
  readonly verificationUrl: string;
  readonly completeUrl: string | undefined;
  readonly expiresInSeconds: number;
  readonly intervalSeconds: number;
}

const secondsMax = 1800;
const intervalSecondsDefault = 5;
const slowDownSeconds = 5;

/**
 * Signs a person in on another device (RFC 8628), with PKCE besides, as Sigstore's provider wants.
 *
 * Asks until it is answered or the codes expire, half an hour at most; a provider that cannot be
 * reached meanwhile is asked again, less often.
 *
 * @throws SignError `device-denied` | `device-expired` | `oidc-…` | `identity-token-…` |
 *   `email-unverified`
 */
export async function signInWithDevice(input: FlowInput, person: Person): Promise<IdentityToken> {
  const pkce = newPkce();
  const device = await begin(input, pkce);
  const { userCode, verificationUrl, completeUrl } = device;
  person.tell(`Go to ${verificationUrl} on any device, and enter the code ${userCode}`);
  if (completeUrl !== undefined) person.tell(`or go to ${completeUrl}`);
  const { provider, client, http, nowMs } = input;
  const answer = await poll(input, device, pkce);
  // A nonce goes with a browser's answer, and there was none.
  return verifyIdToken(answer, { provider, client, nonce: undefined, nowMs: nowMs(), http });
}

async function begin(
  { provider, client, http }: FlowInput,
  pkce: Pkce,
): Promise<DeviceAuthorization> {
  const { deviceUrl } = provider;
  if (!deviceUrl) {
    throw unsupported(provider, "offers no device flow", "sign in with a browser, or give a token");
  }
  const form = {
    client_id: client.id,
    scope,
    code_challenge: pkce.challenge,
    code_challenge_method: "S256",
  };
  const question = { service: "the identity provider", url: deviceUrl, form };
  const answer = await ask(question, { ...http, attemptsMax: 1 });
  const isJson = answer.headers.get("content-type")?.includes("json") ?? false;
  if (answer.status !== 200 && !isJson) throw refused(question, answer, "");
  const body = jsonOf(question, answer);
  const refusal = refusalIn(body);
  if (refusal) throw refusalError(provider, refusal);
  if (answer.status !== 200) throw refused(question, answer, "");
  return {
    deviceCode: textOf(question, body, "device_code"),
    userCode: inOneLine(textOf(question, body, "user_code")),
    verificationUrl: addressIn(question, body, "verification_uri"),
    completeUrl:
      body["verification_uri_complete"] === undefined
        ? undefined
        : addressIn(question, body, "verification_uri_complete"),
    expiresInSeconds: Math.min(secondsIn(question, body, "expires_in"), secondsMax),
    intervalSeconds:
      body["interval"] === undefined || body["interval"] === 0
        ? intervalSecondsDefault
        : Math.min(secondsIn(question, body, "interval"), secondsMax),
  };
}

/** Shown to a person, who will go there. */
function addressIn(question: TokenQuestion, body: JsonObject, name: string): string {
  const url = URL.parse(textOf(question, body, name));
  const isSafe = url?.protocol === "https:" || url?.protocol === question.url.protocol;
  if (url && isSafe && url.username === "" && url.password === "") return url.href;
  throw malformed(question, `answers a ${name} that nobody should go to`);
}

function secondsIn(question: TokenQuestion, body: JsonObject, name: string): number {
  const value = body[name];
  if (typeof value === "number" && value > 0) return value;
  throw malformed(question, `answers without ${name} in seconds`);
}

async function poll(
  { provider, client, http }: FlowInput,
  { deviceCode, expiresInSeconds, intervalSeconds }: DeviceAuthorization,
  pkce: Pkce,
): Promise<TokenAnswer> {
  const form = {
    grant_type: "urn:ietf:params:oauth:grant-type:device_code",
    device_code: deviceCode,
    scope,
    code_verifier: pkce.verifier,
  };
  const wait = http?.wait ?? sleep;
  let seconds = intervalSeconds;
  let trouble: SignError | undefined;
  for (let waited = seconds; waited <= expiresInSeconds; waited += seconds) {
    await wait(seconds * 1000, http?.signal);
    http?.signal?.throwIfAborted();
    try {
      const answer = await askTokenEndpoint(provider, client, form, http);
      if (!isRefusal(answer)) return answer;
      if (answer.error === "slow_down") seconds += slowDownSeconds;
      else if (answer.error !== "authorization_pending") throw deviceError(provider, answer);
    } catch (cause) {
      if (!mayPass(cause)) throw cause;
      trouble = cause; // RFC 8628 §3.5: ask again, less often
      seconds *= 2;
    }
  }
  throw expired(trouble && { cause: trouble });
}

function deviceError(provider: Provider, refusal: OAuthRefusal): SignError {
  if (refusal.error === "expired_token") return expired();
  if (refusal.error !== "access_denied") return refusalError(provider, refusal);
  return new SignError("device-denied", "the sign-in was refused on the other device");
}

function expired(options?: ErrorOptions): SignError {
  const message = "nobody entered the code on another device before it expired";
  return new SignError("device-expired", message, "try again", options);
}

function mayPass(cause: unknown): cause is SignError {
  const code = cause instanceof SignError ? cause.code : undefined;
  return code === "oidc-unreachable" || code === "oidc-unavailable";
}
