// SPDX-License-Identifier: Apache-2.0

/**
 * Key files: text or bytes to keys and back. The formats are listed in `registry.ts`; another one
 * is one more file and one more line there. Where files are kept and how a key is named on a
 * command line is the key store's. Old OpenPGP, PuTTY and PKCS#12 files are out of scope.
 */
export { checkKeyAllowed } from "./allowed.ts";
export { writeCosignKey } from "./cosign.ts";
export type { PasswordProvider } from "./format.ts";
export { readPublicKey } from "./public-key.ts";
export { keyFileBytesMax, readPrivateKey } from "./read.ts";
export { keyFileFormats } from "./registry.ts";
