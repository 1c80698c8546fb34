// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { test } from "node:test";
import type { SignErrorCode } from "../../errors.ts";
import { accessTokenHash, type Misbehaviour, oidcProvider } from "../../../test/oidc-provider.ts";
import { fails, signIn } from "../../../test/sign-in.ts";
import { nowSeconds, tokenKey, tokenOf } from "../../../test/tokens.ts";

test("tokens of three algorithms are verified, with what they say of the access token", async () => {
  for (const alg of ["RS256", "ES256", "EdDSA"] as const) {
    const signer = tokenKey(alg);
    const at_hash = await accessTokenHash(alg === "EdDSA" ? "SHA-512" : "SHA-256");
    const how = { signer, keys: [tokenKey("ES256", "other").jwk, signer.jwk], claims: { at_hash } };
    const { outcome } = await signIn(await oidcProvider(how));
    assert.ok(!(outcome instanceof Error), String(outcome));
  }
});

test("a key is found where token and keys have no names", async () => {
  const [signer, other] = [tokenKey("ES256"), tokenKey("ES256")];
  const nameless = ({ jwk: { kid: _, ...jwk } }: typeof signer) => jwk;
  const keys = [nameless(other), nameless(signer)];
  const { outcome } = await signIn(
    await oidcProvider({ signer, keys, header: { kid: undefined } }),
  );
  assert.ok(!(outcome instanceof Error), String(outcome));
  const nobodys = { keys: [nameless(other), nameless(other)], header: { kid: undefined }, signer };
  await fails(nobodys, "identity-token-untrusted", /signature verification failed/);
  const late = { signer, keys, header: { kid: undefined }, claims: { exp: nowSeconds - 60 } };
  await fails(late, "identity-token-expired");
});

test("tokens that prove nothing, or answer something else, are refused", async () => {
  const untrusted = "identity-token-untrusted";
  const hs256 = { alg: "HS256" };
  const rs512 = tokenKey("RS512"); // it holds, and is not of the algorithms that are taken
  const rows: readonly (readonly [Misbehaviour, SignErrorCode, RegExp?])[] = [
    [{ signer: tokenKey("RS256") }, untrusted, /does not verify/],
    [{ signer: tokenKey("ES256") }, untrusted],
    [{ signer: tokenKey("ES256", "unknown") }, untrusted],
    [{ header: hs256 }, untrusted],
    [{ header: { alg: "RS512" } }, untrusted],
    [{ signer: rs512, keys: [rs512.jwk] }, untrusted, /"alg"/],
    [{ header: { crit: ["b64"], b64: false } }, untrusted],
    [{ header: { alg: "none" } }, "identity-token-malformed", /not signed/],
    [{ keys: [] }, untrusted],
    [{ keys: [{ kty: "RSA", n: "AQAB", e: "AQAB", kid: "key-RS256", alg: "RS256" }] }, untrusted],
    [
      { keys: [{ kty: "oct", k: "AAAA", kid: "key-RS256", alg: "HS256" }], header: hs256 },
      untrusted,
    ],
    [{ claims: { nonce: "another" } }, untrusted, /nonce/],
    [{ claims: { nonce: undefined } }, untrusted, /nonce/],
    [{ claims: { nonce: 7 } }, untrusted, /nonce/],
    [{ claims: { iss: "https://other.example" } }, untrusted, /"iss"/],
    [{ claims: { aud: "other" } }, untrusted, /"aud"/],
    [{ claims: { aud: ["other"] } }, untrusted, /"aud"/],
    [{ claims: { aud: ["sigstore", "other"], azp: "other" } }, untrusted, /azp/],
    [{ claims: { exp: nowSeconds - 31 } }, "identity-token-expired", /clock/],
    [{ claims: { exp: nowSeconds - 1 } }, "identity-token-expired"],
    [{ claims: { exp: undefined } }, untrusted, /"exp"/],
    [{ claims: { iat: undefined } }, untrusted, /"iat"/],
    [{ claims: { sub: undefined } }, untrusted, /"sub"/],
    [{ claims: { nbf: nowSeconds + 60 } }, untrusted, /"nbf"/],
    [{ claims: { at_hash: "AAAA" } }, untrusted, /at_hash/],
    [{ claims: { at_hash: 1 } }, untrusted, /at_hash/],
    [{ claims: { at_hash: "AAAA" }, token: { access_token: undefined } }, untrusted, /not given/],
    [{ claims: { email_verified: false } }, "email-unverified"],
    [{ token: { id_token: undefined } }, "oidc-malformed", /no ID token/],
    [{ token: { id_token: "" } }, "oidc-malformed", /no ID token/],
    [{ token: { id_token: 1 } }, "oidc-malformed", /no ID token/],
    [{ token: { id_token: "x.y.z" } }, "identity-token-malformed"],
    [{ token: { id_token: tokenOf('{"sub":"a","sub":"b"}') } }, "identity-token-malformed"],
  ];
  for (const [how, code, words] of rows) await fails(how, code, words);
});

test("keys that are none are told", async () => {
  for (const body of ["", "{}", '{"keys":1}', '{"keys":[1]}', '{"keys":[],"keys":[]}', "<html>"]) {
    await fails({ answers: { "/keys": [{ body }] } }, "oidc-malformed");
  }
  await fails({ keys: Array.from({ length: 65 }, () => ({})) }, "oidc-malformed", /64 keys/);
  await fails({ answers: { "/keys": [{ status: 404 }] } }, "oidc-refused");
});
