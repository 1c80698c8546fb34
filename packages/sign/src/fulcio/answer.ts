// SPDX-License-Identifier: Apache-2.0
import { FormatError } from "@chancery/formats/errors";
import { ObjectDecoder, parseJson } from "@chancery/formats/json";
import { decodeSctList } from "@chancery/formats/sct";
import {
  type Certificate,
  decodeCertificatesPem,
  embeddedSctList,
  pathLengthMax,
  prepareIssuers,
  verifyLeaf,
} from "@chancery/formats/x509";

/** A certificate and what stands above it, as the authority answered. */
export interface IssuedCertificate {
  readonly leaf: Certificate;
  /** The certificates above it, the issuing one first. Nobody vouches for them. */
  readonly issuers: readonly Certificate[];
  /**
   * Where the proof is that the certificate was logged. `beside` it a bundle has no room for that
   * proof, and `absent` means that the authority has no log.
   */
  readonly sct: "embedded" | "beside" | "absent";
}

const format = "certificate answer";
const limits = { sizeBytesMax: 1 << 20, depthMax: 8, valuesMax: 64 } as const;
const scts = { signedCertificateEmbeddedSct: "embedded", signedCertificateDetachedSct: "beside" };

/**
 * Reads a SigningCertificate of Fulcio's v2 API, in either of its two forms. Members that are not
 * known are passed over.
 * @throws FormatError for an answer of another form; PathError where the chain does not hold
 */
export function decodeCertificateAnswer(json: Uint8Array): IssuedCertificate {
  const answer = new ObjectDecoder(parseJson(json, format, limits), format);
  const names = Object.keys(scts).filter((name) => answer.has(name));
  const [name, ...others] = names;
  if (name === undefined || others.length > 0) {
    throw answer.error("missing-field", "", `${names.length} certificates where one belongs`);
  }
  const variant = answer.object(name);
  const list = variant.object("chain").strings("certificates", pathLengthMax);
  const [leaf, ...issuers] = list.map((pem) => {
    const [certificate, ...more] = decodeCertificatesPem(pem);
    if (certificate && more.length === 0) return certificate;
    throw variant.error("malformed", "chain", "a PEM text that is not of one certificate");
  });
  if (!leaf) throw variant.error("missing-field", "chain", "no certificate");
  checkChain(leaf, issuers);
  const beside = name === "signedCertificateDetachedSct";
  const told = beside && variant.optionalString("signedCertificateTimestamp");
  return { leaf, issuers, sct: hasEmbedded(leaf) ? "embedded" : told ? "beside" : "absent" };
}

/** Names, signatures and usages; the leaf at its own first instant, as clocks may differ. */
function checkChain(leaf: Certificate, issuers: readonly Certificate[]): void {
  if (issuers.length === 0) {
    throw new FormatError("missing-field", format, "chain", "nothing above the leaf");
  }
  verifyLeaf(leaf, prepareIssuers(issuers), leaf.notBefore, "code-signing");
}

function hasEmbedded(leaf: Certificate): boolean {
  const list = embeddedSctList(leaf);
  return list !== undefined && decodeSctList(list).scts.length > 0;
}
