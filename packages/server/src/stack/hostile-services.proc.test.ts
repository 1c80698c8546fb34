// SPDX-License-Identifier: Apache-2.0
// What else whoever means ill sends to a whole stack: paths, hosts, chains, mirrors in between.
import assert from "node:assert/strict";
import { connect } from "node:net";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { utf8Bytes } from "@chancery/formats/bytes";
import { hash } from "@chancery/formats/crypto";
import { derInteger, derNull, derOctetString, derOid, derSequence } from "@chancery/formats/der";
import { encodeTimestampRequest } from "@chancery/formats/tsp";
import { fetchTrust, TufError } from "@chancery/verify/tuf";
import { pino } from "pino";
import { testKey } from "../../../formats/test/certificate-builder.ts";
import { post } from "../../test/fulcio-world.ts";
import { newDirectory } from "../../test/hostile-world.ts";
import { Browser } from "../../test/idp/browser.ts";
import { signInPage } from "../../test/idp/world.ts";
import { type Stack, startStack } from "./index.ts";
import { rotateKeys } from "./rotate.ts";

async function start(
  t: TestContext,
  dataDirectory: string,
  listen = "127.0.0.1:0",
): Promise<Stack> {
  const stack = await startStack({
    dataDirectory,
    listen,
    config: { idp: { dev: true } },
    logger: pino({ level: "silent" }),
  });
  t.after(() => stack.close());
  return stack;
}

/** Bytes as they are: `fetch` would tidy a path. @returns all that comes back */
async function raw(stack: Stack, text: string): Promise<string> {
  const { port } = new URL(stack.url);
  return new Promise((resolve, reject) => {
    const socket = connect(Number(port), "127.0.0.1", () => socket.write(text, "latin1"));
    let answer = "";
    socket.setTimeout(10_000, () => socket.destroy(new Error("no answer")));
    socket.on("data", (chunk: Buffer) => (answer += chunk.toString("latin1")));
    socket.on("error", reject);
    socket.on("close", () => resolve(answer));
  });
}

const statusOf = (answer: string): string => answer.slice(9, 12);

test("a stack of services", async (t) => {
  const stack = await start(t, newDirectory(t));
  await paths(t, stack);
  await smuggling(t, stack);
  await timestamps(t, stack);
  await signIns(t, stack);
  await t.test("logs no chain of strangers", async () => {
    const chain = [Buffer.from(testKey().publicKey.spki).toString("base64")];
    const answer = await post(`${stack.url}/ct/ct/v1/add-pre-chain`, { chain });
    assert.equal(answer.status, 400);
    assert.match(answer.text, /^Bad Request\nfailed to verify add-pre-chain contents: /);
  });
});

async function paths(t: TestContext, stack: Stack): Promise<void> {
  for (const path of [
    "/tuf/../keys/tsa.pem",
    "/tuf/..%2fkeys%2ftsa.pem",
    "/tuf/%2e%2e/keys/tsa.pem",
    "/tuf/targets/..%2f..%2fkeys%2ftsa.pem",
    "/tuf/targets/....//keys/tsa.pem",
    "/tuf/timestamp.json%00.pem",
    "/tuf//keys/tsa.pem",
    "/ct/tile/../../../keys/tsa.pem",
    "/ct/tile/0/..%2f..%2f..%2fkeys%2ftsa.pem",
    "/ct/tile/data/%2e%2e/%2e%2e/keys/tsa.pem",
    "/ct/issuer/..%2f..%2fkeys%2ftsa.pem",
    "/api/v2/tile/..%2f..%2fkeys%2frekor-v2.pem",
    "/ct/tile/0/../../../../keys/tsa.pem",
    "/docs/..%2fkeys%2ftsa.pem",
  ]) {
    await t.test(`has no file at ${path}`, async () => {
      const answer = await raw(
        stack,
        `GET ${path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`,
      );
      assert.match(statusOf(answer), /^(?:400|404)$/, answer);
      assert.doesNotMatch(answer, /PRIVATE KEY/);
    });
  }
}

/** Two readers of one connection must agree where a request ends. */
async function smuggling(t: TestContext, stack: Stack): Promise<void> {
  const rest = "\r\nConnection: close\r\n\r\n";
  for (const [what, text] of [
    ["two lengths", `POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\nContent-Length: 5${rest}`],
    [
      "a length and chunks",
      `POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\nTransfer-Encoding: chunked${rest}0\r\n\r\n`,
    ],
    ["chunks that are none", `POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: xchunked${rest}`],
    ["a length with a sign", `POST / HTTP/1.1\r\nHost: x\r\nContent-Length: +1${rest}a`],
    ["a space before a colon", `GET / HTTP/1.1\r\nHost : x${rest}`],
    ["a folded header", `GET / HTTP/1.1\r\nHost: x\r\nA: b\r\n c${rest}`],
    ["a header with a NUL", `GET / HTTP/1.1\r\nHost: x\r\nA: b\0c${rest}`],
    ["no host", "GET / HTTP/1.1\r\nConnection: close\r\n\r\n"],
    ["HTTP/2 begun", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"],
  ] as const) {
    await t.test(`answers once and hangs up on ${what}`, async () => {
      const answer = await raw(stack, text);
      assert.equal(statusOf(answer), "400", answer);
      assert.equal(answer.match(/HTTP\/1\.1 /g)?.length, 1);
    });
  }
}

async function timestamps(t: TestContext, stack: Stack): Promise<void> {
  const sha256 = "2.16.840.1.101.3.4.2.1";
  const query = (oid: string, length: number): Uint8Array => {
    const algorithm = derSequence(derOid(oid), derNull());
    const imprint = derSequence(algorithm, derOctetString(new Uint8Array(length)));
    return derSequence(derInteger(1), imprint);
  };
  const wrongLength = "Message digest has incorrect length for specified algorithm";
  const policy = "unaccepted policy: requested TSA policy is not supported by the TSA";
  const digest = hash("sha256", utf8Bytes("x"));
  for (const [what, body, message, reason] of [
    ["of 31 bytes", query(sha256, 31), wrongLength, "badDataFormat"],
    ["of 33 bytes", query(sha256, 33), wrongLength, "badDataFormat"],
    ["of no bytes", query(sha256, 0), wrongLength, "badDataFormat"],
    ["of SHA-1", query("1.3.14.3.2.26", 20), "Weak hash algorithm in timestamp request", "badAlg"],
    ["of MD5", query("1.2.840.113549.2.5", 16), "Error generating timestamp response", "badAlg"],
    [
      "under a policy nobody knows",
      encodeTimestampRequest({ hash: "sha256", digest, policy: "1.2.3" }),
      policy,
      "unacceptedPolicy",
    ],
  ] as const) {
    await t.test(`stamps no digest ${what}`, async () => {
      const answer = await fetch(`${stack.url}/api/v1/timestamp`, {
        method: "POST",
        headers: { "content-type": "application/timestamp-query" },
        body: Uint8Array.from(body),
      });
      assert.equal(answer.status, 400);
      assert.equal(answer.headers.get("chancery-reason"), reason);
      assert.deepEqual(await answer.json(), { code: 400, message });
    });
  }
}

async function signIns(t: TestContext, stack: Stack): Promise<void> {
  const world = { issuer: `${stack.url}/oidc` };
  await t.test("signs nobody in by a form of another site", async () => {
    const browser = new Browser();
    const page = await signInPage(world, browser);
    for (const token of ["", "x".repeat(43)]) {
      const path = new URL(page.url).pathname;
      const answer = await browser.submit(page, { email: "a@example.com", token }, path);
      assert.equal(answer.status, 403);
      assert.match(answer.text, /This form did not come from our page/);
    }
  });
  await t.test("signs nobody in under another name of this computer", async () => {
    const request = "GET /oidc/auth HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n";
    const answer = await raw(stack, request);
    assert.equal(statusOf(answer), "403", answer);
    assert.match(answer, /Dev mode serves this computer alone/);
  });
  await t.test("lets no page of another site read a sign-in", async () => {
    const headers = { origin: "https://evil.example" };
    const answer = await fetch(`${world.issuer}/auth`, { headers, redirect: "manual" });
    assert.equal(answer.headers.get("access-control-allow-origin"), null);
    assert.equal(answer.headers.get("access-control-allow-credentials"), null);
    const open = await fetch(`${stack.url}/api/v2/configuration`, { headers });
    assert.equal(open.headers.get("access-control-allow-origin"), "*");
    assert.equal(open.headers.get("access-control-allow-credentials"), null);
  });
  await t.test("says where it is by its own address, whatever a request calls it", async () => {
    const path = "/oidc/.well-known/openid-configuration";
    const { host } = new URL(stack.url);
    const forwarded = "X-Forwarded-Host: evil.example\r\nForwarded: host=evil.example";
    const head = `GET ${path} HTTP/1.1\r\nHost: ${host}\r\n${forwarded}\r\nConnection: close\r\n\r\n`;
    const answer = await raw(stack, head);
    assert.equal(statusOf(answer), "200", answer);
    assert.ok(answer.includes(`"issuer":"${world.issuer}"`) && !answer.includes("evil"));
  });
}

type Files = ReadonlyMap<string, string>;

/** The files of a repository as it is now, by the ends of their paths. */
async function filesOf(stack: Stack, directory: string): Promise<Files> {
  const names = ["timestamp.json", "1.root.json", "2.root.json", "3.root.json"];
  const files = new Map<string, string>();
  const timestamp = await (await fetch(`${stack.url}/tuf/timestamp.json`)).text();
  const { signed } = JSON.parse(timestamp) as any;
  names.push(`${signed.meta["snapshot.json"].version}.snapshot.json`);
  for (const name of names) {
    const answer = await fetch(`${stack.url}/tuf/${name}`);
    if (answer.ok) files.set(name, await answer.text());
  }
  assert.equal(
    readFileSync(join(directory, "tuf", "1.root.json"), "utf8"),
    files.get("1.root.json"),
  );
  return files;
}

/** What a client says that reads a repository through somebody who changes some of its files. */
async function through(
  stack: Stack,
  changes: Files,
  { cache, root, now = new Date() }: { cache: string; root: string; now?: Date },
): Promise<string> {
  const changed: typeof fetch = async (input, init) => {
    const url = input instanceof Request ? input.url : String(input);
    const text = changes.get(url.slice(url.lastIndexOf("/") + 1));
    if (text === "") return new Response("", { status: 404 });
    return text === undefined ? fetch(input, init) : new Response(text);
  };
  try {
    await fetchTrust({
      mirror: `${stack.url}/tuf`,
      root: utf8Bytes(root),
      cacheDirectory: cache,
      now,
      fetch: changed,
    });
    return "trusted";
  } catch (error) {
    assert.ok(error instanceof TufError, String(error));
    return error.code;
  }
}

test("a mirror between a stack's TUF repository and its client", async (t) => {
  const directory = newDirectory(t);
  const first = await start(t, directory);
  const listen = `127.0.0.1:${new URL(first.url).port}`;
  const oldest = await filesOf(first, directory);
  const root = oldest.get("1.root.json") ?? "";
  await first.close();
  // Other contents, then other keys.
  await rotateKeys(directory, "tsa", new Date());
  const second = await start(t, directory, listen);
  const before = await filesOf(second, directory);
  await second.close();
  await rotateKeys(directory, "tuf", new Date());
  const stack = await start(t, directory, listen);
  const after = await filesOf(stack, directory);
  const only = (name: string, text = before.get(name) ?? ""): Files => new Map([[name, text]]);
  const cache = newDirectory(t);
  assert.equal(await through(stack, new Map(), { cache, root }), "trusted");
  const timestamp = JSON.parse(after.get("timestamp.json") ?? "") as any;
  const unsigned = JSON.stringify({ ...timestamp, signatures: [] });
  const twice = JSON.stringify({
    ...timestamp,
    signatures: [...timestamp.signatures, ...timestamp.signatures],
  });
  const snapshotName = [...before.keys()].find((name) => name.endsWith(".snapshot.json")) ?? "";
  const oldSnapshot = [...oldest].find(([name]) => name.endsWith(".snapshot.json"))?.[1] ?? "";
  const later = new Date(Date.now() + 8 * 86_400_000);
  for (const [what, changes, code, now] of [
    ["freezes: nothing new for eight days", new Map(), "tuf-expired-timestamp", later],
    [
      "goes on with a key that was removed",
      only("timestamp.json"),
      "tuf-signature-threshold",
      undefined,
    ],
    [
      "leaves the signatures away",
      only("timestamp.json", unsigned),
      "tuf-signature-threshold",
      undefined,
    ],
    ["counts a signature twice", only("timestamp.json", twice), "tuf-metadata-invalid", undefined],
    [
      "mixes an old snapshot with a newer timestamp",
      // All of the second state, whose keys the first root names, but for its snapshot.
      new Map([...before, ["2.root.json", ""], [snapshotName, oldSnapshot]]),
      "tuf-inconsistent",
      undefined,
    ],
  ] as const) {
    await t.test(`that ${what}`, async () => {
      const empty = newDirectory(t);
      const options = { cache: empty, root, ...(now && { now }) };
      assert.equal(await through(stack, changes, options), code);
    });
  }

  await t.test("that goes back to what it was is refused by who has seen more", async () => {
    const cached = newDirectory(t);
    const newer = new Map([...before, ["2.root.json", ""]]);
    const options = { cache: cached, root };
    assert.equal(await through(stack, newer, options), "trusted");
    const older = new Map([...oldest, ["2.root.json", ""]]);
    assert.equal(await through(stack, older, options), "tuf-rollback");
    assert.equal(await through(stack, new Map(), options), "trusted");
  });
});
