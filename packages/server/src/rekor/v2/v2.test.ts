// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { after, before, suite, test } from "node:test";
import { decodeBase64, encodeBase64, encodeHex, utf8Bytes } from "@chancery/formats/bytes";
import { emptyRoot, leafHash, verifyInclusion } from "@chancery/formats/merkle";
import {
  logKeyId,
  noteVerifier,
  parseSignedCheckpoint,
  verifyNoteSignature,
} from "@chancery/formats/note";
import { decodeEntryBundle, encodeEntryBundle } from "@chancery/formats/tiles";
import { LogError } from "@chancery/log";
import { dsseV2, hashedRekordV1, hashedRekordV2, newKey } from "../../../test/entries.ts";
import {
  type Answer,
  hostname,
  post,
  request,
  startedRekor,
  startRekor,
  type TestServer,
} from "../../../test/rekor-server.ts";

function checkCheckpoint(text: string, server: TestServer): { size: bigint; rootHash: Uint8Array } {
  const { checkpoint, note } = parseSignedCheckpoint(text);
  assert.equal(checkpoint.origin, hostname);
  const verifier = noteVerifier(hostname, server.v2Key.publicKey);
  assert.equal(verifyNoteSignature(note, verifier).status, "verified");
  return checkpoint;
}

function checkEntry(json: any, server: TestServer): void {
  assert.deepEqual(Object.keys(json), [
    "logIndex",
    "logId",
    "kindVersion",
    "integratedTime",
    "inclusionPromise",
    "inclusionProof",
    "canonicalizedBody",
  ]);
  const { inclusionProof: proof } = json;
  const { size, rootHash } = checkCheckpoint(proof.checkpoint.envelope, server);
  assert.equal(json.integratedTime, "0");
  assert.equal(json.inclusionPromise, null);
  assert.deepEqual(decodeBase64(json.logId.keyId), logKeyId(hostname, server.v2Key.publicKey));
  assert.equal(proof.logIndex, json.logIndex);
  assert.equal(proof.treeSize, String(size));
  assert.equal(proof.rootHash, encodeBase64(rootHash));
  verifyInclusion({
    leafIndex: BigInt(json.logIndex),
    treeSize: size,
    leafHash: leafHash(decodeBase64(json.canonicalizedBody)),
    proof: proof.hashes.map((hash: string) => decodeBase64(hash)),
    rootHash,
  });
}

suite("Rekor v2 over HTTP", () => {
  let server: TestServer;
  let entries: string;
  before(async () => {
    server = await startRekor();
    entries = `${server.url}/api/v2/log/entries`;
  });
  after(() => server.close());

  const refused = (
    answer: Answer,
    status: number,
    code: number,
    message: string | RegExp,
    reason?: RegExp,
  ): void => {
    assert.equal(answer.status, status, answer.text);
    assert.deepEqual(Object.keys(answer.json), ["code", "message", "details"]);
    assert.equal(answer.json.code, code);
    if (typeof message === "string") assert.equal(answer.json.message, message);
    else assert.match(answer.json.message, message);
    const [detail] = answer.json.details;
    if (reason) assert.match(detail.fieldViolations[0].description, reason);
  };

  test("logs a hashedrekord and proves it", async () => {
    const answer = await post(entries, hashedRekordV2());
    assert.equal(answer.status, 201, answer.text);
    assert.match(answer.headers.get("content-type")!, /^application\/json/);
    checkEntry(answer.json, server);
    assert.deepEqual(answer.json.kindVersion, { kind: "hashedrekord", version: "0.0.2" });
  });

  test("logs an envelope as older clients send it", async () => {
    const answer = await post(entries, dsseV2());
    assert.equal(answer.status, 201, answer.text);
    checkEntry(answer.json, server);
    assert.deepEqual(answer.json.kindVersion, { kind: "dsse", version: "0.0.2" });
  });

  test("answers a retry with 201, the first index and a present proof", async () => {
    const proposed = hashedRekordV2();
    const first = await post(entries, proposed);
    await post(entries, hashedRekordV2());
    const second = await post(entries, proposed);
    assert.equal(second.status, 201);
    checkEntry(second.json, server);
    assert.equal(second.json.logIndex, first.json.logIndex);
    assert.equal(second.json.canonicalizedBody, first.json.canonicalizedBody);
    assert.ok(
      Number(second.json.inclusionProof.treeSize) > Number(first.json.inclusionProof.treeSize),
    );
  });

  test("gives distinct indexes to what comes at once", async () => {
    const key = newKey();
    const answers = await Promise.all(
      Array.from({ length: 20 }, () => post(entries, hashedRekordV2({ key }))),
    );
    for (const { json } of answers) checkEntry(json, server);
    assert.equal(new Set(answers.map(({ json }) => json.logIndex)).size, 20);
  });

  test("does not ask for a content type", async () => {
    const body = utf8Bytes(JSON.stringify(hashedRekordV2()));
    const sent = await request(entries, { method: "POST", body: body });
    assert.equal(sent.status, 201);
    const odd = await request(entries, {
      method: "POST",
      headers: { "content-type": "x/y" },
      body,
    });
    assert.equal(odd.status, 201);
  });

  test("shares its tree with v1", async () => {
    const created = await post(`${server.url}/api/v1/log/entries`, hashedRekordV1());
    const [entry] = Object.values<any>(created.json);
    const next = await post(entries, hashedRekordV2());
    assert.equal(Number(next.json.logIndex), entry.logIndex + 1);
    const read = await request(`${server.url}/api/v1/log/entries?logIndex=${next.json.logIndex}`);
    assert.equal(Object.values<any>(read.json)[0].body, next.json.canonicalizedBody);
    const { json } = await request(`${server.url}/api/v1/log`);
    const note = (await request(`${server.url}/checkpoint`)).text;
    assert.equal(encodeHex(checkCheckpoint(note, server).rootHash), json.rootHash);
  });

  test("refuses what is none, with the reference's message and the reason beside it", async () => {
    const size = server.log.stored.length;
    const of = (change: (v: any) => void): any => {
      const value = hashedRekordV2();
      change(value.hashedRekordRequestV002);
      return value;
    };
    const invalid = "invalid hashedrekord request";
    refused(await post(entries, ""), 400, 3, /^proto: /);
    refused(await post(entries, "{"), 400, 3, /^proto: syntax error/);
    refused(await post(entries, "[]"), 400, 3, /^proto: unexpected token/);
    refused(await post(entries, "{} {}"), 400, 3, /^proto: syntax error/);
    refused(await post(entries, {}), 400, 3, "invalid type, must be hashedrekord");
    refused(await post(entries, { foo: 1 }), 400, 3, 'proto: unknown field "foo"');
    refused(
      await post(
        entries,
        of((v) => delete v.digest),
      ),
      400,
      3,
      invalid,
      /missing digest/,
    );
    refused(
      await post(
        entries,
        of((v) => (v.digest = encodeBase64(new Uint8Array(32)))),
      ),
      400,
      3,
      invalid,
      /^verifying signature: /,
    );
    refused(
      await post(
        entries,
        of((v) => (v.signature.verifier.keyDetails = "PKIX_ED25519")),
      ),
      400,
      3,
      invalid,
      /not allowed/,
    );
    const dsse = dsseV2();
    dsse.dsseRequestV002.verifiers = [];
    refused(await post(entries, dsse), 400, 3, "invalid dsse request", /missing verifiers/);
    assert.equal(server.log.stored.length, size, "nothing was logged");
  });

  test("answers methods it does not have as grpc-gateway does", async () => {
    const answer = await request(entries);
    assert.equal(answer.status, 501);
    assert.equal(answer.json.code, 12);
  });

  test("says so where the log is overloaded or broken", async () => {
    server.log.failure = new LogError("overloaded", "too much");
    const answer = await post(entries, hashedRekordV2());
    refused(answer, 503, 14, "reached max pushback; retry");
    assert.equal(answer.headers.get("retry-after"), "1");
    server.log.failure = new LogError("storage", "/secret/path");
    refused(await post(entries, hashedRekordV2()), 500, 2, "failed to integrate entry");
    server.log.failure = undefined;
    assert.equal((await post(entries, hashedRekordV2())).status, 201);
  });
});

suite("Rekor v2's reads", () => {
  let server: TestServer;
  const size = 300;
  before(async () => {
    server = await startRekor();
    for (let i = 0; i < size; i++) {
      await server.log.append({ bytes: utf8Bytes(`entry ${i}`), keys: new Uint8Array(0) });
    }
  });
  after(() => server.close());

  for (const prefix of ["", "/api/v2"]) {
    const get = (path: string, headers: Record<string, string> = {}): Promise<Response> =>
      fetch(server.url + prefix + path, { headers: { "accept-encoding": "identity", ...headers } });

    test(`serves the checkpoint under ${prefix || "/"}`, async () => {
      const answer = await get("/checkpoint");
      assert.equal(answer.headers.get("content-type"), "text/plain; charset=utf-8");
      assert.equal(answer.headers.get("cache-control"), "no-cache");
      assert.equal(checkCheckpoint(await answer.text(), server).size, BigInt(size));
    });

    test(`serves tiles of every width under ${prefix || "/"}, cached by whether they grow`, async () => {
      const bytes = async (answer: Response): Promise<Uint8Array> =>
        new Uint8Array(await answer.arrayBuffer());
      const leaves = (from: number, width: number): Uint8Array =>
        new Uint8Array(Buffer.concat(server.log.leaves.slice(from, from + width)));
      const full = await get("/tile/0/000");
      assert.equal(full.headers.get("content-type"), "application/octet-stream");
      assert.equal(full.headers.get("cache-control"), "public, max-age=31536000, immutable");
      assert.deepEqual(await bytes(full), leaves(0, 256));
      for (const width of [1, 43, 44]) {
        const partial = await get(`/tile/0/001.p/${width}`);
        assert.equal(partial.headers.get("cache-control"), "public, max-age=604800, immutable");
        assert.deepEqual(await bytes(partial), leaves(256, width));
      }
      assert.deepEqual(await bytes(await get("/tile/0/000.p/7")), leaves(0, 7));
      assert.equal((await bytes(await get("/tile/1/000.p/1"))).length, 32);
    });

    test(`serves bundles under ${prefix || "/"}, compressed to who takes that`, async () => {
      const plain = await get("/tile/entries/001.p/44");
      const bytes = new Uint8Array(await plain.arrayBuffer());
      assert.equal(plain.headers.get("content-encoding"), null);
      assert.equal(plain.headers.get("vary"), "Accept-Encoding");
      const expected = server.log.stored.slice(256).map((entry) => entry.bytes);
      assert.deepEqual(decodeEntryBundle(bytes, 44), expected);
      for (const path of ["/tile/entries/001.p/44", "/tile/entries/000", "/tile/entries/000"]) {
        const packed = await get(path, { "accept-encoding": "gzip, identity" });
        assert.equal(packed.headers.get("content-encoding"), "gzip");
        const unpacked = new Uint8Array(await packed.arrayBuffer());
        const [from, width] = path.endsWith("44") ? [256, 44] : [0, 256];
        const part = server.log.stored.slice(from, from + width).map((entry) => entry.bytes);
        assert.deepEqual(unpacked, encodeEntryBundle(part));
      }
      const none = await get("/tile/entries/000", { "accept-encoding": "gzip;q=0, identity" });
      assert.equal(none.headers.get("content-encoding"), null);
    });

    test(`has no tiles beyond the tree under ${prefix || "/"}, and no other spellings`, async () => {
      for (const path of [
        "/tile/0/001",
        "/tile/0/001.p/45",
        "/tile/0/002",
        "/tile/1/000.p/2",
        "/tile/2/000.p/1",
        "/tile/entries/001",
        "/tile/entries/001.p/45",
        "/tile/entries/x001/000",
        "/tile/0/000.p/256",
        "/tile/0/000.p/0",
        "/tile/0/000.p/01",
        "/tile/0/x000/000",
        "/tile/00/000",
        "/tile/64/000",
        "/tile/0/0",
        "/tile/-1/000",
        "/tile/0/%30%30%30",
        "/tile/",
        "/tile/names/000",
      ]) {
        const answer = await get(path);
        assert.equal(answer.status, 404, path);
        assert.equal(answer.headers.get("cache-control"), "no-store", path);
        await answer.arrayBuffer();
      }
    });
  }

  test("has the checkpoint of nothing at first", async (t) => {
    const empty = await startedRekor(t);
    const { text } = await request(`${empty.url}/checkpoint`);
    assert.deepEqual(checkCheckpoint(text, empty).rootHash, emptyRoot());
    assert.equal((await request(`${empty.url}/tile/0/000.p/1`)).status, 404);
  });
});

suite("Rekor v2 over HTTP, otherwise configured", () => {
  test("is frozen in plain words", async (t) => {
    const server = await startedRekor(t, { frozen: true });
    const answer = await post(`${server.url}/api/v2/log/entries`, hashedRekordV2());
    assert.equal(answer.status, 405);
    assert.equal(answer.text, "This log has been frozen, please switch to the latest log.\n");
    assert.match(answer.headers.get("content-type")!, /^text\/plain/);
  });

  test("refuses bodies over its limit", async (t) => {
    const server = await startedRekor(t, { bodySizeBytesMax: { v2: 1000 } });
    const answer = await post(`${server.url}/api/v2/log/entries`, { x: "x".repeat(1000) });
    assert.equal(answer.status, 413);
    assert.equal(answer.json.code, 3);
  });

  test("counts what it answers and logs", async (t) => {
    const server = await startedRekor(t);
    const key = newKey();
    await post(`${server.url}/api/v2/log/entries`, hashedRekordV2({ key }));
    await post(`${server.url}/api/v2/log/entries`, {});
    const proposed = hashedRekordV1({ key });
    await post(`${server.url}/api/v1/log/entries`, proposed);
    await post(`${server.url}/api/v1/log/entries`, proposed);
    await request(`${server.url}/api/v1/log/entries/${"ab".repeat(32)}`);
    server.log.failure = new LogError("storage", "the disk is full");
    await post(`${server.url}/api/v2/log/entries`, hashedRekordV2({ key }));
    const text = await server.metrics.registry.metrics();
    for (const line of [
      "rekor_new_entries 2",
      "rekor_v2_new_hashedrekord_entries 1",
      'chancery_new_entries{kind="hashedrekord",version="0.0.1"} 1',
      'rekor_v2_http_requests_total{code="201",method="post"} 1',
      'rekor_v2_http_requests_total{code="400",method="post"} 1',
      'rekor_qps_by_api{path="/api/v1/log/entries",method="POST",code="201"} 1',
      'rekor_qps_by_api{path="/api/v1/log/entries",method="POST",code="409"} 1',
      'rekor_qps_by_api{path="/api/v1/log/entries/{entryUUID}",method="GET",code="404"} 1',
      'rekor_latency_by_api_count{path="/api/v1/log/entries",method="POST"} 2',
      'rekor_v2_http_api_latency_count{code="201",method="post"} 1',
      'rekor_api_latency_count{path="/api/v1/log/entries",code="201"} 1',
      'rekor_api_latency_summary_count{path="/api/v1/log/entries",code="409"} 1',
      'rekor_index_storage_latency_summary_count{success="true"} 3',
      'rekor_index_storage_latency_summary_count{success="false"} 1',
    ]) {
      assert.ok(text.includes(`${line}\n`), line);
    }
    const [line] = server.lines.filter(({ status }) => status === 409);
    assert.deepEqual(
      { method: line.method, path: line.path, msg: line.msg },
      { method: "POST", path: "/api/v1/log/entries", msg: "request" },
    );
  });
});
