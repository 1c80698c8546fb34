// SPDX-License-Identifier: Apache-2.0
import { readFile } from "node:fs/promises";
import { resolve } from "node:path";
import { utf8Bytes } from "@chancery/formats/bytes";
import { messageSigner } from "@chancery/formats/crypto/node";
import { FormatError } from "@chancery/formats/errors";
import {
  type ChainFileOptions,
  type FormerChain,
  openChain,
  type OpenChain,
  readChain,
  readMadeChains,
} from "./chain-files.ts";
import { StackError } from "./errors.ts";
import { readKey } from "./key-files.ts";

/** Files of an operator; relative paths start from the data directory. */
export interface OperatorChainSettings {
  /** PEM: the certificate of `key` first, the root last. */
  readonly chain?: string | undefined;
  /** PKCS #8 in PEM. */
  readonly key?: string | undefined;
  /** File with the password of `key`, in its first line. */
  readonly keyPassword?: string | undefined;
  /** PEM: chains that signed once, each root last. */
  readonly earlierChains: readonly string[];
}

/** Where the settings are from. */
export interface SettingsPlace {
  readonly dataDirectory: string;
  /** Names the section in errors. */
  readonly section: string;
}

/**
 * Opens the operator's own key and certificates where the settings name some, else those that are
 * made here. What was made before the operator brought others is a former chain then. Does not
 * check that key and certificates go together, nor what they are for.
 *
 * @throws StackError `key`, naming the file that is missing or cannot be read
 */
export async function openConfiguredChain(
  options: ChainFileOptions,
  settings: OperatorChainSettings,
): Promise<OpenChain> {
  const { dataDirectory, folder: section } = options;
  const place = { dataDirectory, section };
  const earlier = await readEarlierChains(place, settings);
  const own = await openOwn(place, settings);
  const opened = own ? { ...own, former: await readMadeChains(options) } : await openChain(options);
  return { ...opened, former: [...opened.former, ...earlier] };
}

async function openOwn(
  place: SettingsPlace,
  settings: OperatorChainSettings,
): Promise<Omit<OpenChain, "former"> | undefined> {
  const { chain: chainFile, key: keyFile, keyPassword } = settings;
  if (chainFile === undefined || keyFile === undefined) return undefined;
  const path = (file: string): string => resolve(place.dataDirectory, file);
  const password =
    keyPassword === undefined
      ? undefined
      : utf8Bytes((await readOperatorFile(place, keyPassword)).split(/\r?\n/, 1)[0] ?? "");
  const { key } = readKey(path(keyFile), await readOperatorFile(place, keyFile), password);
  const chain = readChain(path(chainFile), await readOperatorFile(place, chainFile));
  try {
    return { file: path(chainFile), signer: messageSigner(key), chain };
  } catch (cause) {
    if (!(cause instanceof FormatError)) throw cause;
    throw new StackError("key", `${path(keyFile)}: ${cause.message}`, { cause });
  }
}

async function readEarlierChains(
  place: SettingsPlace,
  { earlierChains }: OperatorChainSettings,
): Promise<readonly FormerChain[]> {
  return Promise.all(
    earlierChains.map(async (file) => {
      const text = await readOperatorFile(place, file);
      return { chain: readChain(resolve(place.dataDirectory, file), text), until: undefined };
    }),
  );
}

/** @throws StackError `key` */
export async function readOperatorFile(
  { dataDirectory, section }: SettingsPlace,
  file: string,
): Promise<string> {
  try {
    return await readFile(resolve(dataDirectory, file), "utf8");
  } catch (cause) {
    if (!(cause instanceof Error && "syscall" in cause)) throw cause;
    throw new StackError("key", `${section}: ${cause.message}`, { cause });
  }
}
