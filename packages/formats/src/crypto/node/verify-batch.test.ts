// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { test } from "node:test";
import { utf8Bytes } from "../../bytes/index.ts";
import { algorithmByName, sha256 } from "../index.ts";
import { generatePrivateKey } from "./index.ts";
import {
  outcome,
  packChecks,
  packedSizeBytes,
  runChecks,
  type SignatureCheck,
} from "./verify-batch.ts";

const names = [
  "PKIX_ECDSA_P256_SHA_256",
  "PKIX_ECDSA_P384_SHA_384",
  "PKIX_RSA_PKCS1V15_2048_SHA256",
  "PKIX_RSA_PSS_2048_SHA256",
  "PKIX_ED25519",
  "PKIX_ED25519_PH",
] as const;
const message = utf8Bytes("message");

const valid = names.map((name): SignatureCheck => {
  const { scheme } = algorithmByName(name);
  const key = generatePrivateKey(algorithmByName(name));
  const signature = key.sign(scheme, message);
  return { over: "message", key: key.publicKey, scheme, signed: message, signature };
});
const [p256] = valid as [SignatureCheck, ...SignatureCheck[]];

function outcomes(...checks: readonly SignatureCheck[]): number[] {
  return [...runChecks(packChecks(checks))];
}

test("each check has its outcome, in their order", () => {
  const invalid = valid.map((check) => ({ ...check, signed: utf8Bytes("massage") }));
  const mixed = valid.flatMap((check, i) => [check, invalid[i] as SignatureCheck]);
  const { verified, refused } = outcome;
  assert.deepEqual(
    outcomes(...mixed),
    names.flatMap(() => [verified, refused]),
  );
  assert.deepEqual(outcomes(), []);
});

test("no scheme is taken for another", () => {
  for (const [i, check] of valid.entries()) {
    for (const [j, { scheme }] of valid.entries()) {
      const fits = JSON.stringify(scheme) === JSON.stringify(check.scheme);
      const expected = i === j || fits ? outcome.verified : outcome.refused;
      assert.deepEqual(outcomes({ ...check, scheme }), [expected], `${names[i]} as ${names[j]}`);
    }
  }
});

test("a digest is not a message", () => {
  const digest = sha256(message);
  assert.deepEqual(outcomes({ ...p256, over: "digest", signed: digest }), [outcome.verified]);
  assert.deepEqual(outcomes({ ...p256, signed: digest }), [outcome.refused]);
});

test("a check that throws does so alone", () => {
  const { verified, threw } = outcome;
  const short = { ...p256, over: "digest", signed: new Uint8Array(31) } as const;
  const noKey = { ...p256, key: { ...p256.key, spki: new Uint8Array(3) } };
  assert.deepEqual(outcomes(p256, short, p256, noKey, p256), [
    verified,
    threw,
    verified,
    threw,
    verified,
  ]);
});

test("a batch has the size that was said before", () => {
  for (const check of valid) {
    assert.equal(packChecks([check]).byteLength, packedSizeBytes(check));
  }
  const empty = { ...p256, signed: new Uint8Array(0), signature: new Uint8Array(0) };
  assert.equal(packChecks([empty]).byteLength, packedSizeBytes(empty));
  assert.deepEqual(outcomes(empty), [outcome.refused]);
});
