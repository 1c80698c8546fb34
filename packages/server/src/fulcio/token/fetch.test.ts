// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { test } from "node:test";
import { discoveryPath, publicJwk, signToken, startIssuer } from "../../../test/oidc-issuer.ts";
import {
  emailClaims,
  emailIssuers,
  emailPatterns,
  refuses,
  start,
  world,
} from "../../../test/token-world.ts";
import type { TokenErrorCode } from "../claims/index.ts";
import { TokenVerifier, type TokenVerifierOptions } from "./index.ts";

test("an issuer that gives no answer, or no end of one, is not waited for", async (t) => {
  for (const answer of [
    () => {},
    (_: unknown, response: ServerResponse) => void response.write('{"'),
  ]) {
    const { issuer, verifier, token } = await world(t, { limits: { timeoutMs: 100 } });
    issuer.answers.set(discoveryPath, answer);
    await refuses(verifier, token(), "issuer-unreachable", /no answer in time|cannot be had/);
  }
});

test("redirections stay on the host", async (t) => {
  const { issuer, token, clock } = await world(t);
  const other = await startIssuer(t);
  const works = issuer.answers.get(discoveryPath);
  assert.ok(works);
  issuer.answers.set("/moved", works);
  const cases: [location: string | undefined, code?: TokenErrorCode, message?: RegExp][] = [
    ["/moved"],
    [`${issuer.url}/moved`],
    [`${other.url}${discoveryPath}`, "issuer-address-refused", /leads to another host$/],
    ["http://169.254.169.254/latest/meta-data", "issuer-address-refused", /leads to another host$/],
    [`http://localhost:${issuer.port}/moved`, "issuer-address-refused", /leads to another host$/],
    [`http://u:p@127.0.0.1:${issuer.port}/moved`, "issuer-address-refused"],
    [`ftp://127.0.0.1:${issuer.port}/moved`, "issuer-address-refused"],
    [discoveryPath, "issuer-malformed"],
    ["http://:x", "issuer-malformed"],
    [undefined, "issuer-malformed"],
  ];
  for (const [location, code, message] of cases) {
    issuer.answers.set(discoveryPath, (_, response) => {
      response.writeHead(302, location === undefined ? {} : { location }).end();
    });
    const config = emailIssuers(issuer.url);
    const verifier = new TokenVerifier({ config: () => config, now: clock.now });
    if (code) await refuses(verifier, token(), code, message);
    else await verifier.authenticate(token());
  }
  assert.deepEqual(other.requests, []);
});

test("keys on another host are had, but not from an internal address", async (t) => {
  const { issuer, key, clock, claims } = await world(t);
  const secret = createServer((_, response) => {
    asked++;
    response.end(JSON.stringify({ keys: [publicJwk(key)] }));
  });
  let asked = 0;
  secret.listen(0, "127.0.0.1");
  await once(secret, "listening");
  t.after(() => secret.close());
  const { port } = secret.address() as AddressInfo;
  const config = emailIssuers(issuer.url);
  const resolve: TokenVerifierOptions["resolve"] = (_, callback) =>
    callback(null, [{ address: "127.0.0.1", family: 4 }]);
  const options = { config: () => config, now: clock.now, resolve };
  for (const host of [
    "127.0.0.1",
    "127.1",
    "0x7f000001",
    "[::ffff:127.0.0.1]",
    "keys.example.com",
  ]) {
    const jwks_uri = `http://${host}:${port}/`;
    issuer.answers.set(discoveryPath, (_, response) =>
      response.end(
        JSON.stringify({
          issuer: issuer.url,
          jwks_uri,
          id_token_signing_alg_values_supported: ["ES256"],
        }),
      ),
    );
    const verifier = new TokenVerifier(options);
    const refusal = await refuses(verifier, signToken(key, claims()), "issuer-address-refused");
    assert.equal(
      refusal.message,
      "the issuer's key set is at an internal address, and its host is not configured as an issuer",
    );
  }
  assert.equal(asked, 0);
  for (const internalHosts of [["keys.example.com"], [`keys.example.com:${port}`]]) {
    const allowed = new TokenVerifier({ ...options, internalHosts });
    await allowed.authenticate(signToken(key, claims()));
  }
  const elsewhere = new TokenVerifier({ ...options, internalHosts: ["keys.example.com:1"] });
  await refuses(elsewhere, signToken(key, claims()), "issuer-address-refused");
  assert.equal(asked, 2);
});

test("patterns never lead to internal addresses, whatever names resolve to", async (t) => {
  const issuer = await startIssuer(t, "http://idp.example.com:PORT");
  const [key] = issuer.keys;
  assert.ok(key);
  const pattern = `http://*.example.com:${issuer.port}`;
  const config = emailPatterns(pattern, `http://*.0.0.1:${issuer.port}`);
  const options = { config: () => config, now: () => start };
  const token = signToken(key, emailClaims(issuer.url));
  const toLoopback = { address: "127.0.0.1", family: 4 };
  for (const addresses of [
    [toLoopback],
    [{ address: "::1", family: 6 }],
    [{ address: "::ffff:127.0.0.1", family: 6 }],
    [{ address: "169.254.169.254", family: 4 }],
    // One public address does not make the others so.
    [{ address: "8.8.8.8", family: 4 }, toLoopback],
    [{ address: "fd00::1", family: 6 }],
  ]) {
    const verifier = new TokenVerifier({
      ...options,
      resolve: (_, callback) => callback(null, addresses),
    });
    await refuses(verifier, token, "issuer-address-refused");
  }
  const literal = signToken(key, emailClaims(`http://127.0.0.1:${issuer.port}`));
  await refuses(new TokenVerifier(options), literal, "issuer-address-refused");
  assert.deepEqual(issuer.requests, []);
  const nobody = new TokenVerifier({
    ...options,
    limits: { backoffMs: 1 },
    resolve: (_, callback) => callback(new Error("no such host"), []),
  });
  await refuses(nobody, token, "issuer-unreachable");
  const allowed = new TokenVerifier({
    ...options,
    resolve: (_, callback) => callback(null, [toLoopback]),
    internalHosts: ["idp.example.com"],
  });
  assert.equal((await allowed.authenticate(token)).extensions.issuer, issuer.url);
});

test("a name is looked at where it is connected to: what it says later does not count", async (t) => {
  const issuer = await startIssuer(t, "http://idp.example.com:PORT");
  const [key] = issuer.keys;
  assert.ok(key);
  const config = emailPatterns(`http://*.example.com:${issuer.port}`);
  // Allowed for discovery by name and port, then the key set moves to a name that rebinds.
  const answers = [["127.0.0.1"], ["127.0.0.1"]];
  const asked: string[] = [];
  const verifier = new TokenVerifier({
    config: () => config,
    now: () => start,
    internalHosts: ["idp.example.com"],
    resolve: (hostname, callback) => {
      asked.push(hostname);
      const [address = ""] = answers.shift() ?? [];
      callback(null, [{ address, family: 4 }]);
    },
  });
  issuer.answers.set(discoveryPath, (_, response) =>
    response.end(
      JSON.stringify({
        issuer: issuer.url,
        jwks_uri: `http://rebind.example.com:${issuer.port}/keys`,
      }),
    ),
  );
  const claims = emailClaims(issuer.url);
  await refuses(verifier, signToken(key, claims), "issuer-address-refused");
  assert.deepEqual(asked, ["idp.example.com", "rebind.example.com"]);
  assert.deepEqual(issuer.requests, [discoveryPath]);
});

test("only so many issuers of patterns are asked at once", async (t) => {
  const issuer = await startIssuer(t, "http://idp.example.com:PORT");
  const [key] = issuer.keys;
  assert.ok(key);
  const config = emailPatterns(`http://*.example.com:${issuer.port}`);
  const waiting: (() => void)[] = [];
  const verifier = new TokenVerifier({
    config: () => config,
    now: () => start,
    limits: { attemptsMax: 1 },
    resolve: (_, callback) => waiting.push(() => callback(new Error("gone"), [])),
  });
  const token = (name: string): string =>
    signToken(key, emailClaims(`http://${name}.example.com:${issuer.port}`));
  const pending = Array.from({ length: 16 }, async (_, i) => {
    await refuses(verifier, token(`a${i}`), "issuer-unreachable", /cannot be had/);
  });
  await until(() => waiting.length === 16);
  await refuses(verifier, token("b"), "issuer-unreachable", /too many issuers/);
  for (const end of waiting) end();
  await Promise.all(pending);
  const last = refuses(verifier, token("b"), "issuer-unreachable", /cannot be had/);
  await until(() => waiting.length === 17);
  waiting[16]?.();
  await last;
});

async function until(holds: () => boolean): Promise<void> {
  for (let turns = 0; turns < 100_000; turns++) {
    if (holds()) return;
    await new Promise((resolve) => setImmediate(resolve));
  }
  assert.fail("it never came to be");
}
