// SPDX-License-Identifier: Apache-2.0

/** Keys as commands name them, and the passwords that open them. */
export { openKeySigner, openPrivateKey, openPublicKey, readAlgorithm } from "./load.ts";
export { askPassword, newPassword, type Password, type PasswordOptions } from "./password.ts";
export { allowKeyPair, type KeyPairTarget, writeKeyPair } from "./save.ts";
