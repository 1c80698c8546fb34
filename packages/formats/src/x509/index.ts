// SPDX-License-Identifier: Apache-2.0

/**
 * X.509 v3 certificates (RFC 5280): reading, names, extensions, Fulcio's claims, paths.
 *
 * Start with `decodeCertificate`; each accessor reads one extension when it is asked for. Revocation,
 * policies, name constraints, v1 certificates and keys outside the registry of `crypto` are out of
 * scope. Making certificates is the certificate authority's business, not this folder's.
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
