// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import fs from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { refuses } from "../../test/keys.ts";
import { inTurn, loopback } from "../../test/loopback.ts";
import { type Misbehaviour, oidcProvider } from "../../test/oidc-provider.ts";
import { now, nowSeconds, tokenOf } from "../../test/tokens.ts";
import { TokenCache } from "./cache.ts";
import type { AmbientPlaces, IdentityContext } from "./context.ts";
import { detectAmbientSources, type IdentityRequest, obtainIdentity } from "./obtain.ts";

const folder = fs.mkdtempSync(join(tmpdir(), "chancery-obtain-"));
after(() => fs.rmSync(folder, { recursive: true }));

const places: AmbientPlaces = {
  tokenFile: join(folder, "no-token"),
  spiffeSocket: join(folder, "no.sock"),
  productNameFile: join(folder, "no-product"),
  googleMetadataUrl: "http://127.0.0.1:1",
  googleCredentialsUrl: "http://127.0.0.1:1",
};
const http = { wait: async () => undefined };

/** Nobody is there, and nothing is set, but what a test says. */
function context(more: Partial<IdentityContext> = {}): IdentityContext {
  return { environment: {}, http, places, now: () => now, ...more };
}

async function sourceOf(request: IdentityRequest, around: IdentityContext): Promise<string> {
  return (await obtainIdentity(request, around)).source.name;
}

const environment = { SIGSTORE_ID_TOKEN: tokenOf() };

async function person(how: Misbehaviour = {}) {
  const provider = await oidcProvider(how);
  const told: string[] = [];
  return {
    issuer: provider.issuer,
    provider,
    told,
    person: {
      tell: (line: string) => void told.push(line),
      openBrowser: async (url: string) => {
        void provider.visit(url);
        return true;
      },
      ask: async () => "",
    },
  };
}

test("what was given comes before what is around, and that before people", async () => {
  const { issuer, person: somebody } = await person();
  const around = context({ environment, person: somebody });
  assert.equal(await sourceOf({ identityToken: tokenOf(), issuer }, around), "given");
  assert.equal(await sourceOf({ issuer }, around), "envvar");
  assert.equal(await sourceOf({ issuer, ambientDisabled: true }, around), "browser");
  assert.equal(await sourceOf({ issuer }, { ...around, environment: {} }), "browser");
});

test("the source and the reason for it are told", async () => {
  const { token, source } = await obtainIdentity({}, context({ environment }));
  assert.equal(token.identity, "alice@example.com");
  assert.deepEqual(source, { name: "envvar", reason: "the variable SIGSTORE_ID_TOKEN is set" });
  const forced = await obtainIdentity({ provider: "envvar" }, context({ environment }));
  assert.equal(forced.source.reason, "it was asked for: --oidc-provider envvar");
});

test("a given token that is no good is refused, and nothing else is tried", async () => {
  const around = context({ environment });
  const given = async (identityToken: string) => obtainIdentity({ identityToken }, around);
  const expired = given(tokenOf({ exp: nowSeconds }));
  await assert.rejects(expired, refuses("identity-token-expired"));
  await assert.rejects(given(tokenOf({ aud: "aws" })), refuses("identity-token-audience"));
  await assert.rejects(given(tokenOf({ email_verified: false })), refuses("email-unverified"));
  await assert.rejects(given("no-such-file"), refuses("identity-token-unreadable"));
});

test("a token may be for the audience or the client", async () => {
  const identityToken = tokenOf({ aud: "mine" });
  assert.equal(await sourceOf({ identityToken, clientId: "mine" }, context()), "given");
  assert.equal(await sourceOf({ identityToken, audience: "mine" }, context()), "given");
});

test("one source is asked for by name, and its failure is the answer", async () => {
  const around = context({ environment });
  const wrong = obtainIdentity({ provider: "google" }, around);
  await assert.rejects(wrong, refuses("unknown-identity-source"));
  const absent = obtainIdentity({ provider: "filesystem" }, around);
  await assert.rejects(absent, refuses("identity-token-unreadable", /no-token: ENOENT/));
  const github = obtainIdentity({ provider: "github-actions" }, around);
  await assert.rejects(github, refuses("identity-token-unreadable", /is not set or empty/));
});

test("several sources are taken in order, or refused where that is wanted", async () => {
  const tokenFile = join(folder, "token");
  fs.writeFileSync(tokenFile, tokenOf({ sub: "b", email: undefined }));
  const around = context({ environment, places: { ...places, tokenFile } });
  assert.equal(await sourceOf({}, around), "envvar");
  assert.deepEqual(
    (await detectAmbientSources(around)).map(({ name }) => name),
    ["envvar", "filesystem"],
  );
  const refused = obtainIdentity({ refuseAmbiguity: true }, around);
  const both = refuses("ambiguous-identity", /envvar \(.*filesystem \(.*--oidc-provider envvar/);
  await assert.rejects(refused, both);
  const chosen = { refuseAmbiguity: true, provider: "filesystem" };
  assert.equal(await sourceOf(chosen, around), "filesystem");
  assert.equal(
    await sourceOf({ refuseAmbiguity: true, ambientDisabled: false }, context({ environment })),
    "envvar",
  );
});

test("a source that fails is noted, and the next one asked", async () => {
  const server = await loopback(inTurn({ status: 403 }));
  const notes: string[] = [];
  const github = {
    ACTIONS_ID_TOKEN_REQUEST_URL: `${server.url}/?a=b`,
    ACTIONS_ID_TOKEN_REQUEST_TOKEN: "secret-of-the-job",
  };
  const note = (line: string) => void notes.push(line);
  const both = context({ environment: { ...github, ...environment }, note });
  assert.equal(await sourceOf({}, both), "envvar");
  assert.equal(notes.length, 1);
  assert.match(notes[0] ?? "", /github-actions gave no token: .* answers 403$/);
  assert.ok(!notes.join("").includes("secret-of-the-job"));
});

test("sources that were meant to serve and fail end it, with the first one's error", async () => {
  const { issuer, person: somebody, told } = await person();
  for (const [text, code] of [
    ["", "identity-token-malformed"],
    ["x", "identity-token-malformed"],
    [tokenOf({ exp: nowSeconds - 1 }), "identity-token-expired"],
    [tokenOf({ aud: "aws" }), "identity-token-audience"],
    [tokenOf({ email_verified: "no" }), "email-unverified"],
  ] as const) {
    const around = context({ environment: { SIGSTORE_ID_TOKEN: text }, person: somebody });
    await assert.rejects(obtainIdentity({ issuer }, around), refuses(code));
  }
  assert.deepEqual(told, [], "nobody was asked to sign in instead");
});

test("a machine or a socket that only looks like a source keeps nobody from signing in", async () => {
  const { issuer, person: somebody } = await person();
  const [stray, productNameFile] = [join(folder, "stray.sock"), join(folder, "product")];
  fs.writeFileSync(stray, "");
  fs.writeFileSync(productNameFile, "Google Compute Engine\n");
  const server = await loopback(inTurn({ status: 404 }));
  const notes: string[] = [];
  const around = context({
    places: { ...places, spiffeSocket: stray, productNameFile, googleMetadataUrl: server.url },
    note: (line: string) => void notes.push(line),
  });
  assert.equal(await sourceOf({ issuer }, { ...around, person: somebody }), "browser");
  assert.equal(notes.length, 2);
  await assert.rejects(obtainIdentity({ issuer }, around), refuses("no-identity"));
  const set = { ...around, environment: { SPIFFE_ENDPOINT_SOCKET: stray }, person: somebody };
  await assert.rejects(obtainIdentity({ issuer }, set), refuses("oidc-unreachable", /stray\.sock/));
});

test("nobody and nothing is told from refusals, with what is lacking", async () => {
  const none = async (request: IdentityRequest, more: Partial<IdentityContext> = {}) =>
    obtainIdentity(request, context(more));
  const issuer = "http://127.0.0.1:1";
  await assert.rejects(none({}), refuses("no-identity", /--identity-token/));
  await assert.rejects(none({ issuer }), refuses("no-identity"));
  await assert.rejects(none({ flow: "token" }), refuses("no-identity", /--identity-token/));
  const jobs: [Record<string, string>, RegExp][] = [
    [{ GITHUB_ACTIONS: "true" }, /permissions: id-token: write/],
    [{ GITLAB_CI: "true" }, /id_tokens: \{ SIGSTORE_ID_TOKEN/],
  ];
  for (const [variables, words] of jobs) {
    await assert.rejects(
      none({ issuer }, { environment: variables }),
      refuses("no-identity", words),
    );
  }
  const somebody = { tell: () => undefined };
  await assert.rejects(none({ issuer }, { person: somebody }), refuses("oidc-unreachable"));
});

test("who cannot type is sent to another device", async () => {
  const { issuer, told, person: somebody } = await person();
  const { tell } = somebody;
  const { source } = await obtainIdentity({ issuer }, context({ person: { tell } }));
  assert.deepEqual(source, { name: "device", reason: `signed in at ${issuer}` });
  assert.match(told[0] ?? "", /enter the code ABCD-EFGH/);
  const around = context({ person: somebody });
  assert.equal(await sourceOf({ issuer, flow: "device" }, around), "device");
  assert.equal(await sourceOf({ issuer, flow: "normal" }, around), "browser");
});

test("the client's secret is read from its file, and nobody need be there", async () => {
  const { issuer, provider } = await person({ claims: { sub: "machine", email: undefined } });
  const clientSecretFile = join(folder, "secret");
  fs.writeFileSync(clientSecretFile, "s3cret\n");
  const request = { issuer, flow: "client_credentials", clientSecretFile } as const;
  const { token, source } = await obtainIdentity(request, context());
  assert.equal(token.identity, "machine");
  assert.equal(source.name, "client_credentials");
  const asked = provider.requests.find(({ path }) => path === "/token");
  const basic = `Basic ${Buffer.from("sigstore:s3cret").toString("base64")}`;
  assert.equal(asked?.headers.authorization, basic);
  fs.writeFileSync(clientSecretFile, "\n");
  const empty = refuses("identity-token-unreadable", /is empty/);
  await assert.rejects(obtainIdentity(request, context()), empty);
  fs.rmSync(clientSecretFile);
  await assert.rejects(obtainIdentity(request, context()), refuses("identity-token-unreadable"));
});

test("people sign in once for several commands, machines are never kept", async () => {
  const cacheFolder = join(folder, "cache");
  const cache = new TokenCache(cacheFolder);
  const { issuer, person: somebody, provider } = await person();
  const around = context({ person: somebody });
  assert.equal(await sourceOf({ issuer, cache }, around), "browser");
  const asked = provider.requests.length;
  assert.equal(await sourceOf({ issuer, cache }, around), "cache");
  assert.equal(provider.requests.length, asked);
  assert.equal(await sourceOf({ issuer }, around), "browser");
  const late = { ...around, now: () => now + 271_000 };
  assert.equal(await sourceOf({ issuer, cache }, late), "browser");
  const [kept] = fs.readdirSync(cacheFolder);
  const before = fs.statSync(join(cacheFolder, kept ?? "")).mtimeMs;
  await sourceOf({ issuer, cache, identityToken: tokenOf() }, around);
  await sourceOf({ issuer, cache }, { ...around, environment });
  assert.equal(fs.statSync(join(cacheFolder, kept ?? "")).mtimeMs, before);
  assert.equal(fs.readdirSync(cacheFolder).length, 1);
});

test("a cache that is of no use is noted, and people sign in", async () => {
  const { issuer, person: somebody } = await person();
  const notes: string[] = [];
  const around = context({ person: somebody, note: (line) => void notes.push(line) });
  fs.writeFileSync(join(folder, "in-the-way"), "");
  const cache = new TokenCache(join(folder, "in-the-way", "x"));
  assert.equal(await sourceOf({ issuer, cache }, around), "browser");
  assert.match(notes.join("\n"), /^cannot keep the identity token in .*: ENOTDIR$/);
});
