// SPDX-License-Identifier: Apache-2.0
import type { FastifyInstance } from "fastify";
import { addRoute } from "../http/index.ts";
import type { OpenApiDocument } from "./document.ts";
import { openApiDocument } from "./openapi.ts";
import { documentPage, pageHeaders } from "./page.ts";

export type { OpenApiDocument };

/** Adds the description of the stack's APIs; also at `/swagger.json`, as Rekor v1 has its own. */
export function addDocs(app: FastifyInstance, version: string): void {
  const document = openApiDocument(version);
  addDocument(app, document);
  const path = "/swagger.json";
  addRoute(app, { path, label: { api: "own", path }, get: async () => document });
}

/**
 * Adds a description of APIs: a page at `/docs`, and OpenAPI 3.1 at `/docs/openapi.json`. `/` leads
 * to the page while nothing else is there.
 */
export function addDocument(app: FastifyInstance, document: OpenApiDocument): void {
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
  const path = "/docs/openapi.json";
  addRoute(app, { path, label: label(path), get: async () => document });
}
