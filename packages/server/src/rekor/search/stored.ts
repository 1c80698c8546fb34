// SPDX-License-Identifier: Apache-2.0
import type { LoggedEntry } from "@chancery/log";
import type { SearchableLog } from "../transparency-log.ts";
import { readSearchQuery } from "./query.ts";
import { searchLog } from "./search.ts";

/**
 * One page of a search in a log that nobody serves, such as a mirror, newest first.
 * @param parameters as of the API: `searchParameters`. @throws ServiceError `malformed`
 */
export async function searchStored(
  log: SearchableLog,
  parameters: Readonly<Record<string, string>>,
): Promise<{ readonly entries: readonly LoggedEntry[]; readonly nextCursor?: string }> {
  const { entries, nextBefore } = await searchLog(log, readSearchQuery(parameters));
  return { entries, ...(nextBefore === undefined ? {} : { nextCursor: String(nextBefore) }) };
}
