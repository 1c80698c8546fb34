// SPDX-License-Identifier: Apache-2.0
import type { FastifyInstance } from "fastify";
import { addRoute } from "../http/index.ts";
import { openApiDocument } from "./openapi.ts";
import { documentPage, pageHeaders } from "./page.ts";

/**
 * Adds the description of the APIs: a page at `/docs`, OpenAPI 3.1 at `/docs/openapi.json`, and at
 * `/swagger.json`, where Rekor v1 has its own. `/` leads to the page while nothing else is there.
 */
export function addDocs(app: FastifyInstance, version: string): void {
  const document = openApiDocument(version);
  const page = documentPage(document);
  const label = (path: string): { api: "own"; path: string } => ({ api: "own", path });
  addRoute(app, {
    path: "/docs",
    label: label("/docs"),
    get: async (_, reply) => reply.headers(pageHeaders).type("text/html; charset=utf-8").send(page),
  });
  addRoute(app, {
    path: "/",
    label: label("/"),
    get: async (_, reply) => reply.redirect("/docs"),
  });
  for (const path of ["/docs/openapi.json", "/swagger.json"]) {
    addRoute(app, { path, label: label(path), get: async () => document });
  }
}
