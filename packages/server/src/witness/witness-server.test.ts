// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { suite, test, type TestContext } from "node:test";
import { encodeBase64, encodeHex, utf8Bytes } from "@chancery/formats/bytes";
import { algorithmByName, sha256 } from "@chancery/formats/crypto";
import { generatePrivateKey, type PrivateKey } from "@chancery/formats/crypto/node";
import { emptyRoot, leafHash } from "@chancery/formats/merkle";
import {
  encodeCheckpoint,
  encodeNote,
  encodeVerifierKey,
  noteVerifier,
  parseSignatureLines,
  parseSignedCheckpoint,
  parseVerifierKey,
  verifyCosignature,
} from "@chancery/formats/note";
import { pino } from "pino";
import { newDirectory } from "../../test/directory.ts";
import { refusal } from "../../test/refusal.ts";
import { type Answer, request } from "../../test/rekor-server.ts";
import { startWitness, type WitnessServer, type WitnessServerOptions } from "./index.ts";

const origin = "log.test";
const key = newKey();
const logVkey = vkeyOf(origin, key);
const [a, b] = [leafHash(utf8Bytes("a")), leafHash(utf8Bytes("b"))] as const;
const root2 = sha256(Uint8Array.of(1, ...a, ...b));

function newKey(): PrivateKey {
  return generatePrivateKey(algorithmByName("PKIX_ED25519"));
}

function vkeyOf(name: string, { publicKey }: PrivateKey): string {
  return encodeVerifierKey({ kind: "note", verifier: noteVerifier(name, publicKey) });
}

function checkpoint(size: number, rootHash: Uint8Array, signer = key, name = origin): string {
  const text = encodeCheckpoint({ origin: name, size: BigInt(size), rootHash, extensions: [] });
  const { keyHash, scheme } = noteVerifier(name, signer.publicKey);
  return encodeNote(text, [{ name, keyHash, signature: signer.sign(scheme, utf8Bytes(text)) }]);
}

async function start(
  t: TestContext,
  dataDirectory: string,
  options: Partial<WitnessServerOptions> = {},
): Promise<WitnessServer> {
  const server = await startWitness({
    dataDirectory,
    listen: "127.0.0.1:0",
    logs: [logVkey],
    logger: pino({ level: "silent" }),
    ...options,
  });
  t.after(() => server.close());
  return server;
}

function add({ url }: WitnessServer, body: string | Uint8Array<ArrayBuffer>): Promise<Answer> {
  return request(`${url}/add-checkpoint`, { method: "POST", body });
}

function monitored(server: WitnessServer, name: string): Promise<Answer> {
  return request(`${server.url}/${encodeHex(sha256(utf8Bytes(name)))}/checkpoint`);
}

suite("a witness over HTTP", () => {
  test("cosigns a log as it grows, and shows what it cosigned last", async (t) => {
    const witness = await start(t, newDirectory(t), { name: "witness.test" });
    const { kind, verifier } = parseVerifierKey(witness.vkey);
    assert.deepEqual([kind, verifier.name], ["cosignature", "witness.test"]);
    assert.equal((await monitored(witness, origin)).status, 404);
    for (const [body, note] of [
      [`old 0\n\n`, checkpoint(0, emptyRoot())],
      [`old 0\n\n`, checkpoint(1, a)],
      [`old 1\n\n`, checkpoint(1, a)],
      [`old 1\n${encodeBase64(b)}\n\n`, checkpoint(2, root2)],
    ] as const) {
      const answer = await add(witness, body + note);
      assert.equal(answer.status, 200, answer.text);
      assert.equal(answer.headers.get("content-type"), "text/plain; charset=utf-8");
      const signatures = parseSignatureLines(answer.text);
      assert.equal(signatures.length, 1);
      const signed = parseSignedCheckpoint(note);
      const found = verifyCosignature({ ...signed.note, signatures }, verifier);
      assert.equal(found.status, "verified");
      const shown = await monitored(witness, origin);
      assert.deepEqual([shown.status, shown.text], [200, note + answer.text]);
    }
    assert.equal((await monitored(witness, "other.test")).status, 404);
    assert.equal((await request(`${witness.url}/x/checkpoint`)).status, 404);
    assert.equal((await request(`${witness.url}/add-checkpoint`)).status, 405);
    assert.equal((await request(`${witness.url}/readyz`)).status, 200);
  });

  test("refuses with the statuses of the specification, and stays where it was", async (t) => {
    const witness = await start(t, newDirectory(t));
    const first = checkpoint(1, a);
    const second = checkpoint(2, root2);
    const good = `old 0\n\n${first}`;
    const cosigned = await add(witness, good);
    assert.equal(cosigned.status, 200);
    const proof = encodeBase64(b);
    const forged = second.replace(/— log\.test (.{8}).{4}/, "— log.test $1AAAA");
    const unsigned = checkpoint(2, root2, newKey());
    for (const [status, body] of [
      [400, ""],
      [400, "old 1\n"],
      [400, `old -1\n\n${second}`],
      [400, `old 01\n\n${second}`],
      [400, `old 1\nnonsense\n\n${second}`],
      [400, `old 1\n${`${proof}\n`.repeat(64)}\n${second}`],
      [400, `old 3\n\n${second}`],
      [400, `old 1\n${proof}\n\n${second.slice(0, -1)}`],
      [403, `old 1\n${proof}\n\n${forged}`],
      [403, `old 1\n${proof}\n\n${unsigned}`],
      [404, `old 0\n\n${checkpoint(1, a, key, "other.test")}`],
      [409, `old 0\n\n${second}`],
      [409, `old 2\n\n${second}`],
      [422, `old 1\n\n${second}`],
      [422, `old 1\n${encodeBase64(a)}\n\n${second}`],
      [422, `old 1\n\n${checkpoint(1, b)}`],
    ] as const) {
      const answer = await add(witness, body);
      assert.equal(answer.status, status, `${body}: ${answer.text}`);
      if (status !== 409) continue;
      assert.equal(answer.headers.get("content-type"), "text/x.tlog.size");
      assert.equal(answer.text, "1\n");
    }
    assert.equal((await add(witness, Uint8Array.of(0xff, 0xfe))).status, 400);
    assert.equal((await add(witness, "x".repeat(100_000))).status, 413);
    for (let length = 0; length < good.length; length++) {
      assert.equal((await add(witness, good.slice(0, length))).status, 400, String(length));
    }
    assert.equal((await monitored(witness, origin)).text, first + cosigned.text);
  });

  test("keeps key, name and records, for their owner alone", async (t) => {
    const directory = newDirectory(t);
    const first = await start(t, directory, { name: "witness.test" });
    assert.equal((await add(first, `old 0\n\n${checkpoint(1, a)}`)).status, 200);
    assert.match(await refusal(start(t, directory), "in-use"), /is in use by process \d+/);
    await first.close();
    assert.equal(statSync(join(directory, "witness.pem")).mode & 0o777, 0o600);
    const again = await start(t, directory);
    assert.deepEqual([again.vkey, again.name], [first.vkey, "witness.test"]);
    assert.equal((await add(again, `old 0\n\n${checkpoint(1, a)}`)).status, 409);
    await again.close();
    await refusal(start(t, directory, { name: "else.test" }), "identity");
    const pem = readFileSync(join(directory, "witness.pem"));
    rmSync(join(directory, "witness.pem"));
    await refusal(start(t, directory), "key");
    writeFileSync(join(directory, "witness.pem"), pem.subarray(0, 60));
    await refusal(start(t, directory), "key");
    writeFileSync(join(directory, "witness.pem"), pem);
    for (const text of ["", "{}", '{"witness":{"name":1}}']) {
      writeFileSync(join(directory, "witness.json"), text);
      await refusal(start(t, directory), "identity");
    }
    rmSync(join(directory, "witness.json"));
    await refusal(start(t, directory), "identity");
  });

  test("does not begin anew without its records", async (t) => {
    const directory = newDirectory(t);
    const records = join(directory, "witness.db");
    const first = await start(t, directory);
    assert.equal((await add(first, `old 0\n\n${checkpoint(1, a)}`)).status, 200);
    await first.close();
    const kept = readFileSync(records);
    rmSync(records);
    assert.match(await refusal(start(t, directory), "identity"), /witness\.db is missing/);
    writeFileSync(
      records,
      "no database, but longer than the header of one would be, by some bytes",
    );
    assert.match(await refusal(start(t, directory), "identity"), /witness\.db cannot be read/);
    writeFileSync(records, kept);
    const again = await start(t, directory);
    assert.equal((await add(again, `old 0\n\n${checkpoint(1, a)}`)).status, 409);
  });

  test("keeps its key encrypted where there is a password", async (t) => {
    const directory = newDirectory(t);
    const keyPassword = utf8Bytes("correct horse");
    const first = await start(t, directory, { keyPassword });
    await first.close();
    const pem = readFileSync(join(directory, "witness.pem"), "utf8");
    assert.match(pem, /^-----BEGIN ENCRYPTED PRIVATE KEY-----/);
    assert.match(await refusal(start(t, directory), "key"), /is encrypted/);
    await refusal(start(t, directory, { keyPassword: utf8Bytes("x") }), "key");
    assert.equal((await start(t, directory, { keyPassword })).vkey, first.vkey);
  });

  test("describes what it serves, and counts what it answers", async (t) => {
    const witness = await start(t, newDirectory(t));
    await add(witness, `old 0\n\n${checkpoint(1, a)}`);
    await add(witness, `old 0\n\n${checkpoint(1, a)}`);
    await add(witness, "nonsense");
    const { json } = await request(`${witness.url}/docs/openapi.json`);
    assert.equal(json.openapi, "3.1.0");
    const served: [string, string][] = [];
    for (const [path, methods] of Object.entries<object>(json.paths)) {
      for (const method of Object.keys(methods)) {
        served.push([method, path]);
        const url = witness.url + path.replaceAll(/\{\w+\}/g, "0");
        const { status } = await request(url, { method: method.toUpperCase() });
        assert.ok(status !== 405 && status < 500, `${method} ${path}: ${status}`);
      }
    }
    assert.deepEqual(served.slice(0, 2), [
      ["post", "/add-checkpoint"],
      ["get", "/{origin}/checkpoint"],
    ]);
    const page = await request(`${witness.url}/docs`);
    assert.match(page.headers.get("content-type")!, /^text\/html/);
    assert.ok(page.text.includes("/add-checkpoint"));
    assert.equal((await request(`${witness.url}/swagger.json`)).status, 404);
    const { text } = await request(`${witness.url}/metrics`);
    assert.match(text, /^chancery_witness_size\{origin="log\.test"\} 1$/m);
    assert.match(text, /^chancery_witness_answers\{status="200"\} 1$/m);
    assert.match(text, /^chancery_witness_answers\{status="409"\} 1$/m);
    assert.match(text, /^chancery_witness_answers\{status="400"\} 2$/m);
    assert.deepEqual((await request(`${witness.url}/healthz`)).json, { status: "SERVING" });
  });

  test("takes several keys of one log, and refuses keys that are no log's", async (t) => {
    const directory = newDirectory(t);
    const newer = newKey();
    const witness = await start(t, directory, { logs: [logVkey, vkeyOf(origin, newer)] });
    assert.equal((await add(witness, `old 0\n\n${checkpoint(0, emptyRoot(), newer)}`)).status, 200);
    assert.equal((await add(witness, `old 0\n\n${checkpoint(1, a)}`)).status, 200);
    await witness.close();
    for (const logs of [[], ["nonsense"], [witness.vkey], [`${logVkey}x`]]) {
      await refusal(start(t, directory, { logs }), "configuration");
    }
    const fresh = newDirectory(t);
    await refusal(start(t, fresh, { name: "two words" }), "configuration");
    await refusal(start(t, fresh, { listen: "nowhere" }), "configuration");
  });
});
