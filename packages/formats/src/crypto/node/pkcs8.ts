// SPDX-License-Identifier: Apache-2.0
import { p256, p384, p521 } from "@noble/curves/nist.js";
import { compareBytes, uintBytes } from "../../bytes/index.ts";
import {
  contextTag,
  derBitString,
  derExplicit,
  derInteger,
  derNull,
  derOctetString,
  derOid,
  type DerReader,
  derSequence,
  derUnsigned,
  readDer,
  Tag,
} from "../../der/index.ts";
import { FormatError } from "../../errors/index.ts";
import {
  curves,
  curveSizeBytes,
  EC_PUBLIC_KEY,
  type EcCurve,
  ED25519,
  RSA_ENCRYPTION,
  rsaPublicKey,
} from "../public-key.ts";
import { wipe } from "./ciphers.ts";
import { privateKeyBytesMax } from "./pbes2.ts";

const FORMAT = "private key";

const orders: Readonly<Record<EcCurve, bigint>> = {
  "P-256": p256.Point.Fn.ORDER,
  "P-384": p384.Point.Fn.ORDER,
  "P-521": p521.Point.Fn.ORDER,
};

/** The secret of a key, as PKCS#8 holds it. Views into the DER that was read. */
export type KeyMaterial =
  | { readonly type: "ed25519"; readonly seed: Uint8Array; readonly raw?: Uint8Array }
  | { readonly type: "rsa"; readonly pkcs1: Uint8Array }
  | {
      readonly type: "ec";
      readonly curve: EcCurve;
      /** Big-endian, of the curve's size. */
      readonly scalar: Uint8Array;
      readonly point?: Uint8Array;
    };

/**
 * Reads a PrivateKeyInfo or OneAsymmetricKey (RFC 5958 §2) so far that handing its numbers to
 * OpenSSL is safe: known key types, named curves, numbers of bounded size.
 *
 * Does not check that the numbers belong together: importing signs and verifies once for that.
 *
 * @throws FormatError `unsupported` for other key types, multi-prime RSA, explicit curves;
 *   `too-large`; `malformed`; the DER codes.
 */
export function readPkcs8(der: Uint8Array): KeyMaterial {
  checkSize(der);
  return readDer(der, FORMAT, (reader) => {
    const outer = reader.sequence();
    const version = outer.smallInteger();
    if (version > 1) throw outer.error("unsupported", `version ${version}`);
    const algorithm = outer.sequence();
    const oid = algorithm.oid();
    const parameters = algorithm.done ? undefined : algorithm.any();
    algorithm.end();
    const secret = outer.octetString();
    outer.optional(contextTag(0, true)); // attributes say nothing about the key
    const bits = version === 1 ? outer.optional(contextTag(1, false))?.content : undefined;
    if (version === 1 && !bits)
      throw outer.error("non-canonical", "version 1 without a public key");
    if (bits && bits[0] !== 0) throw outer.error("malformed", "a public key with unused bits");
    outer.end();
    const stated = bits?.subarray(1);
    switch (oid) {
      case ED25519: {
        if (parameters) throw outer.error("malformed", "parameters beside an Ed25519 key");
        const seed = readDer(secret, FORMAT, (inner) => inner.octetString());
        if (seed.length !== 32) throw outer.error("malformed", "an Ed25519 key not of 32 bytes");
        return { type: "ed25519", seed, ...(stated && { raw: stated }) };
      }
      case RSA_ENCRYPTION: {
        if (parameters && (parameters.tag !== Tag.null || parameters.content.length > 0)) {
          throw outer.error("malformed", "parameters beside an RSA key");
        }
        readDer(secret, FORMAT, checkRsa);
        return { type: "rsa", pkcs1: secret };
      }
      case EC_PUBLIC_KEY: {
        if (!parameters) throw outer.error("missing-field", "the curve is not named");
        const curve = readDer(parameters.raw, FORMAT, readCurve);
        return readDer(secret, FORMAT, (inner) => readEc(inner, curve));
      }
      default:
        throw outer.error("unsupported", `key type ${oid}`);
    }
  });
}

/** PKCS#8 of the key; for EC with the public point where that is given. */
export function writePkcs8(key: KeyMaterial): Uint8Array {
  switch (key.type) {
    case "ed25519":
      return encode(derSequence(derOid(ED25519)), derOctetString(key.seed));
    case "rsa":
      return pkcs8FromPkcs1(key.pkcs1);
    case "ec": {
      const point = key.point ? [derExplicit(1, derBitString(key.point))] : [];
      const sec1 = derSequence(derInteger(1), derOctetString(key.scalar), ...point);
      return encode(derSequence(derOid(EC_PUBLIC_KEY), derOid(curveOid(key.curve))), sec1);
    }
  }
}

/** PKCS#8 of a PKCS#1 RSAPrivateKey (RFC 8017 §A.1.2), whose content is not checked. */
export function pkcs8FromPkcs1(pkcs1: Uint8Array): Uint8Array {
  return encode(derSequence(derOid(RSA_ENCRYPTION), derNull()), pkcs1.slice());
}

/** The numbers of an RSA key, big-endian. */
export interface RsaNumbers {
  readonly n: Uint8Array;
  readonly e: Uint8Array;
  readonly d: Uint8Array;
  readonly p: Uint8Array;
  readonly q: Uint8Array;
  readonly dp: Uint8Array;
  readonly dq: Uint8Array;
  /** Inverse of q modulo p. */
  readonly qInverse: Uint8Array;
}

/** PKCS#8 of an RSA key from its numbers. */
export function pkcs8FromRsaNumbers(key: RsaNumbers): Uint8Array {
  const { n, e, d, p, q, dp, dq, qInverse } = key;
  const numbers = [n, e, d, p, q, dp, dq, qInverse].map(derUnsigned);
  const pkcs1 = derSequence(derInteger(0), ...numbers);
  wipe(...numbers);
  const out = pkcs8FromPkcs1(pkcs1);
  wipe(pkcs1);
  return out;
}

/**
 * PKCS#8 of an ECPrivateKey (RFC 5915 §3), which must name its curve.
 * @throws FormatError as `readPkcs8`; `missing-field` where the curve is not named.
 */
export function pkcs8FromSec1(sec1: Uint8Array): Uint8Array {
  checkSize(sec1);
  return writePkcs8(readDer(sec1, FORMAT, (reader) => readEc(reader)));
}

/** PKCS#8 of an Ed25519 key from its 32 secret bytes. */
export function pkcs8FromEd25519Seed(seed: Uint8Array): Uint8Array {
  return writePkcs8({ type: "ed25519", seed });
}

/** PKCS#8 of an elliptic key from its scalar, big-endian and of the curve's size. */
export function pkcs8FromEcScalar(curve: EcCurve, scalar: Uint8Array): Uint8Array {
  return writePkcs8({ type: "ec", curve, scalar });
}

function encode(algorithm: Uint8Array, secret: Uint8Array): Uint8Array {
  const octets = derOctetString(secret);
  const out = derSequence(derInteger(0), algorithm, octets);
  wipe(octets, secret);
  return out;
}

function checkSize(der: Uint8Array): void {
  if (der.length > privateKeyBytesMax) {
    throw new FormatError("too-large", FORMAT, "", `more than ${privateKeyBytesMax} bytes`);
  }
}

/** RSAPrivateKey: version, n, e, d, p, q, d mod p-1, d mod q-1, 1/q mod p. */
function checkRsa(reader: DerReader): void {
  const sequence = reader.sequence();
  const version = sequence.smallInteger();
  if (version !== 0) throw sequence.error("unsupported", "RSA with more than two primes");
  const numbers = Array.from({ length: 8 }, () => {
    const bytes = sequence.integerBytes();
    if ((bytes[0] as number) >= 0x80) throw sequence.error("out-of-range", "a negative number");
    return bytes[0] === 0 ? bytes.subarray(1) : bytes;
  });
  sequence.end();
  const [modulus, exponent, ...secrets] = numbers as [Uint8Array, Uint8Array, ...Uint8Array[]];
  rsaPublicKey(modulus, exponent); // the limits on both
  if (secrets.some((secret) => secret.length > modulus.length || secret.length === 0)) {
    throw sequence.error("out-of-range", "a number that is zero or longer than the modulus");
  }
}

/** ECPrivateKey. @param curve the one that PKCS#8 names; else the key itself must. */
function readEc(reader: DerReader, curve?: EcCurve): KeyMaterial {
  const sequence = reader.sequence();
  if (sequence.smallInteger() !== 1) throw sequence.error("unsupported", "the version is not 1");
  const scalar = sequence.octetString();
  const parameters = sequence.enterOptional(contextTag(0, true));
  const named = parameters && readCurve(parameters);
  parameters?.end();
  const bits = sequence.enterOptional(contextTag(1, true));
  const point = bits?.bitString();
  bits?.end();
  sequence.end();
  const known = curve ?? named;
  if (known === undefined) throw sequence.error("missing-field", "the curve is not named");
  if (named !== undefined && named !== known) {
    throw sequence.error("conflicting-fields", "two curves are named");
  }
  if (scalar.length !== curveSizeBytes(known)) {
    throw sequence.error("non-canonical", "a scalar that is not of the curve's size");
  }
  const order = uintBytes(orders[known], scalar.length);
  if (scalar.every((byte) => byte === 0) || compareBytes(scalar, order) >= 0) {
    throw sequence.error("out-of-range", "a scalar that is zero or not below the curve's order");
  }
  if (point && (point[0] !== 4 || point.length !== 1 + 2 * scalar.length)) {
    throw sequence.error("unsupported", "a point that is not in the uncompressed form");
  }
  return { type: "ec", curve: known, scalar, ...(point && { point }) };
}

function readCurve(reader: DerReader): EcCurve {
  if (reader.peek() !== Tag.oid) throw reader.error("unsupported", "a curve that is not named");
  const known = curves[reader.oid()];
  if (!known) throw reader.error("unsupported", "a curve other than NIST P-256/384/521");
  return known.curve;
}

function curveOid(curve: EcCurve): string {
  return Object.entries(curves).find(([, known]) => known.curve === curve)?.[0] as string;
}
