// SPDX-License-Identifier: Apache-2.0
import {
  bigintFromBytes,
  ByteReader,
  bytesEqual,
  concatBytes,
  uintBytes,
  utf8Bytes,
} from "@chancery/formats/bytes";
import { curveSizeBytes, type PublicKey, publicKeysEqual } from "@chancery/formats/crypto";
import {
  type CipherName,
  decryptCipher,
  pkcs8FromEcScalar,
  pkcs8FromEd25519Seed,
  pkcs8FromRsaNumbers,
  type PrivateKey,
  wipe,
} from "@chancery/formats/crypto/node";
import { FormatError, type FormatErrorCode } from "@chancery/formats/errors";
import { SignError } from "../errors.ts";
import { ask, type KeyFileFormat, type PasswordProvider, wrongPassword } from "./format.ts";
import { openPkcs8 } from "./pkcs8.ts";
import { sshEcPublicKey, sshNumber, sshPublicKey, sshText } from "./ssh-wire.ts";

const FORMAT = "OpenSSH private key";
const MAGIC = utf8Bytes("openssh-key-v1\0");

interface SshCipher {
  readonly name: CipherName;
  readonly keyBytes: number;
  readonly ivBytes: number;
  readonly tagBytes: number;
}

const cipher = (name: CipherName, keyBytes: number): SshCipher =>
  name === "aes-256-gcm"
    ? { name, keyBytes, ivBytes: 12, tagBytes: 16 }
    : { name, keyBytes, ivBytes: 16, tagBytes: 0 };

const ciphers: Readonly<Record<string, SshCipher>> = {
  "aes256-ctr": cipher("aes-256-ctr", 32),
  "aes192-ctr": cipher("aes-192-ctr", 24),
  "aes128-ctr": cipher("aes-128-ctr", 16),
  "aes256-cbc": cipher("aes-256-cbc", 32),
  "aes192-cbc": cipher("aes-192-cbc", 24),
  "aes128-cbc": cipher("aes-128-cbc", 16),
  "aes256-gcm@openssh.com": cipher("aes-256-gcm", 32),
};

/** About 20 ms each in JavaScript, on the event loop. `ssh-keygen` uses 16 or 24 unless told. */
const roundsMax = 256;
const saltBytesMax = 64;

/** OpenSSH's format (its PROTOCOL.key): `OPENSSH PRIVATE KEY`, plain or under bcrypt and AES. */
export const opensshFormat: KeyFileFormat = {
  name: "OpenSSH",
  matches: ({ label }) => label === "OPENSSH PRIVATE KEY",
  async decode({ bytes, headers }, password) {
    if (Object.keys(headers).length > 0) throw malformed("malformed", "PEM headers");
    const envelope = readEnvelope(bytes);
    const encrypted = envelope.cipher !== undefined;
    const section = encrypted ? await decrypt(envelope, password) : envelope.section.slice();
    try {
      return readSection(section, envelope.publicKey, encrypted);
    } finally {
      wipe(section);
    }
  },
};

interface Envelope {
  readonly cipher: SshCipher | undefined;
  readonly salt: Uint8Array;
  readonly rounds: number;
  readonly publicKey: PublicKey;
  readonly section: Uint8Array;
  readonly tag: Uint8Array;
}

function readEnvelope(bytes: Uint8Array): Envelope {
  const reader = new ByteReader(bytes, FORMAT);
  if (!bytesEqual(reader.bytes(MAGIC.length), MAGIC)) throw malformed("malformed", "no magic");
  const cipherName = sshText(reader);
  const kdfName = sshText(reader);
  const options = new ByteReader(reader.vector(4), FORMAT);
  const count = reader.uint(4);
  if (count !== 1) throw malformed("unsupported", `${count} keys in one file`);
  const publicKey = readPublicBlob(reader.vector(4));
  const section = reader.vector(4);
  if (cipherName === "none") {
    if (kdfName !== "none") throw malformed("conflicting-fields", "a password without a cipher");
    options.end();
    reader.end();
    checkBlocks(section, 8);
    return { cipher: undefined, salt: section, rounds: 0, publicKey, section, tag: section };
  }
  const known = Object.hasOwn(ciphers, cipherName) ? ciphers[cipherName] : undefined;
  if (!known) throw malformed("unsupported", `the cipher ${JSON.stringify(cipherName)}`);
  if (kdfName !== "bcrypt") {
    throw malformed("unsupported", `the key derivation ${JSON.stringify(kdfName)}`);
  }
  const salt = options.vector(4);
  const rounds = options.uint(4);
  options.end();
  const tag = reader.bytes(known.tagBytes);
  reader.end();
  if (salt.length === 0 || salt.length > saltBytesMax || rounds === 0) {
    throw malformed("out-of-range", `a salt of ${salt.length} bytes, ${rounds} rounds`);
  }
  if (rounds > roundsMax) {
    throw new SignError(
      "kdf-too-costly",
      `the OpenSSH key asks for ${rounds} rounds of bcrypt; at most ${roundsMax} are granted`,
      "change them in a copy of the key: ssh-keygen -p -a 64 -f COPY",
    );
  }
  checkBlocks(section, 16);
  return { cipher: known, salt, rounds, publicKey, section, tag };
}

function checkBlocks(section: Uint8Array, blockBytes: number): void {
  if (section.length === 0 || section.length % blockBytes !== 0) {
    throw malformed("malformed", `${section.length} bytes are not whole blocks`);
  }
}

function readPublicBlob(blob: Uint8Array): PublicKey {
  const reader = new ByteReader(blob, FORMAT);
  const key = sshPublicKey(sshText(reader), reader);
  reader.end();
  return key;
}

async function decrypt(
  envelope: Envelope,
  password: PasswordProvider | undefined,
): Promise<Uint8Array> {
  const { name, keyBytes, ivBytes } = envelope.cipher as SshCipher;
  const { salt, rounds, section, tag } = envelope;
  const passphrase = await ask(password);
  // bcrypt has no form for an empty one, and ssh-keygen then encrypts nothing.
  if (passphrase.length === 0) throw wrongPassword();
  // Loaded by those who need it: two more modules, and few keys are of this kind.
  const { default: bcrypt } = await import("bcrypt-pbkdf");
  const derived = new Uint8Array(keyBytes + ivBytes);
  const status = bcrypt.pbkdf(
    passphrase,
    passphrase.length,
    salt,
    salt.length,
    derived,
    derived.length,
    rounds,
  );
  if (status === -1) throw malformed("out-of-range", "bcrypt parameters");
  const key = derived.subarray(0, keyBytes);
  const options = { padded: false, ...(name === "aes-256-gcm" && { tag }) };
  const decrypted = decryptCipher(name, key, derived.subarray(keyBytes), section, options);
  wipe(derived);
  if (!decrypted) throw wrongPassword();
  return decrypted;
}

/** Two equal numbers, the key, a comment, and padding 1, 2, 3… to whole blocks. */
function readSection(section: Uint8Array, stated: PublicKey, encrypted: boolean): PrivateKey {
  const reader = new ByteReader(section, FORMAT);
  if (!bytesEqual(reader.bytes(4), reader.bytes(4))) {
    throw encrypted ? wrongPassword() : malformed("malformed", "the check numbers differ");
  }
  const pkcs8 = readSecret(sshText(reader), reader);
  try {
    reader.vector(4); // the comment
    const padding = reader.bytes(reader.remaining);
    const canonical = padding.length < (encrypted ? 16 : 8);
    if (!canonical || padding.some((byte, i) => byte !== i + 1)) {
      throw malformed("non-canonical", "the padding is not 1, 2, 3…");
    }
  } catch (cause) {
    wipe(pkcs8);
    throw cause;
  }
  const key = openPkcs8(pkcs8);
  if (!publicKeysEqual(key.publicKey, stated)) {
    throw malformed("malformed", "the private and the public half do not belong together");
  }
  return key;
}

/** The fields of one key type, as PKCS#8. */
function readSecret(type: string, reader: ByteReader): Uint8Array {
  if (type === "ssh-ed25519") {
    const raw = reader.vector(4);
    const secret = reader.vector(4);
    if (secret.length !== 64 || !bytesEqual(secret.subarray(32), raw)) {
      throw malformed("malformed", "an Ed25519 key that is not seed and public key");
    }
    return pkcs8FromEd25519Seed(secret.subarray(0, 32));
  }
  if (type === "ssh-rsa") {
    const [n, e, d, qInverse, p, q] = Array.from({ length: 6 }, () => sshNumber(reader)) as [
      Uint8Array,
      Uint8Array,
      Uint8Array,
      Uint8Array,
      Uint8Array,
      Uint8Array,
    ];
    const dp = reduce(d, p);
    const dq = reduce(d, q);
    const pkcs8 = pkcs8FromRsaNumbers({ n, e, d, p, q, dp, dq, qInverse });
    wipe(dp, dq);
    return pkcs8;
  }
  const { curve } = sshEcPublicKey(type, reader);
  const scalar = sshNumber(reader);
  const sizeBytes = curveSizeBytes(curve);
  if (scalar.length > sizeBytes) throw malformed("out-of-range", "a scalar beyond the curve");
  const padded = concatBytes(new Uint8Array(sizeBytes - scalar.length), scalar);
  const pkcs8 = pkcs8FromEcScalar(curve, padded);
  wipe(padded);
  return pkcs8;
}

/** d mod (prime - 1), which the file leaves out. */
function reduce(d: Uint8Array, prime: Uint8Array): Uint8Array {
  const modulus = bigintFromBytes(prime) - 1n;
  if (modulus <= 0n) throw malformed("out-of-range", "a prime that is not");
  return uintBytes(bigintFromBytes(d) % modulus, prime.length);
}

function malformed(code: FormatErrorCode, problem: string): FormatError {
  return new FormatError(code, FORMAT, "", problem);
}
