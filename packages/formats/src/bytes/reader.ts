// SPDX-License-Identifier: Apache-2.0
import { FormatError } from "../errors/index.ts";

/**
 * Cursor over big-endian binary data with length-prefixed vectors, as in TLS (RFC 8446 §3) and
 * SSH. Every read is bounds-checked; `end` refuses what is left over.
 */
export class ByteReader {
  readonly #bytes: Uint8Array;
  readonly #format: string;
  #offset = 0;

  constructor(bytes: Uint8Array, format: string) {
    this.#bytes = bytes;
    this.#format = format;
  }

  get offset(): number {
    return this.#offset;
  }

  get remaining(): number {
    return this.#bytes.length - this.#offset;
  }

  /** A view of the next `length` bytes. @throws FormatError `truncated` */
  bytes(length: number): Uint8Array {
    if (length > this.remaining) {
      throw new FormatError(
        "truncated",
        this.#format,
        `byte ${this.#offset}`,
        `${length} bytes are announced, ${this.remaining} are left`,
      );
    }
    const view = this.#bytes.subarray(this.#offset, this.#offset + length);
    this.#offset += length;
    return view;
  }

  /** An unsigned integer of 1 to 6 bytes. @throws FormatError `truncated` */
  uint(sizeBytes: 1 | 2 | 3 | 4 | 5 | 6): number {
    let value = 0;
    for (const byte of this.bytes(sizeBytes)) value = value * 256 + byte;
    return value;
  }

  /** An unsigned 64-bit integer. @throws FormatError `truncated` */
  uint64(): bigint {
    return (BigInt(this.uint(4)) << 32n) | BigInt(this.uint(4));
  }

  /** A vector prefixed by its length in bytes. @throws FormatError `truncated` */
  vector(prefixBytes: 1 | 2 | 3 | 4): Uint8Array {
    return this.bytes(this.uint(prefixBytes));
  }

  /** @throws FormatError `trailing-data` unless everything was read. */
  end(): void {
    if (this.remaining > 0) {
      throw new FormatError(
        "trailing-data",
        this.#format,
        `byte ${this.#offset}`,
        `${this.remaining} bytes follow the end`,
      );
    }
  }
}

/**
 * Big-endian bytes of an unsigned integer.
 * @throws RangeError for a number that does not fit, which is a mistake of the caller.
 */
export function uintBytes(value: number | bigint, sizeBytes: number): Uint8Array {
  const out = new Uint8Array(sizeBytes);
  let rest = BigInt(value);
  if (rest < 0n || rest >> BigInt(8 * sizeBytes) !== 0n) {
    throw new RangeError(`${value} is not an unsigned integer of ${sizeBytes} bytes`);
  }
  for (let i = sizeBytes - 1; i >= 0; i--) {
    out[i] = Number(rest & 255n);
    rest >>= 8n;
  }
  return out;
}

/** The unsigned integer that big-endian bytes stand for. */
export function bigintFromBytes(bytes: Uint8Array): bigint {
  let hex = "0x0";
  for (const byte of bytes) hex += byte.toString(16).padStart(2, "0");
  return BigInt(hex);
}
