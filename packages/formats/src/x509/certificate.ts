// SPDX-License-Identifier: Apache-2.0
import { bytesEqual } from "../bytes/index.ts";
import { decodeSpki, type PublicKey, type SignatureScheme } from "../crypto/index.ts";
import { contextTag, DerReader, readDer, readTime, Tag } from "../der/index.ts";
import { FormatError } from "../errors/index.ts";
import { decodePem, encodePem } from "../pem/index.ts";
import { readSignatureAlgorithm } from "./signature-algorithm.ts";

/** Largest certificate read; real ones have 1 to 3 KiB. */
export const certificateSizeBytesMax = 65_536;
/** Most extensions in one certificate; Fulcio writes up to 24. */
export const certificateExtensionsMax = 64;
/** Most certificates in one PEM file. */
export const pemCertificatesMax = 64;

/** One extension (RFC 5280 §4.2). What `value` holds is read by the accessors of this folder. */
export interface Extension {
  readonly critical: boolean;
  /** Content of the OCTET STRING extnValue. */
  readonly value: Uint8Array;
}

/** An X.509 v3 certificate taken apart one level deep. All bytes are views into `der`. */
export interface Certificate {
  /** The whole certificate as read. */
  readonly der: Uint8Array;
  /** TBSCertificate as read: what is signed. */
  readonly tbs: Uint8Array;
  /** Content octets of the INTEGER: two's complement, not negative. */
  readonly serialNumber: Uint8Array;
  /** The issuer Name, DER as read. */
  readonly issuer: Uint8Array;
  /** The subject Name, DER as read; `30 00` when empty, as in Fulcio's leaves. */
  readonly subject: Uint8Array;
  /** First instant of validity. */
  readonly notBefore: Date;
  /** Last instant of validity, itself included. */
  readonly notAfter: Date;
  readonly publicKey: PublicKey;
  readonly signatureAlgorithm: SignatureScheme;
  readonly signature: Uint8Array;
  /** By dotted object identifier, in the order of the certificate. */
  readonly extensions: ReadonlyMap<string, Extension>;
}

const EXTENSIONS_TAG = contextTag(3, true);
const VERSION_TAG = contextTag(0, true);
const VERSION_3 = 2n;

/**
 * Reads one X.509 v3 certificate (RFC 5280 §4.1), strictly DER.
 *
 * Checks the structure of certificate, names and extension list, and that the algorithm inside the
 * signed part equals the one outside. Does not look into extension values, verify the signature or
 * compare times: see the accessors and `path.ts`.
 *
 * @param der exactly the certificate; kept, not copied: it must not be changed afterwards.
 * @throws FormatError `unsupported` for v1 and v2, keys and algorithms outside ECDSA P-256/384/521,
 *   RSA and Ed25519 with SHA-256/384/512; `duplicate-key` for an extension that occurs twice;
 *   `too-large` above {@link certificateSizeBytesMax} or {@link certificateExtensionsMax};
 *   `malformed`, `non-canonical`, `out-of-range`, `truncated`, `trailing-data`, `wrong-type`.
 */
export function decodeCertificate(der: Uint8Array): Certificate {
  if (der.length > certificateSizeBytesMax) {
    throw new FormatError(
      "too-large",
      "certificate",
      "",
      `${der.length} bytes, ${certificateSizeBytesMax} are read`,
    );
  }
  return readDer(der, "certificate", (reader) => {
    const outer = reader.sequence();
    const tbs = outer.element(Tag.sequence);
    const algorithm = outer.element(Tag.sequence);
    const signature = outer.bitString();
    outer.end();

    const inner = new DerReader(tbs.content, "certificate", offsetIn(der, tbs.content));
    readVersion(inner);
    const serialNumber = inner.integerBytes();
    if ((serialNumber[0] as number) >= 0x80) {
      throw inner.error("out-of-range", "a negative serial number");
    }
    if (!bytesEqual(inner.element(Tag.sequence).raw, algorithm.raw)) {
      throw inner.error("malformed", "the signature algorithms inside and outside differ");
    }
    const signatureAlgorithm = readSignatureAlgorithm(algorithm);
    const issuer = readName(inner);
    const validity = inner.sequence();
    const notBefore = readCertificateTime(validity);
    const notAfter = readCertificateTime(validity);
    validity.end();
    const subject = readName(inner);
    const publicKey = decodeSpki(inner.element(Tag.sequence).raw);
    // issuerUniqueID and subjectUniqueID: forbidden to write (RFC 5280 §4.1.2.8), of no meaning.
    inner.optional(contextTag(1, false));
    inner.optional(contextTag(2, false));
    const extensions = readExtensions(inner);
    inner.end();

    return {
      der,
      tbs: tbs.raw,
      serialNumber,
      issuer,
      subject,
      notBefore,
      notAfter,
      publicKey,
      signatureAlgorithm,
      signature,
      extensions,
    };
  });
}

/**
 * The certificates of a PEM file, in order; text around the blocks is skipped.
 * @throws FormatError `unsupported` for a block that is no CERTIFICATE; `too-large` above
 *   {@link pemCertificatesMax}; the codes of PEM and of {@link decodeCertificate}.
 */
export function decodeCertificatesPem(text: string): Certificate[] {
  const blocks = decodePem(text);
  if (blocks.length > pemCertificatesMax) {
    const problem = `${blocks.length} certificates, ${pemCertificatesMax} are read`;
    throw new FormatError("too-large", "pem", "", problem);
  }
  return blocks.map((block, i) => {
    if (block.label !== "CERTIFICATE") {
      const problem = `a ${block.label} where a CERTIFICATE belongs`;
      throw new FormatError("unsupported", "pem", `block ${i + 1}`, problem);
    }
    return decodeCertificate(block.bytes);
  });
}

/** The certificate as a `CERTIFICATE` PEM block with a trailing newline. */
export function encodeCertificatePem(certificate: Certificate): string {
  return encodePem("CERTIFICATE", certificate.der);
}

/** Version [0] EXPLICIT INTEGER DEFAULT v1 (RFC 5280 §4.1.2.1). */
function readVersion(tbs: DerReader): void {
  const version = tbs.enterOptional(VERSION_TAG);
  if (!version) throw tbs.error("unsupported", "an X.509 certificate of version 1");
  const value = version.integer();
  if (value !== VERSION_3) {
    throw version.error("unsupported", `X.509 version field ${value}; only v3 is read`);
  }
  version.end();
}

/**
 * Name ::= SEQUENCE OF SET SIZE (1..MAX) OF SEQUENCE { type OID, value ANY } (RFC 5280 §4.1.2.4):
 * the structure is checked here so that `names.ts` cannot fail on a certificate.
 */
export function readName(tbs: DerReader): Uint8Array {
  const start = tbs.element(Tag.sequence);
  const relative = new DerReader(start.content, "certificate");
  while (!relative.done) {
    const attributes = relative.set();
    do {
      const attribute = attributes.sequence();
      attribute.oid();
      attribute.any();
      attribute.end();
    } while (!attributes.done);
  }
  return start.raw;
}

/** As {@link readTime}, without the fractions that RFC 5280 §4.1.2.5.2 forbids. */
function readCertificateTime(validity: DerReader): Date {
  if (validity.peek() !== Tag.generalizedTime) return readTime(validity);
  const { content, raw } = validity.any();
  const time = readTime(new DerReader(raw, "certificate"));
  if (content.length > "YYYYMMDDHHMMSSZ".length) {
    throw validity.error("non-canonical", "a validity with fractions of a second");
  }
  return time;
}

/** [3] EXPLICIT SEQUENCE SIZE (1..MAX) OF { extnID, critical DEFAULT FALSE, extnValue }. */
function readExtensions(tbs: DerReader): ReadonlyMap<string, Extension> {
  const wrapper = tbs.enterOptional(EXTENSIONS_TAG);
  if (!wrapper) return new Map();
  const list = wrapper.sequence();
  wrapper.end();
  return readExtensionList(list);
}

/** The elements of Extensions (RFC 5280 §4.1.2.9), at least one. */
export function readExtensionList(list: DerReader): ReadonlyMap<string, Extension> {
  const found = new Map<string, Extension>();
  do {
    const extension = list.sequence();
    const oid = extension.oid();
    let critical = false;
    if (extension.peek() === Tag.boolean) {
      critical = extension.boolean();
      if (!critical) throw extension.error("non-canonical", "a DEFAULT value is written out");
    }
    const value = extension.octetString();
    extension.end();
    if (found.has(oid)) throw list.error("duplicate-key", `extension ${oid} occurs twice`);
    if (found.size === certificateExtensionsMax) {
      throw list.error("too-large", `more than ${certificateExtensionsMax} extensions`);
    }
    found.set(oid, { critical, value });
  } while (!list.done);
  return found;
}

function offsetIn(outer: Uint8Array, view: Uint8Array): number {
  return view.byteOffset - outer.byteOffset;
}
