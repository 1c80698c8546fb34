// SPDX-License-Identifier: Apache-2.0
import { loadState, type LogIdentity, LogReader } from "../engine/index.ts";
import { LogError } from "../errors.ts";
import type { LogStore } from "../store/index.ts";

/**
 * A log that nobody has open, to read and to search. Changes nothing.
 *
 * @param log whose it must be; undefined to check neither origin nor signature.
 * @param options.mirror whether the checkpoint may be of a larger tree than what is there so far
 * @throws LogError as for opening the log; `out-of-range` where there is none
 */
export async function readStored(
  store: LogStore,
  log: LogIdentity | undefined,
  { mirror = log === undefined }: { readonly mirror?: boolean } = {},
): Promise<LogReader> {
  const state = await loadState(store, { log, mirror, seen: [] });
  if (!state) throw new LogError("out-of-range", "there is no log here");
  return new LogReader(state, store);
}
