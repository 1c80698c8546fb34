// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { after, test } from "node:test";
import { inspect } from "node:util";
import type { SignErrorCode } from "../../errors.ts";
import { refuses } from "../../../test/keys.ts";
import {
  accessTokenHash,
  type Misbehaviour,
  oidcProvider,
  type TestProvider,
} from "../../../test/oidc-provider.ts";
import { base64Url, now, nowSeconds, tokenKey, tokenOf } from "../../../test/tokens.ts";
import type { Person } from "../context.ts";
import type { IdentityToken } from "../identity-token.ts";
import { signInWithBrowser } from "./authorization-code.ts";
import type { FlowInput } from "./flow.ts";
import { discover } from "./provider.ts";
import { newPkce } from "./random.ts";

interface Attempt {
  readonly flow?: Partial<FlowInput>;
  readonly person?: Partial<Person>;
  readonly callbackMs?: number;
}

/** Signs in with a browser that goes where it is sent at once. */
async function signIn(provider: TestProvider, attempt: Attempt = {}) {
  const told: string[] = [];
  let visit: ReturnType<TestProvider["visit"]> | undefined;
  const openBrowser = async (url: string) => {
    visit = provider.visit(url);
    return true;
  };
  const person = { tell: (line: string) => void told.push(line), openBrowser, ...attempt.person };
  const http = { wait: async () => undefined };
  const input = {
    provider: await discover(provider.issuer, http),
    client: { id: "sigstore", secret: undefined },
    nowMs: () => now,
    http,
    redirectUrl: undefined,
    connector: undefined,
    ...attempt.flow,
  };
  const outcome: IdentityToken | Error = await signInWithBrowser(
    input,
    person,
    attempt.callbackMs,
  ).catch((error: Error) => error);
  return { outcome, told, page: await visit };
}

async function fails(how: Misbehaviour, code: SignErrorCode, words?: RegExp, attempt?: Attempt) {
  const provider = await oidcProvider(how);
  const { outcome, page } = await signIn(provider, attempt);
  refuses(code, words)(outcome);
  const all = inspect(outcome, { depth: 8 });
  for (const secret of ["code-secret", "client-secret", provider.forms[0]?.["code_verifier"]]) {
    assert.ok(secret === undefined || !all.includes(secret), all);
  }
  return { provider, page, outcome: outcome as Error };
}

test("a person signs in, and the token is verified", async () => {
  const provider = await oidcProvider();
  const { outcome, told, page } = await signIn(provider);
  assert.ok(!(outcome instanceof Error), String(outcome));
  assert.equal(outcome.identity, "alice@example.com");
  assert.equal(page?.status, 200);
  assert.match(page?.text ?? "", /Your terminal has the answer/);
  assert.match(told.join("|"), /^Sign in with a browser at this address:\n\nhttp\S+\n$/);
  const address = new URL(/http\S+/.exec(told.join("\n"))?.[0] ?? "");
  const { redirect_uri, state, nonce, code_challenge, ...rest } = Object.fromEntries(
    address.searchParams,
  );
  assert.match(redirect_uri ?? "", /^http:\/\/localhost:\d+\/auth\/callback$/);
  assert.deepEqual(rest, {
    response_type: "code",
    client_id: "sigstore",
    scope: "openid email",
    code_challenge_method: "S256",
    access_type: "online",
  });
  for (const random of [state, nonce, code_challenge]) assert.match(random ?? "", /^[\w-]{43}$/);
  const [{ code_verifier = "", ...form } = {}] = provider.forms;
  assert.deepEqual(form, {
    grant_type: "authorization_code",
    code: "code-secret",
    redirect_uri,
    client_id: "sigstore",
  });
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(code_verifier));
  assert.equal(base64Url(new Uint8Array(digest)), code_challenge);
});

test("nothing random is used twice", () => {
  const [a, b] = [newPkce(), newPkce()];
  assert.notEqual(a.verifier, b.verifier);
  assert.notEqual(a.challenge, a.verifier);
});

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
  const rows: readonly (readonly [Misbehaviour, SignErrorCode, RegExp?])[] = [
    [{ signer: tokenKey("RS256") }, untrusted, /does not verify/],
    [{ signer: tokenKey("ES256") }, untrusted],
    [{ signer: tokenKey("ES256", "unknown") }, untrusted],
    [{ header: hs256 }, untrusted],
    [{ header: { alg: "RS512" } }, untrusted],
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

test("answers that the browser brings to another request are refused", async () => {
  const state = "oidc-state-mismatch";
  const named = { authorization_response_iss_parameter_supported: true };
  const rows: readonly (readonly [Misbehaviour, SignErrorCode, RegExp])[] = [
    [{ callback: { state: "another" } }, state, /state/],
    [{ callback: { state: "" } }, state, /state/],
    [{ callback: { state: undefined } }, state, /state/],
    [{ callback: { iss: "https://other.example" } }, state, /iss/],
    [{ discovery: named }, state, /iss/],
    [{ callback: { code: undefined } }, "oidc-malformed", /without a code/],
    [{ callback: { code: "" } }, "oidc-malformed", /without a code/],
    [{ callback: { code: "x".repeat(5000) } }, "oidc-malformed", /without a code/],
    [{ callback: { error: "access_denied", code: undefined } }, "oidc-denied", /access_denied/],
    [
      { callback: { error: "server_error", error_description: "out\u001b[31m of order" } },
      "oidc-refused",
      /server_error: out \[31m of order/,
    ],
    [{ callback: { error: "access_denied", state: "another" } }, state, /state/],
  ];
  for (const [how, code, words] of rows) {
    const { provider, page } = await fails(how, code, words);
    assert.equal(page?.status, 400);
    assert.equal(page?.text.includes("another"), false);
    assert.deepEqual(provider.forms, []);
  }
});

test("an answer that names its issuer rightly is taken", async () => {
  const discovery = { authorization_response_iss_parameter_supported: true };
  const provider = await oidcProvider({ discovery });
  const named: TestProvider = {
    ...provider,
    visit: async (address) => {
      const url = new URL(address);
      const back = new URL(url.searchParams.get("redirect_uri") ?? "");
      back.searchParams.set("iss", provider.issuer);
      url.searchParams.set("redirect_uri", back.href);
      return provider.visit(url.href);
    },
  };
  const { outcome } = await signIn(named);
  assert.ok(!(outcome instanceof Error), String(outcome));
});

test("the port serves the answer's path, once, and its page holds nothing of the answer", async () => {
  const provider = await oidcProvider();
  let statuses: number[] = [];
  const openBrowser = async (address: string) => {
    const callback = new URL(new URL(address).searchParams.get("redirect_uri") ?? "");
    const status = async (url: string | URL, method = "GET") =>
      (await fetch(url, { method })).status;
    statuses = [
      await status(callback.origin),
      await status(`${callback.href}/x`),
      await status(callback, "POST"),
      await status(callback, "HEAD"),
      (await provider.visit(address)).status,
    ];
    return true;
  };
  const { outcome } = await signIn(provider, { person: { openBrowser } });
  assert.ok(!(outcome instanceof Error), String(outcome));
  assert.deepEqual(statuses, [404, 404, 405, 405, 200]);
});

test("the port is free again, however a sign-in ends", async () => {
  for (const how of [{}, { callback: { state: "another" } }]) {
    const provider = await oidcProvider(how);
    const { told } = await signIn(provider);
    const address = new URL(/http\S+/.exec(told.join("\n"))?.[0] ?? "");
    const callback = address.searchParams.get("redirect_uri") ?? "";
    await assert.rejects(fetch(callback), /fetch failed/);
  }
});

test("token answers that are none are told apart", async () => {
  const html = { headers: { "content-type": "text/html" }, body: "<html>" };
  const json = (status: number, body: object) => ({ status, body: JSON.stringify(body) });
  const leak = { error: "invalid_grant", error_description: "the code code-secret is used" };
  const rows: readonly (readonly [object, SignErrorCode, RegExp?])[] = [
    [
      json(400, { error: "invalid_grant", error_description: "used\nup" }),
      "oidc-refused",
      /used up/,
    ],
    [json(400, leak), "oidc-refused", /repeats what was sent/],
    [json(200, { error: "access_denied" }), "oidc-denied"],
    [json(401, { error: "invalid_client" }), "oidc-refused", /check the client/],
    [json(400, {}), "oidc-refused", /answers 400/],
    [json(200, []), "oidc-malformed"],
    [{ ...html, status: 400 }, "oidc-refused"],
    [html, "oidc-malformed", /web page/],
    [{ body: '{"id_token":"a","id_token":"b"}' }, "oidc-malformed", /duplicate-key/],
    [{ status: 503 }, "oidc-unavailable"],
    [{ drop: true }, "oidc-unreachable"],
    [{ flood: 300 << 10 }, "oidc-malformed"],
    [{ status: 302, headers: { location: "http://localhost:1/" } }, "oidc-malformed"],
    [{ status: 307, headers: { location: "http://localhost:1/" } }, "oidc-malformed"],
  ];
  for (const [answer, code, words] of rows) {
    const { provider } = await fails({ answers: { "/token": [answer] } }, code, words);
    assert.equal(provider.forms.length, 1, "a code is redeemed once");
  }
});

test("keys that are none are told", async () => {
  for (const body of ["", "{}", '{"keys":1}', '{"keys":[1]}', '{"keys":[],"keys":[]}', "<html>"]) {
    await fails({ answers: { "/keys": [{ body }] } }, "oidc-malformed");
  }
  await fails({ keys: Array.from({ length: 65 }, () => ({})) }, "oidc-malformed", /64 keys/);
  await fails({ answers: { "/keys": [{ status: 404 }] } }, "oidc-refused");
});

test("a confidential client shows its secret as the provider wants it", async () => {
  const client = { id: "me:1", secret: "client-secret &" };
  const ways = "token_endpoint_auth_methods_supported";
  const basic = `Basic ${Buffer.from("me%3A1:client-secret+%26").toString("base64")}`;
  const claims = { aud: "me:1" };
  for (const [supported, header] of [
    [undefined, basic],
    [["client_secret_post", "client_secret_basic"], basic],
    [["client_secret_post", "none"], undefined],
  ] as const) {
    const provider = await oidcProvider({ claims, discovery: { [ways]: supported } });
    const { outcome } = await signIn(provider, { flow: { client } });
    assert.ok(!(outcome instanceof Error), String(outcome));
    const asked = provider.requests.find(({ path }) => path === "/token");
    assert.equal(asked?.headers.authorization, header);
    assert.equal(provider.forms[0]?.["client_secret"], header ? undefined : client.secret);
    assert.equal(provider.forms[0]?.["client_id"], header ? undefined : client.id);
  }
});

test("without a browser here, the person carries the code over", async () => {
  const provider = await oidcProvider();
  const taken = createServer().listen(0, "127.0.0.1");
  await new Promise((resolve) => taken.once("listening", resolve));
  after(() => taken.close());
  const { port } = taken.address() as AddressInfo;
  const outOfBand = "urn:ietf:wg:oauth:2.0:oob";
  for (const [redirectUrl, callbackMs] of [
    [`http://127.0.0.1:${port}/x`, 60_000],
    [outOfBand, 60_000],
    ["http://127.0.0.1:0", 20],
  ] as const) {
    provider.forms.length = 0;
    const told: string[] = [];
    const person = {
      openBrowser: async () => false,
      tell: (line: string) => void told.push(line),
      ask: async (question: string) => {
        assert.equal(question, "Enter verification code: ");
        const address = new URL(/http\S+/.exec(told.at(-1) ?? "")?.[0] ?? "");
        assert.equal(address.searchParams.get("redirect_uri"), outOfBand);
        // What the browser would bring to the port is not sent; the nonce is learnt.
        address.searchParams.set("redirect_uri", `${provider.issuer}/none`);
        await provider.visit(address.href);
        return " code-secret\n";
      },
    };
    const { outcome } = await signIn(provider, { person, flow: { redirectUrl }, callbackMs });
    assert.ok(!(outcome instanceof Error), String(outcome));
    assert.equal(provider.forms[0]?.["code"], "code-secret");
    assert.equal(provider.forms[0]?.["redirect_uri"], outOfBand);
  }
});

test("half of localhost is not enough, as another program could have the other", async (t) => {
  const other = createServer().listen(0, "::1");
  const problem = await new Promise((resolve) => {
    other.once("listening", () => resolve(undefined)).once("error", resolve);
  });
  if (problem !== undefined) return t.skip("there is no IPv6 here");
  after(() => other.close());
  const { port } = other.address() as AddressInfo;
  const redirectUrl = `http://localhost:${port}/`;
  const person = { openBrowser: async () => assert.fail("sent to a port that is another's") };
  const attempt = { flow: { redirectUrl }, person: { ...person, ask: async () => "" } };
  await fails({}, "oidc-denied", /no verification code/, attempt);
});

test("a sign-in that nobody finishes ends", async () => {
  const openBrowser = async () => true;
  const waiting = { callbackMs: 20, person: { openBrowser } };
  await fails({}, "oidc-timeout", /nobody signed in/, waiting);
  for (const typed of ["", " \n", "x".repeat(5000)]) {
    const person = { openBrowser, ask: async () => typed };
    await fails({}, "oidc-denied", /no verification code/, { callbackMs: 20, person });
  }
  const reason = new Error("enough");
  const controller = new AbortController();
  setTimeout(() => controller.abort(reason), 20);
  const { outcome } = await signIn(await oidcProvider(), {
    person: { openBrowser },
    flow: { http: { signal: controller.signal } },
  });
  assert.equal(outcome, reason);
});

test("redirects lead to this computer alone", async () => {
  const urls = [
    "",
    "https://localhost/x",
    "http://example.com/",
    "http://0.0.0.0:0/",
    "http://localhost.evil.com/",
    "http://user@localhost/",
    "http://localhost/?a=b",
    "http://localhost/#a",
    "urn:other",
  ];
  for (const redirectUrl of urls) {
    await fails({}, "malformed-service-url", /redirect URL/, { flow: { redirectUrl } });
  }
});

test("providers without what is needed are refused", async () => {
  const none = { authorization_endpoint: undefined };
  await fails({ discovery: none }, "oidc-unsupported", /no sign-in page/);
  for (const methods of [undefined, [], ["plain"], "S256", ["s256"]]) {
    const discovery = { code_challenge_methods_supported: methods };
    await fails({ discovery }, "oidc-unsupported", /PKCE/);
  }
});
