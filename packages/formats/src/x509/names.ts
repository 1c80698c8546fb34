// SPDX-License-Identifier: Apache-2.0
import { decodeUtf8, encodeHex, utf8Bytes } from "../bytes/index.ts";
import {
  der,
  type DerElement,
  derOid,
  type DerReader,
  derSequence,
  derSetOf,
  derUtf8String,
  readDer,
  Tag,
} from "../der/index.ts";
import { FormatError } from "../errors/index.ts";

/** One attribute of a Name, such as the common name. */
export interface NameAttribute {
  /** Dotted object identifier of the type. */
  readonly oid: string;
  /** The text, or undefined where the value is no string or its bytes are not valid in its type. */
  readonly text: string | undefined;
  /** The value, DER as read. */
  readonly raw: Uint8Array;
}

const COMMON_NAME = "2.5.4.3";
const ORGANIZATION = "2.5.4.10";

/** Short names of RFC 4514 §3, and those that OpenSSL and Go print. */
const shortNames: ReadonlyMap<string, string> = new Map([
  [COMMON_NAME, "CN"],
  ["2.5.4.4", "SN"],
  ["2.5.4.5", "SERIALNUMBER"],
  ["2.5.4.6", "C"],
  ["2.5.4.7", "L"],
  ["2.5.4.8", "ST"],
  ["2.5.4.9", "STREET"],
  [ORGANIZATION, "O"],
  ["2.5.4.11", "OU"],
  ["2.5.4.17", "POSTALCODE"],
  ["0.9.2342.19200300.100.1.1", "UID"],
  ["0.9.2342.19200300.100.1.25", "DC"],
  ["1.2.840.113549.1.9.1", "emailAddress"],
]);

const NUMERIC_STRING = 0x12;
const VISIBLE_STRING = 0x1a;
const UNIVERSAL_STRING = 0x1c;

/**
 * The relative distinguished names of a Name (RFC 5280 §4.1.2.4), outermost (country,
 * organization) first as on the wire; each is one attribute or, rarely, several.
 *
 * @param name DER of the Name, such as `certificate.subject`.
 * @throws FormatError the DER codes; never for the names of a decoded certificate.
 */
export function decodeName(name: Uint8Array): NameAttribute[][] {
  return readDer(name, "name", (reader) => {
    const sequence = reader.sequence();
    const names: NameAttribute[][] = [];
    while (!sequence.done) {
      const set = sequence.set();
      const attributes: NameAttribute[] = [];
      do {
        attributes.push(readAttribute(set));
      } while (!set.done);
      names.push(attributes);
    }
    return names;
  });
}

/**
 * The Name as text for people (RFC 4514: innermost first, `CN=sigstore,O=sigstore.dev`), empty for
 * the empty name. Control and formatting characters are escaped, so that it is safe to print.
 * Not for comparing: names are compared as bytes.
 *
 * @throws FormatError as {@link decodeName}
 */
export function nameToString(name: Uint8Array): string {
  return decodeName(name)
    .toReversed()
    .map((attributes) => attributes.map(attributeToString).join("+"))
    .join(",");
}

/** The innermost common name. @throws FormatError as {@link decodeName} */
export function commonName(name: Uint8Array): string | undefined {
  return attributeTexts(name, COMMON_NAME).at(-1);
}

/** The outermost organization. @throws FormatError as {@link decodeName} */
export function organization(name: Uint8Array): string | undefined {
  return attributeTexts(name, ORGANIZATION)[0];
}

/** Short name of an attribute that {@link encodeName} writes. */
export type NameAttributeType = "C" | "ST" | "L" | "O" | "OU" | "CN";

/** Their types, with the longest value of each (RFC 5280 §A.1). */
const writableAttributes: Readonly<
  Record<NameAttributeType, { readonly oid: string; readonly charactersMax: number }>
> = {
  C: { oid: "2.5.4.6", charactersMax: 2 },
  ST: { oid: "2.5.4.8", charactersMax: 128 },
  L: { oid: "2.5.4.7", charactersMax: 128 },
  O: { oid: ORGANIZATION, charactersMax: 64 },
  OU: { oid: "2.5.4.11", charactersMax: 64 },
  CN: { oid: COMMON_NAME, charactersMax: 64 },
};

/**
 * DER of a Name of one attribute each, outermost first: `[["O", "example"], ["CN", "root"]]`.
 * The country is a PrintableString as it must be, all others are UTF8Strings.
 *
 * @throws FormatError `missing-field` for a name or value that is empty; `malformed` for a country
 *   that is not two capital letters, text that is not Unicode, and control characters;
 *   `too-large` above the limits of RFC 5280
 */
export function encodeName(
  attributes: readonly (readonly [NameAttributeType, string])[],
): Uint8Array {
  if (attributes.length === 0) throw new FormatError("missing-field", "name", "", "no attribute");
  return derSequence(
    ...attributes.map(([type, text]) => {
      const { oid, charactersMax } = writableAttributes[type];
      checkAttribute(type, text, charactersMax);
      const value = type === "C" ? der(Tag.printableString, utf8Bytes(text)) : derUtf8String(text);
      return derSetOf(derSequence(derOid(oid), value));
    }),
  );
}

function checkAttribute(type: NameAttributeType, text: string, charactersMax: number): void {
  if (text === "") throw new FormatError("missing-field", "name", type, "an empty value");
  if (text.length > charactersMax) {
    throw new FormatError("too-large", "name", type, `more than ${charactersMax} characters`);
  }
  const isWrong =
    type === "C" ? !/^[A-Z]{2}$/.test(text) : !text.isWellFormed() || /\p{Cc}/u.test(text);
  if (isWrong) throw new FormatError("malformed", "name", type, JSON.stringify(text));
}

function attributeTexts(name: Uint8Array, oid: string): string[] {
  return decodeName(name)
    .flat()
    .flatMap((attribute) => (attribute.oid === oid ? (attribute.text ?? []) : []));
}

function readAttribute(set: DerReader): NameAttribute {
  const attribute = set.sequence();
  const oid = attribute.oid();
  const value = attribute.any();
  attribute.end();
  return { oid, text: decodeText(value), raw: value.raw };
}

function decodeText({ tag, content }: DerElement): string | undefined {
  switch (tag) {
    case Tag.utf8String:
      return utf8OrNothing(content);
    case Tag.printableString:
    case Tag.ia5String:
    case NUMERIC_STRING:
    case VISIBLE_STRING:
      return content.every((byte) => byte < 0x80) ? latin1(content) : undefined;
    case Tag.t61String: // in practice Latin-1, as OpenSSL reads it
      return latin1(content);
    case Tag.bmpString:
      return utf16(content);
    case UNIVERSAL_STRING:
      return utf32(content);
    default:
      return undefined;
  }
}

function utf8OrNothing(content: Uint8Array): string | undefined {
  try {
    return decodeUtf8(content);
  } catch (cause) {
    if (cause instanceof FormatError) return undefined;
    throw cause;
  }
}

function latin1(content: Uint8Array): string {
  let text = "";
  for (const byte of content) text += String.fromCharCode(byte);
  return text;
}

function utf16(content: Uint8Array): string | undefined {
  if (content.length % 2 !== 0) return undefined;
  let text = "";
  for (let i = 0; i < content.length; i += 2) {
    text += String.fromCharCode(((content[i] as number) << 8) | (content[i + 1] as number));
  }
  return text.isWellFormed() ? text : undefined;
}

function utf32(content: Uint8Array): string | undefined {
  if (content.length % 4 !== 0) return undefined;
  const view = new DataView(content.buffer, content.byteOffset, content.length);
  let text = "";
  for (let i = 0; i < content.length; i += 4) {
    const point = view.getUint32(i);
    if (point > 0x10ffff) return undefined;
    text += String.fromCodePoint(point);
  }
  return text.isWellFormed() ? text : undefined;
}

/** RFC 4514 §2.3, §2.4: types without a short name take the hexadecimal form of the value. */
function attributeToString(attribute: NameAttribute): string {
  const type = shortNames.get(attribute.oid);
  if (type === undefined || attribute.text === undefined) {
    return `${type ?? attribute.oid}=#${encodeHex(attribute.raw)}`;
  }
  return `${type}=${escapeText(attribute.text)}`;
}

function escapeText(text: string): string {
  return text
    .replace(/["+,;<>\\]/g, "\\$&")
    .replace(/^[ #]| $/g, "\\$&")
    .replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, (character) =>
      [...utf8Bytes(character)].map((byte) => `\\${encodeHex(Uint8Array.of(byte))}`).join(""),
    );
}
