// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import crypto from "node:crypto";
import { test } from "node:test";
import fc from "fast-check";
import { bytesEqual, concatBytes, utf8Bytes } from "../../bytes/index.ts";
import {
  der,
  derBitString,
  derInteger,
  derNull,
  derOctetString,
  derOid,
  derSequence,
} from "../../der/index.ts";
import { FormatError, type FormatErrorCode } from "../../errors/index.ts";
import { algorithmByFlag } from "../index.ts";
import {
  decryptPkcs8,
  encryptPkcs8,
  generatePrivateKey,
  isEncryptedPkcs8,
  pkcs8FromEcScalar,
  pkcs8FromSec1,
  privateKeyFromPkcs8,
} from "./index.ts";

const P256 = "1.2.840.10045.3.1.7";
const P384 = "1.3.132.0.34";
const EC = "1.2.840.10045.2.1";
const ec = generatePrivateKey(algorithmByFlag("ecdsa-sha2-256-nistp256"));
const ed25519 = generatePrivateKey(algorithmByFlag("ed25519"));
const rsa = generatePrivateKey(algorithmByFlag("rsa-sign-pkcs1-2048-sha256"));
const password = utf8Bytes("correct horse");

const refuses = (code: FormatErrorCode) => (error: unknown) =>
  error instanceof FormatError && error.code === code;

function readsOrRefuses(bytes: Uint8Array): Uint8Array | undefined {
  try {
    return privateKeyFromPkcs8(bytes, password).publicKey.spki;
  } catch (error) {
    assert.ok(error instanceof FormatError, String(error));
    return undefined;
  }
}

test("a key cut at any byte, or followed by one, is refused", () => {
  for (const whole of [ec, ed25519, rsa].map((key) => key.toPkcs8())) {
    for (let length = 0; length < whole.length; length++) {
      assert.equal(readsOrRefuses(whole.subarray(0, length)), undefined, `${length}`);
    }
    assert.throws(
      () => privateKeyFromPkcs8(concatBytes(whole, Uint8Array.of(0))),
      refuses("trailing-data"),
    );
  }
});

test("no bit of an elliptic key can be flipped without being noticed", () => {
  const whole = ec.toPkcs8();
  for (let bit = 0; bit < 8 * whole.length; bit++) {
    const flipped = Uint8Array.from(whole);
    flipped[bit >> 3] = (flipped[bit >> 3] as number) ^ (1 << (bit & 7));
    assert.equal(readsOrRefuses(flipped), undefined, `bit ${bit}`);
  }
});

test("a damaged RSA key is refused or still the same key", () => {
  const whole = rsa.toPkcs8();
  fc.assert(
    fc.property(fc.nat(8 * whole.length - 1), (bit) => {
      const flipped = Uint8Array.from(whole);
      flipped[bit >> 3] = (flipped[bit >> 3] as number) ^ (1 << (bit & 7));
      const spki = readsOrRefuses(flipped);
      assert.ok(spki === undefined || bytesEqual(spki, rsa.publicKey.spki));
    }),
    { numRuns: 60 },
  );
});

test("noise is refused as noise", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
      assert.equal(readsOrRefuses(bytes), undefined);
      assert.equal(
        readsOrRefuses(concatBytes(Uint8Array.of(0x30, bytes.length), bytes)),
        undefined,
      );
    }),
    { numRuns: 200 },
  );
});

const scalar = Uint8Array.from({ length: 32 }, (_, i) => i + 1);

test("an elliptic key without its public point gets one", () => {
  const key = privateKeyFromPkcs8(pkcs8FromEcScalar("P-256", scalar));
  assert.equal(key.toPkcs8().length, 138);
  assert.deepEqual(privateKeyFromPkcs8(key.toPkcs8()).publicKey, key.publicKey);
});

function ecKey(curve: string, ...sec1: Uint8Array[]): Uint8Array {
  const algorithm = derSequence(derOid(EC), derOid(curve));
  return derSequence(derInteger(0), algorithm, derOctetString(derSequence(...sec1)));
}

test("elliptic keys that contradict themselves or the limits are refused", () => {
  const d = derOctetString(scalar);
  const order = crypto.createECDH("prime256v1");
  order.setPrivateKey(Uint8Array.from(scalar, (byte) => byte + 1));
  const otherPoint = der(0xa1, derBitString(order.getPublicKey()));
  const cases: [string, Uint8Array, FormatErrorCode][] = [
    ["another key's point", ecKey(P256, derInteger(1), d, otherPoint), "malformed"],
    ["two curves", ecKey(P256, derInteger(1), d, der(0xa0, derOid(P384))), "conflicting-fields"],
    [
      "a short scalar",
      ecKey(P256, derInteger(1), derOctetString(scalar.slice(1))),
      "non-canonical",
    ],
    ["a scalar of another curve", ecKey(P384, derInteger(1), d), "non-canonical"],
    ["zero", ecKey(P256, derInteger(1), derOctetString(new Uint8Array(32))), "out-of-range"],
    [
      "a scalar above the order",
      ecKey(P256, derInteger(1), derOctetString(new Uint8Array(32).fill(255))),
      "out-of-range",
    ],
    ["another version", ecKey(P256, derInteger(2), d), "unsupported"],
    ["secp256k1", ecKey("1.3.132.0.10", derInteger(1), d), "unsupported"],
    [
      "a point that is not on the curve",
      ecKey(P256, derInteger(1), d, der(0xa1, derBitString(new Uint8Array(65).fill(4)))),
      "malformed",
    ],
  ];
  for (const [name, bytes, code] of cases) {
    assert.throws(() => privateKeyFromPkcs8(bytes), refuses(code), name);
  }
  const explicit = derSequence(derOid(EC), derSequence(derInteger(1)));
  const sec1 = derOctetString(derSequence(derInteger(1), d));
  assert.throws(
    () => privateKeyFromPkcs8(derSequence(derInteger(0), explicit, sec1)),
    refuses("unsupported"),
  );
  assert.throws(
    () => pkcs8FromSec1(derSequence(derInteger(1), d)),
    refuses("missing-field"),
    "a bare ECPrivateKey must name its curve",
  );
});

test("an Ed25519 key is compared with the public key that version 1 states", () => {
  const algorithm = derSequence(derOid("1.3.101.112"));
  const pkcs8 = ed25519.toPkcs8();
  const secret = derOctetString(derOctetString(pkcs8.slice(-32)));
  const stated = (raw: Uint8Array): Uint8Array =>
    derSequence(derInteger(1), algorithm, secret, der(0x81, Uint8Array.of(0), raw));
  const raw = ed25519.publicKey.spki.slice(-32);
  assert.deepEqual(privateKeyFromPkcs8(stated(raw)).toPkcs8(), pkcs8);
  assert.throws(() => privateKeyFromPkcs8(stated(raw.fill(1))), refuses("malformed"));
});

test("other key types, versions and sizes are named in the refusal", () => {
  const x25519 = crypto
    .generateKeyPairSync("x25519")
    .privateKey.export({ format: "der", type: "pkcs8" });
  assert.throws(() => privateKeyFromPkcs8(x25519), /key type 1\.3\.101\.110/);
  const small = crypto
    .generateKeyPairSync("rsa", { modulusLength: 1024 })
    .privateKey.export({ format: "der", type: "pkcs8" });
  assert.throws(() => privateKeyFromPkcs8(small), /1024 bits/);
  assert.throws(() => privateKeyFromPkcs8(derSequence(derInteger(2))), refuses("unsupported"));
  assert.throws(
    () => privateKeyFromPkcs8(der(0x30, derInteger(0), new Uint8Array(70_000))),
    refuses("too-large"),
  );
});

const PBES2 = "1.2.840.113549.1.5.13";
const AES_256_CBC = "2.16.840.1.101.3.4.1.42";
const iv = new Uint8Array(16).fill(7);
const salt = utf8Bytes("salt of 16 bytes");

function encrypted(kdf: Uint8Array, key: Uint8Array, plaintext = ec.toPkcs8()): Uint8Array {
  const cipher = crypto.createCipheriv("aes-256-cbc", key, iv);
  const data = concatBytes(cipher.update(plaintext), cipher.final());
  const encryption = derSequence(derOid(AES_256_CBC), derOctetString(iv));
  const scheme = derSequence(derOid(PBES2), derSequence(kdf, encryption));
  return derSequence(scheme, derOctetString(data));
}

function pbkdf2(iterations: number | bigint, ...rest: Uint8Array[]): Uint8Array {
  const parameters = derSequence(derOctetString(salt), derInteger(iterations), ...rest);
  return derSequence(derOid("1.2.840.113549.1.5.12"), parameters);
}

function scrypt(n: number | bigint, r: number | bigint, p: number | bigint): Uint8Array {
  const costs = [n, r, p].map(derInteger);
  const parameters = derSequence(derOctetString(salt), ...costs);
  return derSequence(derOid("1.3.6.1.4.1.11591.4.11"), parameters);
}

const hmac = (number: number): Uint8Array =>
  derSequence(derOid(`1.2.840.113549.2.${number}`), derNull());

test("PBES2 opens with PBKDF2 over every hash and with scrypt", () => {
  const hashes = { 7: "sha1", 8: "sha224", 9: "sha256", 10: "sha384", 11: "sha512" };
  for (const [number, name] of Object.entries(hashes)) {
    const key = crypto.pbkdf2Sync(password, salt, 10, 32, name);
    const file = encrypted(pbkdf2(10, derInteger(32), hmac(Number(number))), key);
    assert.equal(isEncryptedPkcs8(file), true);
    assert.deepEqual(privateKeyFromPkcs8(file, password).publicKey, ec.publicKey, name);
  }
  const byDefault = encrypted(pbkdf2(3), crypto.pbkdf2Sync(password, salt, 3, 32, "sha1"));
  assert.deepEqual(privateKeyFromPkcs8(byDefault, password).publicKey, ec.publicKey);
  const key = crypto.scryptSync(password, salt, 32, { N: 1024, r: 8, p: 2 });
  const file = encrypted(scrypt(1024, 8, 2), key);
  assert.deepEqual(privateKeyFromPkcs8(file, password).publicKey, ec.publicKey);
  for (let length = 0; length < file.length; length++) {
    assert.equal(readsOrRefuses(file.subarray(0, length)), undefined);
  }
});

test("what is encrypted here opens here and in OpenSSL, with its password alone", () => {
  for (const key of [ec, ed25519, rsa]) {
    const file = encryptPkcs8(key.toPkcs8(), password);
    assert.equal(isEncryptedPkcs8(file), true);
    assert.deepEqual(decryptPkcs8(file, password), key.toPkcs8());
    const read = crypto.createPrivateKey({
      key: Buffer.from(file),
      format: "der",
      type: "pkcs8",
      passphrase: Buffer.from(password),
    });
    const spki = crypto.createPublicKey(read).export({ format: "der", type: "spki" });
    assert.deepEqual(Uint8Array.from(spki), key.publicKey.spki);
    assert.throws(
      () => privateKeyFromPkcs8(file, utf8Bytes("correct horsf")),
      refuses("malformed"),
    );
    assert.throws(() => privateKeyFromPkcs8(file), refuses("missing-field"));
    assert.notDeepEqual(encryptPkcs8(key.toPkcs8(), password), file, "salt and vector are new");
  }
});

test("an empty passphrase is a passphrase", () => {
  const empty = new Uint8Array(0);
  const file = encrypted(pbkdf2(3), crypto.pbkdf2Sync(empty, salt, 3, 32, "sha1"));
  assert.deepEqual(privateKeyFromPkcs8(file, empty).publicKey, ec.publicKey);
});

test("a wrong passphrase is told from a key that is not supported", () => {
  const key = crypto.pbkdf2Sync(password, salt, 1, 32, "sha1");
  const file = encrypted(pbkdf2(1), key);
  // One wrong passphrase in 256 leaves valid padding: none of them may pass for a key.
  for (let i = 0; i < 1500; i++) {
    assert.equal(decryptPkcs8(file, utf8Bytes(`wrong ${i}`)), undefined);
  }
  assert.throws(() => privateKeyFromPkcs8(file, utf8Bytes("wrong")), refuses("malformed"));
  assert.throws(() => privateKeyFromPkcs8(file), refuses("missing-field"));
  const other = derSequence(derInteger(0), derSequence(derOid("1.2.3")), derOctetString(iv));
  assert.throws(
    () => privateKeyFromPkcs8(encrypted(pbkdf2(1), key, other), password),
    refuses("unsupported"),
  );
});

test("costs that no key file may ask for are refused before they are paid", () => {
  const key = new Uint8Array(32);
  const cases: [string, Uint8Array, FormatErrorCode][] = [
    ["no iterations", pbkdf2(0), "out-of-range"],
    ["negative iterations", pbkdf2(-1), "out-of-range"],
    ["5,000,001 iterations", pbkdf2(5_000_001), "too-large"],
    ["2^31 iterations", pbkdf2(2 ** 31), "too-large"],
    ["2^200 iterations", pbkdf2(1n << 200n), "out-of-range"],
    ["N of 2^30", scrypt(2 ** 30, 8, 1), "too-large"],
    ["N of 2^63", scrypt(1n << 63n, 8, 1), "out-of-range"],
    ["N of 2^50", scrypt(2 ** 50, 8, 1), "too-large"],
    ["N not a power of two", scrypt(1000, 8, 1), "out-of-range"],
    ["N of 1", scrypt(1, 8, 1), "out-of-range"],
    ["N of 0", scrypt(0, 8, 1), "out-of-range"],
    ["r of 2^30", scrypt(1024, 2 ** 30, 1), "too-large"],
    ["p of 2^30", scrypt(1024, 8, 2 ** 30), "too-large"],
    ["r of 0", scrypt(1024, 0, 1), "out-of-range"],
    ["p of 0", scrypt(1024, 8, 0), "out-of-range"],
    ["memory of 512 MiB", scrypt(2 ** 19, 8, 1), "too-large"],
    ["many times 256 MiB", scrypt(2 ** 18, 8, 5), "too-large"],
    ["a key length of another cipher", pbkdf2(1, derInteger(16)), "malformed"],
    ["an unknown hash", pbkdf2(1, hmac(99)), "unsupported"],
  ];
  const started = performance.now();
  for (const [name, kdf, code] of cases) {
    assert.throws(() => decryptPkcs8(encrypted(kdf, key), password), refuses(code), name);
  }
  assert.ok(performance.now() - started < 1000);
});

test("PBES1 and unknown ciphers are refused by name", () => {
  const pbes1 = derSequence(
    derSequence(derOid("1.2.840.113549.1.5.3"), derSequence(derOctetString(salt), derInteger(1))),
    derOctetString(iv),
  );
  assert.throws(() => decryptPkcs8(pbes1, password), /scheme 1\.2\.840\.113549\.1\.5\.3/);
});
