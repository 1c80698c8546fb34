// SPDX-License-Identifier: Apache-2.0
import {
  type Algorithm,
  algorithmByName,
  defaultAlgorithm,
  type PublicKey,
} from "../crypto/index.ts";
import { FormatError } from "../errors/index.ts";
import { isNoteKeyName, logKeyId, spkiKeyId } from "../note/index.ts";
import {
  basicConstraints,
  type Certificate,
  checkIssued,
  commonName,
  organization,
  PathError,
  prepareIssuers,
} from "../x509/index.ts";
import {
  type CertificateAuthority,
  type TransparencyLog,
  type TrustedRoot,
  trustedRootMediaType,
} from "./trusted-root.ts";
import type { ValidityPeriod } from "./validity.ts";

/** What describes a log of entries or of certificates. */
export interface LogDescription {
  readonly baseUrl: string;
  readonly publicKey: PublicKey;
  readonly validFor: ValidityPeriod;
  /** The name on the log's checkpoints, for Rekor v2 and static CT logs. */
  readonly origin?: string;
}

/** What describes an issuer of certificates or of timestamps. */
export interface AuthorityDescription {
  readonly uri: string;
  /** Issuing certificate first (of a TSA: its leaf), root last. */
  readonly certificates: readonly Certificate[];
  /** Default: from the start of the root's validity, for a TSA of its leaf's, on. */
  readonly validFor?: { readonly start?: Date | undefined; readonly end?: Date | undefined };
}

const format = "trusted root";

/**
 * A log for a trusted root. Its id is SHA-256 of the key, with an origin the full note key id (C2SP
 * signed-note; Ed25519 and RSA keys have their name in it). The algorithm is what keys of this type
 * and size sign with as a rule.
 * @throws FormatError `malformed` for an origin that cannot name a key; `unsupported` for RSA keys
 *   of sizes that have no algorithm
 */
export function describeLog(log: LogDescription): TransparencyLog {
  const { baseUrl, publicKey, validFor, origin } = log;
  if (origin !== undefined && !isNoteKeyName(origin)) {
    const problem = `${JSON.stringify(origin)} cannot be the name on a checkpoint`;
    throw new FormatError("malformed", format, "origin", problem);
  }
  const logId = origin === undefined ? spkiKeyId(publicKey) : logKeyId(origin, publicKey);
  return { baseUrl, publicKey, algorithm: algorithmOf(publicKey), validFor, logId };
}

/**
 * An issuer of signing certificates for a trusted root, named after its root certificate.
 * @throws FormatError `malformed` for a chain that does not hold together or has a leaf in it
 */
export function describeAuthority(authority: AuthorityDescription): CertificateAuthority {
  const root = rootOf(authority.certificates);
  checkChain(() => void prepareIssuers(authority.certificates));
  return described(authority, root, root.notBefore);
}

/**
 * An issuer of timestamps for a trusted root, named after its root certificate.
 * @throws FormatError `malformed` for a chain that does not begin with the leaf that signs, or
 *   does not hold together
 */
export function describeTimestampAuthority(authority: AuthorityDescription): CertificateAuthority {
  const root = rootOf(authority.certificates);
  const [leaf, ...issuers] = authority.certificates as [Certificate, ...Certificate[]];
  if (basicConstraints(leaf)?.ca) throw chainError("must begin with the leaf that signs");
  const [issuer] = issuers;
  if (!issuer) throw chainError("must end with the root: it holds the leaf alone");
  checkChain(() => {
    checkIssued(leaf, issuer, 0);
    prepareIssuers(issuers);
  });
  return described(authority, root, leaf.notBefore);
}

/** A trusted root of the instances, each kind sorted by the start of its use, as clients expect. */
export function assembleTrustedRoot(instances: Omit<TrustedRoot, "mediaType">): TrustedRoot {
  return {
    mediaType: trustedRootMediaType,
    tlogs: instances.tlogs.toSorted(byStart),
    certificateAuthorities: instances.certificateAuthorities.toSorted(byStart),
    ctlogs: instances.ctlogs.toSorted(byStart),
    timestampAuthorities: instances.timestampAuthorities.toSorted(byStart),
  };
}

/** RSA keys of 2048 bits are no default for signing any more, but logs that have them go on. */
function algorithmOf(key: PublicKey): Algorithm {
  return key.type === "rsa"
    ? algorithmByName(`PKIX_RSA_PKCS1V15_${key.modulusBits}_SHA256`)
    : defaultAlgorithm(key);
}

function rootOf(certificates: readonly Certificate[]): Certificate {
  const root = certificates.at(-1);
  if (root) return root;
  throw chainError("holds no certificate");
}

function described(
  { uri, certificates, validFor }: AuthorityDescription,
  root: Certificate,
  firstUse: Date,
): CertificateAuthority {
  const start = validFor?.start ?? firstUse;
  const end = validFor?.end;
  return {
    organization: organization(root.subject) ?? "",
    commonName: commonName(root.subject) ?? "",
    uri,
    certificates,
    validFor: end ? { start, end } : { start },
  };
}

function checkChain(check: () => void): void {
  try {
    check();
  } catch (cause) {
    if (!(cause instanceof PathError)) throw cause;
    throw chainError(`does not hold together: ${cause.message}`, cause);
  }
}

function chainError(problem: string, cause?: unknown): FormatError {
  return new FormatError("malformed", format, "certificate chain", problem, { cause });
}

function byStart(
  a: { readonly validFor: ValidityPeriod },
  b: { readonly validFor: ValidityPeriod },
): number {
  return a.validFor.start.getTime() - b.validFor.start.getTime();
}
