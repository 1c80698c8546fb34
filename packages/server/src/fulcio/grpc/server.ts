// SPDX-License-Identifier: Apache-2.0
import { FormatError } from "@chancery/formats/errors";
import {
  type handleUnaryCall,
  logVerbosity,
  Metadata,
  Server,
  ServerCredentials,
  type ServerUnaryCall,
  type ServiceDefinition,
  setLogVerbosity,
  status,
} from "@grpc/grpc-js";
import type { FastifyBaseLogger } from "fastify";
import {
  type FulcioMetrics,
  messageSizeBytesMax,
  rootCertificates,
  type SigningService,
} from "../api/index.ts";
import { FulcioRefusal, refusal } from "../refusal/index.ts";
import {
  readCreateRequest,
  readLegacyCreateRequest,
  writeConfiguration,
  writePemBody,
  writeServing,
  writeSigningCertificate,
  writeStatus,
  writeTrustBundle,
} from "./messages.ts";

/** How the API is served over gRPC. */
export interface GrpcOptions {
  readonly service: SigningService;
  readonly metrics: FulcioMetrics;
  readonly logger: FastifyBaseLogger;
  /** Calls that are being answered; above: RESOURCE_EXHAUSTED. Default 4096. */
  readonly callsMax?: number;
  /** Calls that have not ended by then are cut off when the server closes. Default 10 s. */
  readonly closeTimeoutMs?: number;
}

/** A server of gRPC that listens. */
export interface GrpcServer {
  readonly port: number;
  /** Answers what has begun, and takes no more. */
  close(): Promise<void>;
}

type Call = ServerUnaryCall<Buffer, Buffer>;
type Method = (request: Buffer, token: string | undefined) => Promise<Uint8Array> | Uint8Array;

/** Of the metadata that holds the token; HTTP's `Authorization` for gRPC. */
const tokenKey = "oidcidentitytoken";

/**
 * Serves `dev.sigstore.fulcio.v2.CA`, `…v1beta.CA` and `grpc.health.v1.Health`, without TLS: over a
 * network a proxy in front brings it.
 *
 * @param address `host:port`; port 0 takes any that is free. @throws Error where it is taken
 */
export async function startGrpc(address: string, options: GrpcOptions): Promise<GrpcServer> {
  const { service, closeTimeoutMs = 10_000 } = options;
  // It writes on standard error what it also throws.
  setLogVerbosity(logVerbosity.NONE);
  const server = new Server({
    "grpc.max_receive_message_length": messageSizeBytesMax,
    "grpc.max_concurrent_streams": 1_000,
    // Clients that are slow, gone or idle hold no connection for ever: they are told to come again.
    "grpc.keepalive_time_ms": 60_000,
    "grpc.keepalive_timeout_ms": 20_000,
    "grpc.max_connection_idle_ms": 300_000,
    "grpc.max_connection_age_ms": 1_800_000,
    "grpc.max_connection_age_grace_ms": 30_000,
  });
  const calls = new Calls(options);
  const add = (name: string, methods: Readonly<Record<string, Method>>): void => {
    server.addService(define(name, Object.keys(methods)), calls.handlers(name, methods));
  };
  add("dev.sigstore.fulcio.v2.CA", {
    CreateSigningCertificate: async (request, token) =>
      writeSigningCertificate(await service.issue(readCreateRequest(request, token))),
    GetTrustBundle: () => writeTrustBundle(service.trustBundle()),
    GetConfiguration: () => writeConfiguration(service.configuration()),
  });
  add("dev.sigstore.fulcio.v1beta.CA", {
    CreateSigningCertificate: async (request, token) => {
      const { chainPem } = await service.issue(readLegacyCreateRequest(request, token));
      return writePemBody(chainPem.join("\n"));
    },
    GetRootCertificate: () => writePemBody(rootCertificates(service)),
  });
  add("grpc.health.v1.Health", { Check: writeServing });
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync(address, ServerCredentials.createInsecure(), (error, bound) =>
      error ? reject(error) : resolve(bound),
    );
  });
  return { port, close: async () => closeServer(server, closeTimeoutMs) };
}

/** Messages are taken apart by the methods, whose refusals say what is wrong. */
function define(service: string, methods: readonly string[]): ServiceDefinition {
  const same = (bytes: Buffer): Buffer => bytes;
  return Object.fromEntries(
    methods.map((method) => [
      method,
      {
        path: `/${service}/${method}`,
        requestStream: false,
        responseStream: false,
        requestSerialize: same,
        requestDeserialize: same,
        responseSerialize: same,
        responseDeserialize: same,
      },
    ]),
  );
}

/** Counts calls, and words what they throw. */
class Calls {
  readonly #options: GrpcOptions;
  #running = 0;

  constructor(options: GrpcOptions) {
    this.#options = options;
  }

  handlers(
    service: string,
    methods: Readonly<Record<string, Method>>,
  ): Record<string, handleUnaryCall<Buffer, Buffer>> {
    const { metrics } = this.#options;
    return Object.fromEntries(
      Object.entries(methods).map(([name, method]) => [
        name,
        (call: Call, callback: Parameters<handleUnaryCall<Buffer, Buffer>>[1]) => {
          metrics.called(service, name);
          void this.#answer(call, method).then(
            (answer) => {
              metrics.returned(service, name, "OK");
              callback(null, Buffer.from(answer));
            },
            (cause: unknown) => {
              const problem = this.#problem(cause);
              metrics.returned(service, name, goName(problem.code));
              callback(problem);
            },
          );
        },
      ]),
    );
  }

  async #answer(call: Call, method: Method): Promise<Uint8Array> {
    const { callsMax = 4096 } = this.#options;
    if (this.#running >= callsMax) throw new TooManyCalls();
    this.#running++;
    try {
      const [token, ...others] = call.metadata.get(tokenKey);
      const isOne = typeof token === "string" && others.length === 0;
      return await method(call.request, isOne ? token : undefined);
    } finally {
      this.#running--;
    }
  }

  #problem(cause: unknown): { code: status; details: string; metadata?: Metadata } {
    if (cause instanceof TooManyCalls) {
      return { code: status.RESOURCE_EXHAUSTED, details: "too many calls: try again" };
    }
    const refused = asRefusal(cause);
    const { grpcCode: code, message: details, info } = refused;
    if (refused.status >= 500) {
      this.#options.logger.error({ err: refused.cause ?? refused }, refused.message);
    }
    const metadata = new Metadata();
    const encoded = writeStatus(code, details, info);
    metadata.set("grpc-status-details-bin", Buffer.from(encoded));
    return { code, details, metadata };
  }
}

class TooManyCalls extends Error {}

function asRefusal(cause: unknown): FulcioRefusal {
  if (cause instanceof FulcioRefusal) return cause;
  if (cause instanceof FormatError) {
    return refusal("request-malformed", { text: cause.message, cause });
  }
  return refusal("ca-failed", { cause });
}

/** `InvalidArgument` of `INVALID_ARGUMENT`, as Go's metrics have it. */
function goName(code: status): string {
  const words = (status[code] ?? "UNKNOWN").toLowerCase().split("_");
  return words.map((word) => word.charAt(0).toUpperCase() + word.slice(1)).join("");
}

async function closeServer(server: Server, timeoutMs: number): Promise<void> {
  await new Promise<void>((resolve) => {
    const timer = setTimeout(() => server.forceShutdown(), timeoutMs);
    server.tryShutdown(() => {
      clearTimeout(timer);
      resolve();
    });
  });
}
