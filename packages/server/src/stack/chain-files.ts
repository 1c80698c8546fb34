// SPDX-License-Identifier: Apache-2.0
import { mkdir } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { MessageSigner, PublicKey } from "@chancery/formats/crypto";
import { messageSigner } from "@chancery/formats/crypto/node";
import { FormatError } from "@chancery/formats/errors";
import {
  type Certificate,
  decodeCertificatesPem,
  encodeCertificatePem,
} from "@chancery/formats/x509";
import { StackError } from "./errors.ts";
import { readText, writeWhole } from "./files.ts";
import { currentGeneration, type Generation, readGenerations } from "./generations.ts";
import type { KeyFolder } from "./key-files.ts";

/** Certificates of a service's keys: what they are kept by, and how they are made. */
export interface ChainFileOptions {
  readonly dataDirectory: string;
  readonly keys: KeyFolder;
  /** Of the first generation. */
  readonly keyName: string;
  readonly algorithm: string;
  /** In the data directory, for `chain.pem`, `chain-2.pem` and so on. */
  readonly folder: string;
  /** What is lost with a chain, in the plural: `old timestamps`. */
  readonly what: string;
  /** Makes the certificates of a key, its own first. */
  readonly make: (publicKey: PublicKey) => Promise<readonly Certificate[]>;
}

/** A key with its certificates, and those before it. */
export interface OpenChain {
  /** Path of the certificates. */
  readonly file: string;
  readonly signer: MessageSigner;
  /** The key's own first, the root last. */
  readonly chain: readonly Certificate[];
  /** Oldest first. */
  readonly former: readonly FormerChain[];
}

/** Certificates of a key that signs no more; the key itself is of no use. */
export interface FormerChain {
  readonly chain: readonly Certificate[];
  readonly until: Date | undefined;
}

/**
 * Opens the key in use and its certificates, which are made where it is new.
 *
 * The certificates are public, but whoever changes them stops us. Those of former keys stay, as
 * clients need them to verify.
 *
 * @throws StackError `key` where the key or certificates are missing, or cannot be read
 */
export async function openChain(options: ChainFileOptions): Promise<OpenChain> {
  const { dataDirectory, keys, algorithm, what, make } = options;
  const generations = await readGenerations(dataDirectory, options.keyName);
  const { name } = currentGeneration(generations);
  const file = chainFile(options, currentGeneration(generations));
  const text = await readText(file);
  if (text === undefined && keys.has(name)) {
    const message =
      `${file} is missing, but there is its key: restore it from a backup, or out of the trusted ` +
      `root; where there are no ${what}, remove the key ${name}.pem`;
    throw new StackError("key", message);
  }
  const key = await keys.open(name, algorithm, { mayMake: text === undefined });
  const signer = messageSigner(key);
  const chain =
    text === undefined
      ? await writeChain(file, await make(signer.publicKey))
      : readChain(file, text);
  return { file, signer, chain, former: await readFormer(options, generations.slice(0, -1)) };
}

/**
 * The chains of all keys that were ever made here, where another one is used instead of them.
 * @throws StackError `key`
 */
export async function readMadeChains(options: ChainFileOptions): Promise<readonly FormerChain[]> {
  const { dataDirectory, keyName } = options;
  return readFormer(options, await readGenerations(dataDirectory, keyName));
}

/**
 * The certificates of generations that are used no more.
 * @throws StackError `key`
 */
async function readFormer(
  options: ChainFileOptions,
  generations: readonly Generation[],
): Promise<readonly FormerChain[]> {
  const former: FormerChain[] = [];
  for (const generation of generations) {
    const file = chainFile(options, generation);
    const text = await readText(file);
    if (text !== undefined) {
      former.push({ chain: readChain(file, text), until: generation.until });
    } else if (options.keys.has(generation.name)) {
      const message = `${file} is missing: ${options.what} need it; restore it from a backup`;
      throw new StackError("key", message);
    } // Else it was replaced before it was ever used.
  }
  return former;
}

/** The certificates of a PEM file. @throws StackError `key` */
export function readChain(file: string, text: string): readonly Certificate[] {
  try {
    return decodeCertificatesPem(text);
  } catch (cause) {
    if (!(cause instanceof FormatError)) throw cause;
    throw new StackError("key", `${file}: ${cause.message}`, { cause });
  }
}

async function writeChain(
  file: string,
  chain: readonly Certificate[],
): Promise<readonly Certificate[]> {
  await mkdir(dirname(file), { recursive: true, mode: 0o700 });
  await writeWhole(file, chain.map(encodeCertificatePem).join(""));
  return chain;
}

function chainFile({ dataDirectory, folder }: ChainFileOptions, { number }: Generation): string {
  return join(dataDirectory, folder, number === 1 ? "chain.pem" : `chain-${number}.pem`);
}
