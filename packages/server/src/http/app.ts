// SPDX-License-Identifier: Apache-2.0
import {
  fastify,
  LogController,
  type FastifyBaseLogger,
  type FastifyInstance,
  type FastifyReply,
  type FastifyRequest,
} from "fastify";
import type { Socket } from "node:net";
import { setTimeout } from "node:timers/promises";
import { ServiceError, type ServiceErrorCode } from "../errors.ts";
import { refuseConnection } from "./client-errors.ts";
import { connectionsSurplus, type HttpLimits, httpLimits } from "./limits.ts";
import type { RouteLabel, ServerMetrics } from "./metrics.ts";

declare module "fastify" {
  interface FastifyContextConfig {
    /** Names the route in metrics and logs. */
    label?: RouteLabel;
  }
}

/** What a server is made of. */
export interface AppOptions {
  /** Gets one line a request: never bodies, headers or query strings. */
  readonly logger: FastifyBaseLogger;
  readonly metrics: ServerMetrics;
  readonly limits?: Partial<HttpLimits>;
}

/** How an API words its refusals. */
export type ErrorWriter = (error: ServiceError, reply: FastifyReply) => FastifyReply;

/** How often is looked who has finished when the server closes. */
const closePollMs = 10;

const unmatched: RouteLabel = { api: "own", path: "unmatched" };

/**
 * An HTTP server with limits on everything a client can send, metrics and a log line for each
 * request. The APIs are plugins of it; what none of them answers is 404 as Rekor v1 words it.
 */
export function createApp(options: AppOptions): FastifyInstance {
  const { logger, metrics } = options;
  const limits = { ...httpLimits, ...options.limits };
  const app = fastify({
    loggerInstance: logger,
    logController: new LogController({ disableRequestLogging: true }),
    // Bodies are read by each API's own parsers, under the limits of its routes.
    bodyLimit: 1,
    requestTimeout: limits.requestTimeoutMs,
    keepAliveTimeout: limits.keepAliveTimeoutMs,
    forceCloseConnections: "idle",
    http: {
      maxHeaderSize: limits.headerSizeBytesMax,
      headersTimeout: limits.headersTimeoutMs,
      requestTimeout: limits.requestTimeoutMs,
      connectionsCheckingInterval: limits.timeoutCheckMs,
    },
    routerOptions: { ignoreTrailingSlash: true, ignoreDuplicateSlashes: true, maxParamLength: 512 },
    return503OnClosing: true,
    clientErrorHandler: refuseConnection,
    genReqId: requestIds(),
    // What is refused before any route is found, such as a path that cannot be decoded.
    frameworkErrors: (error, _request, reply) => {
      writePlainError(asServiceError(error), reply);
    },
  });
  app.removeAllContentTypeParsers();
  app.addContentTypeParser("*", { parseAs: "buffer" }, (_request, body, done) => done(null, body));
  app.server.maxConnections = limits.connectionsMax + connectionsSurplus;
  addLoadShedding(app, limits, metrics);
  addObservation(app, metrics);
  app.setErrorHandler((error, _request, reply) => writePlainError(asServiceError(error), reply));
  app.setNotFoundHandler((request, reply) =>
    writePlainError(
      new ServiceError("not-found", `path ${pathOf(request)} was not found`, {
        // What is not there may come, and no cache may remember that it was not.
        headers: { "cache-control": "no-store" },
      }),
      reply,
    ),
  );
  return app;
}

/** The refusal that an error means; what is not a refusal is `internal`, with its cause kept. */
export function asServiceError(error: unknown): ServiceError {
  if (error instanceof ServiceError) return error;
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  const message = error instanceof Error ? error.message : String(error);
  switch (code) {
    case "FST_ERR_CTP_BODY_TOO_LARGE":
      return new ServiceError("too-large", "Request Entity Too Large", { cause: error });
    case "FST_ERR_CTP_INVALID_MEDIA_TYPE":
      return new ServiceError("unsupported-media-type", message, { cause: error });
    case "FST_ERR_CTP_INVALID_CONTENT_LENGTH":
    case "FST_ERR_CTP_EMPTY_JSON_BODY":
    case "FST_ERR_BAD_URL":
    case "ERR_STREAM_PREMATURE_CLOSE":
    case "ECONNRESET":
      return new ServiceError("malformed", message, { cause: error });
    default:
  }
  const status = frameworkRefusal(error);
  if (status !== undefined) return new ServiceError("malformed", message, { status, cause: error });
  return new ServiceError("internal", "internal server error", { cause: error });
}

/** The status with which Fastify itself refuses what a client sent; undefined for other errors. */
function frameworkRefusal(error: unknown): number | undefined {
  if (!(error instanceof Error && "code" in error && "statusCode" in error)) return undefined;
  const { code, statusCode } = error;
  if (typeof code !== "string" || !code.startsWith("FST_ERR_")) return undefined;
  if (typeof statusCode !== "number" || statusCode < 400 || statusCode >= 500) return undefined;
  return statusCode;
}

/** Refusals with a 5xx status that say nothing of a fault. */
const expected: readonly ServiceErrorCode[] = ["overloaded", "disabled"];

/** Writes errors of a plugin's routes in its own shape, and logs those that are the server's. */
export function useErrorWriter(app: FastifyInstance, write: ErrorWriter): void {
  app.setErrorHandler((error, request, reply) => {
    const refusal = asServiceError(error);
    if (refusal.status >= 500 && !expected.includes(refusal.code)) {
      request.log.error({ err: refusal.cause ?? refusal }, refusal.message);
    }
    return write(refusal, reply.headers(refusal.headers).code(refusal.status));
  });
}

/** The path of a request without its query. */
export function pathOf(request: FastifyRequest): string {
  return request.url.split("?", 1)[0] as string;
}

/** Rekor v1's shape, for what belongs to no API. */
function writePlainError(error: ServiceError, reply: FastifyReply): FastifyReply {
  return reply
    .headers(error.headers)
    .code(error.status)
    .send({ code: error.wireCode, message: error.message });
}

/**
 * Turns requests away before their bodies are read, where too much is going on; when the server
 * closes, lets those that have begun finish, and hangs up on everybody else.
 */
function addLoadShedding(app: FastifyInstance, limits: HttpLimits, metrics: ServerMetrics): void {
  let requests = 0;
  let closing = false;
  /** Requests under way on each connection. */
  const busy = new Map<Socket, number>();
  const add = (socket: Socket, difference: number): void => {
    const count = busy.get(socket);
    if (count !== undefined) busy.set(socket, count + difference);
  };
  app.server.on("connection", (socket) => {
    if (closing) {
      socket.destroy();
      return;
    }
    busy.set(socket, 0);
    socket.once("close", () => busy.delete(socket));
  });
  app.addHook("preClose", async () => {
    closing = true;
    const deadline = performance.now() + limits.closeTimeoutMs;
    while (busy.size > 0) {
      const late = performance.now() > deadline;
      for (const [socket, count] of busy) if (count === 0 || late) socket.destroy();
      await setTimeout(closePollMs);
    }
  });
  app.addHook("onSend", async (_request, reply) => {
    if (closing) reply.header("connection", "close");
  });
  app.addHook("onRequest", async (request, reply) => {
    const { socket } = request.raw;
    requests++;
    add(socket, 1);
    reply.raw.once("close", () => {
      requests--;
      add(socket, -1);
    });
    const connections = busy.size;
    const crowded = connections > limits.connectionsMax;
    if (!crowded && requests <= limits.requestsMax) return;
    metrics.shed(crowded ? "connections" : "requests");
    const message = `too many ${crowded ? "connections" : "requests"}: try again after a moment`;
    const headers = { "retry-after": "1", connection: "close" };
    request.log.debug({ requests, connections }, "turned away");
    throw new ServiceError("overloaded", message, { headers });
  });
}

function addObservation(app: FastifyInstance, metrics: ServerMetrics): void {
  app.addHook("onResponse", async (request, reply) => {
    const route = request.routeOptions.config.label ?? unmatched;
    const { method } = request;
    const status = reply.statusCode;
    const durationMs = reply.elapsedTime;
    const requestSizeBytes = Number(request.headers["content-length"] ?? 0) || 0;
    metrics.answered({ route, method, status, durationMs, requestSizeBytes });
    const fields = { method, path: route.path, status, ms: Math.round(durationMs * 100) / 100 };
    request.log.info(fields, "request");
  });
}

function requestIds(): () => string {
  let count = 0;
  return () => (++count).toString(36);
}
