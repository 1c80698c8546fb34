// SPDX-License-Identifier: Apache-2.0

/**
 * What clients are told to trust and where to sign: `trusted_root.json`, `signing_config.v0.2.json`
 * and both in one file; `describe…` makes a trusted root's instances from keys and certificates.
 * Out of scope: fetching them (`@chancery/verify/tuf`), and using them.
 */
export {
  assembleTrustedRoot,
  type AuthorityDescription,
  describeAuthority,
  describeLog,
  describeTimestampAuthority,
  type LogDescription,
} from "./build.ts";
export {
  type ClientTrustConfig,
  clientTrustConfigMediaType,
  decodeClientTrustConfig,
  encodeClientTrustConfig,
} from "./client-trust-config.ts";
export {
  selectServices,
  ServiceSelectionError,
  type ServiceSelectionErrorCode,
} from "./select-services.ts";
export {
  decodeSigningConfig,
  encodeSigningConfig,
  type ServiceConfiguration,
  type SigningConfig,
  signingConfigMediaType,
  type SigningService,
} from "./signing-config.ts";
export {
  type CertificateAuthority,
  decodeTrustedRoot,
  encodeTrustedRoot,
  type TransparencyLog,
  type TrustedRoot,
  trustedRootMediaType,
} from "./trusted-root.ts";
export { periodContains, type ValidityPeriod } from "./validity.ts";
