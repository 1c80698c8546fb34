// SPDX-License-Identifier: Apache-2.0
import type { SearchableLog } from "../transparency-log.ts";

/** A tree among those that are searched as one. */
interface JoinedTree {
  readonly log: SearchableLog;
  /** Entries in the trees before. */
  readonly offset: number;
}

/**
 * Several trees as one to search in, by virtual indexes: those of a tree follow the ones before.
 * Only the last may grow, and each began after the one before had ended, so that times do not fall.
 * @param trees oldest first
 */
export function joinTrees(trees: readonly [JoinedTree, ...JoinedTree[]]): SearchableLog {
  const treeOf = (index: number): JoinedTree =>
    trees.findLast(({ offset }) => offset <= index) ?? trees[0];
  const last = trees.at(-1) ?? trees[0];
  return {
    head: () => {
      const head = last.log.head();
      return { ...head, size: last.offset + head.size };
    },
    entry: async (index) => {
      const { log, offset } = treeOf(index);
      return { ...(await log.entry(index - offset)), index };
    },
    search: async (keyHash, { before = Infinity, limit }) => {
      const found: number[] = [];
      for (const { log, offset } of trees.toReversed()) {
        if (found.length === limit) break;
        if (before <= offset) continue;
        const page = { before: before - offset, limit: limit - found.length };
        const inTree = await log.search(keyHash, page);
        found.push(...inTree.map((index) => index + offset));
      }
      return found;
    },
  };
}
