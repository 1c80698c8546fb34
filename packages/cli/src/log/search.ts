// SPDX-License-Identifier: Apache-2.0
import type { FoundEntry, LogSearchQuery } from "@chancery/sign/rekor";

/** What is searched for, each criterion by itself. */
export interface Search {
  readonly criteria: readonly Pick<LogSearchQuery, "digest" | "key" | "identity" | "subject">[];
  readonly operator: "and" | "or";
  readonly since?: string;
  readonly until?: string;
  readonly cursor?: string;
  /** At most so many. */
  readonly limit: number;
}

/** What can be searched: a log's server, or a log in a directory. */
export interface Searcher {
  /** @returns a page, newest first; undefined where there is no such search. */
  search(query: LogSearchQuery): Promise<
    | {
        readonly entries: readonly Found[];
        readonly nextCursor?: string;
      }
    | undefined
  >;
}

type Found = Pick<FoundEntry, "id" | "logIndex">;

/** Ids of entries, newest first. */
export interface SearchResult {
  readonly ids: readonly string[];
  /** Whether there are more than the limit. */
  readonly isCut: boolean;
  /** Where to go on, where pages can say that. */
  readonly nextCursor?: string;
}

const pageMax = 100;

/**
 * Searches with Chancery's search, page by page. Criteria of which any may hold are searched for
 * one after the other.
 * @returns undefined where the log has no such search. @throws SignError
 */
export async function searchLog(
  client: Searcher,
  search: Search,
): Promise<SearchResult | undefined> {
  const { criteria, operator, since, until, cursor, limit } = search;
  const others: LogSearchQuery = {
    ...(since === undefined ? {} : { since }),
    ...(until === undefined ? {} : { until }),
    ...(cursor === undefined ? {} : { cursor }),
  };
  const queries: LogSearchQuery[] =
    operator === "and"
      ? [Object.assign({}, ...criteria, others) as LogSearchQuery]
      : criteria.map((criterion) => ({ ...criterion, ...others }));
  const found = new Map<string, Found>();
  let [isCut, nextCursor] = [false, undefined as string | undefined];
  for (const query of queries) {
    const result = await pages(client, query, limit);
    if (!result) return undefined;
    for (const entry of result.entries) found.set(entry.id, entry);
    isCut ||= result.nextCursor !== undefined;
    if (queries.length === 1) nextCursor = result.nextCursor;
  }
  const newest = [...found.values()].toSorted((a, b) => (a.logIndex > b.logIndex ? -1 : 1));
  return {
    ids: newest.slice(0, limit).map(({ id }) => id),
    isCut: isCut || newest.length > limit,
    ...(nextCursor === undefined ? {} : { nextCursor }),
  };
}

async function pages(
  client: Searcher,
  query: LogSearchQuery,
  limit: number,
): Promise<{ readonly entries: Found[]; readonly nextCursor: string | undefined } | undefined> {
  const entries: Found[] = [];
  let { cursor } = query;
  do {
    const size = Math.min(pageMax, limit - entries.length);
    const at = cursor === undefined ? {} : { cursor };
    const page = await client.search({ ...query, ...at, limit: String(size) });
    if (!page) return undefined;
    entries.push(...page.entries);
    // A page without entries leads nowhere, whatever it says.
    cursor = page.entries.length === 0 ? undefined : page.nextCursor;
  } while (cursor !== undefined && entries.length < limit);
  return { entries, nextCursor: cursor };
}
