// SPDX-License-Identifier: Apache-2.0
import { existsSync } from "node:fs";
import { mkdir } from "node:fs/promises";
import { dirname, join } from "node:path";
import { bytesEqual } from "@chancery/formats/bytes";
import {
  algorithmByName,
  decodePublicKeyPem,
  encodePublicKeyPem,
  type MessageSigner,
  type PublicKey,
} from "@chancery/formats/crypto";
import { messageSigner } from "@chancery/formats/crypto/node";
import { FormatError } from "@chancery/formats/errors";
import { ObjectDecoder, parseJson } from "@chancery/formats/json";
import { isNoteKeyName, treeHeadVerifier } from "@chancery/formats/note";
import type { ValidityPeriod } from "@chancery/formats/trust";
import { type Log, openLog, type OpenLogOptions } from "@chancery/log";
import { StackError } from "../errors.ts";
import { readText, writeWhole } from "../files.ts";
import { currentGeneration, type Generation, readGenerations } from "../generations.ts";
import type { StackContext } from "./service.ts";

/** Of the first generation: `ct-2` and so on have logs of their own beside it. */
export const firstCtKey = "ct";

/** A log of certificates that is open. A log id is a key's, so each generation has another log. */
export interface OpenCtLog {
  readonly log: Log;
  /** Of one that takes nothing more: refuses to sign. */
  readonly signer: MessageSigner;
  /** First line of checkpoints, for ever: the host name and `prefix`. */
  readonly origin: string;
  /** In front of its paths: `/ct`, `/ct-2` and so on. */
  readonly prefix: string;
  /** When its promises are to be believed. */
  readonly validFor: ValidityPeriod;
}

/** The log in use, and those before it, oldest first, which are read. */
export interface OpenCtLogs {
  readonly current: OpenCtLog;
  readonly former: readonly OpenCtLog[];
}

const algorithm = "PKIX_ECDSA_P256_SHA_256";
/** Timestamps of the first certificates must fall into the time for which the log is trusted. */
const beforeMs = 60_000;

interface CtIdentity {
  readonly origin: string;
  /** From when on it is to be trusted. */
  readonly since: Date;
  /** Absent from what the first versions wrote. */
  readonly publicKey: PublicKey | undefined;
}

/**
 * Opens the logs of all generations, and makes that of the last where it is new.
 * @throws StackError `identity` | `key` where something of a log is missing or another's; LogError
 */
export async function openCtLogs(context: StackContext): Promise<OpenCtLogs> {
  const generations = await readGenerations(context.dataDirectory, firstCtKey);
  const former: OpenCtLog[] = [];
  try {
    for (const generation of generations.slice(0, -1)) {
      const open = await openFormer(context, generation);
      if (open) former.push(open);
    }
    const current = await openCurrent(context, currentGeneration(generations));
    return { current, former };
  } catch (cause) {
    for (const { log } of former) await log.close();
    throw cause;
  }
}

async function openCurrent(context: StackContext, generation: Generation): Promise<OpenCtLog> {
  const { dataDirectory, keys, hostname } = context;
  const { folder, identityFile, prefix } = placeOf(dataDirectory, generation);
  const known = await readIdentity(identityFile);
  const mayMake = known === undefined && !existsSync(join(folder, "log.db"));
  const key = await keys.open(generation.name, algorithm, { mayMake });
  const { publicKey } = key;
  if (known === undefined && !mayMake) throw lost(identityFile);
  if (known?.publicKey && !bytesEqual(known.publicKey.spki, publicKey.spki)) {
    const message = `the key ${generation.name} is not that of ${identityFile}`;
    throw new StackError("key", `${message}: restore it from a backup`);
  }
  // One that replaces another begins where that one ends.
  const since = generation.since ?? new Date(Date.now() - beforeMs);
  const identity = { origin: `${hostname}${prefix}`, since, ...known, publicKey };
  if (!known?.publicKey) await writeIdentity(identityFile, identity);
  const { origin, since: start } = identity;
  const log = await openEntries(folder, origin, key, context);
  return { log, signer: messageSigner(key), origin, prefix, validFor: { start } };
}

/**
 * A log that takes nothing more. Its private key is of no use, and may be gone.
 * @returns undefined where it was replaced before it was ever used
 */
async function openFormer(
  context: StackContext,
  generation: Generation,
): Promise<OpenCtLog | undefined> {
  const { dataDirectory, keys } = context;
  const { name, until: end } = generation;
  const { folder, identityFile, prefix } = placeOf(dataDirectory, generation);
  const known = await readIdentity(identityFile);
  const isLogged = existsSync(join(folder, "log.db"));
  if (!known) {
    if (isLogged || keys.has(name)) throw lost(identityFile);
    return undefined;
  }
  if (!isLogged) {
    const message = `the log of certificates ${folder} is missing: restore it from a backup`;
    throw new StackError("identity", message);
  }
  const { origin, since: start } = known;
  const publicKey =
    known.publicKey ?? (await keys.open(name, algorithm, { mayMake: false })).publicKey;
  const refuse = (): never => {
    throw new StackError("key", `${origin} takes no certificates any more, and signs nothing`);
  };
  const log = await openEntries(
    folder,
    origin,
    { verifier: treeHeadVerifier(origin, publicKey), sign: refuse },
    context,
  );
  const signer = { publicKey, algorithm: algorithmByName(algorithm), sign: async () => refuse() };
  return { log, signer, origin, prefix, validFor: { start, ...(end && { end }) } };
}

interface CtPlace {
  readonly folder: string;
  readonly identityFile: string;
  readonly prefix: string;
}

/** Where a generation is, in a data directory and on the server. */
function placeOf(directory: string, { number, name }: Generation): CtPlace {
  const own = join(directory, "ct", number === 1 ? "log" : `log-${number}`);
  return { folder: own, identityFile: `${own}.json`, prefix: `/${name}` };
}

async function openEntries(
  folder: string,
  origin: string,
  signer: OpenLogOptions["signer"],
  { logger }: StackContext,
): Promise<Log> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  return openLog({
    folder,
    origin,
    format: "ct",
    signer,
    onError: (error) => logger.error({ err: error }, "the log of certificates reports an error"),
  });
}

function lost(path: string): StackError {
  const message = `${path} is missing, but there is a log of certificates: restore it`;
  return new StackError("identity", message);
}

async function writeIdentity(path: string, identity: Required<CtIdentity>): Promise<void> {
  const { origin, since, publicKey } = identity;
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  const key = publicKey && encodePublicKeyPem(publicKey);
  const text = { origin, since: since.toISOString(), publicKey: key };
  await writeWhole(path, `${JSON.stringify(text, undefined, 2)}\n`);
}

async function readIdentity(path: string): Promise<CtIdentity | undefined> {
  const text = await readText(path);
  if (text === undefined) return undefined;
  try {
    const identity = new ObjectDecoder(parseJson(text, "identity"), "identity");
    const [origin, since] = [identity.string("origin"), identity.time("since")];
    if (!isNoteKeyName(origin)) throw identity.error("malformed", "origin", "cannot name a log");
    const key = identity.optionalString("publicKey");
    return { origin, since, publicKey: key === undefined ? undefined : decodePublicKeyPem(key) };
  } catch (cause) {
    if (!(cause instanceof FormatError)) throw cause;
    throw new StackError("identity", `${path}: ${cause.message}`, { cause });
  }
}
