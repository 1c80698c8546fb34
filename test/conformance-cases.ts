// SPDX-License-Identifier: Apache-2.0
// The cases of sigstore-conformance with the verdict and the reason that each must lead to, for the
// tests that put them to the verification: in Node and in a browser.
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { TestContext } from "node:test";
import type { ReasonCode } from "@chancery/verify";
import { needVectors } from "./vectors.ts";

/** What each case that must be refused is refused for. */
const refusals: Readonly<Record<string, ReasonCode>> = {
  "bundle-empty-certificate-chain_fail": "bundle-missing-field",
  "bundle-from-wrong-instance_fail": "log-unknown",
  "bundle-invalid-base64-signature_fail": "bundle-malformed-base64",
  "bundle-malformed-json_fail": "bundle-malformed-json",
  "bundle-negative-log-index_fail": "bundle-out-of-range",
  "bundle-unknown-version_fail": "bundle-unknown-media-type",
  "bundle-with-root-cert_fail": "certificate-chain-contains-root",
  "checkpoint-bad-keyhint_fail": "checkpoint-signature-missing",
  "checkpoint-wrong-roothash_fail": "checkpoint-size-mismatch",
  "dsse-invalid-sig_fail": "signature-invalid",
  "dsse-mismatch-envelope_fail": "log-entry-signature-mismatch",
  "dsse-mismatch-sig_fail": "log-entry-signature-mismatch",
  "inclusion-proof-corrupted-hash_fail": "inclusion-proof-invalid",
  "incorrect-public-key_fail": "set-invalid",
  "integrated-time-in-future_fail": "certificate-expired",
  "intoto-expired-certificate_fail": "certificate-not-yet-valid",
  "intoto-log-entry-mismatch_fail": "log-entry-signature-mismatch",
  "intoto-missing-inclusion-proof_fail": "inclusion-proof-missing",
  "intoto-set-outside-signing-cert-validity_fail": "certificate-expired",
  "intoto-tsa-timestamp-outside-cert-validity_fail": "certificate-expired",
  "invalid-checkpoint-signature_fail": "checkpoint-signature-invalid",
  "invalid-ct-key_fail": "sct-log-unknown",
  "invalid-inclusion-proof_fail": "checkpoint-missing",
  "managed-key-no-key_fail": "key-not-given",
  "message-digest-mismatch_fail": "artifact-digest-mismatch",
  "rekor2-checkpoint-missing-log-signature_fail": "checkpoint-signature-missing",
  "rekor2-checkpoint-missing-origin_fail": "checkpoint-malformed",
  "rekor2-checkpoint-missing-root-hash_fail": "checkpoint-malformed",
  "rekor2-checkpoint-missing-size_fail": "checkpoint-malformed",
  "rekor2-checkpoint-no-matching-signature_fail": "checkpoint-origin-mismatch",
  "rekor2-dsse-invalid-sig_fail": "signature-invalid",
  "rekor2-dsse-mismatch-envelope_fail": "log-entry-signature-mismatch",
  "rekor2-dsse-mismatch-sig_fail": "log-entry-signature-mismatch",
  "rekor2-no-inclusion-proof_fail": "inclusion-proof-missing",
  "rekor2-no-timestamp_fail": "time-missing",
  "rekor2-timestamp-outside-trust-root-tsa-validity_fail": "timestamp-authority-not-valid",
  "rekor2-timestamp-outside-tsa-cert-validity_fail": "timestamp-chain-invalid",
  "rekor2-timestamp-payload-mismatch_fail": "timestamp-mismatch",
  "rekor2-timestamp-untrusted-tsa-with-embedded-cert_fail": "timestamp-authority-unknown",
  "rekor2-timestamp-untrusted-tsa-without-embedded-cert_fail": "timestamp-authority-unknown",
  // The timestamp's base64 is wrapped into lines; the test below mends it and meets the time.
  "rekor2-timestamp-with-incorrect-time_fail": "bundle-malformed-base64",
  "set-invalid-signature_fail": "set-invalid",
  "signature-mismatch_fail": "signature-invalid",
  "trust-root-tlog-missing-validity-start_fail": "trusted-root-malformed",
  "wrong-hashedrekord-artifact_fail": "log-entry-signature-mismatch",
  "wrong-hashedrekord-cert-and-sig_fail": "log-entry-signature-mismatch",
  "wrong-hashedrekord-entry_fail": "log-entry-signature-mismatch",
  "wrong-material_fail": "artifact-digest-mismatch",
};

/** How many cases the suite has. */
export const conformanceCount = 70;

/** Refused before a verification can begin: its `key.pub` holds no key. */
export const malformedKeyCase = "managed-key-wrong-key_fail";

const identityDefault =
  "https://github.com/sigstore-conformance/extremely-dangerous-public-oidc-beacon/" +
  ".github/workflows/extremely-dangerous-oidc-beacon.yml@refs/heads/main";
const issuerDefault = "https://token.actions.githubusercontent.com";

export interface ConformanceCase {
  readonly name: string;
  readonly bundle: Uint8Array;
  readonly artifact: Uint8Array;
  /** Its own, or the public instance's. */
  readonly trustedRoot: Uint8Array;
  readonly signer:
    | { readonly kind: "key"; readonly pem: string }
    | { readonly kind: "identity"; readonly identity: string; readonly issuer: string };
  readonly verdict: "verified" | "refused";
  /** Present where it must be refused, but for {@link malformedKeyCase}. */
  readonly reason?: ReasonCode;
}

/** All cases by name, or undefined where the vectors are absent and the test is skipped. */
export function conformanceCases(t: TestContext): Map<string, ConformanceCase> | undefined {
  const assets = needVectors(t, "sigstore-conformance");
  const publicGood = needVectors(t, "public-good/targets/trusted_root.json");
  if (assets === undefined || publicGood === undefined) return undefined;
  const folder = join(assets, "bundle-verify");
  const names = readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => name);
  const shared = { artifact: join(assets, "a.txt"), trustedRoot: publicGood };
  return new Map(names.sort().map((name) => [name, readCase(join(folder, name), name, shared)]));
}

function readCase(
  folder: string,
  name: string,
  shared: { readonly artifact: string; readonly trustedRoot: string },
): ConformanceCase {
  const read = (file: string, otherwise: string): Buffer =>
    readFileSync(existsSync(join(folder, file)) ? join(folder, file) : otherwise);
  const text = (file: string): string | undefined =>
    existsSync(join(folder, file)) ? readFileSync(join(folder, file), "utf8").trim() : undefined;
  const pem = text("key.pub");
  const reason = refusals[name];
  return {
    name,
    bundle: readFileSync(join(folder, "bundle.sigstore.json")),
    artifact: read("artifact", shared.artifact),
    trustedRoot: read("trusted_root.json", shared.trustedRoot),
    signer: pem
      ? { kind: "key", pem }
      : {
          kind: "identity",
          identity: text("identity") ?? identityDefault,
          issuer: text("issuer") ?? issuerDefault,
        },
    verdict: name.endsWith("_fail") ? "refused" : "verified",
    ...(reason === undefined ? {} : { reason }),
  };
}
