// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import crypto from "node:crypto";
import { test } from "node:test";
import { inspect } from "node:util";
import { encodeBase64, encodeHex } from "../../bytes/index.ts";
import { FormatError, type FormatErrorCode } from "../../errors/index.ts";
import {
  algorithmByFlag,
  algorithmByName,
  digestPath,
  hash,
  type HashName,
  schemeHash,
  type SignatureScheme,
  verifySignature,
} from "../index.ts";
import {
  generatePrivateKey,
  messageSigner,
  type PrivateKey,
  privateKeyFromPkcs8,
} from "./index.ts";

const keys: Readonly<Record<string, PrivateKey>> = {
  "P-256": generatePrivateKey(algorithmByFlag("ecdsa-sha2-256-nistp256")),
  "P-384": generatePrivateKey(algorithmByFlag("ecdsa-sha2-384-nistp384")),
  "P-521": generatePrivateKey(algorithmByFlag("ecdsa-sha2-512-nistp521")),
  RSA: generatePrivateKey(algorithmByFlag("rsa-sign-pkcs1-2048-sha256")),
  Ed25519: generatePrivateKey(algorithmByFlag("ed25519")),
};

const hashNames: readonly HashName[] = ["sha256", "sha384", "sha512"];
const schemes: readonly SignatureScheme[] = [
  ...hashNames.map((name) => ({ kind: "ecdsa", hash: name }) as const),
  ...hashNames.map((name) => ({ kind: "rsa-pkcs1v15", hash: name }) as const),
  ...hashNames.map((name) => ({ kind: "rsa-pss", hash: name }) as const),
  { kind: "ed25519" },
  { kind: "ed25519ph" },
];
const message = new TextEncoder().encode("a message of some length, in two chunks");

function fits(scheme: SignatureScheme, key: PrivateKey): boolean {
  return scheme.kind.startsWith(
    { ec: "ecdsa", rsa: "rsa", ed25519: "ed25519" }[key.publicKey.type],
  );
}

const refuses = (code: FormatErrorCode) => (error: unknown) =>
  error instanceof FormatError && error.code === code;

test("every scheme verifies under its key, however it was signed", () => {
  for (const [name, key] of Object.entries(keys)) {
    for (const scheme of schemes.filter((item) => fits(item, key))) {
      const place = `${name} ${JSON.stringify(scheme)}`;
      const signatures = [key.sign(scheme, message)];
      if (scheme.kind !== "ed25519") {
        const stream = key.startSignature(scheme);
        stream.update(message.subarray(0, 7));
        stream.update(message.subarray(7));
        signatures.push(stream.finish());
        const digest = hash(schemeHash(scheme) as HashName, message);
        if (scheme.kind === "ecdsa" && digestPath(key.publicKey) === "noble") {
          // Without OpenSSL's own function nothing signs in constant time, so nothing signs.
          assert.throws(() => key.signDigest(scheme, digest), refuses("unsupported"));
        } else {
          signatures.push(key.signDigest(scheme, digest));
        }
      }
      for (const [i, signature] of signatures.entries()) {
        assert.equal(verifySignature(key.publicKey, scheme, message, signature), true, place + i);
        assert.equal(Object.getPrototypeOf(signature), Uint8Array.prototype, place + i);
        const other = Uint8Array.from(message);
        other[0] = 0;
        assert.equal(verifySignature(key.publicKey, scheme, other, signature), false, place + i);
      }
    }
  }
});

test("PSS over a digest is what OpenSSL itself accepts with a salt of the digest's size", () => {
  const key = keys["RSA"] as PrivateKey;
  const signature = key.signDigest({ kind: "rsa-pss", hash: "sha384" }, hash("sha384", message));
  const spki = crypto.createPublicKey({
    key: key.publicKey.spki as Buffer,
    format: "der",
    type: "spki",
  });
  const { RSA_PKCS1_PSS_PADDING, RSA_PSS_SALTLEN_DIGEST } = crypto.constants;
  const options = {
    key: spki,
    padding: RSA_PKCS1_PSS_PADDING,
    saltLength: RSA_PSS_SALTLEN_DIGEST,
  };
  assert.equal(crypto.verify("sha384", message, options, signature), true);
});

test("a scheme that does not go with the key is refused by every way of signing", () => {
  for (const key of Object.values(keys)) {
    for (const scheme of schemes.filter((item) => !fits(item, key))) {
      assert.throws(() => key.sign(scheme, message), refuses("unsupported"));
      assert.throws(() => key.startSignature(scheme), refuses("unsupported"));
      assert.throws(() => key.signDigest(scheme, new Uint8Array(32)), refuses("unsupported"));
    }
  }
});

test("pure Ed25519 is not signed from a digest nor in one pass", () => {
  const key = keys["Ed25519"] as PrivateKey;
  assert.throws(() => key.startSignature({ kind: "ed25519" }), refuses("unsupported"));
  assert.throws(
    () => key.signDigest({ kind: "ed25519" }, new Uint8Array(64)),
    refuses("unsupported"),
  );
});

test("a digest of another size than the hash's is refused", () => {
  for (const key of Object.values(keys)) {
    for (const scheme of schemes.filter((item) => fits(item, key) && item.kind !== "ed25519")) {
      for (const size of [0, 31, 33, 63, 65]) {
        assert.throws(() => key.signDigest(scheme, new Uint8Array(size)), refuses("out-of-range"));
      }
    }
  }
});

test("a key survives PKCS#8 unchanged, and each copy is the caller's own", () => {
  for (const [name, key] of Object.entries(keys)) {
    const pkcs8 = key.toPkcs8();
    const read = privateKeyFromPkcs8(pkcs8);
    assert.deepEqual(read.publicKey, key.publicKey, name);
    assert.deepEqual(read.toPkcs8(), pkcs8, name);
    pkcs8.fill(0);
    assert.deepEqual(read.toPkcs8(), key.toPkcs8(), name);
  }
});

test("printing, logging or serialising a key shows nothing of its secret", () => {
  for (const key of Object.values(keys)) {
    const shown = [inspect(key, { depth: 9, showHidden: true }), JSON.stringify({ key })];
    const secret = key.toPkcs8().slice(-40);
    for (const text of shown) {
      assert.ok(text.length < 60, text);
      assert.ok(!text.includes(encodeHex(secret)) && !text.includes(encodeBase64(secret)));
    }
  }
});

test("no key is generated for algorithms that are only verified", () => {
  for (const name of ["PKIX_ECDSA_P384_SHA_256", "PKCS1_RSA_PSS", "PKIX_RSA_PKCS1V5"]) {
    assert.throws(() => generatePrivateKey(algorithmByName(name)), refuses("unsupported"));
  }
});

test("signs in the thread pool as it signs at once", async () => {
  for (const [name, key] of Object.entries(keys)) {
    for (const scheme of schemes.filter((item) => fits(item, key))) {
      const signature = await key.signInPool(scheme, message);
      assert.ok(verifySignature(key.publicKey, scheme, message, signature), name);
    }
    const other = schemes.find((item) => !fits(item, key)) as SignatureScheme;
    await assert.rejects(key.signInPool(other, message), refuses("unsupported"));
    const signer = messageSigner(key);
    const { scheme } = signer.algorithm;
    const signature = await signer.sign(message);
    assert.ok(verifySignature(signer.publicKey, scheme, message, signature), name);
    const [foreign] = Object.values(keys).filter((item) => !fits(scheme, item)) as [PrivateKey];
    assert.throws(() => messageSigner(foreign, signer.algorithm), refuses("unsupported"));
  }
});
