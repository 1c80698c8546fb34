// SPDX-License-Identifier: Apache-2.0

/**
 * Signed certificate timestamps (RFC 6962): reading, writing, and checking those that a certificate
 * embeds. Which log a timestamp is from, and whether that log is trusted, is the caller's question.
 */
export {
  decodeSct,
  decodeSctList,
  encodeSct,
  encodeSctList,
  type Sct,
  type SctEntry,
  type SctList,
  sctSignedData,
  sctsMax,
  type UnknownSct,
  verifySct,
} from "./sct.ts";
