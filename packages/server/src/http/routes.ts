// SPDX-License-Identifier: Apache-2.0
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { ServiceError } from "../errors.ts";
import type { RouteLabel } from "./metrics.ts";

/** Answers a request; what it returns is sent. */
export type RouteHandler = (request: FastifyRequest, reply: FastifyReply) => Promise<unknown>;

/** One path of an API. */
export interface Route {
  /** With parameters as `:name`, or a `*` at the end. */
  readonly path: string;
  readonly label: RouteLabel;
  readonly get?: RouteHandler;
  readonly post?: RouteHandler;
  /** Largest body that POST takes. */
  readonly bodySizeBytesMax?: number;
}

/** Every method that Fastify knows. */
const methods = [
  ...(["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"] as const),
  ...(["OPTIONS", "TRACE", "QUERY"] as const),
];

/** Adds a path. Methods it does not have are answered 405, with those it has in `Allow`. */
export function addRoute(app: FastifyInstance, route: Route): void {
  const { path, label, get, post, bodySizeBytesMax } = route;
  const config = { label };
  if (get) app.get(path, { config, exposeHeadRoute: true }, get);
  if (post) app.post(path, { config, bodyLimit: bodySizeBytesMax ?? 1 }, post);
  const allowed: readonly string[] = [...(get ? ["GET", "HEAD"] : []), ...(post ? ["POST"] : [])];
  app.route({
    url: path,
    method: methods.filter((method) => !allowed.includes(method)),
    config,
    bodyLimit: bodySizeBytesMax ?? 1,
    onRequest: async (request) => {
      const list = allowed.filter((method) => method !== "HEAD");
      const message = `method ${request.method} is not allowed, but [${list.join(",")}] are`;
      throw new ServiceError("method-not-allowed", message, { headers: { allow: list.join(",") } });
    },
    handler: async () => undefined,
  });
}

/** The body as it was sent; empty where there was none. */
export function bodyOf(request: FastifyRequest): Uint8Array {
  return request.body instanceof Uint8Array ? request.body : new Uint8Array(0);
}

/** A query parameter; of several the first, as Go reads them. Undefined where absent or empty. */
export function queryText(request: FastifyRequest, name: string): string | undefined {
  const value = (request.query as Record<string, string | string[] | undefined>)[name];
  const text = Array.isArray(value) ? value[0] : value;
  return text === "" ? undefined : text;
}
