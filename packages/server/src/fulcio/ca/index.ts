// SPDX-License-Identifier: Apache-2.0

/**
 * The authority that signs certificates: its chain and key, checked against each other and against
 * what clients demand. Where they are kept, and what is signed, is others' business.
 */
export { type Authority, openAuthority } from "./authority.ts";
export { AuthorityError } from "./errors.ts";
export { authorityAlgorithm, makeAuthorityChain, newSerialNumber } from "./make.ts";
