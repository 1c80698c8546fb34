// SPDX-License-Identifier: Apache-2.0
import { emptyRoot, nodeHash } from "@chancery/formats/merkle";
import {
  foldPlan,
  type HashPlan,
  type NodeReference,
  placeInTile,
  planConsistency,
  planInclusion,
  planRoot,
  tileHashSizeBytes,
  tileWidth,
} from "@chancery/formats/tiles";
import { LogError } from "../errors.ts";
import { LruMap } from "./lru-map.ts";

/** Full tiles kept with their inner nodes, 16 kB each. */
const tilesCachedMax = 1024;

/** Gives a full tile, 8,192 bytes, or undefined. */
type FullTileSource = (level: number, index: number) => Promise<Uint8Array | undefined>;

/** Gives a complete node's hash from memory, or undefined. */
type NodeSource = (node: NodeReference) => Uint8Array | undefined;

/**
 * Proofs of any leaf and any two sizes: from memory where the nodes are there, else from full
 * tiles, which are read once and kept. All answers are for sizes up to the tree's.
 */
export class TreeReader {
  readonly #memory: NodeSource;
  readonly #tiles: FullTileSource;
  readonly #cache = new LruMap<string, ExpandedTile>(tilesCachedMax);

  constructor(memory: NodeSource, tiles: FullTileSource) {
    this.#memory = memory;
    this.#tiles = tiles;
  }

  /** The root of the tree when it had `size` leaves. @throws LogError `corrupt` */
  async root(size: number): Promise<Uint8Array> {
    if (size === 0) return emptyRoot();
    const [root] = await this.#hashes([planRoot(size)]);
    return root as Uint8Array;
  }

  /** @throws LogError `corrupt`; FormatError `out-of-range` */
  inclusion(index: number, size: number): Promise<Uint8Array[]> {
    return this.#hashes(planInclusion(index, size));
  }

  /** @throws LogError `corrupt`; FormatError `out-of-range` */
  consistency(oldSize: number, newSize: number): Promise<Uint8Array[]> {
    return this.#hashes(planConsistency(oldSize, newSize));
  }

  /** The hash of a leaf. @throws LogError `corrupt` */
  async leaf(index: number): Promise<Uint8Array> {
    const [hash] = await this.#hashes([[{ level: 0, index }]]);
    return hash as Uint8Array;
  }

  async #hashes(plans: readonly HashPlan[]): Promise<Uint8Array[]> {
    // Memory is asked first and at once: what leaves it meanwhile has become a durable tile before.
    const nodes = plans.flat();
    const held = nodes.map((node) => this.#memory(node)?.slice());
    const hashes = new Map<NodeReference, Uint8Array>();
    for (const [i, node] of nodes.entries()) {
      hashes.set(node, held[i] ?? (await this.#fromTile(node)));
    }
    return plans.map((plan) => foldPlan(plan, (node) => hashes.get(node) as Uint8Array));
  }

  async #fromTile(node: NodeReference): Promise<Uint8Array> {
    const { level, index, first, count } = placeInTile(node);
    const name = `${level}/${index}`;
    let tile = this.#cache.get(name);
    if (!tile) {
      const bytes = await this.#tiles(level, index);
      if (bytes?.length !== tileWidth * tileHashSizeBytes) {
        throw new LogError("corrupt", `tile ${name} is missing or not full`, "run log fsck");
      }
      tile = expand(bytes);
      this.#cache.set(name, tile);
    }
    // A heap: node 1 is the tile's root, 256 to 511 are its hashes.
    const place = tileWidth / count + first / count;
    return tile.subarray(place * tileHashSizeBytes, (place + 1) * tileHashSizeBytes);
  }
}

type ExpandedTile = Uint8Array;

function expand(tile: Uint8Array): ExpandedTile {
  const heap = new Uint8Array(2 * tileWidth * tileHashSizeBytes);
  heap.set(tile, tileWidth * tileHashSizeBytes);
  for (let i = tileWidth - 1; i > 0; i--) {
    const at = 2 * i * tileHashSizeBytes;
    const left = heap.subarray(at, at + tileHashSizeBytes);
    const right = heap.subarray(at + tileHashSizeBytes, at + 2 * tileHashSizeBytes);
    heap.set(nodeHash(left, right), i * tileHashSizeBytes);
  }
  return heap;
}
