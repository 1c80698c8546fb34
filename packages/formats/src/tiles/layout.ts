// SPDX-License-Identifier: Apache-2.0
import { FormatError, type FormatErrorCode } from "../errors/index.ts";

/** Levels of the tree that a tile spans. */
export const tileHeight = 8;

/** Hashes of a full tile, entries of a full bundle: 2^`tileHeight`. */
export const tileWidth = 256;

/** Tile levels go from 0 to this (C2SP tlog-tiles). */
export const tileLevelMax = 63;

/** Bytes of a hash in a tile. */
export const tileHashSizeBytes = 32;

/** A tile of hashes; of a partial one, how much of it. */
export interface TileReference {
  /** 0 for leaf hashes, 0 to 63. */
  readonly level: number;
  /** 0-based, counted from the left among the tiles of the level. */
  readonly index: number;
  /** Hashes in it, 1 to 256. */
  readonly width: number;
}

/** A bundle of entries: those whose leaf hashes are in tile (0, `index`). */
export interface BundleReference {
  readonly index: number;
  /** Entries in it, 1 to 256. */
  readonly width: number;
}

/** What a path below a log's prefix names. */
export type TilePath =
  | ({ readonly kind: "tile" } & TileReference)
  | ({ readonly kind: "entries" } & BundleReference);

const FORMAT = "tile path";
const PATH = /^tile\/(entries|[0-9]{1,3})\/((?:x[0-9]{3}\/)*)([0-9]{3})(?:\.p\/([0-9]{1,4}))?$/;
const pathCharsMax = 64;

/**
 * The path of a tile below the log's prefix: `tile/<level>/<index>[.p/<width>]` (C2SP tlog-tiles).
 * @throws FormatError `out-of-range` for a level, index or width that no tile has.
 */
export function tilePath(tile: TileReference): string {
  checkWhole(tile.level, 0, tileLevelMax, "level");
  return `tile/${tile.level}/${indexPath(tile)}`;
}

/**
 * The path of an entry bundle below the log's prefix: `tile/entries/<index>[.p/<width>]`.
 * @throws FormatError `out-of-range`
 */
export function bundlePath(bundle: BundleReference): string {
  return `tile/entries/${indexPath(bundle)}`;
}

/**
 * Reads the path of a tile or bundle, without a leading slash. Takes only the spelling that
 * `tilePath` and `bundlePath` make: one resource, one path, as caches need it.
 *
 * @throws FormatError `malformed` | `non-canonical` for leading zeros and empty groups |
 *   `out-of-range`. Does not check that any tree has the tile.
 */
export function parseTilePath(path: string): TilePath {
  if (path.length > pathCharsMax) throw error("malformed", "", "is longer than any tile's path");
  const match = PATH.exec(path);
  if (!match) throw error("malformed", "", "is not of the form tile/<level>/<index>[.p/<width>]");
  const [, where = "", groups = "", last = "", partial] = match;
  if (groups.startsWith("x000"))
    throw error("non-canonical", "index", "begins with an empty group");
  const index = Number(groups.replaceAll(/[x/]/g, "") + last);
  checkWhole(index, 0, Number.MAX_SAFE_INTEGER, "index");
  const width = partial === undefined ? tileWidth : decimal(partial, "width");
  checkWhole(width, 1, partial === undefined ? tileWidth : tileWidth - 1, "width");
  if (where === "entries") return { kind: "entries", index, width };
  const level = decimal(where, "level");
  checkWhole(level, 0, tileLevelMax, "level");
  return { kind: "tile", level, index, width };
}

/**
 * How many hashes tile (level, index) has in a tree: 256 where it is full, 0 where it has none.
 * For a bundle the level is 0.
 * @param size number of leaves, a whole number.
 */
export function widthInTree(level: number, index: number, size: number): number {
  const hashes = Math.floor(size / tileWidth ** level);
  return Math.max(0, Math.min(tileWidth, hashes - index * tileWidth));
}

function indexPath({ index, width }: BundleReference): string {
  checkWhole(index, 0, Number.MAX_SAFE_INTEGER, "index");
  checkWhole(width, 1, tileWidth, "width");
  const digits = String(index);
  const groups = digits.padStart(Math.ceil(digits.length / 3) * 3, "0").match(/.{3}/g) ?? [];
  const path = groups.map((group, i) => (i < groups.length - 1 ? `x${group}` : group)).join("/");
  return width === tileWidth ? path : `${path}.p/${width}`;
}

function decimal(text: string, place: string): number {
  if (text.length > 1 && text.startsWith("0")) {
    throw error("non-canonical", place, "has a leading zero");
  }
  return Number(text);
}

function checkWhole(value: number, min: number, max: number, place: string): void {
  if (!Number.isSafeInteger(value) || value < min || value > max) {
    throw error("out-of-range", place, `${value} is not within ${min} to ${max}`);
  }
}

function error(code: FormatErrorCode, place: string, problem: string): FormatError {
  return new FormatError(code, FORMAT, place, problem);
}
