// SPDX-License-Identifier: Apache-2.0
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import type { ServiceError } from "../../errors.ts";
import { addRoute, bodyOf, type RouteLabel, useErrorWriter } from "../../http/index.ts";
import { FulcioRefusal, type GrpcCode, grpcCodes, refusal } from "../refusal/index.ts";
import { messageSizeBytesMax, readLegacyRequest, readSigningRequest } from "./gateway-json.ts";
import type { FulcioMetrics } from "./metrics.ts";
import type { SigningService } from "./signing-service.ts";

/** How the API is served. */
export interface FulcioRouteOptions {
  readonly service: SigningService;
  readonly metrics: FulcioMetrics;
}

const chainType = "application/pem-certificate-chain";
const noStore = { "cache-control": "no-store" };

/**
 * A plugin with Fulcio's HTTP APIs: v2 as grpc-gateway serves it, and the legacy v1. `Accept` is
 * not looked at: sigstore-python asks for PEM, and needs JSON.
 */
export async function fulcioRoutes(
  app: FastifyInstance,
  { service, metrics }: FulcioRouteOptions,
): Promise<void> {
  const label = (path: string): RouteLabel => ({ api: "fulcio", path });
  useErrorWriter(app, writeError);
  app.addHook("onResponse", async (request, reply) => {
    metrics.answered(reply.statusCode, request.method, reply.elapsedTime);
  });
  addRoute(app, {
    path: "/api/v2/signingCert",
    label: label("/api/v2/signingCert"),
    bodySizeBytesMax: messageSizeBytesMax,
    post: async (request, reply) => {
      const asked = readSigningRequest(bodyOf(request), tokenOf(request));
      const { chainPem: certificates, isLogged } = await service.issue(asked);
      const chain = { certificates };
      return reply
        .headers(noStore)
        .send(
          isLogged
            ? { signedCertificateEmbeddedSct: { chain } }
            : { signedCertificateDetachedSct: { chain, signedCertificateTimestamp: "" } },
        );
    },
  });
  addRoute(app, {
    path: "/api/v2/trustBundle",
    label: label("/api/v2/trustBundle"),
    get: async (_request, reply) => {
      const chains = service.trustBundle().map((certificates) => ({ certificates }));
      return reply.send({ chains });
    },
  });
  addRoute(app, {
    path: "/api/v2/configuration",
    label: label("/api/v2/configuration"),
    get: async (_request, reply) => reply.send({ issuers: service.configuration() }),
  });
  addRoute(app, {
    path: "/api/v1/signingCert",
    label: label("/api/v1/signingCert"),
    bodySizeBytesMax: messageSizeBytesMax,
    post: async (request, reply) => {
      const asked = readLegacyRequest(bodyOf(request), tokenOf(request));
      const { chainPem } = await service.issue(asked);
      return sendPem(reply.code(201).headers(noStore), chainPem.join("\n"));
    },
  });
  addRoute(app, {
    path: "/api/v1/rootCert",
    label: label("/api/v1/rootCert"),
    get: async (_request, reply) => sendPem(reply, rootCertificates(service)),
  });
}

/** All chains one after the other, with an empty line between certificates. */
export function rootCertificates(service: SigningService): string {
  return service.trustBundle().flat().join("\n");
}

/** Bytes, as Fastify would add a charset to text. */
function sendPem(reply: FastifyReply, pem: string): FastifyReply {
  return reply.header("content-type", chainType).send(Buffer.from(pem));
}

/** The token of `Authorization: Bearer …`, the scheme spelled so. */
function tokenOf(request: FastifyRequest): string | undefined {
  return request.headers.authorization?.replace(/^Bearer(?: |$)/, "");
}

/** google.rpc.Status as grpc-gateway writes it, with the reason in `details`. */
function writeError(error: ServiceError, reply: FastifyReply): FastifyReply {
  reply.headers(noStore);
  if (error instanceof FulcioRefusal) {
    const { grpcCode: code, message, info } = error;
    const details = [{ "@type": "type.googleapis.com/google.rpc.ErrorInfo", ...info }];
    return reply.header("chancery-reason", info.reason).send({ code, message, details });
  }
  const [code, message] = inGateway(error);
  return reply.code(code.status).send({ code: code.number, message, details: [] });
}

/** What is not Fulcio's refusal, as grpc-gateway words it. */
function inGateway({ code, message }: ServiceError): [GrpcCode, string] {
  switch (code) {
    case "method-not-allowed":
      return [grpcCodes.unimplemented, "Method Not Allowed"];
    case "not-found":
      return [grpcCodes.notFound, "Not Found"];
    case "too-large":
    case "malformed":
    case "unsupported-media-type":
      return [grpcCodes.invalidArgument, message];
    case "overloaded":
    case "unavailable":
      return [grpcCodes.unavailable, message];
    default:
      return [grpcCodes.internal, refusal("ca-failed").message];
  }
}
