// SPDX-License-Identifier: Apache-2.0
import { constants, copyFile, link, lstat, open, rename, unlink } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { encodeHex } from "@chancery/formats/bytes";
import { randomBytes } from "@chancery/formats/crypto/node";
import { SignError } from "../errors.ts";

export interface SaveOptions {
  /** Replace a file that exists; otherwise it is an error, and the file stays as it was. */
  readonly overwrite?: boolean;
}

/**
 * Writes a private key file that only its owner can read (mode 0600; Windows: as the folder).
 *
 * The file appears whole or not at all: it is written under another name in the same folder, made
 * durable, and then given its name. A crash before that leaves a file `.NAME.*.tmp` with the same
 * protection, which may be deleted.
 *
 * A symbolic link is never written through, not even with `overwrite`: the secret would end up
 * where whoever made the link wanted it, or the link would silently become a file. Links in the
 * folder's own path are followed.
 *
 * @throws SignError `file-exists` | `unwritable-file`
 */
export function savePrivateKey(path: string, text: string, options?: SaveOptions): Promise<void> {
  return save(path, text, 0o600, options);
}

/** As `savePrivateKey`, for a public key that everybody may read (mode 0644, less the umask). */
export function savePublicKey(path: string, text: string, options?: SaveOptions): Promise<void> {
  return save(path, text, 0o644, options);
}

async function save(
  path: string,
  text: string,
  mode: number,
  { overwrite = false }: SaveOptions = {},
): Promise<void> {
  try {
    await checkTarget(path, overwrite);
    const temporary = join(dirname(path), `.${basename(path)}.${encodeHex(randomBytes(8))}.tmp`);
    await writeDurably(temporary, text, mode);
    try {
      if (overwrite) await rename(temporary, path);
      else await linkOrCopy(temporary, path);
    } finally {
      await removeIfThere(temporary);
    }
    await syncFolder(dirname(path));
  } catch (cause) {
    if (cause instanceof SignError) throw cause;
    const { code } = cause as NodeJS.ErrnoException;
    if (code === "EEXIST") throw exists(path);
    throw new SignError(
      "unwritable-file",
      `cannot write ${path}: ${code ?? "unknown error"}`,
      "check that its folder exists and that you may write there",
      { cause },
    );
  }
}

async function checkTarget(path: string, overwrite: boolean): Promise<void> {
  let found;
  try {
    found = await lstat(path);
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === "ENOENT") return;
    throw cause;
  }
  if (!overwrite) throw exists(path);
  if (found.isFile()) return;
  const kind = found.isSymbolicLink() ? "a symbolic link" : "not a regular file";
  throw new SignError(
    "unwritable-file",
    `${path} is ${kind}, and keys are not written there`,
    "name the file itself",
  );
}

function exists(path: string): SignError {
  return new SignError(
    "file-exists",
    `${path} already exists`,
    "choose another name, or ask for it to be overwritten: the key in it will be lost",
  );
}

async function writeDurably(path: string, text: string, mode: number): Promise<void> {
  const file = await open(path, "wx", mode);
  try {
    await file.writeFile(text);
    await file.sync();
  } catch (cause) {
    await file.close();
    await unlink(path);
    throw cause;
  }
  await file.close();
}

/** Gives the file its second name, unless that is taken: what `rename` would not mind. */
async function linkOrCopy(from: string, to: string): Promise<void> {
  try {
    await link(from, to);
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    if (code !== "EPERM" && code !== "ENOTSUP" && code !== "EOPNOTSUPP" && code !== "ENOSYS") {
      throw cause;
    }
    // A file system without links. The copy is exclusive too; a crash can leave it cut short.
    await copyFile(from, to, constants.COPYFILE_EXCL);
    await using file = await open(to, "r+");
    await file.sync();
  }
}

async function removeIfThere(path: string): Promise<void> {
  try {
    await unlink(path);
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== "ENOENT") throw cause; // it was renamed
  }
}

/** Makes the new name durable. Windows cannot open folders, and does not need to. */
async function syncFolder(path: string): Promise<void> {
  if (process.platform === "win32") return;
  await using folder = await open(path, "r");
  await folder.sync();
}
