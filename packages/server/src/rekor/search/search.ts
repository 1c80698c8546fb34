// SPDX-License-Identifier: Apache-2.0
import {
  allStream,
  collect,
  intersection,
  type IndexStream,
  keyStream,
  union,
} from "../index-streams.ts";
import type { LoggedEntry } from "@chancery/log";
import { searchKey } from "../search-keys.ts";
import type { SearchableLog } from "../transparency-log.ts";
import type { SearchQuery } from "./query.ts";

/** One page of a search, newest first. */
export interface SearchPage {
  readonly entries: readonly LoggedEntry[];
  /** `before` of the page that follows; undefined where this is the last. */
  readonly nextBefore: number | undefined;
}

/**
 * Searches a log. Keys and times are combined from the index alone; entries are read for the page
 * only. What is acknowledged is found.
 */
export async function searchLog(log: SearchableLog, query: SearchQuery): Promise<SearchPage> {
  const { criteria, sinceMs, untilMs, before, limit } = query;
  const { size } = log.head();
  // Times never fall in a log, so a range of times is a range of indexes.
  const lowest = sinceMs === undefined ? 0 : await firstIndex(log, size, (time) => time >= sinceMs);
  const end = untilMs === undefined ? size : await firstIndex(log, size, (time) => time > untilMs);
  const below = Math.min(end, before ?? end);
  const streams = criteria.map((terms) =>
    union(terms.map(({ space, text }) => keyStream(log, searchKey(space, text), below))),
  );
  const [only] = streams;
  const all =
    only === undefined ? allStream(below) : streams.length === 1 ? only : intersection(streams);
  const found = await collect(atLeast(all, lowest), limit + 1);
  const page = found.slice(0, limit);
  const entries = await Promise.all(page.map((index) => log.entry(index)));
  return { entries, nextBefore: found.length > limit ? page.at(-1) : undefined };
}

async function* atLeast(stream: IndexStream, lowest: number): IndexStream {
  for await (const index of stream) {
    if (index < lowest) return;
    yield index;
  }
}

/** The first entry whose time is so; the size where none is. @param isAfter false, then true */
async function firstIndex(
  log: SearchableLog,
  size: number,
  isAfter: (timeMs: number) => boolean,
): Promise<number> {
  let [low, high] = [0, size];
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    const { timeMs } = await log.entry(middle);
    if (isAfter(timeMs)) high = middle;
    else low = middle + 1;
  }
  return low;
}
