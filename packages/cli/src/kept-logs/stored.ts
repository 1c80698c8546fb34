// SPDX-License-Identifier: Apache-2.0
import { parseVerifierKey } from "@chancery/formats/note";
import { EmbeddedStore, type LogIdentity } from "@chancery/log";
import { findStoredLog } from "@chancery/server";
import { pathOf } from "../files/index.ts";
import { type Invocation, usageError } from "../framework/index.ts";

/** A log in a directory, held by this process. */
interface StoredLog {
  readonly store: EmbeddedStore;
  /** Who must have signed it; undefined where nothing says that. */
  readonly log: LogIdentity | undefined;
  /** Whether it is a copy of somebody's log. */
  readonly isMirror: boolean;
}

/**
 * Works on the log that a directory has: a data directory of `chancery up`, a mirror, or a bare
 * store. Nobody else can have it open meanwhile.
 * @param vkey goes before what the directory says of the log's key.
 * @throws CliError; StackError `identity` where there is no log; LogError `locked`
 */
export async function withStored<Result>(
  directory: string,
  vkey: string | undefined,
  { io, report }: Pick<Invocation<unknown>, "io" | "report">,
  work: (stored: StoredLog) => Promise<Result>,
): Promise<Result> {
  const known = vkey === undefined ? undefined : readLogVkey(vkey, "--vkey");
  const found = await findStoredLog(pathOf(io, directory));
  const log =
    known ?? (found.vkey === undefined ? undefined : readLogVkey(found.vkey, "vkey", found.origin));
  if (!log) {
    report.warn(`nothing says whose log is in ${directory}: its signature is not checked`);
  }
  const store = await EmbeddedStore.open(found.folder);
  try {
    return await work({ store, log, isMirror: found.mirrorOf !== undefined });
  } finally {
    await store.close();
  }
}

/**
 * The log of a verifier key.
 * @param name of the flag, for errors. @param origin where it is not the key's name
 * @throws CliError where it is a witness's; FormatError
 */
export function readLogVkey(text: string, name: string, origin?: string): LogIdentity {
  const { kind, verifier } = parseVerifierKey(text);
  if (kind !== "note") throw usageError(`${name} is a witness's key, not a log's`);
  return { origin: origin ?? verifier.name, verifier };
}
