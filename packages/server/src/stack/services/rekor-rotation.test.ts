// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { existsSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import { suite, test, type TestContext } from "node:test";
import { encodeBase64, encodeHex } from "@chancery/formats/bytes";
import { sha256 } from "@chancery/formats/crypto";
import { logKeyId, parseSignedCheckpoint } from "@chancery/formats/note";
import { decodeSigningConfig, decodeTrustedRoot } from "@chancery/formats/trust";
import { pino } from "pino";
import { newDirectory } from "../../../test/directory.ts";
import { hashedRekordV1, hashedRekordV2, newKey } from "../../../test/entries.ts";
import { post, request } from "../../../test/rekor-server.ts";
import { type Stack, type StackConfigInput, StackError, startStack } from "../index.ts";
import { rotateKeys } from "../rotate.ts";
import { findStoredLog } from "../stored-log.ts";
import { rekor } from "./rekor.ts";
import { tsa } from "./tsa.ts";

async function start(
  t: TestContext,
  dataDirectory: string,
  config: StackConfigInput = {},
): Promise<Stack> {
  const stack = await startStack({
    dataDirectory,
    listen: "127.0.0.1:0",
    logger: pino({ level: "silent" }),
    services: [rekor],
    config,
  });
  t.after(() => stack.close());
  return stack;
}

async function refusal(run: Promise<unknown>): Promise<string> {
  try {
    await run;
  } catch (error) {
    assert.ok(error instanceof StackError, String(error));
    return `${error.code}: ${error.message}`;
  }
  throw new Error("it was not refused");
}

const rotate = (directory: string, now: Date, what = "rekor"): Promise<unknown> =>
  rotateKeys(directory, what, now, [rekor, tsa]);

suite("replacing the keys of the log of signatures", () => {
  test("begins another tree, while the old one is read, proven and found", async (t) => {
    const directory = newDirectory(t);
    const key = newKey();
    const before = await start(t, directory);
    const proposed = hashedRekordV1({ key });
    const created = await post(`${before.url}/api/v1/log/entries`, proposed);
    assert.equal(created.status, 201);
    const old = await post(`${before.url}/api/v2/log/entries`, hashedRekordV2({ key }));
    const oldNote = (await request(`${before.url}/checkpoint`)).text;
    const oldLogs = decodeTrustedRoot(before.trustedRoot).tlogs;
    await before.close();
    // In a later second than the one in which the log was made: roots list the oldest first.
    const rotated = new Date(Date.now() + 2000);
    await rotate(directory, rotated);

    const { url, facts, hostname, ...stack } = await start(t, directory);
    assert.equal(hostname, "localhost");
    const logs = decodeTrustedRoot(stack.trustedRoot).tlogs;
    assert.equal(logs.length, 4);
    for (const [i, { logId, validFor }] of oldLogs.entries()) {
      assert.deepEqual(logs[i]?.logId, logId);
      assert.deepEqual(logs[i]?.validFor, { ...validFor, end: rotated });
    }
    const [, , v1, v2] = logs;
    const since = new Date(Math.floor(rotated.getTime() / 1000) * 1000);
    assert.deepEqual([v1?.validFor, v2?.validFor], [{ start: since }, { start: since }]);
    const port = new URL(url).port;
    assert.deepEqual([v1?.baseUrl, v2?.baseUrl], [url, `http://2.localhost:${port}`]);
    assert.deepEqual(v2?.logId, logKeyId("2.localhost", v2!.publicKey));
    assert.match(facts["vkey"] ?? "", /^2\.localhost\+/);
    const { rekorTlogUrls } = decodeSigningConfig(stack.signingConfig);
    assert.deepEqual(
      rekorTlogUrls.map((service) => [service.url, service.majorApiVersion, service.validFor]),
      [
        [url, 2, { start: since }],
        [url, 1, { start: since }],
      ],
    );

    // The v2 API: the new log at its paths, the old one below its own, as it was.
    const entry = await post(`${url}/api/v2/log/entries`, hashedRekordV2({ key }));
    assert.equal(entry.json.logIndex, "0");
    assert.equal(entry.json.logId.keyId, encodeBase64(v2!.logId));
    const { checkpoint } = parseSignedCheckpoint((await request(`${url}/checkpoint`)).text);
    assert.deepEqual([checkpoint.origin, checkpoint.size], ["2.localhost", 1n]);
    assert.equal((await request(`${url}/log/1/checkpoint`)).text, oldNote);
    assert.equal((await request(`${url}/log/1/tile/entries/000.p/2`)).status, 200);
    for (const path of ["/log/1/tile/entries/000.p/3", "/log/2/checkpoint", "/log/0/checkpoint"]) {
      assert.equal((await request(url + path)).status, 404);
    }

    // The v1 API: shards, and indexes that go on.
    const again = await post(`${url}/api/v1/log/entries`, proposed);
    assert.equal(again.status, 201, "the same entry may be in another shard");
    const [[id, made]] = Object.entries<any>(again.json) as [[string, any]];
    assert.equal(made.logIndex, 3);
    assert.equal(made.logID, encodeHex(v1!.logId));
    const [[oldId, oldMade]] = Object.entries<any>(created.json) as [[string, any]];
    assert.notEqual(id.slice(0, 16), oldId.slice(0, 16));
    const read = (await request(`${url}/api/v1/log/entries/${oldId}`)).json[oldId];
    assert.deepEqual(
      [read.body, read.logID, read.logIndex, read.integratedTime],
      [oldMade.body, oldMade.logID, 0, oldMade.integratedTime],
    );
    assert.equal(read.verification.inclusionProof.treeSize, 2);
    const info = (await request(`${url}/api/v1/log`)).json;
    assert.deepEqual(
      [info.treeSize, info.inactiveShards.map(({ treeSize }: any) => treeSize)],
      [2, [2]],
    );

    // Searches cover both, page by page.
    const digest = encodeHex(sha256(key.publicKey.spki));
    for (const [api, wanted] of [
      ["v1", [3, 2, 1, 0].map((index) => [index, encodeHex(logs[index > 1 ? 2 : 0]!.logId)])],
      ["v2", [1, 0, 1, 0].map((index, i) => [index, encodeBase64(logs[i < 2 ? 3 : 1]!.logId)])],
    ] as const) {
      const found: [number, string][] = [];
      for (let cursor = ""; ;) {
        const query = `key=${digest}&limit=1${cursor}`;
        const { json } = await request(`${url}/api/${api}/log/search?${query}`);
        for (const { logIndex, logID, logId } of json.entries) {
          found.push([Number(logIndex), logID ?? logId.keyId]);
        }
        if (json.nextCursor === null) break;
        assert.ok(found.length < 9);
        cursor = `&cursor=${json.nextCursor}`;
      }
      assert.deepEqual(found, wanted);
      const all = await request(`${url}/api/${api}/log/search?key=${digest}`);
      assert.equal(all.json.entries.length, 4);
    }
    assert.equal(old.json.logIndex, "1");
    const ids = await post(`${url}/api/v1/index/retrieve`, { hash: `sha256:${"0".repeat(64)}` });
    assert.deepEqual(ids.json, []);
  });

  test("is whole at every start after, and one more begins a third", async (t) => {
    const directory = newDirectory(t);
    for (const n of [1, 2, 3]) {
      for (const again of [false, true]) {
        const stack = await start(t, directory);
        assert.equal(decodeTrustedRoot(stack.trustedRoot).tlogs.length, 2 * n);
        const name = n === 1 ? "localhost" : `${n}.localhost`;
        assert.ok(stack.facts["vkey"]?.startsWith(`${name}+`));
        const { json } = await post(`${stack.url}/api/v2/log/entries`, hashedRekordV2());
        assert.equal(json.logIndex, again ? "1" : "0");
        await stack.close();
        const stored = await findStoredLog(directory);
        assert.equal(stored.folder, join(directory, n === 1 ? "log" : `log-${n}`));
        assert.equal(stored.origin, name);
      }
      await rotate(directory, new Date());
      // Until the next one is made there is the old one.
      assert.equal(
        (await findStoredLog(directory)).origin,
        n === 1 ? "localhost" : `${n}.localhost`,
      );
    }
  });

  test("twice before a start: the one between was never begun", async (t) => {
    const directory = newDirectory(t);
    await (await start(t, directory)).close();
    const now = Date.now();
    await rotate(directory, new Date(now));
    assert.match(
      await refusal(rotate(directory, new Date(now))),
      /^key: rekor was replaced on .*, which is not past: set the clock$/,
    );
    await rotate(directory, new Date(now + 1));
    const { trustedRoot, facts } = await start(t, directory);
    assert.equal(decodeTrustedRoot(trustedRoot).tlogs.length, 4);
    assert.match(facts["vkey"] ?? "", /^3\.localhost\+/);
    assert.ok(!existsSync(join(directory, "identity-2.json")));
  });

  test("goes on where the first start was cut off after any step", async (t) => {
    const directory = newDirectory(t);
    await (await start(t, directory)).close();
    await rotate(directory, new Date());
    const { facts, ...stack } = await start(t, directory);
    await stack.close();
    const keys = ["keys/rekor-2-v2.pem", "keys/rekor-2-v1.pem"];
    for (const gone of [[], ["identity-2.json"], ["identity-2.json", ...keys]]) {
      for (const path of ["log-2", ...gone]) rmSync(join(directory, path), { recursive: true });
      const again = await start(t, directory);
      assert.equal(again.facts["vkey"] === facts["vkey"], gone.length < 2);
      assert.equal(again.facts["treeId"] === facts["treeId"], gone.length < 1);
      assert.equal(decodeTrustedRoot(again.trustedRoot).tlogs.length, 4);
      await again.close();
    }
  });

  test("is refused where nothing would come of it", async (t) => {
    const directory = newDirectory(t);
    const none =
      /^identity: there is no log in .* yet, whose keys could be replaced: start it first$/;
    assert.match(await refusal(rotate(directory, new Date())), none);
    const stack = await start(t, directory);
    assert.match(await refusal(rotate(directory, new Date())), /^in-use: .* is in use by process/);
    await stack.close();
    for (const what of ["rekor-2", "rekor-v1", "Rekor", ""]) {
      assert.match(
        await refusal(rotate(directory, new Date(), what)),
        /^configuration: "[^"]*" cannot be replaced; these can: rekor, tsa$/,
      );
    }
    assert.ok(!existsSync(join(directory, "generations.json")));
    for (const hostname of ["192.0.2.7", "2001:db8::1"]) {
      const addressed = newDirectory(t);
      await (await start(t, addressed, { log: { hostname } })).close();
      assert.match(
        await refusal(rotate(addressed, new Date())),
        /^identity: the log in .* is named by an address, .*begin another data directory/,
      );
      await rotate(addressed, new Date(), "tsa");
    }
  });

  test("needs what is left of the old log, and keeps to its name", async (t) => {
    const directory = newDirectory(t);
    await (await start(t, directory)).close();
    await rotate(directory, new Date());
    await (await start(t, directory)).close();
    const path = (name: string): string => join(directory, name);
    for (const [name, message] of [
      ["log", /^identity: the log .*log is missing: restore it from a backup$/],
      ["identity.json", /^identity: .*identity\.json is missing, but there is a log$/],
      ["identity-2.json", /^identity: .*identity-2\.json is missing, but there is a log$/],
      ["keys/rekor-v1.pem", /^key: .*rekor-v1\.pem is missing: .* restore it from a backup$/],
      ["keys/rekor-2-v2.pem", /^key: .*rekor-2-v2\.pem is missing: .* restore it from a backup$/],
    ] as const) {
      renameSync(path(name), path("away"));
      assert.match(await refusal(start(t, directory)), message);
      renameSync(path("away"), path(name));
    }
    renameSync(path("keys/rekor-2-v2.pem"), path("away"));
    renameSync(path("keys/rekor-v2.pem"), path("keys/rekor-2-v2.pem"));
    renameSync(path("away"), path("keys/rekor-v2.pem"));
    assert.match(await refusal(start(t, directory)), /^key: the key rekor-2?-?v2 in .* is not the/);
    assert.match(
      await refusal(start(t, directory, { log: { hostname: "2.localhost" } })),
      /^identity: log\.hostname is 2\.localhost, but the log in .* is localhost for ever: /,
    );
  });
});
