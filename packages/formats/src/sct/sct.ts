// SPDX-License-Identifier: Apache-2.0
import { ByteReader, concatBytes, uintBytes } from "../bytes/index.ts";
import { type PublicKey, type SignatureScheme, verifySignature } from "../crypto/index.ts";
import { FormatError } from "../errors/index.ts";

/** Most timestamps in one list; Fulcio embeds one. */
export const sctsMax = 32;

/** A signed certificate timestamp of version 1 (RFC 6962 §3.2). Bytes are views into the input. */
export interface Sct {
  /** SHA-256 of the log's SubjectPublicKeyInfo. */
  readonly logId: Uint8Array;
  /** When the log took the certificate: milliseconds since 1970, within the range of a Date. */
  readonly timestampMs: number;
  /** CtExtensions: signed, not interpreted here (static-ct logs put the leaf index there). */
  readonly extensions: Uint8Array;
  /** HashAlgorithm of TLS 1.2 (RFC 5246 §7.4.1.4.1): 4 is SHA-256, the only one that verifies. */
  readonly hashAlgorithm: number;
  /** SignatureAlgorithm of TLS 1.2: 1 is RSA, 3 ECDSA. */
  readonly signatureAlgorithm: number;
  readonly signature: Uint8Array;
}

/** A timestamp of a version that RFC 6962 does not define. */
export interface UnknownSct {
  /** 0 would be version 1. */
  readonly version: number;
  /** The whole SerializedSCT. */
  readonly raw: Uint8Array;
}

export interface SctList {
  readonly scts: readonly Sct[];
  readonly unknown: readonly UnknownSct[];
}

/** The entry that a timestamp vouches for. */
export type SctEntry =
  | {
      /** SHA-256 of the issuing CA's SubjectPublicKeyInfo, 32 bytes. */
      readonly issuerKeyHash: Uint8Array;
      /** TBSCertificate without poison and SCT list. */
      readonly tbs: Uint8Array;
    }
  /** A whole certificate, for timestamps that are delivered beside it. */
  | { readonly certificate: Uint8Array };

const VERSION_1 = 0;
const CERTIFICATE_TIMESTAMP = 0;
export const X509_ENTRY = 0;
export const PRECERT_ENTRY = 1;
/** HashAlgorithm and SignatureAlgorithm of TLS 1.2. */
export const SHA256 = 4;
export const RSA = 1;
export const ECDSA = 3;
const LOG_ID_BYTES = 32;
/** Largest instant of a Date (ECMA-262 §21.4.1.1): later timestamps would compare as invalid. */
export const TIMESTAMP_MS_MAX = 8_640_000_000_000_000n;

/**
 * Reads a SignedCertificateTimestampList (RFC 6962 §3.3): `uint16 total { uint16 length, SCT }`.
 * Timestamps of unknown versions are reported as such, as the RFC asks. Does not look for
 * duplicates.
 *
 * @param list the TLS bytes, without the OCTET STRING of the certificate extension.
 * @throws FormatError `truncated`, `trailing-data`, `too-large` above {@link sctsMax}, `malformed`
 *   for an empty list; the codes of {@link decodeSct}.
 */
export function decodeSctList(list: Uint8Array): SctList {
  const outer = new ByteReader(list, "SCT list");
  const reader = new ByteReader(outer.vector(2), "SCT list");
  outer.end();
  if (reader.remaining === 0) throw new FormatError("malformed", "SCT list", "", "no timestamp");
  const scts: Sct[] = [];
  const unknown: UnknownSct[] = [];
  while (reader.remaining > 0) {
    if (scts.length + unknown.length === sctsMax) {
      throw new FormatError("too-large", "SCT list", "", `more than ${sctsMax} timestamps`);
    }
    const raw = reader.vector(2);
    const version = raw[0];
    if (version === undefined) {
      throw new FormatError("malformed", "SCT list", `byte ${reader.offset}`, "an empty timestamp");
    }
    if (version === VERSION_1) scts.push(decodeSct(raw));
    else unknown.push({ version, raw });
  }
  return { scts, unknown };
}

/**
 * Reads one SignedCertificateTimestamp of version 1 (RFC 6962 §3.2).
 * @throws FormatError `truncated`, `trailing-data`, `unsupported` for another version,
 *   `out-of-range` for a time beyond what a Date holds.
 */
export function decodeSct(sct: Uint8Array): Sct {
  const reader = new ByteReader(sct, "SCT");
  const version = reader.uint(1);
  if (version !== VERSION_1) {
    throw new FormatError("unsupported", "SCT", "byte 0", `version ${version + 1}`);
  }
  const logId = reader.bytes(LOG_ID_BYTES);
  const timestamp = reader.uint64();
  if (timestamp > TIMESTAMP_MS_MAX) {
    throw new FormatError("out-of-range", "SCT", "byte 33", `${timestamp} ms since 1970`);
  }
  const extensions = reader.vector(2);
  const hashAlgorithm = reader.uint(1);
  const signatureAlgorithm = reader.uint(1);
  const signature = reader.vector(2);
  reader.end();
  return {
    logId,
    timestampMs: Number(timestamp),
    extensions,
    hashAlgorithm,
    signatureAlgorithm,
    signature,
  };
}

/**
 * The bytes of a timestamp of version 1.
 * @throws RangeError for lengths that no timestamp has
 */
export function encodeSct(sct: Sct): Uint8Array {
  if (sct.logId.length !== LOG_ID_BYTES) throw new RangeError("a log id has 32 bytes");
  return concatBytes(
    Uint8Array.of(VERSION_1),
    sct.logId,
    uintBytes(sct.timestampMs, 8),
    tlsVector(sct.extensions, 2),
    encodeDigitallySigned(sct),
  );
}

/**
 * DigitallySigned (RFC 5246 §4.7), in which RFC 6962 puts every signature of a log.
 * @throws RangeError for a signature above 65,535 bytes
 */
export function encodeDigitallySigned(
  signed: Pick<Sct, "hashAlgorithm" | "signatureAlgorithm" | "signature">,
): Uint8Array {
  const { hashAlgorithm, signatureAlgorithm, signature } = signed;
  return concatBytes(Uint8Array.of(hashAlgorithm, signatureAlgorithm), tlsVector(signature, 2));
}

/** A SignedCertificateTimestampList of encoded timestamps. @throws RangeError above 65,535 bytes */
export function encodeSctList(scts: readonly Uint8Array[]): Uint8Array {
  return tlsVector(concatBytes(...scts.map((sct) => tlsVector(sct, 2))), 2);
}

/**
 * What the log signed (RFC 6962 §3.2), extensions of the timestamp included.
 *
 * @param entry for a timestamp embedded in a certificate: hash of its issuer's key and the
 *   TBSCertificate without the SCT list (`tbsWithoutExtension`).
 * @throws RangeError for a hash that is not of 32 bytes, or an entry of 16 MiB
 */
export function sctSignedData(
  sct: Pick<Sct, "timestampMs" | "extensions">,
  entry: SctEntry,
): Uint8Array {
  const head = Uint8Array.of(VERSION_1, CERTIFICATE_TIMESTAMP);
  return concatBytes(head, encodeTimestampedEntry(sct, entry));
}

/** TimestampedEntry (RFC 6962 §3.4). @throws RangeError as {@link sctSignedData} */
export function encodeTimestampedEntry(
  { timestampMs, extensions }: Pick<Sct, "timestampMs" | "extensions">,
  entry: SctEntry,
): Uint8Array {
  return concatBytes(uintBytes(timestampMs, 8), encodeSignedEntry(entry), tlsVector(extensions, 2));
}

/** LogEntryType and what it selects (RFC 6962 §3.1). */
function encodeSignedEntry(entry: SctEntry): Uint8Array {
  if ("certificate" in entry) {
    return concatBytes(uintBytes(X509_ENTRY, 2), tlsVector(entry.certificate, 3));
  }
  const { issuerKeyHash, tbs } = entry;
  if (issuerKeyHash.length !== 32) throw new RangeError("an issuer key hash has 32 bytes");
  return concatBytes(uintBytes(PRECERT_ENTRY, 2), issuerKeyHash, tlsVector(tbs, 3));
}

/**
 * Whether the log's key signed the timestamp for an embedded-SCT certificate. The timestamp must
 * name SHA-256 and the kind of signature that the key makes (ECDSA, or RSA PKCS#1 v1.5).
 *
 * Does not check that `logId` belongs to the key, nor when the log was trusted.
 *
 * @param issuerKeyHash SHA-256 of the issuing CA's SubjectPublicKeyInfo, 32 bytes.
 * @param tbs TBSCertificate without the SCT list.
 * @throws RangeError as {@link sctSignedData}
 */
export function verifySct(
  sct: Sct,
  issuerKeyHash: Uint8Array,
  tbs: Uint8Array,
  logKey: PublicKey,
): boolean {
  const scheme = sctScheme(sct, logKey);
  if (!scheme) return false;
  const signed = sctSignedData(sct, { issuerKeyHash, tbs });
  return verifySignature(logKey, scheme, signed, sct.signature);
}

/**
 * How a timestamp of the log is signed: for those who verify {@link sctSignedData} themselves.
 * @returns undefined where it names another hash than SHA-256, or another kind of key
 */
export function sctScheme(
  sct: Pick<Sct, "hashAlgorithm" | "signatureAlgorithm">,
  logKey: PublicKey,
): SignatureScheme | undefined {
  if (sct.hashAlgorithm !== SHA256) return undefined;
  if (sct.signatureAlgorithm === ECDSA && logKey.type === "ec") {
    return { kind: "ecdsa", hash: "sha256" };
  }
  if (sct.signatureAlgorithm === RSA && logKey.type === "rsa") {
    return { kind: "rsa-pkcs1v15", hash: "sha256" };
  }
  return undefined;
}

/** A vector of TLS with its length before it. @throws RangeError where it is too long for that */
export function tlsVector(bytes: Uint8Array, prefixBytes: 2 | 3): Uint8Array {
  if (bytes.length >= 256 ** prefixBytes) {
    throw new RangeError(`${bytes.length} bytes in a vector of ${prefixBytes} length bytes`);
  }
  return concatBytes(uintBytes(bytes.length, prefixBytes), bytes);
}
