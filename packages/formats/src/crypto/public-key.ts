// SPDX-License-Identifier: Apache-2.0
import { bytesEqual } from "../bytes/index.ts";
import {
  derBitString,
  derNull,
  derOid,
  type DerReader,
  derSequence,
  derUnsigned,
  readDer,
  Tag,
} from "../der/index.ts";
import { FormatError } from "../errors/index.ts";
import { decodePem, encodePem } from "../pem/index.ts";

export type EcCurve = "P-256" | "P-384" | "P-521";

/** A public key: what SubjectPublicKeyInfo (RFC 5280 §4.1.2.7) holds, taken apart. */
export type PublicKey = EcPublicKey | RsaPublicKey | Ed25519PublicKey;

export interface EcPublicKey {
  readonly type: "ec";
  /** The SubjectPublicKeyInfo DER as it was read. */
  readonly spki: Uint8Array;
  readonly curve: EcCurve;
  /** Uncompressed point: 04 ‖ x ‖ y. Not checked to lie on the curve: verifying does that. */
  readonly point: Uint8Array;
}

export interface RsaPublicKey {
  readonly type: "rsa";
  readonly spki: Uint8Array;
  readonly modulusBits: number;
  /** Big-endian without leading zeros. */
  readonly modulus: Uint8Array;
  readonly exponent: number;
}

export interface Ed25519PublicKey {
  readonly type: "ed25519";
  readonly spki: Uint8Array;
  /** The 32 bytes of RFC 8032 §5.1.2. */
  readonly raw: Uint8Array;
}

export const EC_PUBLIC_KEY = "1.2.840.10045.2.1";
export const RSA_ENCRYPTION = "1.2.840.113549.1.1.1";
export const ED25519 = "1.3.101.112";

/** By object identifier. */
export const curves: Readonly<Record<string, { curve: EcCurve; sizeBytes: number }>> = {
  "1.2.840.10045.3.1.7": { curve: "P-256", sizeBytes: 32 },
  "1.3.132.0.34": { curve: "P-384", sizeBytes: 48 },
  "1.3.132.0.35": { curve: "P-521", sizeBytes: 66 },
};

/** RSA sizes read: below is forgeable, above only costs time. */
const rsaBits = { min: 2048, max: 8192 } as const;
const rsaExponentMax = 0xffff_ffff;

/**
 * Reads a SubjectPublicKeyInfo.
 *
 * Checks the structure, point and modulus sizes and the exponent (odd, 3 to 2^32-1); not that a
 * point lies on its curve nor that a modulus is a product of two primes.
 *
 * @throws FormatError `unsupported` for other key types, curves, compressed points and RSA sizes
 *   outside 2048–8192 bits; the DER codes.
 */
export function decodeSpki(spki: Uint8Array): PublicKey {
  return readDer(spki, "public key", (reader) => {
    const outer = reader.sequence();
    const algorithm = outer.sequence();
    const oid = algorithm.oid();
    switch (oid) {
      case EC_PUBLIC_KEY: {
        const known = curves[algorithm.oid()];
        algorithm.end();
        if (!known)
          throw outer.error("unsupported", "an elliptic curve other than NIST P-256/384/521");
        const point = outer.bitString();
        outer.end();
        if (point[0] !== 4 || point.length !== 1 + 2 * known.sizeBytes) {
          throw outer.error("unsupported", "a point that is not in the uncompressed form");
        }
        return { type: "ec", spki, curve: known.curve, point };
      }
      case RSA_ENCRYPTION: {
        // RFC 3279 §2.3.1: the parameters MUST be NULL, not absent.
        algorithm.element(Tag.null);
        algorithm.end();
        const bits = outer.bitString();
        outer.end();
        return rsaKey(spki, bits);
      }
      case ED25519: {
        algorithm.end();
        const raw = outer.bitString();
        outer.end();
        if (raw.length !== 32) throw outer.error("malformed", "an Ed25519 key is not of 32 bytes");
        return { type: "ed25519", spki, raw };
      }
      default:
        throw outer.error("unsupported", `key type ${oid}`);
    }
  });
}

/** Reads a bare PKCS#1 RSAPublicKey (RFC 8017 §A.1.1), the content of `RSA PUBLIC KEY` files. */
export function decodePkcs1PublicKey(pkcs1: Uint8Array): RsaPublicKey {
  const algorithm = derSequence(derOid(RSA_ENCRYPTION), derNull());
  return rsaKey(derSequence(algorithm, derBitString(pkcs1)), pkcs1);
}

/** A public key from its 32 raw Ed25519 bytes. */
export function ed25519PublicKey(raw: Uint8Array): Ed25519PublicKey {
  if (raw.length !== 32) {
    throw new FormatError("malformed", "public key", "", "an Ed25519 key is not of 32 bytes");
  }
  const spki = derSequence(derSequence(derOid(ED25519)), derBitString(raw));
  return { type: "ed25519", spki, raw };
}

/** A public key from an uncompressed point. */
export function ecPublicKey(curve: EcCurve, point: Uint8Array): EcPublicKey {
  const oid = Object.entries(curves).find(([, known]) => known.curve === curve)?.[0] as string;
  const spki = derSequence(derSequence(derOid(EC_PUBLIC_KEY), derOid(oid)), derBitString(point));
  return decodeSpki(spki) as EcPublicKey;
}

/** A public key from modulus and exponent, both big-endian. */
export function rsaPublicKey(modulus: Uint8Array, exponent: Uint8Array): RsaPublicKey {
  return decodePkcs1PublicKey(derSequence(derUnsigned(modulus), derUnsigned(exponent)));
}

/**
 * Reads the public key of a PEM file with exactly one block: `PUBLIC KEY` (SPKI) or
 * `RSA PUBLIC KEY` (PKCS#1).
 * @throws FormatError `malformed-pem` | `unsupported` for other labels or several blocks
 */
export function decodePublicKeyPem(text: string): PublicKey {
  const [block, ...others] = decodePem(text);
  if (block === undefined || others.length > 0) {
    throw new FormatError(
      "unsupported",
      "public key",
      "",
      "the file holds more than one PEM block",
    );
  }
  if (block.label === "PUBLIC KEY") return decodeSpki(block.bytes);
  if (block.label === "RSA PUBLIC KEY") return decodePkcs1PublicKey(block.bytes);
  throw new FormatError("unsupported", "public key", "", `the file holds a ${block.label}`);
}

/** The key as a `PUBLIC KEY` PEM file. */
export function encodePublicKeyPem(key: PublicKey): string {
  return encodePem("PUBLIC KEY", key.spki);
}

/** Whether both are the same key, whatever encoding they came in. */
export function publicKeysEqual(a: PublicKey, b: PublicKey): boolean {
  switch (a.type) {
    case "ec":
      return b.type === "ec" && a.curve === b.curve && bytesEqual(a.point, b.point);
    case "rsa":
      return b.type === "rsa" && a.exponent === b.exponent && bytesEqual(a.modulus, b.modulus);
    case "ed25519":
      return b.type === "ed25519" && bytesEqual(a.raw, b.raw);
  }
}

/** Size of a coordinate or scalar of the curve in bytes. */
export function curveSizeBytes(curve: EcCurve): number {
  return curve === "P-256" ? 32 : curve === "P-384" ? 48 : 66;
}

function rsaKey(spki: Uint8Array, pkcs1: Uint8Array): RsaPublicKey {
  return readDer(pkcs1, "public key", (reader) => {
    const sequence = reader.sequence();
    const modulus = positive(sequence);
    const exponent = sequence.smallInteger();
    sequence.end();
    const modulusBits = 8 * modulus.length - Math.clz32(modulus[0] as number) + 24;
    if (modulusBits < rsaBits.min || modulusBits > rsaBits.max) {
      throw reader.error(
        "unsupported",
        `an RSA key of ${modulusBits} bits; ${rsaBits.min} to ${rsaBits.max} are read`,
      );
    }
    if (exponent < 3 || exponent % 2 === 0 || exponent > rsaExponentMax) {
      throw reader.error("unsupported", `the RSA exponent ${exponent}`);
    }
    return { type: "rsa", spki, modulusBits, modulus, exponent };
  });
}

function positive(reader: DerReader): Uint8Array {
  const bytes = reader.integerBytes();
  if ((bytes[0] as number) >= 0x80) throw reader.error("out-of-range", "a negative modulus");
  return bytes[0] === 0 ? bytes.subarray(1) : bytes;
}
