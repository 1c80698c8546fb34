// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
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
import { WitnessedLog } from "./witnessed-log.ts";

const origin = "log.test";
const key = generatePrivateKey(algorithmByName("PKIX_ED25519"));
const vkey = encodeVerifierKey({ kind: "note", verifier: noteVerifier(origin, key.publicKey) });
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

function openWitnessed(
  log: MemoryLog,
  witnesses: readonly WitnessServer[],
  threshold: string,
  required: boolean,
): Promise<WitnessedLog> {
  const lines = witnesses.map(({ name, vkey: key, url }) => `witness ${name} ${key} ${url}\n`);
  const names = witnesses.map(({ name }) => name).join(" ");
  const text = `${lines.join("")}group all ${threshold} ${names}\nquorum all\n`;
  const policy = parsePolicy(utf8Bytes(text));
  return WitnessedLog.open(log, { policy, required, timeoutMs: 1000, logger });
}

/** How many of the witnesses cosigned. */
function cosigned(checkpoint: Uint8Array, witnesses: readonly WitnessServer[]): number {
  const { note } = parseSignedCheckpoint(checkpoint);
  const found = witnesses.filter(({ vkey: text }) => {
    const { verifier } = parseVerifierKey(text);
    return verifyCosignature(note, verifier).status === "verified";
  });
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

suite("a witnessed log", () => {
  test("answers everything with proofs in cosigned trees, however much comes at once", async (t) => {
    const witnesses = [await newWitness(t, "a.test"), await newWitness(t, "b.test")];
    const log = new MemoryLog({ origin, key });
    const witnessed = await openWitnessed(log, witnesses, "all", true);
    assert.equal(witnessed.quorumMet, true);
    const served = witnessed.served();
    assert.equal(cosigned(served.head().checkpoint, witnesses), 2);
    const numbers = Array.from({ length: 100 }, (_, i) => i);
    const receipts = await Promise.all(numbers.map(async (n) => served.append(entry(n))));
    for (const [n, receipt] of receipts.entries()) {
      checkReceipt(receipt, n);
      assert.equal(cosigned(receipt.head.checkpoint, witnesses), 2);
    }
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
    const any = await openWitnessed(log, witnesses, "any", true);
    const both = await openWitnessed(log, witnesses, "2", true);
    await witnesses[0]?.close();
    const quorum = (error: unknown): boolean =>
      error instanceof LogError && error.code === "quorum";
    await assert.rejects(async () => both.served().append(entry(1)), quorum);
    assert.equal(both.served().head().size, 0);
    await assert.rejects(async () => openWitnessed(log, witnesses, "2", true), quorum);
    const receipt = await any.served().append(entry(1));
    assert.equal(receipt.duplicate, true);
    checkReceipt(receipt, 1);
    assert.equal(cosigned(receipt.head.checkpoint, witnesses), 1);
  });

  test("goes on without a quorum where none is required, and says so", async (t) => {
    const witnesses = [await newWitness(t, "a.test"), await newWitness(t, "b.test")];
    const log = new MemoryLog({ origin, key });
    const witnessed = await openWitnessed(log, witnesses, "2", false);
    await witnesses[1]?.close();
    const receipt = await witnessed.served().append(entry(1));
    checkReceipt(receipt, 1);
    assert.equal(cosigned(receipt.head.checkpoint, witnesses), 1);
    assert.equal(witnessed.quorumMet, false);
  });

  test("an older copy of a log is not cosigned", async (t) => {
    const witnesses = [await newWitness(t, "a.test")];
    const newer = new MemoryLog({ origin, key });
    const served = (await openWitnessed(newer, witnesses, "all", true)).served();
    for (const n of [1, 2, 3]) await served.append(entry(n));
    const older = new MemoryLog({ origin, key });
    await older.append(entry(1));
    await assert.rejects(async () => openWitnessed(older, witnesses, "all", true), LogError);
    await older.append(entry(9));
    await older.append(entry(8));
    await assert.rejects(async () => openWitnessed(older, witnesses, "all", true), LogError);
  });
});
