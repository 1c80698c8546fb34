// SPDX-License-Identifier: Apache-2.0

/**
 * X.509 v3 certificates (RFC 5280): reading, names, extensions, Fulcio's claims, paths.
 *
 * Start with `decodeCertificate`; each accessor reads one extension when it is asked for. Check a
 * leaf with `prepareIssuers` once and `verifyLeaf` per leaf; where one leaf has several instants to
 * hold at, with `checkIssued` once and `assessLeaf` per instant, always both.
 *
 * Revocation, policies, name constraints, v1 certificates and keys outside the registry of `crypto`
 * are out of scope. Making certificates is the certificate authority's business, not this folder's.
 */
export {
  type Certificate,
  certificateExtensionsMax,
  certificateSizeBytesMax,
  decodeCertificate,
  decodeCertificatesPem,
  encodeCertificatePem,
  type Extension,
  pemCertificatesMax,
} from "./certificate.ts";
export { readSignatureAlgorithm } from "./signature-algorithm.ts";
export {
  type AuthorityKeyIdentifier,
  authorityKeyIdentifier,
  type BasicConstraints,
  basicConstraints,
  embeddedSctList,
  type ExtendedKeyUsage,
  extendedKeyUsage,
  extensionOids,
  type GeneralName,
  keyPurposes,
  type KeyUsage,
  keyUsage,
  subjectAltNames,
  subjectKeyIdentifier,
  tbsWithoutExtension,
} from "./extensions.ts";
export {
  type FulcioClaimName,
  type FulcioClaims,
  fulcioClaims,
  type FulcioExtension,
  fulcioExtensions,
  fulcioOtherName,
  signerIdentity,
  type SignerIdentity,
} from "./fulcio.ts";
export {
  assessLeaf,
  type CertificateUsage,
  checkIssued,
  pathLengthMax,
  type PreparedIssuers,
  prepareIssuers,
  verifyLeaf,
} from "./issuers.ts";
export { commonName, decodeName, type NameAttribute, nameToString, organization } from "./names.ts";
export { pathAttemptsMax, type PathOptions, verifyCertificatePath } from "./path.ts";
export { PathError, type PathErrorCode } from "./path-error.ts";
