// SPDX-License-Identifier: Apache-2.0
import { emptyRoot, nodeHash } from "@chancery/formats/merkle";
import {
  type NodeReference,
  planRoot,
  tileHashSizeBytes,
  tileHeight,
  type TileReference,
  tileWidth,
} from "@chancery/formats/tiles";
import { HashRow } from "./hash-row.ts";

/**
 * The hashes that are needed to go on from a tree whose full tiles are elsewhere: for each tile
 * level from 1 upward, the hashes of the tile that is not full yet.
 */
export interface TreeEdge {
  /** Leaves, a multiple of 256. */
  readonly size: number;
  /** `levels[0]` is tile level 1: floor(size / 256^(i+1)) mod 256 hashes of 32 bytes, in one. */
  readonly levels: readonly Uint8Array[];
}

export const emptyEdge: TreeEdge = { size: 0, levels: [] };

/**
 * The growing end of a tree in memory: all nodes from the first tile that was not full at `edge`.
 *
 * Appending costs one hash a leaf. `inclusion` proves any leaf appended since the edge from here
 * alone. Nodes are complete subtrees and never change; the ragged edge is in `#ragged`, made once
 * per size.
 */
export class EdgeTree {
  readonly #rows: HashRow[] = [];
  #size: number;
  #ragged: RaggedEdge | undefined;

  /** @throws RangeError where the edge is not one, which is a mistake of the caller. */
  constructor(edge: TreeEdge) {
    if (edge.size % tileWidth !== 0) throw new RangeError(`an edge at ${edge.size}`);
    this.#size = edge.size;
    let hashes = edge.size;
    for (let level = 0; hashes > 0; level++) {
      const inTile =
        level === 0 ? new Uint8Array(0) : (edge.levels[level - 1] ?? new Uint8Array(0));
      if (inTile.length !== (hashes % tileWidth) * tileHashSizeBytes) {
        throw new RangeError(`the edge at ${edge.size} has other hashes at tile level ${level}`);
      }
      this.#fillTile(level, hashes - (hashes % tileWidth), inTile);
      hashes = Math.floor(hashes / tileWidth);
    }
  }

  /** Number of leaves. */
  get size(): number {
    return this.#size;
  }

  /** @param leafHash 32 bytes, copied. */
  append(leafHash: Uint8Array): void {
    let index = this.#size;
    let hash = leafHash;
    this.#row(0).push(hash);
    for (let level = 0; index % 2 === 1; level++) {
      hash = nodeHash(this.#row(level).at(index - 1) as Uint8Array, hash);
      index = (index - 1) / 2;
      this.#row(level + 1).push(hash);
    }
    this.#size++;
    this.#ragged = undefined;
  }

  /** 32 bytes. */
  root(): Uint8Array {
    return this.#raggedEdge().root;
  }

  /** The hashes of `planRoot(size)`, left to right: with the size they stand for the whole tree. */
  range(): Uint8Array[] {
    return planRoot(this.#size).map((node) => this.node(node) as Uint8Array);
  }

  /** The hash of a complete node, a view; undefined where it is not in memory or not complete. */
  node({ level, index }: NodeReference): Uint8Array | undefined {
    return this.#rows[level]?.at(index);
  }

  /** The first hashes of a tile, a copy; undefined where they are not (all) in memory. */
  tile({ level, index, width }: TileReference): Uint8Array | undefined {
    return this.#rows[level * tileHeight]?.slice(index * tileWidth, width);
  }

  /**
   * The inclusion proof of a leaf in the tree as it is.
   * @param index at or after the size of the edge that was last kept.
   * @returns hashes of 32 bytes in one array, leaf to root; undefined where not in memory.
   */
  inclusion(index: number): Uint8Array | undefined {
    const { ragged } = this.#raggedEdge();
    const proof = new Uint8Array(tileHashSizeBytes * (ragged.length + 1));
    let length = 0;
    let [at, last] = [index, this.#size - 1];
    for (let level = 0; last > 0; level++) {
      const sibling = at % 2 === 0 ? at + 1 : at - 1;
      if (sibling <= last) {
        // The last node of a level may be ragged, and then it is not among the complete ones.
        const hash =
          this.#rows[level]?.at(sibling) ?? (sibling === last ? ragged[level] : undefined);
        if (hash === undefined) return undefined;
        proof.set(hash, length);
        length += tileHashSizeBytes;
      }
      at = Math.floor(at / 2);
      last = Math.floor(last / 2);
    }
    return proof.subarray(0, length);
  }

  /** What is needed to go on from a smaller size. @param size a multiple of 256. */
  edgeAt(size: number): TreeEdge {
    const levels: Uint8Array[] = [];
    let hashes = Math.floor(size / tileWidth);
    for (let level = 1; hashes > 0; level++) {
      const start = hashes - (hashes % tileWidth);
      const row = this.#row(level * tileHeight);
      levels.push(row.slice(start, hashes - start) as Uint8Array);
      hashes = Math.floor(hashes / tileWidth);
    }
    return { size, levels };
  }

  /** Forgets what `edgeAt(size)` does not need. */
  trim(size: number): void {
    for (const [level, row] of this.#rows.entries()) row.dropBefore(firstKept(level, size));
  }

  #raggedEdge(): RaggedEdge {
    this.#ragged ??= this.#computeRagged();
    return this.#ragged;
  }

  #computeRagged(): RaggedEdge {
    const ragged: (Uint8Array | undefined)[] = [undefined];
    let hash: Uint8Array | undefined;
    let count = this.#size;
    for (let level = 0; count > 0; level++) {
      if (count % 2 === 1) {
        const left = this.#row(level).at(count - 1) as Uint8Array;
        hash = hash === undefined ? left : nodeHash(left, hash);
      }
      ragged.push(hash);
      count = Math.floor(count / 2);
    }
    return { root: hash?.slice() ?? emptyRoot(), ragged };
  }

  #row(level: number): HashRow {
    const known = this.#rows[level];
    if (known) return known;
    // Rows are made from the bottom up; one that is missing so far has no hashes yet.
    for (let missing = this.#rows.length; missing <= level; missing++) {
      this.#rows.push(new HashRow(firstKept(missing, this.#size)));
    }
    return this.#rows[level] as HashRow;
  }

  /** Puts the hashes of a tile that is not full in their rows, with the nodes above them. */
  #fillTile(level: number, start: number, hashes: Uint8Array): void {
    for (let height = 0; height < tileHeight; height++) {
      this.#row(level * tileHeight + height);
    }
    const count = hashes.length / tileHashSizeBytes;
    for (let i = 0; i < count; i++) {
      let hash = hashes.subarray(i * tileHashSizeBytes, (i + 1) * tileHashSizeBytes);
      let index = start + i;
      this.#row(level * tileHeight).push(hash);
      for (let height = 0; index % 2 === 1 && height < tileHeight - 1; height++) {
        hash = nodeHash(this.#row(level * tileHeight + height).at(index - 1) as Uint8Array, hash);
        index = (index - 1) / 2;
        this.#row(level * tileHeight + height + 1).push(hash);
      }
    }
  }
}

interface RaggedEdge {
  readonly root: Uint8Array;
  /** By level, the hash over the leaves after the last complete node; undefined where none are. */
  readonly ragged: readonly (Uint8Array | undefined)[];
}

/** The first node of a level that is in the tile where the level's growth goes on. */
function firstKept(level: number, size: number): number {
  const tileLevel = Math.floor(level / tileHeight);
  const tile = Math.floor(size / tileWidth ** (tileLevel + 1));
  return tile * 2 ** (tileHeight - (level % tileHeight));
}
