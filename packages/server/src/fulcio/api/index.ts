// SPDX-License-Identifier: Apache-2.0

/**
 * Fulcio's service, and its APIs over HTTP. How requests come makes no difference to what is
 * issued: gRPC (`grpc`) calls the same `SigningService`.
 */
export { requestedKey, messageSizeBytesMax } from "./gateway-json.ts";
export { FulcioMetrics } from "./metrics.ts";
export { fulcioRoutes, rootCertificates } from "./routes.ts";
export {
  type AuthoritySource,
  type IssuancePolicy,
  type SigningRequest,
  SigningService,
} from "./signing-service.ts";
