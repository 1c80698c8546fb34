// SPDX-License-Identifier: Apache-2.0
import { existsSync } from "node:fs";
import { mkdir, readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import type { PublicKey } from "@chancery/formats/crypto";
import { pino } from "pino";
import {
  describeKey,
  encodeMetadata,
  readState,
  type RoleKeys,
  type TufKey,
  type TufRepository,
  type TufUpdate,
} from "../tuf/index.ts";
import { parseConfigFile, resolveConfig } from "./config.ts";
import { whileStopped } from "./directory-lock.ts";
import { StackError } from "./errors.ts";
import { readText, writeWhole } from "./files.ts";
import { KeyFolder } from "./key-files.ts";
import { openTufRepository, tufFolder, tufKeys, withStackErrors } from "./services/tuf-keys.ts";

/** A data directory that no stack has open. */
export interface StoppedStack {
  readonly dataDirectory: string;
  /** As `StackOptions.keyPassword`. */
  readonly keyPassword?: Uint8Array | undefined;
  readonly now?: () => Date;
}

/** Who is to sign roots from the next one on. */
export interface NewRootKeys {
  /** ECDSA P-256. */
  readonly publicKeys: readonly PublicKey[];
  /** How many of them must sign. */
  readonly threshold: number;
}

/**
 * The next root of a stack's TUF repository, to be signed elsewhere: the keys that sign the other
 * roles today, and a new expiry.
 *
 * @param change default: the root keys stay.
 * @returns the file, without signatures.
 * @throws StackError `in-use` | `identity` | `key`; `configuration` for a threshold that cannot be
 *   met; FormatError for keys that are not ECDSA P-256
 */
export async function makeNextRoot(stack: StoppedStack, change?: NewRootKeys): Promise<string> {
  return withRepository(stack, async (repository) => {
    const { root } = await readState(tufFolder(stack.dataDirectory));
    return encodeMetadata(repository.unsignedRoot(root, change && rootRole(change)), []);
  });
}

/**
 * Publishes a root that was signed elsewhere, and what has to be signed anew under it.
 * @throws StackError `in-use` | `identity` | `key` where clients would not take it: too few
 *   signatures, another version than the next, other keys than those that sign here, expired
 */
export async function importRoot(stack: StoppedStack, text: string): Promise<TufUpdate> {
  return withRepository(stack, (repository) => repository.importRoot(text));
}

/**
 * Takes the root key out of the server: it is written to a folder, as it is kept (encrypted where
 * there is a password), and removed here once it is durable there.
 *
 * @returns paths of the files. @throws StackError `in-use` | `identity`; `key` where no root key is
 *   here, or a file is in the way
 */
export async function takeRootOffline(
  { dataDirectory }: StoppedStack,
  folder: string,
): Promise<readonly string[]> {
  return whileStopped(dataDirectory, async () => {
    const keysFolder = join(dataDirectory, "keys");
    const names = existsSync(keysFolder) ? await readdir(keysFolder) : [];
    const found = names.filter((name) => /^tuf-root(?:-[0-9]+)?\.pem$/.test(name));
    if (found.length === 0) {
      throw new StackError("key", `there is no key ${tufKeys.root} in ${keysFolder}`);
    }
    await mkdir(folder, { recursive: true, mode: 0o700 });
    const copies = found.map((name) => join(folder, name));
    const taken = copies.find((path) => existsSync(path));
    if (taken !== undefined) throw new StackError("key", `${taken} exists: choose another folder`);
    for (const name of found) {
      const text = await readText(join(keysFolder, name));
      if (text !== undefined) await writeWhole(join(folder, name), text, 0o600);
    }
    // All are there before the first is removed.
    for (const name of found) await rm(join(keysFolder, name));
    return copies;
  });
}

function rootRole({
  publicKeys,
  threshold,
}: NewRootKeys): RoleKeys & { readonly keys: readonly TufKey[] } {
  const keys = publicKeys.map(describeKey);
  const keyids = [...new Set(keys.map(({ keyid }) => keyid))];
  if (!Number.isInteger(threshold) || threshold < 1 || threshold > keyids.length) {
    const message = `the threshold ${threshold} is not between 1 and the ${keyids.length} root keys`;
    throw new StackError("configuration", message);
  }
  return { keyids, threshold, keys };
}

async function withRepository<Result>(
  { dataDirectory, keyPassword: password, now }: StoppedStack,
  use: (repository: TufRepository) => Promise<Result>,
): Promise<Result> {
  return whileStopped(dataDirectory, async () => {
    const { root } = await withStackErrors(() => readState(tufFolder(dataDirectory)));
    if (!root) {
      const message = `nothing was ever published in ${dataDirectory}: start it once`;
      throw new StackError("identity", message);
    }
    const configPath = join(dataDirectory, "chancery.yaml");
    const written = await readText(configPath);
    const config = resolveConfig(written === undefined ? {} : parseConfigFile(written, configPath));
    const logger = pino({ level: "silent" });
    const keys = new KeyFolder(join(dataDirectory, "keys"), { password, logger });
    const place = { dataDirectory, keys, config, ...(now && { now }) };
    const repository = await openTufRepository(place);
    return withStackErrors(() => use(repository));
  });
}
