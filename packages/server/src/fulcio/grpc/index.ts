// SPDX-License-Identifier: Apache-2.0

/**
 * Fulcio over gRPC, on a port of its own: the messages, written by hand, and the server. The
 * library is loaded with this folder, so only where a port is configured.
 */
export { type GrpcServer, startGrpc } from "./server.ts";
