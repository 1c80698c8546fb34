// SPDX-License-Identifier: Apache-2.0
import { decodeBase64 } from "../bytes/index.ts";
import { FormatError, type FormatErrorCode } from "../errors/index.ts";
import type { JsonObject, JsonValue } from "./parse.ts";

/**
 * Typed access to one JSON object of a format, in the conventions of protobuf's JSON mapping:
 * lowerCamelCase names, bytes as standard base64, 64-bit integers as decimal strings. Every refusal
 * names the path.
 *
 * A field is asked for by name; `end()` refuses names that were never asked for.
 */
export class ObjectDecoder {
  readonly #object: JsonObject;
  readonly #format: string;
  readonly #path: string;
  readonly #asked = new Set<string>();

  constructor(value: JsonValue | undefined, format: string, path = "") {
    this.#format = format;
    this.#path = path;
    if (!isObject(value)) throw this.error("wrong-type", "", `${typeName(value)}, not an object`);
    this.#object = value;
  }

  /** Whether the field is present and not null (protobuf reads null as absent). */
  has(name: string): boolean {
    return this.raw(name) !== undefined;
  }

  /** The field's value, null read as absent. */
  raw(name: string): Exclude<JsonValue, null> | undefined {
    this.#asked.add(name);
    return this.#object[name] ?? undefined;
  }

  object(name: string): ObjectDecoder {
    return new ObjectDecoder(this.#required(name), this.#format, this.place(name));
  }

  optionalObject(name: string): ObjectDecoder | undefined {
    return this.has(name) ? this.object(name) : undefined;
  }

  /** Objects of an array; an absent array is empty. @throws FormatError `too-large` */
  objects(name: string, countMax: number): ObjectDecoder[] {
    return this.#array(name, countMax).map(
      (item, i) => new ObjectDecoder(item, this.#format, `${this.place(name)}[${i}]`),
    );
  }

  /** Strings of an array; an absent array is empty. @throws FormatError `too-large` */
  strings(name: string, countMax: number): string[] {
    return this.#array(name, countMax).map((item, i) => {
      if (typeof item === "string") return item;
      throw this.error("wrong-type", `${name}[${i}]`, `${typeName(item)}, not a string`);
    });
  }

  /** Base64 byte strings of an array; an absent array is empty. */
  bytesArray(name: string, countMax: number): Uint8Array[] {
    return this.strings(name, countMax).map((text, i) => this.#base64(text, `${name}[${i}]`));
  }

  string(name: string): string {
    const value = this.#required(name);
    if (typeof value === "string") return value;
    throw this.error("wrong-type", name, `${typeName(value)}, not a string`);
  }

  optionalString(name: string): string | undefined {
    return this.has(name) ? this.string(name) : undefined;
  }

  boolean(name: string): boolean {
    const value = this.#required(name);
    if (typeof value === "boolean") return value;
    throw this.error("wrong-type", name, `${typeName(value)}, not a boolean`);
  }

  /** Non-empty bytes in strict standard base64. */
  bytes(name: string): Uint8Array {
    const bytes = this.#base64(this.string(name), name);
    if (bytes.length === 0) throw this.error("missing-field", name, "is empty");
    return bytes;
  }

  optionalBytes(name: string): Uint8Array | undefined {
    return this.has(name) ? this.bytes(name) : undefined;
  }

  /**
   * A non-negative int64: a decimal string without leading zeros, or a JSON integer.
   * @throws FormatError `out-of-range`
   */
  uint64(name: string): bigint {
    const value = this.#required(name);
    // A number with fraction or exponent has lost its digits above 2^53.
    if (typeof value === "number" && !Number.isSafeInteger(value)) {
      throw this.error("wrong-type", name, `${value} is not an exact integer`);
    }
    const text = typeof value === "number" || typeof value === "bigint" ? `${value}` : value;
    if (typeof text !== "string") {
      throw this.error("wrong-type", name, `${typeName(value)}, not an integer`);
    }
    if (text.length > 20 || !/^(?:0|-?[1-9][0-9]*)$/.test(text)) {
      const shown = JSON.stringify(text.slice(0, 24));
      throw this.error("wrong-type", name, `${shown} is not a decimal integer of 64 bits`);
    }
    const number = BigInt(text);
    if (number < 0n || number > 0x7fff_ffff_ffff_ffffn) {
      throw this.error("out-of-range", name, `${text} is not between 0 and 2^63-1`);
    }
    return number;
  }

  optionalUint64(name: string): bigint | undefined {
    return this.has(name) ? this.uint64(name) : undefined;
  }

  /** A non-negative integer below 2^53. */
  integer(name: string): number {
    const value = this.uint64(name);
    if (value > BigInt(Number.MAX_SAFE_INTEGER)) {
      throw this.error("out-of-range", name, `${value} exceeds 2^53`);
    }
    return Number(value);
  }

  /** One name of an enumeration. @throws FormatError `unsupported` */
  oneOf<T extends string>(name: string, allowed: readonly T[]): T {
    const value = this.string(name);
    const found = allowed.find((item) => item === value);
    if (found !== undefined) return found;
    throw this.error(
      "unsupported",
      name,
      `${JSON.stringify(value)} is not one of ${allowed.join(", ")}`,
    );
  }

  /** An RFC 3339 time, such as `2021-01-12T11:53:27.5Z`; fractions are cut to milliseconds. */
  time(name: string): Date {
    const text = this.string(name);
    const time = parseRfc3339(text);
    if (time) return time;
    throw this.error("malformed", name, `${JSON.stringify(text)} is not an RFC 3339 time`);
  }

  optionalTime(name: string): Date | undefined {
    return this.has(name) ? this.time(name) : undefined;
  }

  /** @throws FormatError `unknown-field` where the object holds a name that was not asked for. */
  end(): void {
    for (const name in this.#object) {
      if (!this.#asked.has(name)) {
        throw this.error("unknown-field", name, "is not a field of this message");
      }
    }
  }

  /** Path of a field of this object. */
  place(name: string): string {
    if (name === "") return this.#path;
    return this.#path === "" ? name : `${this.#path}.${name}`;
  }

  error(code: FormatErrorCode, name: string, problem: string): FormatError {
    return new FormatError(code, this.#format, this.place(name), problem);
  }

  #required(name: string): Exclude<JsonValue, null> {
    const value = this.raw(name);
    if (value === undefined) throw this.error("missing-field", name, "is missing");
    return value;
  }

  #array(name: string, countMax: number): readonly JsonValue[] {
    const value = this.raw(name) ?? [];
    if (!Array.isArray(value)) {
      throw this.error("wrong-type", name, `${typeName(value)}, not an array`);
    }
    if (value.length > countMax) {
      throw this.error("too-large", name, `${value.length} items; at most ${countMax} are read`);
    }
    return value;
  }

  #base64(text: string, name: string): Uint8Array {
    try {
      return decodeBase64(text);
    } catch (cause) {
      if (!(cause instanceof FormatError)) throw cause;
      throw this.error(cause.code, name, cause.message.replace(/^base64: /, ""));
    }
  }
}

const RFC3339 =
  /^(\d{4})-(\d{2})-(\d{2})T(\d{2}):(\d{2}):(\d{2})(?:\.(\d{1,9}))?(Z|[+-]\d{2}:\d{2})$/;

/** Parses RFC 3339, refusing days and hours that do not exist; undefined where it is malformed. */
export function parseRfc3339(text: string): Date | undefined {
  const parts = RFC3339.exec(text);
  if (!parts) return undefined;
  const milliseconds = (parts[7] ?? "").slice(0, 3).padEnd(3, "0");
  const day = `${parts[1]}-${parts[2]}-${parts[3]}`;
  const clock = `${parts[4]}:${parts[5]}:${parts[6]}`;
  const date = new Date(`${day}T${clock}.${milliseconds}${parts[8]}`);
  if (Number.isNaN(date.getTime())) return undefined;
  // Date accepts 31 February and 24:00: the day must survive a round trip in UTC.
  const probe = new Date(`${day}T00:00:00Z`);
  const exists = !Number.isNaN(probe.getTime()) && probe.toISOString().startsWith(day);
  return exists && Number(parts[4]) < 24 ? date : undefined;
}

export function isObject(value: JsonValue | undefined): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function typeName(value: JsonValue | undefined): string {
  if (value === null || value === undefined) return "nothing";
  return Array.isArray(value) ? "an array" : typeof value === "object" ? "an object" : typeof value;
}
