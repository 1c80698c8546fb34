// SPDX-License-Identifier: Apache-2.0
import {
  encodeTimestampGrant,
  encodeTimestampRejection,
  type TimestampFailure,
} from "@chancery/formats/tsp";
import { type Certificate, encodeCertificatePem } from "@chancery/formats/x509";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { ServiceError } from "../errors.ts";
import { addRoute, bodyOf, type RouteLabel, useErrorWriter } from "../http/index.ts";
import type { TimestampMetrics } from "./metrics.ts";
import { TimestampRefusal } from "./refusal.ts";
import { readDerRequest, readJsonRequest } from "./request.ts";
import type { TimestampService } from "./timestamp-service.ts";

/** How the API is served. */
export interface TimestampRouteOptions {
  readonly service: TimestampService;
  readonly chain: readonly Certificate[];
  readonly metrics: TimestampMetrics;
  readonly bodySizeBytesMax: number;
  /** 200; 201 as older servers of Sigstore answered. */
  readonly grantedStatus: 200 | 201;
  /** Whether refusals of requests in DER are TimeStampResp with status 200, as in RFC 3161. */
  readonly rfc3161Statuses: boolean;
}

const queryType = "application/timestamp-query";
const jsonType = "application/json";
const replyType = "application/timestamp-reply";
const chainType = "application/pem-certificate-chain";
const noCache = "no-cache, no-store, no-transform, must-revalidate, private, max-age=0";

/** A plugin with the API of Sigstore's timestamp authority. */
export async function timestampRoutes(
  app: FastifyInstance,
  options: TimestampRouteOptions,
): Promise<void> {
  const { service, chain, metrics, bodySizeBytesMax, grantedStatus, rfc3161Statuses } = options;
  const label = (path: string): RouteLabel => ({ api: "tsa", path });
  useErrorWriter(app, writeError);
  app.addHook("onResponse", async (request, reply) => {
    const path = request.routeOptions.config.label?.path ?? "";
    metrics.answered(path, request.method, reply.statusCode, reply.elapsedTime);
  });
  addRoute(app, {
    path: "/api/v1/timestamp",
    label: label("/api/v1/timestamp"),
    bodySizeBytesMax,
    post: async (request, reply) => {
      const type = mediaTypeOf(request);
      const isQuery = type === queryType;
      if (!isQuery && type !== jsonType) throw unsupportedType(type);
      try {
        const read = isQuery ? readDerRequest : readJsonRequest;
        const token = await service.sign(read(bodyOf(request)));
        return send(reply.code(grantedStatus), encodeTimestampGrant(token));
      } catch (cause) {
        if (!(cause instanceof TimestampRefusal)) throw cause;
        metrics.refused(cause.failure);
        if (!isQuery || !rfc3161Statuses) throw cause;
        if (cause.code === "internal") request.log.error({ err: cause.cause }, cause.message);
        return send(reply, rejection(cause));
      }
    },
  });
  const pem = chain.map(encodeCertificatePem).join("");
  addRoute(app, {
    path: "/api/v1/timestamp/certchain",
    label: label("/api/v1/timestamp/certchain"),
    get: async (_request, reply) =>
      reply
        .headers({ "content-type": chainType, "cache-control": "max-age=86400, immutable" })
        .send(Buffer.from(pem, "utf8")),
  });
}

function send(reply: FastifyReply, response: Uint8Array): FastifyReply {
  return reply
    .headers({ "content-type": replyType, "cache-control": noCache })
    .send(Buffer.from(response));
}

function rejection({
  failure,
  message,
}: {
  failure: TimestampFailure;
  message: string;
}): Uint8Array {
  return encodeTimestampRejection(failure, message);
}

/** The media type alone, lower case; what Sigstore's authority takes for it where there is none. */
function mediaTypeOf(request: FastifyRequest): string {
  const [type = ""] = (request.headers["content-type"] ?? "").split(";");
  return type.trim().toLowerCase() || "application/octet-stream";
}

function unsupportedType(type: string): ServiceError {
  const message =
    `unsupported media type ${JSON.stringify(type)}, ` +
    `only [${jsonType} ${queryType}] are allowed`;
  return new ServiceError("unsupported-media-type", message);
}

function writeError(error: ServiceError, reply: FastifyReply): FastifyReply {
  // Sigstore's authority says it in words alone; programs read the name that RFC 3161 has for it.
  if (error instanceof TimestampRefusal) reply.header("chancery-reason", error.failure);
  return reply
    .header("cache-control", noCache)
    .send({ code: error.status, message: error.message });
}
