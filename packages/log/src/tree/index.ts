// SPDX-License-Identifier: Apache-2.0

/** The Merkle tree of a log: its growing end in memory, the rest in full tiles. Does no I/O. */
export { EdgeTree, emptyEdge, type TreeEdge } from "./edge-tree.ts";
export { LruMap } from "./lru-map.ts";
export { TreeReader } from "./tree-reader.ts";
