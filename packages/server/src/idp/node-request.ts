// SPDX-License-Identifier: Apache-2.0
import { IncomingMessage } from "node:http";
import type { FastifyRequest } from "fastify";
import type { OAuthRequest } from "./token-request.ts";

/**
 * The request for a library that reads bodies by itself: as if it came just now, straight to the
 * issuer's own address, and with its body unread.
 *
 * Addresses in its answers are made from these headers. They name the issuer whatever the client
 * or a proxy sent, so that nobody can have a sign-in lead elsewhere by a `Host` of their own.
 * @param path of the request under the issuer's, with its query.
 */
export function nodeRequest(
  request: FastifyRequest,
  { headers, body }: OAuthRequest,
  issuer: URL,
  path: string,
): IncomingMessage {
  const message = new IncomingMessage(request.raw.socket);
  message.method = request.method;
  message.url = path;
  const kept = Object.entries(headers).filter(([name]) => !/^(x-forwarded-|forwarded$)/.test(name));
  message.headers = {
    ...Object.fromEntries(kept),
    host: issuer.host,
    "x-forwarded-proto": issuer.protocol.slice(0, -1),
    "x-forwarded-for": request.ip,
    ...(headers["content-length"] === undefined ? {} : { "content-length": String(body.length) }),
  };
  delete message.headers["transfer-encoding"];
  if (body.length > 0) message.headers["content-length"] = String(body.length);
  // How mounted applications learn the path that they are under.
  Object.assign(message, { originalUrl: `${issuer.pathname}${path}` });
  message.httpVersion = request.raw.httpVersion;
  // Otherwise its end looks like an abort, and closes the connection.
  message.complete = true;
  message.push(body);
  message.push(null);
  return message;
}
