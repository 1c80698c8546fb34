// SPDX-License-Identifier: Apache-2.0
import { concatBytes, encodeHex, utf8Bytes } from "@chancery/formats/bytes";
import { type PublicKey, sha256 } from "@chancery/formats/crypto";

/** Bytes of a search key in the log's index: a truncated SHA-256. */
export const searchKeySizeBytes = 16;

/**
 * What an entry can be found by, each hashed with the name of its space before it, so that the text
 * of one space cannot stand for another's: subject alternative names are chosen by whoever signs.
 *
 * `text` is the space of Rekor v1's index, with its spellings: `<hex>` and `sha256:<hex>` of a
 * verifier's PEM, identities, `<algorithm>:<hex>` of artifacts and subjects; in lower case, as its
 * database compares. `key` holds SHA-256 of SubjectPublicKeyInfos, for bare keys and for the keys
 * in certificates alike. `name` holds the names of attestation subjects.
 */
export type SearchSpace = "text" | "key" | "name";

/** Longest text that is hashed as it is searched for; nobody types more. */
export const searchTextLengthMax = 4096;

/** Keys of one entry in all, the log's limit. */
const searchKeysMax = 255;

/** The keys of one entry, without repetition, in the order they were added. */
export class SearchKeys {
  readonly #keys = new Map<string, Uint8Array>();

  /** Adds a key; beyond the log's limit on keys it is left out. */
  add(space: SearchSpace, text: string): this {
    if (this.#keys.size < searchKeysMax && text.length <= searchTextLengthMax) {
      const key = searchKey(space, text);
      this.#keys.set(encodeHex(key), key);
    }
    return this;
  }

  /** Adds the SubjectPublicKeyInfo digest of a key. */
  addKey(key: PublicKey): this {
    return this.add("key", encodeHex(sha256(key.spki)));
  }

  /** Whether the entry is found by it. */
  has(space: SearchSpace, text: string): boolean {
    return this.#keys.has(encodeHex(searchKey(space, text)));
  }

  get size(): number {
    return this.#keys.size;
  }

  /** All keys one after the other, as the log takes them. */
  bytes(): Uint8Array {
    return concatBytes(...this.#keys.values());
  }
}

/** The key under which the log's index knows a text. @returns 16 bytes */
export function searchKey(space: SearchSpace, text: string): Uint8Array {
  const folded = space === "name" ? text : text.toLowerCase();
  return sha256(utf8Bytes(`${space}\0${folded}`)).slice(0, searchKeySizeBytes);
}
