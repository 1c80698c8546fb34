// SPDX-License-Identifier: Apache-2.0
import { readFile } from "node:fs/promises";
import { concatBytes, utf8Bytes } from "@chancery/formats/bytes";
import { CliError, fileError, type Io, usageError } from "../framework/index.ts";
import { pathOf } from "../files/index.ts";

/** More than this is not a password but the wrong file. */
const passwordBytesMax = 4096;

export interface PasswordOptions {
  readonly io: Io;
  /** `--password-file`. */
  readonly file?: string | undefined;
  /** Standard input is what is signed, so no password can be on it. */
  readonly stdinTaken?: boolean;
}

/** Where a password was found. */
export interface Password {
  readonly bytes: Uint8Array;
  /** The same with the line end that was taken off: old keys may have been made with it. */
  readonly withLineEnd?: Uint8Array;
}

/**
 * The password of an existing private key: from `CHANCERY_PASSWORD` or `COSIGN_PASSWORD` (even
 * empty), else `--password-file`, else the terminal, else standard input.
 *
 * One line end is taken off what is read from a file or from standard input, so that
 * `echo secret | chancery …` means the password `secret`. (cosign keeps it; `withLineEnd` opens the
 * keys that it made that way.)
 *
 * @throws CliError `password-required`
 */
export async function askPassword(options: PasswordOptions): Promise<Password> {
  const { io, stdinTaken } = options;
  const known = await givenPassword(options);
  if (known) return known;
  if (io.prompt) return { bytes: utf8Bytes(await io.prompt.secret("Password for private key:")) };
  if (stdinTaken || io.stdinIsTTY) throw passwordRequired();
  return withoutLineEnd(await readStdin(io));
}

/**
 * The password of a private key that is to be written, which a person types twice.
 *
 * @throws CliError `password-required` also where standard input is empty: a key is not left
 *   unprotected by accident. An empty variable says that it should be.
 */
export async function newPassword(options: PasswordOptions): Promise<Uint8Array> {
  const { io, stdinTaken } = options;
  const known = await givenPassword(options);
  if (known) return known.bytes;
  if (io.prompt) {
    const first = await io.prompt.secret("New password for private key:");
    const again = await io.prompt.secret("The same password again:");
    if (first !== again) {
      throw new CliError("usage", "passwords-differ", "passwords do not match", {
        hint: "run the command again",
      });
    }
    return utf8Bytes(first);
  }
  if (stdinTaken || io.stdinIsTTY) throw passwordRequired();
  const bytes = await readStdin(io);
  if (bytes.length === 0) throw passwordRequired();
  return withoutLineEnd(bytes).bytes;
}

async function givenPassword({ io, file }: PasswordOptions): Promise<Password | undefined> {
  const variable = io.env["CHANCERY_PASSWORD"] ?? io.env["COSIGN_PASSWORD"];
  if (variable !== undefined) return { bytes: utf8Bytes(variable) };
  if (file === undefined) return undefined;
  let bytes: Uint8Array;
  try {
    bytes = await readFile(pathOf(io, file));
  } catch (error) {
    throw fileError(error, file);
  }
  if (bytes.length > passwordBytesMax) {
    throw usageError(`${file}: more than ${passwordBytesMax} bytes, too long for a password`);
  }
  return withoutLineEnd(bytes);
}

async function readStdin(io: Io): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of io.stdin) {
    chunks.push(chunk);
    length += chunk.length;
    if (length > passwordBytesMax) {
      throw usageError("standard input is too long for a password", "pass --password-file FILE");
    }
  }
  return concatBytes(...chunks);
}

function withoutLineEnd(bytes: Uint8Array): Password {
  const end = bytes.length;
  if (bytes[end - 1] !== 0x0a) return { bytes };
  const cut = bytes[end - 2] === 0x0d ? 2 : 1;
  return { bytes: bytes.subarray(0, end - cut), withLineEnd: bytes };
}

function passwordRequired(): CliError {
  return new CliError("usage", "password-required", "a password for the private key is needed", {
    hint: "set CHANCERY_PASSWORD (empty for none), or pass --password-file FILE",
  });
}
