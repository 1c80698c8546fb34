// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import fs from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { inspect } from "node:util";
import { refuses } from "../../../test/keys.ts";
import { inTurn, loopback, type TestAnswer } from "../../../test/loopback.ts";
import { tokenOf } from "../../../test/tokens.ts";
import type { AmbientPlaces, IdentityContext } from "../context.ts";
import type { AmbientSource } from "../source.ts";
import { ambientSource, ambientSources } from "./registry.ts";

const folder = fs.mkdtempSync(join(tmpdir(), "chancery-ambient-"));
after(() => fs.rmSync(folder, { recursive: true }));

const nowhere: AmbientPlaces = {
  tokenFile: join(folder, "no-token"),
  spiffeSocket: join(folder, "no.sock"),
  productNameFile: join(folder, "no-product"),
  googleMetadataUrl: "http://127.0.0.1:1",
  googleCredentialsUrl: "http://127.0.0.1:1",
};
const token = tokenOf();
const secret = "the-secret-of-the-job";
const http = { wait: async () => undefined };

type Environment = Readonly<Record<string, string>>;

function context(
  environment: Environment = {},
  places: Partial<AmbientPlaces> = {},
): IdentityContext {
  return { environment, places: { ...nowhere, ...places }, http };
}

async function detected(environment: Environment, places?: Partial<AmbientPlaces>) {
  const found: string[] = [];
  for (const source of ambientSources) {
    if (await source.detect(context(environment, places), "sigstore")) found.push(source.name);
  }
  return found;
}

/** The sources that ask over HTTP: what they need around them, and where the token is. */
const askers: readonly {
  readonly source: AmbientSource;
  readonly around: (url: string) => IdentityContext;
  readonly right: string;
}[] = [
  {
    source: ambientSource("github-actions"),
    around: (url) =>
      context({
        ACTIONS_ID_TOKEN_REQUEST_URL: `${url}/run/1?api-version=2.0`,
        ACTIONS_ID_TOKEN_REQUEST_TOKEN: secret,
      }),
    right: JSON.stringify({ value: token, count: 1 }),
  },
  {
    source: ambientSource("buildkite-agent"),
    around: (url) =>
      context({
        BUILDKITE_AGENT_ENDPOINT: `${url}/v3/`,
        BUILDKITE_AGENT_ACCESS_TOKEN: secret,
        BUILDKITE_JOB_ID: "a/b",
      }),
    right: JSON.stringify({ token }),
  },
  {
    source: ambientSource("google-workload-identity"),
    around: (url) => context({}, { googleMetadataUrl: url }),
    right: `${token}\n`,
  },
  {
    source: ambientSource("google-impersonate"),
    around: (url) =>
      context(
        { GOOGLE_SERVICE_ACCOUNT_NAME: "signer@p.iam.gserviceaccount.com" },
        { googleMetadataUrl: url, googleCredentialsUrl: url },
      ),
    right: JSON.stringify({ access_token: secret, token }),
  },
];

test("nothing around is no source", async () => {
  assert.deepEqual(await detected({}), []);
  assert.deepEqual(await detected({ CI: "true", GITLAB_CI: "true", GITHUB_ACTIONS: "true" }), []);
});

test("each source is known by what cosign knows it by", async () => {
  const file = join(folder, "token");
  fs.writeFileSync(file, `${token}\n`);
  const product = (name: string) => {
    fs.writeFileSync(join(folder, "product"), `${name}\n`);
    return { productNameFile: join(folder, "product") };
  };
  const github = { ACTIONS_ID_TOKEN_REQUEST_TOKEN: "t", ACTIONS_ID_TOKEN_REQUEST_URL: "https://x" };
  const gitlab = { GITLAB_CI: "true", SIGSTORE_ID_TOKEN: token };
  assert.deepEqual(await detected(github), ["github-actions"]);
  assert.deepEqual(await detected({ ...github, ACTIONS_ID_TOKEN_REQUEST_URL: "" }), []);
  assert.deepEqual(await detected({ BUILDKITE_AGENT_ACCESS_TOKEN: "t" }), ["buildkite-agent"]);
  assert.deepEqual(await detected(gitlab), ["gitlab"]);
  assert.deepEqual(await detected({ CIRCLECI: "true" }), ["circleci"]);
  assert.deepEqual(await detected({ SIGSTORE_ID_TOKEN: token }), ["envvar"]);
  assert.deepEqual(await detected({ SIGSTORE_ID_TOKEN: "" }), ["envvar"]);
  assert.deepEqual(await detected({}, { tokenFile: file }), ["filesystem"]);
  assert.deepEqual(await detected({}, { spiffeSocket: file }), ["spiffe"]);
  assert.deepEqual(await detected({ SPIFFE_ENDPOINT_SOCKET: `unix://${file}` }), ["spiffe"]);
  assert.deepEqual(await detected({ SPIFFE_ENDPOINT_SOCKET: "tcp://127.0.0.1:8" }), ["spiffe"]);
  assert.deepEqual(await detected({ GOOGLE_SERVICE_ACCOUNT_NAME: "a" }), ["google-impersonate"]);
  assert.deepEqual(await detected({ GCE_METADATA_HOST: "x" }), ["google-workload-identity"]);
  for (const name of ["Google", "Google Compute Engine"]) {
    assert.deepEqual(await detected({}, product(name)), ["google-workload-identity"]);
  }
  assert.deepEqual(await detected({}, product("Googleplex")), []);
  assert.throws(() => ambientSource("google"), refuses("unknown-identity-source", /gitlab/));
});

test("variables and files give what they hold", async () => {
  const tokenFile = join(folder, "mounted");
  fs.writeFileSync(tokenFile, `${token}\n`);
  const from = async (name: string, audience: string, environment: Environment) =>
    ambientSource(name).token(audience, context(environment, { tokenFile }));
  assert.equal(await from("envvar", "any", { SIGSTORE_ID_TOKEN: `${token}\n` }), token);
  assert.equal(await from("filesystem", "any", {}), token);
  assert.equal(await from("gitlab", "sigstore", { SIGSTORE_ID_TOKEN: token }), token);
  assert.equal(await from("gitlab", "my.app/x", { MY_APP_X_ID_TOKEN: token }), token);
  const empty = refuses("identity-token-malformed", /SIGSTORE_ID_TOKEN is empty/);
  await assert.rejects(from("envvar", "any", { SIGSTORE_ID_TOKEN: "" }), empty);
  const undeclared = refuses("identity-token-unreadable", /FOO_ID_TOKEN: \{ aud: foo \}/);
  await assert.rejects(from("gitlab", "foo", { SIGSTORE_ID_TOKEN: token }), undeclared);
  fs.rmSync(tokenFile);
  await assert.rejects(from("filesystem", "any", {}), refuses("identity-token-unreadable"));
});

test("jobs that lack a permission or a declaration are told so", () => {
  const github = ambientSource("github-actions");
  const gitlab = ambientSource("gitlab");
  assert.match(github.lacking?.(context({ GITHUB_ACTIONS: "true" }), "x") ?? "", /id-token: write/);
  assert.match(
    gitlab.lacking?.(context({ GITLAB_CI: "true" }), "x") ?? "",
    /X_ID_TOKEN: \{ aud: x \}/,
  );
  assert.equal(github.lacking?.(context(), "x"), undefined);
  assert.equal(gitlab.lacking?.(context(), "x"), undefined);
});

test("services are asked as they want to be", async () => {
  const asked: Record<string, string[]> = {};
  for (const { source, around, right } of askers) {
    const server = await loopback(inTurn({ body: right }));
    assert.equal(await source.token("sig store", around(server.url)), token);
    asked[source.name] = server.requests.flatMap(({ method, path, headers, body }) => [
      `${method} ${path}`,
      headers.authorization ?? String(headers["metadata-flavor"]),
      body,
    ]);
  }
  const metadata = "/computeMetadata/v1/instance/service-accounts/default";
  assert.deepEqual(asked, {
    "github-actions": ["GET /run/1?api-version=2.0&audience=sig+store", `bearer ${secret}`, ""],
    "buildkite-agent": [
      "POST /v3/jobs/a%2Fb/oidc/tokens",
      `Token ${secret}`,
      '{"audience":"sig store"}',
    ],
    "google-workload-identity": [
      `GET ${metadata}/identity?audience=sig+store&format=full`,
      "Google",
      "",
    ],
    "google-impersonate": [
      `GET ${metadata}/token`,
      "Google",
      "",
      "POST /v1/projects/-/serviceAccounts/signer%40p.iam.gserviceaccount.com:generateIdToken",
      `Bearer ${secret}`,
      '{"audience":"sig store","includeEmail":true}',
    ],
  });
});

test("what is down, refuses, or is something else is told apart, and no secret is told", async () => {
  const echo = JSON.stringify({ error: secret, message: secret, error_description: secret });
  const html = { "content-type": "text/html" };
  const rows: readonly (readonly [TestAnswer, string])[] = [
    [{ drop: true }, "oidc-unreachable"],
    [{ status: 500, body: echo }, "oidc-unavailable"],
    [{ status: 429, body: echo }, "oidc-unavailable"],
    [{ status: 400, body: echo }, "oidc-refused"],
    [{ status: 401, body: echo }, "oidc-refused"],
    [{ status: 403, headers: html, body: `<p>${secret}` }, "oidc-refused"],
    [{ status: 404 }, "oidc-refused"],
    [{ status: 201, body: "{}" }, "oidc-refused"],
    [{ status: 302, headers: { location: "http://localhost:1/" } }, "oidc-malformed"],
    [{ status: 307, headers: { location: "https://127.0.0.1/" } }, "oidc-malformed"],
    [{ flood: 300 << 10 }, "oidc-malformed"],
  ];
  for (const { source, around } of askers) {
    for (const [answer, code] of rows) {
      const server = await loopback(inTurn(answer));
      await assert.rejects(source.token("sigstore", around(server.url)), (error: Error) => {
        assert.equal(
          (error as Error & { code: string }).code,
          code,
          `${source.name} ${answer.status}`,
        );
        assert.ok(!inspect(error, { depth: 6 }).includes(secret), inspect(error, { depth: 6 }));
        return true;
      });
    }
  }
});

test("a service that does not end its answer is given up", async () => {
  for (const { source, around } of askers) {
    const server = await loopback(inTurn({ body: "{", hang: true }));
    const slow = { ...around(server.url), http: { ...http, timeoutMs: 40, attemptsMax: 1 } };
    await assert.rejects(source.token("sigstore", slow), refuses("oidc-unreachable", /0\.04 s/));
  }
});

test("answers that hold no token where it belongs are malformed", async () => {
  const bodies = [
    "",
    "[]",
    "null",
    "{",
    "{}",
    '"x"',
    '{"value":1,"token":1}',
    '{"value":"","token":""}',
  ];
  const twice = '{"value":"a","value":"b","token":"a","token":"b","access_token":"a"}';
  for (const name of ["github-actions", "buildkite-agent", "google-impersonate"]) {
    const { source, around } = askers.find((asker) => asker.source.name === name) ?? assert.fail();
    for (const body of [...bodies, twice, "<html></html>", "[".repeat(999)]) {
      const server = await loopback(inTurn({ body }));
      const wrong = source.token("sigstore", around(server.url));
      await assert.rejects(wrong, refuses("oidc-malformed"), `${name} ${body}`);
    }
  }
});

test("a secret that would break a header is refused, not shown", async () => {
  const environment = {
    ACTIONS_ID_TOKEN_REQUEST_URL: "http://127.0.0.1:1/",
    ACTIONS_ID_TOKEN_REQUEST_TOKEN: `${secret}\r\nhost: evil`,
  };
  const ask = ambientSource("github-actions").token("sigstore", context(environment));
  await assert.rejects(ask, (error: Error) => {
    refuses("identity-token-unreadable", /ACTIONS_ID_TOKEN_REQUEST_TOKEN/)(error);
    return !inspect(error, { depth: 6 }).includes(secret);
  });
});

test("addresses that are none, or of another kind, are refused", async () => {
  const addresses = [
    "x",
    "ftp://127.0.0.1/",
    "file:///etc/passwd",
    `http://u:${secret}@127.0.0.1/`,
  ];
  for (const ACTIONS_ID_TOKEN_REQUEST_URL of addresses) {
    const environment = { ACTIONS_ID_TOKEN_REQUEST_URL, ACTIONS_ID_TOKEN_REQUEST_TOKEN: "t" };
    const ask = ambientSource("github-actions").token("sigstore", context(environment));
    await assert.rejects(ask, (error: Error) => {
      refuses("identity-token-unreadable", /is not an http or https address/)(error);
      return !inspect(error, { depth: 6 }).includes(secret);
    });
  }
});
