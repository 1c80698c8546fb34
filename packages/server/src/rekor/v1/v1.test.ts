// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { after, before, suite, test } from "node:test";
import {
  decodeBase64,
  decodeHex,
  decodeUtf8,
  encodeBase64,
  encodeHex,
  utf8Bytes,
} from "@chancery/formats/bytes";
import { encodePublicKeyPem } from "@chancery/formats/crypto";
import { canonicalizeJcs } from "@chancery/formats/json";
import { leafHash, verifyConsistency } from "@chancery/formats/merkle";
import { LogError } from "@chancery/log";
import { checkCheckpoint, checkEntry } from "../../../test/check-v1.ts";
import {
  dsseV1,
  hashedRekordV1,
  hashedRekordV2,
  intotoV2,
  newKey,
  pemOf,
  rekordV1,
  statement,
} from "../../../test/entries.ts";
import {
  type Answer,
  post,
  request,
  startedRekor,
  startRekor,
  type TestServer,
  treeId,
} from "../../../test/rekor-server.ts";

suite("Rekor v1 over HTTP", () => {
  let server: TestServer;
  let api: string;
  before(async () => {
    server = await startRekor();
    api = `${server.url}/api/v1`;
  });
  after(() => server.close());

  const refused = (
    answer: Answer,
    status: number,
    message: string | RegExp,
    code = status,
  ): void => {
    assert.equal(answer.status, status, answer.text);
    assert.deepEqual(Object.keys(answer.json), ["code", "message"]);
    assert.equal(answer.json.code, code);
    if (typeof message === "string") assert.equal(answer.json.message, message);
    else assert.match(answer.json.message, message);
    assert.match(answer.headers.get("content-type")!, /^application\/json/);
  };

  test("an empty log has the root of nothing", async (t) => {
    const empty = await startedRekor(t);
    const { json } = await request(`${empty.url}/api/v1/log`);
    assert.equal(json.treeSize, 0);
    assert.match(json.rootHash, /^e3b0c442/);
    checkCheckpoint(json.signedTreeHead, json, empty);
  });

  test("logs an entry and answers promise, proof and where it is", async () => {
    const proposed = hashedRekordV1();
    const answer = await post(`${api}/log/entries`, proposed);
    assert.equal(answer.status, 201, answer.text);
    const entry = checkEntry(answer.json, server);
    const [id] = Object.keys(answer.json);
    assert.equal(answer.headers.get("etag"), id);
    assert.equal(answer.headers.get("location"), `/api/v1/log/entries/${id}`);
    assert.equal(answer.headers.get("access-control-allow-origin"), "*");
    assert.equal(decodeUtf8(decodeBase64(entry.body)), canonicalizeJcs(proposed));
    assert.ok(Math.abs(entry.integratedTime - Date.now() / 1000) < 10);
  });

  test("answers a retry with 409 and an entry that can be read", async () => {
    const proposed = hashedRekordV1();
    const first = await post(`${api}/log/entries?x=1&apiKey=secret`, proposed);
    const [id] = Object.keys(first.json);
    assert.equal(first.headers.get("location"), `/api/v1/log/entries/${id}?x=1`);
    const second = await post(`${api}/log/entries/`, proposed);
    refused(
      second,
      409,
      `an equivalent entry already exists in the transparency log with UUID ${id}`,
    );
    assert.equal(second.headers.get("location"), `/api/v1/log/entries/${id}`);
    const read = await request(server.url + second.headers.get("location"));
    assert.equal(read.status, 200);
    assert.equal(checkEntry(read.json, server).integratedTime, first.json[id!].integratedTime);
  });

  test("answers one 201 where the same entry comes many times at once", async () => {
    const proposed = hashedRekordV1();
    const answers = await Promise.all(
      Array.from({ length: 12 }, () => post(`${api}/log/entries`, proposed)),
    );
    const statuses = answers.map(({ status }) => status).toSorted((a, b) => a - b);
    assert.deepEqual(statuses, [201, ...Array.from({ length: 11 }, () => 409)]);
  });

  test("serves an entry by index, by id and by leaf hash, in letters of either case", async () => {
    const created = await post(`${api}/log/entries`, rekordV1());
    const [id] = Object.keys(created.json) as [string];
    const { logIndex, body } = created.json[id];
    for (const path of [
      `?logIndex=${logIndex}`,
      `/?logIndex=${logIndex}`,
      `/${id}`,
      `/${id.toUpperCase()}`,
      `/${id.slice(16)}`,
      `/${id}/`,
    ]) {
      const { status, json, headers } = await request(`${api}/log/entries${path}`);
      assert.equal(status, 200, path);
      assert.equal(checkEntry(json, server).body, body);
      assert.match(headers.get("cache-control")!, /^no-cache, no-store/);
      assert.equal(headers.get("expires"), "Thu, 01 Jan 1970 00:00:00 GMT");
    }
  });

  test("says nothing but 404 of entries that are not there", async () => {
    const { size } = server.log.head();
    const uuid = "ab".repeat(32);
    for (const path of [
      `?logIndex=${size}`,
      "?logIndex=9007199254740993",
      `/${uuid}`,
      `/108e9186e8c5677a${uuid}`,
      `/0000000000000001${uuid}`,
    ]) {
      const answer = await request(`${api}/log/entries${path}`);
      assert.equal(answer.status, 404, path);
      assert.equal(answer.text, "");
    }
  });

  test("refuses ids and indexes that are none", async () => {
    const uuid = "ab".repeat(32);
    const pattern = "^([0-9a-fA-F]{64}|[0-9a-fA-F]{80})$";
    const get = (path: string): Promise<Answer> => request(`${api}/log/entries${path}`);
    refused(
      await get("?logIndex=-1"),
      422,
      "logIndex in query should be greater than or equal to 0",
      609,
    );
    refused(await get("?logIndex=x"), 422, 'logIndex in query must be of type int64: "x"', 601);
    refused(await get("?logIndex=1.5"), 422, 'logIndex in query must be of type int64: "1.5"', 601);
    refused(await get(""), 422, "logIndex in query is required", 602);
    for (const id of ["x", uuid.slice(1), `${uuid}00`, `g${uuid.slice(1)}`]) {
      refused(await get(`/${id}`), 422, `entryUUID in path should match '${pattern}'`, 605);
    }
    const tree = "ffffffffffffffff";
    refused(await get(`/${tree}${uuid}`), 400, `validation error: ${tree} is not a valid TreeID`);
    refused(
      await get(`/${"0".repeat(16)}${uuid}`),
      400,
      "validation error: 0 is not a valid TreeID",
    );
  });

  test("tells the tree's state, signed anew each time", async () => {
    const first = await request(`${api}/log?stable=true`);
    const second = await request(`${api}/log`);
    const { rootHash, treeSize, treeID, inactiveShards } = first.json;
    assert.equal(treeID, String(treeId));
    assert.equal(inactiveShards, null);
    assert.equal(treeSize, server.log.stored.length);
    assert.equal(rootHash, encodeHex(server.log.head().rootHash));
    checkCheckpoint(first.json.signedTreeHead, first.json, server);
    assert.notEqual(first.json.signedTreeHead, second.json.signedTreeHead);
  });

  test("gives its public key to who takes it", async () => {
    const answer = await request(`${api}/log/publicKey`);
    assert.equal(answer.text, encodePublicKeyPem(server.v1Key.publicKey));
    assert.match(answer.headers.get("content-type")!, /^application\/x-pem-file/);
    const named = await request(`${api}/log/publicKey?treeID=${treeId}`);
    assert.equal(named.text, answer.text);
    refused(await request(`${api}/log/publicKey?treeID=7`), 400, "Bad Request");
    refused(
      await request(`${api}/log/publicKey?treeID=x`),
      422,
      "treeID in query should match '^[0-9]+$'",
      605,
    );
    const headers = { accept: "text/html" };
    assert.equal((await request(`${api}/log/publicKey`, { headers })).status, 406);
  });

  test("proves that it only grew", async () => {
    const { size, rootHash } = server.log.head();
    const { json } = await request(
      `${api}/log/proof?firstSize=2&lastSize=${size}&treeID=${treeId}`,
    );
    assert.equal(json.rootHash, encodeHex(rootHash));
    verifyConsistency({
      oldSize: 2n,
      newSize: BigInt(size),
      oldRoot: server.log.headAt(2).rootHash,
      newRoot: rootHash,
      proof: json.hashes.map((hash: string) => decodeHex(hash)),
    });
    const same = await request(`${api}/log/proof?firstSize=${size}&lastSize=${size}`);
    assert.deepEqual(same.json.hashes, []);
    const proof = (query: string): Promise<Answer> => request(`${api}/log/proof?${query}`);
    refused(
      await proof("firstSize=3&lastSize=2"),
      400,
      "firstSize(3) must be less than lastSize(2)",
    );
    refused(
      await proof(`lastSize=${size + 1}`),
      400,
      `the tree size requested(${size + 1}) was greater than what is currently observable(${size})`,
    );
    refused(await proof("firstSize=1"), 422, "lastSize in query is required", 602);
    refused(
      await proof("firstSize=0&lastSize=1"),
      422,
      /firstSize in query should be greater/,
      609,
    );
    refused(await proof("lastSize=0"), 422, /lastSize in query should be greater/, 609);
    refused(await proof("lastSize=x"), 422, /must be of type int64/, 601);
    refused(await proof("lastSize=1&treeID=9"), 400, /tree ID 9/);
  });

  test("refuses proposals that are none", async () => {
    const send = (value: unknown, headers?: object): Promise<Answer> =>
      post(`${api}/log/entries`, value, headers);
    const proposed = hashedRekordV1();
    refused(await send(""), 422, "proposedEntry in body is required", 602);
    refused(await send("{"), 400, /^parsing proposedEntry body from "" failed, because /);
    refused(await send("[]"), 400, /^parsing proposedEntry body from "" failed, because /);
    refused(await send('{"kind":"x","kind":"y"}'), 400, /stands twice/);
    refused(await send("{} {}"), 400, /because /);
    refused(await send({}), 422, 'invalid kind value: ""');
    refused(await send({ kind: "foo" }), 422, 'invalid kind value: "foo"');
    refused(await send({ kind: 7 }), 422, 'invalid kind value: ""');
    refused(await send({ kind: "dsse" }), 422, "apiVersion in body is required", 602);
    refused(
      await send({ ...proposed, apiVersion: "1" }),
      422,
      /^apiVersion in body should match/,
      605,
    );
    refused(await send({ ...proposed, spec: null }), 422, "spec in body is required", 602);
    refused(
      await send({ ...proposed, spec: "x" }),
      400,
      /^error processing entry: unsupported input/,
    );
    refused(
      await send({ ...proposed, apiVersion: "0.0.2" }),
      400,
      /^error processing entry: hashedrekord implementation for version '0.0.2' not found/,
    );
    refused(
      await send({ ...proposed, kind: "rpm" }),
      400,
      "error processing entry: entry kind 'rpm' is not enabled for submission on this server",
    );
    refused(
      await send({ ...proposed, spec: {} }),
      400,
      /^error processing entry: validation failure/,
    );
    const size = server.log.stored.length;
    const forged = structuredClone(proposed);
    forged.spec.data.hash.value = "00".repeat(32);
    refused(await send(forged), 400, /^error processing entry: verifying signature: /);
    assert.equal(server.log.stored.length, size, "nothing was logged");
  });

  test("takes JSON only, and only so named", async () => {
    const body = JSON.stringify(hashedRekordV1());
    const send = (headers: Record<string, string>): Promise<Answer> =>
      request(`${api}/log/entries`, { method: "POST", headers, body: utf8Bytes(body) });
    refused(
      await send({}),
      415,
      'unsupported media type "application/octet-stream", only [application/json] are allowed',
    );
    refused(await send({ "content-type": "text/yaml" }), 415, /"text\/yaml"/);
    assert.equal((await send({ "content-type": "Application/JSON; charset=utf-8" })).status, 201);
  });

  test("answers methods and paths that it does not have", async () => {
    const answer = await request(`${api}/log/entries`, { method: "DELETE" });
    refused(answer, 405, "method DELETE is not allowed, but [GET,POST] are");
    assert.equal(answer.headers.get("allow"), "GET,POST");
    refused(await request(`${api}/log`, { method: "POST" }), 405, /but \[GET\] are/);
    refused(await request(`${api}/version`), 404, "path /api/v1/version was not found");
    refused(
      await request(`${server.url}/api/v1/timestamp?x=1`),
      404,
      "path /api/v1/timestamp was not found",
    );
    assert.equal((await request(`${server.url}/ping`)).text, ".");
    const preflight = await request(`${api}/log/entries`, {
      method: "OPTIONS",
      headers: { origin: "https://a.example", "access-control-request-method": "POST" },
    });
    assert.equal(preflight.status, 204);
    assert.match(preflight.headers.get("access-control-allow-methods")!, /POST/);
  });

  test("retrieves by ids, entries and indexes, in that order", async () => {
    const [a, b, c] = [hashedRekordV1(), dsseV1(), intotoV2()];
    const created = [];
    for (const proposed of [a, b, c]) created.push(await post(`${api}/log/entries`, proposed));
    const [idA, idB, idC] = created.map(({ json }) => Object.keys(json)[0]!);
    const { logIndex } = created[2]!.json[idC!];
    const { json, status } = await post(`${api}/log/entries/retrieve/`, {
      entryUUIDs: [idB!.slice(16), idA!, "ab".repeat(32)],
      logIndexes: [logIndex, 1_000_000],
      entries: [c],
    });
    assert.equal(status, 200);
    assert.deepEqual(
      json.map((entry: any) => Object.keys(entry)[0]),
      [idA, idB, idC, idC],
    );
    for (const entry of json) checkEntry(entry, server);
    const none = await post(`${api}/log/entries/retrieve`, {
      entryUUIDs: null,
      entries: [hashedRekordV1()],
    });
    assert.deepEqual(none.json, []);
    assert.deepEqual((await post(`${api}/log/entries/retrieve`, {})).json, []);
  });

  test("refuses queries that are none", async () => {
    const send = (value: unknown): Promise<Answer> => post(`${api}/log/entries/retrieve`, value);
    const id = "ab".repeat(32);
    refused(await send(""), 422, "entry in body is required", 602);
    refused(await send("x"), 400, /^parsing entry body from "" failed, because /);
    refused(
      await send({ entryUUIDs: [] }),
      422,
      "entryUUIDs in body should have at least 1 items",
      612,
    );
    refused(
      await send({ logIndexes: Array(11).fill(0) }),
      422,
      "logIndexes in body should have at most 10 items",
      611,
    );
    refused(await send({ entryUUIDs: ["x"] }), 422, /^entryUUIDs.0 in body should match/, 605);
    refused(await send({ logIndexes: [-1] }), 422, /logIndexes.0 in body should be greater/, 609);
    refused(await send({ logIndexes: ["0"] }), 400, /because /);
    refused(await send({ logIndexes: 0 }), 400, /because /);
    refused(
      await send({ entryUUIDs: Array(6).fill(id), logIndexes: Array(5).fill(0) }),
      422,
      "more than max allowed 10 entries in request",
    );
    const tree = "ffffffffffffffff";
    refused(
      await send({ entryUUIDs: [tree + id] }),
      400,
      new RegExp(`^invalid entryID ${tree}${id}`),
    );
    const forged = hashedRekordV1();
    forged.spec.data.hash.value = "00".repeat(32);
    refused(await send({ entries: [forged] }), 400, /^verifying signature: /);
    refused(await send({ entries: [{ kind: "foo" }] }), 422, 'invalid kind value: "foo"');
  });

  test("finds ids by hash, key, subject and both", async () => {
    const key = newKey();
    const create = async (proposed: unknown): Promise<string> => {
      const { json } = await post(`${api}/log/entries`, proposed);
      return Object.keys(json)[0]!;
    };
    const rekord = hashedRekordV1({ key });
    const first = await create(rekord);
    const second = await create(dsseV1([key]));
    await post(`${server.url}/api/v2/log/entries`, hashedRekordV2({ key }));
    const newest = encodeHex(leafHash(server.log.stored.at(-1)!.bytes));
    const find = async (query: object): Promise<string[]> => {
      const { json, status, text } = await post(`${api}/index/retrieve`, query);
      assert.equal(status, 200, text);
      return json;
    };
    const publicKey = { format: "x509", content: pemOf(key) };
    const all = [`108e9186e8c5677a${newest}`, second, first];
    assert.deepEqual(await find({ publicKey }), all, "kinds that upstream forgets are among them");
    const { value } = rekord.spec.data.hash;
    for (const hash of [value, `sha256:${value}`, value.toUpperCase()]) {
      assert.deepEqual(await find({ hash }), [first]);
    }
    assert.deepEqual(await find({ hash: value, publicKey, operator: "and" }), [first]);
    assert.deepEqual(await find({ hash: value, publicKey, operator: "or" }), all);
    assert.deepEqual(await find({ subject: `SHA256:${value}` }), [first]);
    assert.deepEqual(await find({ hash: "00".repeat(32) }), []);
    assert.deepEqual(await find({}), []);
    assert.deepEqual(await find({ email: "nobody@example.com", subject: null, hash: "" }), []);
  });

  test("refuses searches that are none", async () => {
    const send = (value: unknown): Promise<Answer> => post(`${api}/index/retrieve`, value);
    refused(await send(""), 422, "query in body is required", 602);
    refused(await send("{"), 400, /^parsing query body/);
    refused(await send({ hash: "zz" }), 422, /^hash in body should match/, 605);
    refused(await send({ hash: 1 }), 400, /not a string/);
    refused(await send({ email: "x" }), 422, /must be of type email/, 601);
    refused(
      await send({ operator: "xor" }),
      422,
      "operator in body should be one of [and or]",
      606,
    );
    refused(await send({ subject: "x".repeat(513) }), 422, /at most 512 chars/, 603);
    refused(await send({ publicKey: {} }), 422, "publicKey.format in body is required", 602);
    refused(
      await send({ publicKey: { format: "pkcs7" } }),
      422,
      /publicKey.format in body should be/,
      606,
    );
    refused(
      await send({ publicKey: { format: "pgp", content: "AAAA" } }),
      400,
      "the PKI format requested is not supported by this server",
    );
    const content = encodeBase64(utf8Bytes("no key"));
    refused(
      await send({ publicKey: { format: "x509", content } }),
      400,
      "public key provided could not be parsed",
    );
  });

  test("keeps attestations of intoto entries, and serves them on reading only", async () => {
    const created = await post(`${api}/log/entries`, intotoV2([newKey()], statement("kept")));
    const [id] = Object.keys(created.json) as [string];
    assert.equal(created.json[id].attestation, undefined);
    const { json } = await request(`${api}/log/entries/${id}`);
    assert.equal(decodeUtf8(decodeBase64(json[id].attestation.data)), statement("kept"));
  });

  test("says so where the log is overloaded, stopped or broken", async () => {
    const send = (): Promise<Answer> => post(`${api}/log/entries`, hashedRekordV1());
    server.log.failure = new LogError("overloaded", "too much");
    const answer = await send();
    refused(answer, 503, "reached max pushback; retry");
    assert.equal(answer.headers.get("retry-after"), "1");
    server.log.failure = new LogError("stopped", "closed");
    refused(await send(), 503, "the log takes no entries at present");
    server.log.failure = new LogError("storage", "/secret/path is broken");
    refused(await send(), 500, "unexpected error communicating with transparency log");
    server.log.failure = undefined;
    assert.equal((await send()).status, 201, "and recovers");
    assert.ok(server.lines.some(({ level, err }) => level === 50 && /broken/.test(err?.message)));
  });
});
