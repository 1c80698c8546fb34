// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { ReferenceTree } from "../../test/reference-tree.ts";
import { concatBytes } from "../bytes/index.ts";
import { FormatError, type FormatErrorCode } from "../errors/index.ts";
import { verifyConsistency, verifyInclusion } from "../merkle/index.ts";
import {
  bundlePath,
  consistencyProofFromTiles,
  decodeEntryBundle,
  encodeEntryBundle,
  hashInTile,
  inclusionProofFromTiles,
  parseTilePath,
  planInclusion,
  rootFromTiles,
  sliceEntryBundle,
  tilePath,
  type TileReference,
  tilesForConsistency,
  tilesForInclusion,
  widthInTree,
} from "./index.ts";

const sizeMax = 1100;
const tree = new ReferenceTree(sizeMax);
const sizes = [1, 2, 3, 7, 8, 255, 256, 257, 511, 512, 513, 700, 768, 1023, 1024, 1025, 1100];

/** The tile as a log serves it; level 1 is made by hashing full level-0 tiles. */
function tileOf(tile: TileReference): Uint8Array {
  const at = Array.from({ length: tile.width }, (_, i) => tile.index * 256 + i);
  if (tile.level === 0) return concatBytes(...at.map((i) => tree.leafHash(i)));
  const below = at.map((index) => tileOf({ level: tile.level - 1, index, width: 256 }));
  return concatBytes(...below.map((bytes) => hashInTile(bytes, 0, 256)));
}

const cache = new Map<string, Uint8Array>();
function cachedTile(tile: TileReference): Uint8Array {
  const path = tilePath(tile);
  const bytes = cache.get(path) ?? tileOf(tile);
  cache.set(path, bytes);
  return bytes;
}

function refused(action: () => unknown, code: FormatErrorCode): void {
  assert.throws(action, (error) => error instanceof FormatError && error.code === code);
}

test("paths are those of C2SP's examples", () => {
  assert.equal(tilePath({ level: 0, index: 273, width: 112 }), "tile/0/273.p/112");
  assert.equal(tilePath({ level: 1, index: 1, width: 17 }), "tile/1/001.p/17");
  assert.equal(tilePath({ level: 63, index: 1_234_067, width: 256 }), "tile/63/x001/x234/067");
  assert.equal(bundlePath({ index: 1000, width: 256 }), "tile/entries/x001/000");
  assert.equal(bundlePath({ index: 0, width: 1 }), "tile/entries/000.p/1");
});

test("every path is read back, and only in its own spelling", () => {
  const parts = fc.tuple(fc.nat(63), fc.maxSafeNat(), fc.integer({ min: 1, max: 256 }));
  fc.assert(
    fc.property(parts, ([level, index, width]) => {
      assert.deepEqual(parseTilePath(tilePath({ level, index, width })), {
        kind: "tile",
        level,
        index,
        width,
      });
      const bundle = bundlePath({ index, width });
      assert.deepEqual(parseTilePath(bundle), { kind: "entries", index, width });
    }),
  );
  fc.assert(
    fc.property(
      fc.string(),
      fc.nat(63),
      fc.nat(2_000_000),
      fc.nat(),
      (insert, level, index, at) => {
        const path = tilePath({ level, index, width: 7 });
        const cut = at % (path.length + 1);
        const altered = path.slice(0, cut) + insert + path.slice(cut);
        try {
          const read = parseTilePath(altered);
          assert.equal(read.kind === "tile" ? tilePath(read) : bundlePath(read), altered);
        } catch (error) {
          assert.ok(error instanceof FormatError);
        }
      },
    ),
  );
});

test("other spellings are refused, each for its reason", () => {
  const malformed = [
    "",
    "/tile/0/000",
    "tile/0",
    "tile/0/",
    "tile/0/0",
    "tile/0/0000",
    "tile/0/1000",
    "tile/0/x001/x000",
    "tile/0/001/000",
    "tile/0/X001/000",
    "tile/0/000.p",
    "tile/0/000.p/",
    "tile/0/000/p/1",
    "tile/0/000.p/-1",
    "tile/0/000.p/1 ",
    "tile/0/000.p/1\n",
    "tile/data/000",
    "tile/-1/000",
    "tile/0x1/000",
    "tile/1e1/000",
    "tile/entries/000.p/1/",
    `tile/0/${"x001/".repeat(20)}000`,
  ];
  for (const path of malformed) refused(() => parseTilePath(path), "malformed");
  for (const path of ["tile/00/000", "tile/0/x000/001", "tile/0/x000/x001/000", "tile/0/001.p/01"])
    refused(() => parseTilePath(path), "non-canonical");
  for (const path of [
    "tile/64/000",
    "tile/999/000",
    "tile/0/001.p/0",
    "tile/0/001.p/256",
    "tile/0/001.p/9999",
    `tile/0/${"x999/".repeat(5)}999`,
  ])
    refused(() => parseTilePath(path), "out-of-range");
});

test("numbers that no tile has are not written", () => {
  for (const index of [-1, 0.5, Number.NaN, 2 ** 53, Infinity])
    refused(() => bundlePath({ index, width: 1 }), "out-of-range");
  for (const width of [0, -1, 257, 1.5])
    refused(() => bundlePath({ index: 0, width }), "out-of-range");
  for (const level of [-1, 64, 0.5])
    refused(() => tilePath({ level, index: 0, width: 1 }), "out-of-range");
});

test("widths follow from the size alone", () => {
  assert.equal(widthInTree(0, 273, 70_000), 112);
  assert.equal(widthInTree(1, 0, 70_000), 256);
  assert.equal(widthInTree(1, 1, 70_000), 17);
  assert.equal(widthInTree(2, 0, 70_000), 1);
  assert.equal(widthInTree(3, 0, 70_000), 0);
  assert.equal(widthInTree(0, 0, 256), 256);
  assert.equal(widthInTree(1, 0, 256), 1);
  assert.equal(widthInTree(0, 1, 256), 0);
});

test("a bundle is read back, and not when cut, extended or of another width", () => {
  const entry = fc.uint8Array({ maxLength: 300 });
  fc.assert(
    fc.property(fc.array(entry, { minLength: 1, maxLength: 20 }), (entries) => {
      const bundle = encodeEntryBundle(entries);
      assert.deepEqual(decodeEntryBundle(bundle, entries.length), entries);
      for (let length = 0; length < bundle.length; length++)
        refused(() => decodeEntryBundle(bundle.subarray(0, length), entries.length), "truncated");
      refused(() => decodeEntryBundle(bundle, entries.length + 1), "truncated");
      refused(() => decodeEntryBundle(bundle, entries.length - 1), "trailing-data");
      const fewer = encodeEntryBundle(entries.slice(0, -1));
      assert.deepEqual(sliceEntryBundle(bundle, entries.length - 1), fewer);
    }),
  );
});

test("a bundle holds 256 entries of 65,535 bytes, and not one more", () => {
  const large = new Uint8Array(0xffff).fill(7);
  assert.deepEqual(decodeEntryBundle(encodeEntryBundle([large]), 1), [large]);
  refused(() => encodeEntryBundle([new Uint8Array(0x10000)]), "too-large");
  const empty = Array.from({ length: 257 }, () => new Uint8Array(0));
  refused(() => encodeEntryBundle(empty), "too-large");
  assert.equal(decodeEntryBundle(encodeEntryBundle(empty.slice(1)), 256).length, 256);
  refused(() => decodeEntryBundle(new Uint8Array(2 * 257), 257), "trailing-data");
});

test("proofs from tiles are those of the specification, and verify", () => {
  for (const size of sizes) {
    const root = rootFromTiles(size, cachedTile);
    assert.deepEqual(root, tree.root(size));
    for (const index of [0, 1, 5, 254, 255, 256, 300, size - 2, size - 1]) {
      if (index < 0 || index >= size) continue;
      const proof = inclusionProofFromTiles(index, size, cachedTile);
      assert.deepEqual(proof, tree.inclusion(index, size));
      const [leafIndex, treeSize] = [BigInt(index), BigInt(size)];
      verifyInclusion({
        leafIndex,
        treeSize,
        leafHash: tree.leafHash(index),
        proof,
        rootHash: root,
      });
    }
    for (const oldSize of [0, ...sizes].filter((old) => old <= size)) {
      const proof = consistencyProofFromTiles(oldSize, size, cachedTile);
      assert.deepEqual(proof, tree.consistency(oldSize, size));
      verifyConsistency({
        oldSize: BigInt(oldSize),
        newSize: BigInt(size),
        oldRoot: tree.root(oldSize),
        newRoot: root,
        proof,
      });
    }
  }
});

test("a proof asks for the tiles it was announced to need, and no others", () => {
  for (const size of sizes) {
    for (const index of [0, Math.floor(size / 2), size - 1]) {
      const announced = tilesForInclusion(index, size).map(tilePath).sort();
      const asked = new Set<string>();
      inclusionProofFromTiles(index, size, (tile) => {
        asked.add(tilePath(tile));
        return cachedTile(tile);
      });
      assert.deepEqual([...asked].sort(), announced);
      assert.ok(announced.length <= 4);
    }
  }
  assert.deepEqual(tilesForConsistency(0, 1000), []);
});

test("a missing tile and a narrow one are told apart", () => {
  refused(() => inclusionProofFromTiles(3, 700, () => undefined), "missing-field");
  refused(() => inclusionProofFromTiles(3, 700, () => new Uint8Array(32)), "truncated");
});

test("a proof over the largest sizes is planned at once", () => {
  const size = Number.MAX_SAFE_INTEGER;
  assert.equal(planInclusion(0, size).length, 53);
  assert.equal(planInclusion(size - 1, size).length, 52);
  for (const index of [-1, size, 0.5, Number.NaN])
    refused(() => planInclusion(index, size), "out-of-range");
});
