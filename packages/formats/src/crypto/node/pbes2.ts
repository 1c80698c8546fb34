// SPDX-License-Identifier: Apache-2.0
import crypto from "node:crypto";
import { concatBytes } from "../../bytes/index.ts";
import {
  derInteger,
  derOctetString,
  derOid,
  type DerReader,
  derSequence,
  readDer,
  Tag,
} from "../../der/index.ts";
import { FormatError } from "../../errors/index.ts";
import {
  checkScrypt,
  cipherIvBytes,
  cipherKeyBytes,
  type CipherName,
  decryptCipher,
  plain,
  randomBytes,
  scryptNow,
  wipe,
} from "./ciphers.ts";

const FORMAT = "encrypted private key";
const PBES2 = "1.2.840.113549.1.5.13";
const PBKDF2 = "1.2.840.113549.1.5.12";
const SCRYPT = "1.3.6.1.4.1.11591.4.11";
const AES_256_CBC = "2.16.840.1.101.3.4.1.42";
const HMAC_SHA1 = "1.2.840.113549.2.7";

const hmacs: Readonly<Record<string, string>> = {
  [HMAC_SHA1]: "sha1",
  "1.2.840.113549.2.8": "sha224",
  "1.2.840.113549.2.9": "sha256",
  "1.2.840.113549.2.10": "sha384",
  "1.2.840.113549.2.11": "sha512",
};

const ciphers: Readonly<Record<string, CipherName>> = {
  "2.16.840.1.101.3.4.1.2": "aes-128-cbc",
  "2.16.840.1.101.3.4.1.22": "aes-192-cbc",
  [AES_256_CBC]: "aes-256-cbc",
  "1.2.840.113549.3.7": "des-ede3-cbc",
};

/** One to three seconds of one core, depending on the hash. Common writers use 2,048 to 600,000. */
const iterationsMax = 5_000_000;
const saltBytesMax = 1024;

/** As `openssl pkcs8 -topk8 -scrypt` has them; OpenSSL reads none that take more memory. */
const scryptWritten = { n: 1 << 14, r: 8, p: 1 } as const;

/** Limit on the DER of a private key: RSA with 8,192 bits takes less than 5 kB. */
export const privateKeyBytesMax: number = 1 << 16;

/** Whether the DER is EncryptedPrivateKeyInfo, not PrivateKeyInfo, by its first element. */
export function isEncryptedPkcs8(der: Uint8Array): boolean {
  return readDer(der, FORMAT, (reader) => reader.sequence().peek() === Tag.sequence);
}

/**
 * Decrypts an EncryptedPrivateKeyInfo (RFC 5958 §3) in the PBES2 scheme (RFC 8018 §6.2), with
 * PBKDF2 or scrypt (RFC 7914 §7) and AES-CBC or triple DES. Blocks while the key is derived;
 * parameters that would take more than seconds or 256 MiB are refused before anything is computed.
 *
 * @param passphrase its bytes as typed (UTF-8); may be empty.
 * @returns the PrivateKeyInfo DER, whose content is not checked; undefined where the passphrase is
 *   wrong or the data damaged, which cannot be told apart.
 * @throws FormatError `too-large` | `out-of-range` | `unsupported` for others, such as PBES1;
 *   the DER codes.
 */
export function decryptPkcs8(der: Uint8Array, passphrase: Uint8Array): Uint8Array | undefined {
  if (der.length > privateKeyBytesMax) {
    throw new FormatError("too-large", FORMAT, "", `more than ${privateKeyBytesMax} bytes`);
  }
  const { derive, cipher, iv, data } = readDer(der, FORMAT, readEncrypted);
  const key = derive(passphrase);
  const decrypted = decryptCipher(cipher, key, iv, data);
  wipe(key);
  return decrypted && isWholeSequence(decrypted) ? decrypted : undefined;
}

/**
 * Encrypts a PrivateKeyInfo (RFC 5958 §3) in the PBES2 scheme, with scrypt and AES-256-CBC: takes
 * about 40 ms and 16 MiB, so that a password that can be guessed is guessed slowly.
 *
 * @param pkcs8 DER, whose content is not checked. @param passphrase its bytes as typed (UTF-8).
 * @returns EncryptedPrivateKeyInfo DER, another one each time.
 */
export function encryptPkcs8(pkcs8: Uint8Array, passphrase: Uint8Array): Uint8Array {
  const [salt, iv] = [randomBytes(16), randomBytes(16)];
  const { n, r, p } = scryptWritten;
  const key = scryptNow(passphrase, salt, { n, r, p }, cipherKeyBytes("aes-256-cbc"));
  const cipher = crypto.createCipheriv("aes-256-cbc", key, iv);
  const data = concatBytes(cipher.update(pkcs8), cipher.final());
  wipe(key);
  const costs = [derOctetString(salt), ...[n, r, p].map(derInteger)];
  const kdf = derSequence(derOid(SCRYPT), derSequence(...costs));
  const encryption = derSequence(derOid(AES_256_CBC), derOctetString(iv));
  const scheme = derSequence(derOid(PBES2), derSequence(kdf, encryption));
  return derSequence(scheme, derOctetString(data));
}

/**
 * Whether the bytes are one DER SEQUENCE to the end. A wrong password that happens to leave valid
 * padding (one in 256) gives noise, and noise has this form once in millions of times.
 */
export function isWholeSequence(bytes: Uint8Array): boolean {
  try {
    return readDer(bytes, FORMAT, (reader) => reader.any().tag === Tag.sequence);
  } catch (cause) {
    if (cause instanceof FormatError) return false;
    throw cause;
  }
}

interface Encrypted {
  readonly derive: (passphrase: Uint8Array) => Uint8Array;
  readonly cipher: CipherName;
  readonly iv: Uint8Array;
  readonly data: Uint8Array;
}

function readEncrypted(reader: DerReader): Encrypted {
  const outer = reader.sequence();
  const algorithm = outer.sequence();
  const scheme = algorithm.oid();
  if (scheme !== PBES2) throw algorithm.error("unsupported", `the encryption scheme ${scheme}`);
  const parameters = algorithm.sequence();
  algorithm.end();
  const kdf = parameters.sequence();
  const encryption = parameters.sequence();
  parameters.end();
  const cipherOid = encryption.oid();
  const cipher = ciphers[cipherOid];
  if (!cipher) throw encryption.error("unsupported", `the cipher ${cipherOid}`);
  const iv = encryption.octetString();
  encryption.end();
  if (iv.length !== cipherIvBytes(cipher)) {
    throw encryption.error("malformed", `an initialisation vector of ${iv.length} bytes`);
  }
  const data = outer.octetString();
  outer.end();
  return { derive: readKdf(kdf, cipherKeyBytes(cipher)), cipher, iv, data };
}

function readKdf(reader: DerReader, keyBytes: number): Encrypted["derive"] {
  const oid = reader.oid();
  const parameters = reader.sequence();
  reader.end();
  const salt = parameters.octetString();
  if (salt.length > saltBytesMax) throw parameters.error("too-large", "the salt");
  switch (oid) {
    case PBKDF2: {
      const iterations = parameters.smallInteger();
      if (iterations === 0) throw parameters.error("out-of-range", "no iterations");
      if (iterations > iterationsMax) {
        throw parameters.error("too-large", `${iterations} iterations, at most ${iterationsMax}`);
      }
      readKeyLength(parameters, keyBytes);
      const hash = readPrf(parameters);
      return (passphrase) => plain(crypto.pbkdf2Sync(passphrase, salt, iterations, keyBytes, hash));
    }
    case SCRYPT: {
      const n = parameters.smallInteger();
      const r = parameters.smallInteger();
      const p = parameters.smallInteger();
      readKeyLength(parameters, keyBytes);
      parameters.end();
      checkScrypt({ n, r, p }, FORMAT);
      return (passphrase) => scryptNow(passphrase, salt, { n, r, p }, keyBytes);
    }
    default:
      throw reader.error("unsupported", `the key derivation ${oid}`);
  }
}

function readKeyLength(parameters: DerReader, keyBytes: number): void {
  if (parameters.peek() !== Tag.integer) return;
  if (parameters.smallInteger() !== keyBytes) {
    throw parameters.error("malformed", "a key length that is not the cipher's");
  }
}

function readPrf(parameters: DerReader): string {
  const prf = parameters.enterOptional(Tag.sequence);
  parameters.end();
  if (!prf) return "sha1"; // DEFAULT algid-hmacWithSHA1
  const oid = prf.oid();
  prf.optionalNull();
  prf.end();
  const hash = hmacs[oid];
  if (hash === undefined) throw prf.error("unsupported", `the PBKDF2 function ${oid}`);
  return hash;
}
