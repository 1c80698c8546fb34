// SPDX-License-Identifier: Apache-2.0
import { type Algorithm, algorithmByFlag } from "@chancery/formats/crypto";

/**
 * What clients may sign with unless the operator says otherwise, by the names of Rekor's flag
 * `--client-signing-algorithms`: RSA of three sizes, the curves with their own hashes, Ed25519 only
 * in its prehashed form. The same for both APIs, so that one log has one rule.
 */
export const defaultAlgorithmPolicy: readonly Algorithm[] = [
  "rsa-sign-pkcs1-2048-sha256",
  "rsa-sign-pkcs1-3072-sha256",
  "rsa-sign-pkcs1-4096-sha256",
  "ecdsa-sha2-256-nistp256",
  "ecdsa-sha2-384-nistp384",
  "ecdsa-sha2-512-nistp521",
  "ed25519-ph",
].map(algorithmByFlag);
