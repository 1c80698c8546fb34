// SPDX-License-Identifier: Apache-2.0
// What every peer signs, and as whom.
import { createHash } from "node:crypto";

export const artifactText: string = "Signed, sealed, enrolled.\n";
export const artifactSha256: string = createHash("sha256").update(artifactText).digest("hex");
export const identity =
  "https://github.com/example/project/.github/workflows/release.yml@refs/heads/main";
export const issuer = "https://token.actions.githubusercontent.com";

/** A predicate that serves as SLSA provenance v1. */
export const predicate: string = `${JSON.stringify(
  {
    buildDefinition: {
      buildType: "https://example.com/build/v1",
      externalParameters: { source: "git+https://example.com/project" },
    },
    runDetails: { builder: { id: "https://example.com/builder" } },
  },
  undefined,
  2,
)}\n`;

/** A statement about the artifact. */
export const statement: string = JSON.stringify({
  _type: "https://in-toto.io/Statement/v1",
  subject: [{ name: "artifact.txt", digest: { sha256: artifactSha256 } }],
  predicateType: "https://example.com/review/v1",
  predicate: { verdict: "good" },
});

const newKey = ["genpkey", "-algorithm"];
const ec = (curve: string): string[] => [...newKey, "EC", "-pkeyopt", `ec_paramgen_curve:${curve}`];
const rsa = (bits: number): string[] => [...newKey, "RSA", "-pkeyopt", `rsa_keygen_bits:${bits}`];

/** Every kind of key that cosign imports, and how OpenSSL makes one (PKCS #8, PEM). */
export const keyRecipes: readonly { name: string; openssl: readonly string[] }[] = [
  { name: "p256", openssl: ec("P-256") },
  { name: "p384", openssl: ec("P-384") },
  { name: "p521", openssl: ec("P-521") },
  { name: "rsa2048", openssl: rsa(2048) },
  { name: "rsa3072", openssl: rsa(3072) },
  { name: "rsa4096", openssl: rsa(4096) },
  { name: "ed25519", openssl: [...newKey, "ED25519"] },
];
