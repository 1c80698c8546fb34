// SPDX-License-Identifier: Apache-2.0

/**
 * RFC 3161 timestamps: requests, responses, and the proof that a response is one over given bytes
 * by a given certificate; and making them.
 *
 * A verifier calls `decodeTimestampResponse`, then `verifyTimestamp` with the authority's leaf of
 * the trusted root, then checks the leaf itself through `x509`. An authority decides whether to
 * sign, and when it is, then has a `TimestampAuthority` make the token. Other CMS content, several
 * signers and BER are out of scope.
 */
export {
  TimestampAuthority,
  type TimestampAuthorityOptions,
  type TimestampStatement,
} from "./authority.ts";
export type { MessageImprint, TimestampExtension } from "./imprint.ts";
export {
  decodeTimestampRequest,
  encodeTimestampRequest,
  type TimestampRequest,
  type TimestampRequestInput,
  timestampRequestSizeBytesMax,
} from "./request.ts";
export {
  decodeTimestampResponse,
  decodeTimestampToken,
  encodeTimestampGrant,
  encodeTimestampRejection,
  type TimestampFailure,
  type TimestampGrant,
  type TimestampRefusal,
  type TimestampResponse,
  timestampResponseSizeBytesMax,
  type TimestampStatus,
} from "./response.ts";
export type {
  CertificateId,
  CertificateIssuerSerial,
  Sha1CertificateId,
  SignedAttributes,
} from "./signed-attributes.ts";
export { TimestampError, type TimestampErrorCode } from "./timestamp-error.ts";
export { timestampCertificatesMax, type TimestampSigner, type TimestampToken } from "./token.ts";
export type { TimestampAccuracy, TimestampInfo } from "./tst-info.ts";
export { type TimestampExpectation, type VerifiedTimestamp, verifyTimestamp } from "./verify.ts";
