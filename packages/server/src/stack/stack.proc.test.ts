// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { existsSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { connect, createServer } from "node:net";
import { join } from "node:path";
import { suite, test, type TestContext } from "node:test";
import { fileURLToPath } from "node:url";
import { encodeHex } from "@chancery/formats/bytes";
import { publicKeysEqual, sha256 } from "@chancery/formats/crypto";
import { verifyConsistency } from "@chancery/formats/merkle";
import { logKeyId, parseSignedCheckpoint } from "@chancery/formats/note";
import { decodeSigningConfig, decodeTrustedRoot } from "@chancery/formats/trust";
import { pino } from "pino";
import { newDirectory } from "../../test/directory.ts";
import { refusal } from "../../test/refusal.ts";
import { hashedRekordV1, hashedRekordV2, intotoV2, newKey } from "../../test/entries.ts";
import { post, request } from "../../test/rekor-server.ts";
import { type Stack, type StackOptions, startStack } from "./index.ts";

const child = fileURLToPath(new URL("../../test/stack-child.ts", import.meta.url));

async function start(
  t: TestContext,
  dataDirectory: string,
  options: Partial<StackOptions> = {},
): Promise<Stack> {
  const logger = pino({ level: "silent" });
  const stack = await startStack({ dataDirectory, listen: "127.0.0.1:0", logger, ...options });
  t.after(() => stack.close());
  return stack;
}

suite("a stack", () => {
  test("makes everything at its first start", async (t) => {
    const directory = newDirectory(t);
    const stack = await start(t, directory);
    assert.match(stack.url, /^http:\/\/localhost:\d+$/);
    for (const name of ["rekor-v1.pem", "rekor-v2.pem"]) {
      assert.equal(statSync(join(directory, "keys", name)).mode & 0o777, 0o600);
    }
    assert.equal(statSync(directory).mode & 0o077, 0o000);
    assert.equal(readFileSync(join(directory, "trusted_root.json"), "utf8"), stack.trustedRoot);
    const config = readFileSync(join(directory, "signing_config.v0.2.json"), "utf8");
    assert.equal(config, stack.signingConfig);
    assert.equal((await request(`${stack.url}/readyz`)).status, 200);
    assert.deepEqual((await request(`${stack.url}/healthz`)).json, { status: "SERVING" });
  });

  test("describes one log with a key for each API", async (t) => {
    const stack = await start(t, newDirectory(t));
    const { tlogs } = decodeTrustedRoot(stack.trustedRoot);
    assert.deepEqual(
      tlogs.map(({ baseUrl }) => baseUrl),
      [stack.url, stack.url],
    );
    const [v1, v2] = tlogs as [(typeof tlogs)[0], (typeof tlogs)[0]];
    assert.equal(v1.publicKey.type, "ec");
    assert.deepEqual(v1.logId, sha256(v1.publicKey.spki));
    assert.equal(v2.publicKey.type, "ed25519");
    assert.deepEqual(v2.logId, logKeyId("localhost", v2.publicKey));
    const { rekorTlogUrls, rekorTlogConfig } = decodeSigningConfig(stack.signingConfig);
    assert.deepEqual(
      rekorTlogUrls.map(({ url, majorApiVersion }) => [url, majorApiVersion]),
      [
        [stack.url, 2],
        [stack.url, 1],
      ],
    );
    assert.deepEqual(rekorTlogConfig, { selector: "ANY" });
    const created = await post(`${stack.url}/api/v1/log/entries`, hashedRekordV1());
    assert.equal(Object.values<any>(created.json)[0].logID, encodeHex(v1.logId));
    const other = await post(`${stack.url}/api/v2/log/entries`, hashedRekordV2());
    assert.equal(other.json.logId.keyId, Buffer.from(v2.logId).toString("base64"));
  });

  test("finds everything as it left it", async (t) => {
    const directory = newDirectory(t);
    const first = await start(t, directory);
    const key = newKey();
    const proposed = hashedRekordV1({ key });
    const created = await post(`${first.url}/api/v1/log/entries`, proposed);
    await post(`${first.url}/api/v1/log/entries`, intotoV2([key]));
    const [id] = Object.keys(created.json) as [string];
    const note = parseSignedCheckpoint((await request(`${first.url}/checkpoint`)).text);
    await first.close();
    await assert.rejects(request(`${first.url}/healthz`));
    const second = await start(t, directory);
    assert.equal(second.facts["treeId"], first.facts["treeId"]);
    const [a, b] = [first, second].map((stack) => decodeTrustedRoot(stack.trustedRoot).tlogs);
    for (const i of [0, 1]) assert.ok(publicKeysEqual(a![i]!.publicKey, b![i]!.publicKey));
    const read = await request(`${second.url}/api/v1/log/entries/${id}`);
    assert.equal(read.json[id].integratedTime, created.json[id].integratedTime);
    const again = await post(`${second.url}/api/v1/log/entries`, proposed);
    assert.equal(again.status, 409);
    const attested = await request(`${second.url}/api/v1/log/entries?logIndex=1`);
    assert.ok(Object.values<any>(attested.json)[0].attestation.data);
    const digest = encodeHex(sha256(key.publicKey.spki));
    const found = await request(`${second.url}/api/v1/log/search?key=${digest}`);
    assert.equal(found.json.entries.length, 2);
    await post(`${second.url}/api/v2/log/entries`, hashedRekordV2());
    const proof = await request(`${second.url}/api/v1/log/proof?firstSize=2&lastSize=3`);
    verifyConsistency({
      oldSize: 2n,
      newSize: 3n,
      oldRoot: note.checkpoint.rootHash,
      newRoot: new Uint8Array(Buffer.from(proof.json.rootHash, "hex")),
      proof: proof.json.hashes.map((hash: string) => new Uint8Array(Buffer.from(hash, "hex"))),
    });
  });

  test("does not share its directory, and says with whom it does not", async (t) => {
    const directory = newDirectory(t);
    const stack = await start(t, directory);
    const inside = await refusal(start(t, directory), "in-use");
    assert.match(inside, new RegExp(`in use by process ${process.pid} on `));
    const other = spawnSync(process.execPath, [child, directory], { encoding: "utf8" });
    assert.match(other.stderr, new RegExp(`in use by process ${process.pid} on `));
    assert.equal(other.status, 1);
    await stack.close();
    await stack.close();
    await start(t, directory);
  });

  test("keeps its name", async (t) => {
    const directory = newDirectory(t);
    const config = { log: { hostname: "log.example" } };
    await (await start(t, directory, { config })).close();
    const renamed = start(t, directory, { config: { log: { hostname: "other.example" } } });
    assert.match(await refusal(renamed, "identity"), /log\.example for ever/);
    const unnamed = await start(t, directory);
    assert.equal(unnamed.hostname, "log.example");
  });

  test("does not go on without its keys or with others", async (t) => {
    const directory = newDirectory(t);
    await (await start(t, directory)).close();
    const path = join(directory, "keys", "rekor-v2.pem");
    const pem = readFileSync(path, "utf8");
    rmSync(path);
    assert.match(await refusal(start(t, directory), "key"), /rekor-v2\.pem is missing/);
    assert.ok(!existsSync(path), "nothing is made in its place");
    writeFileSync(path, "no key");
    assert.match(await refusal(start(t, directory), "key"), /rekor-v2\.pem/);
    const other = newDirectory(t);
    await (await start(t, other)).close();
    writeFileSync(path, readFileSync(join(other, "keys", "rekor-v2.pem")));
    assert.match(
      await refusal(start(t, directory), "key"),
      /is not the log's, which is localhost\+/,
    );
    writeFileSync(path, pem);
    const identity = join(directory, "identity.json");
    const known = readFileSync(identity, "utf8");
    writeFileSync(identity, known.replace(/"vkey": "/, "$&x"));
    await refusal(start(t, directory), "identity");
    writeFileSync(identity, known.replace(/,\s*"vkey": "[^"]*"/, ""));
    await (await start(t, directory)).close();
    assert.equal(
      readFileSync(identity, "utf8"),
      known,
      "what first versions did not write is added",
    );
    rmSync(join(directory, "identity.json"));
    assert.match(await refusal(start(t, directory), "identity"), /identity\.json is missing/);
  });

  test("keeps its keys encrypted, and does not start without their password", async (t) => {
    const directory = newDirectory(t);
    const keyPassword = new TextEncoder().encode("correct horse");
    const first = await start(t, directory, { keyPassword });
    await first.close();
    for (const name of ["rekor-v1.pem", "rekor-v2.pem"]) {
      const pem = readFileSync(join(directory, "keys", name), "utf8");
      assert.match(pem, /^-----BEGIN ENCRYPTED PRIVATE KEY-----/);
    }
    assert.match(await refusal(start(t, directory), "key"), /is encrypted: set CHANCERY_KEY_/);
    const wrong = start(t, directory, { keyPassword: keyPassword.map((byte) => byte ^ 1) });
    assert.match(await refusal(wrong, "key"), /the passphrase is wrong/);
    const second = await start(t, directory, { keyPassword });
    assert.equal(second.facts["vkey"], first.facts["vkey"]);
  });

  test("reads its file, under what it is told", async (t) => {
    const directory = newDirectory(t);
    writeFileSync(join(directory, "chancery.yaml"), "limits: {bodySizeBytesMaxV2: 1024}\n");
    const stack = await start(t, directory);
    const answer = await post(`${stack.url}/api/v2/log/entries`, { x: "x".repeat(2000) });
    assert.equal(answer.status, 413);
    await stack.close();
    writeFileSync(join(directory, "chancery.yaml"), "limit: 1\n");
    assert.match(
      await refusal(start(t, directory), "configuration"),
      /chancery\.yaml: limit: no such/,
    );
  });

  test("says so where the address is taken, and leaves the directory free", async (t) => {
    const directory = newDirectory(t);
    const holder = createServer().listen(0, "127.0.0.1");
    await new Promise((resolve) => holder.once("listening", resolve));
    t.after(() => holder.close());
    const { port } = holder.address() as { port: number };
    const listen = `127.0.0.1:${port}`;
    assert.match(await refusal(start(t, directory, { listen }), "address"), /EADDRINUSE/);
    await start(t, directory);
  });

  test("publishes what it serves", async (t) => {
    const stack = await start(t, newDirectory(t));
    const { json } = await request(`${stack.url}/docs/openapi.json`);
    assert.equal(json.openapi, "3.1.0");
    for (const [path, methods] of Object.entries<object>(json.paths)) {
      for (const method of Object.keys(methods)) {
        const url = stack.url + path.replaceAll(/\{\w+\}/g, "0");
        const { status } = await request(url, { method: method.toUpperCase() });
        assert.ok(status !== 405 && status !== 501 && status < 500, `${method} ${path}: ${status}`);
      }
    }
    const page = await request(`${stack.url}/docs`);
    assert.match(page.headers.get("content-type")!, /^text\/html/);
    assert.ok(page.text.includes("/api/v1/log/search"));
    const metrics = await request(`${stack.url}/metrics`);
    assert.match(metrics.text, /\nchancery_log_size 0\n/);
    assert.match(metrics.text, /\nchancery_digest_path\{path="\w+"\} 1\n/);
  });

  test(
    "keeps every acknowledged entry through SIGTERM under load",
    { timeout: 30_000 },
    async (t) => {
      const directory = newDirectory(t);
      const process_ = spawn(process.execPath, [child, directory], {
        stdio: ["ignore", "pipe", "inherit"],
      });
      const url = await new Promise<string>((resolve) => {
        process_.stdout.once("data", (chunk: Buffer) => resolve(chunk.toString().trim()));
      });
      const key = newKey();
      const acknowledged: string[] = [];
      const senders = Array.from({ length: 8 }, async () => {
        for (;;) {
          try {
            const { status, json } = await post(
              `${url}/api/v2/log/entries`,
              hashedRekordV2({ key }),
            );
            if (status !== 201) return;
            acknowledged.push(json.canonicalizedBody);
          } catch {
            return; // the connection ended with the process
          }
        }
      });
      while (acknowledged.length < 100) await new Promise((resolve) => setTimeout(resolve, 10));
      process_.kill("SIGTERM");
      const code = await new Promise((resolve) => process_.once("exit", resolve));
      await Promise.all(senders);
      assert.equal(code, 0, "it ends by itself");
      const stack = await start(t, directory);
      const stored = new Set<string>();
      const { treeSize } = (await request(`${stack.url}/api/v1/log`)).json;
      for (let cursor: string | null = String(treeSize); cursor !== null;) {
        const page = `${stack.url}/api/v2/log/search?limit=100&cursor=${cursor}`;
        const { json } = await request(page);
        for (const { canonicalizedBody } of json.entries) stored.add(canonicalizedBody);
        cursor = json.nextCursor;
      }
      for (const body of acknowledged)
        assert.ok(stored.has(body), "an acknowledged entry is there");
    },
  );

  test("does not wait for ever for a client that does not finish", async (t) => {
    const stack = await start(t, newDirectory(t));
    const socket = connect(Number(new URL(stack.url).port), "127.0.0.1");
    await new Promise((resolve) => socket.once("connect", resolve));
    socket.on("error", () => socket.destroy());
    const before = performance.now();
    await stack.close();
    assert.ok(performance.now() - before < 5000);
    socket.destroy();
  });
});
