// SPDX-License-Identifier: Apache-2.0
import { decodeUtf8 } from "@chancery/formats/bytes";
import { readDer } from "@chancery/formats/der";
import {
  basicConstraints,
  type CertificateRequest,
  decodeName,
  keyUsage,
  subjectAltNames,
} from "@chancery/formats/x509";
import type { Principal } from "../issuer/index.ts";
import { refusal } from "../refusal/index.ts";
import { reading } from "./public-key.ts";

/**
 * How a certificate request must go with the token.
 *
 * Whoever finds a request for somebody's long-lived key could get a certificate that binds their
 * own identity to that key, and claim its signatures. A proof of possession has no such fault, as
 * it is over the token's own claim; a request is signed whatever token comes with it.
 *
 * - `named`: where the request names somebody (an e-mail address in the subject, a subject
 *   alternative name, a challengePassword), it must be the token's principal. Requests without any
 *   name are taken, as sigstore-python sends them, with keys that live for one signature.
 * - `bound`: as `named`, and it must name somebody.
 * - `none`: no requests, only proofs of possession.
 */
export type RequestBinding = "named" | "bound" | "none";

const emailAddress = "1.2.840.113549.1.9.1";
/** RFC 2985 §5.4.1: a text by which an entity may ask for something about its certificate. */
const challengePassword = "1.2.840.113549.1.9.7";

/**
 * @throws FulcioRefusal `csr-names-another` | `csr-unbound`; `csr-malformed` for names that cannot
 *   be read
 */
export function checkBinding(
  request: CertificateRequest,
  { san, challenges }: Pick<Principal, "san" | "challenges">,
  binding: RequestBinding,
): void {
  const names = reading("csr-malformed", () => namesIn(request));
  const own = new Set([san.value, ...challenges]);
  const foreign = names.find((name) => !own.has(name));
  if (foreign !== undefined) throw refusal("csr-names-another");
  if (binding === "bound" && names.length === 0) throw refusal("csr-unbound");
}

/** @throws FulcioRefusal `csr-for-ca` where a CA certificate is asked for; `csr-malformed` */
export function refuseAuthority(request: CertificateRequest): void {
  const asksForCa = reading("csr-malformed", () => {
    const usages = keyUsage(request);
    return basicConstraints(request)?.ca === true || usages?.has("keyCertSign") === true;
  });
  if (asksForCa) throw refusal("csr-for-ca");
}

/** Whom a request names. Other attributes of its subject, such as a common name, name nobody. */
function namesIn(request: CertificateRequest): readonly string[] {
  const subject = decodeName(request.subject)
    .flat()
    .flatMap(({ oid, text }) => (oid === emailAddress ? [text ?? "unreadable"] : []));
  const alternative = (subjectAltNames(request) ?? []).map((name) =>
    name.kind === "email" || name.kind === "uri" ? name.value : `${name.kind} name`,
  );
  const challenge = (request.attributes.get(challengePassword) ?? []).map(textOf);
  return [...subject, ...alternative, ...challenge];
}

function textOf(value: Uint8Array): string {
  return readDer(value, "certificate request", (reader) => {
    const { content } = reader.any();
    return decodeUtf8(content, "challengePassword");
  });
}
