// SPDX-License-Identifier: Apache-2.0

/**
 * Tiled transparency logs (C2SP tlog-tiles): paths, entry bundles, and the proofs that tiles give.
 *
 * A reader takes a verified checkpoint, asks `tilesForInclusion` what to fetch, makes the proof
 * with `inclusionProofFromTiles`, and verifies it with `@chancery/formats/merkle`. Indexes and
 * sizes are numbers: whole, below 2^53. Out of scope: fetching, storing, caching; CT's data tiles.
 */
export {
  bundleEntrySizeBytesMax,
  decodeEntryBundle,
  encodeEntryBundle,
  sliceEntryBundle,
} from "./bundle.ts";
export {
  bundlePath,
  type BundleReference,
  parseTilePath,
  tileHashSizeBytes,
  tileHeight,
  tileLevelMax,
  tilePath,
  type TilePath,
  type TileReference,
  tileWidth,
  widthInTree,
} from "./layout.ts";
export {
  foldPlan,
  type HashPlan,
  type NodeReference,
  planConsistency,
  planInclusion,
  planRoot,
} from "./plan.ts";
export {
  consistencyProofFromTiles,
  hashInTile,
  inclusionProofFromTiles,
  placeInTile,
  rootFromTiles,
  tilesForConsistency,
  tilesForInclusion,
  tilesOfPlans,
  type TileSource,
} from "./proof.ts";
