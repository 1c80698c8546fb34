// SPDX-License-Identifier: Apache-2.0
import { ok, type ApiSection, text } from "./document.ts";

const tag: ApiSection["tag"] = {
  name: "Operation",
  description: "For those who run the log, and the tools that watch it.",
};

const tags = [tag.name];
const status = { type: "object", required: ["status"], properties: { status: { type: "string" } } };
const reason = { ...status, properties: { ...status.properties, reason: { type: "string" } } };
const description = ok("This description, in OpenAPI 3.1", { type: "object" });

const paths: ApiSection["paths"] = {
  "/healthz": {
    get: {
      operationId: "getHealth",
      summary: "Whether the process answers",
      tags,
      responses: { 200: ok("It does", status) },
    },
  },
  "/readyz": {
    get: {
      operationId: "getReadiness",
      summary: "Whether it can do its work",
      tags,
      responses: { 200: ok("It can", status), 503: ok("It cannot, and why", reason) },
    },
  },
  "/ping": {
    get: {
      operationId: "ping",
      summary: "Whether the process answers, as Rekor v1 is asked",
      tags,
      responses: { 200: text("A full stop", "text/plain") },
    },
  },
  "/metrics": {
    get: {
      operationId: "getMetrics",
      summary: "Prometheus metrics, under the names of Rekor v1 and rekor-tiles",
      tags,
      responses: { 200: text("Metrics", "text/plain") },
    },
  },
  "/docs": {
    get: {
      operationId: "getDocumentation",
      summary: "This page",
      tags,
      responses: { 200: text("A page that loads nothing else", "text/html") },
    },
  },
  "/docs/openapi.json": {
    get: {
      operationId: "getOpenApi",
      summary: "The description as data",
      tags,
      responses: { 200: description },
    },
  },
  "/swagger.json": {
    get: {
      operationId: "getSwagger",
      summary: "The same, where Rekor v1 has its own",
      tags,
      responses: { 200: description },
    },
  },
};

/** What every server has. */
export const operationsSection: ApiSection = { tag, paths };
