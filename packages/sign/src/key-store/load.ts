// SPDX-License-Identifier: Apache-2.0
import { open } from "node:fs/promises";
import { decodeUtf8 } from "@chancery/formats/bytes";
import type { PublicKey } from "@chancery/formats/crypto";
import { type PrivateKey, wipe } from "@chancery/formats/crypto/node";
import { FormatError } from "@chancery/formats/errors";
import { SignError } from "../errors.ts";
import {
  keyFileBytesMax,
  type PasswordProvider,
  readPrivateKey,
  readPublicKey,
} from "../key-file/index.ts";

/**
 * Reads a private key file, or a pipe (`--key <(vault read …)`), up to `keyFileBytesMax`. Who else
 * may read the file is not looked at.
 * @throws SignError `unreadable-key`, and as `readPrivateKey`
 */
export async function loadPrivateKeyFile(
  path: string,
  password?: PasswordProvider,
): Promise<PrivateKey> {
  const bytes = await readKeyFile(path);
  try {
    return await readPrivateKey(bytes, password);
  } finally {
    wipe(bytes);
  }
}

/** Reads a public key file or pipe. @throws SignError `unreadable-key`, and as `readPublicKey` */
export async function loadPublicKeyFile(path: string): Promise<PublicKey> {
  return readPublicKeyBytes(await readKeyFile(path));
}

/** As `readPublicKey`, from bytes. */
export function readPublicKeyBytes(bytes: Uint8Array): PublicKey {
  let text: string;
  try {
    text = decodeUtf8(bytes, "key file");
  } catch (cause) {
    if (!(cause instanceof FormatError)) throw cause;
    throw new SignError(
      "malformed-key",
      "the public key is not text",
      "convert DER to PEM: openssl pkey -pubin -inform DER -in KEY -out NEW",
      { cause },
    );
  }
  return readPublicKey(text);
}

async function readKeyFile(path: string): Promise<Uint8Array> {
  // One byte more than allowed tells a file that is too long, without reading all of it.
  const buffer = new Uint8Array(keyFileBytesMax + 1);
  let length = 0;
  try {
    await using file = await open(path, "r");
    for (;;) {
      const { bytesRead } = await file.read(buffer, length, buffer.length - length);
      length += bytesRead;
      if (bytesRead === 0 || length === buffer.length) break;
    }
  } catch (cause) {
    wipe(buffer);
    const { code } = cause as NodeJS.ErrnoException;
    throw new SignError(
      "unreadable-key",
      `cannot read the key file ${path}: ${fileProblem(code)}`,
      code === "ENOENT" ? "check the path; to make a new key: chancery generate-key-pair" : "",
      { cause },
    );
  }
  if (length > keyFileBytesMax) {
    wipe(buffer);
    throw new SignError(
      "malformed-key",
      `the key file ${path} is longer than ${keyFileBytesMax} bytes`,
      "check that it is a key file",
    );
  }
  const bytes = buffer.slice(0, length);
  wipe(buffer);
  return bytes;
}

function fileProblem(code: string | undefined): string {
  switch (code) {
    case "ENOENT":
      return "there is no such file";
    case "EISDIR":
      return "it is a directory";
    case "EACCES":
    case "EPERM":
      return "you have no right to";
    default:
      return code ?? "unknown error";
  }
}
