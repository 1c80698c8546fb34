// SPDX-License-Identifier: Apache-2.0
import type { PrivateKey } from "@chancery/formats/crypto/node";
import { FormatError } from "@chancery/formats/errors";
import { SignError, type SignErrorCode } from "../errors.ts";

/**
 * Answers the password of a key file, as bytes (UTF-8 of what was typed; may be empty). Called at
 * most once for a file, and only when the file is encrypted. The bytes stay the provider's to wipe.
 */
export type PasswordProvider = () => Promise<Uint8Array>;

/** One key in a file: a PEM block, or bare DER, which has no label. */
export interface KeyBlock {
  readonly label: string | undefined;
  readonly headers: Readonly<Record<string, string>>;
  readonly bytes: Uint8Array;
}

/** One format of private key files. */
export interface KeyFileFormat {
  /** For messages: `PKCS#8`. */
  readonly name: string;
  /** Whether the block is of this format, by its label; of bare DER by its first elements. */
  matches(block: KeyBlock): boolean;
  /**
   * @throws SignError `password-required` | `wrong-password` | `unsupported-key` |
   *   `kdf-too-costly`; FormatError, which `readPrivateKey` translates.
   */
  decode(block: KeyBlock, password: PasswordProvider | undefined): Promise<PrivateKey>;
}

/** Asks for the password. @throws SignError `password-required` where nobody can be asked. */
export async function ask(password: PasswordProvider | undefined): Promise<Uint8Array> {
  if (password) return password();
  throw new SignError(
    "password-required",
    "the private key is encrypted",
    "give its password, for example in the environment variable COSIGN_PASSWORD",
  );
}

export function wrongPassword(): SignError {
  return new SignError(
    "wrong-password",
    "the password does not open the private key",
    "check the password; if it is right, the file is damaged",
  );
}

/** A parser's refusal in the words of this package; other errors come back as they are. */
export function keyError(cause: unknown): unknown {
  if (!(cause instanceof FormatError)) return cause;
  const costly = cause.code === "too-large" && cause.format === "encrypted private key";
  const unsupported = cause.code === "unsupported";
  const code: SignErrorCode = costly
    ? "kdf-too-costly"
    : unsupported
      ? "unsupported-key"
      : "malformed-key";
  const hint = costly
    ? "re-encrypt the key with common parameters: openssl pkcs8 -topk8 -in KEY -out NEW"
    : unsupported
      ? "convert it to PKCS#8: openssl pkcs8 -topk8 -in KEY -out NEW"
      : "check that the file is complete and holds one private key";
  return new SignError(code, `cannot read the key: ${cause.message}`, hint, { cause });
}
