// SPDX-License-Identifier: Apache-2.0
import { compareBytes } from "../bytes/index.ts";
import { type HashName, hashSizes } from "../crypto/index.ts";
import { contextTag, DerReader, readTime, Tag } from "../der/index.ts";
import { readHash } from "./imprint.ts";

/** Most signed attributes; tokens carry three to six. */
export const timestampAttributesMax = 32;
/** Most certificate identifiers in one signingCertificate attribute: a chain. */
const certificateIdsMax = 16;
const SHA1_SIZE_BYTES = 20;

export const CONTENT_TYPE = "1.2.840.113549.1.9.3";
export const MESSAGE_DIGEST = "1.2.840.113549.1.9.4";
export const SIGNING_TIME = "1.2.840.113549.1.9.5";
const SIGNING_CERTIFICATE = "1.2.840.113549.1.9.16.2.12";
export const SIGNING_CERTIFICATE_V2 = "1.2.840.113549.1.9.16.2.47";
const DIRECTORY_NAME_TAG = contextTag(4, true);

/** Issuer and serial number that a certificate identifier repeats (RFC 5035 §4, IssuerSerial). */
export interface CertificateIssuerSerial {
  /** Issuer Name, DER as read. */
  readonly issuer: Uint8Array;
  /** Content octets of the INTEGER. */
  readonly serialNumber: Uint8Array;
}

/** ESSCertIDv2 (RFC 5035 §4): which certificate the signer says is its own. */
export interface CertificateId {
  readonly hash: HashName;
  /** Digest of the whole certificate. */
  readonly digest: Uint8Array;
  readonly issuerSerial?: CertificateIssuerSerial;
}

/** ESSCertID (RFC 2634 §5.4.1): the same with SHA-1, which is too weak to bind anything. */
export interface Sha1CertificateId {
  /** SHA-1 of the whole certificate. */
  readonly digest: Uint8Array;
  readonly issuerSerial?: CertificateIssuerSerial;
}

/** The signed attributes of a token that matter here; others are covered by the signature only. */
export interface SignedAttributes {
  /** The attributes as they are signed: with the tag of a SET (RFC 5652 §5.4). */
  readonly signedBytes: Uint8Array;
  /** contentType, a dotted object identifier. */
  readonly contentType: string;
  readonly messageDigest: Uint8Array;
  readonly signingTime?: Date;
  /** First identifier of signingCertificateV2. */
  readonly certificateId?: CertificateId;
  /** First identifier of signingCertificate. */
  readonly sha1CertificateId?: Sha1CertificateId;
}

/**
 * Reads SignedAttributes (RFC 5652 §5.3): an implicitly tagged SET OF
 * Attribute { type OID, values SET SIZE (1) }, in DER order.
 */
export function readSignedAttributes(reader: DerReader, tag: number): SignedAttributes {
  if (reader.peek() !== tag) throw reader.error("missing-field", "no signed attributes");
  const { raw, list } = readAttributes(reader, tag);
  const contentType = one(list, CONTENT_TYPE, (value) => value.oid());
  const messageDigest = one(list, MESSAGE_DIGEST, (value) => value.octetString());
  if (contentType === undefined) throw reader.error("missing-field", "no contentType attribute");
  if (!messageDigest) throw reader.error("missing-field", "no messageDigest attribute");
  const signingTime = one(list, SIGNING_TIME, readTime);
  const certificateId = one(list, SIGNING_CERTIFICATE_V2, readSigningCertificateV2);
  const sha1CertificateId = one(list, SIGNING_CERTIFICATE, readSigningCertificate);
  // Not `slice()`: where the input is a Buffer, that would be a view of it.
  const signedBytes = Uint8Array.from(raw);
  signedBytes[0] = Tag.set;
  return {
    signedBytes,
    contentType,
    messageDigest,
    ...(signingTime === undefined ? {} : { signingTime }),
    ...(certificateId === undefined ? {} : { certificateId }),
    ...(sha1CertificateId === undefined ? {} : { sha1CertificateId }),
  };
}

interface Attributes {
  readonly raw: Uint8Array;
  /** Readers over the values SET of each attribute, by type. */
  readonly list: ReadonlyMap<string, DerReader>;
}

function readAttributes(reader: DerReader, tag: number): Attributes {
  const { content, raw } = reader.element(tag);
  const set = new DerReader(content, "signed attributes");
  const list = new Map<string, DerReader>();
  let last: Uint8Array | undefined;
  do {
    const { content: attribute, raw: encoding } = set.element(Tag.sequence);
    // The signature covers the DER form; whoever re-encodes would otherwise sort and disagree.
    if (last && compareBytes(last, encoding) >= 0) {
      throw set.error("non-canonical", "signed attributes that are not in DER order");
    }
    last = encoding;
    const inner = new DerReader(attribute, "signed attributes");
    const type = inner.oid();
    const values = inner.set();
    inner.end();
    if (list.has(type)) throw set.error("duplicate-key", `attribute ${type} occurs twice`);
    if (list.size === timestampAttributesMax) {
      throw set.error("too-large", `more than ${timestampAttributesMax} signed attributes`);
    }
    list.set(type, values);
  } while (!set.done);
  return { raw, list };
}

/** The single value of an attribute. */
function one<T>(
  list: ReadonlyMap<string, DerReader>,
  type: string,
  read: (values: DerReader) => T,
): T | undefined {
  const values = list.get(type);
  if (!values) return undefined;
  const value = read(values);
  values.end();
  return value;
}

/** SEQUENCE { certs SEQUENCE OF ESSCertIDv2, policies SEQUENCE OF … OPTIONAL } */
function readSigningCertificateV2(values: DerReader): CertificateId {
  // Authorities of 2021, in Rekor's log for good, put the value into an OCTET STRING of its own.
  const wrapped = values.optional(Tag.octetString);
  if (!wrapped) return readIdentifiers(values, readCertificateIdV2);
  const inner = new DerReader(wrapped.content, "signing certificate");
  const found = readIdentifiers(inner, readCertificateIdV2);
  inner.end();
  return found;
}

function readSigningCertificate(values: DerReader): Sha1CertificateId {
  return readIdentifiers(values, readSha1CertificateId);
}

/** The first is the signer's (RFC 5035 §3); the rest, which would restrict the path, is dropped. */
function readIdentifiers<T>(values: DerReader, read: (reader: DerReader) => T): T {
  const signing = values.sequence();
  const certificates = signing.sequence();
  signing.optional(Tag.sequence);
  signing.end();
  const first = read(certificates);
  for (let count = 1; !certificates.done; count++) {
    if (count === certificateIdsMax) {
      throw certificates.error("too-large", `more than ${certificateIdsMax} certificate ids`);
    }
    read(certificates);
  }
  return first;
}

/** SEQUENCE { hashAlgorithm DEFAULT SHA-256, certHash OCTET STRING, issuerSerial OPTIONAL } */
function readCertificateIdV2(certificates: DerReader): CertificateId {
  const reader = certificates.sequence();
  // A DEFAULT that is written out is tolerated: with NULL parameters it is another value.
  const hash = reader.peek() === Tag.sequence ? readHash(reader) : "sha256";
  const digest = readDigest(reader, hashSizes[hash]);
  return withIssuerSerial({ hash, digest }, reader);
}

/** SEQUENCE { certHash, issuerSerial OPTIONAL } */
function readSha1CertificateId(certificates: DerReader): Sha1CertificateId {
  const reader = certificates.sequence();
  const digest = readDigest(reader, SHA1_SIZE_BYTES);
  return withIssuerSerial({ digest }, reader);
}

function readDigest(reader: DerReader, sizeBytes: number): Uint8Array {
  const digest = reader.octetString();
  if (digest.length !== sizeBytes) {
    throw reader.error("out-of-range", `a certificate digest of ${digest.length} bytes`);
  }
  return digest;
}

/** IssuerSerial ::= SEQUENCE { GeneralNames (one directoryName), serialNumber }, then the end. */
function withIssuerSerial<T extends object>(
  id: T,
  reader: DerReader,
): T & { issuerSerial?: CertificateIssuerSerial } {
  const pair = reader.enterOptional(Tag.sequence);
  reader.end();
  if (!pair) return id;
  const names = pair.sequence();
  const name = names.enter(DIRECTORY_NAME_TAG);
  const issuer = name.element(Tag.sequence).raw;
  name.end();
  names.end();
  const serialNumber = pair.integerBytes();
  pair.end();
  return { ...id, issuerSerial: { issuer, serialNumber } };
}
