// SPDX-License-Identifier: Apache-2.0
import { decodeUtf8 } from "@chancery/formats/bytes";
import { type PrivateKey, wipe } from "@chancery/formats/crypto/node";
import { FormatError } from "@chancery/formats/errors";
import { decodePem } from "@chancery/formats/pem";
import { SignError } from "../errors.ts";
import { checkKeyAllowed } from "./allowed.ts";
import { type KeyBlock, keyError, type PasswordProvider } from "./format.ts";
import { keyFileFormats } from "./registry.ts";

/** Limit on a key file. RSA with 8192 bits takes less than 7 kB. */
export const keyFileBytesMax: number = 1 << 16;

/** How files begin that hold a private key, but not one that is read here, and what to do. */
const foreign: readonly (readonly [pattern: RegExp, name: string, hint: string])[] = [
  [/^PuTTY-User-Key-File/m, "a PuTTY key", "convert it: puttygen KEY -O private-openssh -o NEW"],
  [/^-----BEGIN PGP /m, "an OpenPGP key", "use a key in PEM form: chancery generate-key-pair"],
  [/^untrusted comment:/m, "a minisign or signify key", "use a key in PEM form"],
  [/^-----BEGIN DSA /m, "a DSA key", "use an ECDSA, Ed25519 or RSA key"],
];

/**
 * Reads a private key file in any of `keyFileFormats`: PEM with one key, or bare PKCS#8 DER.
 *
 * Refuses files with anything beside the key (a certificate, a second key), except the
 * `EC PARAMETERS` that OpenSSL puts before an EC key; text around PEM blocks is skipped.
 * Checks that the public and the private half belong together, and `checkKeyAllowed`.
 *
 * @param password called at most once, and only where the key is encrypted.
 * @throws SignError `malformed-key` | `unsupported-key` | `password-required` | `wrong-password` |
 *   `kdf-too-costly`; and whatever `password` throws.
 */
export async function readPrivateKey(
  input: string | Uint8Array,
  password?: PasswordProvider,
): Promise<PrivateKey> {
  let block: KeyBlock | undefined;
  try {
    block = findBlock(input);
    const found = block;
    const format = keyFileFormats.find((candidate) => candidate.matches(found));
    if (!format) throw unknownBlock(found);
    const key = await format.decode(found, password);
    checkKeyAllowed(key.publicKey);
    return key;
  } catch (cause) {
    throw keyError(cause);
  } finally {
    if (block && block.bytes !== input) wipe(block.bytes);
  }
}

function findBlock(input: string | Uint8Array): KeyBlock {
  if (input.length > keyFileBytesMax) {
    throw new FormatError("too-large", "key file", "", `more than ${keyFileBytesMax} bytes`);
  }
  if (typeof input !== "string" && input[0] === 0x30 && !holdsPem(input)) {
    return { label: undefined, headers: {}, bytes: input };
  }
  const text = typeof input === "string" ? input : decodeUtf8(input, "key file");
  for (const [pattern, name, hint] of foreign) {
    if (pattern.test(text)) throw new SignError("unsupported-key", `the file holds ${name}`, hint);
  }
  const blocks = decodePem(text);
  const [first, second] = blocks;
  const parameters = first?.label === "EC PARAMETERS" && second?.label === "EC PRIVATE KEY";
  const block = parameters ? second : first;
  if (!block || blocks.length > (parameters ? 2 : 1)) {
    const labels = blocks.map(({ label }) => label).join(", ");
    throw new SignError(
      "malformed-key",
      `the file holds more than one PEM block: ${labels}`,
      "leave only the private key in it",
    );
  }
  return block;
}

function holdsPem(bytes: Uint8Array): boolean {
  return new TextDecoder("latin1").decode(bytes).includes("-----BEGIN ");
}

function unknownBlock({ label }: KeyBlock): SignError {
  if (label === undefined) {
    return new SignError(
      "unsupported-key",
      "the file is DER, but not a PKCS#8 private key",
      "convert it: openssl pkcs8 -topk8 -inform DER -in KEY -out NEW",
    );
  }
  const hint = /PUBLIC|CERTIFICATE/.test(label)
    ? "name the file of the private key"
    : "convert it to PKCS#8: openssl pkcs8 -topk8 -in KEY -out NEW";
  return new SignError("unsupported-key", `the file holds a ${label}, not a private key`, hint);
}
