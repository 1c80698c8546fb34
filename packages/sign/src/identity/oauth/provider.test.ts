// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { test } from "node:test";
import { refuses } from "../../../test/keys.ts";
import { oidcProvider } from "../../../test/oidc-provider.ts";
import { discover } from "./provider.ts";

const http = { wait: async () => undefined };

test("a provider says where it is asked", async () => {
  const { issuer } = await oidcProvider();
  const found = await discover(issuer, http);
  assert.equal(found.issuer, issuer);
  assert.equal(found.tokenUrl.href, `${issuer}/token`);
  assert.equal(found.deviceUrl?.href, `${issuer}/device`);
  assert.equal(found.hasPkce, true);
  assert.equal(found.namesItself, false);
});

test("a path of the issuer is kept, and its slash counts", async () => {
  const base = await oidcProvider();
  const answer = (issuer: string) => ({
    body: JSON.stringify({ issuer, token_endpoint: "http://a/t", jwks_uri: "http://a/k" }),
  });
  const path = "/auth/.well-known/openid-configuration";
  const answers: Record<string, ReturnType<typeof answer>[]> = {};
  const provider = await oidcProvider({ answers });
  answers[path] = [answer(`${provider.issuer}/auth/`)];
  assert.equal((await discover(`${provider.issuer}/auth/`, http)).hasPkce, false);
  const other = refuses("oidc-malformed", /says that it is "http.*\/auth\/"/);
  await assert.rejects(discover(`${provider.issuer}/auth`, http), other);
  await assert.rejects(discover(`${base.issuer}/x`, http), refuses("oidc-refused", /404/));
});

test("documents that are none, or lack what is needed, are malformed", async () => {
  const wrong = [
    { issuer: "https://other.example" },
    { issuer: undefined },
    { token_endpoint: undefined },
    { token_endpoint: "" },
    { token_endpoint: 7 },
    { token_endpoint: "token" },
    { token_endpoint: "file:///etc/passwd" },
    { token_endpoint: "http://user:pass@127.0.0.1/" },
    { token_endpoint: "http://127.0.0.1/#x" },
    { jwks_uri: undefined },
    { jwks_uri: ["http://127.0.0.1/"] },
    { authorization_endpoint: "javascript:alert(1)" },
    { device_authorization_endpoint: {} },
  ];
  for (const discovery of wrong) {
    const { issuer } = await oidcProvider({ discovery });
    await assert.rejects(discover(issuer, http), refuses("oidc-malformed"));
  }
  for (const body of ["", "{", "[]", "null", '{"issuer":"a","issuer":"b"}', "<html>"]) {
    const path = "/.well-known/openid-configuration";
    const { issuer } = await oidcProvider({ answers: { [path]: [{ body }] } });
    await assert.rejects(discover(issuer, http), refuses("oidc-malformed"));
  }
});

test("a provider with TLS does not lead to places without", async () => {
  const issuer = "https://issuer.example";
  const send = (changes: object) => async () =>
    Response.json({
      issuer,
      token_endpoint: `${issuer}/token`,
      jwks_uri: "https://keys.example/",
      ...changes,
    });
  const found = await discover(issuer, { ...http, fetch: send({}) });
  assert.equal(found.jwksUrl.href, "https://keys.example/");
  for (const name of ["token_endpoint", "jwks_uri", "authorization_endpoint"]) {
    const fetch = send({ [name]: "http://issuer.example/x" });
    const plain = refuses("oidc-malformed", /is not an https URL/);
    await assert.rejects(discover(issuer, { ...http, fetch }), plain);
  }
});

test("issuers that are no addresses are refused", async () => {
  for (const issuer of ["", "issuer", "ftp://x", "https://u:p@x", "https://x?a", "https://x#a"]) {
    await assert.rejects(discover(issuer, http), refuses("malformed-service-url"), issuer);
  }
});

test("Microsoft is known to check PKCE without saying so", async () => {
  const issuer = "https://login.microsoftonline.com/tenant/v2.0";
  const document = { issuer, token_endpoint: `${issuer}/t`, jwks_uri: `${issuer}/k` };
  const found = await discover(issuer, { ...http, fetch: async () => Response.json(document) });
  assert.equal(found.hasPkce, true);
});
