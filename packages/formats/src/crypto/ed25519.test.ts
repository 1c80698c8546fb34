// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import crypto from "node:crypto";
import { test } from "node:test";
import { ed25519, ED25519_TORSION_SUBGROUP } from "@noble/curves/ed25519.js";
import { concatBytes, decodeHex, utf8Bytes } from "../bytes/index.ts";
import { backend as browser } from "./backend-browser.ts";
import { backend as node } from "./backend-node.ts";
import { isUsableEd25519Key, littleEndianNumber } from "./ed25519.ts";
import {
  createEd25519Verifier,
  ed25519PublicKey,
  hash,
  verifyDigest,
  verifySignature,
} from "./index.ts";

const { Point } = ed25519;
const scalars = Point.Fn;
const torsion = ED25519_TORSION_SUBGROUP.map((hex) => decodeHex(hex));
const fieldPrime = (1n << 255n) - 19n;

function bytesOfNumber(value: bigint): Uint8Array {
  const out = new Uint8Array(32);
  for (let i = 0; i < 32; i++) out[i] = Number((value >> BigInt(8 * i)) & 255n);
  return out;
}

function challenge(r: Uint8Array, raw: Uint8Array, message: Uint8Array): bigint {
  return scalars.create(littleEndianNumber(hash("sha512", concatBytes(r, raw, message))));
}

/** What each way to verify pure Ed25519 answers. */
function answers(raw: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean[] {
  const key = ed25519PublicKey(raw);
  const stream = createEd25519Verifier(key, signature);
  stream.update(message);
  return [
    verifySignature(key, { kind: "ed25519" }, message, signature),
    browser.verifyEd25519(key, message, signature),
    stream.finish(),
  ];
}

test("nothing verifies under a key of small order, where the equation alone would hold", () => {
  let holds = 0;
  for (const raw of torsion) {
    assert.ok(!isUsableEd25519Key(raw));
    for (let i = 0; i < 6; i++) {
      const message = utf8Bytes(`message ${i}`);
      // S = 0 and R of small order: R = -k·A holds for one message in a few.
      for (const r of torsion) {
        const signature = concatBytes(r, new Uint8Array(32));
        const [left, right] = [Point.fromBytes(r, true), Point.fromBytes(raw, true)];
        const k = challenge(r, raw, message);
        holds += Number(left.add(right.multiplyUnsafe(k)).equals(Point.ZERO));
        assert.deepEqual(answers(raw, message, signature), [false, false, false]);
        const key = ed25519PublicKey(raw);
        assert.ok(!verifyDigest(key, { kind: "ed25519ph" }, hash("sha512", message), signature));
      }
    }
  }
  assert.ok(holds > 24, `${holds}`);
});

test("nothing verifies under a second encoding of a key", () => {
  for (let y = fieldPrime; y < 1n << 255n; y++) {
    for (const sign of [0n, 1n << 255n]) {
      assert.ok(!isUsableEd25519Key(bytesOfNumber(y | sign)), `${y - fieldPrime}`);
    }
  }
  for (const y of [2n, 3n, fieldPrime - 2n, 1n << 254n]) {
    assert.ok(isUsableEd25519Key(bytesOfNumber(y)), `${y}`);
  }
});

test("real keys are usable", () => {
  for (let i = 0; i < 100; i++) {
    const { publicKey } = crypto.generateKeyPairSync("ed25519");
    const spki = publicKey.export({ format: "der", type: "spki" });
    assert.ok(isUsableEd25519Key(new Uint8Array(spki.subarray(12))));
  }
});

test("a signature that only the cofactor makes true is refused everywhere", () => {
  const a = 12345678901234567890n;
  const raw = Point.BASE.multiply(a).toBytes();
  const nonce = 98765432109876543210n;
  let lenient = 0;
  for (const hex of ED25519_TORSION_SUBGROUP) {
    const r = Point.BASE.multiply(nonce)
      .add(Point.fromBytes(decodeHex(hex), true))
      .toBytes();
    const message = utf8Bytes(hex);
    const s = scalars.add(nonce, scalars.mul(challenge(r, raw, message), a));
    const signature = concatBytes(r, bytesOfNumber(s));
    const honest = Point.fromBytes(decodeHex(hex), true).equals(Point.ZERO);
    assert.deepEqual(answers(raw, message, signature), [honest, honest, honest], hex);
    assert.equal(node.verifyEd25519(ed25519PublicKey(raw), message, signature), honest);
    lenient += Number(ed25519.verify(signature, message, raw));
  }
  assert.equal(lenient, 8, "the library's own verification takes them all");
});

test("all ways agree on a key with a part of small order", () => {
  const a = 1234567890123456789n;
  const seen = new Set<boolean>();
  for (const hex of ED25519_TORSION_SUBGROUP) {
    const raw = Point.BASE.multiply(a)
      .add(Point.fromBytes(decodeHex(hex), true))
      .toBytes();
    for (let i = 0; i < 12; i++) {
      const message = utf8Bytes(`message ${i}`);
      const r = Point.BASE.multiply(777n + BigInt(i)).toBytes();
      const s = scalars.add(777n + BigInt(i), scalars.mul(challenge(r, raw, message), a));
      const signature = concatBytes(r, bytesOfNumber(s));
      const openssl = node.verifyEd25519(ed25519PublicKey(raw), message, signature);
      assert.deepEqual(answers(raw, message, signature), [openssl, openssl, openssl]);
      seen.add(openssl);
    }
  }
  assert.equal(seen.size, 2);
});

test("S at or above the group's order is refused", () => {
  const { publicKey, privateKey } = crypto.generateKeyPairSync("ed25519");
  const raw = new Uint8Array(publicKey.export({ format: "der", type: "spki" }).subarray(12));
  const message = utf8Bytes("message");
  const signature = new Uint8Array(crypto.sign(null, message, privateKey));
  assert.deepEqual(answers(raw, message, signature), [true, true, true]);
  const s = littleEndianNumber(signature.subarray(32));
  for (let more = 1n; (s + more * scalars.ORDER) >> 256n === 0n; more++) {
    const other = concatBytes(signature.subarray(0, 32), bytesOfNumber(s + more * scalars.ORDER));
    assert.deepEqual(answers(raw, message, other), [false, false, false]);
  }
});

test("bytes that are no point verify nothing, and nothing is thrown", () => {
  let count = 0;
  for (let i = 2; i < 60; i++) {
    const raw = bytesOfNumber(BigInt(i));
    try {
      Point.fromBytes(raw, false);
    } catch {
      count++;
      const signature = concatBytes(Point.BASE.toBytes(), bytesOfNumber(1n));
      assert.deepEqual(answers(raw, utf8Bytes("message"), signature), [false, false, false]);
    }
  }
  assert.ok(count > 10);
});
