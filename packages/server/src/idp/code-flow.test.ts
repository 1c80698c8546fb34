// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { createLocalJWKSet, decodeProtectedHeader, type JSONWebKeySet, jwtVerify } from "jose";
import { Browser, formsOf, locationOf } from "../../test/idp/browser.ts";
import {
  alice,
  askToken,
  authorizationUrl,
  callback,
  codeOf,
  type IdpWorld,
  openWorld,
  redemption,
  signIn,
  signInPage,
} from "../../test/idp/world.ts";

const basicWithoutPassword = `Basic ${Buffer.from("sigstore:").toString("base64")}`;

describe("authorization code with PKCE", () => {
  let world: IdpWorld;
  before(async () => {
    world = await openWorld();
  });
  after(async () => world.close());

  it("is described as clients read it", async () => {
    const url = `${world.issuer}/.well-known/openid-configuration`;
    const response = await fetch(url, { headers: { "x-forwarded-host": "evil.example" } });
    const { issuer, origin } = { issuer: world.issuer, origin: world.origin };
    assert.equal(response.headers.get("content-type"), "application/json; charset=utf-8");
    assert.deepEqual(await response.json(), {
      issuer,
      authorization_endpoint: `${origin}/oidc/auth`,
      token_endpoint: `${origin}/oidc/token`,
      device_authorization_endpoint: `${origin}/oidc/device/auth`,
      jwks_uri: `${origin}/oidc/jwks`,
      code_challenge_methods_supported: ["S256"],
      grant_types_supported: [
        "authorization_code",
        "client_credentials",
        "urn:ietf:params:oauth:grant-type:device_code",
        "urn:ietf:params:oauth:grant-type:token-exchange",
      ],
      response_types_supported: ["code"],
      response_modes_supported: ["form_post", "fragment", "query"],
      scopes_supported: ["openid", "email"],
      subject_types_supported: ["public"],
      id_token_signing_alg_values_supported: ["RS256"],
      token_endpoint_auth_methods_supported: ["none", "client_secret_basic", "client_secret_post"],
      claims_supported: [
        "sub",
        "email",
        "email_verified",
        "federated_claims",
        "jti",
        "sid",
        "auth_time",
        "iss",
      ],
      claim_types_supported: ["normal"],
      claims_parameter_supported: false,
      request_uri_parameter_supported: false,
      authorization_response_iss_parameter_supported: true,
    });
  });

  it("serves the same keys over HTTP and in memory, without private parts", async () => {
    const served = (await (await fetch(`${world.issuer}/jwks`)).json()) as JSONWebKeySet;
    const byName = (set: { keys: readonly object[] }) => JSON.parse(JSON.stringify(set)) as unknown;
    const { kty, n, e, kid, alg, use } = served.keys[0] ?? {};
    assert.equal(served.keys.length, 1);
    assert.deepEqual(Object.keys(served.keys[0] ?? {}).toSorted(), [
      "alg",
      "e",
      "kid",
      "kty",
      "n",
      "use",
    ]);
    assert.deepEqual({ keys: [{ kty, n, e, kid, alg, use }] }, byName(await world.idp.jwks()));
    assert.deepEqual([kty, alg, use], ["RSA", "RS256", "sig"]);
  });

  it("signs a local user in", async () => {
    const end = await signIn(world);
    assert.equal(end.status, 303);
    const back = new URL(locationOf(end) ?? "");
    assert.equal(back.origin + back.pathname, callback);
    assert.equal(back.searchParams.get("state"), "some-state");
    assert.equal(back.searchParams.get("iss"), world.issuer);
    const { status, headers, body } = await askToken(world, redemption(codeOf(end)));
    assert.equal(status, 200);
    assert.equal(headers.get("cache-control"), "no-store");
    assert.deepEqual(Object.keys(body).toSorted(), [
      "access_token",
      "expires_in",
      "id_token",
      "scope",
      "token_type",
    ]);
    assert.equal(body["token_type"], "Bearer");
    assert.equal(body["expires_in"], 300);
    assert.equal(body["access_token"], body["id_token"]);
    const token = String(body["id_token"]);
    const keys = createLocalJWKSet((await world.idp.jwks()) as JSONWebKeySet);
    const { payload } = await jwtVerify(token, keys, {
      issuer: world.issuer,
      audience: "sigstore",
      algorithms: ["RS256"],
    });
    const { iat, exp, jti, ...claims } = payload;
    assert.deepEqual(claims, {
      iss: world.issuer,
      sub: world.store.userByEmail(alice.email)?.id,
      aud: "sigstore",
      email: "alice@example.com",
      email_verified: true,
      nonce: "some-nonce",
    });
    assert.equal((exp ?? 0) - (iat ?? 0), 300);
    assert.match(String(jti), /^[0-9a-f-]{36}$/);
    const { alg, kid } = decodeProtectedHeader(token);
    assert.deepEqual([alg, kid], ["RS256", (await world.idp.jwks()).keys[0]?.kid]);
    const record = world.logs.find((line) => line.includes(String(jti)));
    assert.match(record ?? "", /"grant":"authorization_code".*"msg":"identity token issued"/);
  });

  it("takes the client's name by HTTP Basic with an empty password, and in both places", async () => {
    const form: Partial<Record<string, string>> = redemption(codeOf(await signIn(world)));
    delete form["client_id"];
    const basic = await askToken(world, form as Record<string, string>, {
      authorization: basicWithoutPassword,
    });
    assert.equal(basic.status, 200);
    const both = await askToken(world, redemption(codeOf(await signIn(world))), {
      authorization: basicWithoutPassword,
    });
    assert.equal(both.status, 200);
    const empty = await askToken(world, {
      ...redemption(codeOf(await signIn(world))),
      client_secret: "",
    });
    assert.equal(empty.status, 200);
  });

  it("asks who it is each time", async () => {
    const browser = new Browser();
    const first = await signInPage(world, browser);
    await browser.follow(await browser.submit(first, alice));
    const again = await signInPage(world, browser);
    assert.equal(again.status, 200);
    assert.match(again.text, /<label for="password">/);
    const end = await browser.follow(await browser.submit(again, alice));
    assert.match(locationOf(end) ?? "", /^http:\/\/localhost:51999\/auth\/callback\?code=/);
  });

  const token: [string, Record<string, string>, number, string][] = [
    ["without a verifier", { code_verifier: "" }, 400, "invalid_grant"],
    ["with another verifier", { code_verifier: "x".repeat(43) }, 400, "invalid_grant"],
    ["with a short verifier", { code_verifier: "short" }, 400, "invalid_request"],
    ["with another redirect", { redirect_uri: `${callback}/x` }, 400, "invalid_grant"],
    ["of another client", { client_id: "nobody" }, 401, "invalid_client"],
    ["with a made-up code", { code: "made-up" }, 400, "invalid_grant"],
    ["with a secret", { client_secret: "x" }, 401, "invalid_client"],
    ["for another grant", { grant_type: "password" }, 400, "unsupported_grant_type"],
    ["for a refresh token", { grant_type: "refresh_token" }, 400, "invalid_request"],
  ];
  for (const [name, changes, status, error] of token) {
    it(`refuses a code ${name}`, async () => {
      const code = codeOf(await signIn(world));
      const answer = await askToken(world, { ...redemption(code), ...changes });
      assert.deepEqual([answer.status, answer.body["error"]], [status, error]);
      assert.equal(answer.body["id_token"], undefined);
    });
  }

  it("redeems a code once", async () => {
    const code = codeOf(await signIn(world));
    assert.equal((await askToken(world, redemption(code))).status, 200);
    const again = await askToken(world, redemption(code));
    assert.deepEqual([again.status, again.body["error"]], [400, "invalid_grant"]);
  });

  it("gives nothing to a user who was removed after signing in", async () => {
    const user = world.store.userByEmail(alice.email);
    assert.ok(user);
    const code = codeOf(await signIn(world));
    world.store.removeUser(alice.email);
    try {
      const { status, body } = await askToken(world, redemption(code));
      assert.deepEqual([status, body["error"]], [400, "invalid_grant"]);
    } finally {
      world.store.addUser(alice.email, user.passwordHash);
    }
  });

  const challenges: [string, Record<string, string | undefined>][] = [
    ["no challenge", { code_challenge: undefined, code_challenge_method: undefined }],
    ["no method", { code_challenge_method: undefined }],
    ["the method plain", { code_challenge_method: "plain" }],
    ["a short challenge", { code_challenge: "short" }],
  ];
  for (const [name, changes] of challenges) {
    it(`refuses ${name}`, async () => {
      const page = await new Browser().get(authorizationUrl(world, changes));
      assert.equal(page.status, 303);
      const back = new URL(locationOf(page) ?? "");
      assert.equal(back.searchParams.get("error"), "invalid_request");
      assert.equal(back.searchParams.get("code"), null);
    });
  }

  it("sends a cancelled sign-in back without a code", async () => {
    const browser = new Browser();
    const page = await signInPage(world, browser);
    const end = await browser.follow(await browser.submit(page, {}, "/cancel"));
    const back = new URL(locationOf(end) ?? "");
    assert.equal(back.searchParams.get("error"), "access_denied");
    assert.equal(back.searchParams.get("state"), "some-state");
  });

  it("shows the code on a page where the client asked for that", async () => {
    const redirect_uri = "urn:ietf:wg:oauth:2.0:oob";
    const end = await signIn(world, { redirect_uri });
    assert.equal(end.status, 200);
    assert.equal(end.headers.get("location"), null);
    const [, code = ""] = /<p class="code" id="code">([\w-]{20,})<\/p>/.exec(end.text) ?? [];
    const elsewhere = await askToken(world, redemption(code));
    assert.deepEqual([elsewhere.status, elsewhere.body["error"]], [400, "invalid_grant"]);
    const { status } = await askToken(world, { ...redemption(code), redirect_uri });
    assert.equal(status, 200);
  });

  it("tells on a page that the person cancelled, where there is nowhere to go back to", async () => {
    const browser = new Browser();
    const page = await signInPage(world, browser, { redirect_uri: "urn:ietf:wg:oauth:2.0:oob" });
    const end = await browser.follow(await browser.submit(page, {}, "/cancel"));
    assert.equal(end.status, 400);
    assert.match(end.text, /the person cancelled the sign-in/);
  });

  for (const redirect_uri of [
    "http://localhost:1/",
    "http://localhost/",
    "http://localhost:65535",
    "http://127.0.0.1:8080/any/path?with=query",
    "http://[::1]:8080/auth/callback",
  ]) {
    it(`sends codes to ${redirect_uri}`, async () => {
      const end = await signIn(world, { redirect_uri });
      const back = new URL(locationOf(end) ?? "");
      assert.equal(back.origin, new URL(redirect_uri).origin);
      assert.ok(back.searchParams.get("code"));
    });
  }

  for (const redirect_uri of [
    "http://localhost.evil.com/",
    "http://127.0.0.1.nip.io/",
    "http://localhost@evil.com/",
    "http://user:pass@localhost/",
    "http://evil.com:80@localhost/",
    "https://localhost/",
    "https://example.com/",
    "http://example.com/",
    "http://localhost/#fragment",
    "http://localhost:8080#",
    "http://LOCALHOST/",
    "http://localhost:99999/",
    "http://localhost:/x\\@evil.com",
    "http://localhost\\evil.com/",
    "http://2130706433/",
    "http://0x7f.1/",
    "http://0.0.0.0/",
    "http://127.1/",
    "http://[::ffff:127.0.0.1]/",
    "http:localhost/",
    "//localhost/",
    "http://localhost\t/",
    "javascript:alert(1)",
    "urn:ietf:wg:oauth:2.0:oob:auto",
    "",
  ]) {
    it(`does not send codes to ${JSON.stringify(redirect_uri)}`, async () => {
      const page = await new Browser().get(authorizationUrl(world, { redirect_uri }));
      assert.equal(page.status, 400);
      assert.equal(page.headers.get("location"), null);
      assert.match(page.text, /invalid_re(direct_uri|quest)/);
    });
  }

  it("does not know other clients", async () => {
    const page = await new Browser().get(authorizationUrl(world, { client_id: "other" }));
    assert.equal(page.status, 400);
    assert.match(page.text, /\(invalid_client\)/);
  });

  it("writes its pages so that they can do nothing else", async () => {
    const page = await signInPage(world, new Browser(), { login_hint: '"><script>' });
    const policy = page.headers.get("content-security-policy") ?? "";
    assert.match(policy, /^default-src 'none'; style-src 'sha256-[\w+/]{43}='; form-action /);
    assert.match(policy, /form-action 'self' http:\/\/localhost:51999; frame-ancestors 'none'/);
    assert.equal(page.headers.get("cache-control"), "no-store");
    assert.equal(page.headers.get("x-frame-options"), "DENY");
    assert.doesNotMatch(page.text, /<script/i);
    assert.match(page.text, /value="&quot;&gt;&lt;script&gt;"/);
    assert.match(page.text, /<html lang="en">/);
    const [own, cancel] = formsOf(page).map(({ action }) => action);
    assert.match(own ?? "", /^\/oidc\/interaction\/[\w-]{21,}$/);
    assert.equal(cancel, `${own}/cancel`);
  });
});
