// SPDX-License-Identifier: Apache-2.0
import { compareBytes, concatBytes, uintBytes, utf8Bytes } from "../bytes/index.ts";
import { encodeOid } from "./oid.ts";
import { contextTag, Tag } from "./reader.ts";

/** Encodes one DER element: tag, minimal length, content (X.690 §10.1). */
export function der(tag: number, ...contents: readonly Uint8Array[]): Uint8Array {
  let length = 0;
  for (const content of contents) length += content.length;
  if (length < 0x80) return concatBytes(Uint8Array.of(tag, length), ...contents);
  const size = length < 0x100 ? 1 : length < 0x10000 ? 2 : length < 0x1000000 ? 3 : 4;
  const head = Uint8Array.of(tag, 0x80 | size);
  return concatBytes(head, uintBytes(length, size), ...contents);
}

export function derSequence(...elements: readonly Uint8Array[]): Uint8Array {
  return der(Tag.sequence, ...elements);
}

/** SET OF: elements in ascending order of their encodings (X.690 §11.6). */
export function derSetOf(...elements: readonly Uint8Array[]): Uint8Array {
  return der(Tag.set, ...elements.toSorted(compareBytes));
}

export function derOid(dotted: string): Uint8Array {
  return der(Tag.oid, encodeOid(dotted));
}

/** A signed INTEGER. */
export function derInteger(value: number | bigint): Uint8Array {
  const big = BigInt(value);
  let size = 1;
  while (big >= 1n << BigInt(8 * size - 1) || big < -(1n << BigInt(8 * size - 1))) size++;
  return der(Tag.integer, uintBytes(BigInt.asUintN(8 * size, big), size));
}

/** An INTEGER from big-endian unsigned bytes of any length. */
export function derUnsigned(bytes: Uint8Array): Uint8Array {
  let start = 0;
  while (start < bytes.length - 1 && bytes[start] === 0) start++;
  const magnitude = bytes.subarray(start);
  const signed = ((magnitude[0] ?? 0) & 0x80) !== 0 || magnitude.length === 0;
  return der(Tag.integer, signed ? concatBytes(Uint8Array.of(0), magnitude) : magnitude);
}

export function derBoolean(value: boolean): Uint8Array {
  return der(Tag.boolean, Uint8Array.of(value ? 0xff : 0));
}

export function derNull(): Uint8Array {
  return der(Tag.null);
}

export function derOctetString(bytes: Uint8Array): Uint8Array {
  return der(Tag.octetString, bytes);
}

/** A BIT STRING of whole bytes. */
export function derBitString(bytes: Uint8Array): Uint8Array {
  return der(Tag.bitString, Uint8Array.of(0), bytes);
}

export function derUtf8String(text: string): Uint8Array {
  return der(Tag.utf8String, utf8Bytes(text));
}

/** `[number]` EXPLICIT: a constructed context element around whole elements. */
export function derExplicit(number: number, ...elements: readonly Uint8Array[]): Uint8Array {
  return der(contextTag(number, true), ...elements);
}

/** GeneralizedTime in UTC with whole seconds: what RFC 3161 and years from 2050 on need. */
export function derGeneralizedTime(time: Date): Uint8Array {
  return der(Tag.generalizedTime, utf8Bytes(`${digits(time)}Z`));
}

/** The Time of RFC 5280 §4.1.2.5: UTCTime until 2049, GeneralizedTime from 2050 on. */
export function derTime(time: Date): Uint8Array {
  const year = time.getUTCFullYear();
  if (year < 1950 || year > 2049) return derGeneralizedTime(time);
  return der(Tag.utcTime, utf8Bytes(`${digits(time).slice(2)}Z`));
}

function digits(time: Date): string {
  const year = time.getUTCFullYear();
  if (!(year >= 0 && year <= 9999)) throw new RangeError(`no ASN.1 time has the year ${year}`);
  return time.toISOString().slice(0, 19).replace(/[-:T]/g, "");
}
