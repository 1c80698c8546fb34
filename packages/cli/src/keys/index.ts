// SPDX-License-Identifier: Apache-2.0

/** Keys as commands name them, and the passwords that open them. */
export { openKeySigner, openPrivateKey, openPublicKey, readAlgorithm } from "./load.ts";
export { askPassword, newPassword } from "./password.ts";
export { allowKeyPair, writeKeyPair } from "./save.ts";
