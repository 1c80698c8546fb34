// SPDX-License-Identifier: Apache-2.0
import { decryptLegacyPem, pkcs8FromPkcs1, wipe } from "@chancery/formats/crypto/node";
import {
  ask,
  type KeyBlock,
  type KeyFileFormat,
  type PasswordProvider,
  wrongPassword,
} from "./format.ts";
import { openPkcs8 } from "./pkcs8.ts";

/** PKCS#1 (RFC 8017 §A.1.2): `RSA PRIVATE KEY`, also in OpenSSL's old encrypted form. */
export const pkcs1Format: KeyFileFormat = {
  name: "PKCS#1",
  matches: ({ label }) => label === "RSA PRIVATE KEY",
  async decode(block, password) {
    const pkcs1 = await legacyBody(block, password);
    try {
      return openPkcs8(pkcs8FromPkcs1(pkcs1));
    } finally {
      wipe(pkcs1);
    }
  },
};

/**
 * The DER of a block whose RFC 1421 headers may say that it is encrypted.
 * @throws SignError `wrong-password` | `password-required`; FormatError for unknown ciphers.
 */
export async function legacyBody(
  { headers, bytes }: KeyBlock,
  password: PasswordProvider | undefined,
): Promise<Uint8Array> {
  if (Object.keys(headers).length === 0) return bytes;
  const decrypted = decryptLegacyPem(headers, bytes, await ask(password));
  if (!decrypted) throw wrongPassword();
  return decrypted;
}
