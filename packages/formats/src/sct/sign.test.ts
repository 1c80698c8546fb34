// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { encodeHex, utf8Bytes } from "../bytes/index.ts";
import { algorithmByName, type MessageSigner, sha256, verifySignature } from "../crypto/index.ts";
import { generatePrivateKey, messageSigner } from "../crypto/node/index.ts";
import { FormatError } from "../errors/index.ts";
import {
  CtLogSigner,
  decodeSct,
  encodeDigitallySigned,
  encodeLeafIndex,
  encodeSct,
  sctSignedData,
  treeHeadSignedData,
  verifySct,
} from "./index.ts";

const signerOf = (name: string): MessageSigner =>
  messageSigner(generatePrivateKey(algorithmByName(name)), algorithmByName(name));
const issuerKeyHash = sha256(utf8Bytes("issuer"));
const tbs = utf8Bytes("tbs");
const timestamp = { timestampMs: 1_700_000_000_000, extensions: encodeLeafIndex(5) };

suite("a CT log signs", () => {
  for (const name of ["PKIX_ECDSA_P256_SHA_256", "PKIX_RSA_PKCS1V15_2048_SHA256"]) {
    test(`entries with ${name}, as verifiers want them`, async () => {
      const log = new CtLogSigner(signerOf(name));
      assert.deepEqual(log.logId, sha256(log.publicKey.spki));
      const sct = await log.signEntry(timestamp, { issuerKeyHash, tbs });
      assert.deepEqual(decodeSct(encodeSct(sct)), sct);
      assert.equal(verifySct(sct, issuerKeyHash, tbs, log.publicKey), true);
      assert.equal(verifySct(sct, issuerKeyHash, utf8Bytes("other"), log.publicKey), false);
      const later = { ...sct, timestampMs: sct.timestampMs + 1 };
      assert.equal(verifySct(later, issuerKeyHash, tbs, log.publicKey), false);
      const whole = await log.signEntry(timestamp, { certificate: tbs });
      const signed = sctSignedData(timestamp, { certificate: tbs });
      const { scheme } = algorithmByName(name);
      assert.equal(verifySignature(log.publicKey, scheme, signed, whole.signature), true);
    });
  }

  test("tree heads", async () => {
    const head = { timestampMs: 1, treeSize: 2n ** 40n, rootHash: issuerKeyHash };
    const signed = treeHeadSignedData(head);
    const hex = `000100000000000000010000010000000000${encodeHex(issuerKeyHash)}`;
    assert.equal(encodeHex(signed), hex);
    const signer = signerOf("PKIX_ECDSA_P256_SHA_256");
    const bytes = await new CtLogSigner(signer).signTreeHead(head);
    const signature = bytes.subarray(4);
    const parts = { hashAlgorithm: 4, signatureAlgorithm: 3, signature };
    assert.deepEqual(encodeDigitallySigned(parts), bytes);
    const { scheme } = signer.algorithm;
    assert.equal(verifySignature(signer.publicKey, scheme, signed, signature), true);
    assert.throws(() => treeHeadSignedData({ ...head, rootHash: tbs }), RangeError);
    assert.throws(() => treeHeadSignedData({ ...head, treeSize: -1n }), RangeError);
  });

  for (const name of ["PKIX_ECDSA_P384_SHA_384", "PKIX_ED25519", "PKIX_RSA_PSS_2048_SHA256"]) {
    test(`not with ${name}, which clients refuse`, () => {
      const unsupported = (error: unknown): boolean =>
        error instanceof FormatError && error.code === "unsupported";
      assert.throws(() => new CtLogSigner(signerOf(name)), unsupported);
    });
  }
});
