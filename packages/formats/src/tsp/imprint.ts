// SPDX-License-Identifier: Apache-2.0
import { bigintFromBytes } from "../bytes/index.ts";
import { hashByOid, type HashName, hashOids, hashSizes } from "../crypto/index.ts";
import {
  derBoolean,
  derNull,
  derOctetString,
  derOid,
  type DerReader,
  derSequence,
  Tag,
} from "../der/index.ts";
import { FormatError } from "../errors/index.ts";

/** Most extensions in a request or a token; none are in use. */
export const timestampExtensionsMax = 16;
/** Largest nonce or serial number; RFC 3161 §2.4.2 asks for 160 bits. */
export const timestampIntegerBytesMax = 64;

/** MessageImprint (RFC 3161 §2.4.1): the digest that is to be, or was, timestamped. */
export interface MessageImprint {
  /** Dotted object identifier of the hash function. */
  readonly algorithm: string;
  /** The hash function where it is SHA-256, SHA-384 or SHA-512; absent for all others. */
  readonly hash?: HashName;
  /** Has the size of `hash`, where that is known. */
  readonly digest: Uint8Array;
}

/** One extension (RFC 5280 §4.2), uninterpreted. */
export interface TimestampExtension {
  /** Dotted object identifier. */
  readonly oid: string;
  readonly critical: boolean;
  /** Content of the OCTET STRING extnValue. */
  readonly value: Uint8Array;
}

/** MessageImprint ::= SEQUENCE { AlgorithmIdentifier, hashedMessage OCTET STRING } */
export function readImprint(reader: DerReader): MessageImprint {
  const imprint = reader.sequence();
  const algorithm = readHashIdentifier(imprint);
  const digest = imprint.octetString();
  imprint.end();
  const hash = hashByOid(algorithm);
  if (hash === undefined) return { algorithm, digest };
  if (digest.length !== hashSizes[hash]) {
    throw imprint.error("out-of-range", `a ${hash} digest of ${digest.length} bytes`);
  }
  return { algorithm, hash, digest };
}

/** As OpenSSL and Go write it: with NULL parameters. @throws FormatError `out-of-range` */
export function encodeImprint(hash: HashName, digest: Uint8Array): Uint8Array {
  if (digest.length !== hashSizes[hash]) {
    const problem = `a ${hash} digest of ${digest.length} bytes`;
    throw new FormatError("out-of-range", "timestamp request", "messageImprint", problem);
  }
  const algorithm = derSequence(derOid(hashOids[hash]), derNull());
  return derSequence(algorithm, derOctetString(digest));
}

/** AlgorithmIdentifier of a hash: dotted identifier; parameters absent or NULL (RFC 5754 §2). */
export function readHashIdentifier(reader: DerReader): string {
  const identifier = reader.sequence();
  const oid = identifier.oid();
  identifier.optionalNull();
  identifier.end();
  return oid;
}

/** The hash function of an AlgorithmIdentifier. @throws FormatError `unsupported` */
export function readHash(reader: DerReader): HashName {
  const oid = readHashIdentifier(reader);
  const hash = hashByOid(oid);
  if (hash === undefined) {
    throw reader.error("unsupported", `hash ${oid}; SHA-256, SHA-384 and SHA-512 are read`);
  }
  return hash;
}

/** An INTEGER of any sign up to {@link timestampIntegerBytesMax}. */
export function readInteger(reader: DerReader): bigint {
  const content = reader.integerBytes();
  if (content.length > timestampIntegerBytesMax) {
    throw reader.error("too-large", `an INTEGER of ${content.length} bytes`);
  }
  return BigInt.asIntN(8 * content.length, bigintFromBytes(content));
}

/** BOOLEAN DEFAULT FALSE, where DER leaves FALSE out (X.690 §11.5). */
export function readDefaultFalse(reader: DerReader): boolean {
  if (reader.peek() !== Tag.boolean) return false;
  if (!reader.boolean()) throw reader.error("non-canonical", "a DEFAULT value is written out");
  return true;
}

/** Extensions ::= SEQUENCE SIZE (1..MAX) OF Extension, under an implicit context tag. */
export function readExtensions(reader: DerReader, tag: number): TimestampExtension[] {
  const list = reader.enterOptional(tag);
  const extensions: TimestampExtension[] = [];
  if (!list) return extensions;
  do {
    const extension = list.sequence();
    const oid = extension.oid();
    const critical = readDefaultFalse(extension);
    const value = extension.octetString();
    extension.end();
    if (extensions.some((other) => other.oid === oid)) {
      throw list.error("duplicate-key", `extension ${oid} occurs twice`);
    }
    if (extensions.length === timestampExtensionsMax) {
      throw list.error("too-large", `more than ${timestampExtensionsMax} extensions`);
    }
    extensions.push({ oid, critical, value });
  } while (!list.done);
  return extensions;
}

/** One Extension, DER. */
export function encodeExtension({ oid, critical, value }: TimestampExtension): Uint8Array {
  const flag = critical ? [derBoolean(true)] : [];
  return derSequence(derOid(oid), ...flag, derOctetString(value));
}
