// SPDX-License-Identifier: Apache-2.0
import { bytesEqual } from "../bytes/index.ts";
import {
  contextTag,
  der,
  derNull,
  derOctetString,
  derOid,
  DerReader,
  derSequence,
  Tag,
} from "../der/index.ts";
import { FormatError } from "../errors/index.ts";
import type { Certificate } from "./certificate.ts";
import { encodeExtension, type NamedExtension } from "./encode-extensions.ts";
import { extensionOids } from "./extensions.ts";

/** The last extension of a precertificate: makes it useless as a certificate (RFC 6962 §3.1). */
export const poisonExtension: NamedExtension = {
  oid: extensionOids.precertificatePoison,
  critical: true,
  value: derNull(),
};

/**
 * The extension that embeds signed certificate timestamps (RFC 6962 §3.3).
 * @param list a SignedCertificateTimestampList (`encodeSctList`).
 */
export function sctListExtension(list: Uint8Array): NamedExtension {
  return { oid: extensionOids.sctList, critical: false, value: derOctetString(list) };
}

/**
 * The TBSCertificate with one extension taken out: for `extensionOids.sctList` of a certificate, or
 * `precertificatePoison` of a precertificate, what a CT log has signed (RFC 6962 §3.2). Everything
 * else keeps its bytes; only the lengths around it are written anew.
 *
 * @throws FormatError `missing-field` where the certificate has no such extension
 */
export function tbsWithoutExtension(certificate: Certificate, oid: string): Uint8Array {
  return replaceExtension(certificate, oid, []);
}

/**
 * The TBSCertificate of the certificate that a precertificate promises: without the poison, with
 * the timestamps as its last extension. All else keeps its bytes, so that what verifiers rebuild
 * out of the certificate is what the log signed out of the precertificate.
 *
 * @param list a SignedCertificateTimestampList (`encodeSctList`), not checked.
 * @throws FormatError `missing-field` for what is no precertificate; `duplicate-key` for one that
 *   already embeds timestamps
 */
export function embedSctList(precertificate: Certificate, list: Uint8Array): Uint8Array {
  if (precertificate.extensions.has(extensionOids.sctList)) {
    const problem = "the precertificate embeds timestamps already";
    throw new FormatError("duplicate-key", "certificate", "", problem);
  }
  const oid = extensionOids.precertificatePoison;
  return replaceExtension(precertificate, oid, [encodeExtension(sctListExtension(list))]);
}

/** The TBSCertificate without the extension, and with others at the end of the list. */
function replaceExtension(
  certificate: Certificate,
  oid: string,
  added: readonly Uint8Array[],
): Uint8Array {
  if (!certificate.extensions.has(oid)) {
    throw new FormatError("missing-field", "certificate", "", `no extension ${oid}`);
  }
  const tbs = new DerReader(certificate.tbs, "certificate").sequence();
  const fields: Uint8Array[] = [];
  while (tbs.peek() !== contextTag(3, true)) fields.push(tbs.any().raw);
  const list = tbs.enter(contextTag(3, true)).sequence();
  const kept: Uint8Array[] = [];
  const unwanted = derOid(oid); // DER has one encoding: comparing bytes saves decoding them all
  while (!list.done) {
    const { content, raw } = list.element(Tag.sequence);
    if (!bytesEqual(content.subarray(0, unwanted.length), unwanted)) kept.push(raw);
  }
  kept.push(...added);
  // Extensions are SIZE (1..MAX): an empty list is not written at all.
  if (kept.length > 0) fields.push(der(contextTag(3, true), derSequence(...kept)));
  return derSequence(...fields);
}
