// SPDX-License-Identifier: Apache-2.0

/**
 * The entries that Rekor logs store, one file a kind and version: what they claim, and their
 * canonical bytes. Whether the claims hold is for verification and the log server to decide.
 */
export { hashOfOutputName, hashOutputName } from "./digest.ts";
export {
  type EntryClaims,
  type LoggedDigest,
  type LoggedSignature,
  type LoggedVerifier,
  verifiersEqual,
} from "./entry.ts";
export { decodeEntryBody, encodeEntryBody, entryApiVersion } from "./registry.ts";
