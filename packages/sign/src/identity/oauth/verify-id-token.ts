// SPDX-License-Identifier: Apache-2.0
import { bytesEqual, utf8Bytes } from "@chancery/formats/bytes";
import { hash } from "@chancery/formats/crypto";
import { isObject } from "@chancery/formats/json";
import type { JSONWebKeySet, JWTPayload } from "jose";
import { SignError } from "../../errors.ts";
import { type HttpOptions, inOneLine } from "../../http/index.ts";
import { askJson, malformed } from "../ask.ts";
import { IdentityToken } from "../identity-token.ts";
import { parseJwt } from "../jwt.ts";
import type { OAuthClient } from "./client.ts";
import type { Provider } from "./provider.ts";
import { base64Url } from "./random.ts";
import type { TokenAnswer } from "./token-endpoint.ts";

/** What the token must answer to. */
export interface IdTokenExpectation {
  readonly provider: Provider;
  readonly client: OAuthClient;
  /** Undefined in flows that have none. */
  readonly nonce: string | undefined;
  readonly nowMs: number;
  readonly http: HttpOptions | undefined;
}

/** No HMAC: its key would be the client's secret, or what everybody has. */
const algorithms = ["RS256", "ES256", "EdDSA", "Ed25519"];
/** For `nbf` only in effect: what has expired is refused by the second. */
const clockToleranceSeconds = 30;
const keysMax = 64;

/**
 * Verifies the ID token that a flow ended with (OpenID Connect Core 1.0 §3.1.3.7): its signature by
 * the keys that the provider publishes now, issuer, audience, authorised party, times, the nonce of
 * the request, and `at_hash` where it has one.
 *
 * @throws SignError `identity-token-untrusted` | `identity-token-expired` |
 *   `identity-token-malformed` | `email-unverified` | `oidc-…` for the provider's keys
 */
export async function verifyIdToken(
  { idToken, accessToken }: TokenAnswer,
  { provider, client, nonce, nowMs, http }: IdTokenExpectation,
): Promise<IdentityToken> {
  const { header } = parseJwt(idToken); // strictly, before a second parser sees it
  const keys = await fetchKeys(provider, http);
  const payload = await verifySigned(idToken, keys, provider, client, nowMs);
  if (payload["azp"] !== undefined && payload["azp"] !== client.id) {
    throw untrusted("was made for another program (azp)");
  }
  if (nonce !== undefined && payload["nonce"] !== nonce) {
    throw untrusted("does not answer this request (nonce)");
  }
  checkAccessTokenHash(payload["at_hash"], accessToken, header["alg"]);
  const token = new IdentityToken(idToken);
  token.requireUnexpired(nowMs);
  return token;
}

async function fetchKeys({ jwksUrl }: Provider, http?: HttpOptions): Promise<JSONWebKeySet> {
  const question = { service: "the identity provider", url: jwksUrl };
  const { keys } = await askJson(question, http);
  if (!Array.isArray(keys) || keys.length > keysMax || !keys.every(isObject)) {
    throw malformed(question, `answers no set of up to ${keysMax} keys`);
  }
  // Keys that are none are told by who uses them: others in the set stay useful.
  return { keys } as unknown as JSONWebKeySet;
}

async function verifySigned(
  idToken: string,
  keys: JSONWebKeySet,
  { issuer }: Provider,
  { id }: OAuthClient,
  nowMs: number,
): Promise<JWTPayload> {
  // Lazily: signing with a key or a given token does not pay for it.
  const { createLocalJWKSet, errors, jwtVerify } = await import("jose");
  const rules = {
    issuer,
    audience: id,
    algorithms,
    clockTolerance: clockToleranceSeconds,
    currentDate: new Date(nowMs),
    requiredClaims: ["sub", "iat", "exp"],
  };
  const verifyWith = async (set: JSONWebKeySet): Promise<JWTPayload> =>
    (await jwtVerify(idToken, createLocalJWKSet(set), rules)).payload;
  try {
    return await verifyWith(keys).catch(async (cause: unknown) => {
      if (!(cause instanceof errors.JWKSMultipleMatchingKeys)) throw cause;
      // A token that names no key, and several that could be meant: one of them must verify.
      for (const key of keys.keys) {
        try {
          return await verifyWith({ keys: [key] });
        } catch (other) {
          const isOther =
            other instanceof errors.JWSSignatureVerificationFailed ||
            other instanceof errors.JWKSNoMatchingKey;
          if (!isOther) throw other;
        }
      }
      throw new errors.JWSSignatureVerificationFailed();
    });
  } catch (cause) {
    if (cause instanceof errors.JWTExpired) {
      throw new SignError(
        "identity-token-expired",
        "the identity provider gave a token that has expired already",
        "check this computer's clock",
      );
    }
    // A key that is no point of its curve, or no number, is told by errors of several classes.
    const isRefusal =
      cause instanceof errors.JOSEError ||
      cause instanceof TypeError ||
      cause instanceof DOMException;
    if (!isRefusal) throw cause;
    throw untrusted(`does not verify: ${inOneLine(cause.message)}`);
  }
}

/** The left half of the access token's hash (OpenID Connect Core 1.0 §3.1.3.6). */
function checkAccessTokenHash(claim: unknown, accessToken: string | undefined, alg: unknown): void {
  if (claim === undefined) return;
  if (accessToken === undefined) throw untrusted("goes with an access token that was not given");
  const name = alg === "EdDSA" || alg === "Ed25519" ? "sha512" : "sha256";
  const digest = hash(name, utf8Bytes(accessToken));
  const expected = base64Url(digest.subarray(0, digest.length / 2));
  if (typeof claim === "string" && bytesEqual(utf8Bytes(claim), utf8Bytes(expected))) return;
  throw untrusted("goes with another access token (at_hash)");
}

function untrusted(problem: string): SignError {
  return new SignError(
    "identity-token-untrusted",
    `the identity token that the provider gave ${problem}`,
    "sign in again; if it stays so, tell who runs the identity provider",
  );
}
