// SPDX-License-Identifier: Apache-2.0
import { existsSync } from "node:fs";
import { join } from "node:path";
import { bigintFromBytes } from "@chancery/formats/bytes";
import { type PrivateKey, randomBytes } from "@chancery/formats/crypto/node";
import { FormatError } from "@chancery/formats/errors";
import { ObjectDecoder, parseJson } from "@chancery/formats/json";
import { encodeVerifierKey, noteVerifier, parseVerifierKey } from "@chancery/formats/note";
import { StackError } from "./errors.ts";
import { readText, writeWhole } from "./files.ts";
import { currentGeneration, type Generation, readGenerations } from "./generations.ts";
import type { KeyFolder } from "./key-files.ts";

/** What a log is known by, made once and never changed. */
export interface LogIdentity {
  /** Name on the checkpoints of the v1 API, of all generations; their origin with the tree id. */
  readonly hostname: string;
  /**
   * Of the checkpoints of the v2 API, where a key never has a successor: the hostname, of the
   * second generation `2.<hostname>` and so on.
   */
  readonly origin: string;
  readonly treeId: bigint;
  /** When it was made. */
  readonly since: Date;
  /** ECDSA P-256: promises and checkpoints of the v1 API. */
  readonly v1Key: PrivateKey;
  /** Ed25519: checkpoints of the v2 API. */
  readonly v2Key: PrivateKey;
  /** Verifier key of the v2 API's checkpoints (C2SP signed-note). */
  readonly vkey: string;
}

/** Folder of the log in a data directory. */
export const logFolder = "log";

const identityName = "identity";
/** Of its first generation: of its keys, with the API after it. */
export const firstLogKey = "rekor";

/** A log's places: in a data directory, among the keys, and on the server. */
export interface LogPlace {
  readonly folder: string;
  /** Of the checkpoint that was shown last. */
  readonly shownFile: string;
  readonly identityFile: string;
  readonly v1Key: string;
  readonly v2Key: string;
  /** Where it is read by the v2 API once there is another one. */
  readonly prefix: string;
}

/** Where a generation of the log is. */
export function logPlace(directory: string, { number, name }: Generation): LogPlace {
  const suffix = number === 1 ? "" : `-${number}`;
  return {
    folder: join(directory, `${logFolder}${suffix}`),
    shownFile: join(directory, `shown-checkpoint${suffix}.json`),
    identityFile: join(directory, `${identityName}${suffix}.json`),
    v1Key: `${name}-v1`,
    v2Key: `${name}-v2`,
    prefix: `/log/${number}`,
  };
}

/**
 * Reads the identity of a log in a data directory, or makes it where there is no log yet.
 * @param generation the one in use, or one before it whose identity is there.
 * @param hostname of the stack
 * @throws StackError `identity` where it is lost; `key` where a key is gone, or is not the log's
 */
export async function openIdentity(
  directory: string,
  keys: KeyFolder,
  generation: Generation,
  hostname: string,
): Promise<LogIdentity> {
  const place = logPlace(directory, generation);
  const path = place.identityFile;
  const text = await readText(path);
  const mayMake = text === undefined && !hasLog(place);
  const v1Key = await keys.open(place.v1Key, "PKIX_ECDSA_P256_SHA_256", { mayMake });
  const v2Key = await keys.open(place.v2Key, "PKIX_ED25519", { mayMake });
  if (text === undefined) {
    if (!mayMake) throw new StackError("identity", `${path} is missing, but there is a log`);
    // Promises tell whole seconds, and the first of them may be of the one in which it began.
    const { number, since: begun } = generation;
    const origin = number === 1 ? hostname : `${number}.${hostname}`;
    const since = begun ? new Date(Math.floor(begun.getTime() / 1000) * 1000) : new Date();
    const made = { origin, treeId: newTreeId(), since };
    const identity = { ...made, hostname, v1Key, v2Key, vkey: vkeyOf(origin, v2Key) };
    await writeIdentity(path, identity);
    return identity;
  }
  const known = readIdentity(text, path);
  const vkey = vkeyOf(known.origin, v2Key);
  if (known.vkey !== undefined && known.vkey !== vkey) {
    const message = `the key ${place.v2Key} in ${directory} is not the log's, which is ${known.vkey}`;
    throw new StackError("key", `${message}: restore it from a backup`);
  }
  const identity = { ...known, hostname, v1Key, v2Key, vkey };
  if (known.vkey === undefined) await writeIdentity(path, identity);
  return identity;
}

/** Whether a log was begun there. */
export function hasLog({ folder }: LogPlace): boolean {
  return existsSync(join(folder, "log.db"));
}

/**
 * The log in use in a data directory, and the one that was before the next is begun.
 * @throws StackError `key`
 */
async function currentPlace(directory: string): Promise<LogPlace> {
  const generations = await readGenerations(directory, firstLogKey);
  const begun = generations
    .toReversed()
    .find((one) => existsSync(logPlace(directory, one).identityFile));
  return logPlace(directory, begun ?? currentGeneration(generations));
}

/** Folder of the log in use in a data directory. @throws StackError `key` */
export async function currentLogFolder(directory: string): Promise<string> {
  return (await currentPlace(directory)).folder;
}

/** What a data directory is named; undefined where it is not yet. @throws StackError `identity` */
export async function readHostname(directory: string): Promise<string | undefined> {
  return (await readWritten(join(directory, `${identityName}.json`)))?.origin;
}

/**
 * The verifier key of the log in a data directory, without opening its private key.
 * @returns undefined where the directory does not say. @throws StackError `identity`
 */
export async function readLogVkey(directory: string): Promise<string | undefined> {
  return (await readWritten((await currentPlace(directory)).identityFile))?.vkey;
}

interface WrittenIdentity extends Pick<LogIdentity, "origin" | "treeId" | "since"> {
  /** Absent from what the first versions wrote. */
  readonly vkey: string | undefined;
}

async function readWritten(path: string): Promise<WrittenIdentity | undefined> {
  const text = await readText(path);
  return text === undefined ? undefined : readIdentity(text, path);
}

function readIdentity(text: string, path: string): WrittenIdentity {
  try {
    const log = new ObjectDecoder(parseJson(text, "identity"), "identity").object("log");
    const vkey = log.optionalString("vkey");
    if (vkey !== undefined) parseVerifierKey(vkey);
    const origin = log.string("hostname");
    return { origin, treeId: log.uint64("treeId"), since: log.time("since"), vkey };
  } catch (cause) {
    if (!(cause instanceof FormatError)) throw cause;
    throw new StackError("identity", `${path}: ${cause.message}`, { cause });
  }
}

async function writeIdentity(path: string, identity: LogIdentity): Promise<void> {
  const { origin, treeId, since, vkey } = identity;
  const log = { hostname: origin, treeId: String(treeId), since: since.toISOString(), vkey };
  await writeWhole(path, `${JSON.stringify({ log }, undefined, 2)}\n`);
}

function vkeyOf(origin: string, { publicKey }: PrivateKey): string {
  return encodeVerifierKey({ kind: "note", verifier: noteVerifier(origin, publicKey) });
}

/** 63 bits, the highest of them set: sixteen digits in hex, as Trillian's ids mostly have. */
function newTreeId(): bigint {
  return (bigintFromBytes(randomBytes(8)) % (1n << 62n)) | (1n << 62n);
}
