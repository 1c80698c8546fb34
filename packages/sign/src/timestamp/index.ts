// SPDX-License-Identifier: Apache-2.0

/**
 * Timestamp authorities (RFC 3161) from the side of a client: who proves when a signature was made.
 * Out of scope: whether an authority is to be trusted (`@chancery/verify`).
 */
export {
  openTimestampService,
  selectTimestampServices,
  type TimestampOptions,
  type TimestampService,
} from "./timestamp-service.ts";
