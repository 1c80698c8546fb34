// SPDX-License-Identifier: Apache-2.0
import crypto from "node:crypto";
import { FormatError } from "../../errors/index.ts";

/** Ciphers that key files are encrypted with, in OpenSSL's names. */
export type CipherName =
  | "aes-128-cbc"
  | "aes-192-cbc"
  | "aes-256-cbc"
  | "aes-128-ctr"
  | "aes-192-ctr"
  | "aes-256-ctr"
  | "aes-256-gcm"
  | "des-ede3-cbc";

/** Cryptographically secure random bytes. */
export function randomBytes(length: number): Uint8Array {
  return plain(crypto.randomBytes(length));
}

/** Overwrites a secret with zeros. */
export function wipe(...secrets: readonly Uint8Array[]): void {
  for (const secret of secrets) secret.fill(0);
}

/** Cost and block parameters of scrypt (RFC 7914 §2). */
export interface ScryptParameters {
  readonly n: number;
  readonly r: number;
  readonly p: number;
}

/** Limits on scrypt: 256 MiB of memory, and about two seconds of one core. */
const scryptMax = { memoryBytes: 1 << 28, blocks: 1 << 23, r: 64, p: 64 } as const;

/** Refuses parameters that RFC 7914 §2 forbids or that cost more than a key file may ask for. */
export function checkScrypt({ n, r, p }: ScryptParameters, format: string): void {
  const powerOfTwo = Number.isSafeInteger(n) && n > 1 && Number.isInteger(Math.log2(n));
  if (!powerOfTwo || !Number.isSafeInteger(r) || r < 1 || !Number.isSafeInteger(p) || p < 1) {
    throw new FormatError("out-of-range", format, "", `scrypt with N=${n}, r=${r}, p=${p}`);
  }
  const affordable =
    r <= scryptMax.r &&
    p <= scryptMax.p &&
    128 * n * r <= scryptMax.memoryBytes &&
    n * r * p <= scryptMax.blocks;
  if (!affordable) {
    throw new FormatError(
      "too-large",
      format,
      "",
      `scrypt with N=${n}, r=${r}, p=${p} asks for more time or memory than is granted to a key file`,
    );
  }
}

/**
 * scrypt (RFC 7914), computed in the thread pool.
 * @param sizeBytes of the derived key.
 * @throws FormatError `out-of-range` | `too-large` where the parameters cost too much.
 */
export async function scrypt(
  password: Uint8Array,
  salt: Uint8Array,
  parameters: ScryptParameters,
  sizeBytes: number,
): Promise<Uint8Array> {
  checkScrypt(parameters, "scrypt");
  const { promise, resolve, reject } = Promise.withResolvers<Uint8Array>();
  crypto.scrypt(password, salt, sizeBytes, scryptOptions(parameters), (error, key) => {
    if (error) reject(error);
    else resolve(plain(key));
  });
  return promise;
}

/** As `scrypt`, blocking. */
export function scryptNow(
  password: Uint8Array,
  salt: Uint8Array,
  parameters: ScryptParameters,
  sizeBytes: number,
): Uint8Array {
  checkScrypt(parameters, "scrypt");
  return plain(crypto.scryptSync(password, salt, sizeBytes, scryptOptions(parameters)));
}

function scryptOptions({ n, r, p }: ScryptParameters): crypto.ScryptOptions {
  return { N: n, r, p, maxmem: 128 * r * (n + p + 2) + (1 << 20) };
}

/**
 * Decrypts. CBC removes the padding (RFC 5652 §6.3) unless told that there is none.
 *
 * @param iv of the cipher's size; 12 bytes for GCM.
 * @param options.tag of GCM, 16 bytes. @param options.padded false where CBC ends without padding.
 * @returns undefined where the padding or the tag is wrong: another key, or damaged data. CTR and
 *   unpadded CBC cannot tell.
 * @throws FormatError `malformed` where key or iv have not the cipher's size.
 */
export function decryptCipher(
  cipher: CipherName,
  key: Uint8Array,
  iv: Uint8Array,
  data: Uint8Array,
  options: { readonly tag?: Uint8Array; readonly padded?: boolean } = {},
): Uint8Array | undefined {
  if (key.length !== cipherKeyBytes(cipher) || iv.length !== cipherIvBytes(cipher)) {
    throw new FormatError("malformed", "cipher", "", `key or iv are not of ${cipher}'s size`);
  }
  const decipher = crypto.createDecipheriv(cipher, key, iv);
  if (cipher === "aes-256-gcm") {
    if (options.tag?.length !== 16) throw new FormatError("malformed", "cipher", "", "no GCM tag");
    (decipher as crypto.DecipherGCM).setAuthTag(options.tag);
  }
  if (options.padded === false) decipher.setAutoPadding(false);
  const head = decipher.update(data);
  try {
    const tail = decipher.final();
    const out = new Uint8Array(head.length + tail.length);
    out.set(head);
    out.set(tail, head.length);
    wipe(tail);
    return out;
  } catch {
    return undefined; // OpenSSL's only refusal here: padding, tag or length
  } finally {
    wipe(head);
  }
}

/** Key size of the cipher in bytes. */
export function cipherKeyBytes(cipher: CipherName): number {
  return cipher === "des-ede3-cbc" ? 24 : Number(cipher.slice(4, 7)) / 8;
}

/** Size of the cipher's initialisation vector in bytes. */
export function cipherIvBytes(cipher: CipherName): number {
  if (cipher === "des-ede3-cbc") return 8;
  return cipher === "aes-256-gcm" ? 12 : 16;
}

/** The bytes of a Buffer as a plain array: Buffers compare and print differently. */
export function plain(buffer: Uint8Array): Uint8Array {
  return new Uint8Array(buffer.buffer, buffer.byteOffset, buffer.byteLength);
}
