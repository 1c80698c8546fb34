// SPDX-License-Identifier: Apache-2.0
import { STATUS_CODES } from "node:http";
import type { Socket } from "node:net";

/** What is told of requests that are refused before there is one, by Node's code of the error. */
const refusals: Readonly<Record<string, readonly [status: number, message: string]>> = {
  ERR_HTTP_REQUEST_TIMEOUT: [408, "the request did not arrive in time"],
  HPE_HEADER_OVERFLOW: [431, "the headers of the request are too large"],
};
const malformed = [400, "the request is not HTTP/1.1"] as const;

/**
 * Answers what cannot be read as a request, in the shape in which everything is refused that
 * belongs to no API, and hangs up.
 */
export function refuseConnection(error: Error & { readonly code?: string }, socket: Socket): void {
  if (error.code === "ECONNRESET" || socket.destroyed) return;
  const [status, message] = refusals[error.code ?? ""] ?? malformed;
  const body = JSON.stringify({ code: status, message });
  if (socket.writable) {
    const head = [
      `HTTP/1.1 ${status} ${STATUS_CODES[status]}`,
      `Content-Length: ${Buffer.byteLength(body)}`,
      "Content-Type: application/json; charset=utf-8",
      "Connection: close",
    ];
    socket.write(`${head.join("\r\n")}\r\n\r\n${body}`);
  }
  socket.destroy(error);
}
