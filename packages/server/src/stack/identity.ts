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
import type { KeyFolder } from "./key-files.ts";

/** What a log is known by, made once and never changed. */
export interface LogIdentity {
  /** Origin of its checkpoints; in the v1 API with the tree id after it. */
  readonly hostname: string;
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

const identityFile = "identity.json";

/**
 * Reads the identity of the log in a data directory, or makes it where there is no log yet.
 * @param hostname what is configured; undefined where nothing is.
 * @param fallback the name that a new log gets then.
 * @throws StackError `identity` where the log has another name; `key` where a key is gone, or is
 *   not the log's
 */
export async function openIdentity(
  directory: string,
  keys: KeyFolder,
  hostname: string | undefined,
  fallback: string,
): Promise<LogIdentity> {
  const path = join(directory, identityFile);
  const text = await readText(path);
  const mayMake = text === undefined && !existsSync(join(directory, logFolder, "log.db"));
  const v1Key = await keys.open("rekor-v1", "PKIX_ECDSA_P256_SHA_256", { mayMake });
  const v2Key = await keys.open("rekor-v2", "PKIX_ED25519", { mayMake });
  if (text === undefined) {
    if (!mayMake) throw new StackError("identity", `${path} is missing, but there is a log`);
    const made = { hostname: hostname ?? fallback, treeId: newTreeId(), since: new Date() };
    const identity = { ...made, v1Key, v2Key, vkey: vkeyOf(made.hostname, v2Key) };
    await writeIdentity(path, identity);
    return identity;
  }
  const known = readIdentity(text, path);
  if (hostname !== undefined && hostname !== known.hostname) {
    throw new StackError(
      "identity",
      `log.hostname is ${hostname}, but the log in ${directory} is ${known.hostname} for ever: ` +
        "set it back, or begin another data directory",
    );
  }
  const vkey = vkeyOf(known.hostname, v2Key);
  if (known.vkey !== undefined && known.vkey !== vkey) {
    const message = `the key rekor-v2 in ${directory} is not the log's, which is ${known.vkey}`;
    throw new StackError("key", `${message}: restore it from a backup`);
  }
  const identity = { ...known, v1Key, v2Key, vkey };
  if (known.vkey === undefined) await writeIdentity(path, identity);
  return identity;
}

/** What a data directory is named; undefined where it is not yet. @throws StackError `identity` */
export async function readHostname(directory: string): Promise<string | undefined> {
  return (await readWritten(directory))?.hostname;
}

/**
 * The verifier key of the log in a data directory, without opening its private key.
 * @returns undefined where the directory does not say. @throws StackError `identity`
 */
export async function readLogVkey(directory: string): Promise<string | undefined> {
  return (await readWritten(directory))?.vkey;
}

interface WrittenIdentity extends Pick<LogIdentity, "hostname" | "treeId" | "since"> {
  /** Absent from what the first versions wrote. */
  readonly vkey: string | undefined;
}

async function readWritten(directory: string): Promise<WrittenIdentity | undefined> {
  const path = join(directory, identityFile);
  const text = await readText(path);
  return text === undefined ? undefined : readIdentity(text, path);
}

function readIdentity(text: string, path: string): WrittenIdentity {
  try {
    const log = new ObjectDecoder(parseJson(text, "identity"), "identity").object("log");
    const vkey = log.optionalString("vkey");
    if (vkey !== undefined) parseVerifierKey(vkey);
    const hostname = log.string("hostname");
    return { hostname, treeId: log.uint64("treeId"), since: log.time("since"), vkey };
  } catch (cause) {
    if (!(cause instanceof FormatError)) throw cause;
    throw new StackError("identity", `${path}: ${cause.message}`, { cause });
  }
}

async function writeIdentity(path: string, identity: LogIdentity): Promise<void> {
  const { hostname, treeId, since, vkey } = identity;
  const log = { hostname, treeId: String(treeId), since: since.toISOString(), vkey };
  await writeWhole(path, `${JSON.stringify({ log }, undefined, 2)}\n`);
}

function vkeyOf(hostname: string, { publicKey }: PrivateKey): string {
  return encodeVerifierKey({ kind: "note", verifier: noteVerifier(hostname, publicKey) });
}

/** 63 bits, the highest of them set: sixteen digits in hex, as Trillian's ids mostly have. */
function newTreeId(): bigint {
  return (bigintFromBytes(randomBytes(8)) % (1n << 62n)) | (1n << 62n);
}
