// SPDX-License-Identifier: Apache-2.0
// The definitions of RFC 9162 §2.1 written down literally: slow, recursive, and unlike the code
// under test, which never sees a tree.
import { leafHash, nodeHash } from "../src/merkle/index.ts";
import { sha256 } from "../src/crypto/index.ts";

/** A tree over leaves `leaf 0`, `leaf 1`…, any size up to the one given. */
export class ReferenceTree {
  readonly #leaves: Uint8Array[];
  readonly #known = new Map<string, Uint8Array>();

  constructor(size: number) {
    const text = new TextEncoder();
    this.#leaves = Array.from({ length: size }, (_, i) => leafHash(text.encode(`leaf ${i}`)));
  }

  leafHash(index: number): Uint8Array {
    return this.#leaves[index] as Uint8Array;
  }

  /** MTH(D[0:size]). */
  root(size: number): Uint8Array {
    return size === 0 ? sha256(new Uint8Array(0)) : this.#hash(0, size);
  }

  /** PATH(index, D[0:size]) of §2.1.3.1. */
  inclusion(index: number, size: number): Uint8Array[] {
    return this.#path(index, 0, size);
  }

  /** PROOF(oldSize, D[0:newSize]) of §2.1.4.1; empty for an empty older tree. */
  consistency(oldSize: number, newSize: number): Uint8Array[] {
    return oldSize === 0 ? [] : this.#subproof(oldSize, 0, newSize, true);
  }

  #hash(start: number, end: number): Uint8Array {
    if (end - start === 1) return this.#leaves[start] as Uint8Array;
    const name = `${start}:${end}`;
    let hash = this.#known.get(name);
    if (!hash) {
      const middle = start + split(end - start);
      hash = nodeHash(this.#hash(start, middle), this.#hash(middle, end));
      this.#known.set(name, hash);
    }
    return hash;
  }

  #path(m: number, start: number, end: number): Uint8Array[] {
    if (end - start === 1) return [];
    const k = split(end - start);
    return m < k
      ? [...this.#path(m, start, start + k), this.#hash(start + k, end)]
      : [...this.#path(m - k, start + k, end), this.#hash(start, start + k)];
  }

  #subproof(m: number, start: number, end: number, whole: boolean): Uint8Array[] {
    const n = end - start;
    if (m === n) return whole ? [] : [this.#hash(start, end)];
    const k = split(n);
    return m <= k
      ? [...this.#subproof(m, start, start + k, whole), this.#hash(start + k, end)]
      : [...this.#subproof(m - k, start + k, end, false), this.#hash(start, start + k)];
  }
}

/** The largest power of two smaller than n. */
function split(n: number): number {
  let k = 1;
  while (2 * k < n) k *= 2;
  return k;
}
