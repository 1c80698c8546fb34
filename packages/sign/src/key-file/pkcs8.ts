// SPDX-License-Identifier: Apache-2.0
import { readDer, Tag } from "@chancery/formats/der";
import {
  decryptPkcs8,
  isEncryptedPkcs8,
  type PrivateKey,
  privateKeyFromPkcs8,
  wipe,
} from "@chancery/formats/crypto/node";
import { FormatError } from "@chancery/formats/errors";
import { ask, type KeyBlock, type KeyFileFormat, wrongPassword } from "./format.ts";

/** PKCS#8 (RFC 5958, RFC 7468 §10, §11): `PRIVATE KEY`, `ENCRYPTED PRIVATE KEY` and bare DER. */
export const pkcs8Format: KeyFileFormat = {
  name: "PKCS#8",
  matches: ({ label, bytes }) =>
    label === "PRIVATE KEY" ||
    label === "ENCRYPTED PRIVATE KEY" ||
    (label === undefined && looksLikePkcs8(bytes)),
  async decode(block, password) {
    const encrypted = isEncryptedPkcs8(block.bytes);
    checkLabel(block, encrypted);
    if (!encrypted) return privateKeyFromPkcs8(block.bytes);
    return openPkcs8(decryptPkcs8(block.bytes, await ask(password)));
  },
};

/** The key in decrypted DER, which is wiped; undefined stands for a wrong password. */
export function openPkcs8(pkcs8: Uint8Array | undefined): PrivateKey {
  if (!pkcs8) throw wrongPassword();
  try {
    return privateKeyFromPkcs8(pkcs8);
  } finally {
    wipe(pkcs8);
  }
}

function checkLabel({ label, headers }: KeyBlock, encrypted: boolean): void {
  if (Object.keys(headers).length > 0) {
    throw new FormatError("malformed-pem", "pem", "", `headers in ${label ?? "DER"}`);
  }
  if (label !== undefined && (label === "ENCRYPTED PRIVATE KEY") !== encrypted) {
    const held = encrypted ? "an encrypted key" : "a key that is not encrypted";
    throw new FormatError("malformed-pem", "pem", "", `the block ${label} holds ${held}`);
  }
}

/** PrivateKeyInfo: version, algorithm… EncryptedPrivateKeyInfo: algorithm, data. */
function looksLikePkcs8(bytes: Uint8Array): boolean {
  try {
    return readDer(bytes, "key file", (reader) => {
      const outer = reader.sequence();
      const encrypted = outer.any().tag === Tag.sequence;
      return outer.any().tag === (encrypted ? Tag.octetString : Tag.sequence);
    });
  } catch (cause) {
    if (cause instanceof FormatError) return false;
    throw cause;
  }
}
