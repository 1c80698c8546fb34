// SPDX-License-Identifier: Apache-2.0
import { ByteReader, decodeBase64 } from "@chancery/formats/bytes";
import type { PublicKey } from "@chancery/formats/crypto";
import { FormatError } from "@chancery/formats/errors";
import { sshPublicKey, sshText } from "./ssh-wire.ts";

const LINE =
  /^(ssh-[a-z0-9]+|ecdsa-sha2-[a-z0-9]+|sk-[a-z0-9@.-]+) ([A-Za-z0-9+/]+={0,2})(?: .*)?$/;

/** Whether the text looks like the one line of an OpenSSH `.pub` file. */
export function isOpensshPublicKey(text: string): boolean {
  return LINE.test(text.trim());
}

/**
 * Reads the line of an OpenSSH `.pub` file: key type, base64 (RFC 4253 §6.6), comment. Lines with
 * options, as in `authorized_keys`, and certificates are not read.
 * @throws FormatError
 */
export function decodeOpensshPublicKey(text: string): PublicKey {
  const [, type, body] = LINE.exec(text.trim()) ?? [];
  if (type === undefined || body === undefined) {
    throw new FormatError("malformed", "ssh", "", "not the line of an OpenSSH public key");
  }
  const reader = new ByteReader(decodeBase64(body, "ssh"), "ssh");
  if (sshText(reader) !== type) {
    throw new FormatError("conflicting-fields", "ssh", "", `the key inside is not ${type}`);
  }
  const key = sshPublicKey(type, reader);
  reader.end();
  return key;
}
