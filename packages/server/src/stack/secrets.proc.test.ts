// SPDX-License-Identifier: Apache-2.0
// A whole stack that logs all it can, much that is right and wrong, and every secret in it: none of
// them may be in the logs, in an answer to somebody else, or in a file that others can read.
import assert from "node:assert/strict";
import { readFileSync, readdirSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { utf8Bytes } from "@chancery/formats/bytes";
import { pino } from "pino";
import { post, withProof } from "../../test/fulcio-world.ts";
import { claimsOf, newDirectory, tokenOf } from "../../test/hostile-world.ts";
import { Browser } from "../../test/idp/browser.ts";
import { askToken, codeOf, pkce, redemption, signInPage } from "../../test/idp/world.ts";
import { base64Url, signToken, startIssuer, tokenKey } from "../../test/oidc-issuer.ts";
import { hashPassword, IdpStore } from "../idp/index.ts";
import { type Stack, startStack } from "./index.ts";

const keyPassword = "the password of every key here";
const upstreamSecret = "the secret of our client upstream";
const alice = { email: "alice@example.com", password: "correct horse battery staple" };
const wrongPassword = "an almost right password";

test("no secret of a stack is in its logs, whatever is asked of it", async (t) => {
  const dataDirectory = newDirectory(t);
  const issuer = await startIssuer(t);
  const fulcio = { "oidc-issuers": { [issuer.url]: { "client-id": "sigstore", type: "email" } } };
  writeFileSync(join(dataDirectory, "fulcio.json"), JSON.stringify(fulcio));
  writeFileSync(join(dataDirectory, "upstream-secret"), upstreamSecret);
  const store = new IdpStore(dataDirectory);
  const passwordHash = await hashPassword(alice.password);
  store.addUser(alice.email, passwordHash);
  const machineSecret = store.addMachineClient("builder", "builder@example.com");
  store.close();
  const logs: string[] = [];
  const stack = await startStack({
    dataDirectory,
    listen: "127.0.0.1:0",
    config: {
      fulcio: { config: "fulcio.json" },
      idp: {
        upstreams: [
          {
            id: "other",
            name: "Other",
            issuer: issuer.url,
            clientId: "us",
            clientSecretFile: "upstream-secret",
          },
        ],
      },
    },
    logger: pino({ level: "trace" }, { write: (line: string) => void logs.push(line) }),
    keyPassword: utf8Bytes(keyPassword),
  });
  t.after(() => stack.close());

  const secrets = new Map<string, string>([
    ["the password of the keys", keyPassword],
    ["the upstream's secret", upstreamSecret],
    ["a person's password", alice.password],
    ["a wrong password", wrongPassword],
    ["the hash of a password", passwordHash.slice(-43)],
    ["a machine's secret", machineSecret],
    ["a PKCE verifier", pkce.verifier],
  ]);
  await signInRightAndWrong(stack, secrets, machineSecret);
  await askForCertificates(stack, secrets, issuer);
  await sendNonsense(stack, secrets);

  assert.ok(logs.length > 20, "it logged");
  const all = logs.join("");
  for (const [what, secret] of secrets) {
    assert.ok(secret.length >= 16, what);
    for (const form of formsOf(secret)) assert.ok(!all.includes(form), `${what} is in the logs`);
  }
  assert.doesNotMatch(all, /PRIVATE KEY|eyJhbGciOi/);
  checkFiles(t, dataDirectory, secrets);
});

/** As it may be written: plain, in a URL, in a form, in Basic, escaped. */
function formsOf(secret: string): readonly string[] {
  const encoded = encodeURIComponent(secret);
  return [secret, encoded, encoded.replaceAll("%20", "+"), base64Url(secret).slice(0, -2)];
}

async function signInRightAndWrong(
  stack: Stack,
  secrets: Map<string, string>,
  machineSecret: string,
): Promise<void> {
  const world = { issuer: `${stack.url}/oidc` };
  const browser = new Browser();
  let page = await signInPage(world, browser);
  const path = pathOf(page.url);
  page = await browser.submit(page, { ...alice, password: wrongPassword }, path);
  assert.equal(page.status, 403);
  const end = await browser.follow(await browser.submit(page, alice, path));
  const code = codeOf(end);
  secrets.set("a code", code);
  const wrong = await askToken(world, { ...redemption(code), code_verifier: "x".repeat(43) });
  assert.equal(wrong.status, 400);
  const second = new Browser();
  const other = await signInPage(world, second);
  const again = codeOf(await second.follow(await second.submit(other, alice, pathOf(other.url))));
  secrets.set("another code", again);
  const { status, body } = await askToken(world, redemption(again));
  assert.equal(status, 200);
  for (const name of ["id_token", "access_token"]) {
    const value = body[name];
    if (typeof value === "string") secrets.set(`an ${name}`, value.split(".").at(-1) ?? "");
  }
  // In the form, in the header, and wrong.
  const fields = { grant_type: "client_credentials", client_id: "builder", scope: "openid" };
  const machine = await askToken(world, { ...fields, client_secret: machineSecret });
  assert.equal(machine.status, 200, JSON.stringify(machine.body));
  secrets.set("a machine's token", String(machine.body["id_token"]).split(".").at(-1) ?? "");
  const basic = Buffer.from(`builder:${machineSecret}x`).toString("base64");
  const refused = await askToken(
    world,
    { grant_type: "client_credentials" },
    { authorization: `Basic ${basic}` },
  );
  assert.equal(refused.status, 401);
  const subjectToken = signToken(tokenKey(), { iss: "https://nobody.example", sub: "x" });
  secrets.set("a token to exchange", subjectToken.split(".").at(-1) ?? "");
  const exchange = await askToken(world, {
    grant_type: "urn:ietf:params:oauth:grant-type:token-exchange",
    client_id: "sigstore",
    subject_token: subjectToken,
    subject_token_type: "urn:ietf:params:oauth:token-type:id_token",
  });
  assert.equal(exchange.status, 400);
}

function pathOf(url: string): string {
  return new URL(url).pathname;
}

async function askForCertificates(
  { url }: Stack,
  secrets: Map<string, string>,
  issuer: Awaited<ReturnType<typeof startIssuer>>,
): Promise<void> {
  const right = tokenOf(issuer);
  const cases = [
    [right, 200],
    [tokenOf(issuer, { exp: 1 }), 400],
    [signToken(tokenKey(), claimsOf(issuer)), 400],
    [`${right}x`, 400],
    [tokenOf(issuer, { email: ["a"] }), 400],
  ] as const;
  for (const [i, [token, status]] of cases.entries()) {
    secrets.set(`token ${i}`, token.split(".").at(-1) ?? "");
    for (const path of ["/api/v2/signingCert", "/api/v1/signingCert"]) {
      const answer = await post(`${url}${path}`, withProof(), { authorization: `Bearer ${token}` });
      if (path.includes("v2")) assert.equal(answer.status, status, answer.text);
      assert.ok(!answer.text.includes(token.split(".").at(-1) ?? ""));
    }
    await post(`${url}/api/v2/signingCert`, { credentials: { oidcIdentityToken: token } });
    await post(`${url}/api/v2/signingCert`, `{"credentials":{"oidcIdentityToken":"${token}`);
  }
}

/** Where people put secrets that do not belong there. */
async function sendNonsense({ url }: Stack, secrets: Map<string, string>): Promise<void> {
  const stray = "a-stray-secret-in-a-query-or-header";
  secrets.set("a stray secret", stray);
  const paths = [
    "/api/v1/log/entries",
    "/api/v2/log/entries",
    "/api/v1/timestamp",
    "/ct/ct/v1/add-chain",
    "/oidc/token",
    "/oidc/device/auth",
    "/tuf/timestamp.json",
  ];
  for (const path of paths) {
    const headers = { authorization: `Bearer ${stray}`, cookie: `session=${stray}` };
    await fetch(`${url}${path}?token=${stray}`, { headers });
    await fetch(`${url}${path}?token=${stray}`, { method: "POST", headers, body: stray });
  }
}

function checkFiles(
  t: TestContext,
  dataDirectory: string,
  secrets: ReadonlyMap<string, string>,
): void {
  const names = readdirSync(dataDirectory, { recursive: true, encoding: "utf8" });
  const given = ["upstream-secret"];
  for (const name of names) {
    const path = join(dataDirectory, name);
    if (!statSync(path).isFile() || given.includes(name)) continue;
    const bytes = readFileSync(path, "latin1");
    for (const what of ["the password of the keys", "a person's password", "a machine's secret"]) {
      assert.ok(!bytes.includes(secrets.get(what) ?? ""), `${what} is in ${name}`);
    }
    if (/-----BEGIN PRIVATE KEY|"d":/.test(bytes)) assert.fail(`${name} holds a plain key`);
    if (/PRIVATE KEY/.test(bytes)) assert.equal(statSync(path).mode & 0o077, 0, name);
  }
  t.diagnostic(`${names.length} files looked at`);
}
