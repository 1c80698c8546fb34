// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { test } from "node:test";
import { decodeHex, encodeHex, utf8Bytes } from "../../bytes/index.ts";
import { FormatError } from "../../errors/index.ts";
import {
  algorithmByFlag,
  createEd25519Verifier,
  type Ed25519PublicKey,
  ed25519PublicKey,
  verifySignature,
} from "../index.ts";
import {
  generatePrivateKey,
  pkcs8FromEd25519Seed,
  privateKeyFromPkcs8,
  signEd25519TwoPass,
} from "./index.ts";

const key = generatePrivateKey(algorithmByFlag("ed25519"));
const publicKey = key.publicKey as Ed25519PublicKey;
const pure = { kind: "ed25519" } as const;

async function* chunks(content: Uint8Array, sizeBytes: number): AsyncGenerator<Uint8Array> {
  for (let i = 0; i < content.length; i += sizeBytes) yield content.subarray(i, i + sizeBytes);
}

test("Ed25519ph signs the vector of RFC 8032 §7.3", () => {
  const seed = decodeHex("833fe62409237b9d62ec77587520911e9a759cec1d19755b7da901b96dca3d42");
  const read = privateKeyFromPkcs8(pkcs8FromEd25519Seed(seed));
  assert.equal(
    encodeHex(read.sign({ kind: "ed25519ph" }, utf8Bytes("abc"))),
    "98a70222f0b8121aa9d30f813d683f809e462b469c7ff87639499bb94e6dae41" +
      "31f85042463c2a355a2003d062adf5aaa10b8c61e636062aaad11c2a26083406",
  );
});

test("signing in two passes gives the bytes of signing in one piece", async () => {
  for (const length of [0, 1, 63, 64, 127, 128, 129, 1000, 100_000]) {
    const content = Uint8Array.from({ length }, (_, i) => i * 31);
    for (const sizeBytes of [1 + (length >> 2), 4096]) {
      const signature = await signEd25519TwoPass(key, () => chunks(content, sizeBytes));
      assert.deepEqual(signature, key.sign(pure, content), `${length} by ${sizeBytes}`);
    }
  }
});

test("content that changes between the passes is not signed", async () => {
  const contents = [utf8Bytes("first"), utf8Bytes("other")];
  await assert.rejects(
    signEd25519TwoPass(key, () => chunks(contents.shift() as Uint8Array, 3)),
    (error) => error instanceof FormatError && error.code === "malformed",
  );
  assert.equal(contents.length, 0);
});

test("an error of the source ends the signing with that error", async () => {
  const open = async function* (): AsyncGenerator<Uint8Array> {
    yield utf8Bytes("some");
    throw new Error("the disk is gone");
  };
  await assert.rejects(signEd25519TwoPass(key, open), /the disk is gone/);
});

test("a key of another type does not sign in two passes", async () => {
  const ec = generatePrivateKey(algorithmByFlag("ecdsa-sha2-256-nistp256"));
  await assert.rejects(
    signEd25519TwoPass(ec, () => chunks(new Uint8Array(1), 1)),
    (error) => error instanceof FormatError && error.code === "unsupported",
  );
});

function verifyInChunks(bytes: Uint8Array, signature: Uint8Array, by = publicKey): boolean {
  const verifier = createEd25519Verifier(by, signature);
  for (let i = 0; i < bytes.length; i += 5) verifier.update(bytes.subarray(i, i + 5));
  return verifier.finish();
}

test("a streamed verification decides as one over the whole content", () => {
  const content = utf8Bytes("content that comes in chunks of five");
  const signature = key.sign(pure, content);
  assert.equal(verifyInChunks(content, signature), true);
  assert.equal(verifyInChunks(content.subarray(1), signature), false);
  for (let bit = 0; bit < 512; bit += 3) {
    const flipped = Uint8Array.from(signature);
    flipped[bit >> 3] = (flipped[bit >> 3] as number) ^ (1 << (bit & 7));
    assert.equal(verifyInChunks(content, flipped), false, `bit ${bit}`);
  }
  for (const length of [0, 31, 32, 63]) {
    assert.equal(verifyInChunks(content, signature.subarray(0, length)), false);
  }
  assert.equal(verifyInChunks(content, Uint8Array.of(...signature, 0)), false);
  const prehashed = key.sign({ kind: "ed25519ph" }, content);
  assert.equal(verifyInChunks(content, prehashed), false, "the prehashed variant is another one");
});

test("a streamed verification under a key that is no point is false, as in one piece", () => {
  const notAPoint = ed25519PublicKey(new Uint8Array(32).fill(0x02));
  const content = utf8Bytes("content");
  const signature = key.sign(pure, content);
  assert.equal(verifyInChunks(content, signature, notAPoint), false);
  assert.equal(verifySignature(notAPoint, pure, content, signature), false);
});
