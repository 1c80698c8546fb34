// SPDX-License-Identifier: Apache-2.0

/**
 * Certificate authorities (Fulcio) from the side of a client: a certificate over a key for whoever
 * an identity token names. Out of scope: where the token comes from, and whether the authority is
 * to be trusted (`@chancery/verify`).
 */
export { certify, type CertifiedSigner, type CertifyInput } from "./certify.ts";
export {
  type CertificateOptions,
  type CertificateRequest,
  type CertificateService,
  type IdentityProof,
  openCertificateService,
  selectCertificateService,
} from "./certificate-service.ts";
export type { IssuedCertificate } from "./answer.ts";
