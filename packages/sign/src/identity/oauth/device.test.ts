// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { test } from "node:test";
import type { SignErrorCode } from "../../errors.ts";
import { refuses } from "../../../test/keys.ts";
import type { TestAnswer } from "../../../test/loopback.ts";
import { type Misbehaviour, oidcProvider } from "../../../test/oidc-provider.ts";
import { now, tokenKey } from "../../../test/tokens.ts";
import { signInWithClientCredentials } from "./client-credentials.ts";
import { signInWithDevice } from "./device.ts";
import { discover } from "./provider.ts";

async function run(how: Misbehaviour = {}) {
  const provider = await oidcProvider(how);
  const [waits, told]: [number[], string[]] = [[], []];
  const http = { wait: async (waitMs: number) => void waits.push(waitMs / 1000) };
  const input = {
    provider: await discover(provider.issuer, http),
    client: { id: "sigstore", secret: undefined },
    nowMs: () => now,
    http,
    redirectUrl: undefined,
    connector: undefined,
  };
  const person = { tell: (line: string) => void told.push(line) };
  const outcome = await signInWithDevice(input, person).catch((error: Error) => error);
  return { outcome, waits, told, provider };
}

async function fails(how: Misbehaviour, code: SignErrorCode, words?: RegExp) {
  const { outcome, ...rest } = await run(how);
  refuses(code, words)(outcome);
  return rest;
}

const says = (error: string): TestAnswer => ({ status: 400, body: JSON.stringify({ error }) });
const pending = says("authorization_pending");
const device = (changes: object): Misbehaviour => ({
  answers: {
    "/device": [
      {
        body: JSON.stringify({
          device_code: "device-secret",
          user_code: "ABCD",
          verification_uri: "http://127.0.0.1/activate",
          expires_in: 60,
          ...changes,
        }),
      },
    ],
  },
});

test("a person signs in elsewhere, while the token endpoint is asked", async () => {
  const { outcome, told, provider } = await run();
  assert.ok(!(outcome instanceof Error), String(outcome));
  assert.equal(outcome.identity, "alice@example.com");
  assert.equal(
    told.join("|"),
    `Go to ${provider.issuer}/activate on any device, and enter the code ABCD-EFGH`,
  );
  const begun = provider.requests.find(({ path }) => path === "/device");
  const { code_challenge, ...form } = Object.fromEntries(new URLSearchParams(begun?.body));
  assert.match(code_challenge ?? "", /^[\w-]{43}$/);
  const asked = { client_id: "sigstore", scope: "openid email", code_challenge_method: "S256" };
  assert.deepEqual(form, asked);
  const [{ code_verifier, ...polled } = {}] = provider.forms;
  assert.match(code_verifier ?? "", /^[\w-]{43}$/);
  assert.deepEqual(polled, {
    grant_type: "urn:ietf:params:oauth:grant-type:device_code",
    device_code: "device-secret",
    scope: "openid email",
    client_id: "sigstore",
  });
});

test("it is asked as often as it wants, and less often where it is too much or away", async () => {
  const trouble = [pending, says("slow_down"), pending, { status: 503 }, { drop: true }];
  const { waits, outcome } = await run({ answers: { "/token": trouble } });
  refuses("device-expired")(outcome);
  assert.deepEqual(waits, [5, 5, 10, 10, 20]);
  const right = await run({ ...device({ interval: 7 }) });
  assert.deepEqual(right.waits, [7]);
  assert.deepEqual((await run(device({ interval: 0 }))).waits, [5]);
});

test("codes that expire end it, here or there", async () => {
  const { waits } = await fails({ answers: { "/token": [pending] } }, "device-expired");
  assert.equal(waits.length, 12);
  await fails({ answers: { "/token": [pending, says("expired_token")] } }, "device-expired");
  const { waits: none } = await fails(device({ expires_in: 1, interval: 5 }), "device-expired");
  assert.deepEqual(none, []);
  const eternal = device({ expires_in: 1e9, interval: 600 });
  const long = { answers: { ...eternal.answers, "/token": [pending] } };
  assert.equal((await fails(long, "device-expired")).waits.length, 3);
});

test("an unreachable provider is named as the cause", async () => {
  const { outcome } = await run({ answers: { "/token": [{ drop: true }] } });
  refuses("device-expired")(outcome);
  refuses("oidc-unreachable")((outcome as Error).cause);
});

test("refusals end it at once", async () => {
  const rows: readonly (readonly [TestAnswer, SignErrorCode])[] = [
    [says("access_denied"), "device-denied"],
    [says("invalid_grant"), "oidc-refused"],
    [says("something_else"), "oidc-refused"],
    [{ status: 400, headers: { "content-type": "text/html" }, body: "<p>" }, "oidc-refused"],
    [{ body: "<html>" }, "oidc-malformed"],
    [{ body: "{}" }, "oidc-malformed"],
    [{ flood: 300 << 10 }, "oidc-malformed"],
  ];
  for (const [answer, code] of rows) {
    const { waits } = await fails({ answers: { "/token": [answer] } }, code);
    assert.deepEqual(waits, [5]);
  }
});

test("device answers that are none are malformed", async () => {
  const wrong = [
    { device_code: undefined },
    { device_code: 1 },
    { user_code: "" },
    { verification_uri: undefined },
    { verification_uri: "javascript:alert(1)" },
    { verification_uri: "file:///etc/passwd" },
    { verification_uri: "activate" },
    { verification_uri: "http://user:pass@127.0.0.1/" },
    { verification_uri_complete: "ftp://x" },
    { expires_in: undefined },
    { expires_in: "60" },
    { expires_in: 0 },
    { expires_in: -1 },
    { interval: "5" },
    { interval: -5 },
  ];
  for (const changes of wrong) await fails(device(changes), "oidc-malformed");
  await fails({ discovery: { device_authorization_endpoint: undefined } }, "oidc-unsupported");
  await fails({ answers: { "/device": [says("access_denied")] } }, "oidc-denied");
  await fails({ answers: { "/device": [{ status: 404, body: "{}" }] } }, "oidc-refused");
});

test("what is shown to the person cannot steer the terminal", async () => {
  const { told } = await run(device({ user_code: "AB\u001b[2JCD\nEF", expires_in: 5 }));
  assert.match(told.join("|"), /enter the code AB \[2JCD EF$/);
});

test("tokens are verified as everywhere", async () => {
  await fails({ signer: tokenKey("RS256") }, "identity-token-untrusted");
  await fails({ claims: { aud: "other" } }, "identity-token-untrusted", /"aud"/);
  await fails({ claims: { email_verified: false } }, "email-unverified");
});

test("a machine signs in with its client's secret", async () => {
  const machine = { aud: "machine", sub: "machine", email: undefined };
  const provider = await oidcProvider({ claims: machine });
  const http = { wait: async () => undefined };
  const input = {
    provider: await discover(provider.issuer, http),
    client: { id: "machine", secret: "s3cret" },
    nowMs: () => now,
    http,
    redirectUrl: undefined,
    connector: undefined,
  };
  assert.equal((await signInWithClientCredentials(input)).identity, "machine");
  const grant = { grant_type: "client_credentials", scope: "openid email" };
  assert.deepEqual(provider.forms, [grant]);
  const open = { ...input, client: { id: "machine", secret: undefined } };
  await assert.rejects(signInWithClientCredentials(open), refuses("no-identity", /secret-file/));
  const refusing = await oidcProvider({
    answers: { "/token": [{ status: 401, body: '{"error":"invalid_client","x":"s3cret"}' }] },
  });
  const refused = { ...input, provider: await discover(refusing.issuer, http) };
  const wrong = refuses("oidc-refused", /check the client's identifier, and its secret/);
  await assert.rejects(signInWithClientCredentials(refused), wrong);
});
