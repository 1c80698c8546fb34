// SPDX-License-Identifier: Apache-2.0
// One issuer, a verifier that believes it, tokens, and refusals of them.
import assert from "node:assert/strict";
import type { TestContext } from "node:test";
import { TokenError, type TokenErrorCode, tokenErrorText } from "../src/fulcio/claims/index.ts";
import { type FulcioConfig, readConfig } from "../src/fulcio/config/index.ts";
import { TokenVerifier, type TokenVerifierOptions } from "../src/fulcio/token/index.ts";
import { signToken, startIssuer, type TestIssuer, type TestTokenKey } from "./oidc-issuer.ts";

export const start: number = Date.UTC(2030, 0, 1);

/** A clock that tests move. */
function testClock(): { readonly now: () => number; nowMs: number } {
  const clock = { nowMs: start, now: () => clock.nowMs };
  return clock;
}

export interface World {
  readonly issuer: TestIssuer;
  readonly key: TestTokenKey;
  readonly clock: ReturnType<typeof testClock>;
  readonly verifier: TokenVerifier;
  readonly claims: (changes?: object) => Record<string, unknown>;
  readonly token: (changes?: object, header?: unknown) => string;
}

/** One issuer of e-mail identities, and a verifier that believes it. */
export async function world(
  t: TestContext,
  options: Partial<TokenVerifierOptions> = {},
): Promise<World> {
  const issuer = await startIssuer(t);
  const [key] = issuer.keys;
  assert.ok(key);
  const clock = testClock();
  const config = emailIssuers(issuer.url);
  const limits = { backoffMs: 1, timeoutMs: 20_000, ...options.limits };
  const verifier = new TokenVerifier({
    config: () => config,
    now: clock.now,
    ...options,
    limits,
  });
  const claims = (changes: object = {}): Record<string, unknown> =>
    emailClaims(issuer.url, changes);
  const token = (changes: object = {}, header: unknown = {}): string =>
    signToken(key, claims(changes), header);
  return { issuer, key, clock, verifier, claims, token };
}

export async function refuses(
  verifier: TokenVerifier,
  token: string,
  code: TokenErrorCode,
  message?: RegExp,
): Promise<TokenError> {
  let refusal: TokenError | undefined;
  await assert.rejects(verifier.authenticate(token), (error) => {
    assert.ok(error instanceof TokenError, String(error));
    assert.equal(error.code, code, error.message);
    assert.equal(error.wireText, tokenErrorText);
    if (message) assert.match(error.message, message);
    for (const part of token.split(".").filter(({ length }) => length > 20)) {
      assert.ok(!error.message.includes(part), "a token is a secret");
    }
    refusal = error;
    return true;
  });
  assert.ok(refusal);
  return refusal;
}

/** A configuration with issuers of e-mail identities. */
export function emailIssuers(...urls: readonly string[]): FulcioConfig {
  return issuersOf("oidc-issuers", urls);
}

/** A configuration that believes whoever matches a pattern. */
export function emailPatterns(...patterns: readonly string[]): FulcioConfig {
  return issuersOf("meta-issuers", patterns);
}

function issuersOf(setting: string, urls: readonly string[]): FulcioConfig {
  const entry = { "client-id": "sigstore", type: "email" };
  return readConfig({ [setting]: Object.fromEntries(urls.map((url) => [url, entry])) }, "test");
}

/** What a token says of somebody with an e-mail address. */
export function emailClaims(iss: string, changes: object = {}): Record<string, unknown> {
  return {
    iss,
    sub: "user-1",
    aud: "sigstore",
    exp: start / 1000 + 600,
    iat: start / 1000,
    email: "a@example.com",
    email_verified: true,
    ...changes,
  };
}
