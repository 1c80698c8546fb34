// SPDX-License-Identifier: Apache-2.0
import type { MessageSigner } from "@chancery/formats/crypto";
import type { Certificate } from "@chancery/formats/x509";
import type { FastifyBaseLogger, FastifyInstance } from "fastify";
import type { ServerMetrics } from "../http/index.ts";
import { checkTimestampChain } from "./chain.ts";
import { type Clock, ClockGuard, NtpMonitor, type NtpOptions, systemClock } from "./clock/index.ts";
import { TimestampMetrics } from "./metrics.ts";
import { timestampRoutes } from "./routes.ts";
import { defaultTimestampPolicy, TimestampService } from "./timestamp-service.ts";

/** What a timestamp authority is made of. Defaults are those of Sigstore's. */
export interface TimestampAuthorityOptions {
  /** Signs with the leaf's key: `messageSigner`, or a signer of `@chancery/sign`. */
  readonly signer: MessageSigner;
  /** The leaf that signs first, the root last: `makeTimestampChain`, or the operator's own. */
  readonly chain: readonly Certificate[];
  readonly metrics: ServerMetrics;
  readonly logger: FastifyBaseLogger;
  /** Dotted, where none is asked for. Default: {@link defaultTimestampPolicy}. */
  readonly policy?: string;
  /** Those that may be asked for beside it. Default: none. */
  readonly acceptedPolicies?: readonly string[];
  /** Whether extensions of a request are taken over into its timestamp. Default: no. */
  readonly allowExtensions?: boolean;
  /** Whether the issuers too are embedded where certificates are asked for. Default: no. */
  readonly includeChain?: boolean;
  /** Whether intermediates may state no purpose. Default: no. */
  readonly anyIntermediate?: boolean;
  /** Default 1 MiB. */
  readonly bodySizeBytesMax?: number;
  /** Default 200. */
  readonly grantedStatus?: 200 | 201;
  /**
   * Whether refusals of requests in DER are TimeStampResp with HTTP status 200, as RFC 3161 has
   * them, and not JSON with a status above. Default: no.
   */
  readonly rfc3161Statuses?: boolean;
  /** How far the clock may be set while the service runs. Default 1000, as tokens state it. */
  readonly jumpMsMax?: number;
  /** Servers that the clock is compared with. Default: none. */
  readonly ntp?: NtpOptions;
  readonly clock?: Clock;
}

/** A timestamp authority that is served. */
export interface ServedTimestampAuthority {
  /** Why it makes no timestamps at present; undefined where it does. */
  problem(): string | undefined;
  /** Ends what it does by itself. The server it was added to is closed before. */
  close(): Promise<void>;
}

const bodySizeBytesMaxDefault = 1 << 20;
const jumpMsMaxDefault = 1000;

/**
 * Adds a timestamp authority to a server: RFC 3161 over HTTP and the form in JSON, as Sigstore's
 * serves them, under `/api/v1/timestamp`.
 *
 * It refuses to sign while the clock cannot be believed, and outside the validity of its
 * certificates.
 *
 * @throws TimestampChainError for a chain that clients would refuse, before anything is added
 */
export async function addTimestampAuthority(
  app: FastifyInstance,
  options: TimestampAuthorityOptions,
): Promise<ServedTimestampAuthority> {
  const { signer, chain, logger, clock = systemClock, anyIntermediate = false } = options;
  const { notAfter } = checkTimestampChain(chain, signer.publicKey, anyIntermediate);
  const metrics = new TimestampMetrics(options.metrics, notAfter);
  const ntp = options.ntp && new NtpMonitor(options.ntp, { clock, logger, observer: metrics });
  const jumpMsMax = options.jumpMsMax ?? jumpMsMaxDefault;
  const service = new TimestampService({
    signer,
    chain,
    guard: new ClockGuard({ clock, jumpMsMax, ntp }),
    policy: options.policy ?? defaultTimestampPolicy,
    acceptedPolicies: options.acceptedPolicies ?? [],
    allowExtensions: options.allowExtensions ?? false,
    includeChain: options.includeChain ?? false,
    anyIntermediate,
  });
  await app.register(timestampRoutes, {
    service,
    chain,
    metrics,
    bodySizeBytesMax: options.bodySizeBytesMax ?? bodySizeBytesMaxDefault,
    grantedStatus: options.grantedStatus ?? 200,
    rfc3161Statuses: options.rfc3161Statuses ?? false,
  });
  return { problem: () => service.problem(), close: async () => ntp?.close() };
}
