// SPDX-License-Identifier: Apache-2.0
import { bytesEqual, decodeHex } from "@chancery/formats/bytes";
import { sha256 } from "@chancery/formats/crypto";
import { derNull } from "@chancery/formats/der";
import { FormatError } from "@chancery/formats/errors";
import type { SctEntry } from "@chancery/formats/sct";
import {
  basicConstraints,
  type Certificate,
  checkIssued,
  decodeCertificate,
  extendedKeyUsage,
  extensionOids,
  keyUsage,
  PathError,
  tbsWithoutExtension,
} from "@chancery/formats/x509";
import { ServiceError } from "../errors.ts";
import { type AcceptedRoots, fingerprintOf } from "./roots.ts";

/** What is submitted: `add-chain` takes certificates, `add-pre-chain` precertificates. */
export type CtEntryKind = "certificate" | "precertificate";

/** A submission that is to be logged. */
export interface CtSubmission {
  readonly entry: SctEntry;
  /** DER of a precertificate; present exactly where `entry` has its TBSCertificate. */
  readonly precertificate?: Uint8Array;
  /** The certificates above, the issuing CA first, the accepted root last. */
  readonly issuers: readonly CtIssuer[];
}

export interface CtIssuer {
  readonly der: Uint8Array;
  /** SHA-256 of it, 32 bytes. */
  readonly digest: Uint8Array;
}

/** Most certificates in a chain, its root not counted where it was left out. */
export const chainCertificatesMax = 10;

/** Names the calls in refusals, as clients know them. */
export const callNames: Readonly<Record<CtEntryKind, string>> = {
  certificate: "add-chain",
  precertificate: "add-pre-chain",
};

/** Purpose of a certificate that signs precertificates in its issuer's name (RFC 6962 §3.1). */
const precertificateSigning = "1.3.6.1.4.1.11129.2.4.4";
/** Issuers remembered; when there are more all are forgotten, and verified again. */
const knownMax = 1024;

interface Link {
  readonly certificate: Certificate;
  readonly fingerprint: string;
}

/**
 * Decides what a log takes (RFC 6962 §3.1). It proves who issued, and no more: a log shows what
 * authorities do, and so takes what is expired, or breaks rules that verifiers have.
 */
export class SubmissionRules {
  readonly #roots: AcceptedRoots;
  readonly #purposes: readonly string[] | undefined;
  /** Issuers of accepted chains by fingerprint, with the fingerprint of who issued them. */
  readonly #known = new Map<string, { readonly certificate: Certificate; readonly by: string }>();

  /** @param purposes dotted, one of which a leaf must be for; undefined for any or none */
  constructor(roots: AcceptedRoots, purposes: readonly string[] | undefined) {
    this.#roots = roots;
    this.#purposes = purposes;
  }

  /**
   * Checks a chain: each certificate issued by the next, the last one an accepted root or issued by
   * one; a leaf of the right kind and purpose.
   *
   * Does not check times, path lengths, name constraints, or purposes and critical extensions of
   * issuers. Does not take precertificates of a precertificate signing certificate.
   *
   * @param chain DER, the leaf first. @throws ServiceError `invalid`
   */
  check(chain: readonly Uint8Array[], kind: CtEntryKind): CtSubmission {
    const refuse = (problem: string, cause?: unknown): never => {
      const message = `failed to verify ${callNames[kind]} contents: ${problem}`;
      throw new ServiceError("invalid", message, { cause });
    };
    if (chain.length === 0) refuse("the chain is empty");
    if (chain.length > chainCertificatesMax) {
      refuse(`a chain of ${chain.length} certificates; at most ${chainCertificatesMax} are taken`);
    }
    try {
      const links = chain.map((der, i) => this.#read(der, i));
      const [leaf, ...issuers] = this.#path(links, refuse) as [Link, ...Link[]];
      checkKind(leaf.certificate, kind, refuse);
      this.#checkPurpose(leaf.certificate, refuse);
      this.#remember(issuers);
      const above = issuers.map(({ certificate: { der }, fingerprint }) => {
        return { der, digest: decodeHex(fingerprint, "fingerprint") };
      });
      if (kind === "certificate") {
        return { entry: { certificate: leaf.certificate.der }, issuers: above };
      }
      const [issuer = refuse("a precertificate without its issuer")] = issuers;
      return {
        entry: precertificateEntry(leaf.certificate, issuer.certificate, refuse),
        precertificate: leaf.certificate.der,
        issuers: above,
      };
    } catch (cause) {
      if (cause instanceof FormatError) return refuse(cause.message, cause);
      if (cause instanceof PathError) return refuse(`chain failed to verify: ${cause.message}`);
      throw cause;
    }
  }

  #read(der: Uint8Array, i: number): Link {
    const fingerprint = i === 0 ? "" : fingerprintOf(der);
    const certificate = this.#known.get(fingerprint)?.certificate ?? decodeCertificate(der);
    return { certificate, fingerprint };
  }

  /** The chain with its root at the end. */
  #path(chain: readonly Link[], refuse: (problem: string) => never): readonly Link[] {
    for (const [i, link] of chain.entries()) {
      const issuer = chain[i + 1];
      if (issuer) this.#checkIssued(link, issuer, i);
    }
    const last = chain.at(-1) as Link;
    const fingerprint = last.fingerprint || fingerprintOf(last.certificate.der);
    if (this.#roots.has(fingerprint)) return chain;
    const index = chain.length - 1;
    for (const root of this.#roots.namedIssuers(last.certificate)) {
      const issuer = { certificate: root, fingerprint: fingerprintOf(root.der) };
      try {
        this.#checkIssued(last, issuer, index);
        return [...chain, issuer];
      } catch (cause) {
        // Roots of one name are told apart by trying them.
        if (!(cause instanceof PathError) || cause.code !== "bad-signature") throw cause;
      }
    }
    return refuse(`chain failed to verify: no accepted root issued certificate ${index} of it`);
  }

  #checkIssued(link: Link, issuer: Link, index: number): void {
    if (this.#known.get(link.fingerprint)?.by === issuer.fingerprint) return;
    const { certificate } = issuer;
    checkIssued(link.certificate, certificate, index);
    const refuse = (code: "not-a-ca" | "key-usage", problem: string): never => {
      throw new PathError(code, certificate, problem, { index: index + 1 });
    };
    if (!basicConstraints(certificate)?.ca) refuse("not-a-ca", "issued but is not a CA");
    const usage = keyUsage(certificate);
    if (usage && !usage.has("keyCertSign")) {
      refuse("key-usage", "its key usage does not allow to sign certificates");
    }
  }

  #checkPurpose(leaf: Certificate, refuse: (problem: string) => never): void {
    if (!this.#purposes) return;
    const purposes = extendedKeyUsage(leaf)?.purposes ?? [];
    if (purposes.some((purpose) => this.#purposes?.includes(purpose))) return;
    refuse(`rejecting certificate without EKU in [${this.#purposes.join(" ")}]`);
  }

  /** That issuers of an accepted chain need not be read and verified again. */
  #remember(issuers: readonly Link[]): void {
    if (this.#known.size + issuers.length > knownMax) this.#known.clear();
    for (const [i, { certificate, fingerprint }] of issuers.entries()) {
      this.#known.set(fingerprint, { certificate, by: issuers[i + 1]?.fingerprint ?? "none" });
    }
  }
}

function checkKind(leaf: Certificate, kind: CtEntryKind, refuse: (problem: string) => never): void {
  const poison = leaf.extensions.get(extensionOids.precertificatePoison);
  if (poison && !(poison.critical && bytesEqual(poison.value, derNull()))) {
    refuse("CT poison ext is not critical or invalid");
  }
  if ((poison !== undefined) === (kind === "precertificate")) return;
  const sent = poison ? "a precertificate" : "a certificate without poison";
  refuse(`cert / precert mismatch: ${sent} was sent to ${callNames[kind]}`);
}

function precertificateEntry(
  leaf: Certificate,
  issuer: Certificate,
  refuse: (problem: string) => never,
): SctEntry {
  if (extendedKeyUsage(issuer)?.purposes.includes(precertificateSigning)) {
    refuse("precertificate signing certificates are not supported: sign with the issuing CA");
  }
  return {
    issuerKeyHash: sha256(issuer.publicKey.spki),
    tbs: tbsWithoutExtension(leaf, extensionOids.precertificatePoison),
  };
}
