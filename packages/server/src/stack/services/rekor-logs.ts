// SPDX-License-Identifier: Apache-2.0
import { isIP } from "node:net";
import { noteVerifier } from "@chancery/formats/note";
import { type Log, openLog } from "@chancery/log";
import type { TransparencyLog } from "../../rekor/index.ts";
import { StackError } from "../errors.ts";
import { currentGeneration, type Generation, readGenerations } from "../generations.ts";
import {
  firstLogKey,
  hasLog,
  type LogIdentity,
  logPlace,
  openIdentity,
  readHostname,
} from "../identity.ts";
import { type ShownRecord, withoutWitnesses } from "../witnessed-log.ts";
import type { StackContext } from "./service.ts";

/** A log that is open. */
export interface OpenRekorLog {
  readonly identity: LogIdentity;
  readonly log: Log;
  readonly record: ShownRecord;
}

/** One that takes nothing more. */
export interface FormerRekorLog extends OpenRekorLog {
  readonly served: TransparencyLog;
  /** Where the v2 API has it. */
  readonly prefix: string;
  /** When the next one took over. */
  readonly until: Date | undefined;
}

/** Opens the log in use, and makes it where it is new. @throws StackError; LogError */
export async function openCurrentLog(context: StackContext): Promise<OpenRekorLog> {
  const { dataDirectory, config, hostname } = context;
  const configured = config.log.hostname;
  if (configured !== undefined && configured !== hostname) {
    throw new StackError(
      "identity",
      `log.hostname is ${configured}, but the log in ${dataDirectory} is ${hostname} for ever: ` +
        "set it back, or begin another data directory",
    );
  }
  const generations = await readGenerations(dataDirectory, firstLogKey);
  return openGeneration(context, currentGeneration(generations));
}

/**
 * Opens the logs before the one in use, oldest first. Their keys for the v1 API are still needed:
 * each answer about an entry has a promise that is signed anew.
 * @throws StackError; LogError
 */
export async function openFormerLogs(context: StackContext): Promise<readonly FormerRekorLog[]> {
  const { dataDirectory, keys } = context;
  const generations = await readGenerations(dataDirectory, firstLogKey);
  const former: FormerRekorLog[] = [];
  try {
    for (const generation of generations.slice(0, -1)) {
      const place = logPlace(dataDirectory, generation);
      if (!hasLog(place)) {
        if (!keys.has(place.v1Key)) continue; // it was replaced before it was ever used
        const message = `the log ${place.folder} is missing: restore it from a backup`;
        throw new StackError("identity", message);
      }
      const open = await openGeneration(context, generation);
      const served = await withoutWitnesses(open.log, open.record);
      former.push({ ...open, served, prefix: place.prefix, until: generation.until });
    }
    return former;
  } catch (cause) {
    for (const { log } of former) await log.close();
    throw cause;
  }
}

async function openGeneration(
  { dataDirectory, keys, hostname, logger }: StackContext,
  generation: Generation,
): Promise<OpenRekorLog> {
  const identity = await openIdentity(dataDirectory, keys, generation, hostname);
  const { folder, shownFile } = logPlace(dataDirectory, generation);
  const { origin, v2Key } = identity;
  const log = await openLog({
    folder,
    origin,
    signer: v2Key,
    onError: (error) => logger.error({ err: error, origin }, "the log reports an error"),
  });
  return {
    identity,
    log,
    record: { path: shownFile, verifier: noteVerifier(origin, v2Key.publicKey) },
  };
}

/**
 * A new key of the v2 API is that of a new log, which clients know by its host name alone.
 * @throws StackError `identity` where there is no log yet, or its name has no names below it
 */
export async function checkLogRotation(dataDirectory: string): Promise<void> {
  const hostname = await readHostname(dataDirectory);
  if (hostname === undefined) {
    const message = `there is no log in ${dataDirectory} yet, whose keys could be replaced`;
    throw new StackError("identity", `${message}: start it first`);
  }
  if (isIP(hostname.replace(/^\[(.*)\]$/, "$1")) === 0) return;
  const message =
    `the log in ${dataDirectory} is named by an address, ${hostname}, and a new key needs a log with ` +
    "a name below that: begin another data directory with a log.hostname, and keep trusting this one";
  throw new StackError("identity", message);
}
