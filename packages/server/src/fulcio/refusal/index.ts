// SPDX-License-Identifier: Apache-2.0

/**
 * Why a certificate is not issued: the texts and codes that Fulcio's clients know, and beside them
 * a reason for programs and what to do about it.
 */
export {
  type ErrorInfo,
  FulcioRefusal,
  type FulcioRefusalCode,
  type GrpcCode,
  grpcCodes,
  refusal,
  tokenMissing,
  tokenRefusal,
} from "./refusal.ts";
