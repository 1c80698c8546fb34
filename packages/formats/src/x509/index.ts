// SPDX-License-Identifier: Apache-2.0

/**
 * X.509 v3 certificates (RFC 5280): reading and writing them, names, extensions, Fulcio's claims,
 * PKCS #10 requests, paths.
 *
 * Start with `decodeCertificate`; each accessor reads one extension when it is asked for. Check a
 * leaf with `prepareIssuers` once and `verifyLeaf` per leaf; where one leaf has several instants to
 * hold at, with `checkIssued` once and `assessLeaf` per instant, always both.
 *
 * An authority makes its own certificates with `makeRootCertificate` and its siblings. Any other
 * it puts together out of the `…Extension` functions and hands to `signCertificate`; for one with
 * embedded timestamps it signs a precertificate first (`poisonExtension`), gets it logged, and
 * signs what `embedSctList` makes of it. Whom to certify is its business, not this folder's.
 *
 * Revocation, policies, name constraints, v1 certificates and keys outside the registry of `crypto`
 * are out of scope.
 */
export {
  type CertificateDescription,
  type CertificateIssuer,
  type IntermediateDescription,
  makeIntermediateCertificate,
  makeRootCertificate,
  makeTimestampingCertificate,
} from "./ca-profile.ts";
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
export {
  type CertificateRequest,
  certificateRequestSizeBytesMax,
  decodeCertificateRequest,
  decodeCertificateRequestPem,
  verifyCertificateRequest,
} from "./certificate-request.ts";
export {
  assembleCertificate,
  emptyName,
  encodeTbsCertificate,
  serialNumberBytesMax,
  signCertificate,
  type TbsCertificate,
} from "./encode-certificate.ts";
export {
  authorityKeyIdentifierExtension,
  basicConstraintsExtension,
  encodeGeneralName,
  extendedKeyUsageExtension,
  extensionTextCharactersMax,
  keyUsageExtension,
  type NamedExtension,
  subjectAltNameExtension,
  subjectKeyIdentifierExtension,
} from "./encode-extensions.ts";
export { encodeSignatureAlgorithm, readSignatureAlgorithm } from "./signature-algorithm.ts";
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
} from "./extensions.ts";
export {
  fulcioClaimExtensions,
  type FulcioClaimName,
  type FulcioClaims,
  fulcioClaims,
  type FulcioExtension,
  fulcioExtensions,
  fulcioOtherName,
  identityExtension,
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
export {
  commonName,
  decodeName,
  encodeName,
  type NameAttribute,
  type NameAttributeType,
  nameToString,
  organization,
} from "./names.ts";
export { pathAttemptsMax, type PathOptions, verifyCertificatePath } from "./path.ts";
export { PathError, type PathErrorCode } from "./path-error.ts";
export {
  embedSctList,
  poisonExtension,
  sctListExtension,
  tbsWithoutExtension,
} from "./precertificate.ts";
