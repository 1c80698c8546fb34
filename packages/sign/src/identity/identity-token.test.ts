// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { test } from "node:test";
import { inspect } from "node:util";
import { refuses } from "../../test/keys.ts";
import { base64Url, claims, now, nowSeconds, tokenOf } from "../../test/tokens.ts";
import { IdentityToken } from "./identity-token.ts";

const header = base64Url('{"alg":"ES256"}');
const payload = base64Url(JSON.stringify(claims));
const malformed = refuses("identity-token-malformed");

test("a verified e-mail address is the identity, and what the key signs", () => {
  for (const email_verified of [true, "true", "True"]) {
    const token = new IdentityToken(tokenOf({ email_verified }));
    assert.equal(token.kind, "email");
    assert.equal(token.identity, "alice@example.com");
    assert.deepEqual(token.challenge(), new TextEncoder().encode("alice@example.com"));
    assert.equal(token.issuer, "https://issuer.example");
    assert.deepEqual(token.audiences, ["sigstore"]);
    assert.equal(token.expiresAt.getTime(), (nowSeconds + 300) * 1000);
    assert.equal(token.connector, undefined);
  }
});

test("without an e-mail address it is the subject, verified or not", () => {
  for (const email of [undefined, null, ""]) {
    const token = new IdentityToken(tokenOf({ email, email_verified: false, sub: "rö" }));
    assert.equal(token.kind, "subject");
    assert.equal(token.identity, "rö");
    assert.deepEqual(token.challenge(), new TextEncoder().encode("rö"));
  }
});

test("an address that nobody verified is refused", () => {
  for (const email_verified of [false, "false", "TRUE", "yes", 1, null, [], {}, undefined]) {
    const unverified = refuses("email-unverified", /alice@example\.com/);
    assert.throws(() => new IdentityToken(tokenOf({ email_verified })), unverified);
  }
});

test("the provider behind the issuer is told", () => {
  const federated = (connector_id: unknown) => tokenOf({ federated_claims: { connector_id } });
  const found = new IdentityToken(federated("https://github.com/login/oauth"));
  assert.equal(found.connector, "https://github.com/login/oauth");
  assert.throws(() => new IdentityToken(federated(7)), malformed);
  assert.equal(new IdentityToken(tokenOf({ federated_claims: "x" })).connector, undefined);
});

test("claims that are missing or of another kind are refused", () => {
  const bad = {
    iss: [undefined, null, "", 1, ["https://issuer.example"], "a\nb", "x".repeat(2049)],
    email: [1, true, ["a@b"], { a: 1 }, "a\u0000@b", "a@b\r\nx: y"],
    aud: [undefined, null, 1, {}, [1], Array.from({ length: 65 }, () => "a")],
    exp: [undefined, null, "1", -1, 1e300, {}],
  };
  for (const [name, values] of Object.entries(bad)) {
    for (const value of values) {
      const text = tokenOf({ [name]: value });
      assert.throws(() => new IdentityToken(text), malformed, `${name} ${JSON.stringify(value)}`);
    }
  }
  for (const sub of [undefined, null, "", 5, []]) {
    assert.throws(() => new IdentityToken(tokenOf({ email: undefined, sub })), malformed);
  }
});

test("what is no signed token in its one form is refused", () => {
  const texts = [
    "",
    "..",
    "a.b",
    `${header}.${payload}`,
    `${header}.${payload}.`,
    `${header}.${payload}.AA.AA`,
    `.${payload}.AAAA`,
    `${header}..AAAA`,
    `${header}.${payload}.AA==`,
    `${header}.${payload}.A+/A`,
    `${header}.${payload}.AB`,
    `${header}.${payload}.AAAA\n`,
    ` ${header}.${payload}.AAAA`,
    `${header}=.${payload}.AAAA`,
    `${base64Url("[]")}.${payload}.AAAA`,
    `${header}.${base64Url("7")}.AAAA`,
    `${header}.${base64Url("{")}.AAAA`,
    `${header}.${base64Url('{"sub":"a","sub":"b"}')}.AAAA`,
    `${header}.${base64Url(Uint8Array.of(0x7b, 0xff, 0x7d))}.AAAA`,
    `${header}.${base64Url("[".repeat(40))}.AAAA`,
    `${base64Url('{"alg":"none"}')}.${payload}.AAAA`,
    `${base64Url('{"alg":"NoNe"}')}.${payload}.AAAA`,
    `${base64Url("{}")}.${payload}.AAAA`,
    `${base64Url('{"alg":7}')}.${payload}.AAAA`,
    tokenOf({ x: "y".repeat(64 << 10) }),
  ];
  for (const text of texts) {
    assert.throws(() => new IdentityToken(text), malformed, text.slice(0, 200));
  }
});

test("no byte of a token can be left away", () => {
  const text = tokenOf();
  const cut = text.lastIndexOf(".");
  for (let end = 0; end <= cut + 1; end += 7) {
    assert.throws(() => new IdentityToken(text.slice(0, end)), malformed);
  }
});

test("errors do not hold the token, or any name in it", () => {
  const secret = `${header}.${base64Url('{"s3cret":1,"s3cret":2}')}.c2VjcmV0`;
  assert.throws(
    () => new IdentityToken(secret),
    (error: Error) => {
      const all = inspect(error, { depth: 1 }).split("\n    at ")[0] ?? "";
      return malformed(error) && !/s3cret|c2VjcmV0/.test(`${all}${error.message}`);
    },
  );
});

test("printing, logging and serialising show everything but the token", () => {
  const text = tokenOf();
  const token = new IdentityToken(text);
  const signature = text.slice(text.lastIndexOf(".") + 1);
  assert.equal(token.bearer(), text);
  const shown = [
    inspect(token, { showHidden: true, depth: 9 }),
    JSON.stringify(token),
    String(token),
  ];
  for (const view of [...shown, inspect({ token }, { depth: 9 })]) {
    assert.ok(view.includes("alice@example.com"), view);
    assert.ok(!view.includes(signature) && !view.includes(payload), view);
  }
});

test("a token is good until the second it names, and no longer", () => {
  const token = new IdentityToken(tokenOf({ exp: nowSeconds + 1 }));
  token.requireUnexpired(now);
  token.requireUnexpired(now + 999);
  const expired = refuses("identity-token-expired", /2026-03-01T12:00:01\.000Z/);
  assert.throws(() => token.requireUnexpired(now + 1000), expired);
  assert.throws(() => token.requireUnexpired(now + 86_400_000), expired);
});

test("a token for others is refused", () => {
  const accept = (aud: unknown, accepted: string[]) =>
    new IdentityToken(tokenOf({ aud })).requireAudience(accepted);
  accept("sigstore", ["sigstore"]);
  accept(["other", "sigstore"], ["sigstore"]);
  accept("mine", ["sigstore", "mine"]);
  const foreign = refuses("identity-token-audience", /not for sigstore/);
  for (const aud of ["", "Sigstore", "sigstore ", "sts.amazonaws.com", [], ["a", "b"]]) {
    assert.throws(() => accept(aud, ["sigstore"]), foreign, JSON.stringify(aud));
  }
});
