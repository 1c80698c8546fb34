// SPDX-License-Identifier: Apache-2.0
import { findIssuerType, type IssuerConfig } from "../issuer/index.ts";
import { matchesPattern } from "./pattern.ts";
import type { FulcioConfig } from "./types.ts";

/** The issuer whose URL is `iss`, else the first whose pattern matches; undefined for strangers. */
export function findIssuer(config: FulcioConfig, iss: string): IssuerConfig | undefined {
  return config.issuers.get(iss) ?? config.metaIssuers.find(({ url }) => matchesPattern(url, iss));
}

/**
 * A configuration with further issuers, such as that of the same process. Where the configuration
 * has an issuer of that URL, it stays as the operator wrote it.
 */
export function withIssuers(config: FulcioConfig, issuers: readonly IssuerConfig[]): FulcioConfig {
  const added = issuers.map((issuer) => [issuer.url, issuer] as const);
  return { ...config, issuers: new Map([...added, ...config.issuers]) };
}

/** An issuer as `/api/v2/configuration` shows it, by the names of its JSON. */
export interface AdvertisedIssuer {
  /** Absent for patterns. */
  readonly issuerUrl?: string;
  readonly wildcardIssuerUrl?: string;
  readonly audience: string;
  readonly challengeClaim: string;
  readonly spiffeTrustDomain: string;
  readonly issuerType: string;
  readonly subjectDomain: string;
  readonly skipEmailVerification: boolean;
}

/** What clients may know of the configuration. */
export function advertisedIssuers(config: FulcioConfig): AdvertisedIssuer[] {
  return [...config.issuers.values(), ...config.metaIssuers].map((issuer) => ({
    ...(issuer.isPattern ? { wildcardIssuerUrl: issuer.url } : { issuerUrl: issuer.url }),
    audience: issuer.clientId,
    challengeClaim: issuer.challengeClaim ?? findIssuerType(issuer.type)?.challengeClaim ?? "sub",
    spiffeTrustDomain: issuer.spiffeTrustDomain ?? "",
    issuerType: issuer.type,
    subjectDomain: issuer.subjectDomain ?? "",
    skipEmailVerification: issuer.skipEmailVerification,
  }));
}
