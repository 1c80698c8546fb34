// SPDX-License-Identifier: Apache-2.0
import { bytesEqual } from "../bytes/index.ts";
import { verifySignature } from "../crypto/index.ts";
import { FormatError } from "../errors/index.ts";
import type { Certificate } from "./certificate.ts";
import {
  basicConstraints,
  extendedKeyUsage,
  extensionOids,
  keyPurposes,
  keyUsage,
} from "./extensions.ts";
import { PathError, type PathErrorCode } from "./path-error.ts";

/** What the leaf's key must be meant for. */
export type CertificateUsage = "code-signing" | "time-stamping";

/** Most certificates in a path, leaf and anchor included. */
export const pathLengthMax = 8;

/**
 * A chain of CA certificates whose signatures, flags and limits hold: everything about it that does
 * not depend on a leaf or an instant. Made by {@link prepareIssuers} and `verifyCertificatePath`
 * only.
 */
export interface PreparedIssuers {
  /** The CA that issues leaves first, the trust anchor last. */
  readonly chain: readonly Certificate[];
  /** The first certificate, counted from the anchor, that forbids a usage below it. */
  readonly forbidden: ReadonlyMap<CertificateUsage, { certificate: Certificate; index: number }>;
}

export const usagePurposes: Readonly<Record<CertificateUsage, string>> = {
  "code-signing": keyPurposes.codeSigning,
  "time-stamping": keyPurposes.timeStamping,
};
const usages = ["code-signing", "time-stamping"] as const satisfies CertificateUsage[];

/** Critical extensions that are honoured, or that bind nothing here. */
const understood: ReadonlySet<string> = new Set([
  extensionOids.basicConstraints,
  extensionOids.keyUsage,
  extensionOids.extendedKeyUsage,
  extensionOids.subjectAltName,
  extensionOids.subjectKeyIdentifier,
  extensionOids.authorityKeyIdentifier,
  // Any policy is acceptable here, so stating some constrains nothing (RFC 5280 §6.1.1 c, d).
  extensionOids.certificatePolicies,
]);

/**
 * Checks a chain of CA certificates once, for use with many leaves: names chain byte for byte, each
 * signature verifies under the next certificate's key, each is a CA with keyCertSign where KeyUsage
 * is present, path lengths hold (RFC 5280 §6.1.4; self-issued certificates are not counted), no
 * extension is critical and unknown.
 *
 * The last certificate is the trust anchor: an intermediate may stand there, its own signature is
 * not looked at. Checks neither times nor usages: {@link verifyLeaf} does.
 *
 * @param chain the issuing CA first, the anchor last; at least one, at most
 *   {@link pathLengthMax} − 1.
 * @throws PathError `unknown-issuer` where names do not chain, `bad-signature`, `not-a-ca`,
 *   `key-usage`, `path-length`, `unsupported-critical-extension`, `malformed-extension`.
 * @throws RangeError for an empty chain, which is the caller's own mistake
 */
export function prepareIssuers(chain: readonly Certificate[]): PreparedIssuers {
  checkLength(chain);
  chain.forEach((certificate, i) => {
    const issuer = chain[i + 1];
    if (issuer) checkIssued(certificate, issuer, i + 1);
  });
  return assessIssuers(chain);
}

/**
 * Checks a leaf against a prepared chain at an instant: name and signature, the usage in the leaf
 * and nested along the chain, and that every certificate is valid then (both ends included).
 *
 * Code signing wants KeyUsage with digitalSignature and the purpose named in ExtKeyUsage (any
 * purpose is not enough). Time-stamping wants ExtKeyUsage critical with that one purpose (RFC 3161
 * §2.3), and digitalSignature or contentCommitment where KeyUsage is present.
 * Does not look at identity, transparency or revocation.
 *
 * @returns the path, leaf first.
 * @throws PathError any code but `too-many-candidates`
 * @throws RangeError for an invalid Date, which is the caller's own mistake
 */
export function verifyLeaf(
  leaf: Certificate,
  issuers: PreparedIssuers,
  time: Date,
  usage: CertificateUsage,
): Certificate[] {
  checkIssued(leaf, issuers.chain[0] as Certificate, 0);
  return assessLeaf(leaf, issuers, time, usage);
}

/**
 * Whether the issuer's name and key stand behind a certificate.
 * @throws PathError `unknown-issuer` | `bad-signature`
 */
export function checkIssued(certificate: Certificate, issuer: Certificate, index: number): void {
  if (!bytesEqual(certificate.issuer, issuer.subject)) {
    throw new PathError("unknown-issuer", certificate, "issued by another name", { index });
  }
  const { signatureAlgorithm, tbs, signature } = certificate;
  if (!verifySignature(issuer.publicKey, signatureAlgorithm, tbs, signature)) {
    const problem = "the signature does not verify under the issuer's key";
    throw new PathError("bad-signature", certificate, problem, { index });
  }
}

/** As {@link prepareIssuers} for a chain whose names and signatures have been checked. */
export function assessIssuers(chain: readonly Certificate[]): PreparedIssuers {
  checkLength(chain);
  let intermediates = 0;
  chain.forEach((certificate, i) => {
    readingExtensions(certificate, i + 1, () => assessIssuer(certificate, i + 1, intermediates));
    if (!bytesEqual(certificate.subject, certificate.issuer)) intermediates++;
  });

  const forbidden = new Map<CertificateUsage, { certificate: Certificate; index: number }>();
  chain.forEach((certificate, i) => {
    const index = i + 1;
    const allowed = readingExtensions(certificate, index, () => extendedKeyUsage(certificate));
    if (!allowed || allowed.purposes.includes(keyPurposes.any)) return;
    for (const usage of usages) {
      if (allowed.purposes.includes(usagePurposes[usage])) continue;
      forbidden.set(usage, { certificate, index });
    }
  });
  return { chain, forbidden };
}

/** As {@link verifyLeaf} for a leaf whose name and signature have been checked. */
export function assessLeaf(
  leaf: Certificate,
  issuers: PreparedIssuers,
  time: Date,
  usage: CertificateUsage,
): Certificate[] {
  if (Number.isNaN(time.getTime())) throw new RangeError("the instant is an invalid Date");
  readingExtensions(leaf, 0, () => {
    checkCritical(leaf, 0);
    if (basicConstraints(leaf)?.ca) {
      throw new PathError("leaf-is-ca", leaf, "is a CA, which signs certificates only", {
        index: 0,
      });
    }
    checkLeafUsage(leaf, usage);
  });
  const forbidding = issuers.forbidden.get(usage);
  if (forbidding) {
    const { certificate, index } = forbidding;
    const problem = `its extended key usage does not allow ${usage}`;
    throw new PathError("extended-key-usage", certificate, problem, { index });
  }
  const path = [leaf, ...issuers.chain];
  path.forEach((certificate, index) => checkValidity(certificate, index, time));
  return path;
}

function checkLength(chain: readonly Certificate[]): void {
  const [first] = chain;
  if (!first) throw new RangeError("a chain of issuers has at least one certificate");
  if (chain.length >= pathLengthMax) {
    const problem = `a path has at most ${pathLengthMax} certificates`;
    throw new PathError("path-length", first, problem, { index: 1 });
  }
}

/** RFC 5280 §6.1.4 (k) to (o). */
function assessIssuer(certificate: Certificate, index: number, intermediates: number): void {
  const refuse = (code: PathErrorCode, problem: string): never => {
    throw new PathError(code, certificate, problem, { index });
  };
  checkCritical(certificate, index);
  const constraints = basicConstraints(certificate);
  if (!constraints?.ca) refuse("not-a-ca", "issued a certificate but is not a CA");
  const usage = keyUsage(certificate);
  if (usage && !usage.has("keyCertSign")) {
    refuse("key-usage", "its key usage does not allow to sign certificates");
  }
  const limit = constraints?.pathLength;
  if (limit !== undefined && intermediates > limit) {
    refuse("path-length", `${intermediates} intermediates below where ${limit} are allowed`);
  }
}

function checkCritical(certificate: Certificate, index: number): void {
  for (const [oid, { critical }] of certificate.extensions) {
    if (oid === extensionOids.nameConstraints) {
      // Passing over constraints that somebody wrote would open what they meant to close, even
      // where they forgot to mark them critical.
      const problem = "has name constraints, which are not supported";
      throw new PathError("unsupported-critical-extension", certificate, problem, { index });
    }
    if (critical && !understood.has(oid)) {
      const problem = `has the unknown critical extension ${oid}`;
      throw new PathError("unsupported-critical-extension", certificate, problem, { index });
    }
  }
}

function checkLeafUsage(leaf: Certificate, usage: CertificateUsage): void {
  const refuse = (code: PathErrorCode, problem: string): never => {
    throw new PathError(code, leaf, problem, { index: 0 });
  };
  const bits = keyUsage(leaf);
  const signs =
    usage === "code-signing"
      ? bits?.has("digitalSignature")
      : !bits || bits.has("digitalSignature") || bits.has("contentCommitment");
  if (!signs) refuse("key-usage", "its key usage does not say digitalSignature");

  const purposes = extendedKeyUsage(leaf);
  const wanted = usagePurposes[usage];
  if (!purposes?.purposes.includes(wanted)) {
    refuse("extended-key-usage", `its extended key usage does not name ${usage}`);
  } else if (usage === "time-stamping" && (!purposes.critical || purposes.purposes.length > 1)) {
    refuse("extended-key-usage", "time-stamping must be its only and critical extended key usage");
  }
}

function checkValidity(certificate: Certificate, index: number, time: Date): void {
  const { notBefore, notAfter } = certificate;
  if (time < notBefore) {
    const problem = `is valid from ${instant(notBefore)}, not yet at ${instant(time)}`;
    throw new PathError("not-yet-valid", certificate, problem, { index, time });
  }
  if (time > notAfter) {
    const problem = `was valid until ${instant(notAfter)}, no more at ${instant(time)}`;
    throw new PathError("expired", certificate, problem, { index, time });
  }
}

/** A malformed extension faults its certificate, not the search for another path. */
function readingExtensions<T>(certificate: Certificate, index: number, check: () => T): T {
  try {
    return check();
  } catch (cause) {
    if (!(cause instanceof FormatError)) throw cause;
    throw new PathError("malformed-extension", certificate, cause.message, { index, cause });
  }
}

function instant(time: Date): string {
  return time.toISOString().replace(".000Z", "Z");
}
