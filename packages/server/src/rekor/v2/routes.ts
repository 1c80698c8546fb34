// SPDX-License-Identifier: Apache-2.0
import { promisify } from "node:util";
import { gzip } from "node:zlib";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { ServiceError, type ServiceErrorCode } from "../../errors.ts";
import { addRoute, bodyOf, pathOf, type RouteHandler, useErrorWriter } from "../../http/index.ts";
import { InvalidRequest, type RekorV2, type ServedTile } from "./rekor-v2.ts";

/** How the API is served. */
export interface RekorV2RouteOptions {
  readonly service: RekorV2;
  /** Logs that take nothing more, which are read below paths of their own. */
  readonly former: readonly FormerRekorV2[];
  readonly bodySizeBytesMax: number;
}

/** A log that is only read. */
export interface FormerRekorV2 {
  readonly service: RekorV2;
  /** Such as `/log/1`. */
  readonly prefix: string;
}

/** As rekor-tiles has it. */
export const v2BodySizeBytesMax: number = 4 << 20;

const caching = {
  full: "public, max-age=31536000, immutable",
  partial: "public, max-age=604800, immutable",
  /** A missing tile may exist in a moment: no cache may remember that it did not. */
  missing: "no-store",
  checkpoint: "no-cache",
} as const;

/** Full bundles kept compressed, at most 16 MiB each and mostly far below. */
const compressedMax = 32;

/** Codes of gRPC, which stand in refusals. */
const grpcCodes: Readonly<Partial<Record<ServiceErrorCode, number>>> = {
  malformed: 3,
  invalid: 3,
  unprocessable: 3,
  "too-large": 3,
  "not-found": 5,
  "method-not-allowed": 12,
  disabled: 12,
  frozen: 12,
  duplicate: 6,
  overloaded: 14,
  unavailable: 14,
};
const grpcUnknown = 2;

/** A plugin with Rekor v2's API (rekor-tiles), reads under both of the prefixes in use. */
export async function rekorV2Routes(
  app: FastifyInstance,
  options: RekorV2RouteOptions,
): Promise<void> {
  const { service, former, bodySizeBytesMax } = options;
  const route = (path: string, handlers: { get?: RouteHandler; post?: RouteHandler }): void => {
    const label = { api: "rekor-v2", path: path.replace("*", "{path}") } as const;
    addRoute(app, { path, label, ...handlers, bodySizeBytesMax });
  };
  useErrorWriter(app, writeError);
  route("/api/v2/log/entries", {
    post: async (request, reply) =>
      reply.code(201).send(await service.create(bodyOf(request), bodySizeBytesMax)),
  });
  addReads(route, service, ["", "/api/v2"]);
  for (const old of former) addReads(route, old.service, [old.prefix]);
}

/** The reads of a log (C2SP tlog-tiles). @param prefixes in front of their paths */
function addReads(
  route: (path: string, handlers: { get: RouteHandler }) => void,
  service: RekorV2,
  prefixes: readonly string[],
): void {
  const compressed = new Map<string, Promise<Uint8Array>>();
  for (const prefix of prefixes) {
    route(`${prefix}/checkpoint`, {
      get: async (_, reply) =>
        reply
          .headers({ "cache-control": caching.checkpoint })
          .type("text/plain; charset=utf-8")
          .send(Buffer.from(service.checkpoint())),
    });
    route(`${prefix}/tile/*`, {
      get: async (request, reply) => {
        const path = pathOf(request).slice(prefix.length + 1);
        const tile = await service.tile(path);
        if (!tile) {
          throw new ServiceError("not-found", "Not Found", {
            headers: { "cache-control": caching.missing },
          });
        }
        return sendTile(tile, path, compressed, request, reply);
      },
    });
  }
}

/** Sends a tile; bundles compressed to whoever takes that, as C2SP tlog-tiles recommends. */
async function sendTile(
  tile: ServedTile,
  path: string,
  compressed: Map<string, Promise<Uint8Array>>,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply> {
  reply.type("application/octet-stream");
  reply.header("cache-control", tile.full ? caching.full : caching.partial);
  if (tile.kind === "tile") return reply.send(Buffer.from(tile.bytes));
  reply.header("vary", "Accept-Encoding");
  const accepted = String(request.headers["accept-encoding"] ?? "");
  if (!/\bgzip\b(?!\s*;\s*q=0(\.0*)?\s*(,|$))/i.test(accepted)) {
    return reply.send(Buffer.from(tile.bytes));
  }
  let bytes = compressed.get(path);
  if (!bytes) {
    bytes = promisify(gzip)(tile.bytes);
    if (tile.full) compressed.set(path, bytes);
    const [oldest] = compressed.keys();
    if (compressed.size > compressedMax && oldest !== undefined) compressed.delete(oldest);
  }
  return reply.header("content-encoding", "gzip").send(Buffer.from(await bytes));
}

/** grpc-gateway's `{"code", "message", "details"}`. */
function writeError(error: ServiceError, reply: FastifyReply): FastifyReply {
  if (error.code === "frozen") return reply.type("text/plain; charset=utf-8").send(error.message);
  if (error.code === "method-not-allowed") reply.code(501);
  const details =
    error instanceof InvalidRequest
      ? [
          {
            "@type": "type.googleapis.com/google.rpc.BadRequest",
            fieldViolations: [{ field: "spec", description: error.reason }],
          },
        ]
      : [];
  const internal = error.code === "internal";
  return reply.send({
    code: grpcCodes[error.code] ?? grpcUnknown,
    message: internal ? "failed to integrate entry" : error.message,
    details,
  });
}
