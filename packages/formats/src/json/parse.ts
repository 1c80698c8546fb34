// SPDX-License-Identifier: Apache-2.0
import { decodeUtf8 } from "../bytes/index.ts";
import { FormatError, type FormatErrorCode } from "../errors/index.ts";

export type JsonValue = null | boolean | number | bigint | string | JsonValue[] | JsonObject;
export interface JsonObject {
  readonly [name: string]: JsonValue;
}

export interface JsonLimits {
  /** Bytes of the whole text; UTF-16 code units where it comes as a string. */
  readonly sizeBytesMax: number;
  /** Objects and arrays inside one another. */
  readonly depthMax: number;
  /** Values in all, as `{}` takes a hundred times its text in memory. Default 2^20. */
  readonly valuesMax?: number;
}

/** An SBOM of 16 MiB has about 800,000 values. */
const jsonValuesMaxDefault = 1 << 20;

/** Fits every Sigstore document seen; the largest public bundles are below 200 kB. */
export const jsonLimitsDefault: JsonLimits = { sizeBytesMax: 16 << 20, depthMax: 64 };

/**
 * Parses JSON (RFC 8259) more strictly than `JSON.parse`: a name may stand once in an object, UTF-8
 * must be valid, lone surrogates and a byte order mark are refused, size, depth and count are
 * limited.
 * Integers beyond 2^53 come as `bigint`, so that no digit is lost. Objects have no prototype.
 *
 * @throws FormatError `malformed-json` | `duplicate-key` | `too-large` | `too-deep` |
 *   `malformed-utf8` | `trailing-data` | `out-of-range` for a number beyond 1.8e308; the place is a
 *   character offset.
 */
export function parseJson(
  input: Uint8Array | string,
  format = "json",
  limits: JsonLimits = jsonLimitsDefault,
): JsonValue {
  if (input.length > limits.sizeBytesMax) {
    throw new FormatError("too-large", format, "", `more than ${limits.sizeBytesMax} bytes`);
  }
  const text = typeof input === "string" ? input : decodeUtf8(input, format);
  const { depthMax, valuesMax = jsonValuesMaxDefault } = limits;
  const parser = new Parser(text, format, depthMax, valuesMax);
  return parser.document();
}

const NUMBER = /-?(?:0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?/y;
// Digits of a number are quadratic to convert: more than any field needs is refused.
const numberCharsMax = 400;

class Parser {
  readonly #text: string;
  readonly #format: string;
  readonly #depthMax: number;
  readonly #valuesMax: number;
  #offset = 0;
  #values = 0;

  constructor(text: string, format: string, depthMax: number, valuesMax: number) {
    this.#text = text;
    this.#format = format;
    this.#depthMax = depthMax;
    this.#valuesMax = valuesMax;
  }

  document(): JsonValue {
    const value = this.#value(0);
    this.#space();
    if (this.#offset < this.#text.length) throw this.#error("trailing-data", "text after the end");
    return value;
  }

  #value(depth: number): JsonValue {
    if (++this.#values > this.#valuesMax) {
      throw this.#error("too-large", `more than ${this.#valuesMax} values`);
    }
    this.#space();
    switch (this.#text.charCodeAt(this.#offset)) {
      case 0x7b:
        return this.#object(depth + 1);
      case 0x5b:
        return this.#array(depth + 1);
      case 0x22:
        return this.#string();
      case 0x74:
        return this.#word("true", true);
      case 0x66:
        return this.#word("false", false);
      case 0x6e:
        return this.#word("null", null);
      default:
        return this.#number();
    }
  }

  #object(depth: number): JsonObject {
    this.#descend(depth);
    const object: Record<string, JsonValue> = Object.create(null) as Record<string, JsonValue>;
    if (this.#closes(0x7d)) return object;
    for (;;) {
      this.#space();
      if (this.#text.charCodeAt(this.#offset) !== 0x22) {
        throw this.#error("malformed-json", "a name is missing");
      }
      const nameOffset = this.#offset;
      const name = this.#string();
      if (name in object) {
        this.#offset = nameOffset;
        throw this.#error("duplicate-key", `the name ${JSON.stringify(name)} stands twice`);
      }
      this.#space();
      if (this.#text.charCodeAt(this.#offset++) !== 0x3a) {
        this.#offset--;
        throw this.#error("malformed-json", "a colon is missing");
      }
      object[name] = this.#value(depth);
      if (this.#next(0x7d)) return object;
    }
  }

  #array(depth: number): JsonValue[] {
    this.#descend(depth);
    const array: JsonValue[] = [];
    if (this.#closes(0x5d)) return array;
    for (;;) {
      array.push(this.#value(depth));
      if (this.#next(0x5d)) return array;
    }
  }

  #descend(depth: number): void {
    if (depth > this.#depthMax) {
      throw this.#error("too-deep", `more than ${this.#depthMax} levels`);
    }
    this.#offset++;
  }

  /** Whether the level ends at once. */
  #closes(closing: number): boolean {
    this.#space();
    if (this.#text.charCodeAt(this.#offset) !== closing) return false;
    this.#offset++;
    return true;
  }

  /** After a member: true where the level ends, false where a comma announces another. */
  #next(closing: number): boolean {
    this.#space();
    const code = this.#text.charCodeAt(this.#offset);
    if (code !== closing && code !== 0x2c) {
      throw this.#error("malformed-json", this.#ended("a comma or the closing bracket is missing"));
    }
    this.#offset++;
    return code === closing;
  }

  #string(): string {
    const text = this.#text;
    const start = this.#offset + 1;
    let end = start;
    for (; ; end++) {
      const code = text.charCodeAt(end);
      if (code === 0x22) break;
      // Escapes, control characters, surrogates and the end go the careful way.
      if (code === 0x5c || code < 0x20 || code >= 0xd800 || Number.isNaN(code)) {
        return this.#carefulString();
      }
    }
    this.#offset = end + 1;
    return text.slice(start, end);
  }

  #carefulString(): string {
    const text = this.#text;
    const start = this.#offset;
    for (let end = start + 1; ; end++) {
      const code = text.charCodeAt(end);
      if (Number.isNaN(code)) throw this.#error("malformed-json", "a string is not closed");
      if (code === 0x5c) {
        end++;
      } else if (code === 0x22) {
        const value = this.#unescape(text.slice(start, end + 1));
        this.#offset = end + 1;
        return value;
      }
    }
  }

  #unescape(literal: string): string {
    let value: string;
    try {
      // One string literal: the built-in parser knows the escapes and refuses control characters.
      value = JSON.parse(literal) as string;
    } catch (cause) {
      throw new FormatError(
        "malformed-json",
        this.#format,
        `character ${this.#offset}`,
        "a string with a control character or an unknown escape",
        { cause },
      );
    }
    if (!value.isWellFormed()) throw this.#error("malformed-utf8", "a lone surrogate");
    return value;
  }

  #number(): number | bigint {
    NUMBER.lastIndex = this.#offset;
    const match = NUMBER.exec(this.#text);
    if (!match) throw this.#error("malformed-json", this.#ended("not a value"));
    const [digits, fraction, exponent] = match;
    if (digits.length > numberCharsMax) throw this.#error("too-large", "a number's digits");
    const value = Number(digits);
    if (!Number.isFinite(value)) throw this.#error("out-of-range", `number ${digits}`);
    this.#offset += digits.length;
    const integer = fraction === undefined && exponent === undefined;
    return integer && !Number.isSafeInteger(value) ? BigInt(digits) : value;
  }

  #word<T>(word: string, value: T): T {
    if (!this.#text.startsWith(word, this.#offset)) {
      throw this.#error("malformed-json", this.#ended("not a value"));
    }
    this.#offset += word.length;
    return value;
  }

  #space(): void {
    const text = this.#text;
    for (;;) {
      const code = text.charCodeAt(this.#offset);
      if (code !== 0x20 && code !== 0x0a && code !== 0x0d && code !== 0x09) return;
      this.#offset++;
    }
  }

  #ended(otherwise: string): string {
    return this.#offset >= this.#text.length ? "the text ends inside a value" : otherwise;
  }

  #error(code: FormatErrorCode, problem: string): FormatError {
    return new FormatError(code, this.#format, `character ${this.#offset}`, problem);
  }
}
