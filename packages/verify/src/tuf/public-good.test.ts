// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { needVectors } from "../../../../test/vectors.ts";
import { type LoopbackMirror, serve } from "../../test/loopback-mirror.ts";
import { cacheFolderName, fetchTrust, publicGoodRoot, TufError } from "./index.ts";

/** Before the expiry of root 15, after that of most before it. */
const now = new Date("2026-06-01T00:00:00Z");
const last = 15;

interface Walk {
  readonly files: Map<string, Uint8Array>;
  readonly mirror: LoopbackMirror;
  /** Follows the roots from version 1; there is no timestamp to end with. */
  walk(at?: Date): Promise<TufError>;
  cached(name: string): Uint8Array | undefined;
}

async function publicHistory(t: TestContext): Promise<Walk | undefined> {
  const directory = needVectors(t, "public-good/metadata/root_history");
  if (directory === undefined) return undefined;
  const files = new Map<string, Uint8Array>();
  for (let version = 1; version <= last; version++) {
    files.set(`${version}.root.json`, readFileSync(`${directory}/${version}.root.json`));
  }
  const cacheDirectory = mkdtempSync(join(tmpdir(), "tuf-"));
  t.after(() => rmSync(cacheDirectory, { recursive: true, force: true }));
  const mirror = await serve(t, files);
  return {
    files,
    mirror,
    async walk(at = now) {
      const root = files.get("1.root.json");
      const options = { mirror: mirror.url, root, cacheDirectory, now: at };
      const error = await fetchTrust(options).catch((reason: unknown) => reason);
      assert.ok(error instanceof TufError, String(error));
      return error;
    },
    cached(name) {
      try {
        return readFileSync(join(cacheDirectory, cacheFolderName(mirror.url), name));
      } catch {
        return undefined;
      }
    },
  };
}

test("the shipped root is the last of the public instance's history, byte for byte", (t) => {
  const file = needVectors(t, `public-good/metadata/root_history/${last}.root.json`);
  if (file === undefined) return;
  assert.equal(publicGoodRoot, readFileSync(file, "utf8"));
});

test("the public instance's whole root history is walked, each by its predecessor's keys", async (t) => {
  const history = await publicHistory(t);
  if (!history) return;
  const error = await history.walk();
  assert.equal(error.code, "tuf-metadata-missing", error.message);
  const numbers = Array.from({ length: last }, (_, i) => i + 2);
  assert.deepEqual(history.mirror.requests, [
    ...numbers.map((version) => `${version}.root.json`),
    "timestamp.json",
  ]);
  assert.deepEqual(history.cached("root.json"), history.files.get(`${last}.root.json`));
  assert.deepEqual(history.cached("root_history/9.root.json"), history.files.get("9.root.json"));

  // The second walk takes the history from the cache and asks only for what may be newer.
  history.mirror.requests.length = 0;
  await history.walk();
  assert.deepEqual(history.mirror.requests, [`${last + 1}.root.json`, "timestamp.json"]);
});

test("the last public root is refused from the second of its expiry on", async (t) => {
  const history = await publicHistory(t);
  if (!history) return;
  const before = await history.walk(new Date("2026-11-20T13:58:17.999Z"));
  assert.equal(before.code, "tuf-metadata-missing");
  const error = await history.walk(new Date("2026-11-20T13:58:18Z"));
  assert.equal(error.code, "tuf-expired-root");
  assert.match(error.message, /root metadata expired on 2026-11-20T13:58:18\.000Z, just now/);
  assert.match((await history.walk(new Date("2026-11-23T00:00:00Z"))).message, /2 days ago/);
});

test("a public root with a signature too few ends the walk at its predecessor", async (t) => {
  const history = await publicHistory(t);
  if (!history) return;
  const text = new TextDecoder().decode(history.files.get("12.root.json"));
  const root = JSON.parse(text) as { signatures: { sig: string }[] };
  const signed = root.signatures.filter(({ sig }) => sig !== "");
  for (const signature of signed.slice(2)) signature.sig = signature.sig.replace(/..$/, "00");
  history.files.set("12.root.json", new TextEncoder().encode(JSON.stringify(root)));
  const error = await history.walk();
  assert.equal(error.code, "tuf-signature-threshold", error.message);
  assert.match(error.message, /12\.root\.json: root was signed by \d\/3 keys/);
  assert.deepEqual(history.cached("root.json"), history.files.get("11.root.json"));
});

test("a public root out of order ends the walk", async (t) => {
  const history = await publicHistory(t);
  if (!history) return;
  history.files.set("7.root.json", history.files.get("8.root.json") as Uint8Array);
  const error = await history.walk();
  assert.equal(error.code, "tuf-inconsistent", error.message);
  assert.match(error.message, /Expected version 7, got 8/);
});
