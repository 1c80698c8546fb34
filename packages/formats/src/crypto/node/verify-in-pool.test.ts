// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { suite, test } from "node:test";
import { needVectors } from "../../../../../test/vectors.ts";
import { decodeHex, utf8Bytes } from "../../bytes/index.ts";
import {
  algorithmByName,
  decodeSpki,
  hash,
  type HashName,
  schemeHash,
  type SignatureScheme,
} from "../index.ts";
import { generatePrivateKey, verifyDigestInPool, verifySignatureInPool } from "./index.ts";

interface Group {
  readonly publicKeyDer: string;
  readonly tests: readonly { tcId: number; msg: string; sig: string; result: string }[];
}

suite("verifying in threads", () => {
  for (const [file, scheme] of [
    ["ecdsa_secp256r1_sha256_test.json", { kind: "ecdsa", hash: "sha256" }],
    ["ecdsa_secp521r1_sha512_test.json", { kind: "ecdsa", hash: "sha512" }],
    ["ed25519_test.json", { kind: "ed25519" }],
  ] as const satisfies [string, SignatureScheme][]) {
    test(`agrees with ${file}`, async (t) => {
      const path = needVectors(t, `wycheproof/${file}`);
      if (path === undefined) return;
      const { testGroups } = JSON.parse(readFileSync(path, "utf8")) as { testGroups: Group[] };
      const name = schemeHash(scheme);
      const checks = testGroups.flatMap(({ publicKeyDer, tests }) => {
        const key = decodeSpki(decodeHex(publicKeyDer));
        return tests.map(async ({ tcId, msg, sig, result }) => {
          const [message, signature] = [decodeHex(msg), decodeHex(sig)];
          const valid = result === "valid";
          assert.equal(
            await verifySignatureInPool(key, scheme, message, signature),
            valid,
            `${tcId}`,
          );
          if (name === undefined) return;
          const digest = hash(name, message);
          assert.equal(await verifyDigestInPool(key, scheme, digest, signature), valid, `${tcId}`);
        });
      });
      assert.ok(checks.length > 100);
      await Promise.all(checks);
    });
  }

  for (const name of [
    "PKIX_ECDSA_P256_SHA_256",
    "PKIX_ECDSA_P384_SHA_384",
    "PKIX_RSA_PKCS1V15_2048_SHA256",
    "PKIX_ED25519",
    "PKIX_ED25519_PH",
  ]) {
    test(`takes ${name}, and nothing changed`, async () => {
      const { scheme } = algorithmByName(name);
      const key = generatePrivateKey(algorithmByName(name));
      const message = utf8Bytes("message");
      const signature = key.sign(scheme, message);
      const other = signature.map((byte, i) => (i === signature.length - 1 ? byte ^ 1 : byte));
      const { publicKey } = key;
      assert.equal(await verifySignatureInPool(publicKey, scheme, message, signature), true);
      assert.equal(await verifySignatureInPool(publicKey, scheme, message, other), false);
      const hashName: HashName | undefined = schemeHash(scheme);
      if (hashName === undefined) return;
      const digest = hash(hashName, message);
      assert.equal(await verifyDigestInPool(publicKey, scheme, digest, signature), true);
      assert.equal(await verifyDigestInPool(publicKey, scheme, digest, other), false);
      const flipped = digest.map((byte, i) => (i === 0 ? byte ^ 1 : byte));
      assert.equal(await verifyDigestInPool(publicKey, scheme, flipped, signature), false);
    });
  }

  test("refuses what it cannot mean as the synchronous form does", async () => {
    const { publicKey } = generatePrivateKey(algorithmByName("PKIX_ECDSA_P256_SHA_256"));
    const ecdsa = { kind: "ecdsa", hash: "sha256" } as const;
    const empty = new Uint8Array(0);
    await assert.rejects(verifyDigestInPool(publicKey, ecdsa, empty, empty), {
      code: "out-of-range",
    });
    await assert.rejects(verifyDigestInPool(publicKey, { kind: "ed25519" }, empty, empty), {
      code: "unsupported",
    });
    const digest = new Uint8Array(32);
    assert.equal(
      await verifyDigestInPool(publicKey, { kind: "ed25519ph" }, new Uint8Array(64), empty),
      false,
    );
    const off = { ...publicKey, spki: publicKey.spki.slice() };
    off.spki[off.spki.length - 1]! ^= 1;
    assert.equal(await verifyDigestInPool(off, ecdsa, digest, empty), false);
    assert.equal(await verifySignatureInPool(off, ecdsa, digest, empty), false);
  });

  test("takes messages larger than a batch, and keys of several kinds together", async () => {
    const checks = ["PKIX_ECDSA_P256_SHA_256", "PKIX_ED25519", "PKIX_ED25519_PH"].flatMap(
      (name) => {
        const { scheme } = algorithmByName(name);
        const key = generatePrivateKey(algorithmByName(name));
        const message = new Uint8Array(3 << 20).fill(7);
        const signature = key.sign(scheme, message);
        return [message, message.subarray(1), new Uint8Array(0)].map((signed) =>
          verifySignatureInPool(key.publicKey, scheme, signed, signature),
        );
      },
    );
    const expected = [true, false, false];
    assert.deepEqual(await Promise.all(checks), [...expected, ...expected, ...expected]);
  });

  test("reads bytes where they are in their buffer", async () => {
    const key = generatePrivateKey(algorithmByName("PKIX_ECDSA_P256_SHA_256"));
    const ecdsa = { kind: "ecdsa", hash: "sha256" } as const;
    const message = utf8Bytes("message");
    const signature = key.sign(ecdsa, message);
    const padded = new Uint8Array(signature.length + 20).fill(255);
    padded.set(signature, 9);
    const view = padded.subarray(9, 9 + signature.length);
    assert.equal(await verifySignatureInPool(key.publicKey, ecdsa, message, view), true);
    assert.equal(await verifySignatureInPool(key.publicKey, ecdsa, message, padded), false);
  });

  test("does thousands at once", async () => {
    const key = generatePrivateKey(algorithmByName("PKIX_ECDSA_P256_SHA_256"));
    const ecdsa = { kind: "ecdsa", hash: "sha256" } as const;
    const digest = hash("sha256", utf8Bytes("message"));
    const signature = key.sign(ecdsa, utf8Bytes("message"));
    const results = await Promise.all(
      Array.from({ length: 2000 }, (_, i) =>
        verifyDigestInPool(
          key.publicKey,
          ecdsa,
          i % 2 === 0 ? digest : new Uint8Array(32),
          signature,
        ),
      ),
    );
    assert.ok(results.every((verified, i) => verified === (i % 2 === 0)));
  });
});
