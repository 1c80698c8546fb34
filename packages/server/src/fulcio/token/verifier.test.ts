// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import crypto from "node:crypto";
import { test } from "node:test";
import fc from "fast-check";
import {
  base64Url,
  discoveryPath,
  publicJwk,
  signToken,
  startIssuer,
  tokenKey,
  type TestAlgorithm,
} from "../../../test/oidc-issuer.ts";
import { emailClaims, emailIssuers, refuses, start, world } from "../../../test/token-world.ts";
import { localKeySource, TokenVerifier } from "./index.ts";

test("a token of the issuer names its holder", async (t) => {
  const { issuer, verifier, token } = await world(t);
  assert.deepEqual(await verifier.authenticate(token()), {
    san: { kind: "email", value: "a@example.com" },
    extensions: { issuer: issuer.url, tokenSubject: "user-1" },
    challenges: ["a@example.com"],
  });
  assert.deepEqual(issuer.requests, [discoveryPath, "/keys"]);
});

test("every algorithm that issuers may sign with is verified", async (t) => {
  const { issuer, verifier, claims } = await world(t);
  const algorithms: TestAlgorithm[] = ["RS256", "PS256", "ES256", "ES384", "ES512", "EdDSA"];
  issuer.keys = algorithms.map((alg) => tokenKey(alg));
  for (const key of issuer.keys) {
    const token = signToken(key, claims());
    assert.equal((await verifier.authenticate(token)).san.value, "a@example.com", key.alg);
    const [header, payload, signature = ""] = token.split(".");
    const bytes = Buffer.from(signature, "base64url");
    bytes[bytes.length >> 1] = (bytes[bytes.length >> 1] as number) ^ 1;
    await refuses(verifier, `${header}.${payload}.${base64Url(bytes)}`, "bad-signature");
    const other = base64Url(JSON.stringify(claims({ email: "evil@example.com" })));
    await refuses(verifier, `${header}.${other}.${signature}`, "bad-signature");
  }
});

test("times: exp is exact, nbf may be five minutes ahead", async (t) => {
  const { verifier, token, clock } = await world(t);
  const now = start / 1000;
  await verifier.authenticate(token({ exp: now + 0.001 }));
  const expired = await refuses(
    verifier,
    token({ exp: now }),
    "expired",
    /^token is expired: by 0 s/,
  );
  assert.equal(expired.claim, "exp");
  await refuses(verifier, token({ exp: now - 30 }), "expired", /by 30 s, at 2030-01-01T00:00:00/);
  await refuses(verifier, token({ exp: 0 }), "expired");
  await verifier.authenticate(token({ nbf: now + 300 }));
  const early = await refuses(verifier, token({ nbf: now + 301 }), "not-yet-valid", /301 s/);
  assert.deepEqual([early.claim, early.temporary, expired.temporary], ["nbf", true, false]);
  clock.nowMs += 600_000;
  await refuses(verifier, token(), "expired");
  await refuses(verifier, token({ exp: undefined }), "claim-missing");
  for (const odd of ["2000000000", true, [1], -1, {}]) {
    await refuses(verifier, token({ exp: odd }), "claim-invalid");
    await refuses(verifier, token({ exp: 2e9, nbf: odd }), "claim-invalid");
  }
});

test("audiences: one of them must be the client-id", async (t) => {
  const { issuer, verifier, token } = await world(t);
  await verifier.authenticate(token({ aud: ["other", "sigstore"] }));
  for (const aud of ["other", ["other"], "sigstore ", "Sigstore", "", ["sigstore,x"]]) {
    await refuses(verifier, token({ aud }), "wrong-audience", /^expected audience "sigstore" got/);
  }
  for (const aud of [undefined, null, []]) await refuses(verifier, token({ aud }), "claim-missing");
  const many = Array.from({ length: 65 }, () => "sigstore");
  for (const aud of [1, { sigstore: 1 }, ["sigstore", 1], [["sigstore"]], many]) {
    await refuses(verifier, token({ aud }), "claim-invalid");
  }
  assert.equal(issuer.requests.length, 2, "nobody is asked because of such tokens");
});

test("issuers that are not configured are not asked", async (t) => {
  const { issuer, verifier, token } = await world(t);
  const other = await startIssuer(t);
  for (const iss of [other.url, `${issuer.url}/`, issuer.url.toUpperCase(), `${issuer.url}/x`]) {
    const refusal = await refuses(verifier, token({ iss }), "unknown-issuer");
    assert.equal(refusal.message, `unsupported issuer: ${JSON.stringify(iss)}`);
  }
  const { advice } = await refuses(verifier, token({ iss: "x" }), "unknown-issuer");
  assert.match(advice, /^use an issuer that \/api\/v2\/configuration lists/);
  await refuses(verifier, token({ iss: undefined }), "claim-missing");
  await refuses(verifier, token({ iss: "" }), "claim-missing");
  await refuses(verifier, token({ iss: [issuer.url] }), "claim-invalid");
  await refuses(verifier, token({ iss: `https://x/${"a".repeat(3000)}` }), "unknown-issuer");
  assert.deepEqual([issuer.requests, other.requests], [[], []]);
});

test("tokens without a signature, or signed with a shared secret, are refused", async (t) => {
  const { issuer, key, verifier, claims } = await world(t);
  const payload = base64Url(JSON.stringify(claims()));
  for (const alg of [
    "none",
    "None",
    "NONE",
    "",
    "HS256",
    "HS384",
    "RSA-OAEP",
    "__proto__",
    1,
    null,
  ]) {
    const header = base64Url(JSON.stringify({ alg, kid: key.kid }));
    await refuses(verifier, `${header}.${payload}.${base64Url("x")}`, "alg-not-allowed");
  }
  await refuses(verifier, `${base64Url('{"alg":"none"}')}.${payload}.`, "malformed");
  // The public key, in each form that a careless verifier might use as the secret.
  const { publicKey } = key;
  for (const secret of [
    publicKey.export({ format: "pem", type: "spki" }),
    publicKey.export({ format: "der", type: "spki" }),
    JSON.stringify(publicJwk(key)),
  ]) {
    const input = `${base64Url(JSON.stringify({ alg: "HS256", kid: key.kid }))}.${payload}`;
    const mac = crypto.createHmac("sha256", secret).update(input).digest();
    await refuses(verifier, `${input}.${base64Url(mac)}`, "alg-not-allowed");
  }
  assert.deepEqual(issuer.requests, []);
});

test("only what the issuer says it signs with is taken; RS256 where it says nothing", async (t) => {
  const { issuer, verifier, claims } = await world(t);
  const rsa = tokenKey("RS256");
  issuer.keys = [...issuer.keys, rsa];
  for (const algorithms of [undefined, [], ["HS256", "none"], ["RS256", "HS256", "none"]]) {
    issuer.algorithms = algorithms;
    const config = emailIssuers(issuer.url);
    const fresh = new TokenVerifier({ config: () => config, now: () => start });
    await fresh.authenticate(signToken(rsa, claims()));
    const [ec] = issuer.keys;
    assert.ok(ec);
    await refuses(fresh, signToken(ec, claims()), "alg-not-allowed", /does not sign with ES256/);
  }
  issuer.algorithms = ["ES256"];
  await refuses(verifier, signToken(rsa, claims()), "alg-not-allowed");
});

test("keys are chosen by kid, kind and algorithm, never by the token's header", async (t) => {
  const { issuer, key, verifier, claims } = await world(t);
  const [rsa, second, stranger] = [tokenKey("RS256"), tokenKey("ES256"), tokenKey("ES256")];
  issuer.keys = [key, rsa, second];
  await refuses(verifier, signToken(second, claims(), { kid: key.kid }), "bad-signature");
  await refuses(verifier, signToken(key, claims(), { kid: rsa.kid }), "kid-unknown");
  await refuses(verifier, signToken(key, claims(), { kid: "none" }), "kid-unknown", /"none"/);
  await refuses(verifier, signToken(key, claims(), { kid: 1 }), "malformed");
  await refuses(verifier, signToken({ ...rsa, alg: "PS256" }, claims()), "kid-unknown");
  const jwk = publicJwk(stranger);
  for (const header of [{ jwk }, { jwk, kid: undefined }, { jku: "http://x/", x5u: "http://x/" }]) {
    await refuses(
      verifier,
      signToken(stranger, claims(), { ...header, kid: key.kid }),
      "bad-signature",
    );
  }
  // Without a kid all keys of the kind are tried.
  await verifier.authenticate(signToken(second, claims(), { kid: undefined }));
  await refuses(verifier, signToken(stranger, claims(), { kid: undefined }), "bad-signature");
});

test("keys that say no algorithm are for all of their kind, and for no other", async (t) => {
  const { issuer, key, verifier, claims } = await world(t);
  const rsa = tokenKey("RS256");
  const openRsa = { ...publicJwk(rsa), alg: undefined };
  const openEc = { ...publicJwk(key), alg: undefined };
  issuer.answers.set("/keys", (_, response) =>
    response.end(JSON.stringify({ keys: [openRsa, openEc] })),
  );
  await verifier.authenticate(signToken(rsa, claims()));
  await verifier.authenticate(signToken({ ...rsa, alg: "PS256" }, claims()));
  await verifier.authenticate(signToken(key, claims()));
  await refuses(verifier, signToken(key, claims(), { kid: rsa.kid }), "kid-unknown");
  await refuses(verifier, signToken(rsa, claims(), { kid: key.kid }), "kid-unknown");
  await refuses(verifier, signToken(key, claims(), { alg: "ES384" }), "kid-unknown");
});

test("headers that want something understood are refused", async (t) => {
  const { key, verifier, claims, token } = await world(t);
  for (const crit of [["b64"], ["exp"], [], "b64", null]) {
    const header = { crit, b64: true };
    await refuses(verifier, token({}, header), "unsupported-header");
  }
  // Without crit it says nothing (RFC 7797 §6).
  await verifier.authenticate(token({}, { b64: false, typ: "at+jwt" }));
  const twice = `{"alg":"ES256","kid":"none","kid":${JSON.stringify(key.kid)}}`;
  await refuses(verifier, signToken(key, claims(), twice), "malformed", /stands twice/);
});

test("payloads with names that stand twice are refused, at any depth", async (t) => {
  const { issuer, key, verifier } = await world(t);
  const base = `"iss":"${issuer.url}","sub":"s","aud":"sigstore","exp":${start / 1000 + 60}`;
  const email = `"email":"a@example.com","email_verified":true`;
  for (const twice of [
    `{${base},${email},"email":"evil@example.com"}`,
    `{${base},${email},"\\u0065mail":"evil@example.com"}`,
    `{"iss":"https://evil.example.com",${base},${email}}`,
    `{${base},${email},"a":{"b":[{"c":1,"c":2}]}}`,
  ]) {
    await refuses(verifier, signToken(key, twice), "malformed", /stands twice/);
  }
  // Names differ by case, which Go's JSON would take for the same.
  const cased = `{${base},${email},"Email":"evil@example.com","EMAIL_VERIFIED":true}`;
  assert.equal((await verifier.authenticate(signToken(key, cased))).san.value, "a@example.com");
  const upper = `{${base},"Email":"a@example.com","email_verified":true}`;
  await refuses(verifier, signToken(key, upper), "email-missing");
  await refuses(verifier, signToken(key, `{${base},"__proto__":{${email}}}`), "email-missing");
});

test("what is no JWT is refused", async (t) => {
  const { issuer, key, verifier, token, claims } = await world(t);
  const good = token();
  const [header = "", payload = "", signature = ""] = good.split(".");
  for (const text of [
    "",
    ".",
    "..",
    "a.b.c",
    "not a token",
    `${header}.${payload}`,
    `${good}.`,
    `${good}.x.y`,
    ` ${good}`,
    `${good}\n`,
    `${good}=`,
    `${header}..${signature}`,
    `${header}.${payload}.`,
    `${header}=.${payload}.${signature}`,
    `${header}.${payload.slice(0, -1)}+.${signature}`,
    `${header}.${payload}\u00e9.${signature}`,
    signToken(key, "text"),
    signToken(key, '"text"'),
    signToken(key, "[]"),
    signToken(key, "null"),
    signToken(key, "1"),
    signToken(key, '{"iss":'),
    signToken(key, `${JSON.stringify(claims())} {}`),
    signToken(key, `\ufeff${JSON.stringify(claims())}`),
    signToken(key, claims(), "[]"),
    signToken(key, `{"a":${"[".repeat(20)}${"]".repeat(20)}}`),
    signToken(key, `{"a":[${"1,".repeat(5000)}1]}`),
    signToken(key, '{"a":"\\ud800"}'),
  ]) {
    await refuses(verifier, text, "malformed");
  }
  // One token has one form: bits that carry nothing must be zero.
  const last = signature.at(-1) as string;
  const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
  const twin = alphabet[alphabet.indexOf(last) + 1] as string;
  await refuses(verifier, `${good.slice(0, -1)}${twin}`, "malformed");
  assert.deepEqual(issuer.requests, []);
});

test("no change of a token, however small, makes another token or another error", async () => {
  const key = tokenKey("EdDSA");
  const url = "https://idp.example.com";
  const config = emailIssuers(url);
  const source = localKeySource(() => ({ keys: [publicJwk(key)] }), ["EdDSA"]);
  const verifier = new TokenVerifier({
    config: () => config,
    now: () => start,
    localIssuers: new Map([[url, source]]),
  });
  const token = signToken(key, emailClaims(url));
  await verifier.authenticate(token);
  const at = fc.nat(token.length - 1);
  const text = fc.string({ unit: "binary", maxLength: 3 });
  await fc.assert(
    fc.asyncProperty(at, fc.nat(4), text, async (offset, length, inserted) => {
      const changed = token.slice(0, offset) + inserted + token.slice(offset + length);
      fc.pre(changed !== token);
      await assert.rejects(verifier.authenticate(changed), { name: "TokenError" });
    }),
    { numRuns: 300 },
  );
});

test("huge tokens and claims are refused", async (t) => {
  const { issuer, verifier, token } = await world(t);
  await refuses(verifier, token({ x: "a".repeat(64 << 10) }), "too-large");
  await refuses(verifier, "a".repeat(1 << 20), "too-large");
  await refuses(verifier, token({ sub: "a".repeat(2049) }), "too-large");
  await refuses(verifier, token({ sub: "a".repeat(5000) }), "too-large");
  assert.deepEqual(issuer.requests, []);
  const groups = Array.from({ length: 1000 }, (_, i) => `group-${i}`);
  await verifier.authenticate(token({ groups }));
  await refuses(verifier, token({ email: `${"a".repeat(5000)}@example.com` }), "too-large");
});

test("sub must be there, as text that reads as it is", async (t) => {
  const { verifier, token } = await world(t);
  for (const sub of [undefined, null, ""]) await refuses(verifier, token({ sub }), "claim-missing");
  for (const sub of [1, ["a"], "a\nb", "a\0", "\u009b"]) {
    await refuses(verifier, token({ sub }), "claim-invalid");
  }
});

test("e-mail addresses that are not verified name nobody", async (t) => {
  const { verifier, token } = await world(t);
  for (const email_verified of [false, "false", undefined, null]) {
    await refuses(verifier, token({ email_verified }), "email-unverified");
  }
  await refuses(verifier, token({ email: undefined, sub: "a@example.com" }), "email-missing");
  await refuses(verifier, token({ email: "a@example.com\0" }), "email-invalid");
  await refuses(verifier, token({ email_verified: 1 }), "claim-invalid");
});
