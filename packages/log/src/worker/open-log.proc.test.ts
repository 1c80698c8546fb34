// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { utf8Bytes } from "@chancery/formats/bytes";
import { algorithmByName } from "@chancery/formats/crypto";
import { generatePrivateKey } from "@chancery/formats/crypto/node";
import { leafHash, verifyConsistency, verifyInclusion } from "@chancery/formats/merkle";
import { entryOf, searchKey, signer } from "../../test/world.ts";
import { readCheckpoint } from "../engine/index.ts";
import { LogError, openLog, type OpenLogOptions, type Receipt } from "../index.ts";

const origin = "worker.example";
const key = generatePrivateKey(algorithmByName("PKIX_ED25519") ?? assert.fail());

async function inFolder(body: (options: OpenLogOptions) => Promise<void>): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "chancery-log-"));
  try {
    await body({ folder, origin, signer: key, limits: { tailEntriesMin: 256 } });
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function check(receipt: Receipt, bytes: Uint8Array): void {
  const { index, proof, head } = receipt;
  verifyInclusion({
    leafIndex: BigInt(index),
    treeSize: BigInt(head.size),
    leafHash: leafHash(bytes),
    proof,
    rootHash: head.rootHash,
  });
}

test("a log in its own thread answers as one in this thread, and goes on when opened again", () =>
  inFolder(async (options) => {
    let log = await openLog(options);
    assert.equal(log.head().size, 0);
    const receipts = await Promise.all(
      Array.from({ length: 1000 }, (_, n) => log.append(entryOf(n))),
    );
    for (const [n, receipt] of receipts.entries()) {
      assert.equal(receipt.index, n);
      assert.equal(receipt.duplicate, false);
      if (n % 50 === 0) check(receipt, entryOf(n).bytes);
    }
    const again = await log.append(entryOf(7));
    assert.deepEqual([again.index, again.duplicate, again.timeMs], [7, true, receipts[7]?.timeMs]);
    check(again, entryOf(7).bytes);
    const before = log.head();
    assert.equal(before.size, 1000);
    await log.close();
    await log.close();
    await assert.rejects(log.append(entryOf(1)), LogError);

    log = await openLog(options);
    assert.deepEqual(log.head().checkpoint, before.checkpoint);
    assert.deepEqual(await log.search(searchKey("shared 3"), { limit: 3 }), [39, 38, 37]);
    assert.equal((await log.entry(5)).index, 5);
    assert.deepEqual((await log.attachment(57)) ?? assert.fail(), utf8Bytes("attachment 57"));
    assert.equal((await log.tile(0, 3, 232))?.length, 232 * 32);
    assert.equal(await log.tile(0, 3, 233), undefined);
    assert.ok(await log.entries(0, 256));
    assert.equal(await log.indexOf(await log.leafHash(999)), 999);
    const next = await log.append(entryOf(2000));
    verifyConsistency({
      oldSize: 1000n,
      newSize: BigInt(next.head.size),
      oldRoot: await log.rootAt(1000),
      newRoot: next.head.rootHash,
      proof: await log.consistencyProof(1000, next.head.size),
    });
    assert.equal((await log.inclusionProof(3, 1000)).length, 10);
    assert.equal((await log.metrics()).size, 1001);
    await assert.rejects(
      log.entry(5000),
      (error) => error instanceof LogError && error.code === "out-of-range",
    );
    await log.close();
  }));

test("several logs in one process do not know of each other", () =>
  inFolder(async (options) => {
    const logs = await Promise.all(
      ["a", "b", "c"].map((name) =>
        openLog({ ...options, folder: join(options.folder, name), origin: `${name}.example` }),
      ),
    );
    const receipts = await Promise.all(logs.map((log) => log.append(entryOf(1))));
    assert.deepEqual(
      receipts.map(({ index }) => index),
      [0, 0, 0],
    );
    assert.equal(new Set(logs.map((log) => String(log.checkpoint()))).size, 3);
    await Promise.all(logs.map((log) => log.close()));
  }));

test("a second opener, here or in another process, is told who has the log", () =>
  inFolder(async (options) => {
    const log = await openLog(options);
    await assert.rejects(openLog(options), (error) => {
      assert.ok(error instanceof LogError);
      assert.equal(error.code, "locked");
      return error.message.includes(String(process.pid));
    });
    const script = `
      import { EmbeddedStore } from ${JSON.stringify(new URL("../index.ts", import.meta.url).href)};
      await EmbeddedStore.open(${JSON.stringify(options.folder)}).catch(
        (error) => console.log(error.code, error.message));`;
    const { stdout } = spawnSync(process.execPath, ["--input-type=module", "-e", script]);
    assert.match(String(stdout), new RegExp(`^locked .* process ${process.pid}\\n$`));
    await log.append(entryOf(1));
    await log.close();
    await (await openLog(options)).close();
  }));

test("a key that stays outside signs for the log, and a commit fails when it does not", () =>
  inFolder(async (options) => {
    let fails = false;
    const outside = {
      verifier: signer.verifier,
      sign: (text: Uint8Array, timeMs: number) => {
        if (fails) throw new Error("no answer from the KMS");
        return signer.sign(text, timeMs);
      },
    };
    const log = await openLog({ ...options, origin: "log.example", signer: outside });
    const { head } = await log.append(entryOf(1));
    readCheckpoint(head.checkpoint, { origin: "log.example", verifier: signer.verifier });
    fails = true;
    await assert.rejects(log.append(entryOf(2)), (error) => {
      assert.ok(error instanceof LogError);
      assert.equal(error.code, "storage");
      return error.message.includes("no answer from the KMS");
    });
    fails = false;
    assert.equal((await log.append(entryOf(2))).index, 1);
    await log.close();
  }));

test("what is too large or too much is refused at once", () =>
  inFolder(async (options) => {
    const log = await openLog({ ...options, limits: { queueEntriesMax: 10 } });
    const refused = (code: string) => (error: unknown) =>
      error instanceof LogError && error.code === code;
    await assert.rejects(log.append({ bytes: new Uint8Array(65_536) }), refused("too-large"));
    const waiting = Array.from({ length: 10 }, (_, n) => log.append(entryOf(n)));
    await assert.rejects(log.append(entryOf(10)), refused("overloaded"));
    await Promise.all(waiting);
    await log.append(entryOf(10));
    await log.close();
  }));
