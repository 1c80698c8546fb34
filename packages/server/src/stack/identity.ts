// SPDX-License-Identifier: Apache-2.0
import { existsSync } from "node:fs";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { bigintFromBytes } from "@chancery/formats/bytes";
import { algorithmByName, type PublicKey } from "@chancery/formats/crypto";
import {
  generatePrivateKey,
  type PrivateKey,
  privateKeyFromPkcs8,
  randomBytes,
  wipe,
} from "@chancery/formats/crypto/node";
import { FormatError } from "@chancery/formats/errors";
import { ObjectDecoder, parseJson } from "@chancery/formats/json";
import { decodePemBlock, encodePem } from "@chancery/formats/pem";
import { StackError } from "./errors.ts";
import { readText, writeWhole } from "./files.ts";

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
}

/** Folder of the log in a data directory. */
export const logFolder = "log";

const identityFile = "identity.json";

/**
 * Reads the identity of the log in a data directory, or makes it where there is no log yet.
 * @param hostname what is configured; undefined where nothing is.
 * @param fallback the name that a new log gets then.
 * @throws StackError `identity` where the log has another name; `key` where a key is gone
 */
export async function openIdentity(
  directory: string,
  hostname: string | undefined,
  fallback: string,
): Promise<LogIdentity> {
  await mkdir(join(directory, "keys"), { recursive: true, mode: 0o700 });
  const path = join(directory, identityFile);
  const text = await readText(path);
  const isNew = text === undefined && !existsSync(join(directory, logFolder, "log.db"));
  const v1Key = await openKey(directory, "rekor-v1", "PKIX_ECDSA_P256_SHA_256", isNew);
  const v2Key = await openKey(directory, "rekor-v2", "PKIX_ED25519", isNew);
  if (text === undefined) {
    if (!isNew) throw new StackError("identity", `${path} is missing, but there is a log`);
    const identity = { hostname: hostname ?? fallback, treeId: newTreeId(), since: new Date() };
    const { treeId, since } = identity;
    const written = { log: { ...identity, treeId: String(treeId), since: since.toISOString() } };
    await writeWhole(path, `${JSON.stringify(written, undefined, 2)}\n`);
    return { ...identity, v1Key, v2Key };
  }
  const identity = readIdentity(text, path);
  if (hostname !== undefined && hostname !== identity.hostname) {
    throw new StackError(
      "identity",
      `log.hostname is ${hostname}, but the log in ${directory} is ${identity.hostname} for ever: ` +
        "set it back, or begin another data directory",
    );
  }
  return { ...identity, v1Key, v2Key };
}

/** What a data directory is named; undefined where it is not yet. @throws StackError `identity` */
export async function readHostname(directory: string): Promise<string | undefined> {
  const path = join(directory, identityFile);
  const text = await readText(path);
  return text === undefined ? undefined : readIdentity(text, path).hostname;
}

/**
 * By what the log in a data directory is known, without making anything.
 * @returns undefined where the directory does not say, as of a log without its keys.
 * @throws StackError `identity` | `key` where what it says cannot be read
 */
export async function readLogKey(
  directory: string,
): Promise<{ readonly hostname: string; readonly publicKey: PublicKey } | undefined> {
  const path = join(directory, identityFile);
  const text = await readText(path);
  if (text === undefined || !existsSync(join(directory, "keys", "rekor-v2.pem"))) return undefined;
  const { publicKey } = await openKey(directory, "rekor-v2", "PKIX_ED25519", false);
  return { hostname: readIdentity(text, path).hostname, publicKey };
}

function readIdentity(text: string, path: string): Omit<LogIdentity, "v1Key" | "v2Key"> {
  try {
    const log = new ObjectDecoder(parseJson(text, "identity"), "identity").object("log");
    const hostname = log.string("hostname");
    return { hostname, treeId: log.uint64("treeId"), since: log.time("since") };
  } catch (cause) {
    if (!(cause instanceof FormatError)) throw cause;
    throw new StackError("identity", `${path}: ${cause.message}`, { cause });
  }
}

async function openKey(
  directory: string,
  name: string,
  algorithm: string,
  mayMake: boolean,
): Promise<PrivateKey> {
  return openKeyFile(join(directory, "keys", `${name}.pem`), algorithm, mayMake);
}

/**
 * Reads a key in PKCS #8, or makes one, readable by its owner, where it may be made.
 * @param algorithm by its protobuf name. @throws StackError `key`
 */
export async function openKeyFile(
  path: string,
  algorithm: string,
  mayMake: boolean,
): Promise<PrivateKey> {
  const text = await readText(path);
  if (text === undefined) {
    if (mayMake) return makeKey(path, algorithm);
    const message = `${path} is missing: without it nothing can go on here; restore it from a backup`;
    throw new StackError("key", message);
  }
  try {
    return privateKeyFromPkcs8(decodePemBlock(text, "PRIVATE KEY").bytes);
  } catch (cause) {
    if (!(cause instanceof FormatError)) throw cause;
    throw new StackError("key", `${path}: ${cause.message}`, { cause });
  }
}

async function makeKey(path: string, algorithm: string): Promise<PrivateKey> {
  const key = generatePrivateKey(algorithmByName(algorithm));
  const pkcs8 = key.toPkcs8();
  await writeWhole(path, encodePem("PRIVATE KEY", pkcs8), 0o600);
  wipe(pkcs8);
  return key;
}

/** 63 bits, the highest of them set: sixteen digits in hex, as Trillian's ids mostly have. */
function newTreeId(): bigint {
  return (bigintFromBytes(randomBytes(8)) % (1n << 62n)) | (1n << 62n);
}
