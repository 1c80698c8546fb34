// SPDX-License-Identifier: Apache-2.0
import { bytesEqual, encodeHex } from "../bytes/index.ts";
import { hash, type HashName, verifySignature } from "../crypto/index.ts";
import { contextTag, readDer, Tag } from "../der/index.ts";
import type { Certificate } from "../x509/index.ts";
import type { TimestampResponse } from "./response.ts";
import type { CertificateIssuerSerial } from "./signed-attributes.ts";
import { TimestampError, type TimestampErrorCode } from "./timestamp-error.ts";
import { timestampInfoType, type TimestampToken } from "./token.ts";

const SUBJECT_KEY_IDENTIFIER = "2.5.29.14";
const VERSION_TAG = contextTag(0, true);

/** What a timestamp is checked against. */
export interface TimestampExpectation {
  /** The bytes that were stamped: for Sigstore the raw signature, for DSSE the decoded `sig`. */
  readonly signature: Uint8Array;
  /** The authority's own certificate, from the trusted root. */
  readonly authority: Certificate;
}

/** What a verified timestamp says. */
export interface VerifiedTimestamp {
  /** The stated time, cut to milliseconds. */
  readonly genTime: Date;
  readonly policy: string;
  readonly serialNumber: bigint;
  /** The hash function of the imprint. */
  readonly hash: HashName;
  /**
   * Whether the signed attributes also bind the certificate's digest: `verified` when by
   * SHA-256/384/512; `sha1-only` when an ESSCertID is all there is, whose digest is not compared;
   * `absent` when there is none.
   */
  readonly certificateId: "verified" | "sha1-only" | "absent";
}

/**
 * Checks that a response is a timestamp over the given bytes, signed by the given certificate
 * (RFC 3161 §2.4.2, RFC 5652 §5.4, RFC 5035 §5.4, RFC 5816).
 *
 * Checked in this order: status, content type, imprint, signer and embedded certificates, digest of
 * the content, signature, certificate identifier, signingTime, critical extensions.
 *
 * Does NOT check the authority's certificate: not its chain, key usage or revocation, nor whether
 * genTime lies in its validity or in the trusted root's `validFor`; the caller does, through x509.
 * Does not compare nonce, policy, `tsa` name or accuracy, and reads no embedded certificate beyond
 * what tells it apart from the authority's.
 *
 * @throws TimestampError with the code of the first check that fails.
 * @throws FormatError the DER codes, where an embedded certificate is malformed.
 */
export function verifyTimestamp(
  response: TimestampResponse,
  expected: TimestampExpectation,
): VerifiedTimestamp {
  const { authority } = expected;
  if (response.status !== "granted") {
    const words = [...(response.failInfo ?? []), ...(response.statusText ?? [])].join(", ");
    const why = words === "" ? "" : ` (${words})`;
    throw new TimestampError("timestamp-not-granted", `its status is ${response.status}${why}`);
  }
  const { token } = response;
  const { attributes } = token;
  if (attributes.contentType !== timestampInfoType) {
    const problem = `the contentType attribute is ${attributes.contentType}, not id-ct-TSTInfo`;
    throw new TimestampError("timestamp-content-type-mismatch", problem);
  }
  const imprintHash = checkImprint(token, expected.signature);
  checkSigner(token, authority);
  const digest = hash(token.digestAlgorithm, token.eContent);
  same("timestamp-digest-mismatch", "digest of TSTInfo", attributes.messageDigest, digest);
  const { signatureAlgorithm, signature } = token;
  const { signedBytes } = attributes;
  if (!verifySignature(authority.publicKey, signatureAlgorithm, signedBytes, signature)) {
    const problem = "the signature does not verify under the authority's key";
    throw new TimestampError("timestamp-signature-invalid", problem);
  }
  const certificateId = checkCertificateId(token, authority);
  checkSigningTime(token, authority);
  const critical = token.extensions.find((extension) => extension.critical);
  if (critical) {
    const problem = `the critical extension ${critical.oid} is not known`;
    throw new TimestampError("timestamp-critical-extension", problem);
  }
  const { genTime, policy, serialNumber } = token;
  return { genTime, policy, serialNumber, hash: imprintHash, certificateId };
}

function checkImprint(token: TimestampToken, signature: Uint8Array): HashName {
  const { algorithm, hash: name, digest } = token.imprint;
  if (name === undefined) {
    const problem = `the imprint's hash ${algorithm} is not SHA-256, SHA-384 or SHA-512`;
    throw new TimestampError("timestamp-weak-hash", problem);
  }
  same("timestamp-imprint-mismatch", `${name} of the signature`, digest, hash(name, signature));
  return name;
}

/**
 * The token must name the authority's certificate, and embedded ones, if any, must include it (RFC
 * 3161 §2.4.1, certReq) and hold no other with its issuer and serial number.
 */
function checkSigner(token: TimestampToken, authority: Certificate): void {
  const { signer, certificates } = token;
  const named =
    signer.kind === "issuer-and-serial"
      ? isIssuerSerialOf(signer, authority)
      : isKeyIdentifierOf(signer.subjectKeyIdentifier, authority);
  if (!named) {
    const problem = `it is not signed by the authority's certificate, going by ${signer.kind}`;
    throw new TimestampError("timestamp-signer-mismatch", problem);
  }
  const others = certificates.filter((der) => !bytesEqual(der, authority.der));
  if (certificates.length > 0 && others.length === certificates.length) {
    const problem = "it embeds certificates, but not the authority's";
    throw new TimestampError("timestamp-signer-mismatch", problem);
  }
  if (others.some((der) => isIssuerSerialOf(readIssuerSerial(der), authority))) {
    const problem = "it embeds another certificate with the authority's issuer and serial number";
    throw new TimestampError("timestamp-signer-mismatch", problem);
  }
}

function isIssuerSerialOf(
  id: CertificateIssuerSerial,
  { issuer, serialNumber }: Certificate,
): boolean {
  return bytesEqual(id.issuer, issuer) && bytesEqual(id.serialNumber, serialNumber);
}

function isKeyIdentifierOf(subjectKeyIdentifier: Uint8Array, authority: Certificate): boolean {
  const extension = authority.extensions.get(SUBJECT_KEY_IDENTIFIER);
  if (!extension) return false;
  const own = readDer(extension.value, "certificate", (reader) => reader.octetString());
  return bytesEqual(own, subjectKeyIdentifier);
}

/** Only the head of TBSCertificate: foreign chains may have keys that are not read here. */
function readIssuerSerial(der: Uint8Array): CertificateIssuerSerial {
  return readDer(der, "certificate", (reader) => {
    const tbs = reader.sequence().sequence();
    tbs.optional(VERSION_TAG);
    const serialNumber = tbs.integerBytes();
    tbs.element(Tag.sequence);
    const issuer = tbs.element(Tag.sequence).raw;
    return { issuer, serialNumber };
  });
}

function checkCertificateId(
  { attributes }: TimestampToken,
  authority: Certificate,
): VerifiedTimestamp["certificateId"] {
  const { certificateId, sha1CertificateId } = attributes;
  const code = "timestamp-certificate-id-mismatch";
  for (const id of [certificateId, sha1CertificateId]) {
    if (id?.issuerSerial && !isIssuerSerialOf(id.issuerSerial, authority)) {
      const problem = "the signing-certificate attribute names another issuer and serial number";
      throw new TimestampError(code, problem);
    }
  }
  if (!certificateId) return sha1CertificateId ? "sha1-only" : "absent";
  const digest = hash(certificateId.hash, authority.der);
  same(code, `${certificateId.hash} of the authority's certificate`, certificateId.digest, digest);
  return "verified";
}

function checkSigningTime({ attributes }: TimestampToken, authority: Certificate): void {
  const { signingTime } = attributes;
  if (!signingTime) return;
  const { notBefore, notAfter } = authority;
  if (signingTime < notBefore || signingTime > notAfter) {
    const problem =
      `signingTime ${signingTime.toISOString()} is outside the certificate's validity, ` +
      `${notBefore.toISOString()} to ${notAfter.toISOString()}`;
    throw new TimestampError("timestamp-signing-time-outside-certificate", problem);
  }
}

function same(
  code: TimestampErrorCode,
  what: string,
  stated: Uint8Array,
  actual: Uint8Array,
): void {
  if (bytesEqual(stated, actual)) return;
  const problem = `${what} is ${encodeHex(actual)}, the token says ${encodeHex(stated)}`;
  throw new TimestampError(code, problem);
}
