// SPDX-License-Identifier: Apache-2.0
import { hashByOid, type HashName, type SignatureScheme } from "../crypto/index.ts";
import { contextTag, DerReader, Tag } from "../der/index.ts";
import { readSignatureAlgorithm } from "../x509/index.ts";
import { readHash, readHashIdentifier } from "./imprint.ts";
import { readSignedAttributes, type SignedAttributes } from "./signed-attributes.ts";
import { decodeTimestampInfo, type TimestampInfo } from "./tst-info.ts";

/** Most certificates in one token. */
export const timestampCertificatesMax = 16;
/** Most entries of the digestAlgorithms set: one signer needs one. */
const digestAlgorithmsMax = 8;

export const SIGNED_DATA = "1.2.840.113549.1.7.2";
/** id-ct-TSTInfo: the content type of every token. */
export const timestampInfoType = "1.2.840.113549.1.9.16.1.4";
const RSA_ENCRYPTION = "1.2.840.113549.1.1.1";
const EC_PUBLIC_KEY = "1.2.840.10045.2.1";

const EXPLICIT_0 = contextTag(0, true);
const CERTIFICATES_TAG = contextTag(0, true);
const CRLS_TAG = contextTag(1, true);
const KEY_IDENTIFIER_TAG = contextTag(0, false);
const SIGNED_ATTRIBUTES_TAG = contextTag(0, true);
const UNSIGNED_ATTRIBUTES_TAG = contextTag(1, true);

/** SignerIdentifier (RFC 5652 §5.3): whose certificate the signature is under. */
export type TimestampSigner =
  | {
      readonly kind: "issuer-and-serial";
      /** Issuer Name, DER as read. */
      readonly issuer: Uint8Array;
      /** Content octets of the INTEGER. */
      readonly serialNumber: Uint8Array;
    }
  | { readonly kind: "key-identifier"; readonly subjectKeyIdentifier: Uint8Array };

/** A TimeStampToken: TSTInfo inside CMS SignedData with one signer. Bytes are views into `raw`. */
export interface TimestampToken extends TimestampInfo {
  /** The ContentInfo as read. */
  readonly raw: Uint8Array;
  /** DER of the TSTInfo: what `attributes.messageDigest` is over. */
  readonly eContent: Uint8Array;
  /** Embedded certificates, DER, in the order of the token. Unsigned: never a reason to trust. */
  readonly certificates: readonly Uint8Array[];
  readonly signer: TimestampSigner;
  readonly digestAlgorithm: HashName;
  /** Where the token only names the key type, the hash is that of `digestAlgorithm`. */
  readonly signatureAlgorithm: SignatureScheme;
  readonly attributes: SignedAttributes;
  readonly signature: Uint8Array;
}

/** ContentInfo ::= SEQUENCE { contentType OID, content [0] EXPLICIT SignedData } */
export function readToken(reader: DerReader): TimestampToken {
  const start = reader.element(Tag.sequence);
  const contentInfo = new DerReader(start.content, "timestamp token");
  const contentType = contentInfo.oid();
  if (contentType !== SIGNED_DATA) {
    throw contentInfo.error(
      "wrong-type",
      `content of type ${contentType} where SignedData belongs`,
    );
  }
  const wrapper = contentInfo.enter(EXPLICIT_0);
  contentInfo.end();
  const signedData = wrapper.sequence();
  wrapper.end();
  return { raw: start.raw, ...readSignedData(signedData) };
}

/**
 * SignedData (RFC 5652 §5.1): version, digestAlgorithms SET, encapContentInfo, certificates [0]
 * IMPLICIT SET OPTIONAL, crls [1] OPTIONAL (not looked at), signerInfos SET.
 */
function readSignedData(reader: DerReader): Omit<TimestampToken, "raw"> {
  const version = reader.integer();
  // 3 by the rules; 1 was written by authorities of 2021 and is in Rekor's log for good.
  if (version !== 3n && version !== 1n) {
    throw reader.error("unsupported", `SignedData version ${version}`);
  }
  const digestAlgorithms = readDigestAlgorithms(reader.set());
  const eContent = readContent(reader.sequence());
  const certificates = readCertificates(reader.enterOptional(CERTIFICATES_TAG));
  if (reader.optional(CRLS_TAG)?.content.length === 0) {
    throw reader.error("malformed", "an empty list of revocation lists");
  }
  const signers = reader.set();
  reader.end();
  const signerInfo = readSignerInfo(signers.sequence());
  if (!signers.done) throw signers.error("unsupported", "more than one signer");
  if (!digestAlgorithms.includes(signerInfo.digestAlgorithm)) {
    throw reader.error("malformed", "the signer's hash is not among digestAlgorithms");
  }
  return { ...decodeTimestampInfo(eContent), eContent, certificates, ...signerInfo };
}

function readDigestAlgorithms(set: DerReader): (HashName | undefined)[] {
  const found: (HashName | undefined)[] = [];
  while (!set.done) {
    if (found.length === digestAlgorithmsMax) {
      throw set.error("too-large", `more than ${digestAlgorithmsMax} digest algorithms`);
    }
    found.push(hashByOid(readHashIdentifier(set)));
  }
  return found;
}

/** EncapsulatedContentInfo ::= SEQUENCE { eContentType OID, eContent [0] EXPLICIT OCTET STRING } */
function readContent(reader: DerReader): Uint8Array {
  const type = reader.oid();
  if (type !== timestampInfoType) {
    throw reader.error("wrong-type", `content of type ${type} where TSTInfo belongs`);
  }
  const wrapper = reader.enter(EXPLICIT_0);
  reader.end();
  const content = wrapper.octetString();
  wrapper.end();
  return content;
}

/** CertificateSet; empty from Go authorities that were not asked for any. Order means nothing. */
function readCertificates(set: DerReader | undefined): Uint8Array[] {
  const certificates: Uint8Array[] = [];
  while (set && !set.done) {
    if (certificates.length === timestampCertificatesMax) {
      throw set.error("too-large", `more than ${timestampCertificatesMax} certificates`);
    }
    certificates.push(set.element(Tag.sequence).raw);
  }
  return certificates;
}

type SignerInfo = Pick<
  TimestampToken,
  "signer" | "digestAlgorithm" | "signatureAlgorithm" | "attributes" | "signature"
>;

/**
 * SignerInfo (RFC 5652 §5.3): version, sid, digestAlgorithm, signedAttrs [0], signatureAlgorithm,
 * signature OCTET STRING, unsignedAttrs [1] OPTIONAL (not looked at).
 */
function readSignerInfo(reader: DerReader): SignerInfo {
  const version = reader.integer();
  const signer = readSigner(reader);
  if (version !== (signer.kind === "key-identifier" ? 3n : 1n)) {
    throw reader.error("unsupported", `SignerInfo version ${version} with ${signer.kind}`);
  }
  const digestAlgorithm = readHash(reader);
  const attributes = readSignedAttributes(reader, SIGNED_ATTRIBUTES_TAG);
  const signatureAlgorithm = readScheme(reader, digestAlgorithm);
  const signature = reader.octetString();
  if (reader.optional(UNSIGNED_ATTRIBUTES_TAG)?.content.length === 0) {
    throw reader.error("malformed", "an empty set of unsigned attributes");
  }
  reader.end();
  return { signer, digestAlgorithm, attributes, signatureAlgorithm, signature };
}

/** SignerIdentifier ::= CHOICE { SEQUENCE { issuer Name, serial }, [0] IMPLICIT OCTET STRING } */
function readSigner(reader: DerReader): TimestampSigner {
  const subjectKeyIdentifier = reader.optional(KEY_IDENTIFIER_TAG)?.content;
  if (subjectKeyIdentifier) return { kind: "key-identifier", subjectKeyIdentifier };
  const pair = reader.sequence();
  const issuer = pair.element(Tag.sequence).raw;
  const serialNumber = pair.integerBytes();
  pair.end();
  return { kind: "issuer-and-serial", issuer, serialNumber };
}

/**
 * The scheme of a SignerInfo. CMS also allows the bare key type (RFC 3370 §3.2): OpenSSL and most
 * RSA authorities write rsaEncryption, early Go ones id-ecPublicKey.
 */
function readScheme(reader: DerReader, hash: HashName): SignatureScheme {
  const identifier = reader.element(Tag.sequence);
  const inner = new DerReader(identifier.content, "signature algorithm");
  const oid = inner.oid();
  if (oid !== RSA_ENCRYPTION && oid !== EC_PUBLIC_KEY) return readSignatureAlgorithm(identifier);
  inner.optionalNull();
  inner.end();
  return { kind: oid === RSA_ENCRYPTION ? "rsa-pkcs1v15" : "ecdsa", hash };
}
