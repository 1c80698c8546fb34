// SPDX-License-Identifier: Apache-2.0
import { bigintFromBytes } from "../bytes/index.ts";
import { FormatError, type FormatErrorCode } from "../errors/index.ts";
import { decodeOid } from "./oid.ts";

/** Universal tags used by the formats of this project (X.680 §8.4), with their class bits. */
export const Tag = {
  boolean: 0x01,
  integer: 0x02,
  bitString: 0x03,
  octetString: 0x04,
  null: 0x05,
  oid: 0x06,
  enumerated: 0x0a,
  utf8String: 0x0c,
  printableString: 0x13,
  t61String: 0x14,
  ia5String: 0x16,
  utcTime: 0x17,
  generalizedTime: 0x18,
  bmpString: 0x1e,
  sequence: 0x30,
  set: 0x31,
} as const;

/** Tag byte of a context-specific element: `[n]`, primitive unless constructed is asked for. */
export function contextTag(number: number, constructed: boolean): number {
  return 0x80 | (constructed ? 0x20 : 0) | number;
}

/** One DER element: a view into the input, nothing copied. */
export interface DerElement {
  readonly tag: number;
  /** Content octets. */
  readonly content: Uint8Array;
  /** Tag, length and content: what a signature or digest covers. */
  readonly raw: Uint8Array;
}

/**
 * Cursor over DER (X.690 §10, §11): low tag numbers, definite minimal lengths only.
 *
 * A reader walks one level; `sequence()` and its siblings answer a reader of the level below. What
 * is not asked for is not looked at, so the caller states the whole structure and calls `end()`.
 */
export class DerReader {
  /** The bytes of the whole input: levels share them, and hold where they begin and end. */
  readonly #bytes: Uint8Array;
  readonly #format: string;
  /** Offset of `bytes[0]` in the outermost input, for places in errors. */
  readonly #base: number;
  readonly #end: number;
  #offset: number;
  /** Where the content of the element that was read last begins. */
  #content = 0;

  /** @param start and `end`: the part of `bytes` to read, all of it unless given */
  constructor(bytes: Uint8Array, format = "der", base = 0, start = 0, end: number = bytes.length) {
    this.#bytes = bytes;
    this.#format = format;
    this.#base = base;
    this.#offset = start;
    this.#end = end;
  }

  /** True when this level is read to its end. */
  get done(): boolean {
    return this.#offset >= this.#end;
  }

  /** The tag of the next element, or undefined at the end of the level. */
  peek(): number | undefined {
    return this.done ? undefined : this.#bytes[this.#offset];
  }

  /** The next element, whatever its tag. @throws FormatError `truncated` | `non-canonical` */
  any(): DerElement {
    const start = this.#offset;
    const tag = this.#next();
    const bytes = this.#bytes;
    return {
      tag,
      content: bytes.subarray(this.#content, this.#offset),
      raw: bytes.subarray(start, this.#offset),
    };
  }

  /** The next element, which must have the tag. @throws FormatError `wrong-type` */
  element(tag: number): DerElement {
    this.#expect(tag);
    return this.any();
  }

  /** The next element if it has the tag. */
  optional(tag: number): DerElement | undefined {
    return this.peek() === tag ? this.any() : undefined;
  }

  /** Reader of the level below: the content of a constructed element with the tag. */
  enter(tag: number): DerReader {
    this.#expect(tag);
    this.#next();
    return new DerReader(this.#bytes, this.#format, this.#base, this.#content, this.#offset);
  }

  /** As `enter`, where the element may be absent. */
  enterOptional(tag: number): DerReader | undefined {
    return this.peek() === tag ? this.enter(tag) : undefined;
  }

  sequence(): DerReader {
    return this.enter(Tag.sequence);
  }

  set(): DerReader {
    return this.enter(Tag.set);
  }

  /** Dotted text of an OBJECT IDENTIFIER. */
  oid(): string {
    const text = decodeOid(this.#contentOf(Tag.oid));
    if (text === undefined) throw this.error("non-canonical", "malformed object identifier");
    return text;
  }

  /** A signed INTEGER of any size, minimally encoded. */
  integer(): bigint {
    const content = this.integerBytes();
    const value = bigintFromBytes(content);
    return (content[0] as number) < 0x80 ? value : value - (1n << BigInt(8 * content.length));
  }

  /** The content of an INTEGER: two's complement, minimal. */
  integerBytes(): Uint8Array {
    const content = this.#contentOf(Tag.integer);
    if (content.length === 0) throw this.error("malformed", "an empty INTEGER");
    const [first, second] = content as unknown as [number, number | undefined];
    if (
      second !== undefined &&
      ((first === 0 && second < 0x80) || (first === 0xff && second >= 0x80))
    ) {
      throw this.error("non-canonical", "an INTEGER with a superfluous leading byte");
    }
    return content;
  }

  /** A non-negative INTEGER that fits a JavaScript number. @throws FormatError `out-of-range` */
  smallInteger(): number {
    const value = this.integer();
    if (value < 0n || value > BigInt(Number.MAX_SAFE_INTEGER)) {
      throw this.error("out-of-range", `INTEGER ${value}`);
    }
    return Number(value);
  }

  boolean(): boolean {
    const content = this.#contentOf(Tag.boolean);
    if (content.length !== 1 || (content[0] !== 0 && content[0] !== 0xff)) {
      throw this.error("non-canonical", "a BOOLEAN other than 00 or FF");
    }
    return content[0] === 0xff;
  }

  octetString(): Uint8Array {
    return this.#contentOf(Tag.octetString);
  }

  /** The bits of a BIT STRING that must be whole bytes (keys, signatures). */
  bitString(): Uint8Array {
    const content = this.#contentOf(Tag.bitString);
    if (content[0] !== 0) throw this.error("malformed", "a BIT STRING with unused bits");
    return content.subarray(1);
  }

  /** Reads over a NULL where one stands. */
  optionalNull(): void {
    const found = this.optional(Tag.null);
    if (found && found.content.length > 0) throw this.error("malformed", "a NULL with content");
  }

  /** @throws FormatError `trailing-data` unless this level was read to its end. */
  end(): void {
    if (!this.done) {
      throw this.error("trailing-data", `${this.#end - this.#offset} bytes left over`);
    }
  }

  /** An error of this format that names the offset in the outermost input. */
  error(code: FormatErrorCode, problem: string): FormatError {
    return new FormatError(code, this.#format, `byte ${this.#base + this.#offset}`, problem);
  }

  #expect(tag: number): void {
    const found = this.peek();
    if (found !== undefined && found !== tag) {
      throw this.error("wrong-type", `tag ${hexByte(found)} where ${hexByte(tag)} belongs`);
    }
  }

  #contentOf(tag: number): Uint8Array {
    this.#expect(tag);
    this.#next();
    return this.#bytes.subarray(this.#content, this.#offset);
  }

  /** Steps over the next element, setting where its content begins; answers its tag. */
  #next(): number {
    const start = this.#offset;
    const bytes = this.#bytes;
    const end = this.#end;
    if (start >= end) throw this.error("truncated", "an element is missing");
    const tag = bytes[start] as number;
    if ((tag & 0x1f) === 0x1f) throw this.error("unsupported", "tag numbers above 30");
    if (start + 1 >= end) throw this.error("truncated", "the length is missing");
    let length = bytes[start + 1] as number;
    let content = start + 2;
    if (length > 0x7f) {
      const size = length & 0x7f;
      if (size === 0) throw this.error("non-canonical", "indefinite length");
      if (size > 4) throw this.error("too-large", "a length of more than four bytes");
      if (content + size > end) throw this.error("truncated", "the length is cut");
      if (bytes[content] === 0) throw this.error("non-canonical", "length with a leading zero");
      length = 0;
      for (const lengthEnd = content + size; content < lengthEnd; content++) {
        length = length * 256 + (bytes[content] as number);
      }
      if (length < 0x80) throw this.error("non-canonical", "long form of a short length");
    }
    if (length > end - content) {
      throw this.error("truncated", `${length} bytes announced, ${end - content} left`);
    }
    this.#content = content;
    this.#offset = content + length;
    return tag;
  }
}

/**
 * Reads one element that is the whole input.
 * @throws FormatError, among others `trailing-data`
 */
export function readDer<T>(bytes: Uint8Array, format: string, read: (reader: DerReader) => T): T {
  const reader = new DerReader(bytes, format);
  const value = read(reader);
  reader.end();
  return value;
}

function hexByte(byte: number): string {
  return `0x${byte.toString(16).padStart(2, "0")}`;
}
