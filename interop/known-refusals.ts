// SPDX-License-Identifier: Apache-2.0

const withDsse2 = /^(sigstore-js|sigstore-java|cosign-2) certificate v2 attestation$/;

/** What clients are known to get wrong; everything else they must answer as we do. */
const knownRefusals: readonly { verifier: string; name: RegExp; because: string }[] = [
  // cosign is built on sigstore-go.
  ...["cosign", "sigstore-go"].map((verifier) => ({
    verifier,
    name: /^sigstore-js key v1 attestation/,
    because: "skips signatures whose keyid is not its own name of the key",
  })),
  ...["cosign", "sigstore-go", "sigstore-python"].map((verifier) => ({
    verifier,
    name: withDsse2,
    because: "knows no dsse 0.0.2 entries",
  })),
  {
    verifier: "sigstore-python",
    name: /^(chancery|cosign|cosign-2) certificate v[12] attestation$/,
    because: "wants statements v1, not the v0.1 that cosign writes and ours after it",
  },
  {
    verifier: "sigstore-java",
    name: /^(chancery|cosign|sigstore-go|sigstore-python) certificate v2 attestation$/,
    because: "knows attestations that are logged as dsse 0.0.2 alone, not as hashedrekord 0.0.2",
  },
];

/** Whether a verifier wrongly refuses what a writer, by its name, made. */
export function isKnownRefusal(verifier: string, name: string): boolean {
  return knownRefusals.some((one) => one.verifier === verifier && one.name.test(name));
}
