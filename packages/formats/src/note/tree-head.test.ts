// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { concatBytes, utf8Bytes } from "../bytes/index.ts";
import { algorithmByName, type MessageSigner, sha256 } from "../crypto/index.ts";
import { generatePrivateKey, messageSigner } from "../crypto/node/index.ts";
import { FormatError } from "../errors/index.ts";
import { CtLogSigner } from "../sct/index.ts";
import {
  decodeTreeHeadSignature,
  encodeCheckpoint,
  encodeNote,
  encodeTreeHeadSignature,
  noteVerifier,
  parseNote,
  treeHeadVerifier,
  verifyNoteSignature,
} from "./index.ts";

const origin = "ct.example/2030";
const rootHash = sha256(utf8Bytes("root"));
const timestampMs = 1_900_000_000_123;

const signerOf = (name: string): MessageSigner =>
  messageSigner(generatePrivateKey(algorithmByName(name)), algorithmByName(name));

async function treeHead(signer: MessageSigner, size = 7n): Promise<Uint8Array> {
  const head = { timestampMs, treeSize: size, rootHash };
  const digitallySigned = await new CtLogSigner(signer).signTreeHead(head);
  return encodeTreeHeadSignature({ timestampMs, digitallySigned });
}

function statusOf(
  signer: MessageSigner,
  signature: Uint8Array,
  { extensions = [] as string[], name = origin } = {},
): string {
  const text = encodeCheckpoint({ origin, size: 7n, rootHash, extensions });
  const verifier = treeHeadVerifier(name, signer.publicKey);
  const note = encodeNote(text, [{ name, keyHash: verifier.keyHash, signature }]);
  return verifyNoteSignature(parseNote(note), verifier).status;
}

suite("a checkpoint signed as a tree head", () => {
  for (const name of ["PKIX_ECDSA_P256_SHA_256", "PKIX_RSA_PKCS1V15_2048_SHA256"]) {
    test(`verifies with ${name}, and with no bit of it turned`, async () => {
      const signer = signerOf(name);
      const signature = await treeHead(signer);
      assert.equal(statusOf(signer, signature), "verified");
      assert.equal(decodeTreeHeadSignature(signature).timestampMs, timestampMs);
      // Of time, algorithms, length and the signature's beginning.
      for (let bit = 0; bit < 8 * 24; bit++) {
        const turned = signature.slice();
        turned[bit >> 3]! ^= 1 << (bit & 7);
        assert.equal(statusOf(signer, turned), "invalid", `bit ${bit}`);
      }
      for (let length = 0; length < signature.length; length++) {
        if (length === 0) continue; // no note has it
        assert.equal(statusOf(signer, signature.subarray(0, length)), "invalid");
      }
      assert.equal(statusOf(signer, concatBytes(signature, Uint8Array.of(0))), "invalid");
    });
  }

  test("covers neither extensions, nor another tree, nor the name of another log", async () => {
    const signer = signerOf("PKIX_ECDSA_P256_SHA_256");
    const signature = await treeHead(signer);
    assert.equal(statusOf(signer, signature, { extensions: ["more"] }), "invalid");
    assert.equal(statusOf(signer, await treeHead(signer, 8n)), "invalid");
    assert.equal(statusOf(signer, signature, { name: "ct.example/2031" }), "invalid");
    assert.equal(statusOf(signerOf("PKIX_ECDSA_P256_SHA_256"), signature), "invalid");
  });

  test("has a key id of its own, which plain signatures of the key have not", async () => {
    const { publicKey } = signerOf("PKIX_ECDSA_P256_SHA_256");
    const logId = sha256(publicKey.spki);
    const keyId = sha256(concatBytes(utf8Bytes(`${origin}\n`), Uint8Array.of(5), logId));
    assert.deepEqual(treeHeadVerifier(origin, publicKey).keyHash, keyId.slice(0, 4));
    assert.notDeepEqual(noteVerifier(origin, publicKey).keyHash, keyId.slice(0, 4));
  });

  test("is read strictly", () => {
    const refuses = (bytes: readonly number[], code: string): void =>
      assert.throws(
        () => decodeTreeHeadSignature(Uint8Array.from(bytes)),
        (error) => error instanceof FormatError && error.code === code,
      );
    const time = [0, 0, 0, 0, 0, 0, 0, 1];
    refuses([], "truncated");
    refuses([...time, 4, 3, 0, 1], "truncated");
    refuses([...time, 4, 3, 0, 1, 9, 9], "trailing-data");
    refuses([255, ...time.slice(1), 4, 3, 0, 0], "out-of-range");
  });
});
