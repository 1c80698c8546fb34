// SPDX-License-Identifier: Apache-2.0
import { tileHashSizeBytes as hashSize } from "@chancery/formats/tiles";

const capacityMin = 256;

/** A row of hashes whose indexes need not begin at zero; grows at the end, shrinks in front. */
export class HashRow {
  #first: number;
  #count = 0;
  #bytes = new Uint8Array(0);

  /** @param first index of the first hash to be pushed. */
  constructor(first: number) {
    this.#first = first;
  }

  /** @param hash 32 bytes, copied. */
  push(hash: Uint8Array): void {
    const end = this.#count * hashSize;
    if (end === this.#bytes.length) {
      const grown = new Uint8Array(Math.max(capacityMin * hashSize, 2 * end));
      grown.set(this.#bytes);
      this.#bytes = grown;
    }
    this.#bytes.set(hash, end);
    this.#count++;
  }

  /** A view of the hash, undefined where the row has none of that index. */
  at(index: number): Uint8Array | undefined {
    const i = index - this.#first;
    if (i < 0 || i >= this.#count) return undefined;
    return this.#bytes.subarray(i * hashSize, (i + 1) * hashSize);
  }

  /** A copy of hashes in sequence, undefined where the row has not all of them. */
  slice(from: number, count: number): Uint8Array | undefined {
    const i = from - this.#first;
    if (i < 0 || i + count > this.#count) return undefined;
    return this.#bytes.slice(i * hashSize, (i + count) * hashSize);
  }

  /** Forgets the hashes of lower index. */
  dropBefore(index: number): void {
    const dropped = Math.min(index - this.#first, this.#count);
    if (dropped <= 0) return;
    // A copy, so that views handed out stay what they were.
    this.#bytes = this.#bytes.slice(dropped * hashSize, this.#count * hashSize);
    this.#first += dropped;
    this.#count -= dropped;
  }
}
