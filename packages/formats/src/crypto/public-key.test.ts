// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import crypto from "node:crypto";
import { test } from "node:test";
import { concatBytes, decodeHex, encodeHex } from "../bytes/index.ts";
import {
  der,
  derBitString,
  derInteger,
  derNull,
  derOctetString,
  derOid,
  derSequence,
  derUnsigned,
} from "../der/index.ts";
import { FormatError, type FormatErrorCode } from "../errors/index.ts";
import {
  curveSizeBytes,
  decodePkcs1PublicKey,
  decodePublicKeyPem,
  decodeSpki,
  ecPublicKey,
  ed25519PublicKey,
  encodePublicKeyPem,
  publicKeysEqual,
  type RsaPublicKey,
  rsaPublicKey,
} from "./index.ts";

const pairs = {
  p256: crypto.generateKeyPairSync("ec", { namedCurve: "P-256" }),
  p384: crypto.generateKeyPairSync("ec", { namedCurve: "P-384" }),
  p521: crypto.generateKeyPairSync("ec", { namedCurve: "P-521" }),
  rsa2048: crypto.generateKeyPairSync("rsa", { modulusLength: 2048 }),
  rsa2049: crypto.generateKeyPairSync("rsa", { modulusLength: 2049 }),
  rsaExponent3: crypto.generateKeyPairSync("rsa", { modulusLength: 2048, publicExponent: 3 }),
  ed25519: crypto.generateKeyPairSync("ed25519"),
};

function spkiOf(pair: crypto.KeyPairKeyObjectResult): Uint8Array {
  return new Uint8Array(pair.publicKey.export({ format: "der", type: "spki" }));
}

const spkis = Object.fromEntries(
  Object.entries(pairs).map(([name, pair]) => [name, spkiOf(pair)]),
) as Record<keyof typeof pairs, Uint8Array>;

function refuses(spki: Uint8Array, ...codes: readonly FormatErrorCode[]): void {
  assert.throws(
    () => decodeSpki(spki),
    (error) => error instanceof FormatError && codes.includes(error.code),
    encodeHex(spki.subarray(0, 60)),
  );
}

const EC = "1.2.840.10045.2.1";
const P256 = "1.2.840.10045.3.1.7";
const RSA = "1.2.840.113549.1.1.1";
const ED25519 = "1.3.101.112";
const point = decodeSpki(spkis.p256).type === "ec" ? spkis.p256.slice(-65) : new Uint8Array(0);
const modulus = (decodeSpki(spkis.rsa2048) as RsaPublicKey).modulus;

test("keys of every type are read as Node exports them", () => {
  for (const [name, pair] of Object.entries(pairs)) {
    const key = decodeSpki(spkiOf(pair));
    const jwk = pair.publicKey.export({ format: "jwk" });
    const field = (text: string | undefined): string =>
      encodeHex(new Uint8Array(Buffer.from(text ?? "", "base64url")));
    switch (key.type) {
      case "ec": {
        assert.equal(key.curve, jwk.crv, name);
        assert.equal(encodeHex(key.point), `04${field(jwk.x)}${field(jwk.y)}`);
        assert.equal(key.point.length, 1 + 2 * curveSizeBytes(key.curve));
        assert.deepEqual(ecPublicKey(key.curve, key.point), key);
        break;
      }
      case "rsa": {
        assert.equal(encodeHex(key.modulus), field(jwk.n));
        assert.equal(
          key.exponent,
          pair.publicKey.asymmetricKeyDetails?.publicExponent === 3n ? 3 : 65537,
        );
        assert.equal(key.modulusBits, pair.publicKey.asymmetricKeyDetails?.modulusLength);
        const exponent = key.exponent === 3 ? Uint8Array.of(3) : Uint8Array.of(1, 0, 1);
        assert.deepEqual(rsaPublicKey(key.modulus, exponent), key);
        const pkcs1 = new Uint8Array(pair.publicKey.export({ format: "der", type: "pkcs1" }));
        assert.deepEqual(decodePkcs1PublicKey(pkcs1), key);
        break;
      }
      case "ed25519":
        assert.equal(encodeHex(key.raw), field(jwk.x));
        assert.deepEqual(ed25519PublicKey(key.raw), key);
    }
    const pem = pair.publicKey.export({ format: "pem", type: "spki" }).toString();
    assert.deepEqual(decodePublicKeyPem(pem), key);
    assert.equal(encodePublicKeyPem(key), pem);
  }
});

test("keys cut at any byte, or followed by one, are refused", () => {
  for (const spki of Object.values(spkis)) {
    for (let end = 0; end < spki.length; end++) refuses(spki.subarray(0, end), "truncated");
    refuses(concatBytes(spki, Uint8Array.of(0)), "trailing-data");
  }
});

test("any flipped bit gives another key or none", () => {
  for (const spki of Object.values(spkis)) {
    const key = decodeSpki(spki);
    for (let bit = 0; bit < 8 * spki.length; bit++) {
      const bad = spki.map((byte, i) => (i === bit >> 3 ? byte ^ (1 << (bit & 7)) : byte));
      try {
        assert.ok(!publicKeysEqual(decodeSpki(bad), key), `bit ${bit}`);
      } catch (error) {
        if (!(error instanceof FormatError)) throw error;
      }
    }
  }
});

test("elliptic keys in other forms are refused", () => {
  const key = (algorithm: Uint8Array[], bits: Uint8Array): Uint8Array =>
    derSequence(derSequence(...algorithm), derBitString(bits));
  const named = [derOid(EC), derOid(P256)];
  assert.ok(decodeSpki(key(named, point)));
  refuses(key(named, concatBytes(Uint8Array.of(2), point.subarray(1, 33))), "unsupported");
  refuses(key(named, concatBytes(Uint8Array.of(3), point.subarray(1, 33))), "unsupported");
  refuses(key(named, concatBytes(Uint8Array.of(6), point.subarray(1))), "unsupported");
  refuses(key(named, Uint8Array.of(0)), "unsupported");
  refuses(key(named, new Uint8Array(0)), "unsupported");
  refuses(key(named, point.subarray(0, 64)), "unsupported");
  refuses(key(named, concatBytes(point, Uint8Array.of(0))), "unsupported");
  refuses(key([derOid(EC), derOid("1.3.132.0.34")], point), "unsupported");
  refuses(key([derOid(EC), derOid("1.3.132.0.10")], point), "unsupported");
  refuses(key([derOid(EC)], point), "truncated");
  refuses(key([derOid(EC), derNull()], point), "wrong-type");
  refuses(key([...named, derNull()], point), "trailing-data");
  // Explicit curve parameters, with which CVE-2020-0601 chose its own generator.
  const explicit = derSequence(derInteger(1), derSequence(derOid("1.2.840.10045.1.1")));
  refuses(key([derOid(EC), explicit], point), "wrong-type");
  const wrapped = derSequence(derSequence(...named), derOctetString(point));
  refuses(wrapped, "wrong-type");
  const unused = derSequence(derSequence(...named), der(3, Uint8Array.of(1), point));
  refuses(unused, "malformed");
  refuses(derSequence(derSequence(...named), der(3)), "malformed");
  refuses(derSequence(derSequence(...named), derBitString(point), derNull()), "trailing-data");
});

test("RSA keys that are too small, too large or ill made are refused", () => {
  const key = (n: Uint8Array, e: Uint8Array, ...more: Uint8Array[]): Uint8Array =>
    derSequence(derSequence(derOid(RSA), derNull()), derBitString(derSequence(n, e, ...more)));
  const e = derInteger(65537);
  const n = derUnsigned(modulus);
  const ofBits = (bits: number): Uint8Array => derInteger((1n << BigInt(bits - 1)) | 1n);
  assert.ok(decodeSpki(key(n, e)));
  for (const bits of [2048, 2049, 2055, 2056, 4096, 8192]) {
    const read = decodeSpki(key(ofBits(bits), e));
    assert.equal(read.type === "rsa" && read.modulusBits, bits);
  }
  for (const bits of [1, 8, 512, 1024, 2047, 8193, 16384]) {
    refuses(key(ofBits(bits), e), "unsupported");
  }
  refuses(key(derInteger(0), e), "unsupported");
  refuses(
    key(
      der(
        2,
        modulus.map((byte, i) => (i === 0 ? byte | 0x80 : byte)),
      ),
      e,
    ),
    "out-of-range",
  );
  refuses(key(der(2, concatBytes(Uint8Array.of(0, 0), modulus)), e), "non-canonical");
  refuses(key(der(2), e), "malformed");
  for (const bad of [0, 1, 2, 4, 65536, 2 ** 32, 2 ** 32 + 1]) {
    refuses(key(n, derInteger(bad)), "unsupported");
  }
  assert.ok(decodeSpki(key(n, derInteger(2 ** 32 - 1))));
  for (const bad of [-1n, -3n, 1n << 53n, (1n << 64n) + 1n, (1n << 2000n) + 1n]) {
    refuses(key(n, derInteger(bad)), "out-of-range");
  }
  refuses(key(n, e, derInteger(1)), "trailing-data");
  const pkcs1 = derSequence(n, e);
  const withParameters = (...parameters: Uint8Array[]): Uint8Array =>
    derSequence(derSequence(derOid(RSA), ...parameters), derBitString(pkcs1));
  refuses(withParameters(), "truncated");
  refuses(withParameters(derNull(), derNull()), "trailing-data");
  refuses(withParameters(derSequence()), "wrong-type");
  refuses(
    derSequence(
      derSequence(derOid(RSA), derNull()),
      derBitString(concatBytes(pkcs1, Uint8Array.of(0))),
    ),
    "trailing-data",
  );
});

test("Ed25519 keys in other forms are refused", () => {
  const key = (raw: Uint8Array, ...parameters: Uint8Array[]): Uint8Array =>
    derSequence(derSequence(derOid(ED25519), ...parameters), derBitString(raw));
  const raw = spkis.ed25519.slice(-32);
  assert.ok(decodeSpki(key(raw)));
  refuses(key(raw, derNull()), "trailing-data");
  for (const length of [0, 31, 33, 57]) refuses(key(new Uint8Array(length)), "malformed");
  assert.throws(() => ed25519PublicKey(new Uint8Array(31)), { code: "malformed" });
});

test("other key types are refused by name", () => {
  for (const oid of [
    "1.3.101.110",
    "1.3.101.113",
    "1.2.840.10040.4.1",
    "2.16.840.1.101.3.4.3.17",
  ]) {
    const spki = derSequence(derSequence(derOid(oid)), derBitString(new Uint8Array(32)));
    refuses(spki, "unsupported");
    assert.throws(() => decodeSpki(spki), { message: new RegExp(oid) });
  }
  const pss = crypto.generateKeyPairSync("rsa-pss", { modulusLength: 2048 });
  refuses(spkiOf(pss), "unsupported");
});

test("a PEM file holds exactly one public key", () => {
  const pem = encodePublicKeyPem(decodeSpki(spkis.p256));
  const code = (text: string): string => {
    try {
      decodePublicKeyPem(text);
    } catch (error) {
      if (error instanceof FormatError) return error.code;
      throw error;
    }
    return "read";
  };
  assert.equal(code(pem), "read");
  assert.equal(code(`comment\n${pem}\nmore\n`), "read");
  assert.equal(code(pem + pem), "unsupported");
  assert.equal(code(""), "malformed-pem");
  assert.equal(code(pem.replaceAll("PUBLIC KEY", "CERTIFICATE")), "unsupported");
  assert.equal(code(pem.replaceAll("PUBLIC KEY", "EC PUBLIC KEY")), "unsupported");
  assert.equal(code(pem.replaceAll("PUBLIC KEY", "RSA PUBLIC KEY")), "wrong-type");
  const pkcs1 = pairs.rsa2048.publicKey.export({ format: "pem", type: "pkcs1" }).toString();
  assert.ok(publicKeysEqual(decodePublicKeyPem(pkcs1), decodeSpki(spkis.rsa2048)));
});

test("keys are equal by what they hold", () => {
  const all = Object.values(spkis).map((spki) => decodeSpki(spki));
  for (const [i, a] of all.entries()) {
    for (const [j, b] of all.entries()) assert.equal(publicKeysEqual(a, b), i === j);
  }
  const copy = decodeSpki(spkis.p256.slice());
  assert.ok(publicKeysEqual(decodeSpki(spkis.p256), copy));
  // The same bytes on another curve are another key.
  const bytes = decodeHex("04" + "11".repeat(64));
  const other = { type: "ec", spki: bytes, curve: "P-384", point: bytes } as const;
  assert.ok(!publicKeysEqual({ ...other, curve: "P-256" }, other));
});
