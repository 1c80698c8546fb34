// SPDX-License-Identifier: Apache-2.0
import type { FastifyInstance } from "fastify";
import { addRoute } from "../http/index.ts";
import type { OpenApiDocument } from "./document.ts";

export type { OpenApiDocument };

/**
 * Adds the description of a stack's APIs; also at `/swagger.json`, as Rekor v1 has its own.
 * @param services names of those that run.
 */
export function addDocs(app: FastifyInstance, version: string, services: readonly string[]): void {
  const document = whenAsked(async () => {
    const { openApiDocument } = await import("./openapi.ts");
    return openApiDocument(version, services);
  });
  addDocument(app, document);
  const path = "/swagger.json";
  addRoute(app, { path, label: { api: "own", path }, get: document });
}

/**
 * Adds a description of APIs: a page at `/docs`, and OpenAPI 3.1 at `/docs/openapi.json`. `/` leads
 * to the page while nothing else is there. Both are made when first asked for: a start must not
 * wait for them.
 */
export function addDocument(
  app: FastifyInstance,
  document: () => OpenApiDocument | Promise<OpenApiDocument>,
): void {
  const page = whenAsked(async () => {
    const { documentPage, pageHeaders } = await import("./page.ts");
    return { body: documentPage(await document()), headers: pageHeaders };
  });
  const label = (path: string): { api: "own"; path: string } => ({ api: "own", path });
  addRoute(app, {
    path: "/docs",
    label: label("/docs"),
    get: async (_, reply) => {
      const { body, headers } = await page();
      return reply.headers(headers).type("text/html; charset=utf-8").send(body);
    },
  });
  addRoute(app, {
    path: "/",
    label: label("/"),
    get: async (_, reply) => reply.redirect("/docs"),
  });
  const path = "/docs/openapi.json";
  addRoute(app, { path, label: label(path), get: async () => document() });
}

function whenAsked<Made>(make: () => Promise<Made>): () => Promise<Made> {
  let made: Promise<Made> | undefined;
  return () => (made ??= make());
}
