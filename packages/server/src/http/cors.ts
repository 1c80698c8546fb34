// SPDX-License-Identifier: Apache-2.0
import type { FastifyInstance } from "fastify";

/**
 * Lets pages of any origin use the APIs, which hold nothing that depends on who asks: no cookies,
 * no credentials. Unlike Rekor v1's, the headers that tell where an entry is can be read.
 */
export function addCors(app: FastifyInstance): void {
  app.addHook("onRequest", async (request, reply) => {
    reply.header("access-control-allow-origin", "*");
    reply.header("access-control-expose-headers", "Location, ETag, Retry-After, X-Next-Cursor");
    if (request.method !== "OPTIONS" || !request.headers["access-control-request-method"]) return;
    return reply
      .code(204)
      .headers({
        "access-control-allow-methods": "GET, POST, HEAD",
        "access-control-allow-headers": "Accept, Content-Type, X-Requested-With",
        "access-control-max-age": "86400",
      })
      .send();
  });
}
