// SPDX-License-Identifier: Apache-2.0

/**
 * What a client sends to be certified: a public key with a proof of possession, or a PKCS #10
 * request. Both are read as hostile, and give a key that is strong enough and held.
 */
export type { RequestBinding } from "./binding.ts";
export { readCertificateRequest } from "./certificate-request.ts";
export { checkProof, readPublicKey } from "./public-key.ts";
