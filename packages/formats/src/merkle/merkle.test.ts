// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { ReferenceTree } from "../../test/reference-tree.ts";
import { bytesEqual, encodeHex, utf8Bytes } from "../bytes/index.ts";
import {
  consistencyProofLength,
  emptyRoot,
  inclusionProofLength,
  leafHash,
  MerkleError,
  type MerkleErrorCode,
  nodeHash,
  rootFromInclusion,
  verifyConsistency,
  verifyInclusion,
} from "./index.ts";

const sizeMax = 130;
const tree = new ReferenceTree(sizeMax);
const int64Max = 0x7fff_ffff_ffff_ffffn;

type Inclusion = Parameters<typeof verifyInclusion>[0];
type Consistency = Parameters<typeof verifyConsistency>[0];

function inclusion(index: number, size: number): Inclusion {
  return {
    leafIndex: BigInt(index),
    treeSize: BigInt(size),
    leafHash: tree.leafHash(index),
    proof: tree.inclusion(index, size),
    rootHash: tree.root(size),
  };
}

function consistency(oldSize: number, newSize: number): Consistency {
  return {
    oldSize: BigInt(oldSize),
    newSize: BigInt(newSize),
    oldRoot: tree.root(oldSize),
    newRoot: tree.root(newSize),
    proof: tree.consistency(oldSize, newSize),
  };
}

function refused(check: () => void, ...codes: readonly MerkleErrorCode[]): void {
  assert.throws(check, (error) => error instanceof MerkleError && codes.includes(error.code));
}

function flip(bytes: Uint8Array, bit: number): Uint8Array {
  return bytes.map((byte, i) => (i === bit >> 3 ? byte ^ (1 << (bit & 7)) : byte));
}

function replace(proof: readonly Uint8Array[], index: number, hash: Uint8Array): Uint8Array[] {
  return proof.map((old, i) => (i === index ? hash : old));
}

test("leaves, nodes and the empty tree hash as RFC 6962 says", () => {
  // Vectors of certificate-transparency's reference implementation.
  const empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
  assert.equal(encodeHex(emptyRoot()), empty);
  const none = "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d";
  assert.equal(encodeHex(leafHash(new Uint8Array(0))), none);
  const text = "395aa064aa4c29f7010acfe3f25db9485bbd4b91897b6ad7ad547639252b4d56";
  assert.equal(encodeHex(leafHash(utf8Bytes("L123456"))), text);
  const node = "aa217fe888e47007fa15edab33c2b492a722cb106c64667fc2b044444de66bbb";
  assert.equal(encodeHex(nodeHash(utf8Bytes("N123"), utf8Bytes("N456"))), node);
});

test("every leaf of every tree up to 130 leaves is proven, by a proof of the stated length", () => {
  for (let size = 1; size <= sizeMax; size++) {
    for (let index = 0; index < size; index++) {
      const good = inclusion(index, size);
      verifyInclusion(good);
      assert.equal(good.proof.length, inclusionProofLength(BigInt(index), BigInt(size)));
    }
  }
});

test("every pair of trees up to 130 leaves is proven consistent", () => {
  for (let newSize = 0; newSize <= sizeMax; newSize++) {
    for (let oldSize = 0; oldSize <= newSize; oldSize++) {
      const good = consistency(oldSize, newSize);
      verifyConsistency(good);
      const length = consistencyProofLength(BigInt(oldSize), BigInt(newSize));
      assert.equal(good.proof.length, length);
    }
  }
});

test("every single flipped bit of an inclusion proof is refused", () => {
  for (const size of [1, 2, 3, 5, 8, 11]) {
    for (let index = 0; index < size; index++) {
      const good = inclusion(index, size);
      for (let bit = 0; bit < 256; bit++) {
        const root = { ...good, rootHash: flip(good.rootHash, bit) };
        refused(() => verifyInclusion(root), "root-mismatch");
        const leaf = { ...good, leafHash: flip(good.leafHash, bit) };
        refused(() => verifyInclusion(leaf), "root-mismatch");
        for (const [i, hash] of good.proof.entries()) {
          const proof = replace(good.proof, i, flip(hash, bit));
          refused(() => verifyInclusion({ ...good, proof }), "root-mismatch");
        }
      }
    }
  }
});

test("every single flipped bit of a consistency proof is refused", () => {
  const codes = ["root-mismatch", "old-root-mismatch"] as const;
  for (const [oldSize, newSize] of [
    [0, 3],
    [1, 2],
    [2, 3],
    [3, 7],
    [4, 9],
    [6, 8],
    [7, 7],
  ]) {
    const good = consistency(oldSize as number, newSize as number);
    for (let bit = 0; bit < 256; bit++) {
      // The proof for an empty tree says nothing about the newer root.
      if (oldSize !== 0) {
        const newer = { ...good, newRoot: flip(good.newRoot, bit) };
        refused(() => verifyConsistency(newer), "root-mismatch");
      }
      refused(() => verifyConsistency({ ...good, oldRoot: flip(good.oldRoot, bit) }), ...codes);
      for (const [i, hash] of good.proof.entries()) {
        const proof = replace(good.proof, i, flip(hash, bit));
        refused(() => verifyConsistency({ ...good, proof }), ...codes);
      }
    }
  }
});

test("a flipped bit anywhere is refused in trees of any shape", () => {
  const sizes = fc.integer({ min: 1, max: sizeMax });
  const parts = fc.tuple(sizes, fc.nat(), fc.nat(), fc.nat(255));
  fc.assert(
    fc.property(parts, ([size, indexSeed, hashSeed, bit]) => {
      const good = inclusion(indexSeed % size, size);
      const at = hashSeed % (good.proof.length + 2);
      const bad =
        at === 0
          ? { ...good, leafHash: flip(good.leafHash, bit) }
          : at === 1
            ? { ...good, rootHash: flip(good.rootHash, bit) }
            : {
                ...good,
                proof: replace(good.proof, at - 2, flip(good.proof[at - 2] as Uint8Array, bit)),
              };
      refused(() => verifyInclusion(bad), "root-mismatch");
    }),
  );
  fc.assert(
    fc.property(parts, ([size, oldSeed, hashSeed, bit]) => {
      const good = consistency(1 + (oldSeed % size), size);
      if (good.proof.length === 0) return;
      const at = hashSeed % good.proof.length;
      const proof = replace(good.proof, at, flip(good.proof[at] as Uint8Array, bit));
      refused(() => verifyConsistency({ ...good, proof }), "root-mismatch", "old-root-mismatch");
    }),
  );
});

test("a proof with a hash too few or too many is refused", () => {
  const extra = tree.leafHash(0);
  for (let size = 1; size <= 40; size++) {
    for (let index = 0; index < size; index++) {
      const good = inclusion(index, size);
      const longer = { ...good, proof: [...good.proof, extra] };
      refused(() => verifyInclusion(longer), "proof-too-long");
      refused(() => rootFromInclusion(longer), "proof-too-long");
      for (let length = 0; length < good.proof.length; length++) {
        const shorter = { ...good, proof: good.proof.slice(0, length) };
        refused(() => verifyInclusion(shorter), "proof-too-short");
      }
      const between = consistency(index, size);
      const more = { ...between, proof: [...between.proof, extra] };
      refused(() => verifyConsistency(more), "proof-too-long");
      for (let length = 0; length < between.proof.length; length++) {
        const fewer = { ...between, proof: between.proof.slice(0, length) };
        refused(() => verifyConsistency(fewer), "proof-too-short");
      }
    }
  }
});

test("a proof does not hold for another index", () => {
  for (let size = 2; size <= 40; size++) {
    for (let index = 0; index < size; index++) {
      for (let other = 0; other < size; other++) {
        if (other === index) continue;
        const bad = { ...inclusion(index, size), leafIndex: BigInt(other) };
        refused(() => verifyInclusion(bad), "root-mismatch", "proof-too-short", "proof-too-long");
      }
    }
  }
});

test("a consistency proof does not hold for another older size", () => {
  for (let newSize = 2; newSize <= 40; newSize++) {
    for (let oldSize = 1; oldSize < newSize; oldSize++) {
      for (let other = 0; other < newSize; other++) {
        if (other === oldSize) continue;
        const bad = { ...consistency(oldSize, newSize), oldSize: BigInt(other) };
        assert.throws(() => verifyConsistency(bad), MerkleError);
      }
    }
  }
});

test("an index outside the tree is refused", () => {
  const good = inclusion(2, 5);
  for (const leafIndex of [-1n, 5n, 6n, int64Max, int64Max + 1n]) {
    refused(() => verifyInclusion({ ...good, leafIndex }), "index-out-of-range");
  }
  refused(
    () => verifyInclusion({ ...good, leafIndex: 0n, treeSize: 0n, proof: [] }),
    "index-out-of-range",
  );
});

test("sizes outside int64 and trees that shrink are refused", () => {
  const good = inclusion(2, 5);
  for (const treeSize of [-1n, int64Max + 1n, 1n << 64n]) {
    refused(() => verifyInclusion({ ...good, treeSize }), "size-out-of-range");
    const older = { ...consistency(2, 5), oldSize: treeSize };
    refused(() => verifyConsistency(older), "size-out-of-range");
    const newer = { ...consistency(2, 5), newSize: treeSize };
    refused(() => verifyConsistency(newer), "size-out-of-range");
  }
  const shrunk = { ...consistency(5, 5), oldSize: 6n };
  refused(() => verifyConsistency(shrunk), "size-out-of-range");
});

test("hashes of other lengths are refused", () => {
  const good = inclusion(2, 5);
  const between = consistency(3, 5);
  for (const length of [0, 31, 33, 64]) {
    const hash = new Uint8Array(length);
    refused(() => verifyInclusion({ ...good, leafHash: hash }), "hash-malformed");
    refused(() => verifyInclusion({ ...good, rootHash: hash }), "hash-malformed");
    refused(() => verifyConsistency({ ...between, oldRoot: hash }), "hash-malformed");
    refused(() => verifyConsistency({ ...between, newRoot: hash }), "hash-malformed");
    for (let i = 0; i < good.proof.length; i++) {
      const proof = replace(good.proof, i, hash);
      refused(() => verifyInclusion({ ...good, proof }), "hash-malformed");
    }
    for (let i = 0; i < between.proof.length; i++) {
      const proof = replace(between.proof, i, hash);
      refused(() => verifyConsistency({ ...between, proof }), "hash-malformed");
    }
  }
});

test("a tree of 2^62 and more leaves is proven, and a border as long as can be", () => {
  const random = (i: number): Uint8Array => leafHash(utf8Bytes(`sibling ${i}`));
  for (const [leafIndex, treeSize] of [
    [0n, int64Max],
    [int64Max - 1n, int64Max],
    [1n << 62n, int64Max],
    [(1n << 62n) + 1n, (1n << 62n) + 2n],
  ] as const) {
    const length = inclusionProofLength(leafIndex, treeSize);
    assert.ok(length <= 63, `${length}`);
    const proof = Array.from({ length }, (_, i) => random(i));
    const rootHash = rootFromInclusion({ leafIndex, treeSize, leafHash: random(99), proof });
    // Computed from the bits of the last leaf's path, as RFC 9162 §2.1.3.2 walks it.
    assert.ok(bytesEqual(rootHash, rfcRoot(leafIndex, treeSize, random(99), proof)));
    verifyInclusion({ leafIndex, treeSize, leafHash: random(99), proof, rootHash });
  }
});

test("the empty tree has one root, and extends to every other", () => {
  verifyConsistency(consistency(0, 0));
  verifyConsistency(consistency(0, 7));
  const other = tree.root(1);
  refused(() => verifyConsistency({ ...consistency(0, 7), oldRoot: other }), "old-root-mismatch");
  const both = { ...consistency(0, 0), oldRoot: other, newRoot: other };
  refused(() => verifyConsistency(both), "old-root-mismatch");
  refused(() => verifyConsistency({ ...consistency(0, 0), newRoot: other }), "root-mismatch");
});

/** RFC 9162 §2.1.3.2, step by step. */
function rfcRoot(
  leafIndex: bigint,
  treeSize: bigint,
  leaf: Uint8Array,
  proof: readonly Uint8Array[],
): Uint8Array {
  let [fn, sn, r] = [leafIndex, treeSize - 1n, leaf];
  for (const p of proof) {
    assert.notEqual(sn, 0n);
    if ((fn & 1n) === 1n || fn === sn) {
      r = nodeHash(p, r);
      while ((fn & 1n) === 0n && fn !== 0n) [fn, sn] = [fn >> 1n, sn >> 1n];
    } else {
      r = nodeHash(r, p);
    }
    [fn, sn] = [fn >> 1n, sn >> 1n];
  }
  assert.equal(sn, 0n);
  return r;
}
