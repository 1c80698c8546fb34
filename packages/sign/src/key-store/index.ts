// SPDX-License-Identifier: Apache-2.0

/**
 * Where keys are kept and how they are named: files, and the references that stand after `--key`.
 * The schemes of references are listed in `schemes.ts`; another one is one more file and one more
 * line there. What is inside a key file is the key file's business.
 */
export { loadPrivateKeyFile, loadPublicKeyFile } from "./load.ts";
export type { KeyReferenceContext, KeyReferenceScheme } from "./reference.ts";
export { type SaveOptions, savePrivateKey, savePublicKey } from "./save.ts";
export { keyReferenceSchemes, loadPrivateKey, loadPublicKey } from "./schemes.ts";
