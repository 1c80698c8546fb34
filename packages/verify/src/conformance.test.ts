// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test, type TestContext } from "node:test";
import { decodePublicKeyPem, sha256 } from "@chancery/formats/crypto";
import { FormatError } from "@chancery/formats/errors";
import { needVectors } from "../../../test/vectors.ts";
import {
  type Artifact,
  artifactFromBytes,
  artifactFromDigest,
  type Evidence,
  type Policy,
  type ReasonCode,
  verify,
} from "./index.ts";

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

/** Refused before a verification can begin: `key.pub` holds no key. */
const malformedKeyCase = "managed-key-wrong-key_fail";

const casesExpected = 70;
const identityDefault =
  "https://github.com/sigstore-conformance/extremely-dangerous-public-oidc-beacon/" +
  ".github/workflows/extremely-dangerous-oidc-beacon.yml@refs/heads/main";
const issuerDefault = "https://token.actions.githubusercontent.com";

describe("sigstore-conformance", () => {
  test("every case has its verdict and its reason, by path and by digest", (t) => {
    const suite = openSuite(t);
    if (!suite) return;
    const { cases, run } = suite;
    assert.equal(cases.length, casesExpected);
    const wrong: string[] = [];
    for (const name of cases.filter((name) => name !== malformedKeyCase)) {
      for (const form of ["path", "digest"] as const) {
        const evidence = run(name, form);
        const expected = name.endsWith("_fail") ? refusals[name] : undefined;
        const verdict = name.endsWith("_fail") ? "refused" : "verified";
        if (evidence.verdict !== verdict || evidence.reason !== expected) {
          wrong.push(`${name} by ${form}: ${evidence.verdict} ${evidence.reason}, not ${expected}`);
        }
      }
    }
    assert.deepEqual(wrong, []);
  });

  test("the case with an unreadable key is refused for that key", (t) => {
    const suite = openSuite(t);
    if (!suite) return;
    const pem = suite.read(malformedKeyCase, "key.pub")?.toString() ?? "";
    assert.throws(
      () => decodePublicKeyPem(pem),
      (error: unknown) => error instanceof FormatError,
    );
  });

  test("a timestamp of another time is refused for its time once its base64 is mended", (t) => {
    const suite = openSuite(t);
    if (!suite) return;
    const name = "rekor2-timestamp-with-incorrect-time_fail";
    const json = (suite.read(name, "bundle.sigstore.json") as Buffer).toString();
    const mended = json.replaceAll("\\n", (escape, offset: number) =>
      offset > json.indexOf("signedTimestamp") ? "" : escape,
    );
    assert.ok(mended.length < json.length);
    assert.equal(suite.run(name, "path", mended).reason, "certificate-expired");
  });

  test("what a refusal shows is the first failed check of the list", (t) => {
    const suite = openSuite(t);
    if (!suite) return;
    for (const name of Object.keys(refusals)) {
      const evidence = suite.run(name, "path");
      const first = evidence.checks.find((check) => check.status === "failed");
      assert.equal(evidence.reason, first?.code, name);
      assert.notEqual(first?.message, "", name);
    }
  });
});

function openSuite(t: TestContext) {
  const assets = needVectors(t, "sigstore-conformance");
  const publicGood = needVectors(t, "public-good/targets/trusted_root.json");
  if (assets === undefined || publicGood === undefined) return undefined;
  const directory = join(assets, "bundle-verify");
  const cases = readdirSync(directory, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => name);
  const read = (name: string, file: string): Buffer | undefined => {
    const path = join(directory, name, file);
    return existsSync(path) ? readFileSync(path) : undefined;
  };
  const text = (name: string, file: string): string | undefined =>
    read(name, file)?.toString().trim();
  const run = (name: string, form: "path" | "digest", bundle?: string): Evidence => {
    const key = text(name, "key.pub");
    const signer: Policy["signer"] = key
      ? { kind: "key", key: decodePublicKeyPem(key) }
      : {
          kind: "identity",
          identity: { exact: text(name, "identity") ?? identityDefault },
          issuer: { exact: text(name, "issuer") ?? issuerDefault },
        };
    const bytes = read(name, "artifact") ?? readFileSync(join(assets, "a.txt"));
    const artifact: Artifact =
      form === "path" ? artifactFromBytes(bytes) : artifactFromDigest("sha256", sha256(bytes));
    return verify({
      bundle: bundle ?? (read(name, "bundle.sigstore.json") as Buffer),
      artifact,
      trustedRoot: read(name, "trusted_root.json") ?? readFileSync(publicGood),
      policy: { signer },
    });
  };
  return { cases, read, run };
}
