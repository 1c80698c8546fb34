// SPDX-License-Identifier: Apache-2.0
import { FormatError } from "../errors/index.ts";
import { emptyRoot, nodeHash } from "../merkle/index.ts";
import {
  tileHashSizeBytes,
  tileHeight,
  tilePath,
  type TileReference,
  tileWidth,
  widthInTree,
} from "./layout.ts";
import {
  foldPlan,
  type HashPlan,
  type NodeReference,
  planConsistency,
  planInclusion,
  planRoot,
} from "./plan.ts";

/** Gives the bytes of a tile: at least `width` hashes of 32 bytes, or undefined if it has none. */
export type TileSource = (tile: TileReference) => Uint8Array | undefined;

/** The tiles that the hashes of plans are in, each once, as wide as a tree of `size` has them. */
export function tilesOfPlans(plans: readonly HashPlan[], size: number): TileReference[] {
  const tiles = new Map<string, TileReference>();
  for (const node of plans.flat()) {
    const { level, index } = placeInTile(node);
    const tile = { level, index, width: widthInTree(level, index, size) };
    tiles.set(tilePath(tile), tile);
  }
  return [...tiles.values()];
}

/** The tiles that a proof of inclusion needs. @throws FormatError `out-of-range` */
export function tilesForInclusion(index: number, size: number): TileReference[] {
  return tilesOfPlans(planInclusion(index, size), size);
}

/** The tiles that a proof of consistency needs. @throws FormatError `out-of-range` */
export function tilesForConsistency(oldSize: number, newSize: number): TileReference[] {
  return tilesOfPlans(planConsistency(oldSize, newSize), newSize);
}

/**
 * Makes an inclusion proof from tiles (RFC 9162 §2.1.3.1).
 * @throws FormatError `out-of-range`; `missing-field` | `truncated` for tiles that are not there or
 *   too narrow. Does not check the tiles against any root: verify the proof.
 */
export function inclusionProofFromTiles(
  index: number,
  size: number,
  tiles: TileSource,
): Uint8Array[] {
  return planInclusion(index, size).map((plan) => foldPlan(plan, nodeSource(size, tiles)));
}

/** Makes a consistency proof from tiles (RFC 9162 §2.1.4.1). @throws as the inclusion proof */
export function consistencyProofFromTiles(
  oldSize: number,
  newSize: number,
  tiles: TileSource,
): Uint8Array[] {
  const plans = planConsistency(oldSize, newSize);
  return plans.map((plan) => foldPlan(plan, nodeSource(newSize, tiles)));
}

/** The root of a tree of some size, from tiles. @throws as the inclusion proof */
export function rootFromTiles(size: number, tiles: TileSource): Uint8Array {
  return size === 0 ? emptyRoot() : foldPlan(planRoot(size), nodeSource(size, tiles));
}

/** Where the hash of a node is found. */
export function placeInTile(node: NodeReference): {
  readonly level: number;
  readonly index: number;
  /** First of the tile's hashes that are below the node. */
  readonly first: number;
  /** How many there are: 1, 2, 4… 128. */
  readonly count: number;
} {
  const level = Math.floor(node.level / tileHeight);
  const count = 2 ** (node.level % tileHeight);
  const perTile = tileWidth / count;
  const index = Math.floor(node.index / perTile);
  return { level, index, first: (node.index - index * perTile) * count, count };
}

/**
 * The root over a range of a tile's hashes.
 * @param tile hashes of 32 bytes each.
 * @param count a power of two.
 * @throws FormatError `truncated` where the tile is narrower. Does not check the tile.
 */
export function hashInTile(tile: Uint8Array, first: number, count: number): Uint8Array {
  if ((first + count) * tileHashSizeBytes > tile.length) {
    throw new FormatError(
      "truncated",
      "tiles",
      `hash ${first + count - 1}`,
      "the tile is narrower",
    );
  }
  let hashes = Array.from({ length: count }, (_, i) =>
    tile.subarray((first + i) * tileHashSizeBytes, (first + i + 1) * tileHashSizeBytes),
  );
  while (hashes.length > 1) {
    hashes = Array.from({ length: hashes.length / 2 }, (_, i) =>
      nodeHash(hashes[2 * i] as Uint8Array, hashes[2 * i + 1] as Uint8Array),
    );
  }
  return (hashes[0] as Uint8Array).slice();
}

function nodeSource(size: number, tiles: TileSource): (node: NodeReference) => Uint8Array {
  return (node) => {
    const { level, index, first, count } = placeInTile(node);
    const reference = { level, index, width: widthInTree(level, index, size) };
    const tile = tiles(reference);
    if (!tile) throw new FormatError("missing-field", "tiles", tilePath(reference), "is missing");
    return hashInTile(tile, first, count);
  };
}
