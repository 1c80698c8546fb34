// SPDX-License-Identifier: Apache-2.0
import { existsSync } from "node:fs";
import { mkdir, open } from "node:fs/promises";
import { join } from "node:path";
import { utf8Bytes } from "@chancery/formats/bytes";
import { algorithmByName, algorithmFits } from "@chancery/formats/crypto";
import {
  encryptPkcs8,
  generatePrivateKey,
  type PrivateKey,
  privateKeyFromPkcs8,
  wipe,
} from "@chancery/formats/crypto/node";
import { FormatError } from "@chancery/formats/errors";
import { decodePem, encodePem } from "@chancery/formats/pem";
import type { FastifyBaseLogger } from "fastify";
import { StackError } from "./errors.ts";
import { readText, writeWhole } from "./files.ts";

/** What goes for all keys of a folder. */
export interface KeyFolderOptions {
  /** With one, keys are encrypted. */
  readonly password: Uint8Array | undefined;
  readonly logger: FastifyBaseLogger;
}

const plainLabel = "PRIVATE KEY";
const encryptedLabel = "ENCRYPTED PRIVATE KEY";
const [variable, fileVariable] = ["CHANCERY_KEY_PASSWORD", "CHANCERY_KEY_PASSWORD_FILE"] as const;
const passwordSizeBytesMax = 4096;

/**
 * The private keys of services, each in a file `<name>.pem` of mode 0600: PKCS #8, encrypted
 * (RFC 8018 PBES2) where there is a password. A file that is plain although there is one is
 * encrypted when it is opened. Whoever can read the files, and knows the password, is the service.
 */
export class KeyFolder {
  readonly #folder: string;
  readonly #options: KeyFolderOptions;
  #isNoted = false;

  constructor(folder: string, options: KeyFolderOptions) {
    this.#folder = folder;
    this.#options = options;
  }

  /** For keys that a service keeps elsewhere: they are encrypted as these are. */
  get password(): Uint8Array | undefined {
    return this.#options.password;
  }

  /** Whether there is a key of that name. */
  has(name: string): boolean {
    return existsSync(this.#path(name));
  }

  /**
   * Reads a key, or makes one where it may be made.
   * @param algorithm by its protobuf name, such as `PKIX_ECDSA_P256_SHA_256`.
   * @param options.mayMake false once something depends on the key: another one would not do.
   * @throws StackError `key` where it is missing, of another algorithm, or cannot be read
   */
  async open(
    name: string,
    algorithm: string,
    { mayMake }: { readonly mayMake: boolean },
  ): Promise<PrivateKey> {
    const path = this.#path(name);
    const text = await readText(path);
    if (text === undefined) {
      if (mayMake) return this.#make(path, algorithm);
      const message = `${path} is missing: without it nothing can go on here; restore it from a backup`;
      throw new StackError("key", message);
    }
    const { key, isEncrypted } = readKey(path, text, this.#options.password);
    if (!algorithmFits(algorithmByName(algorithm), key.publicKey)) {
      throw new StackError("key", `${path} is a key of another kind than ${algorithm}: restore it`);
    }
    if (!isEncrypted && this.#options.password) {
      await this.#write(path, key);
      this.#options.logger.info({ path }, "a key that was plain is encrypted from now on");
    }
    return key;
  }

  #path(name: string): string {
    return join(this.#folder, `${name}.pem`);
  }

  async #make(path: string, algorithm: string): Promise<PrivateKey> {
    await mkdir(this.#folder, { recursive: true, mode: 0o700 });
    const key = generatePrivateKey(algorithmByName(algorithm));
    await this.#write(path, key);
    if (!this.#options.password && !this.#isNoted) {
      const hint = `to encrypt them, put a password into a file and set ${fileVariable}`;
      this.#options.logger.info({ folder: this.#folder, hint }, "private keys are not encrypted");
      this.#isNoted = true;
    }
    return key;
  }

  async #write(path: string, key: PrivateKey): Promise<void> {
    const { password } = this.#options;
    const pkcs8 = key.toPkcs8();
    const text = password
      ? encodePem(encryptedLabel, encryptPkcs8(pkcs8, password))
      : encodePem(plainLabel, pkcs8);
    wipe(pkcs8);
    await writeWhole(path, text, 0o600);
  }
}

/**
 * The password of private keys as the environment says: `CHANCERY_KEY_PASSWORD`, or the first line
 * of the file that `CHANCERY_KEY_PASSWORD_FILE` names.
 *
 * @param pathOf makes a path of what the variable says.
 * @returns UTF-8; undefined where neither is set. Unlike a user's keys none has an empty password.
 * @throws StackError `configuration` where both are set, or the password is empty or too long
 */
export async function keyPasswordFrom(
  environment: Readonly<Record<string, string | undefined>>,
  pathOf: (path: string) => string,
): Promise<Uint8Array | undefined> {
  const { [variable]: direct, [fileVariable]: file } = environment;
  if (direct === undefined && file === undefined) return undefined;
  if (direct !== undefined && file !== undefined) {
    throw new StackError("configuration", `set ${variable} or ${fileVariable}, not both`);
  }
  const source = direct === undefined ? `the file of ${fileVariable}` : variable;
  const password = direct ?? (await readFirstLine(pathOf(file as string), source));
  const bytes = utf8Bytes(password);
  if (bytes.length === 0) throw new StackError("configuration", `${source} is empty`);
  if (bytes.length > passwordSizeBytesMax) {
    const message = `${source} has more than ${passwordSizeBytesMax} bytes`;
    throw new StackError("configuration", message);
  }
  return bytes;
}

async function readFirstLine(path: string, source: string): Promise<string> {
  try {
    const file = await open(path, "r");
    try {
      const { buffer, bytesRead } = await file.read(Buffer.alloc(passwordSizeBytesMax + 2));
      const [line = ""] = buffer.toString("utf8", 0, bytesRead).split(/\r?\n/, 1);
      return line;
    } finally {
      await file.close();
    }
  } catch (cause) {
    if (!(cause instanceof Error && "syscall" in cause)) throw cause;
    throw new StackError("configuration", `${source} cannot be read: ${cause.message}`, { cause });
  }
}

/**
 * A private key of a PEM file, PKCS #8.
 * @param path for errors. @throws StackError `key`
 */
export function readKey(
  path: string,
  text: string,
  password: Uint8Array | undefined,
): { readonly key: PrivateKey; readonly isEncrypted: boolean } {
  let isEncrypted = false;
  try {
    const blocks = decodePem(text);
    const [block] = blocks;
    if (
      !block ||
      blocks.length > 1 ||
      (block.label !== plainLabel && block.label !== encryptedLabel)
    ) {
      throw new StackError("key", `${path} is no private key in PEM: restore it from a backup`);
    }
    isEncrypted = block.label === encryptedLabel;
    if (isEncrypted && !password) {
      const message = `${path} is encrypted: set ${fileVariable} to the path of its password`;
      throw new StackError("key", message);
    }
    return { key: privateKeyFromPkcs8(block.bytes, password), isEncrypted };
  } catch (cause) {
    if (!(cause instanceof FormatError)) throw cause;
    const hint = isEncrypted ? `: see that ${fileVariable} or ${variable} is the right one` : "";
    throw new StackError("key", `${path}: ${cause.message}${hint}`, { cause });
  }
}
