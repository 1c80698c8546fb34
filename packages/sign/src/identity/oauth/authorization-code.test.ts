// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { after, test } from "node:test";
import type { SignErrorCode } from "../../errors.ts";
import { refuses } from "../../../test/keys.ts";
import { type Misbehaviour, oidcProvider, type TestProvider } from "../../../test/oidc-provider.ts";
import { fails, signIn } from "../../../test/sign-in.ts";
import { base64Url } from "../../../test/tokens.ts";
import { newPkce } from "./random.ts";

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

test("parameters that stand twice are refused, as readers differ on which counts", async () => {
  for (const name of ["code", "state", "error", "iss"]) {
    const provider = await oidcProvider({ callback: { iss: undefined } });
    const twice: TestProvider = {
      ...provider,
      visit: async (address) => {
        const url = new URL(address);
        const back = new URL(url.searchParams.get("redirect_uri") ?? "");
        const values = {
          code: "a",
          state: url.searchParams.get("state") ?? "",
          iss: provider.issuer,
        };
        const value = name === "error" ? "access_denied" : values[name as keyof typeof values];
        back.searchParams.append(name, value);
        if (name === "iss" || name === "error") back.searchParams.append(name, value);
        url.searchParams.set("redirect_uri", back.href);
        return provider.visit(url.href);
      },
    };
    const { outcome } = await signIn(twice);
    refuses("oidc-state-mismatch", new RegExp(`${name} twice`))(outcome);
  }
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
