// SPDX-License-Identifier: Apache-2.0
import type { FormatErrorCode } from "@chancery/formats/errors";

/**
 * Why a check failed or was skipped: every code with what its reader can do about it. The codes are
 * stable: scripts and policies may match on them.
 */
export const reasons = {
  // The inputs
  "trusted-root-malformed":
    "get a trusted root from your Sigstore operator, or `chancery initialize`",
  "trusted-root-missing":
    "pass --trusted-root, or run `chancery initialize` once while the network can be reached",
  "certificate-malformed": "the signer's certificate cannot be read: sign again",
  "statement-malformed": "the envelope's payload is not an in-toto Statement: attest again",
  "payload-type-unsupported": "only in-toto Statements can name an artifact",

  // Who must have signed
  "key-not-given": "the bundle was made with a key: pass that key with --key",
  "key-given-for-certificate":
    "the bundle holds a certificate: give --certificate-identity and --certificate-oidc-issuer",
  "key-hint-mismatch": "the bundle names another key than the one given: check --key",
  "key-not-valid-at-time": "the key's validity does not include the signing time",

  // Transparency log
  "log-entry-missing":
    "sign again with a transparency log, or accept signatures without one with --level keyed",
  "log-entry-duplicate":
    "the same entry stands twice: the bundle was tampered with or built wrongly",
  "log-unknown":
    "is this the trusted root of the instance that signed? It does not name the entry's log",
  "log-key-not-valid-at-time":
    "the log's key was not in use then: the trusted root may be outdated",
  "log-threshold": "the policy asks for entries in more logs",
  "log-entry-malformed": "the entry's body cannot be read: the bundle was tampered with",
  "log-entry-kind-mismatch": "the entry's body is of another kind than the bundle says",
  "log-entry-signature-mismatch": "the entry logs another signature than the bundle's",
  "log-entry-verifier-mismatch": "the entry logs another certificate or key than the bundle's",
  "log-entry-algorithm-mismatch":
    "the entry names an algorithm that its key or its digest does not go with",
  "log-entry-digest-mismatch": "the entry logs a signature over other content",
  "log-entry-not-canonical": "the entry's body is not the one the log computes from this bundle",
  "log-entry-digest-unavailable":
    "the artifact is known by another digest than the entry's: give the file itself",
  "set-missing": "a version 0.1 bundle needs the log's signed promise: sign again",
  "set-invalid": "the log did not sign this entry timestamp: the bundle was tampered with",
  "set-unexpected": "Rekor v2 makes no promises: the bundle was built wrongly",
  "inclusion-proof-missing":
    "the bundle must prove its entry: upgrade it with `chancery bundle upgrade`",
  "inclusion-proof-invalid": "the proof does not lead from the entry to the log's root",
  "inclusion-index-mismatch": "the entry and its proof give different positions",
  "checkpoint-missing": "the proof's root is not signed: upgrade with `chancery bundle upgrade`",
  "checkpoint-malformed": "the log's signed note cannot be read",
  "checkpoint-origin-mismatch": "the note names another log than the one whose key signed it",
  "checkpoint-signature-missing": "the note has no signature by the log of the trusted root",
  "checkpoint-signature-invalid": "the note was changed after the log signed it",
  "checkpoint-root-mismatch": "the note is genuine but of another tree than the proof",
  "checkpoint-size-mismatch": "the note is genuine but of another size than the proof",

  // Time
  "timestamp-malformed": "the timestamp cannot be read",
  "timestamp-duplicate": "the same timestamp stands twice",
  "timestamp-authority-unknown": "no timestamp authority of the trusted root made this timestamp",
  "timestamp-not-granted": "the authority refused to make this timestamp",
  "timestamp-mismatch": "the timestamp is of another signature",
  "timestamp-invalid": "the timestamp was not made by the authority it names",
  "timestamp-authority-not-valid":
    "the trusted root does not trust the authority for the time it states",
  "timestamp-chain-invalid": "the authority's certificates do not hold at the time it states",
  "timestamp-threshold": "the policy asks for timestamps of more authorities",
  "time-missing":
    "nothing proves when the signature was made: it needs a timestamp or a log's promise",

  // Certificate
  "certificate-chain-contains-root": "a bundle must not bring its own root: sign again",
  "certificate-untrusted": "no authority of the trusted root issued this certificate",
  "certificate-authority-not-valid":
    "the trusted root does not trust the authority for the signing time",
  "certificate-expired": "the signature was made after the certificate's end",
  "certificate-not-yet-valid": "the signature was made before the certificate's start",
  "certificate-unfit": "the certificate is not for signing code",
  "sct-missing":
    "the certificate does not prove that it was logged: pass --insecure-ignore-sct to accept it",
  "sct-malformed": "the certificate's SCT list cannot be read",
  "sct-duplicate": "two SCTs of one log count once: the certificate is built wrongly",
  "sct-log-unknown": "the SCT is of a log that the trusted root does not name",
  "sct-invalid": "the CT log did not sign this certificate",
  "sct-log-not-valid-at-time": "the CT log's key was not in use at the SCT's time",
  "sct-threshold": "the policy asks for SCTs of more logs",

  // Identity
  "identity-malformed": "the certificate names no identity, or several",
  "identity-mismatch": "another identity signed: compare the values with your policy",
  "issuer-mismatch": "another identity provider vouched for the signer",
  "claim-mismatch": "a claim of the certificate differs from your policy",

  // Signature and artifact
  "signature-invalid": "the signature is not of this artifact under this key",
  "signature-algorithm-mismatch": "the key cannot make signatures of the demanded algorithm",
  "artifact-missing": "give the artifact that was signed",
  "artifact-digest-mismatch": "this is not the artifact that was signed",
  "artifact-digest-unavailable":
    "the signature covers another digest than the one given: give the file itself",
  "artifact-not-a-subject": "the attestation is about other artifacts",
  "predicate-type-mismatch": "the attestation is of another type",
  "check-missing": "a check that the verdict rests on was not made: this is a bug, report it",

  // Why a check was skipped
  "not-required": "the policy does not ask for it",
  "not-applicable": "it does not exist for this kind of signer",
  "depends-on-failed": "it needs the result of a check that failed",
} as const;

/** Codes of the checks on the bundle's own structure: what its parser refused. */
export type BundleReason = `bundle-${FormatErrorCode}`;

export type ReasonCode = keyof typeof reasons | BundleReason;

/** What the reader of a refusal can do about it. */
export function hintFor(code: ReasonCode): string {
  return Object.hasOwn(reasons, code)
    ? reasons[code as keyof typeof reasons]
    : "the file is not a Sigstore bundle as the specification has it: make or fetch it again";
}
