// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { suite, test } from "node:test";
import {
  decodeBase64,
  decodeUtf8,
  encodeBase64,
  encodeHex,
  utf8Bytes,
} from "@chancery/formats/bytes";
import { encodePublicKeyPem, sha256 } from "@chancery/formats/crypto";
import { checkEntry } from "../../../test/check-v1.ts";
import { hashedRekordV1, hashedRekordV2, intotoV2, newKey } from "../../../test/entries.ts";
import { MemoryLog } from "../../../test/memory-log.ts";
import {
  type Answer,
  hostname,
  p256,
  post,
  request,
  startedRekor,
  treeId,
} from "../../../test/rekor-server.ts";
import { rekorOperations } from "../index.ts";

suite("Rekor v1 over HTTP, otherwise configured", () => {
  test("refuses bodies over its limit", async (t) => {
    const server = await startedRekor(t, { bodySizeBytesMax: { v1: 1000 } });
    const url = `${server.url}/api/v1/log/entries`;
    const answer = await post(url, { kind: "x".repeat(1000) });
    assert.equal(answer.status, 413);
    assert.deepEqual(answer.json, {
      code: 413,
      message: "Request Entity Too Large. Limit set to 1000",
    });
  });

  test("takes no entry that a bundle cannot hold", async (t) => {
    const server = await startedRekor(t);
    const proposed = hashedRekordV1();
    const padding = `${"x".repeat(70)}\n`.repeat(10);
    const pem = encodeBase64(
      utf8Bytes(padding + decodeUtf8(decodeBase64(proposed.spec.signature.publicKey.content))),
    );
    proposed.spec.signature.publicKey.content = pem;
    const url = `${server.url}/api/v1/log/entries`;
    assert.equal((await post(url, proposed)).status, 201, "text around the PEM is not stored");
    const keys = [newKey()];
    const sent = intotoV2(keys);
    sent.spec.content.envelope.signatures[0].keyid = "x".repeat(66_000);
    const answer = await post(url, sent);
    assert.equal(answer.status, 400);
    assert.match(answer.json.message, /^error processing entry: the entry has \d+ bytes/);
  });

  test("takes nothing where it is frozen", async (t) => {
    const server = await startedRekor(t, { frozen: true });
    const answer = await post(`${server.url}/api/v1/log/entries`, hashedRekordV1());
    assert.equal(answer.status, 405);
    assert.equal(server.log.stored.length, 0);
  });

  test("answers 501 in Rekor's words for each operation that is turned off", async (t) => {
    const cases: [string, string, string, string][] = [
      ["searchIndex", "POST", "/api/v1/index/retrieve", "Search Index"],
      ["getLogInfo", "GET", "/api/v1/log", "Get Log Info"],
      ["getPublicKey", "GET", "/api/v1/log/publicKey", "Get Public Key"],
      ["getLogProof", "GET", "/api/v1/log/proof?lastSize=1", "Get Log Proof"],
      ["createLogEntry", "POST", "/api/v1/log/entries", "Create Entry"],
      ["getLogEntryByIndex", "GET", "/api/v1/log/entries?logIndex=0", "Get Log Entry by Index"],
      [
        "getLogEntryByUUID",
        "GET",
        `/api/v1/log/entries/${"ab".repeat(32)}`,
        "Get Log Entry by UUID",
      ],
      ["searchLogQuery", "POST", "/api/v1/log/entries/retrieve", "Search Log Query"],
      ["searchLogV1", "GET", "/api/v1/log/search", "Search Log"],
      ["searchLogV2", "GET", "/api/v2/log/search", "Search Log"],
    ];
    assert.deepEqual(
      cases.map(([operation]) => operation),
      rekorOperations,
    );
    const none = await startedRekor(t, { operations: [] });
    for (const [operation, method, path, name] of cases) {
      const ask = (url: string): Promise<Answer> =>
        method === "GET" ? request(url + path) : post(url + path, {});
      const { status, json } = await ask(none.url);
      assert.equal(status, 501, operation);
      assert.equal(json.message, `${name} API not enabled in this Rekor instance`);
      assert.equal(json.code, path.startsWith("/api/v2") ? 12 : 501);
      const one = await startedRekor(t, { operations: [operation] });
      assert.notEqual((await ask(one.url)).status, 501, operation);
    }
    assert.deepEqual(
      none.lines.filter(({ level }) => level > 30),
      [],
      "what is turned off is no fault",
    );
    assert.equal((await post(`${none.url}/api/v2/log/entries`, hashedRekordV2())).status, 201);
    assert.equal((await request(`${none.url}/checkpoint`)).status, 200);
  });

  test("counts indexes through its shards, and keeps their keys apart", async (t) => {
    const [oldKey, key] = [p256(), p256()];
    const old = new MemoryLog({ origin: hostname, key: oldKey });
    const log = new MemoryLog({ origin: hostname, key });
    const first = await startedRekor(t, {
      shards: [{ treeId: 7n, log: old, key: oldKey, hostname }],
    });
    const proposed = hashedRekordV1();
    await post(`${first.url}/api/v1/log/entries`, hashedRekordV1());
    await post(`${first.url}/api/v1/log/entries`, proposed);
    const server = await startedRekor(t, {
      shards: [
        { treeId: 7n, log: old, key: oldKey, hostname },
        { treeId, log, key, hostname },
      ],
    });
    const api = `${server.url}/api/v1/log`;
    const view = { ...server, v1Key: key };
    const again = await post(`${api}/entries`, proposed);
    assert.equal(again.status, 201, "the same entry may be in another shard");
    assert.equal(checkEntry(again.json, view, 2).logIndex, 2);
    const oldest = await request(`${api}/entries?logIndex=1`);
    const [id, entry] = Object.entries<any>(oldest.json)[0]!;
    assert.equal(id.slice(0, 16), "0000000000000007");
    assert.equal(entry.logID, encodeHex(sha256(oldKey.publicKey.spki)));
    assert.equal(entry.verification.inclusionProof.logIndex, 1);
    const info = await request(api);
    assert.equal(info.json.treeSize, 1);
    assert.deepEqual(
      info.json.inactiveShards.map(({ treeID, treeSize }: any) => [treeID, treeSize]),
      [["7", 2]],
    );
    const found = await post(`${api}/entries/retrieve`, { entries: [proposed] });
    assert.equal(found.json.length, 2, "found in every shard");
    const plain = await request(`${api}/entries/${id.slice(16)}`);
    assert.equal(Object.values<any>(plain.json)[0].logIndex, 2, "the active one is asked first");
    assert.equal(
      (await request(`${api}/publicKey?treeID=7`)).text,
      encodePublicKeyPem(oldKey.publicKey),
    );
  });
});
