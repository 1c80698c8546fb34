// SPDX-License-Identifier: Apache-2.0
import { randomBytes } from "@chancery/formats/crypto/node";

const capacityMin = 1024;
const WORDS = 4;

/**
 * Keys of 16 bytes, each with the indexes of the entries it was added for; in memory, append-only.
 *
 * A hash table of chains, newest first, in typed arrays: a Map of strings takes five times the
 * memory. The seed keeps whoever chooses the keys from choosing the chains.
 */
export class KeyTable {
  readonly #seed = new DataView(randomBytes(8).buffer);
  #count = 0;
  #words = new Uint32Array(capacityMin * WORDS);
  #indexes = new Float64Array(capacityMin);
  #older = new Int32Array(capacityMin);
  #newest = new Int32Array(capacityMin).fill(-1);

  /** @param at where in `bytes` the key begins. @param index not below those added before. */
  add(bytes: Uint8Array, at: number, index: number): void {
    if (this.#count === this.#indexes.length) this.#grow();
    const record = this.#count++;
    for (let word = 0; word < WORDS; word++) {
      this.#words[record * WORDS + word] = readWord(bytes, at + 4 * word);
    }
    this.#indexes[record] = index;
    this.#link(record);
  }

  /** Finds the newest indexes of a key within a range, falling, until `found` has `limit`. */
  find(
    key: Uint8Array,
    { from, before }: { readonly from: number; readonly before: number },
    limit: number,
    found: number[],
  ): void {
    const words = this.#words;
    const [a, b] = [readWord(key, 0), readWord(key, 4)];
    const [c, d] = [readWord(key, 8), readWord(key, 12)];
    let record = this.#newest[this.#bucket(a, b)] as number;
    while (record !== -1 && found.length < limit) {
      const at = record * WORDS;
      const index = this.#indexes[record] as number;
      if (index < from) return;
      if (
        words[at] === a &&
        words[at + 1] === b &&
        words[at + 2] === c &&
        words[at + 3] === d &&
        index < before
      ) {
        found.push(index);
      }
      record = this.#older[record] as number;
    }
  }

  #bucket(a: number, b: number): number {
    const mixed =
      Math.imul(a ^ this.#seed.getInt32(0), 0x9e3779b1) ^
      Math.imul(b ^ this.#seed.getInt32(4), 0x85ebca6b);
    return (mixed ^ (mixed >>> 15)) & (this.#newest.length - 1);
  }

  #link(record: number): void {
    const words = this.#words;
    const bucket = this.#bucket(
      words[record * WORDS] as number,
      words[record * WORDS + 1] as number,
    );
    this.#older[record] = this.#newest[bucket] as number;
    this.#newest[bucket] = record;
  }

  #grow(): void {
    const capacity = 2 * this.#indexes.length;
    const words = new Uint32Array(capacity * WORDS);
    words.set(this.#words);
    this.#words = words;
    const indexes = new Float64Array(capacity);
    indexes.set(this.#indexes);
    this.#indexes = indexes;
    this.#older = new Int32Array(capacity);
    this.#newest = new Int32Array(capacity).fill(-1);
    for (let record = 0; record < this.#count; record++) this.#link(record);
  }
}

function readWord(bytes: Uint8Array, at: number): number {
  return (
    (((bytes[at] as number) << 24) |
      ((bytes[at + 1] as number) << 16) |
      ((bytes[at + 2] as number) << 8) |
      (bytes[at + 3] as number)) >>>
    0
  );
}
