// SPDX-License-Identifier: Apache-2.0
import type { FastifyInstance } from "fastify";
import type { ServerMetrics } from "./metrics.ts";
import { addRoute } from "./routes.ts";

/** What operators and their tools ask. */
export interface OperationsOptions {
  readonly metrics: ServerMetrics;
  /** Why nothing can be served at present; undefined where all is well. */
  readonly notReady: () => Promise<string | undefined>;
}

/** Adds `/healthz` (the process answers), `/readyz` (it can do its work) and `/metrics`. */
export function addOperations(app: FastifyInstance, options: OperationsOptions): void {
  const { metrics, notReady } = options;
  const label = (path: string): { api: "own"; path: string } => ({ api: "own", path });
  const noStore = { "cache-control": "no-store" };
  addRoute(app, {
    path: "/healthz",
    label: label("/healthz"),
    get: async (_, reply) => reply.headers(noStore).send({ status: "SERVING" }),
  });
  addRoute(app, {
    path: "/readyz",
    label: label("/readyz"),
    get: async (_, reply) => {
      const reason = await notReady();
      reply.headers(noStore);
      if (reason === undefined) return reply.send({ status: "ready" });
      return reply.code(503).send({ status: "not ready", reason });
    },
  });
  addRoute(app, {
    path: "/metrics",
    label: label("/metrics"),
    get: async (_, reply) => {
      const text = await metrics.registry.metrics();
      return reply.headers(noStore).type(metrics.registry.contentType).send(text);
    },
  });
}
