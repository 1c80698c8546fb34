// SPDX-License-Identifier: Apache-2.0
import { ByteReader, concatBytes, decodeUtf8, utf8Bytes } from "@chancery/formats/bytes";
import { FormatError } from "@chancery/formats/errors";

// The wire format of protocol buffers, as far as Fulcio's messages need it: texts, bytes, messages,
// booleans. Written here because libraries for it make their codecs by `eval`.

const format = "protobuf";
const fieldsMax = 1_000;
const wireTypes = { varint: 0, fixed64: 1, length: 2, fixed32: 5 } as const;

/** Fields of a message in the order of the wire; those of numbers are left out. */
export class Message {
  readonly #fields: readonly Field[];

  /** @throws FormatError `truncated` | `malformed` | `too-large` */
  constructor(bytes: Uint8Array) {
    this.#fields = readFields(bytes);
  }

  /** The last value of a bytes field, empty where it is absent: proto3 knows no difference. */
  bytes(number: number): Uint8Array {
    return this.#fields.findLast((field) => field.number === number)?.value ?? new Uint8Array(0);
  }

  /** Likewise of a string field. @throws FormatError `malformed-utf8` */
  text(number: number): string {
    return decodeUtf8(this.bytes(number), format);
  }

  /** A message field; undefined where it is absent. Several are one, as if written together. */
  message(number: number): Message | undefined {
    const parts = this.#fields.filter((field) => field.number === number);
    return parts.length === 0
      ? undefined
      : new Message(concatBytes(...parts.map(({ value }) => value)));
  }

  /** Which member of a oneof is set: the last on the wire; undefined for none. */
  oneOf(...numbers: readonly number[]): number | undefined {
    return this.#fields.findLast(({ number }) => numbers.includes(number))?.number;
  }
}

interface Field {
  readonly number: number;
  readonly value: Uint8Array;
}

function readFields(bytes: Uint8Array): readonly Field[] {
  const reader = new ByteReader(bytes, format);
  const fields: Field[] = [];
  for (let count = 0; reader.remaining > 0; count++) {
    if (count === fieldsMax) throw refused("too-large", `more than ${fieldsMax} fields`);
    const tag = readVarint(reader, 5);
    const number = Math.floor(tag / 8);
    if (number === 0 || tag > 0xffff_ffff) throw refused("malformed", `the field number ${number}`);
    switch (tag % 8) {
      case wireTypes.varint:
        readVarint(reader, 10);
        break;
      case wireTypes.fixed64:
        reader.bytes(8);
        break;
      case wireTypes.length:
        fields.push({ number, value: reader.bytes(readVarint(reader, 5)) });
        break;
      case wireTypes.fixed32:
        reader.bytes(4);
        break;
      default:
        throw refused("malformed", `a field of wire type ${tag % 8}`);
    }
  }
  return fields;
}

/** Of more than 2^53 only the size is right: no field that long is looked at. */
function readVarint(reader: ByteReader, bytesMax: number): number {
  let value = 0;
  for (let i = 0; i < bytesMax; i++) {
    const byte = reader.uint(1);
    value += (byte & 0x7f) * 2 ** (7 * i);
    if (byte < 0x80) return value;
  }
  throw refused("malformed", "a number that does not end");
}

/** A field of bytes, text or a message; nothing where it is empty, which is its default. */
export function field(number: number, value: Uint8Array | string): Uint8Array {
  return value.length === 0 ? new Uint8Array(0) : member(number, value);
}

/** A field that is written even if it is empty: of a oneof, or repeated. */
export function member(number: number, value: Uint8Array | string): Uint8Array {
  const bytes = typeof value === "string" ? utf8Bytes(value) : value;
  return concatBytes(writeVarint(8 * number + wireTypes.length), writeVarint(bytes.length), bytes);
}

/** A field of a small number, an enum or a boolean; nothing where it is 0. */
export function numberField(number: number, value: number): Uint8Array {
  if (value === 0) return new Uint8Array(0);
  return concatBytes(writeVarint(8 * number + wireTypes.varint), writeVarint(value));
}

function writeVarint(value: number): Uint8Array {
  const bytes: number[] = [];
  for (let rest = value; ; rest = Math.floor(rest / 128)) {
    if (rest < 128) return Uint8Array.from([...bytes, rest]);
    bytes.push((rest % 128) + 128);
  }
}

function refused(code: "malformed" | "too-large", problem: string): FormatError {
  return new FormatError(code, format, "", problem);
}
