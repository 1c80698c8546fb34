// SPDX-License-Identifier: Apache-2.0
import type { Receipt } from "@chancery/log";
import type { TransparencyLog } from "./transparency-log.ts";

/** Told of each append when it is over. @param receipt undefined where it failed */
export type AppendObserver = (receipt: Receipt | undefined, durationMs: number) => void;

/** The same log, of whose appends somebody is told. */
export function observeAppends(log: TransparencyLog, observe: AppendObserver): TransparencyLog {
  return {
    async append(entry) {
      const begun = performance.now();
      let receipt: Receipt | undefined;
      try {
        receipt = await log.append(entry);
        return receipt;
      } finally {
        observe(receipt, performance.now() - begun);
      }
    },
    head: () => log.head(),
    tile: async (level, index, width) => log.tile(level, index, width),
    entries: async (index, width) => log.entries(index, width),
    entry: async (index) => log.entry(index),
    attachment: async (index) => log.attachment(index),
    indexOf: async (leafHash) => log.indexOf(leafHash),
    inclusionProof: async (index, size) => log.inclusionProof(index, size),
    consistencyProof: async (oldSize, newSize) => log.consistencyProof(oldSize, newSize),
    search: async (keyHash, page) => log.search(keyHash, page),
  };
}
