// SPDX-License-Identifier: Apache-2.0
import crypto from "node:crypto";
import { concatBytes, decodeHex } from "../../bytes/index.ts";
import { FormatError } from "../../errors/index.ts";
import {
  cipherIvBytes,
  cipherKeyBytes,
  type CipherName,
  decryptCipher,
  plain,
  wipe,
} from "./ciphers.ts";
import { isWholeSequence } from "./pbes2.ts";

const FORMAT = "encrypted private key";

const ciphers: Readonly<Record<string, CipherName>> = {
  "AES-128-CBC": "aes-128-cbc",
  "AES-192-CBC": "aes-192-cbc",
  "AES-256-CBC": "aes-256-cbc",
  "DES-EDE3-CBC": "des-ede3-cbc",
};

/**
 * Decrypts the body of a PEM block with `Proc-Type: 4,ENCRYPTED` and `DEK-Info` headers (RFC 1421
 * §4.6), as OpenSSL wrote RSA and EC keys before PKCS#8: the key is MD5 over passphrase and the
 * first eight bytes of the vector, one round. Weak, read for the sake of old files only.
 *
 * @param headers of the PEM block.
 * @returns the DER inside, whose content is not checked; undefined where the passphrase is wrong or
 *   the data damaged.
 * @throws FormatError `malformed` | `malformed-hex` | `unsupported` for other headers.
 */
export function decryptLegacyPem(
  headers: Readonly<Record<string, string>>,
  body: Uint8Array,
  passphrase: Uint8Array,
): Uint8Array | undefined {
  if (headers["Proc-Type"] !== "4,ENCRYPTED") {
    throw new FormatError("malformed", FORMAT, "Proc-Type", "is not 4,ENCRYPTED");
  }
  const [name, vector, ...rest] = (headers["DEK-Info"] ?? "").split(",");
  if (vector === undefined || rest.length > 0) {
    throw new FormatError("malformed", FORMAT, "DEK-Info", "is not a cipher and a vector");
  }
  const cipher = Object.hasOwn(ciphers, name as string) ? ciphers[name as string] : undefined;
  if (!cipher) throw new FormatError("unsupported", FORMAT, "DEK-Info", `the cipher ${name}`);
  const iv = decodeHex(vector, "DEK-Info");
  if (iv.length !== cipherIvBytes(cipher)) {
    throw new FormatError("malformed", FORMAT, "DEK-Info", `a vector of ${iv.length} bytes`);
  }
  const key = bytesToKey(passphrase, iv.subarray(0, 8), cipherKeyBytes(cipher));
  const decrypted = decryptCipher(cipher, key, iv, body);
  wipe(key);
  return decrypted && isWholeSequence(decrypted) ? decrypted : undefined;
}

/** OpenSSL's EVP_BytesToKey with MD5 and a count of one. */
function bytesToKey(passphrase: Uint8Array, salt: Uint8Array, sizeBytes: number): Uint8Array {
  const key = new Uint8Array(sizeBytes);
  let block = new Uint8Array(0);
  for (let filled = 0; filled < sizeBytes; filled += 16) {
    const input = concatBytes(block, passphrase, salt);
    block = Uint8Array.from(plain(crypto.createHash("md5").update(input).digest()));
    wipe(input);
    key.set(block.subarray(0, sizeBytes - filled), filled);
  }
  wipe(block);
  return key;
}
