// SPDX-License-Identifier: Apache-2.0
import { defaultAlgorithm, sha256 } from "../crypto/index.ts";
import { decodeSctList } from "../sct/index.ts";
import {
  type Certificate,
  decodeCertificate,
  embeddedSctList,
  fulcioClaims,
  type FulcioClaims,
  nameToString,
  signerIdentity,
  type SignerIdentity,
} from "../x509/index.ts";
import type { Names } from "./names.ts";
import type { Problems } from "./problems.ts";

/** What a certificate says; without the parts that cannot be read. */
export interface CertificateInspection {
  readonly sha256: Uint8Array;
  readonly identity?: SignerIdentity;
  /** Who is said to have vouched for the identity. */
  readonly issuer?: string;
  readonly claims?: FulcioClaims["claims"];
  /** Names of the certificate itself, as text. */
  readonly subjectName: string;
  readonly issuerName: string;
  readonly serialNumber: Uint8Array;
  readonly notBefore: Date;
  readonly notAfter: Date;
  /** Type and size of the key, as the algorithm that such keys sign with as a rule. */
  readonly keyAlgorithm: string;
  /** The authority of that name in the trusted root. */
  readonly authority?: string | null;
  readonly scts: readonly SctInspection[];
}

export interface SctInspection {
  readonly logId: Uint8Array;
  readonly log?: string | null;
  readonly time: Date;
}

/** @param isLeaf only the signer's certificate has to name somebody. */
export function inspectCertificate(
  der: Uint8Array,
  place: string,
  isLeaf: boolean,
  problems: Problems,
  names: Names,
): CertificateInspection | undefined {
  const certificate = problems.attempt(place, () => decodeCertificate(der));
  if (!certificate) return undefined;
  const identity = isLeaf
    ? problems.attempt(`${place} subject alternative name`, () => signerIdentity(certificate))
    : undefined;
  const fulcio = problems.attempt(`${place} claims`, () => fulcioClaims(certificate));
  const authority = names.certificateAuthority(certificate);
  return {
    sha256: sha256(der),
    ...(identity ? { identity } : {}),
    ...(fulcio?.issuer === undefined ? {} : { issuer: fulcio.issuer }),
    ...(fulcio ? { claims: fulcio.claims } : {}),
    subjectName: nameToString(certificate.subject),
    issuerName: nameToString(certificate.issuer),
    serialNumber: certificate.serialNumber,
    notBefore: certificate.notBefore,
    notAfter: certificate.notAfter,
    keyAlgorithm: defaultAlgorithm(certificate.publicKey).name,
    ...(authority === undefined ? {} : { authority }),
    scts: problems.attempt(`${place} SCTs`, () => inspectScts(certificate, names)) ?? [],
  };
}

function inspectScts(certificate: Certificate, names: Names): SctInspection[] {
  const list = embeddedSctList(certificate);
  if (!list) return [];
  return decodeSctList(list).scts.map(({ logId, timestampMs }) => {
    const log = names.ctLog(logId);
    return { logId, ...(log === undefined ? {} : { log }), time: new Date(timestampMs) };
  });
}
