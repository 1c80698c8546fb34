// SPDX-License-Identifier: Apache-2.0

/**
 * From what clients propose to what the log stores: one file for each kind and version. All
 * signatures are verified here; times, identities and trust are not this folder's business.
 */
export type { EntryKindHandler, PreparedEntry, ProposalContext } from "./handler.ts";
export { handlersOfKind } from "./registry.ts";
export { protoError, soleField } from "./proto-json.ts";
export { base64Text } from "./spec-v1.ts";
export { decodeX509Verifier, identities } from "./x509-verifier.ts";
