// SPDX-License-Identifier: Apache-2.0
import { contextTag, der, DerReader, readDer, Tag } from "../der/index.ts";
import type { Certificate, Extension } from "./certificate.ts";

/** Object identifiers of the extensions read here, and of those that path checking knows. */
export const extensionOids = {
  subjectKeyIdentifier: "2.5.29.14",
  keyUsage: "2.5.29.15",
  subjectAltName: "2.5.29.17",
  basicConstraints: "2.5.29.19",
  nameConstraints: "2.5.29.30",
  certificatePolicies: "2.5.29.32",
  authorityKeyIdentifier: "2.5.29.35",
  extendedKeyUsage: "2.5.29.37",
  /** Signed certificate timestamps (RFC 6962 §3.3). */
  sctList: "1.3.6.1.4.1.11129.2.4.2",
  /** The critical "poison" of a precertificate (RFC 6962 §3.1). */
  precertificatePoison: "1.3.6.1.4.1.11129.2.4.3",
} as const;

/** Purposes of an extended key usage (RFC 5280 §4.2.1.12). */
export const keyPurposes = {
  any: "2.5.29.37.0",
  codeSigning: "1.3.6.1.5.5.7.3.3",
  timeStamping: "1.3.6.1.5.5.7.3.8",
} as const;

/** Named bits of KeyUsage, bit 0 first (RFC 5280 §4.2.1.3). */
export const keyUsageBits = [
  "digitalSignature",
  "contentCommitment",
  "keyEncipherment",
  "dataEncipherment",
  "keyAgreement",
  "keyCertSign",
  "cRLSign",
  "encipherOnly",
  "decipherOnly",
] as const;

export type KeyUsage = (typeof keyUsageBits)[number];

export interface BasicConstraints {
  readonly ca: boolean;
  /** How many CAs may follow below, apart from self-issued ones; absent = any number. */
  readonly pathLength?: number;
}

export interface ExtendedKeyUsage {
  readonly critical: boolean;
  /** Dotted object identifiers, at least one. */
  readonly purposes: readonly string[];
}

export interface AuthorityKeyIdentifier {
  readonly keyIdentifier?: Uint8Array;
  /** GeneralNames of the issuer's issuer, content octets. */
  readonly issuer?: Uint8Array;
  /** Content octets of the issuer's serial number. */
  readonly serialNumber?: Uint8Array;
}

/** One member of a subject alternative name (RFC 5280 §4.2.1.6). */
export type GeneralName =
  | { readonly kind: "email" | "dns" | "uri"; readonly value: string }
  /** 4 or 16 bytes. */
  | { readonly kind: "ip"; readonly value: Uint8Array }
  /** `value` is the DER of what `[0] EXPLICIT` holds. */
  | { readonly kind: "otherName"; readonly oid: string; readonly value: Uint8Array }
  /** `value` is the DER of the Name. */
  | { readonly kind: "directoryName"; readonly value: Uint8Array }
  | { readonly kind: "registeredId"; readonly value: string }
  /** x400Address and ediPartyName: content octets, not looked into. */
  | { readonly kind: "unread"; readonly tag: number; readonly value: Uint8Array };

/** What has extensions: a certificate, or a request for one. */
type Extended = Pick<Certificate, "extensions">;

/** Reads BasicConstraints (RFC 5280 §4.2.1.9), undefined where absent. @throws FormatError */
export function basicConstraints(certificate: Extended): BasicConstraints | undefined {
  return read(certificate, extensionOids.basicConstraints, "basic constraints", (reader) => {
    const sequence = reader.sequence();
    let ca = false;
    if (sequence.peek() === Tag.boolean) {
      ca = sequence.boolean();
      if (!ca) throw sequence.error("non-canonical", "a DEFAULT value is written out");
    }
    if (sequence.done) return { ca };
    const pathLength = sequence.smallInteger();
    sequence.end();
    return { ca, pathLength };
  });
}

/**
 * The bits that are set in KeyUsage (RFC 5280 §4.2.1.3), undefined where the extension is absent.
 * @throws FormatError `non-canonical` for trailing zero bits, `unsupported` for bits without a
 *   name, `malformed` where no bit is set.
 */
export function keyUsage(certificate: Extended): ReadonlySet<KeyUsage> | undefined {
  return read(certificate, extensionOids.keyUsage, "key usage", (reader) => {
    const { content } = reader.element(Tag.bitString);
    const unused = content[0] ?? 8;
    const last = content[content.length - 1] as number;
    if (unused > 7 || content.length < 2) throw reader.error("malformed", "no bit is set");
    // A list of named bits ends with its last bit that is set (X.690 §11.2.2).
    if (((last >> unused) & 1) === 0 || (last & ((1 << unused) - 1)) !== 0) {
      throw reader.error("non-canonical", "bits after the last that is set");
    }
    const count = 8 * (content.length - 1) - unused;
    if (count > keyUsageBits.length) {
      throw reader.error("unsupported", `bit ${count - 1} has no name`);
    }
    const set = new Set<KeyUsage>();
    for (let bit = 0; bit < count; bit++) {
      const byte = content[1 + (bit >> 3)] as number;
      if ((byte & (0x80 >> (bit & 7))) !== 0) set.add(keyUsageBits[bit] as KeyUsage);
    }
    return set;
  });
}

/** Reads ExtKeyUsage (RFC 5280 §4.2.1.12), undefined where absent. @throws FormatError */
export function extendedKeyUsage(certificate: Certificate): ExtendedKeyUsage | undefined {
  const oid = extensionOids.extendedKeyUsage;
  return read(certificate, oid, "extended key usage", (reader, { critical }) => {
    const sequence = reader.sequence();
    const purposes: string[] = [];
    do {
      purposes.push(sequence.oid());
    } while (!sequence.done);
    return { critical, purposes };
  });
}

/**
 * The subject alternative names, in order; undefined where the extension is absent.
 * @throws FormatError `malformed` for text beyond ASCII or an IP address of another size.
 */
export function subjectAltNames(certificate: Extended): GeneralName[] | undefined {
  return read(certificate, extensionOids.subjectAltName, "subject alternative name", (reader) => {
    const sequence = reader.sequence();
    const names: GeneralName[] = [];
    do {
      names.push(readGeneralName(sequence));
    } while (!sequence.done);
    return names;
  });
}

/** Reads SubjectKeyIdentifier (RFC 5280 §4.2.1.2), undefined where absent. @throws FormatError */
export function subjectKeyIdentifier(certificate: Certificate): Uint8Array | undefined {
  const oid = extensionOids.subjectKeyIdentifier;
  return read(certificate, oid, "subject key identifier", (reader) => reader.octetString());
}

/** Reads AuthorityKeyIdentifier (RFC 5280 §4.2.1.1), undefined where absent. @throws FormatError */
export function authorityKeyIdentifier(
  certificate: Certificate,
): AuthorityKeyIdentifier | undefined {
  const oid = extensionOids.authorityKeyIdentifier;
  return read(certificate, oid, "authority key identifier", (reader) => {
    const sequence = reader.sequence();
    const keyIdentifier = sequence.optional(contextTag(0, false))?.content;
    const issuer = sequence.optional(contextTag(1, true))?.content;
    const serialNumber = sequence.optional(contextTag(2, false))?.content;
    sequence.end();
    return {
      ...(keyIdentifier && { keyIdentifier }),
      ...(issuer && { issuer }),
      ...(serialNumber && { serialNumber }),
    };
  });
}

/**
 * The SignedCertificateTimestampList (RFC 6962 §3.3): the TLS bytes for `decodeSctList`, without
 * the OCTET STRING around them; undefined where the certificate embeds none.
 * @throws FormatError the DER codes
 */
export function embeddedSctList(certificate: Certificate): Uint8Array | undefined {
  return read(certificate, extensionOids.sctList, "SCT list", (reader) => reader.octetString());
}

function read<T>(
  certificate: Extended,
  oid: string,
  format: string,
  decode: (reader: DerReader, extension: Extension) => T,
): T | undefined {
  const extension = certificate.extensions.get(oid);
  if (!extension) return undefined;
  return readDer(extension.value, format, (reader) => decode(reader, extension));
}

/** GeneralName ::= CHOICE of context tags [0] to [8] (RFC 5280 §4.2.1.6). */
function readGeneralName(reader: DerReader): GeneralName {
  const tag = reader.peek();
  switch (tag) {
    case contextTag(0, true): {
      const otherName = reader.enter(tag);
      const oid = otherName.oid();
      const { content } = otherName.element(contextTag(0, true));
      otherName.end();
      const value = readDer(content, "other name", (inner) => inner.any().raw);
      return { kind: "otherName", oid, value };
    }
    case contextTag(1, false):
      return { kind: "email", value: ia5(reader, tag) };
    case contextTag(2, false):
      return { kind: "dns", value: ia5(reader, tag) };
    case contextTag(4, true): {
      const { content } = reader.element(tag);
      readDer(content, "directory name", (inner) => inner.element(Tag.sequence));
      return { kind: "directoryName", value: content };
    }
    case contextTag(6, false):
      return { kind: "uri", value: ia5(reader, tag) };
    case contextTag(7, false): {
      const value = reader.element(tag).content;
      if (value.length !== 4 && value.length !== 16) {
        throw reader.error("malformed", `an IP address of ${value.length} bytes`);
      }
      return { kind: "ip", value };
    }
    case contextTag(8, false): {
      const { content } = reader.element(tag);
      const value = new DerReader(der(Tag.oid, content), "registered id").oid();
      return { kind: "registeredId", value };
    }
    case contextTag(3, true):
    case contextTag(5, true):
      return { kind: "unread", tag, value: reader.element(tag).content };
    default:
      throw reader.error(tag === undefined ? "truncated" : "wrong-type", "not a GeneralName");
  }
}

function ia5(reader: DerReader, tag: number): string {
  let text = "";
  for (const byte of reader.element(tag).content) {
    if (byte > 0x7f) throw reader.error("malformed", "an IA5String with bytes beyond ASCII");
    text += String.fromCharCode(byte);
  }
  return text;
}
