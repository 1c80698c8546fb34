// SPDX-License-Identifier: Apache-2.0
import {
  type Algorithm,
  algorithmFits,
  algorithms,
  defaultAlgorithm,
  type HashName,
  type PublicKey,
  schemeHash,
  verifyDigest,
  verifySignature,
} from "@chancery/formats/crypto";
import type { ArtifactDigests } from "../artifact.ts";
import type { EvidenceBuilder } from "../evidence.ts";

/** What a signature covers: the message, or at least some of its digests. */
export interface SignedMessage {
  readonly bytes?: Uint8Array;
  readonly digests: ArtifactDigests;
}

/**
 * Algorithms to try with a key, likeliest first.
 *
 * The key's default; for P-384 and P-521 also SHA-256, with which most real bundles of such keys
 * are made; for Ed25519 both forms. RSA-PSS only where somebody says so: the caller or a log entry.
 *
 * @param hint hash that the bundle names for the message.
 */
export function candidateAlgorithms(
  key: PublicKey,
  stated: Algorithm | undefined,
  hint: HashName | undefined,
): Algorithm[] {
  if (stated) return algorithmFits(stated, key) ? [stated] : [];
  const preferred = defaultAlgorithm(key);
  const others = algorithms.filter(
    (algorithm) =>
      algorithm !== preferred &&
      algorithm.scheme.kind !== "rsa-pkcs1v15" &&
      algorithm.scheme.kind !== "rsa-pss" &&
      algorithmFits(algorithm, key),
  );
  const all = [preferred, ...others];
  const hinted = all.filter(({ scheme }) => hint !== undefined && schemeHash(scheme) === hint);
  return [...hinted, ...all.filter((algorithm) => !hinted.includes(algorithm))];
}

/**
 * Step 8: the signature, under the signer's key, over the message.
 * @returns the algorithm that verified.
 */
export function checkSignature(
  key: PublicKey,
  candidates: readonly Algorithm[],
  message: SignedMessage,
  signature: Uint8Array,
  evidence: EvidenceBuilder,
): Algorithm | undefined {
  if (candidates.length === 0) {
    return evidence.fail(
      "signature",
      "signature-algorithm-mismatch",
      "the signer's key does not fit the demanded algorithm",
      { key: describeKey(key) },
    );
  }
  let unknown = false;
  for (const algorithm of candidates) {
    const result = tryAlgorithm(key, algorithm, message, signature);
    if (result === true) {
      evidence.pass("signature", "the key made the signature", {
        algorithm: algorithm.name,
        key: describeKey(key),
      });
      return algorithm;
    }
    if (result === undefined) unknown = true;
  }
  const names = candidates.map(({ name }) => name).join(", ");
  if (unknown) {
    return evidence.fail(
      "signature",
      "artifact-digest-unavailable",
      "the signature may cover a form of the artifact that is not at hand",
      { algorithms: names },
    );
  }
  return evidence.fail("signature", "signature-invalid", "the signature does not verify", {
    algorithms: names,
    key: describeKey(key),
  });
}

/** Undefined where the message is not known in the form that the algorithm needs. */
function tryAlgorithm(
  key: PublicKey,
  algorithm: Algorithm,
  { bytes, digests }: SignedMessage,
  signature: Uint8Array,
): boolean | undefined {
  if (bytes) return verifySignature(key, algorithm.scheme, bytes, signature);
  if (algorithm.scheme.kind === "ed25519") return digests.streamedEd25519(key, signature);
  const name = schemeHash(algorithm.scheme);
  const digest = name && digests.get(name);
  return digest && verifyDigest(key, algorithm.scheme, digest, signature);
}

function describeKey(key: PublicKey): string {
  switch (key.type) {
    case "ec":
      return `ECDSA ${key.curve}`;
    case "rsa":
      return `RSA ${key.modulusBits}`;
    case "ed25519":
      return "Ed25519";
  }
}
