// SPDX-License-Identifier: Apache-2.0
import { type Algorithm, algorithmByFlag } from "@chancery/formats/crypto";
import type { FastifyBaseLogger, FastifyInstance } from "fastify";
import type { ServerMetrics } from "../http/index.ts";
import {
  type AuthoritySource,
  FulcioMetrics,
  fulcioRoutes,
  type IssuancePolicy,
  SigningService,
} from "./api/index.ts";
import type { SctSource } from "./certificate/index.ts";
import type { FulcioConfig } from "./config/index.ts";
import type { GrpcServer } from "./grpc/index.ts";
import type { TokenVerifier } from "./token/index.ts";

/** What a certificate authority is made of. Defaults are Fulcio's. */
export interface FulcioOptions {
  readonly authorities: AuthoritySource;
  readonly tokens: TokenVerifier;
  /** The configuration as it is now: the verifier's. */
  readonly config: () => FulcioConfig;
  /** Without one certificates are in no log, and sigstore-python refuses them. */
  readonly log?: SctSource | undefined;
  /** For the log's answer. Default 20 s, before clients give up after 30. */
  readonly logTimeoutMs?: number;
  /** What clients may sign with. Default: {@link defaultSigningAlgorithms}. */
  readonly algorithms?: readonly Algorithm[];
  /** Defaults: ten minutes, no backdating, requests that name nobody else. */
  readonly policy?: Partial<IssuancePolicy>;
  readonly metrics: ServerMetrics;
  readonly logger: FastifyBaseLogger;
  /** Milliseconds since the epoch. */
  readonly now?: () => number;
}

/** A certificate authority that is served. */
export interface ServedFulcio {
  /** Serves it over gRPC, too, at `host:port`. */
  listenGrpc(address: string): Promise<GrpcServer>;
  /** Why it issues no certificates at present; undefined where it does. */
  problem(): string | undefined;
}

/** As Fulcio's `--client-signing-algorithms`. */
export const defaultSigningAlgorithms: readonly Algorithm[] = [
  "ecdsa-sha2-256-nistp256",
  "ecdsa-sha2-384-nistp384",
  "ecdsa-sha2-512-nistp521",
  "rsa-sign-pkcs1-2048-sha256",
  "rsa-sign-pkcs1-3072-sha256",
  "rsa-sign-pkcs1-4096-sha256",
  "ed25519",
].map(algorithmByFlag);

const policyDefault: IssuancePolicy = {
  lifetimeSeconds: 600,
  backdateSeconds: 0,
  certificateRequests: "named",
};

/**
 * Adds a certificate authority with the APIs of Fulcio to a server: `/api/v2/signingCert`,
 * `/api/v2/trustBundle`, `/api/v2/configuration`, and the legacy `/api/v1/signingCert` and
 * `/api/v1/rootCert`.
 */
export async function addFulcio(
  app: FastifyInstance,
  options: FulcioOptions,
): Promise<ServedFulcio> {
  const { authorities, logger, now = Date.now } = options;
  const metrics = new FulcioMetrics(options.metrics);
  const policy = { ...policyDefault, ...options.policy };
  const service = new SigningService({
    authorities,
    tokens: options.tokens,
    config: options.config,
    log: options.log,
    logTimeoutMs: options.logTimeoutMs ?? 20_000,
    algorithms: options.algorithms ?? defaultSigningAlgorithms,
    policy,
    metrics,
    now,
  });
  await app.register(fulcioRoutes, { service, metrics });
  return {
    listenGrpc: async (address) => {
      const { startGrpc } = await import("./grpc/index.ts");
      return startGrpc(address, { service, metrics, logger });
    },
    problem: () => {
      const { notBefore, notAfter } = authorities.current;
      const lastMs = now() + 1000 * policy.lifetimeSeconds;
      if (now() >= notBefore.getTime() && lastMs <= notAfter.getTime()) return undefined;
      const period = `${notBefore.toISOString()} to ${notAfter.toISOString()}`;
      return `no certificates are issued: the authority is valid from ${period}`;
    },
  };
}
