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
import { hashedRekordV1, intotoV2, newKey } from "../../../test/entries.ts";
import { MemoryLog } from "../../../test/memory-log.ts";
import { hostname, p256, post, request, startedRekor, treeId } from "../../../test/rekor-server.ts";

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
