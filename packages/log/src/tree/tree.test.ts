// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { concatBytes, utf8Bytes } from "@chancery/formats/bytes";
import { leafHash, verifyInclusion } from "@chancery/formats/merkle";
import { ReferenceTree } from "../../../formats/test/reference-tree.ts";
import { LogError } from "../errors.ts";
import { EdgeTree, emptyEdge, TreeReader } from "./index.ts";

const sizeMax = 1600;
const reference = new ReferenceTree(sizeMax);

function grow(tree: EdgeTree, size: number): EdgeTree {
  while (tree.size < size) tree.append(reference.leafHash(tree.size));
  return tree;
}

/** Proofs where everything before `edge` comes from tiles. */
function readerAt(size: number, edge: number): TreeReader {
  const whole = grow(new EdgeTree(emptyEdge), sizeMax);
  const tail = grow(new EdgeTree(whole.edgeAt(edge)), size);
  return new TreeReader(
    (node) => tail.node(node),
    async (level, index) => whole.tile({ level, index, width: 256 }),
  );
}

test("every size has the root of the specification, and its range stands for it", () => {
  const tree = new EdgeTree(emptyEdge);
  for (let size = 0; size <= 600; size++) {
    grow(tree, size);
    assert.deepEqual(tree.root(), reference.root(size));
  }
  assert.equal(tree.range().length, 4);
});

test("a leaf is proven from memory at once, whatever edge the tree goes on from", () => {
  const whole = grow(new EdgeTree(emptyEdge), sizeMax);
  for (const edge of [0, 256, 512, 768, 1024, 1280]) {
    const tree = new EdgeTree(whole.edgeAt(edge));
    for (let size = edge + 1; size <= Math.min(edge + 520, sizeMax); size += 7) {
      grow(tree, size);
      assert.deepEqual(tree.root(), reference.root(size));
      for (const index of [edge, edge + 1, size - 3, size - 2, size - 1]) {
        if (index < edge || index >= size) continue;
        const proof = tree.inclusion(index) as Uint8Array;
        assert.deepEqual(proof, concatBytes(...reference.inclusion(index, size)));
      }
    }
  }
});

test("trimming keeps what later leaves need, and nothing of what tiles hold", () => {
  for (const edge of [256, 512, 1024]) {
    const tree = grow(new EdgeTree(emptyEdge), 1100);
    tree.trim(edge);
    assert.equal(tree.node({ level: 0, index: edge - 1 }), undefined);
    assert.ok(tree.node({ level: 0, index: edge }));
    grow(tree, sizeMax);
    assert.deepEqual(tree.root(), reference.root(sizeMax));
    const fresh = grow(new EdgeTree(tree.edgeAt(edge)), sizeMax);
    assert.deepEqual(fresh.root(), reference.root(sizeMax));
    const proof = concatBytes(...reference.inclusion(edge, sizeMax));
    assert.deepEqual(tree.inclusion(edge), proof);
    assert.equal(tree.inclusion(edge - 1), undefined);
  }
});

test("an edge of other hashes than its size has is refused", () => {
  assert.throws(() => new EdgeTree({ size: 1, levels: [] }), RangeError);
  assert.throws(() => new EdgeTree({ size: 256, levels: [] }), RangeError);
  assert.throws(() => new EdgeTree({ size: 256, levels: [new Uint8Array(31)] }), RangeError);
  assert.throws(() => new EdgeTree({ size: 256, levels: [new Uint8Array(64)] }), RangeError);
});

test("proofs of any leaf and size join memory and tiles", async () => {
  const edges = fc.constantFrom(0, 256, 768, 1024, 1280);
  await fc.assert(
    fc.asyncProperty(edges, fc.nat(), fc.nat(), fc.nat(), async (edge, grown, older, leaf) => {
      const size = Math.min(sizeMax, edge + 1 + (grown % 400));
      const reader = readerAt(size, edge);
      const at = 1 + (older % size);
      const index = leaf % at;
      assert.deepEqual(await reader.inclusion(index, at), reference.inclusion(index, at));
      assert.deepEqual(await reader.consistency(at, size), reference.consistency(at, size));
      assert.deepEqual(await reader.root(at), reference.root(at));
      assert.deepEqual(await reader.leaf(index), reference.leafHash(index));
    }),
    { numRuns: 60 },
  );
});

test("a tile that is missing or short is told as damage", async () => {
  const tail = new EdgeTree(grow(new EdgeTree(emptyEdge), 512).edgeAt(512));
  for (const tile of [undefined, new Uint8Array(8191)]) {
    const reader = new TreeReader(
      (node) => tail.node(node),
      async () => tile,
    );
    await assert.rejects(
      reader.inclusion(3, 512),
      (error) => error instanceof LogError && error.code === "corrupt",
    );
  }
});

test("proofs hold over the boundaries of three tile levels", () => {
  const tree = new EdgeTree(emptyEdge);
  const leaves: Uint8Array[] = [];
  for (const size of [65_535, 65_536, 65_537, 65_792, 65_793]) {
    while (tree.size < size) {
      leaves.push(leafHash(utf8Bytes(String(tree.size))));
      tree.append(leaves.at(-1) as Uint8Array);
    }
    const rootHash = tree.root();
    const edge = size - (size % 256);
    const later = new EdgeTree(tree.edgeAt(edge));
    for (let i = edge; i < size; i++) later.append(leaves[i] as Uint8Array);
    assert.deepEqual(later.root(), rootHash);
    for (const index of [0, 255, 256, 65_279, 65_280, 65_534, 65_536, size - 1]) {
      const packed = index < size ? tree.inclusion(index) : undefined;
      if (!packed) continue;
      const proof = Array.from({ length: packed.length / 32 }, (_, i) =>
        packed.subarray(32 * i, 32 * i + 32),
      );
      const [leafIndex, treeSize] = [BigInt(index), BigInt(size)];
      verifyInclusion({
        leafIndex,
        treeSize,
        leafHash: leaves[index] as Uint8Array,
        proof,
        rootHash,
      });
    }
  }
});
