// SPDX-License-Identifier: Apache-2.0
import { TokenError } from "../claims/index.ts";
import { findIssuer, type FulcioConfig } from "../config/index.ts";
import type { IssuerConfig } from "../issuer/index.ts";
import {
  type ClusterFiles,
  clusterFilesDefault,
  clusterIssuer,
  readClusterCredentials,
} from "./cluster.ts";
import { type FetchPolicy, hostWithPort, type Resolve } from "./fetch.ts";
import type { KeySource } from "./keys.ts";
import { type KeyLimits, RemoteKeySource } from "./remote-keys.ts";

/** Issuers of patterns whose keys are kept; the one unused for longest goes first. */
const patternSourcesMax = 100;
/** Issuers of patterns that are asked at the same time. */
const patternRequestsMax = 16;

/** What key sources of all configurations share. */
export interface KeySourcesOptions {
  readonly limits: KeyLimits;
  readonly now: () => number;
  readonly internalHosts: readonly string[];
  readonly clusterFiles?: ClusterFiles | undefined;
  readonly resolve?: Resolve | undefined;
  readonly onStale?: ((iss: string, error: TokenError) => void) | undefined;
}

/** The key sources of one configuration, made when they are first needed. */
export class KeySources {
  readonly #config: FulcioConfig;
  readonly #options: KeySourcesOptions;
  readonly #fixed = new Map<string, KeySource>();
  /** In the order of their last use. */
  readonly #patterned = new Map<string, KeySource>();
  #patternRequests = 0;

  constructor(config: FulcioConfig, options: KeySourcesOptions) {
    this.#config = config;
    this.#options = options;
  }

  /** @param iss the issuer's URL, which a pattern does not say */
  find(iss: string, issuer: IssuerConfig): KeySource {
    const sources = issuer.isPattern ? this.#patterned : this.#fixed;
    const source = sources.get(iss) ?? this.#make(iss, issuer);
    if (issuer.isPattern) {
      sources.delete(iss);
      const [oldest] = sources.keys();
      if (oldest !== undefined && sources.size >= patternSourcesMax) sources.delete(oldest);
    }
    sources.set(iss, source);
    return source;
  }

  #make(iss: string, issuer: IssuerConfig): KeySource {
    const { limits, now, onStale } = this.#options;
    return new RemoteKeySource(iss, {
      limits,
      now,
      policy: async () => await this.#policy(iss, issuer),
      admit: issuer.isPattern ? () => this.#admit() : undefined,
      onStale: onStale && ((error) => onStale(iss, error)),
    });
  }

  /** Clients choose among issuers of patterns: they do not get to open connections without end. */
  #admit(): () => void {
    if (this.#patternRequests >= patternRequestsMax) {
      const message = "too many issuers are being asked for their keys: try again after a moment";
      throw new TokenError("issuer-unreachable", message);
    }
    this.#patternRequests++;
    return () => {
      this.#patternRequests--;
    };
  }

  async #policy(iss: string, issuer: IssuerConfig): Promise<FetchPolicy> {
    const { internalHosts, clusterFiles = clusterFilesDefault, resolve } = this.#options;
    const url = URL.parse(iss);
    const host = url ? hostWithPort(url) : "";
    const cluster = this.#isOfCluster(iss, issuer)
      ? await readClusterCredentials(iss, clusterFiles)
      : undefined;
    const ca = [issuer.caCert, cluster?.ca].filter((pem) => pem !== undefined).join("\n");
    return {
      // Whoever wrote an issuer's very name into the configuration knows where it is.
      internalHosts: new Set(issuer.isPattern ? internalHosts : [...internalHosts, host]),
      plainHttp: url?.protocol === "http:",
      ca: ca === "" ? undefined : ca,
      bearer: cluster?.bearer,
      resolve,
    };
  }

  /** Whether the pod's own credentials are for this issuer, by Fulcio's rule. */
  #isOfCluster(iss: string, { type, isPattern }: IssuerConfig): boolean {
    if (type !== "kubernetes" || findIssuer(this.#config, clusterIssuer) === undefined)
      return false;
    return !isPattern || iss === clusterIssuer;
  }
}
