// SPDX-License-Identifier: Apache-2.0

/**
 * A timestamp authority (RFC 3161) with the API of Sigstore's. What tokens look like is
 * `@chancery/formats/tsp`'s; here are which requests are signed, with what time, and HTTP. Out of
 * scope: where keys and chains are kept.
 */
export { makeTimestampChain, TimestampChainError } from "./chain.ts";
export { parseNtpServer } from "./clock/index.ts";
export { defaultTimestampPolicy } from "./timestamp-service.ts";
export {
  addTimestampAuthority,
  type ServedTimestampAuthority,
  type TimestampAuthorityOptions,
} from "./tsa.ts";
