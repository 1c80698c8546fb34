// SPDX-License-Identifier: Apache-2.0
import type { FormatErrorCode } from "@chancery/formats/errors";

/** What a reason code says. */
export interface Reason {
  /** Headline under which `docs/reason-codes.md` lists it. */
  readonly subject: string;
  /** What was found, as a sentence. */
  readonly means: string;
  /** What its reader can do about it, as words behind `hint:`. */
  readonly remedy: string;
}

const reason = (subject: string, means: string, remedy: string): Reason => {
  return { subject, means, remedy };
};

/**
 * Why a check failed or was skipped. The codes are stable: scripts and policies may match on them.
 */
export const reasons: Readonly<Record<ReasonName, Reason>> = {
  "trusted-root-malformed": reason(
    "Inputs",
    "The trusted root cannot be read.",
    "get a trusted root from your Sigstore operator, or `chancery initialize`",
  ),
  "trusted-root-missing": reason(
    "Inputs",
    "The bundle holds something that only a trusted root can check, and none is given.",
    "pass --trusted-root, or run `chancery initialize` once while the network can be reached",
  ),
  "certificate-malformed": reason(
    "Inputs",
    "A certificate in the bundle cannot be read.",
    "sign again: no verifier will read this certificate",
  ),
  "statement-malformed": reason(
    "Inputs",
    "The envelope's payload is not an in-toto Statement.",
    "attest again: the payload is not an in-toto Statement",
  ),
  "payload-type-unsupported": reason(
    "Inputs",
    "The envelope says that its payload is something else than an in-toto Statement.",
    "only in-toto Statements can name an artifact: attest again",
  ),
  "key-not-given": reason(
    "Signer",
    "The bundle was made with a key, the policy names an identity.",
    "the bundle was made with a key: pass that key with --key",
  ),
  "key-given-for-certificate": reason(
    "Signer",
    "The bundle holds a certificate over another key than the policy names.",
    "the bundle holds a certificate over another key: check --key, or give --certificate-identity and --certificate-oidc-issuer",
  ),
  "certificate-missing": reason(
    "Signer",
    "The policy demands a certificate over its key, and the bundle was made with the key alone.",
    "sign again with --issue-certificate, or accept the key alone with --level logged",
  ),
  "key-hint-mismatch": reason(
    "Signer",
    "The bundle, or the envelope in it, names another key than the one given.",
    "the bundle names another key than the one given: check --key",
  ),
  "key-not-valid-at-time": reason(
    "Signer",
    "A verified time lies outside the period that the policy states for the key.",
    "the key's validity does not include the signing time: check the policy or the signature",
  ),
  "log-entry-missing": reason(
    "Transparency log",
    "The bundle holds no log entry, and the policy asks for one.",
    "sign again with a transparency log, or accept signatures without one with --level keyed",
  ),
  "log-entry-duplicate": reason(
    "Transparency log",
    "One entry stands in the bundle twice.",
    "the bundle was tampered with or built wrongly: fetch or make it again",
  ),
  "log-unknown": reason(
    "Transparency log",
    "The trusted root names no log with the entry's log id.",
    "is this the trusted root of the instance that signed? It does not name the entry's log",
  ),
  "log-key-not-valid-at-time": reason(
    "Transparency log",
    "The log's key was not in use when the entry was made, going by the trusted root.",
    "the log's key was not in use then: the trusted root may be outdated",
  ),
  "log-threshold": reason(
    "Transparency log",
    "Logs of fewer operators vouch for the signature than the policy asks for.",
    "the policy asks for entries in more logs",
  ),
  "log-entry-malformed": reason(
    "Transparency log",
    "The body that the log stored cannot be read.",
    "the entry's body cannot be read: the bundle was tampered with",
  ),
  "log-entry-kind-mismatch": reason(
    "Transparency log",
    "The entry's body is of another kind than the bundle says, or than goes with its content.",
    "the entry is not of this bundle: fetch or make the bundle again",
  ),
  "log-entry-signature-mismatch": reason(
    "Transparency log",
    "The entry is of another signature than the bundle's.",
    "the entry logs another signature than the bundle's: the bundle was put together wrongly",
  ),
  "log-entry-verifier-mismatch": reason(
    "Transparency log",
    "The entry is of another certificate or key than the bundle's.",
    "the entry logs another certificate or key than the bundle's: check --key",
  ),
  "log-entry-algorithm-mismatch": reason(
    "Transparency log",
    "The entry names an algorithm that does not go with its key or with its digest.",
    "the entry was made wrongly: sign again",
  ),
  "log-entry-digest-mismatch": reason(
    "Transparency log",
    "The entry is of other content than the artifact or the envelope.",
    "the entry logs a signature over other content: is this the artifact that was signed?",
  ),
  "log-entry-not-canonical": reason(
    "Transparency log",
    "A Rekor v2 body says the right things in other bytes than the log writes.",
    "the entry's body is not the one a log computes from this bundle: fetch it again",
  ),
  "log-entry-digest-unavailable": reason(
    "Transparency log",
    "The artifact is known by another digest than the one that the log stored.",
    "the artifact is known by another digest than the entry's: give the file itself",
  ),
  "set-missing": reason(
    "Transparency log",
    "A version 0.1 bundle lacks the log's signed promise.",
    "a version 0.1 bundle needs the log's signed promise: sign again",
  ),
  "set-invalid": reason(
    "Transparency log",
    "The log did not sign this promise: time, index or body differ from what it signed.",
    "the log did not sign this entry timestamp: the bundle was tampered with",
  ),
  "set-unexpected": reason(
    "Transparency log",
    "The entry is of Rekor v2, which makes no promises, and has one.",
    "Rekor v2 makes no promises: the bundle was built wrongly",
  ),
  "inclusion-proof-missing": reason(
    "Transparency log",
    "The bundle does not prove that its entry is in the log.",
    "the bundle must prove its entry: upgrade it with `chancery bundle upgrade`",
  ),
  "inclusion-proof-invalid": reason(
    "Transparency log",
    "The proof does not lead from the entry to the root that the log signed.",
    "the proof does not lead from the entry to the log's root: the bundle was tampered with",
  ),
  "inclusion-index-mismatch": reason(
    "Transparency log",
    "A Rekor v2 entry and its proof state different positions.",
    "the entry and its proof give different positions: the bundle was built wrongly",
  ),
  "checkpoint-missing": reason(
    "Transparency log",
    "The proof leads to a root that nobody signed.",
    "the proof's root is not signed: upgrade with `chancery bundle upgrade`",
  ),
  "checkpoint-malformed": reason(
    "Transparency log",
    "The log's signed note cannot be read.",
    "the log's signed note cannot be read: the bundle was tampered with or built wrongly",
  ),
  "checkpoint-origin-mismatch": reason(
    "Transparency log",
    "The note names another log than the one of the entry.",
    "the note names another log than the one whose key signed it: check the trusted root's base URLs",
  ),
  "checkpoint-signature-missing": reason(
    "Transparency log",
    "No signature on the note is by the log's key, going by name and key hash.",
    "the note has no signature by the log of the trusted root: is it of the instance that signed?",
  ),
  "checkpoint-signature-invalid": reason(
    "Transparency log",
    "The log's signature on the note does not verify.",
    "the note was changed after the log signed it: the bundle was tampered with",
  ),
  "checkpoint-root-mismatch": reason(
    "Transparency log",
    "The note is genuine, but of another root than the proof.",
    "the note is genuine but of another tree than the proof: upgrade with `chancery bundle upgrade`",
  ),
  "checkpoint-size-mismatch": reason(
    "Transparency log",
    "The note is genuine, but of another tree size than the proof.",
    "the note is genuine but of another size than the proof: upgrade with `chancery bundle upgrade`",
  ),
  "timestamp-malformed": reason(
    "Time",
    "A timestamp cannot be read.",
    "the timestamp cannot be read: sign again with a timestamp",
  ),
  "timestamp-duplicate": reason(
    "Time",
    "One timestamp stands in the bundle twice, be it in other bytes.",
    "the same timestamp stands twice: the bundle was built wrongly",
  ),
  "timestamp-authority-unknown": reason(
    "Time",
    "No authority of the trusted root made the timestamp.",
    "no timestamp authority of the trusted root made this timestamp: is it the right trusted root?",
  ),
  "timestamp-not-granted": reason(
    "Time",
    "The response is the authority's refusal.",
    "the authority refused to make this timestamp: sign again with a timestamp",
  ),
  "timestamp-mismatch": reason(
    "Time",
    "The timestamp is over something else than the bundle's signature.",
    "the timestamp is of another signature: the bundle was put together wrongly",
  ),
  "timestamp-invalid": reason(
    "Time",
    "The timestamp's parts do not belong together, or its signature does not verify.",
    "the timestamp was not made by the authority it names: the bundle was tampered with",
  ),
  "timestamp-authority-not-valid": reason(
    "Time",
    "The trusted root does not trust the authority for the time it states.",
    "the trusted root does not trust the authority for the time it states: it may be outdated",
  ),
  "timestamp-chain-invalid": reason(
    "Time",
    "The authority's certificates do not hold at the time it states.",
    "the authority's certificates do not hold at the time it states: the timestamp is worthless",
  ),
  "timestamp-threshold": reason(
    "Time",
    "Fewer operators of authorities stamped the signature than the policy asks for.",
    "the policy asks for timestamps of more authorities",
  ),
  "time-missing": reason(
    "Time",
    "Nobody but the signer says when the signature was made, and it matters: a certificate, or a key whose period the policy states, holds only for a time.",
    "nothing proves when the signature was made: it needs a timestamp or a log's promise",
  ),
  "certificate-chain-contains-root": reason(
    "Certificate",
    "The bundle's chain brings a root certificate, which nobody may take from a bundle.",
    "a bundle must not bring its own root: sign again",
  ),
  "certificate-untrusted": reason(
    "Certificate",
    "No authority of the trusted root issued the certificate.",
    "no authority of the trusted root issued this certificate: is it the right trusted root?",
  ),
  "certificate-authority-not-valid": reason(
    "Certificate",
    "The trusted root does not trust the authority for the signing time.",
    "the trusted root does not trust the authority for the signing time: it may be outdated",
  ),
  "certificate-expired": reason(
    "Certificate",
    "A verified time lies after the end of the certificate, or of one above it.",
    "the signature was made after the certificate's end: sign again",
  ),
  "certificate-not-yet-valid": reason(
    "Certificate",
    "A verified time lies before the start of the certificate, or of one above it.",
    "the signature was made before the certificate's start: sign again",
  ),
  "certificate-unfit": reason(
    "Certificate",
    "The certificate, or one above it, is not for signing code: its usages, constraints or critical extensions do not allow it.",
    "the certificate is not for signing code: sign again with one that is",
  ),
  "sct-missing": reason(
    "Certificate",
    "The certificate embeds no certificate timestamp.",
    "the certificate does not prove that it was logged: pass --insecure-ignore-sct to accept it",
  ),
  "sct-malformed": reason(
    "Certificate",
    "The certificate's list of timestamps cannot be read.",
    "the certificate's SCT list cannot be read: sign again",
  ),
  "sct-duplicate": reason(
    "Certificate",
    "Two timestamps in the certificate are of one log.",
    "two SCTs of one log count once: the certificate is built wrongly",
  ),
  "sct-log-unknown": reason(
    "Certificate",
    "The timestamp is of a log that the trusted root does not name.",
    "the SCT is of a log that the trusted root does not name: is it the right trusted root?",
  ),
  "sct-invalid": reason(
    "Certificate",
    "The CT log did not sign this certificate.",
    "the CT log did not sign this certificate: it was never logged there",
  ),
  "sct-log-not-valid-at-time": reason(
    "Certificate",
    "The CT log's key was not in use at the time of its signature.",
    "the CT log's key was not in use at the SCT's time: the trusted root may be outdated",
  ),
  "sct-threshold": reason(
    "Certificate",
    "CT logs of fewer operators vouch for the certificate than the policy asks for.",
    "the policy asks for SCTs of more logs",
  ),
  "identity-malformed": reason(
    "Identity",
    "The certificate names no identity, several, or one of an unknown kind.",
    "the certificate names no identity, or several: sign again",
  ),
  "identity-mismatch": reason(
    "Identity",
    "Another identity signed than the one that the policy names.",
    "another identity signed: compare the values with your policy",
  ),
  "issuer-mismatch": reason(
    "Identity",
    "Another identity provider vouched for the signer, or none.",
    "another identity provider vouched for the signer: compare the values with your policy",
  ),
  "claim-mismatch": reason(
    "Identity",
    "A claim of the certificate is missing or differs from the policy.",
    "a claim of the certificate differs from your policy: compare the values",
  ),
  "signature-invalid": reason(
    "Signature and artifact",
    "The signature does not verify under the signer's key.",
    "the signature is not of this artifact under this key",
  ),
  "signature-algorithm-mismatch": reason(
    "Signature and artifact",
    "The key cannot make signatures of the algorithm that the policy demands.",
    "the key cannot make signatures of the demanded algorithm: check the policy",
  ),
  "artifact-missing": reason(
    "Signature and artifact",
    "A message signature can only be checked with what was signed.",
    "give the artifact that was signed",
  ),
  "artifact-digest-mismatch": reason(
    "Signature and artifact",
    "The bundle mentions the digest of another artifact.",
    "this is not the artifact that was signed",
  ),
  "artifact-digest-unavailable": reason(
    "Signature and artifact",
    "The artifact is known only by a digest that the signature or the attestation may not be about.",
    "the signature covers another digest than the one given: give the file itself",
  ),
  "artifact-not-a-subject": reason(
    "Signature and artifact",
    "No subject of the attestation is the artifact.",
    "the attestation is about other artifacts",
  ),
  "predicate-type-mismatch": reason(
    "Signature and artifact",
    "The attestation is of another type than the policy asks for.",
    "the attestation is of another type: check --type",
  ),
  "check-missing": reason(
    "Signature and artifact",
    "A check on which the verdict rests was not made.",
    "this is a fault of the program: report it",
  ),
  "not-required": reason(
    "Checks that were skipped",
    "The policy does not ask for the check.",
    "the policy does not ask for it",
  ),
  "not-applicable": reason(
    "Checks that were skipped",
    "The check does not exist for this kind of signer.",
    "it does not exist for this kind of signer",
  ),
  "depends-on-failed": reason(
    "Checks that were skipped",
    "The check needs the result of another one, which failed.",
    "it needs the result of a check that failed: see that one",
  ),
};

type ReasonName =
  | "trusted-root-malformed"
  | "trusted-root-missing"
  | "certificate-malformed"
  | "statement-malformed"
  | "payload-type-unsupported"
  | "key-not-given"
  | "key-given-for-certificate"
  | "certificate-missing"
  | "key-hint-mismatch"
  | "key-not-valid-at-time"
  | "log-entry-missing"
  | "log-entry-duplicate"
  | "log-unknown"
  | "log-key-not-valid-at-time"
  | "log-threshold"
  | "log-entry-malformed"
  | "log-entry-kind-mismatch"
  | "log-entry-signature-mismatch"
  | "log-entry-verifier-mismatch"
  | "log-entry-algorithm-mismatch"
  | "log-entry-digest-mismatch"
  | "log-entry-not-canonical"
  | "log-entry-digest-unavailable"
  | "set-missing"
  | "set-invalid"
  | "set-unexpected"
  | "inclusion-proof-missing"
  | "inclusion-proof-invalid"
  | "inclusion-index-mismatch"
  | "checkpoint-missing"
  | "checkpoint-malformed"
  | "checkpoint-origin-mismatch"
  | "checkpoint-signature-missing"
  | "checkpoint-signature-invalid"
  | "checkpoint-root-mismatch"
  | "checkpoint-size-mismatch"
  | "timestamp-malformed"
  | "timestamp-duplicate"
  | "timestamp-authority-unknown"
  | "timestamp-not-granted"
  | "timestamp-mismatch"
  | "timestamp-invalid"
  | "timestamp-authority-not-valid"
  | "timestamp-chain-invalid"
  | "timestamp-threshold"
  | "time-missing"
  | "certificate-chain-contains-root"
  | "certificate-untrusted"
  | "certificate-authority-not-valid"
  | "certificate-expired"
  | "certificate-not-yet-valid"
  | "certificate-unfit"
  | "sct-missing"
  | "sct-malformed"
  | "sct-duplicate"
  | "sct-log-unknown"
  | "sct-invalid"
  | "sct-log-not-valid-at-time"
  | "sct-threshold"
  | "identity-malformed"
  | "identity-mismatch"
  | "issuer-mismatch"
  | "claim-mismatch"
  | "signature-invalid"
  | "signature-algorithm-mismatch"
  | "artifact-missing"
  | "artifact-digest-mismatch"
  | "artifact-digest-unavailable"
  | "artifact-not-a-subject"
  | "predicate-type-mismatch"
  | "check-missing"
  | "not-required"
  | "not-applicable"
  | "depends-on-failed";

/** Codes of the checks on the bundle's own structure: what its parser refused. */
export type BundleReason = `bundle-${FormatErrorCode}`;

export type ReasonCode = ReasonName | BundleReason;

/** What the reader of a refusal can do about it. */
export function hintFor(code: ReasonCode): string {
  return Object.hasOwn(reasons, code) ? reasons[code as ReasonName].remedy : bundleRemedy;
}

const bundleRemedy =
  "the file is not a Sigstore bundle as the specification has it: make or fetch it again";
