// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import crypto from "node:crypto";
import { test } from "node:test";
import {
  discoveryPath,
  publicJwk,
  signToken,
  startIssuer,
  tokenKey,
  type TestTokenKey,
} from "../../../test/oidc-issuer.ts";
import { emailClaims, emailIssuers, refuses, start, world } from "../../../test/token-world.ts";
import type { TokenErrorCode } from "../claims/index.ts";
import { readConfig } from "../config/index.ts";
import { localKeySource, TokenVerifier } from "./index.ts";

test("keys are asked for once, and again when they are old", async (t) => {
  const { issuer, verifier, token, clock } = await world(t);
  const fresh = (): object => ({ exp: clock.nowMs / 1000 + 60 });
  await Promise.all([1, 2, 3].map(async () => await verifier.authenticate(token(fresh()))));
  await verifier.authenticate(token(fresh()));
  assert.equal(issuer.requests.length, 2);
  clock.nowMs += 299_999;
  await verifier.authenticate(token(fresh()));
  assert.equal(issuer.requests.length, 2);
  clock.nowMs += 1;
  await verifier.authenticate(token(fresh()));
  assert.equal(issuer.requests.length, 4);
});

test("a new key is found at once, but nobody is asked for each unknown one", async (t) => {
  const { issuer, key, verifier, claims, clock } = await world(t);
  await verifier.authenticate(signToken(key, claims()));
  clock.nowMs += 10_000;
  const next = tokenKey();
  issuer.keys = [key, next];
  await verifier.authenticate(signToken(next, claims()));
  assert.equal(issuer.requests.length, 4);
  const stranger = tokenKey();
  for (let i = 0; i < 5; i++) {
    await refuses(verifier, signToken(stranger, claims()), "kid-unknown");
    await refuses(verifier, signToken(stranger, claims(), { kid: key.kid }), "bad-signature");
  }
  assert.equal(issuer.requests.length, 4);
  clock.nowMs += 10_000;
  await refuses(verifier, signToken(stranger, claims()), "kid-unknown");
  await verifier.authenticate(signToken(key, claims()));
  assert.equal(issuer.requests.length, 6);
});

test("a withdrawn key is believed until the keys are old, and no longer", async (t) => {
  const { issuer, key, verifier, claims, clock } = await world(t);
  const token = signToken(key, claims({ exp: start / 1000 + 86_400 }));
  await verifier.authenticate(token);
  issuer.keys = [tokenKey()];
  clock.nowMs += 299_999;
  await verifier.authenticate(token);
  clock.nowMs += 1;
  await refuses(verifier, token, "kid-unknown");
});

test("while the issuer is down its keys are believed, for an hour at most", async (t) => {
  const problems: string[] = [];
  const { issuer, key, verifier, claims, clock } = await world(t, {
    onIssuerProblem: (iss, { code }) => problems.push(`${iss} ${code}`),
  });
  const token = signToken(key, claims({ exp: start / 1000 + 86_400 }));
  await verifier.authenticate(token);
  await issuer.close();
  clock.nowMs += 3_599_999;
  await verifier.authenticate(token);
  assert.deepEqual(problems, [`${issuer.url} issuer-unreachable`]);
  clock.nowMs += 5001;
  const refusal = await refuses(verifier, token, "issuer-unreachable", /ECONNREFUSED/);
  assert.equal(refusal.temporary, true);
});

test("an issuer that is down is tried a few times, then left alone for a moment", async (t) => {
  const { issuer, verifier, token, clock } = await world(t);
  const works = issuer.answers.get(discoveryPath);
  assert.ok(works);
  let failures = 0;
  issuer.answers.set(discoveryPath, (_, response) => {
    failures++;
    response.writeHead(503).end();
  });
  await refuses(verifier, token(), "issuer-unreachable", /answered with 503/);
  assert.equal(failures, 3);
  await refuses(verifier, token(), "issuer-unreachable");
  assert.equal(failures, 3);
  issuer.answers.set(discoveryPath, (request, response) => {
    if (++failures < 5) response.writeHead(500).end();
    else works(request, response);
  });
  clock.nowMs += 5000;
  await verifier.authenticate(token());
  assert.equal(failures, 5);
});

test("what an issuer publishes must be of its form", async (t) => {
  const json = (value: unknown): string => JSON.stringify(value);
  const cases: [path: string, body: (url: string) => string, code: TokenErrorCode][] = [
    [discoveryPath, () => "", "issuer-malformed"],
    [discoveryPath, () => "<html>", "issuer-malformed"],
    [discoveryPath, () => "[]", "issuer-malformed"],
    [discoveryPath, (url) => `{"issuer":"x","issuer":"${url}"}`, "issuer-malformed"],
    [discoveryPath, (url) => json({ issuer: url }), "issuer-malformed"],
    [discoveryPath, (url) => json({ issuer: url, jwks_uri: "/keys" }), "issuer-malformed"],
    [discoveryPath, (url) => json({ issuer: url, jwks_uri: ["x"] }), "issuer-malformed"],
    [
      discoveryPath,
      (url) => json({ issuer: url, jwks_uri: "file:///etc/passwd" }),
      "issuer-address-refused",
    ],
    [
      discoveryPath,
      (url) => json({ issuer: url, jwks_uri: url.replace("//", "//u:p@") }),
      "issuer-address-refused",
    ],
    [discoveryPath, () => " ".repeat(600_000), "issuer-malformed"],
    [discoveryPath, (url) => json({ jwks_uri: `${url}/keys` }), "issuer-mismatch"],
    [
      discoveryPath,
      (url) => json({ issuer: `${url}/`, jwks_uri: `${url}/keys` }),
      "issuer-mismatch",
    ],
    [discoveryPath, (url) => json({ issuer: url.toUpperCase(), jwks_uri: url }), "issuer-mismatch"],
    ["/keys", () => "{}", "issuer-malformed"],
    ["/keys", () => '{"keys":{}}', "issuer-malformed"],
    ["/keys", () => "[]", "issuer-malformed"],
    ["/keys", () => `{"keys":[${"{},".repeat(2000)}{}]}`, "issuer-malformed"],
    ["/keys", () => `{"keys":[],"x":"${"a".repeat(600_000)}"}`, "issuer-malformed"],
    ["/keys", () => '{"keys":[]}', "kid-unknown"],
  ];
  const { issuer, token, clock } = await world(t);
  const saved = new Map(issuer.answers);
  for (const [path, body, code] of cases) {
    for (const [each, answer] of saved) issuer.answers.set(each, answer);
    issuer.answers.set(path, (_, response) => response.end(body(issuer.url)));
    const config = emailIssuers(issuer.url);
    const verifier = new TokenVerifier({ config: () => config, now: clock.now });
    await refuses(verifier, token(), code);
  }
});

test("keys that are none, too small, or for something else are passed over", async (t) => {
  const { issuer, key, verifier, token, claims } = await world(t);
  const jwk = publicJwk(key);
  const small = crypto.generateKeyPairSync("rsa", { modulusLength: 1024 });
  const weak: TestTokenKey = { alg: "RS256", kid: "weak", ...small };
  const { kid } = key;
  const keys = [
    null,
    "x",
    [],
    {},
    { ...jwk, use: "enc" },
    { ...jwk, key_ops: ["encrypt"] },
    { ...jwk, alg: "ES384" },
    { ...jwk, kty: "oct", k: "AAAA" },
    { ...jwk, crv: "secp256k1" },
    { ...jwk, x: "AAAA" },
    { ...jwk, x: jwk["y"] },
    { ...jwk, y: "!" },
    { kid, kty: "OKP", crv: "Ed25519", x: "AAAA" },
    { kid: "x".repeat(2000), kty: "EC" },
    publicJwk(weak),
  ];
  issuer.answers.set("/keys", (_, response) => response.end(JSON.stringify({ keys })));
  await refuses(verifier, token(), "bad-signature");
  await refuses(verifier, signToken(weak, claims()), "kid-unknown");
});

test("a good key among bad ones is found, and private members do no harm", async (t) => {
  const { issuer, key, verifier, token } = await world(t);
  const { kid } = key;
  const whole = { ...key.privateKey.export({ format: "jwk" }), kid };
  const keys = [publicJwk(tokenKey("ES256", kid)), publicJwk(tokenKey("RS256", kid)), whole];
  issuer.answers.set("/keys", (_, response) => response.end(JSON.stringify({ keys })));
  await verifier.authenticate(token());
});

test("the issuer of the same process is believed without a request", async () => {
  const key = tokenKey("RS256");
  const url = "https://sigstore.example.com/oidc";
  const config = emailIssuers(url);
  let set = { keys: [publicJwk(key)] };
  const verifier = new TokenVerifier({
    config: () => config,
    now: () => start,
    localIssuers: new Map([[url, localKeySource(() => set)]]),
    resolve: () => assert.fail("nothing is to be looked up"),
  });
  await verifier.warmUp();
  const claims = emailClaims(url);
  await verifier.authenticate(signToken(key, claims));
  const next = tokenKey("RS256");
  await refuses(verifier, signToken(next, claims), "kid-unknown");
  set = { keys: [publicJwk(next)] };
  await verifier.authenticate(signToken(next, claims));
  await refuses(verifier, signToken(key, claims), "kid-unknown");
  const ec = tokenKey("ES256");
  set = { keys: [publicJwk(ec)] };
  await refuses(verifier, signToken(ec, claims), "alg-not-allowed");
});

test("keys of the same process are the same as long as they say the same", async () => {
  const keys = [publicJwk(tokenKey("RS256"))];
  const source = localKeySource(() => ({ keys: [...keys] }));
  const known = await source.current();
  assert.equal(await source.current(), known);
  assert.equal(await source.newer(known), undefined);
  keys.push(publicJwk(tokenKey("RS256")));
  assert.equal((await source.newer(known))?.keys.length, 2);
});

test("issuers are asked at the start, and one that is down keeps nobody from starting", async (t) => {
  const [up, down] = [await startIssuer(t), await startIssuer(t)];
  await down.close();
  const config = emailIssuers(up.url, down.url);
  const problems: string[] = [];
  const verifier = new TokenVerifier({
    config: () => config,
    now: () => start,
    limits: { backoffMs: 1 },
    onIssuerProblem: (iss, { code }) => problems.push(`${iss} ${code}`),
  });
  await verifier.warmUp();
  assert.deepEqual(problems, [`${down.url} issuer-unreachable`]);
  assert.deepEqual(up.requests, [discoveryPath, "/keys"]);
});

test("a configuration that changes is the one that counts", async (t) => {
  const { issuer, key, claims } = await world(t);
  const settings = (clientId: string, url = issuer.url): object => ({
    "oidc-issuers": { [url]: { "client-id": clientId, type: "email" } },
  });
  let config = readConfig(settings("sigstore"), "test");
  const verifier = new TokenVerifier({ config: () => config, now: () => start });
  await verifier.authenticate(signToken(key, claims()));
  config = readConfig(settings("other"), "test");
  await refuses(verifier, signToken(key, claims()), "wrong-audience");
  config = readConfig(settings("sigstore", "https://other.example.com"), "test");
  await refuses(verifier, signToken(key, claims()), "unknown-issuer");
});
