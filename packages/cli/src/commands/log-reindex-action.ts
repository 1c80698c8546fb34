// SPDX-License-Identifier: Apache-2.0
import { EmbeddedStore, reindex } from "@chancery/log";
import { findStoredLog } from "@chancery/server";
import { pathOf } from "../files/index.ts";
import type { Invocation } from "../framework/index.ts";

export interface LogReindexFlags {
  readonly timeout: string;
}

/** Makes the search index of a stored log anew, and prints how much is in it. */
export async function logReindexAction(invocation: Invocation<LogReindexFlags>): Promise<void> {
  const { args, io, report } = invocation;
  const directory = args[0] as string;
  const { folder } = await findStoredLog(pathOf(io, directory));
  const store = await EmbeddedStore.open(folder);
  let entries: number;
  try {
    entries = await reindex(store);
  } finally {
    await store.close();
  }
  const rest = "what is newer is indexed as the log is opened";
  report.result({ entries }, `Indexed ${entries} entries in full bundles; ${rest}\n`);
}
