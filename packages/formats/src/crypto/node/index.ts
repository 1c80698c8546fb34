// SPDX-License-Identifier: Apache-2.0

/**
 * Private keys, what reading them from files takes: randomness, key derivation, old ciphers.
 * Node only; browsers verify and never sign. Key files and where they are kept are the sign
 * package's; keys in a KMS or a token never come here.
 *
 * Secrets are overwritten with zeros where JavaScript allows it. It does not for strings and
 * bigints, and the garbage collector may have moved what was wiped: this shortens how long a secret
 * stays in memory and promises no more.
 */
export { decryptCipher, type CipherName, randomBytes, scrypt, wipe } from "./ciphers.ts";
export { signEd25519TwoPass } from "./ed25519-two-pass.ts";
export { decryptLegacyPem } from "./legacy-pem.ts";
export { decryptPkcs8, encryptPkcs8, isEncryptedPkcs8 } from "./pbes2.ts";
export {
  generatePrivateKey,
  messageSigner,
  type PrivateKey,
  privateKeyFromPkcs8,
  type SignatureStream,
} from "./private-key.ts";
export {
  pkcs8FromEcScalar,
  pkcs8FromEd25519Seed,
  pkcs8FromPkcs1,
  pkcs8FromRsaNumbers,
  pkcs8FromSec1,
  type RsaNumbers,
} from "./pkcs8.ts";
export { verifyDigestInPool, verifySignatureInPool } from "./verify-in-pool.ts";
