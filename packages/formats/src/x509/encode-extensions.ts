// SPDX-License-Identifier: Apache-2.0
import { concatBytes, utf8Bytes } from "../bytes/index.ts";
import { keyIdentifier, type PublicKey } from "../crypto/index.ts";
import {
  contextTag,
  der,
  derBoolean,
  derExplicit,
  derInteger,
  derOctetString,
  derOid,
  derSequence,
  readDer,
  Tag,
} from "../der/index.ts";
import { FormatError } from "../errors/index.ts";
import type { Certificate, Extension } from "./certificate.ts";
import {
  type BasicConstraints,
  type ExtendedKeyUsage,
  extensionOids,
  type GeneralName,
  type KeyUsage,
  keyUsageBits,
  subjectKeyIdentifier,
} from "./extensions.ts";

/** One extension to write. */
export interface NamedExtension extends Extension {
  /** Dotted object identifier. */
  readonly oid: string;
}

/** Longest text in one extension: what stands in tokens is bounded where they are read. */
export const extensionTextCharactersMax = 8_192;

/** One Extension (RFC 5280 §4.2), DER. */
export function encodeExtension({ oid, critical, value }: NamedExtension): Uint8Array {
  const flag = critical ? [derBoolean(true)] : [];
  return derSequence(derOid(oid), ...flag, derOctetString(value));
}

/** KeyUsage (RFC 5280 §4.2.1.3), critical. @throws FormatError `missing-field` without any usage */
export function keyUsageExtension(usages: readonly KeyUsage[]): NamedExtension {
  if (usages.length === 0) throw refused("missing-field", "key usage", "no bit is set");
  const bits = usages.map((usage) => keyUsageBits.indexOf(usage));
  const last = Math.max(...bits);
  // A list of named bits ends with its last bit that is set (X.690 §11.2.2).
  const content = new Uint8Array(2 + (last >> 3));
  content[0] = 7 - (last & 7);
  for (const bit of bits) {
    const at = 1 + (bit >> 3);
    content[at] = (content[at] as number) | (0x80 >> (bit & 7));
  }
  return { oid: extensionOids.keyUsage, critical: true, value: der(Tag.bitString, content) };
}

/** ExtKeyUsage (RFC 5280 §4.2.1.12). @throws FormatError `missing-field` without any purpose */
export function extendedKeyUsageExtension(usage: ExtendedKeyUsage): NamedExtension {
  const { critical, purposes } = usage;
  if (purposes.length === 0) throw refused("missing-field", "extended key usage", "no purpose");
  const value = derSequence(...purposes.map(derOid));
  return { oid: extensionOids.extendedKeyUsage, critical, value };
}

/** BasicConstraints (RFC 5280 §4.2.1.9), critical. @throws FormatError `conflicting-fields` */
export function basicConstraintsExtension(constraints: BasicConstraints): NamedExtension {
  const { ca, pathLength } = constraints;
  if (!ca && pathLength !== undefined) {
    throw refused("conflicting-fields", "basic constraints", "a path length of what is no CA");
  }
  const parts = ca ? [derBoolean(true)] : [];
  if (pathLength !== undefined) parts.push(derInteger(pathLength));
  return { oid: extensionOids.basicConstraints, critical: true, value: derSequence(...parts) };
}

/** SubjectKeyIdentifier (RFC 5280 §4.2.1.2) of the key that is certified. */
export function subjectKeyIdentifierExtension(key: PublicKey): NamedExtension {
  const value = derOctetString(keyIdentifier(key));
  return { oid: extensionOids.subjectKeyIdentifier, critical: false, value };
}

/**
 * AuthorityKeyIdentifier (RFC 5280 §4.2.1.1): the issuer's own subject key identifier as it stands
 * in its certificate, which other CAs compute in other ways.
 * @throws FormatError `missing-field` for an issuer without one: clients refuse what it issues
 */
export function authorityKeyIdentifierExtension(issuer: Certificate): NamedExtension {
  const identifier = subjectKeyIdentifier(issuer);
  if (!identifier) {
    const problem = "the issuer's certificate has no subject key identifier";
    throw refused("missing-field", "authority key identifier", problem);
  }
  const value = derSequence(der(contextTag(0, false), identifier));
  return { oid: extensionOids.authorityKeyIdentifier, critical: false, value };
}

/**
 * SubjectAltName (RFC 5280 §4.2.1.6).
 * @param critical must be true where the subject is empty.
 * @throws FormatError as {@link encodeGeneralName}; `missing-field` without names
 */
export function subjectAltNameExtension(
  names: readonly GeneralName[],
  critical: boolean,
): NamedExtension {
  if (names.length === 0) throw refused("missing-field", "subject alternative name", "no name");
  const value = derSequence(...names.map(encodeGeneralName));
  return { oid: extensionOids.subjectAltName, critical, value };
}

/**
 * One GeneralName, DER: what {@link subjectAltNames} reads.
 * @throws FormatError `missing-field` for an empty text; `malformed` for text that is not printable
 *   ASCII, an IP address of another size and DER that is none; `too-large` above
 *   {@link extensionTextCharactersMax}; `unsupported` for kinds that are not read either
 */
export function encodeGeneralName(name: GeneralName): Uint8Array {
  switch (name.kind) {
    case "email":
      return der(contextTag(1, false), ia5Bytes(name.value, name.kind));
    case "dns":
      return der(contextTag(2, false), ia5Bytes(name.value, name.kind));
    case "uri":
      return der(contextTag(6, false), ia5Bytes(name.value, name.kind));
    case "otherName":
      return derExplicit(0, derOid(name.oid), derExplicit(0, oneElement(name.value, name.kind)));
    case "directoryName":
      return derExplicit(4, oneElement(name.value, name.kind));
    case "ip":
      if (name.value.length === 4 || name.value.length === 16) {
        return der(contextTag(7, false), name.value);
      }
      throw refused("malformed", name.kind, `an IP address of ${name.value.length} bytes`);
    case "registeredId":
      return concatBytes(Uint8Array.of(contextTag(8, false)), derOid(name.value).subarray(1));
    case "unread":
      throw refused("unsupported", name.kind, "a name of a kind that is not written");
  }
}

/**
 * Bytes of a text for an extension, UTF-8.
 * @throws FormatError `missing-field` for the empty text; `malformed` for lone surrogates;
 *   `too-large`
 */
export function textBytes(text: string, place: string): Uint8Array {
  if (text === "") throw refused("missing-field", place, "an empty text");
  if (text.length > extensionTextCharactersMax) {
    throw refused("too-large", place, `more than ${extensionTextCharactersMax} characters`);
  }
  if (!text.isWellFormed()) throw refused("malformed", place, "text that is not Unicode");
  return utf8Bytes(text);
}

/** IA5String without control characters: nobody's identity has them, and printing them deceives. */
function ia5Bytes(text: string, place: string): Uint8Array {
  const bytes = textBytes(text, place);
  if (!/^[\x20-\x7e]*$/.test(text)) {
    throw refused("malformed", place, `${JSON.stringify(text)} is not printable ASCII`);
  }
  return bytes;
}

function oneElement(bytes: Uint8Array, place: string): Uint8Array {
  return readDer(bytes, place, (reader) => reader.any().raw);
}

function refused(
  code: "missing-field" | "malformed" | "too-large" | "unsupported" | "conflicting-fields",
  place: string,
  problem: string,
): FormatError {
  return new FormatError(code, "certificate", place, problem);
}
