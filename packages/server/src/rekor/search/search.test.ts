// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { after, before, suite, test } from "node:test";
import { decodeBase64, encodeBase64, encodeHex, utf8Bytes } from "@chancery/formats/bytes";
import { hash, sha256 } from "@chancery/formats/crypto";
import type { PrivateKey } from "@chancery/formats/crypto/node";
import { encodePem } from "@chancery/formats/pem";
import { certificateOf } from "../../../test/certificates.ts";
import {
  dsseV1,
  dsseV2,
  envelope,
  hashedRekordV1,
  hashedRekordV2,
  newKey,
  statement,
} from "../../../test/entries.ts";
import {
  post,
  request,
  startedRekor,
  startRekor,
  type TestServer,
} from "../../../test/rekor-server.ts";

suite("searching a log", () => {
  let server: TestServer;
  let key: PrivateKey;
  let other: PrivateKey;
  let timeMs = Date.parse("2026-01-01T00:00:00Z");
  const artifact = utf8Bytes("artifact");
  const keyDigest = (of: PrivateKey): string => encodeHex(sha256(of.publicKey.spki));

  // Entries 0 to 7, a minute apart: key, other, key (v2)…
  before(async () => {
    server = await startRekor({ now: () => (timeMs += 60_000) });
    [key, other] = [newKey(), newKey()];
    const v1 = `${server.url}/api/v1/log/entries`;
    const v2 = `${server.url}/api/v2/log/entries`;
    for (const [url, proposed] of [
      [v1, hashedRekordV1({ key, artifact })], // 0
      [v1, hashedRekordV1({ key: other, artifact })], // 1
      [v2, hashedRekordV2({ key, artifact })], // 2
      [v1, dsseV1([key], envelope([key], statement("package.tgz", "cd".repeat(32))))], // 3
      [v2, dsseV2([other], statement("package.tgz"))], // 4
      [v2, hashedRekordV2({ key: newKey("PKIX_ECDSA_P384_SHA_384"), artifact })], // 5
      [v1, hashedRekordV1({ key })], // 6
      [v2, hashedRekordV2({ key })], // 7
    ] as const) {
      assert.equal((await post(url, proposed)).status, 201);
    }
  });
  after(() => server.close());

  const search = async (query: string, api = "v1", url = server.url): Promise<number[]> => {
    const { status, json, text } = await request(`${url}/api/${api}/log/search?${query}`);
    assert.equal(status, 200, text);
    return json.entries.map(({ logIndex }: any) => Number(logIndex));
  };

  test("finds what a key signed, through either API, newest first", async () => {
    assert.deepEqual(await search(`key=${keyDigest(key)}`), [7, 6, 3, 2, 0]);
    assert.deepEqual(await search(`key=${keyDigest(key).toUpperCase()}`, "v2"), [7, 6, 3, 2, 0]);
    assert.deepEqual(await search(`key=${keyDigest(newKey())}`), []);
  });

  test("finds an artifact by its digest, with or without the algorithm", async () => {
    const digest = encodeHex(sha256(artifact));
    assert.deepEqual(await search(`digest=${digest}`), [2, 1, 0]);
    assert.deepEqual(await search(`digest=SHA256:${digest.toUpperCase()}`), [2, 1, 0]);
    const longer = encodeHex(hash("sha384", artifact));
    assert.deepEqual(await search(`digest=${longer}`), [5]);
  });

  test("finds attestations by subject name and digest", async () => {
    assert.deepEqual(await search("subject=package.tgz"), [4, 3]);
    assert.deepEqual(await search("subject=Package.tgz"), [], "names have their letters");
    assert.deepEqual(await search(`subject=sha256:${"cd".repeat(32)}`), [3]);
    assert.deepEqual(await search(`digest=${"cd".repeat(32)}`), [3]);
    assert.deepEqual(await search("subject=gitCommit:cafe01"), [4, 3]);
  });

  test("finds the same through either API, for each criterion", async () => {
    const digest = encodeHex(sha256(artifact));
    for (const query of [
      "",
      `digest=${digest}`,
      `key=${keyDigest(other)}`,
      "subject=package.tgz",
      "since=2026-01-01T00:03:00Z&until=2026-01-01T00:05:00Z",
      `limit=2&cursor=5&key=${keyDigest(key)}`,
    ]) {
      const found = await search(query);
      assert.ok(found.length > 0, query);
      assert.deepEqual(await search(query, "v2"), found, query);
      assert.deepEqual(
        found,
        found.toSorted((a, b) => b - a),
        "newest first",
      );
    }
  });

  test("asks that all criteria hold", async () => {
    const digest = encodeHex(sha256(artifact));
    assert.deepEqual(await search(`digest=${digest}&key=${keyDigest(key)}`), [2, 0]);
    assert.deepEqual(await search(`subject=package.tgz&key=${keyDigest(other)}`), [4]);
    assert.deepEqual(await search(`identity=nobody&key=${keyDigest(other)}`), []);
  });

  test("finds certificates by the key in them, and by each of their identities", async (t) => {
    const log = await startedRekor(t);
    const own = newKey();
    const email = await certificateOf(own, [{ kind: "email", value: "Me@Example.com" }]);
    const workflow = "https://ci.example/Build@refs/heads/main";
    const uri = await certificateOf(own, [
      { kind: "uri", value: workflow },
      { kind: "dns", value: "ci.example" },
    ]);
    const pemOf = (der: Uint8Array): string =>
      encodeBase64(utf8Bytes(encodePem("CERTIFICATE", der)));
    for (const [api, proposed] of [
      ["v1", hashedRekordV1({ key: own, pem: pemOf(email) })], // 0
      ["v2", hashedRekordV2({ key: own, certificate: uri })], // 1
      ["v1", hashedRekordV1({ key: own })], // 2
      ["v1", hashedRekordV1()], // 3
      ["v2", hashedRekordV2({ key: own, certificate: email })], // 4
    ] as const) {
      const { status, text } = await post(`${log.url}/api/${api}/log/entries`, proposed);
      assert.equal(status, 201, text);
    }
    for (const [query, expected] of [
      [`key=${keyDigest(own)}`, [4, 2, 1, 0]],
      ["identity=me@example.com", [4, 0]],
      ["identity=ME@EXAMPLE.COM", [4, 0]],
      [`identity=${encodeURIComponent(workflow)}`, [1]],
      ["identity=ci.example", [1]],
      ["identity=example.com", []],
      [`identity=me@example.com&key=${keyDigest(own)}`, [4, 0]],
    ] as const) {
      for (const api of ["v1", "v2"]) {
        assert.deepEqual(await search(query, api, log.url), expected, `${api} ${query}`);
      }
    }
  });

  test("narrows to a range of times, both ends included", async () => {
    assert.deepEqual(
      await search("since=2026-01-01T00:03:00Z&until=2026-01-01T00:05:00Z"),
      [4, 3, 2],
    );
    assert.deepEqual(await search("since=2026-01-01T00:07:30%2B00:00"), [7]);
    assert.deepEqual(await search("until=2026-01-01T00:01:00Z"), [0]);
    assert.deepEqual(await search("until=2025-01-01T00:00:00Z"), []);
    assert.deepEqual(await search(`key=${keyDigest(key)}&since=2026-01-01T00:04:00Z`), [7, 6, 3]);
  });

  test("goes through everything in pages", async () => {
    const seen: number[] = [];
    let cursor = "";
    for (let pages = 0; pages < 10; pages++) {
      const url = `${server.url}/api/v1/log/search?limit=3&key=${keyDigest(key)}${cursor}`;
      const { json, headers } = await request(url);
      seen.push(...json.entries.map(({ logIndex }: any) => logIndex));
      assert.equal(headers.get("x-next-cursor"), json.nextCursor);
      if (json.nextCursor === null) break;
      cursor = `&cursor=${json.nextCursor}`;
    }
    assert.deepEqual(seen, [7, 6, 3, 2, 0]);
    assert.deepEqual(await search("limit=2"), [7, 6]);
    assert.deepEqual(await search("cursor=1"), [0]);
    assert.deepEqual(await search("cursor=0"), []);
  });

  test("answers with entries that can be fetched, in each API's names", async () => {
    const v1 = await request(`${server.url}/api/v1/log/search?limit=1&cursor=4`);
    const [item] = v1.json.entries;
    assert.deepEqual(
      { kind: item.kind, apiVersion: item.apiVersion, time: item.integratedTime },
      { kind: "dsse", apiVersion: "0.0.1", time: Date.parse("2026-01-01T00:04:00Z") / 1000 },
    );
    const read = await request(`${server.url}/api/v1/log/entries/${item.uuid}`);
    assert.equal(read.json[item.uuid].body, item.body);
    assert.equal(v1.headers.get("cache-control"), "no-store");
    const v2 = await request(`${server.url}/api/v2/log/search?limit=1&cursor=3`);
    const { logIndex, kindVersion, loggedTime, canonicalizedBody, logId } = v2.json.entries[0];
    assert.deepEqual(
      { logIndex, kindVersion, loggedTime },
      {
        logIndex: "2",
        kindVersion: { kind: "hashedrekord", version: "0.0.2" },
        loggedTime: "2026-01-01T00:03:00.000Z",
      },
    );
    assert.equal(decodeBase64(logId.keyId).length, 32);
    assert.deepEqual(decodeBase64(canonicalizedBody), server.log.stored[2]!.bytes);
  });

  test("writes a line for each entry to who asks for lines", async () => {
    const headers = { accept: "application/x-ndjson" };
    const first = await request(`${server.url}/api/v1/log/search?limit=3`, { headers });
    const whole = await request(`${server.url}/api/v1/log/search?limit=3`);
    assert.deepEqual(
      first.text
        .trimEnd()
        .split("\n")
        .map((line) => JSON.parse(line)),
      whole.json.entries,
      "the same entries in both formats",
    );
    const none = await request(`${server.url}/api/v1/log/search?cursor=0`, { headers });
    assert.equal(none.text, "");
    assert.equal(none.headers.get("x-next-cursor"), null);
    const url = `${server.url}/api/v2/log/search?limit=2`;
    const answer = await request(url, { headers });
    assert.match(answer.headers.get("content-type")!, /^application\/x-ndjson/);
    const lines = answer.text.split("\n");
    assert.equal(lines.pop(), "");
    assert.deepEqual(
      lines.map((line) => JSON.parse(line).logIndex),
      ["7", "6"],
    );
    assert.equal(answer.headers.get("x-next-cursor"), "6");
  });

  test("refuses parameters that are none, naming them", async () => {
    const cases: [string, RegExp][] = [
      ["hash=00", /^hash is not a parameter/],
      ["key=", /^key is empty/],
      ["key=00", /^key is not a SHA-256/],
      ["key=zz", /^key /],
      [`key=${"00".repeat(32)}&key=${"00".repeat(32)}`, /^key is given more than once/],
      ["digest=zz", /^digest is not/],
      ["digest=00", /^digest has 2 digits/],
      ["digest=sha256:", /^digest is not/],
      ["since=yesterday", /^since is not an RFC 3339 time/],
      ["until=2026-02-30T00:00:00Z", /^until is not/],
      ["limit=0", /^limit is not a whole number from 1 to 100/],
      ["limit=101", /^limit /],
      ["limit=1e1", /^limit /],
      ["cursor=-1", /^cursor /],
      ["cursor=x", /^cursor /],
      [`subject=${"x".repeat(5000)}`, /^subject is too long/],
    ];
    for (const [query, expected] of cases) {
      for (const api of ["v1", "v2"]) {
        const { status, json } = await request(`${server.url}/api/${api}/log/search?${query}`);
        assert.equal(status, 400, query);
        assert.match(json.message, expected);
      }
    }
  });
});
