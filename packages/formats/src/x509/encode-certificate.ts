// SPDX-License-Identifier: Apache-2.0
import { bytesEqual } from "../bytes/index.ts";
import type { MessageSigner, PublicKey, SignatureScheme } from "../crypto/index.ts";
import {
  derBitString,
  derExplicit,
  derInteger,
  derSequence,
  derTime,
  derUnsigned,
  readDer,
  Tag,
} from "../der/index.ts";
import { FormatError } from "../errors/index.ts";
import { certificateExtensionsMax } from "./certificate.ts";
import { encodeExtension, type NamedExtension } from "./encode-extensions.ts";
import { extensionOids } from "./extensions.ts";
import { encodeSignatureAlgorithm } from "./signature-algorithm.ts";

/** Most content octets of a serial number (RFC 5280 §4.1.2.2). */
export const serialNumberBytesMax = 20;
/** DER of the empty Name: the subject of Fulcio's leaves. */
export const emptyName: Uint8Array = Uint8Array.of(Tag.sequence, 0);

/** What a TBSCertificate (RFC 5280 §4.1) says. */
export interface TbsCertificate {
  /** Big-endian and unsigned: positive, at most 159 bits. */
  readonly serialNumber: Uint8Array;
  /** How the issuer is going to sign. */
  readonly signatureAlgorithm: SignatureScheme;
  /** DER of a Name: the subject of the issuer's certificate, byte for byte. Not empty. */
  readonly issuer: Uint8Array;
  /** First instant of validity; fractions of a second are cut. 1950 to 9999. */
  readonly notBefore: Date;
  /** Last instant of validity, likewise. */
  readonly notAfter: Date;
  /** DER of a Name; where it is empty a critical subject alternative name must be there. */
  readonly subject: Uint8Array;
  readonly publicKey: PublicKey;
  /** In the order of the certificate. */
  readonly extensions: readonly NamedExtension[];
}

/**
 * DER of a TBSCertificate of version 3: what an issuer signs.
 *
 * Does not judge what the extensions say, whether they go together or whether the issuer may issue
 * it: profiles do (`ca-profile.ts`, Fulcio's).
 *
 * @throws FormatError `out-of-range` for a serial number that is zero or above 20 content octets
 *   (so also for those that a two's complement reader would take for negative), for years outside
 *   1950–9999 and a validity that ends before it begins; `missing-field` for an empty issuer, and
 *   an empty subject without a critical alternative name; `duplicate-key`, `too-large` for the
 *   extensions; the DER codes for names that are none
 */
export function encodeTbsCertificate(tbs: TbsCertificate): Uint8Array {
  const { issuer, subject, extensions, publicKey } = tbs;
  checkName(issuer, "issuer");
  checkName(subject, "subject");
  if (bytesEqual(issuer, emptyName)) throw refused("missing-field", "issuer", "an empty name");
  checkExtensions(extensions, bytesEqual(subject, emptyName));
  const fields = [
    VERSION_3,
    encodeSerialNumber(tbs.serialNumber),
    encodeSignatureAlgorithm(tbs.signatureAlgorithm),
    issuer,
    encodeValidity(tbs.notBefore, tbs.notAfter),
    subject,
    publicKey.spki,
  ];
  if (extensions.length > 0) {
    fields.push(derExplicit(3, derSequence(...extensions.map(encodeExtension))));
  }
  return derSequence(...fields);
}

/**
 * The certificate of a signed TBSCertificate.
 * @param scheme must be the one inside `tbs`. Not checked: that the signature verifies.
 */
export function assembleCertificate(
  tbs: Uint8Array,
  scheme: SignatureScheme,
  signature: Uint8Array,
): Uint8Array {
  return derSequence(tbs, encodeSignatureAlgorithm(scheme), derBitString(signature));
}

/**
 * Has a TBSCertificate signed. Its algorithm is the signer's.
 * @returns the certificate, DER
 * @throws FormatError as {@link encodeTbsCertificate}; what the signer throws
 */
export async function signCertificate(
  tbs: Omit<TbsCertificate, "signatureAlgorithm">,
  signer: MessageSigner,
): Promise<Uint8Array> {
  const { scheme } = signer.algorithm;
  const encoded = encodeTbsCertificate({ ...tbs, signatureAlgorithm: scheme });
  return assembleCertificate(encoded, scheme, await signer.sign(encoded));
}

const VERSION_3: Uint8Array = derExplicit(0, derInteger(2));

function encodeSerialNumber(serialNumber: Uint8Array): Uint8Array {
  if (serialNumber.every((byte) => byte === 0)) {
    throw refused("out-of-range", "serialNumber", "a serial number that is not positive");
  }
  const encoded = derUnsigned(serialNumber);
  const sizeBytes = encoded.length - 2;
  if (sizeBytes > serialNumberBytesMax) {
    const problem = `a serial number of ${sizeBytes} octets; ${serialNumberBytesMax} are allowed`;
    throw refused("out-of-range", "serialNumber", problem);
  }
  return encoded;
}

function encodeValidity(notBefore: Date, notAfter: Date): Uint8Array {
  for (const [place, time] of Object.entries({ notBefore, notAfter })) {
    const year = time.getUTCFullYear();
    if (!(year >= 1950 && year <= 9999)) {
      throw refused("out-of-range", place, `the year ${year}; 1950 to 9999 can be written`);
    }
  }
  if (notAfter < notBefore) {
    throw refused("out-of-range", "notAfter", "the validity ends before it begins");
  }
  return derSequence(derTime(notBefore), derTime(notAfter));
}

function checkName(name: Uint8Array, place: string): void {
  readDer(name, place, (reader) => reader.element(Tag.sequence));
}

function checkExtensions(extensions: readonly NamedExtension[], subjectIsEmpty: boolean): void {
  if (extensions.length > certificateExtensionsMax) {
    throw refused("too-large", "extensions", `more than ${certificateExtensionsMax}`);
  }
  const oids = new Set<string>();
  for (const { oid } of extensions) {
    if (oids.has(oid)) throw refused("duplicate-key", "extensions", `${oid} occurs twice`);
    oids.add(oid);
  }
  // RFC 5280 §4.1.2.6.
  const { subjectAltName } = extensionOids;
  if (
    subjectIsEmpty &&
    !extensions.some(({ oid, critical }) => critical && oid === subjectAltName)
  ) {
    const problem = "an empty subject needs a critical subject alternative name";
    throw refused("missing-field", "subject", problem);
  }
}

function refused(
  code: "missing-field" | "out-of-range" | "duplicate-key" | "too-large",
  place: string,
  problem: string,
): FormatError {
  return new FormatError(code, "certificate", place, problem);
}
