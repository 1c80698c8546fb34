// SPDX-License-Identifier: Apache-2.0
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { ServiceError } from "../../errors.ts";
import {
  addRoute,
  bodyOf,
  pathOf,
  queryText,
  type RouteHandler,
  useErrorWriter,
} from "../../http/index.ts";
import type { RekorV1 } from "./rekor-v1.ts";
import { entryIdPattern, isEntryId } from "./entry-id.ts";
import { parseBody, unprocessable } from "./requests.ts";

/**
 * The operations by the ids that Rekor's OpenAPI has and its flag `--enabled_api_endpoints` takes,
 * and how it calls them where one is turned off.
 */
export const v1Operations = {
  searchIndex: "Search Index",
  getLogInfo: "Get Log Info",
  getPublicKey: "Get Public Key",
  getLogProof: "Get Log Proof",
  createLogEntry: "Create Entry",
  getLogEntryByIndex: "Get Log Entry by Index",
  getLogEntryByUUID: "Get Log Entry by UUID",
  searchLogQuery: "Search Log Query",
} as const;

export type V1Operation = keyof typeof v1Operations;

/** How the API is served. */
export interface RekorV1RouteOptions {
  readonly service: RekorV1;
  /** Whole artifacts are sent to it: far larger than what is stored. */
  readonly bodySizeBytesMax: number;
  /** What is served; the others answer 501. */
  readonly enabled: (operation: V1Operation) => boolean;
}

/** Default for `bodySizeBytesMax`; Rekor's own is no limit at all. */
export const v1BodySizeBytesMax: number = 32 << 20;

/** What chi's `NoCache` sends. */
const noCache = {
  "cache-control": "no-cache, no-store, no-transform, must-revalidate, private, max-age=0",
  expires: "Thu, 01 Jan 1970 00:00:00 GMT",
  pragma: "no-cache",
  "x-accel-expires": "0",
};

/** A plugin with every endpoint of Rekor v1 (`openapi.yaml`, v1.5). */
export async function rekorV1Routes(
  app: FastifyInstance,
  options: RekorV1RouteOptions,
): Promise<void> {
  const { service, bodySizeBytesMax, enabled } = options;
  const route = (path: string, handlers: { get?: RouteHandler; post?: RouteHandler }): void => {
    const label = { api: "rekor-v1", path: path.replace(":id", "{entryUUID}") } as const;
    addRoute(app, { path, label, ...handlers, bodySizeBytesMax });
  };
  const unlessOff = (operation: V1Operation, handler: RouteHandler): RouteHandler =>
    enabled(operation) ? handler : turnedOff(operation);
  const json = (request: FastifyRequest, name: string): ReturnType<typeof parseBody> =>
    parseBody(bodyOf(request), name, bodySizeBytesMax);
  useErrorWriter(app, writeError);
  app.addHook("preParsing", checkMediaType);
  route("/api/v1/log", {
    get: unlessOff("getLogInfo", async (_, reply) => reply.headers(noCache).send(service.info())),
  });
  route("/api/v1/log/publicKey", { get: unlessOff("getPublicKey", publicKey(service)) });
  route("/api/v1/log/proof", { get: unlessOff("getLogProof", logProof(service)) });
  const create: RouteHandler = async (request, reply) => {
    const created = await service.create(json(request, "proposedEntry"));
    reply.header("location", entryLocation(request, created.id));
    if (created.status === "created")
      return reply.code(201).header("etag", created.id).send(created.entry);
    throw new ServiceError(
      "duplicate",
      `an equivalent entry already exists in the transparency log with UUID ${created.id}`,
    );
  };
  route("/api/v1/log/entries", {
    get: unlessOff("getLogEntryByIndex", entryByIndex(service)),
    post: unlessOff("createLogEntry", create),
  });
  route("/api/v1/log/entries/:id", { get: unlessOff("getLogEntryByUUID", entryById(service)) });
  route("/api/v1/log/entries/retrieve", {
    post: unlessOff("searchLogQuery", async (request) => service.retrieve(json(request, "entry"))),
  });
  route("/api/v1/index/retrieve", {
    post: unlessOff("searchIndex", async (request) => service.searchIndex(json(request, "query"))),
  });
  addRoute(app, {
    path: "/ping",
    label: { api: "own", path: "/ping" },
    get: async (_, reply) => reply.type("text/plain").send("."),
  });
}

function turnedOff(operation: V1Operation): RouteHandler {
  const message = `${v1Operations[operation]} API not enabled in this Rekor instance`;
  return () => Promise.reject(new ServiceError("disabled", message));
}

/** `{"code", "message"}`; of an entry that is not there nothing at all. */
function writeError(error: ServiceError, reply: FastifyReply): FastifyReply {
  if (error.code === "not-found") return reply.send();
  return reply.send({ code: error.wireCode, message: errorText(error, reply) });
}

function errorText(error: ServiceError, reply: FastifyReply): string {
  switch (error.code) {
    case "too-large":
      if (error.status !== 413) return `error processing entry: ${error.message}`;
      return `Request Entity Too Large. Limit set to ${reply.request.routeOptions.bodyLimit}`;
    case "internal":
      return "unexpected error communicating with transparency log";
    default:
      return error.message;
  }
}

/** Only JSON, and said so; the check comes before the body is read. */
async function checkMediaType(request: FastifyRequest): Promise<void> {
  const { headers } = request;
  const hasBody =
    headers["transfer-encoding"] !== undefined || Number(headers["content-length"]) > 0;
  if (request.method !== "POST" || !hasBody) return;
  const type = (headers["content-type"] ?? "application/octet-stream").split(";", 1)[0] as string;
  if (type.trim().toLowerCase() === "application/json") return;
  throw new ServiceError(
    "unsupported-media-type",
    `unsupported media type ${JSON.stringify(type)}, only [application/json] are allowed`,
  );
}

function publicKey(service: RekorV1): RouteHandler {
  return async (request, reply) => {
    const accept = request.headers.accept ?? "*/*";
    if (!/application\/(x-pem-file|\*)|\*\/\*/i.test(accept)) {
      const message = `unsupported media type requested, only [application/x-pem-file] are available`;
      throw new ServiceError("malformed", message, { status: 406 });
    }
    const pem = service.publicKey(treeIdOf(request));
    return reply.headers(noCache).type("application/x-pem-file").send(pem);
  };
}

function logProof(service: RekorV1): RouteHandler {
  return async (request, reply) => {
    const firstSize = integer(request, "firstSize", 1) ?? 1;
    const lastSize = integer(request, "lastSize", 1);
    if (lastSize === undefined) throw unprocessable("required", "lastSize in query is required");
    const proof = await service.consistency(firstSize, lastSize, treeIdOf(request));
    return reply.headers(noCache).send(proof);
  };
}

function entryByIndex(service: RekorV1): RouteHandler {
  return async (request, reply) => {
    const index = integer(request, "logIndex", 0);
    if (index === undefined) throw unprocessable("required", "logIndex in query is required");
    return sendEntry(await service.entryAt(index), reply);
  };
}

function entryById(service: RekorV1): RouteHandler {
  return async (request, reply) => {
    const { id } = request.params as { readonly id: string };
    if (!isEntryId(id)) {
      throw unprocessable("pattern", `entryUUID in path should match '${entryIdPattern}'`);
    }
    return sendEntry(await service.entryById(id), reply);
  };
}

function sendEntry(entry: object | undefined, reply: FastifyReply): FastifyReply {
  reply.headers(noCache);
  if (entry) return reply.send(entry);
  throw new ServiceError("not-found", "no such entry");
}

/** The request's path with the id after it; the query is kept but for `apiKey`. */
function entryLocation(request: FastifyRequest, id: string): string {
  const query = new URLSearchParams(request.url.split("?").slice(1).join("?"));
  query.delete("apiKey");
  const path = pathOf(request).replace(/\/+$/, "");
  return `${path}/${id}${query.size > 0 ? `?${query.toString()}` : ""}`;
}

/** A decimal parameter; undefined where it is absent. Above 2^53 nothing exists. */
function integer(request: FastifyRequest, name: string, min: number): number | undefined {
  const text = queryText(request, name);
  if (text === undefined) return undefined;
  if (!/^[+-]?[0-9]{1,19}$/.test(text)) {
    const shown = JSON.stringify(text.slice(0, 64));
    throw unprocessable("type", `${name} in query must be of type int64: ${shown}`);
  }
  const value = Number(text);
  if (value >= min) return value;
  const problem = `${name} in query should be greater than or equal to ${min}`;
  throw unprocessable("minimum", problem);
}

function treeIdOf(request: FastifyRequest): string | undefined {
  const text = queryText(request, "treeID");
  if (text === undefined || /^[0-9]{1,20}$/.test(text)) return text;
  throw unprocessable("pattern", "treeID in query should match '^[0-9]+$'");
}
