// SPDX-License-Identifier: Apache-2.0
import { encodeHex } from "@chancery/formats/bytes";
import { leafHash } from "@chancery/formats/merkle";
import { readStored } from "@chancery/log";
import { searchStored, ServiceError } from "@chancery/server";
import { type Invocation, usageError } from "../framework/index.ts";
import type { Searcher } from "../log/index.ts";
import { withStored } from "./stored.ts";

/**
 * Searches in the log of a directory, as a client of a served one does. Entries are known by their
 * leaf hashes.
 * @throws as `withStored`; CliError `usage` for what cannot be searched for
 */
export async function withSearchable<Result>(
  directory: string,
  invocation: Pick<Invocation<unknown>, "io" | "report">,
  work: (client: Searcher) => Promise<Result>,
): Promise<Result> {
  return withStored(directory, undefined, invocation, async ({ store, log, isMirror }) => {
    const mirror = isMirror || log === undefined;
    const reader = await readStored(store, log, { mirror });
    return work({
      search: async (query) => {
        try {
          const { entries, nextCursor } = await searchStored(reader, { ...query });
          const found = entries.map(({ index, bytes }) => ({
            id: encodeHex(leafHash(bytes)),
            logIndex: BigInt(index),
          }));
          return { entries: found, ...(nextCursor === undefined ? {} : { nextCursor }) };
        } catch (cause) {
          if (!(cause instanceof ServiceError) || cause.code !== "malformed") throw cause;
          throw usageError(cause.message);
        }
      },
    });
  });
}
