// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { createLocalJWKSet, type JSONWebKeySet, type JWTPayload, jwtVerify, SignJWT } from "jose";
import { startIssuer, type TestIssuer } from "../../test/idp/issuer.ts";
import { askToken, type IdpWorld, openWorld } from "../../test/idp/world.ts";

const exchangeGrant = "urn:ietf:params:oauth:grant-type:token-exchange";
const jwtType = "urn:ietf:params:oauth:token-type:jwt";

async function claimsOf(world: IdpWorld, token: unknown): Promise<JWTPayload> {
  const keys = createLocalJWKSet((await world.idp.jwks()) as JSONWebKeySet);
  const expected = { issuer: world.issuer, audience: "sigstore", algorithms: ["RS256"] };
  return (await jwtVerify(String(token), keys, expected)).payload;
}

describe("client credentials", () => {
  let world: IdpWorld;
  let secret = "";
  before(async () => {
    world = await openWorld();
    secret = world.store.addMachineClient("builder", undefined);
    world.store.addMachineClient("mailer", "ci@example.com");
  });
  after(async () => world.close());

  const grant = { grant_type: "client_credentials", scope: "openid email" };
  const basic = (password: string, name = "builder"): Record<string, string> => ({
    authorization: `Basic ${Buffer.from(`${name}:${password}`).toString("base64")}`,
  });

  it("names the machine, by a secret in the form or in the header", async () => {
    const inForm = { ...grant, client_id: "builder", client_secret: secret };
    for (const answer of [
      await askToken(world, inForm),
      await askToken(world, grant, basic(secret)),
    ]) {
      assert.equal(answer.status, 200);
      assert.equal(answer.body["access_token"], answer.body["id_token"]);
      assert.equal(answer.body["expires_in"], 300);
      assert.equal(answer.headers.get("cache-control"), "no-store");
      const { jti, iat, exp, ...claims } = await claimsOf(world, answer.body["id_token"]);
      assert.deepEqual(claims, {
        sub: "builder",
        azp: "builder",
        iss: world.issuer,
        aud: ["sigstore", "builder"],
      });
      assert.equal((exp ?? 0) - (iat ?? 0), 300);
      assert.match(String(jti), /^[0-9a-f-]{36}$/);
    }
  });

  it("names a machine by the e-mail address that the operator gave it", async () => {
    const other = world.store.addMachineClient("other", "other@example.com");
    const { body } = await askToken(world, grant, basic(other, "other"));
    const { email, email_verified, sub } = await claimsOf(world, body["id_token"]);
    assert.deepEqual([sub, email, email_verified], ["other", "other@example.com", true]);
  });

  const wrong: [string, Record<string, string>, Record<string, string>, number, string][] = [
    ["without a secret", { ...grant, client_id: "builder" }, {}, 401, "invalid_client"],
    ["with a wrong one", grant, basic("wrong"), 401, "invalid_client"],
    ["with an empty one", grant, basic(""), 401, "invalid_client"],
    ["with what is stored in its place", grant, basic("kept-as-a-hash"), 401, "invalid_client"],
    ["by a client that is unknown", grant, basic("x", "nobody"), 401, "invalid_client"],
    ["by two names at once", { ...grant, client_id: "mailer" }, basic(""), 400, "invalid_request"],
    ["by people's client", { ...grant, client_id: "sigstore" }, {}, 400, "invalid_request"],
    ["with a header that is none", grant, { authorization: "Basic !" }, 400, "invalid_request"],
    ["with a bearer token", grant, { authorization: "Bearer x" }, 400, "invalid_request"],
  ];
  for (const [name, fields, headers, status, error] of wrong) {
    it(`is refused ${name}`, async () => {
      const answer = await askToken(world, fields, headers);
      assert.deepEqual([answer.status, answer.body["error"]], [status, error]);
    });
  }

  it("is refused the secret of another machine", async () => {
    const answer = await askToken(world, grant, basic(secret, "mailer"));
    assert.deepEqual([answer.status, answer.body["error"]], [401, "invalid_client"]);
  });

  it("is refused once the machine was removed", async () => {
    const gone = world.store.addMachineClient("gone", undefined);
    assert.equal((await askToken(world, grant, basic(gone, "gone"))).status, 200);
    world.store.removeMachineClient("gone");
    const answer = await askToken(world, grant, basic(gone, "gone"));
    assert.deepEqual([answer.status, answer.body["error"]], [401, "invalid_client"]);
  });
});

describe("token exchange", () => {
  let world: IdpWorld;
  let ci: TestIssuer;
  before(async () => {
    ci = await startIssuer();
    const { url: issuer } = ci;
    const down = { id: "down", issuer: "http://127.0.0.1:1", audience: "sigstore" };
    const trusted = { id: "ci", issuer, audience: "sigstore-exchange" };
    world = await openWorld({ trustedIssuers: [trusted, down] });
  });
  after(async () => {
    await world.close();
    await ci.close();
  });

  const exchange = async (subject_token: string, changes: Record<string, string> = {}) =>
    askToken(world, {
      grant_type: exchangeGrant,
      client_id: "sigstore",
      subject_token,
      subject_token_type: jwtType,
      ...changes,
    });
  const job = { sub: "repo:acme/app:ref:refs/heads/main", aud: "sigstore-exchange" };

  it("gives a token for one of a trusted issuer", async () => {
    const { status, body } = await exchange(await ci.sign({ ...job, email: "root@example.com" }));
    assert.equal(status, 200);
    assert.equal(body["issued_token_type"], "urn:ietf:params:oauth:token-type:id_token");
    assert.equal(body["access_token"], body["id_token"]);
    const { jti, iat, exp, ...claims } = await claimsOf(world, body["id_token"]);
    assert.deepEqual([typeof jti, (exp ?? 0) - (iat ?? 0)], ["string", 300]);
    assert.deepEqual(claims, {
      iss: world.issuer,
      aud: "sigstore",
      azp: "sigstore",
      sub: `ci:${job.sub}`,
      federated_claims: { connector_id: ci.url, user_id: job.sub },
    });
  });

  const inAnHour = Math.floor(Date.now() / 1000) + 3600;
  const wrong: [string, JWTPayload, RegExp][] = [
    ["for another audience", { aud: "sigstore" }, /unexpected "aud" claim value/],
    ["of another issuer", { iss: "https://evil.example" }, /the issuer .* is not trusted here/],
    ["of an issuer with a slash more", { iss: "" }, /the issuer .* is not trusted here/],
    ["that expired", { exp: inAnHour - 7200 }, /"exp" claim timestamp check failed/],
    ["that is not valid yet", { nbf: inAnHour }, /"nbf" claim timestamp check failed/],
    ["that was issued days ago", { iat: inAnHour - 200_000 }, /"iat" claim timestamp check/],
    ["without an end", { exp: undefined as never }, /missing required "exp" claim/],
    ["without a subject", { sub: undefined as never }, /missing required "sub" claim/],
    ["with an empty subject", { sub: "" }, /its sub is empty or too long/],
    ["with a huge subject", { sub: "x".repeat(2000) }, /its sub is empty or too long/],
  ];
  for (const [name, claims, description] of wrong) {
    it(`refuses a token ${name}`, async () => {
      const { status, body } = await exchange(await ci.sign({ ...job, ...claims }));
      assert.deepEqual([status, body["error"]], [400, "invalid_request"]);
      assert.match(String(body["error_description"]), description);
    });
  }

  it("refuses a token that somebody else signed", async () => {
    const other = await startIssuer();
    try {
      const { status, body } = await exchange(await other.sign({ ...job, iss: ci.url }));
      assert.deepEqual([status, body["error"]], [400, "invalid_request"]);
      assert.match(String(body["error_description"]), /no applicable key|signature/);
    } finally {
      await other.close();
    }
  });

  it("refuses a token without a signature, and one signed with the public key as a secret", async () => {
    const part = (value: object): string =>
      Buffer.from(JSON.stringify(value)).toString("base64url");
    const iat = Math.floor(Date.now() / 1000);
    const claims = { ...job, iss: ci.url, iat, exp: iat + 60 };
    const none = `${part({ alg: "none" })}.${part(claims)}.`;
    const secret = new TextEncoder().encode(JSON.stringify(ci.publicJwk));
    const hmac = await new SignJWT(claims)
      .setProtectedHeader({ alg: "HS256", kid: ci.publicJwk.kid ?? "" })
      .sign(secret);
    for (const token of [none, hmac]) {
      const { status, body } = await exchange(token);
      assert.deepEqual([status, body["error"]], [400, "invalid_request"]);
      assert.match(String(body["error_description"]), /"alg" \(Algorithm\) Header Parameter/);
    }
  });

  const parameters: [string, Record<string, string>, string][] = [
    ["for another audience", { audience: "other" }, "invalid_target"],
    ["for a resource", { resource: "https://example.com" }, "invalid_target"],
    ["for an actor", { actor_token: "x", actor_token_type: jwtType }, "invalid_request"],
    ["without the token's type", { subject_token_type: "" }, "invalid_request"],
    ["of another type", { subject_token_type: "urn:x" }, "invalid_request"],
    ["for a refresh token", { requested_token_type: "urn:x" }, "invalid_request"],
    ["without a token", { subject_token: "" }, "invalid_request"],
    ["with garbage", { subject_token: "garbage" }, "invalid_request"],
    ["with a long token", { subject_token: "x".repeat(20_000) }, "invalid_request"],
  ];
  for (const [name, changes, error] of parameters) {
    it(`is refused ${name}`, async () => {
      const { status, body } = await exchange(await ci.sign(job), changes);
      assert.deepEqual([status, body["error"]], [400, error]);
    });
  }

  it("says that an issuer is down, and does not hang", async () => {
    const token = await ci.sign({ ...job, iss: "http://127.0.0.1:1" });
    const { status, body } = await exchange(token);
    assert.deepEqual([status, body["error"]], [400, "invalid_request"]);
    assert.match(String(body["error_description"]), /keys .* cannot be had: try again later/);
  });

  it("follows no redirect of an issuer", async () => {
    const lying = await startIssuer({ redirectTo: `${ci.url}/.well-known/openid-configuration` });
    const trusted = { id: "lying", issuer: lying.url, audience: "sigstore-exchange" };
    const other = await openWorld({ trustedIssuers: [trusted] });
    try {
      const answer = await askToken(other, {
        grant_type: exchangeGrant,
        client_id: "sigstore",
        subject_token: await lying.sign(job),
        subject_token_type: jwtType,
      });
      assert.equal(answer.status, 400);
      assert.match(String(answer.body["error_description"]), /cannot be had/);
      assert.equal(ci.requests.filter((path) => path === "/lying").length, 0);
    } finally {
      await other.close();
      await lying.close();
    }
  });
});
