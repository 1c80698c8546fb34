// SPDX-License-Identifier: Apache-2.0
import { type MessageSigner, type PublicKey, publicKeysEqual } from "../crypto/index.ts";
import { FormatError } from "../errors/index.ts";
import { type Certificate, decodeCertificate } from "./certificate.ts";
import { signCertificate } from "./encode-certificate.ts";
import {
  authorityKeyIdentifierExtension,
  basicConstraintsExtension,
  extendedKeyUsageExtension,
  keyUsageExtension,
  type NamedExtension,
  subjectKeyIdentifierExtension,
} from "./encode-extensions.ts";
import { basicConstraints, keyUsage } from "./extensions.ts";
import { type CertificateUsage, usagePurposes } from "./issuers.ts";

// The certificates of an authority (Fulcio's `docs/certificate-specification.md`). Whatever is
// random or depends on the time comes in as an argument.

/** What is said of every certificate here. */
export interface CertificateDescription {
  /** Big-endian and unsigned: positive, at most 159 bits. */
  readonly serialNumber: Uint8Array;
  /** DER of the Name, not empty (`encodeName`). */
  readonly subject: Uint8Array;
  readonly notBefore: Date;
  readonly notAfter: Date;
}

/** Who issues: a CA certificate and the key that it certifies. */
export interface CertificateIssuer {
  readonly certificate: Certificate;
  readonly signer: MessageSigner;
}

/**
 * A self-signed root: certSign and crlSign, CA, without limit of path length or purpose.
 * @throws FormatError as `encodeTbsCertificate`
 */
export async function makeRootCertificate(
  description: CertificateDescription,
  signer: MessageSigner,
): Promise<Certificate> {
  const { publicKey } = signer;
  const extensions = [...caExtensions({}), subjectKeyIdentifierExtension(publicKey)];
  const issuer = description.subject;
  return decodeCertificate(
    await signCertificate({ ...description, issuer, publicKey, extensions }, signer),
  );
}

/** What is said of an intermediate beside the rest. */
export interface IntermediateDescription extends CertificateDescription {
  readonly publicKey: PublicKey;
  /** What leaves below it are for. */
  readonly usage: CertificateUsage;
  /** How many CAs may follow below. Default: none. */
  readonly pathLength?: number;
}

/**
 * An intermediate CA: certSign and crlSign, CA, one purpose (not critical), path length.
 * @throws FormatError as `encodeTbsCertificate`; as {@link makeTimestampingCertificate} for the
 *   issuer
 */
export async function makeIntermediateCertificate(
  description: IntermediateDescription,
  issuer: CertificateIssuer,
): Promise<Certificate> {
  const { usage, pathLength = 0, publicKey } = description;
  return issue(description, publicKey, issuer, [
    ...caExtensions({ pathLength }),
    extendedKeyUsageExtension({ critical: false, purposes: [usagePurposes[usage]] }),
  ]);
}

/**
 * The leaf that signs timestamps: digitalSignature, and the one purpose timeStamping, which must be
 * critical and alone (RFC 3161 §2.3).
 *
 * @throws FormatError as `encodeTbsCertificate`; `conflicting-fields` for an issuer that is no CA,
 *   may not sign certificates, has another key than the signer, or is not valid as long as what it
 *   issues; `missing-field` where it has no subject key identifier
 */
export async function makeTimestampingCertificate(
  description: CertificateDescription & { readonly publicKey: PublicKey },
  issuer: CertificateIssuer,
): Promise<Certificate> {
  return issue(description, description.publicKey, issuer, [
    keyUsageExtension(["digitalSignature"]),
    extendedKeyUsageExtension({ critical: true, purposes: [usagePurposes["time-stamping"]] }),
  ]);
}

function caExtensions(limits: { readonly pathLength?: number }): NamedExtension[] {
  return [
    keyUsageExtension(["keyCertSign", "cRLSign"]),
    basicConstraintsExtension({ ca: true, ...limits }),
  ];
}

async function issue(
  description: CertificateDescription,
  publicKey: PublicKey,
  { certificate, signer }: CertificateIssuer,
  extensions: readonly NamedExtension[],
): Promise<Certificate> {
  checkIssuer(certificate, signer, description);
  const tbs = {
    ...description,
    publicKey,
    issuer: certificate.subject,
    extensions: [
      ...extensions,
      subjectKeyIdentifierExtension(publicKey),
      authorityKeyIdentifierExtension(certificate),
    ],
  };
  return decodeCertificate(await signCertificate(tbs, signer));
}

function checkIssuer(
  issuer: Certificate,
  { publicKey }: MessageSigner,
  { notBefore, notAfter }: CertificateDescription,
): void {
  const usages = keyUsage(issuer);
  if (!basicConstraints(issuer)?.ca || (usages && !usages.has("keyCertSign"))) {
    throw issuerError("it is no CA that may sign certificates");
  }
  if (!publicKeysEqual(issuer.publicKey, publicKey)) {
    throw issuerError("the signer's key is not the one that it certifies");
  }
  // What is written is cut to seconds, and so was what the issuer's certificate says.
  if (
    seconds(notBefore) < seconds(issuer.notBefore) ||
    seconds(notAfter) > seconds(issuer.notAfter)
  ) {
    const period = `${issuer.notBefore.toISOString()} to ${issuer.notAfter.toISOString()}`;
    throw issuerError(`it is valid from ${period}, not as long as what it is to issue`);
  }
}

function seconds(time: Date): number {
  return Math.floor(time.getTime() / 1000);
}

function issuerError(problem: string): FormatError {
  return new FormatError("conflicting-fields", "certificate", "issuer", problem);
}
