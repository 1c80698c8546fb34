// SPDX-License-Identifier: Apache-2.0
import type { HashName } from "../crypto/index.ts";
import {
  contextTag,
  der,
  derBoolean,
  derInteger,
  derOid,
  derSequence,
  readDer,
  Tag,
} from "../der/index.ts";
import { FormatError } from "../errors/index.ts";
import {
  encodeExtension,
  encodeImprint,
  type MessageImprint,
  readDefaultFalse,
  readExtensions,
  readImprint,
  readInteger,
  type TimestampExtension,
} from "./imprint.ts";

/** Largest request read; clients' have about 100 bytes. */
export const timestampRequestSizeBytesMax = 16_384;

const EXTENSIONS_TAG = contextTag(0, true);
const FORMAT = "timestamp request";

/** TimeStampReq (RFC 3161 §2.4.1), version 1. */
export interface TimestampRequest {
  readonly imprint: MessageImprint;
  /** The policy asked for, a dotted object identifier. */
  readonly policy?: string;
  /** Any size up to 512 bits and, as an INTEGER, any sign. */
  readonly nonce?: bigint;
  /** Whether the authority's certificate shall be embedded. */
  readonly certReq: boolean;
  /** In the order of the request, uninterpreted. */
  readonly extensions: readonly TimestampExtension[];
}

/** What goes into a request. */
export interface TimestampRequestInput {
  readonly hash: HashName;
  /** Digest of the bytes to be timestamped: for Sigstore, of the raw signature. */
  readonly digest: Uint8Array;
  /** A well-formed dotted object identifier. */
  readonly policy?: string;
  readonly nonce?: bigint;
  readonly certReq?: boolean;
  readonly extensions?: readonly TimestampExtension[];
}

/**
 * Reads a TimeStampReq (RFC 3161 §2.4.1), strictly DER.
 *
 * Does not judge the hash function (an unknown or weak one is kept as its identifier), the policy
 * or the extensions: the authority does.
 *
 * @param bytes exactly the request; kept, not copied.
 * @throws FormatError `out-of-range` only for a digest that has not its hash's size; `unsupported`
 *   for a version other than 1; `too-large` for a request above
 *   {@link timestampRequestSizeBytesMax}, a nonce above 64 bytes or more than 16 extensions;
 *   `duplicate-key` for an extension that occurs twice; `malformed`, `non-canonical`, `truncated`,
 *   `trailing-data`, `wrong-type`.
 */
export function decodeTimestampRequest(bytes: Uint8Array): TimestampRequest {
  if (bytes.length > timestampRequestSizeBytesMax) {
    const problem = `${bytes.length} bytes, ${timestampRequestSizeBytesMax} are read`;
    throw new FormatError("too-large", FORMAT, "", problem);
  }
  return readDer(bytes, FORMAT, (outer) => {
    const reader = outer.sequence();
    const version = reader.integer();
    if (version !== 1n) throw reader.error("unsupported", `version ${version}`);
    const imprint = readImprint(reader);
    const policy = reader.peek() === Tag.oid ? reader.oid() : undefined;
    const nonce = reader.peek() === Tag.integer ? readInteger(reader) : undefined;
    const certReq = readDefaultFalse(reader);
    const extensions = readExtensions(reader, EXTENSIONS_TAG);
    reader.end();
    return {
      imprint,
      ...(policy === undefined ? {} : { policy }),
      ...(nonce === undefined ? {} : { nonce }),
      certReq,
      extensions,
    };
  });
}

/**
 * Encodes a TimeStampReq (RFC 3161 §2.4.1) as DER.
 * @throws FormatError `out-of-range` where the digest has not the hash's size.
 */
export function encodeTimestampRequest(input: TimestampRequestInput): Uint8Array {
  const { hash, digest, policy, nonce, certReq = false, extensions = [] } = input;
  const parts = [derInteger(1), encodeImprint(hash, digest)];
  if (policy !== undefined) parts.push(derOid(policy));
  if (nonce !== undefined) parts.push(derInteger(nonce));
  if (certReq) parts.push(derBoolean(true));
  if (extensions.length > 0) parts.push(der(EXTENSIONS_TAG, ...extensions.map(encodeExtension)));
  return derSequence(...parts);
}
