// SPDX-License-Identifier: Apache-2.0
import { FormatError } from "../errors/index.ts";
import { nodeHash } from "../merkle/index.ts";

/** A node over a perfect subtree: the leaves from index·2^level to (index + 1)·2^level. */
export interface NodeReference {
  /** 0 for leaf hashes. */
  readonly level: number;
  readonly index: number;
}

/**
 * A hash of a proof as the perfect subtrees it is made from, left to right, of falling level: one
 * where it is a node itself, several where it spans the ragged right edge of the tree.
 */
export type HashPlan = readonly NodeReference[];

/**
 * The nodes that make the root of a tree; none for the empty tree.
 * @param size number of leaves.
 * @throws FormatError `out-of-range` unless it is a whole number below 2^53.
 */
export function planRoot(size: number): HashPlan {
  checkSize(size);
  return subtrees(0, size);
}

/**
 * The hashes of an inclusion proof (RFC 9162 §2.1.3.1), in its order.
 * @param index 0-based, below `size`.
 * @throws FormatError `out-of-range`
 */
export function planInclusion(index: number, size: number): HashPlan[] {
  checkSize(size);
  if (!Number.isSafeInteger(index) || index < 0 || index >= size) {
    throw outOfRange(`a tree of ${size} leaves has no leaf of index ${index}`);
  }
  return siblings(0, index, size);
}

/**
 * The hashes of a consistency proof (RFC 9162 §2.1.4.1), in its order; none where the older tree is
 * empty or the same.
 * @throws FormatError `out-of-range`, also where the older tree is the larger one.
 */
export function planConsistency(oldSize: number, newSize: number): HashPlan[] {
  checkSize(newSize);
  checkSize(oldSize);
  if (oldSize > newSize) throw outOfRange(`${oldSize} leaves are more than ${newSize}`);
  if (oldSize === 0 || oldSize === newSize) return [];
  // The proof is the path of the last old leaf, begun at the largest complete subtree it ends.
  let level = 0;
  let last = oldSize;
  while (last % 2 === 0) {
    last /= 2;
    level++;
  }
  const path = siblings(level, last - 1, newSize);
  return last === 1 ? path : [[{ level, index: last - 1 }], ...path];
}

/**
 * Makes the hash of a plan.
 * @param hashOf the hash of a node, 32 bytes.
 * @throws FormatError `missing-field` for a plan without nodes; what `hashOf` throws.
 */
export function foldPlan(plan: HashPlan, hashOf: (node: NodeReference) => Uint8Array): Uint8Array {
  const hash = plan.reduceRight<Uint8Array | undefined>(
    (right, node) => (right === undefined ? hashOf(node) : nodeHash(hashOf(node), right)),
    undefined,
  );
  if (hash === undefined) throw new FormatError("missing-field", "tiles", "plan", "has no nodes");
  return hash;
}

/** The siblings on the way from a node to the root, lowest first. */
function siblings(level: number, index: number, size: number): HashPlan[] {
  const plans: HashPlan[] = [];
  let [at, last, span] = [index, Math.floor((size - 1) / 2 ** level), 2 ** level];
  while (last > 0) {
    const sibling = at % 2 === 0 ? at + 1 : at - 1;
    // Where the node is the last of its level and a left child, it has no sibling.
    if (sibling <= last) plans.push(subtrees(sibling * span, Math.min(size, (sibling + 1) * span)));
    at = Math.floor(at / 2);
    last = Math.floor(last / 2);
    span *= 2;
  }
  return plans;
}

/** The perfect subtrees of leaves `start` to `end`, where `start` is aligned to what follows. */
function subtrees(start: number, end: number): NodeReference[] {
  const nodes: NodeReference[] = [];
  let from = start;
  for (let level = Math.floor(Math.log2(Math.max(1, end - start))) + 1; level >= 0; level--) {
    const span = 2 ** level;
    if (end - from < span) continue;
    nodes.push({ level, index: from / span });
    from += span;
  }
  return nodes;
}

function checkSize(size: number): void {
  if (!Number.isSafeInteger(size) || size < 0) throw outOfRange(`${size} is not a tree size`);
}

function outOfRange(problem: string): FormatError {
  return new FormatError("out-of-range", "tiles", "", problem);
}
