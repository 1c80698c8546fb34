// SPDX-License-Identifier: Apache-2.0
import {
  assembleTrustedRoot,
  describeLog,
  encodeSigningConfig,
  encodeTrustedRoot,
  signingConfigMediaType,
} from "@chancery/formats/trust";
import type { LogIdentity } from "./identity.ts";

/** What clients are given to use a stack. */
export interface TrustFiles {
  /** `trusted_root.json` */
  readonly trustedRoot: string;
  /** `signing_config.v0.2.json` */
  readonly signingConfig: string;
}

/**
 * Describes the log to clients: one instance for each API, as each signs with a key of its own.
 * @param baseUrl how clients reach both, without a slash at the end.
 */
export function describeTrust(
  identity: LogIdentity,
  baseUrl: string,
  operator: string,
): TrustFiles {
  const { hostname, since, v1Key, v2Key } = identity;
  const validFor = { start: since };
  const tlogs = [
    describeLog({ baseUrl, publicKey: v1Key.publicKey, validFor }),
    describeLog({ baseUrl, publicKey: v2Key.publicKey, validFor, origin: hostname }),
  ];
  const root = assembleTrustedRoot({
    tlogs,
    certificateAuthorities: [],
    ctlogs: [],
    timestampAuthorities: [],
  });
  const services = [2, 1].map((majorApiVersion) => ({
    url: baseUrl,
    majorApiVersion,
    validFor,
    operator,
  }));
  const signingConfig = encodeSigningConfig({
    mediaType: signingConfigMediaType,
    caUrls: [],
    oidcUrls: [],
    rekorTlogUrls: services,
    rekorTlogConfig: { selector: "ANY" },
    tsaUrls: [],
  });
  return { trustedRoot: encodeTrustedRoot(root), signingConfig };
}
