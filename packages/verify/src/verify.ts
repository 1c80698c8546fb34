// SPDX-License-Identifier: Apache-2.0
import { type Bundle, decodeBundle } from "@chancery/formats/bundle";
import type { Algorithm, HashName } from "@chancery/formats/crypto";
import { preAuthenticationEncoding } from "@chancery/formats/dsse";
import { hashOfOutputName } from "@chancery/formats/entry";
import { FormatError } from "@chancery/formats/errors";
import { decodeTrustedRoot, type TrustedRoot } from "@chancery/formats/trust";
import type { Certificate } from "@chancery/formats/x509";
import { type Artifact, ArtifactDigests } from "./artifact.ts";
import {
  candidateAlgorithms,
  checkArtifact,
  checkCertificate,
  type CheckedLogEntry,
  checkIdentity,
  checkLogContent,
  checkLogEntries,
  checkScts,
  checkSignature,
  checkTimestamps,
  describeLogEntry,
  type CertificateIdentity,
  type SignedMessage,
  type SigningTime,
  type StampedTime,
} from "./checks/index.ts";
import { type Evidence, EvidenceBuilder, type VerifiedTime } from "./evidence.ts";
import { assertPolicy, type Policy, wantedIdentity } from "./policy.ts";
import type { BundleReason } from "./reasons.ts";
import { readSigner, type SignerMaterial } from "./signer-material.ts";
import { inUse, logOperator, type TrustMaterial, trustMaterial } from "./trust-material.ts";

export interface VerifyInput {
  /** The bundle's JSON, or one that was read before. */
  readonly bundle: Uint8Array | string | Bundle;
  /** What was signed. May be absent for an attestation whose subjects the caller compares. */
  readonly artifact?: Artifact;
  /**
   * The trusted root's JSON, or one that was read before (cheaper: its chains are checked once).
   * May be absent where nothing in the bundle and the policy needs it.
   */
  readonly trustedRoot?: Uint8Array | string | TrustedRoot;
  readonly policy: Policy;
  /** Used only where the policy says `allowCurrentTime`, or fails open until some time. */
  readonly now?: Date;
}

/**
 * Verifies a Sigstore bundle by the client specification, and says what that rests on.
 *
 * Every check is made whose inputs hold, so the evidence shows all that is wrong, in order; the
 * verdict is `verified` only if none failed but those that the policy lets fail. Nothing is
 * fetched, no clock is read. Input that is malformed in any way leads to a refusal, never to an
 * exception.
 *
 * Not checked: revocation, who a log's operator is, what a predicate claims.
 *
 * @throws SyntaxError | RangeError for a caller's own mistakes: a malformed regular expression or a
 *   threshold that is no count in the policy, a digest of the wrong size, an invalid `now`.
 */
export function verify(input: VerifyInput): Evidence {
  const { policy, now } = input;
  if (Number.isNaN(now?.getTime())) throw new RangeError("now is an invalid Date");
  assertPolicy(policy, now);
  const evidence = new EvidenceBuilder(policy.failOpen, now);
  const bundle = readBundle(input.bundle, evidence);
  const trust = readTrust(input.trustedRoot, evidence);
  const signer = bundle && readSigner(bundle, policy, evidence);
  if (bundle && signer && (trust !== "malformed" || evidence.isOpen("trusted-root"))) {
    const material = trust === "malformed" ? undefined : trust;
    new Verification(input, bundle, signer, material, evidence).run();
  }
  return evidence.build();
}

function readBundle(bundle: VerifyInput["bundle"], evidence: EvidenceBuilder): Bundle | undefined {
  try {
    const isJson = typeof bundle === "string" || bundle instanceof Uint8Array;
    const value = isJson ? decodeBundle(bundle) : bundle;
    evidence.pass("bundle", "a well-formed bundle", { mediaType: value.mediaType });
    return value;
  } catch (cause) {
    if (!(cause instanceof FormatError)) throw cause;
    const reason: BundleReason = `bundle-${cause.code}`;
    return evidence.fail("bundle", reason, cause.message, { place: cause.place });
  }
}

function readTrust(
  root: VerifyInput["trustedRoot"],
  evidence: EvidenceBuilder,
): TrustMaterial | undefined | "malformed" {
  if (root === undefined) return undefined;
  try {
    const isJson = typeof root === "string" || root instanceof Uint8Array;
    const material = trustMaterial(isJson ? decodeTrustedRoot(root) : root);
    const unusable = material.unusable.join("; ");
    evidence.pass(
      "trusted-root",
      "a well-formed trusted root",
      unusable ? { unusable } : undefined,
    );
    return material;
  } catch (cause) {
    if (!(cause instanceof FormatError)) throw cause;
    evidence.fail("trusted-root", "trusted-root-malformed", cause.message, { place: cause.place });
    return "malformed";
  }
}

/** An entry that counts, and the algorithm that it names (Rekor v2). */
interface MatchingEntry extends CheckedLogEntry {
  readonly algorithm?: Algorithm;
}

/** Checks whose failure takes a time away. */
const timeSources = [
  "log-promise",
  "log-checkpoint",
  "log-inclusion",
  "log-content",
  "timestamp",
] as const;

/** One run over a bundle whose structure and signer are known. */
class Verification {
  readonly #input: VerifyInput;
  readonly #bundle: Bundle;
  readonly #signer: SignerMaterial;
  readonly #trust: TrustMaterial | undefined;
  readonly #evidence: EvidenceBuilder;
  readonly #artifact: ArtifactDigests | undefined;
  readonly #signature: Uint8Array;
  readonly #message: SignedMessage | undefined;

  constructor(
    input: VerifyInput,
    bundle: Bundle,
    signer: SignerMaterial,
    trust: TrustMaterial | undefined,
    evidence: EvidenceBuilder,
  ) {
    this.#input = input;
    this.#bundle = bundle;
    this.#signer = signer;
    this.#trust = trust;
    this.#evidence = evidence;
    this.#artifact = input.artifact && new ArtifactDigests(input.artifact);
    const { content } = bundle;
    if (content.kind === "envelope") {
      const { envelope } = content;
      const bytes = preAuthenticationEncoding(envelope.payloadType, envelope.payload);
      this.#signature = (envelope.signatures[0] as { sig: Uint8Array }).sig;
      this.#message = { bytes, digests: new ArtifactDigests({ kind: "bytes", bytes }) };
    } else {
      this.#signature = content.message.signature;
      const bytes = this.#artifact?.bytes;
      this.#message = this.#artifact && { ...(bytes && { bytes }), digests: this.#artifact };
    }
  }

  run(): void {
    const { policy } = this.#input;
    const { certificate, identity } = this.#signer;
    const entries = this.#checkLogs();
    const times = this.#checkTimes(entries);
    if (certificate) this.#checkCertificate(certificate, times);
    this.#checkKeyPeriod(times);
    this.#checkSignature(entries.find(({ algorithm }) => algorithm)?.algorithm);
    checkArtifact(this.#bundle.content, this.#artifact, policy.predicateType, this.#evidence);
    if (identity) this.#checkIdentity(identity);
    else this.#evidence.skip("identity", "not-applicable", "a key has no identity");
  }

  #checkIdentity(identity: CertificateIdentity): void {
    const evidence = this.#evidence;
    const wanted = wantedIdentity(this.#input.policy);
    const vouched = evidence.passed("certificate");
    if (!wanted) {
      evidence.skip("identity", "not-required", "the policy names a key and no identity");
    } else if (!vouched && evidence.isOpen("certificate")) {
      const message = "no trusted authority vouches for what the certificate says";
      evidence.skip("identity", "depends-on-failed", message);
    } else {
      checkIdentity(identity, wanted, vouched, evidence);
    }
  }

  /** The entries that count: the log vouches for them, and they are of this signature. */
  #checkLogs(): MatchingEntry[] {
    const evidence = this.#evidence;
    const threshold = this.#input.policy.logThreshold ?? 1;
    let entries: MatchingEntry[] = [];
    if (this.#bundle.tlogEntries.length > 0) {
      if (!this.#trust) {
        const message = "entries of a log can only be checked with a trusted root";
        evidence.fail("trusted-root", "trusted-root-missing", message);
        return [];
      }
      entries = this.#matching(checkLogEntries(this.#bundle, this.#trust, evidence));
      evidence.logEntries.push(...entries.map(describeLogEntry));
    }
    const operators = new Set(entries.map(({ log }) => logOperator(log)));
    const values = { found: String(operators.size), required: String(threshold) };
    if (threshold === 0) {
      evidence.skip("log-threshold", "not-required", "the policy asks for no log");
    } else if (operators.size >= threshold) {
      evidence.pass("log-threshold", "enough logs vouch for it", values);
    } else if (this.#bundle.tlogEntries.length === 0) {
      const message = "the bundle holds no entry of a transparency log";
      evidence.fail("log-threshold", "log-entry-missing", message, values);
    } else if (this.#bundle.tlogEntries.length > entries.length) {
      evidence.skip("log-threshold", "depends-on-failed", "an entry did not verify");
    } else {
      evidence.fail("log-threshold", "log-threshold", "too few logs vouch for it", values);
    }
    return entries;
  }

  /** The times at which everything must hold: all verified ones, or the current if allowed. */
  #checkTimes(entries: readonly CheckedLogEntry[]): readonly SigningTime[] {
    const evidence = this.#evidence;
    const { policy, now } = this.#input;
    const threshold = policy.timestampThreshold ?? 0;
    let stamped: StampedTime[] = [];
    if (this.#bundle.timestamps.length > 0) {
      if (!this.#trust) {
        const message = "timestamps can only be checked with a trusted root";
        evidence.fail("trusted-root", "trusted-root-missing", message);
      } else {
        stamped = checkTimestamps(this.#bundle.timestamps, this.#signature, this.#trust, evidence);
      }
    }
    const operators = new Set(stamped.map(({ operator }) => operator)).size;
    const values = { found: String(operators), required: String(threshold) };
    if (operators < threshold) {
      const message = "too few authorities stamped the signature";
      evidence.fail("timestamp-threshold", "timestamp-threshold", message, values);
    } else if (threshold > 0) {
      evidence.pass("timestamp-threshold", "enough authorities stamped the signature", values);
    }
    const promised = entries.flatMap(({ promisedTime, log }): VerifiedTime[] =>
      promisedTime ? [{ source: "log", time: promisedTime, by: log.baseUrl }] : [],
    );
    const verified = stamped.map(({ time, by }): VerifiedTime => {
      return { source: "timestamp-authority", time, by };
    });
    evidence.times.push(...promised, ...verified);
    const current = policy.allowCurrentTime && now && evidence.times.length === 0;
    const times = current
      ? [{ time: now, by: "the current time, as the policy allows" }]
      : evidence.times;
    this.#checkLogKeyPeriods(entries, times);
    return times;
  }

  /** Without a promise only other sources say when the log's key was used. */
  #checkLogKeyPeriods(entries: readonly CheckedLogEntry[], times: readonly SigningTime[]): void {
    for (const { log, listings, promisedTime, about } of entries) {
      if (promisedTime) continue;
      const outside = times.find(({ time }) => !listings.some((item) => inUse(item, time)));
      if (!outside) continue;
      const values = { time: outside.time.toISOString(), log: log.baseUrl };
      const message = "the log's key was not in use at the signing time";
      this.#evidence.fail("log-inclusion", "log-key-not-valid-at-time", message, values, about);
    }
  }

  #checkCertificate(certificate: Certificate, times: readonly SigningTime[]): void {
    const evidence = this.#evidence;
    const threshold = this.#input.policy.sctThreshold ?? 1;
    if (!this.#trust) {
      const message = "a certificate can only be checked with a trusted root";
      return evidence.fail("trusted-root", "trusted-root-missing", message);
    }
    if (times.length === 0) {
      const failed = timeSources.some((name) => evidence.failed(name));
      const message = "no verified time says when the signature was made";
      if (failed) evidence.skip("certificate", "depends-on-failed", message);
      else evidence.fail("certificate", "time-missing", message);
      return evidence.skip("sct", "depends-on-failed", "its issuer is not established");
    }
    const issuer = checkCertificate(certificate, times, this.#trust, evidence);
    if (threshold === 0) evidence.skip("sct", "not-required", "the policy asks for no SCT");
    else if (!issuer) evidence.skip("sct", "depends-on-failed", "its issuer is not established");
    else checkScts(certificate, issuer, threshold, this.#trust, evidence);
  }

  #checkKeyPeriod(times: readonly SigningTime[]): void {
    const { signer } = this.#input.policy;
    if (signer.kind !== "key" || !signer.validFor) return;
    const validFor = signer.validFor;
    if (times.length === 0) {
      const message = "no verified time says whether the key was in use when it signed";
      return this.#evidence.fail("signer", "time-missing", message);
    }
    const outside = times.find(({ time }) => !inUse({ validFor }, time));
    if (outside) {
      const values = { time: outside.time.toISOString() };
      const message = "the key was not in use at the signing time";
      this.#evidence.fail("signer", "key-not-valid-at-time", message, values);
    }
  }

  /**
   * Those entries that are of the bundle's content. A genuine entry of another signing would bring
   * its time along, so nothing of an entry is used before this.
   */
  #matching(entries: readonly CheckedLogEntry[]): MatchingEntry[] {
    const signed = {
      signature: this.#signature,
      verifier: this.#signer.verifier,
      key: this.#signer.key,
      content: this.#bundle.content,
      messageDigest: (name: HashName) => this.#message?.digests.get(name),
    };
    return entries.flatMap((entry) => {
      const claims = checkLogContent(entry, signed, this.#evidence);
      if (!claims) return [];
      const { algorithm } = claims.content;
      return [{ ...entry, ...(algorithm ? { algorithm } : {}) }];
    });
  }

  #checkSignature(logged: Algorithm | undefined): void {
    const evidence = this.#evidence;
    const { signer } = this.#input.policy;
    if (!this.#message) {
      return evidence.skip("signature", "depends-on-failed", "no artifact was given");
    }
    const { key } = this.#signer;
    const { content } = this.#bundle;
    const mentioned =
      content.kind === "message" ? content.message.messageDigest?.algorithm : undefined;
    const candidates = candidateAlgorithms(
      key,
      (signer.kind === "key" ? signer.algorithm : undefined) ?? logged,
      mentioned && hashOfOutputName(mentioned),
    );
    const algorithm = checkSignature(key, candidates, this.#message, this.#signature, evidence);
    if (algorithm && evidence.signer) {
      evidence.signer = { ...evidence.signer, algorithm: algorithm.name };
    }
  }
}
