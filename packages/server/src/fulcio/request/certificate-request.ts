// SPDX-License-Identifier: Apache-2.0
import { decodeUtf8 } from "@chancery/formats/bytes";
import { type Algorithm, type PublicKey } from "@chancery/formats/crypto";
import { verifySignatureInPool } from "@chancery/formats/crypto/node";
import { readDer, Tag } from "@chancery/formats/der";
import { decodePemBlock } from "@chancery/formats/pem";
import {
  type CertificateRequest,
  certificateRequestSizeBytesMax,
  decodeCertificateRequest,
} from "@chancery/formats/x509";
import type { Principal } from "../issuer/index.ts";
import { refusal } from "../refusal/index.ts";
import { checkBinding, type RequestBinding, refuseAuthority } from "./binding.ts";
import { checkAllowed, checkStrength, reading } from "./public-key.ts";

/** Base64 and its line breaks, and some text around. */
const pemSizeBytesMax = 2 * certificateRequestSizeBytesMax;

/** How requests are to be signed: not otherwise, although one could verify it. */
const unrecognized: ReadonlyMap<string, string> = new Map([
  ["1.2.840.113549.1.1.2", "MD2-RSA"],
  ["1.2.840.113549.1.1.4", "MD5-RSA"],
  ["1.2.840.113549.1.1.5", "SHA1-RSA"],
  ["1.2.840.113549.1.1.10", "RSAPSS"],
  ["1.2.840.10040.4.3", "DSA-SHA1"],
  ["2.16.840.1.101.3.4.3.2", "DSA-SHA256"],
  ["1.2.840.10045.4.1", "ECDSA-SHA1"],
]);

/**
 * Reads a PKCS #10 request, and checks that whoever asks has the private key and that the request
 * goes with the token.
 *
 * The key alone is taken over. Subject and extensions are not copied, but where they name somebody
 * that must be the principal: a request found elsewhere is of no use to others then.
 *
 * @param content PEM.
 * @throws FulcioRefusal `csr-…`, `key-insecure`, `proof-invalid`, `algorithm-not-allowed`
 */
export async function readCertificateRequest(
  content: Uint8Array,
  principal: Pick<Principal, "san" | "challenges">,
  binding: RequestBinding,
  allowed: readonly Algorithm[],
): Promise<PublicKey> {
  if (binding === "none") throw refusal("csr-not-accepted");
  const request = decodeRequest(content);
  const { publicKey, signatureAlgorithm: scheme, info, signature } = request;
  checkStrength(publicKey);
  if (!(await verifySignatureInPool(publicKey, scheme, info, signature))) {
    throw refusal("proof-invalid");
  }
  checkAllowed(publicKey, scheme, allowed);
  refuseAuthority(request);
  checkBinding(request, principal, binding);
  return publicKey;
}

function decodeRequest(content: Uint8Array): CertificateRequest {
  if (content.length > pemSizeBytesMax) throw refusal("csr-malformed");
  return reading("csr-malformed", () => {
    const text = decodeUtf8(content, "certificate request");
    const der = decodePemBlock(text, "CERTIFICATE REQUEST", "NEW CERTIFICATE REQUEST").bytes;
    const name = unrecognized.get(signatureAlgorithmOf(der));
    if (name !== undefined) {
      throw refusal("csr-algorithm", { text: `unrecognized signature algorithm: ${name}` });
    }
    return decodeCertificateRequest(der);
  });
}

/** The object identifier of a CertificationRequest's signatureAlgorithm (RFC 2986 §4.2). */
function signatureAlgorithmOf(der: Uint8Array): string {
  return readDer(der, "certificate request", (reader) => {
    const request = reader.sequence();
    request.element(Tag.sequence);
    const algorithm = request.sequence();
    request.bitString();
    request.end();
    const oid = algorithm.oid();
    while (!algorithm.done) algorithm.any();
    return oid;
  });
}
