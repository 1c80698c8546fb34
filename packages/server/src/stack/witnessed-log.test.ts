// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { suite, test, type TestContext } from "node:test";
import { utf8Bytes } from "@chancery/formats/bytes";
import { algorithmByName } from "@chancery/formats/crypto";
import { generatePrivateKey } from "@chancery/formats/crypto/node";
import { leafHash, verifyInclusion } from "@chancery/formats/merkle";
import {
  encodeVerifierKey,
  noteVerifier,
  parseSignedCheckpoint,
  parseVerifierKey,
  verifyCosignature,
} from "@chancery/formats/note";
import { LogError, parsePolicy, type Receipt } from "@chancery/log";
import { pino } from "pino";
import { MemoryLog } from "../../test/memory-log.ts";
import { startWitness, type WitnessServer } from "../witness/index.ts";
import { readShown } from "./witnessed-log-record.ts";
import { WitnessedLog, withoutWitnesses } from "./witnessed-log.ts";

const origin = "log.test";
const key = generatePrivateKey(algorithmByName("PKIX_ED25519"));
const verifier = noteVerifier(origin, key.publicKey);
const vkey = encodeVerifierKey({ kind: "note", verifier });
const logger = pino({ level: "silent" });

async function newWitness(t: TestContext, name: string): Promise<WitnessServer> {
  const dataDirectory = mkdtempSync(join(tmpdir(), "chancery-witness-"));
  const listen = "127.0.0.1:0";
  const server = await startWitness({ dataDirectory, listen, logs: [vkey], name, logger });
  t.after(async () => {
    await server.close();
    rmSync(dataDirectory, { recursive: true });
  });
  return server;
}

function newRecord(t: TestContext): string {
  const directory = mkdtempSync(join(tmpdir(), "chancery-shown-"));
  t.after(() => rmSync(directory, { recursive: true }));
  return join(directory, "shown.json");
}

function openWitnessed(
  log: MemoryLog,
  path: string,
  witnesses: readonly WitnessServer[],
  threshold: string,
  required: boolean,
): Promise<WitnessedLog> {
  const lines = witnesses.map(({ name, vkey: key, url }) => `witness ${name} ${key} ${url}\n`);
  const names = witnesses.map(({ name }) => name).join(" ");
  const text = `${lines.join("")}group all ${threshold} ${names}\nquorum all\n`;
  const policy = parsePolicy(utf8Bytes(text));
  return WitnessedLog.open(log, { path, verifier, policy, required, timeoutMs: 1000, logger });
}

/** How many of the witnesses cosigned. */
function cosigned(checkpoint: Uint8Array, witnesses: readonly WitnessServer[]): number {
  const { note } = parseSignedCheckpoint(checkpoint);
  const found = witnesses.filter(
    (witness) =>
      verifyCosignature(note, parseVerifierKey(witness.vkey).verifier).status === "verified",
  );
  return found.length;
}

function entry(n: number): { readonly bytes: Uint8Array } {
  return { bytes: utf8Bytes(`entry ${n}`) };
}

function checkReceipt({ index, proof, head }: Receipt, n: number): void {
  const { checkpoint } = parseSignedCheckpoint(head.checkpoint);
  assert.equal(checkpoint.size, BigInt(head.size));
  assert.deepEqual(checkpoint.rootHash, head.rootHash);
  verifyInclusion({
    leafHash: leafHash(entry(n).bytes),
    leafIndex: BigInt(index),
    treeSize: BigInt(head.size),
    rootHash: head.rootHash,
    proof,
  });
}

const isQuorum = (error: unknown): boolean => error instanceof LogError && error.code === "quorum";
const isRolledBack = (error: unknown): boolean =>
  error instanceof LogError && error.code === "rolled-back";

suite("a witnessed log", () => {
  test("answers everything with proofs in cosigned trees, however much comes at once", async (t) => {
    const witnesses = [await newWitness(t, "a.test"), await newWitness(t, "b.test")];
    const log = new MemoryLog({ origin, key });
    const witnessed = await openWitnessed(log, newRecord(t), witnesses, "all", true);
    const served = witnessed.served();
    assert.equal(witnessed.quorumMet, false, "the empty tree was shown before");
    const numbers = Array.from({ length: 100 }, (_, i) => i);
    const receipts = await Promise.all(numbers.map(async (n) => served.append(entry(n))));
    for (const [n, receipt] of receipts.entries()) {
      checkReceipt(receipt, n);
      assert.equal(cosigned(receipt.head.checkpoint, witnesses), 2);
    }
    assert.equal(witnessed.quorumMet, true);
    assert.ok(new Set(receipts.map(({ head }) => head.size)).size < 20, "rounds are shared");
    const again = await served.append(entry(7));
    assert.deepEqual([again.duplicate, again.index], [true, receipts[7]?.index]);
    checkReceipt(again, 7);
    assert.equal(cosigned(served.head().checkpoint, witnesses), 2);
    assert.equal(served.head().size, 100);
  });

  test("keeps back what has no quorum, and answers a retry once it has", async (t) => {
    const witnesses = [await newWitness(t, "a.test"), await newWitness(t, "b.test")];
    const log = new MemoryLog({ origin, key });
    const both = await openWitnessed(log, newRecord(t), witnesses, "2", true);
    const any = await openWitnessed(log, newRecord(t), witnesses, "any", true);
    await witnesses[0]?.close();
    const served = both.served();
    await assert.rejects(
      async () => served.append({ ...entry(1), keys: new Uint8Array(16) }),
      isQuorum,
    );
    assert.equal(served.head().size, 0);
    assert.equal(await served.indexOf(leafHash(entry(1).bytes)), undefined);
    assert.deepEqual(await served.search(new Uint8Array(16), { limit: 9 }), []);
    await assert.rejects(async () => served.entry(0), { code: "out-of-range" });
    const receipt = await any.served().append(entry(1));
    assert.equal(receipt.duplicate, true);
    checkReceipt(receipt, 1);
    assert.equal(cosigned(receipt.head.checkpoint, witnesses), 1);
    assert.deepEqual(await any.served().search(new Uint8Array(16), { limit: 9 }), [0]);
    assert.equal(await any.served().indexOf(leafHash(entry(1).bytes)), 0);
    await both.close();
  });

  test("goes on without a quorum where none is required, and says so", async (t) => {
    const witnesses = [await newWitness(t, "a.test"), await newWitness(t, "b.test")];
    const log = new MemoryLog({ origin, key });
    const witnessed = await openWitnessed(log, newRecord(t), witnesses, "2", false);
    await witnesses[1]?.close();
    const receipt = await witnessed.served().append(entry(1));
    checkReceipt(receipt, 1);
    assert.equal(cosigned(receipt.head.checkpoint, witnesses), 1);
    assert.equal(witnessed.quorumMet, false);
  });

  test("starts with what it showed last, byte for byte, whoever may be had", async (t) => {
    const witnesses = [await newWitness(t, "a.test"), await newWitness(t, "b.test")];
    const log = new MemoryLog({ origin, key });
    const path = newRecord(t);
    const first = await openWitnessed(log, path, witnesses, "all", true);
    const { head } = await first.served().append(entry(1));
    await first.close();
    await witnesses[0]?.close();
    const strict = await openWitnessed(log, path, witnesses, "all", true);
    assert.deepEqual(strict.served().head(), head);
    assert.equal(strict.quorumMet, true);
    assert.deepEqual((await strict.served().append(entry(1))).head, head, "a retry is answered");
    await assert.rejects(async () => strict.served().append(entry(2)), isQuorum);
    assert.deepEqual(strict.served().head(), head);
    await strict.close();
    // With fewer witnesses, and with other ones, that size has the checkpoint that it had.
    const loose = await openWitnessed(log, path, witnesses.slice(1), "any", false);
    assert.equal((await loose.served().append(entry(2))).head.size, 2);
    const second = loose.served().head();
    assert.equal(cosigned(second.checkpoint, witnesses), 1);
    await loose.close();
    const again = await openWitnessed(log, path, witnesses, "all", false);
    assert.deepEqual(again.served().head(), second);
    assert.equal(again.quorumMet, false);
    await again.close();
  });

  test("shows one checkpoint a size also where it goes without witnesses for a while", async (t) => {
    const witnesses = [await newWitness(t, "a.test")];
    const log = new MemoryLog({ origin, key });
    const path = newRecord(t);
    const record = { path, verifier };
    assert.equal(await withoutWitnesses(log, record), log, "as it is where none ever cosigned");
    const first = await openWitnessed(log, path, witnesses, "all", true);
    const { head } = await first.served().append(entry(1));
    await first.close();
    const alone = await withoutWitnesses(log, record);
    assert.deepEqual(alone.head(), head);
    assert.deepEqual((await alone.append(entry(1))).head, head);
    const bare = (await alone.append(entry(2))).head;
    assert.equal(cosigned(bare.checkpoint, witnesses), 0);
    assert.deepEqual(alone.head(), bare);
    const second = await openWitnessed(log, path, witnesses, "all", true);
    assert.deepEqual(second.served().head(), bare, "it was shown so");
    assert.equal(second.quorumMet, false);
    const third = (await second.served().append(entry(3))).head;
    assert.equal(cosigned(third.checkpoint, witnesses), 1);
    await second.close();
  });

  test("an older or another copy of a log does not start, and is not cosigned", async (t) => {
    const witnesses = [await newWitness(t, "a.test")];
    const path = newRecord(t);
    const newer = new MemoryLog({ origin, key });
    const witnessed = await openWitnessed(newer, path, witnesses, "all", true);
    for (const n of [1, 2, 3]) await witnessed.served().append(entry(n));
    await witnessed.close();
    const older = new MemoryLog({ origin, key });
    await older.append(entry(1));
    const open = async (): Promise<unknown> => openWitnessed(older, path, witnesses, "all", true);
    await assert.rejects(open, isRolledBack);
    await assert.rejects(async () => withoutWitnesses(older, { path, verifier }), isRolledBack);
    // Without the record it is the witness that notices.
    for (const required of [true, false]) {
      const forgetful = await openWitnessed(older, newRecord(t), witnesses, "all", required);
      for (const n of [9, 8, 7]) {
        await assert.rejects(async () => forgetful.served().append(entry(n)), isRolledBack);
      }
      assert.equal(forgetful.served().head().size, 1);
      await forgetful.close();
    }
    assert.equal(older.head().size, 1, "nothing is logged that forks the log");
    for (const n of [9, 8, 7]) await older.append(entry(n));
    await assert.rejects(open, isRolledBack, "as large, and of other entries");
  });

  test("a record that is damaged, or of another log, is not believed", async (t) => {
    const log = new MemoryLog({ origin, key });
    await log.append(entry(1));
    const path = newRecord(t);
    await openWitnessed(log, path, [await newWitness(t, "a.test")], "all", true);
    const good = readFileSync(path, "utf8");
    const other = generatePrivateKey(algorithmByName("PKIX_ED25519"));
    const stranger = new MemoryLog({ origin, key: other });
    await stranger.append(entry(1));
    const theirs = Buffer.from(stranger.head().checkpoint).toString();
    const read = (text: string): Promise<unknown> => {
      writeFileSync(path, text);
      return readShown(path, log, verifier);
    };
    await read(good);
    for (const text of [
      "",
      "{}",
      good.slice(0, -9),
      good.replace('"isLast": true', '"isLast": 1'),
    ]) {
      await assert.rejects(async () => read(text), { name: "StackError", code: "identity" });
    }
    const forged = JSON.stringify({ shown: { checkpoint: theirs, timeMs: 0, isLast: true } });
    for (const text of [forged, good.replace("log.test\\n1\\n", "log.test\\n2\\n")]) {
      await assert.rejects(async () => read(text), { name: "LogError", code: "unverified" });
    }
  });
});
