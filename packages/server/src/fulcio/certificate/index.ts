// SPDX-License-Identifier: Apache-2.0

/**
 * Certificates by Fulcio's profile: written, entered into a certificate log, and signed. Whom they
 * name was settled before (`token`, `issuer`), and that their key is held, too (`request`).
 */
export { httpCtLog, type HttpCtLogOptions } from "./http-ct-log.ts";
export { type IssuedCertificate, issueCertificate } from "./issue.ts";
export { CtLogError, type SctSource } from "./sct-source.ts";
