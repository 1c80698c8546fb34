// SPDX-License-Identifier: Apache-2.0
import { type MessageSigner, publicKeysEqual, sha256 } from "@chancery/formats/crypto";
import { FormatError } from "@chancery/formats/errors";
import {
  authorityKeyIdentifierExtension,
  basicConstraints,
  type Certificate,
  encodeCertificatePem,
  extendedKeyUsage,
  keyPurposes,
  type NamedExtension,
  PathError,
  prepareIssuers,
} from "@chancery/formats/x509";
import { AuthorityError } from "./errors.ts";

/** Who issues certificates: a chain that clients accept, and the key of its first certificate. */
export interface Authority {
  readonly signer: MessageSigner;
  /** The CA that issues first, the root last. */
  readonly chain: readonly [Certificate, ...Certificate[]];
  /** The chain in PEM, as the API gives it beside a leaf: no line break at the end. */
  readonly chainPem: readonly string[];
  /** SHA-256 of the issuing CA's SubjectPublicKeyInfo, for certificate logs. */
  readonly issuerKeyHash: Uint8Array;
  /** Goes into every leaf. */
  readonly authorityKeyIdentifier: NamedExtension;
  /** When all of the chain is valid; both ends included. */
  readonly notBefore: Date;
  readonly notAfter: Date;
}

/**
 * Puts chain and key together, and checks what Fulcio checks of them (pkg/ca), and what its clients
 * need beyond: a subject key identifier to point at.
 *
 * Does not compare times with a clock: each issue does.
 *
 * @param chain the CA that issues first, the root last.
 * @throws AuthorityError saying what is wrong, in Fulcio's words where it has some
 */
export function openAuthority(chain: readonly Certificate[], signer: MessageSigner): Authority {
  const [issuing, ...others] = chain;
  if (!issuing) throw new AuthorityError("certificate chain must contain at least one certificate");
  try {
    checkIssuing(issuing, signer, others.length > 0);
    const { forbidden } = prepareIssuers(chain);
    const found = forbidden.get("code-signing");
    if (found) {
      const place = `certificate ${found.index} of the chain`;
      throw new AuthorityError(`${place} forbids code signing by its extended key usage`);
    }
    return {
      signer,
      chain: [issuing, ...others],
      chainPem: chain.map((one) => encodeCertificatePem(one).trimEnd()),
      issuerKeyHash: sha256(issuing.publicKey.spki),
      authorityKeyIdentifier: authorityKeyIdentifierExtension(issuing),
      notBefore: new Date(Math.max(...chain.map((one) => one.notBefore.getTime()))),
      notAfter: new Date(Math.min(...chain.map((one) => one.notAfter.getTime()))),
    };
  } catch (cause) {
    if (!(cause instanceof PathError) && !(cause instanceof FormatError)) throw cause;
    throw new AuthorityError(`the chain does not hold together: ${cause.message}`, { cause });
  }
}

/** @param isIntermediate whether others are above it. */
function checkIssuing(
  issuing: Certificate,
  { publicKey }: MessageSigner,
  isIntermediate: boolean,
): void {
  if (!basicConstraints(issuing)?.ca) throw new AuthorityError("certificate is not a CA");
  if (!publicKeysEqual(issuing.publicKey, publicKey)) {
    const kind = publicKey.type === "ec" ? "ecdsa" : publicKey.type;
    const message = `${kind} public keys are not equal: the key is not the first certificate's`;
    throw new AuthorityError(message);
  }
  const purposes = extendedKeyUsage(issuing)?.purposes ?? [];
  if (isIntermediate && !purposes.includes(keyPurposes.codeSigning)) {
    throw new AuthorityError(
      "certificate must have extended key usage code signing set to sign code signing certificates",
    );
  }
}
