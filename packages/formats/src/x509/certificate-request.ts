// SPDX-License-Identifier: Apache-2.0
import {
  decodeSpki,
  type PublicKey,
  type SignatureScheme,
  verifySignature,
} from "../crypto/index.ts";
import { contextTag, DerReader, readDer, Tag } from "../der/index.ts";
import { FormatError } from "../errors/index.ts";
import { decodePemBlock } from "../pem/index.ts";
import { type Extension, readExtensionList, readName } from "./certificate.ts";
import { readSignatureAlgorithm } from "./signature-algorithm.ts";

/** Largest request read; one for an RSA key of 4096 bits has about 1.7 KiB. */
export const certificateRequestSizeBytesMax = 16_384;
/** Most attributes in one request. */
const attributesMax = 16;

const FORMAT = "certificate request";
const ATTRIBUTES_TAG = contextTag(0, true);
const EXTENSION_REQUEST = "1.2.840.113549.1.9.14";

/** A PKCS #10 CertificationRequest (RFC 2986 §4.1) taken apart. All bytes are views into `der`. */
export interface CertificateRequest {
  /** The whole request as read. */
  readonly der: Uint8Array;
  /** CertificationRequestInfo as read: what is signed. */
  readonly info: Uint8Array;
  /** The subject Name, DER as read; `30 00` when empty. */
  readonly subject: Uint8Array;
  readonly publicKey: PublicKey;
  /** Values of each attribute, DER, by dotted object identifier, in the order of the request. */
  readonly attributes: ReadonlyMap<string, readonly Uint8Array[]>;
  /** What the attribute extensionRequest asks for, by object identifier; empty without it. */
  readonly extensions: ReadonlyMap<string, Extension>;
  readonly signatureAlgorithm: SignatureScheme;
  readonly signature: Uint8Array;
}

/**
 * Reads a PKCS #10 request (RFC 2986 §4), strictly DER.
 *
 * Checks the structure only. Not checked: that the requester holds the key
 * ({@link verifyCertificateRequest} does), and whether what it asks for may be granted: an issuer
 * copies none of it without a reason.
 *
 * @param der exactly the request; kept, not copied: it must not be changed afterwards.
 * @throws FormatError `too-large` above {@link certificateRequestSizeBytesMax}, 16 attributes or 64
 *   extensions; `duplicate-key` for an attribute or extension that occurs twice; `unsupported` for
 *   other versions, keys and algorithms than those of certificates; the DER codes.
 */
export function decodeCertificateRequest(der: Uint8Array): CertificateRequest {
  if (der.length > certificateRequestSizeBytesMax) {
    const problem = `${der.length} bytes, ${certificateRequestSizeBytesMax} are read`;
    throw new FormatError("too-large", FORMAT, "", problem);
  }
  return readDer(der, FORMAT, (reader) => {
    const outer = reader.sequence();
    const info = outer.element(Tag.sequence);
    const signatureAlgorithm = readSignatureAlgorithm(outer.element(Tag.sequence));
    const signature = outer.bitString();
    outer.end();
    const inner = new DerReader(info.content, FORMAT);
    const version = inner.integer();
    if (version !== 0n) throw inner.error("unsupported", `version field ${version}`);
    const subject = readName(inner);
    const publicKey = decodeSpki(inner.element(Tag.sequence).raw);
    const attributes = readAttributes(inner.enter(ATTRIBUTES_TAG));
    inner.end();
    const extensions = readRequestedExtensions(attributes.get(EXTENSION_REQUEST));
    return {
      der,
      info: info.raw,
      subject,
      publicKey,
      attributes,
      extensions,
      signatureAlgorithm,
      signature,
    };
  });
}

/**
 * Reads the request of a PEM file with one `CERTIFICATE REQUEST` (or `NEW CERTIFICATE REQUEST`, as
 * older tools write) block.
 * @throws FormatError as {@link decodeCertificateRequest}; the codes of PEM
 */
export function decodeCertificateRequestPem(text: string): CertificateRequest {
  const block = decodePemBlock(text, "CERTIFICATE REQUEST", "NEW CERTIFICATE REQUEST");
  return decodeCertificateRequest(block.bytes);
}

/** Whether the request is signed with the private half of its own key: proof of possession. */
export function verifyCertificateRequest(request: CertificateRequest): boolean {
  const { publicKey, signatureAlgorithm, info, signature } = request;
  return verifySignature(publicKey, signatureAlgorithm, info, signature);
}

/** [0] IMPLICIT SET OF SEQUENCE { type OID, values SET SIZE (1..MAX) OF ANY } */
function readAttributes(set: DerReader): ReadonlyMap<string, readonly Uint8Array[]> {
  const attributes = new Map<string, Uint8Array[]>();
  while (!set.done) {
    const attribute = set.sequence();
    const type = attribute.oid();
    const values = attribute.set();
    attribute.end();
    const list: Uint8Array[] = [];
    do {
      list.push(values.any().raw);
    } while (!values.done);
    if (attributes.has(type)) throw set.error("duplicate-key", `attribute ${type} occurs twice`);
    if (attributes.size === attributesMax) {
      throw set.error("too-large", `more than ${attributesMax} attributes`);
    }
    attributes.set(type, list);
  }
  return attributes;
}

/** The single value of extensionRequest (RFC 2985 §5.4.2): Extensions. */
function readRequestedExtensions(
  values: readonly Uint8Array[] | undefined,
): ReadonlyMap<string, Extension> {
  const [value, ...others] = values ?? [];
  if (!value) return new Map();
  if (others.length > 0) {
    throw new FormatError("malformed", FORMAT, "extensionRequest", "more than one value");
  }
  return readDer(value, FORMAT, (reader) => readExtensionList(reader.sequence()));
}
