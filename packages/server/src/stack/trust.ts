// SPDX-License-Identifier: Apache-2.0
import {
  assembleTrustedRoot,
  type CertificateAuthority,
  encodeSigningConfig,
  encodeTrustedRoot,
  type SigningConfig,
  signingConfigMediaType,
  type SigningService,
  type TransparencyLog,
  type TrustedRoot,
} from "@chancery/formats/trust";

/** Instances for the trusted root, and services for the signing config, newest API first. */
export interface TrustContribution {
  readonly tlogs?: readonly TransparencyLog[];
  readonly ctlogs?: readonly TransparencyLog[];
  readonly certificateAuthorities?: readonly CertificateAuthority[];
  readonly timestampAuthorities?: readonly CertificateAuthority[];
  readonly caUrls?: readonly SigningService[];
  readonly oidcUrls?: readonly SigningService[];
  readonly rekorTlogUrls?: readonly SigningService[];
  readonly tsaUrls?: readonly SigningService[];
}

/** What clients are given to use a stack. */
export interface TrustFiles {
  /** `trusted_root.json` */
  readonly trustedRoot: string;
  /** `signing_config.v0.2.json` */
  readonly signingConfig: string;
}

/** The files, and what they say. */
export interface Trust {
  readonly files: TrustFiles;
  readonly root: TrustedRoot;
  readonly services: SigningConfig;
}

/** Puts together what the services of a stack contribute, in their order. */
export function assembleTrust(contributions: readonly TrustContribution[]): Trust {
  const all = <Item>(
    of: (contribution: TrustContribution) => readonly Item[] | undefined,
  ): readonly Item[] => contributions.flatMap((contribution) => of(contribution) ?? []);
  const root = assembleTrustedRoot({
    tlogs: all((part) => part.tlogs),
    certificateAuthorities: all((part) => part.certificateAuthorities),
    ctlogs: all((part) => part.ctlogs),
    timestampAuthorities: all((part) => part.timestampAuthorities),
  });
  const rekorTlogUrls = all((part) => part.rekorTlogUrls);
  const tsaUrls = all((part) => part.tsaUrls);
  const services: SigningConfig = {
    mediaType: signingConfigMediaType,
    caUrls: all((part) => part.caUrls),
    oidcUrls: all((part) => part.oidcUrls),
    rekorTlogUrls,
    ...(rekorTlogUrls.length > 0 && { rekorTlogConfig: { selector: "ANY" } }),
    tsaUrls,
    ...(tsaUrls.length > 0 && { tsaConfig: { selector: "ANY" } }),
  };
  const files = {
    trustedRoot: encodeTrustedRoot(root),
    signingConfig: encodeSigningConfig(services),
  };
  return { files, root, services };
}
