// SPDX-License-Identifier: Apache-2.0
import { KeyTable } from "./key-table.ts";

/** Entries whose keys are in one table: what moves to the body at once, at most. */
const tableEntries = 1 << 14;

interface Table {
  readonly start: number;
  readonly table: KeyTable;
}

/**
 * The keys of the tail's entries. In a table for each 16,384 of them, so that those which are in
 * runs are forgotten a table at a time, and what stays is never added again.
 */
export class RecentKeys {
  /** By rising start; a table has entries from `start` to the next multiple. */
  #tables: Table[] = [];
  #from = 0;

  /** @param at where in `bytes` the key begins. @param index not below those added before. */
  add(bytes: Uint8Array, at: number, index: number): void {
    const start = index - (index % tableEntries);
    let last = this.#tables.at(-1);
    if (last?.start !== start) {
      last = { start, table: new KeyTable() };
      this.#tables.push(last);
    }
    last.table.add(bytes, at, index);
  }

  /** The newest indexes of a key below `before`, falling. */
  find(key: Uint8Array, before: number, limit: number): number[] {
    const found: number[] = [];
    for (let i = this.#tables.length - 1; i >= 0 && found.length < limit; i--) {
      const { start, table } = this.#tables[i] as Table;
      if (start < before) table.find(key, { from: this.#from, before }, limit, found);
    }
    return found;
  }

  /** Forgets the keys of entries below an index. */
  dropBefore(index: number): void {
    this.#from = index;
    this.#tables = this.#tables.filter(({ start }) => start + tableEntries > index);
  }
}
