// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { testBundle } from "../../../test/instance.ts";
import { testKey } from "../../formats/test/certificate-builder.ts";
import { attempt, instance } from "../test/attempt.ts";
import {
  type Check,
  type CheckName,
  checkNames,
  type Evidence,
  EvidenceBuilder,
  type Signer,
} from "./evidence.ts";
import { hintFor, reasons } from "./reasons.ts";

const keySigner: Signer = { kind: "key", keySha256: "00" };
const certificateSigner: Signer = {
  kind: "certificate",
  claims: {},
  keySha256: "00",
  certificateSha256: "00",
  notBefore: new Date(0),
  notAfter: new Date(0),
};

/** Evidence with these checks passed. */
function passing(signer: Signer | undefined, names: readonly CheckName[]): Evidence {
  const evidence = new EvidenceBuilder();
  if (signer) evidence.signer = signer;
  for (const name of names) evidence.pass(name, "made up");
  if (signer?.kind === "key") evidence.skip("identity", "not-applicable", "a key");
  return evidence.build();
}

test("with nothing checked there is no success", () => {
  for (const signer of [undefined, keySigner, certificateSigner]) {
    const { verdict, reason, checks } = passing(signer, []);
    assert.equal(verdict, "refused");
    assert.equal(reason, "check-missing");
    assert.ok(checks.some(({ status }) => status === "failed"));
  }
});

test("each check that the verdict rests on is missed when it was not made", () => {
  const common: CheckName[] = ["bundle", "signer", "log-threshold", "artifact", "signature"];
  const certified: CheckName[] = [...common, "trusted-root", "certificate", "sct", "identity"];
  const cases: [Signer | undefined, readonly CheckName[]][] = [
    [keySigner, common],
    [certificateSigner, certified],
    [undefined, certified],
  ];
  for (const [signer, names] of cases) {
    assert.equal(passing(signer, names).verdict, "verified");
    for (const name of names) {
      const evidence = passing(
        signer,
        names.filter((item) => item !== name),
      );
      assert.equal(evidence.verdict, "refused", name);
      const missing = evidence.checks.filter(({ code }) => code === "check-missing");
      assert.deepEqual(
        missing.map((check) => check.name),
        [name],
      );
    }
  }
});

test("a check that was skipped stands for a passed one only where the policy can allow that", () => {
  const common: CheckName[] = ["bundle", "signer", "artifact", "signature"];
  for (const [code, verdict] of [
    ["not-required", "verified"],
    ["depends-on-failed", "refused"],
    ["not-applicable", "refused"],
  ] as const) {
    const evidence = new EvidenceBuilder();
    evidence.signer = keySigner;
    for (const name of common) evidence.pass(name, "made up");
    evidence.skip("identity", "not-applicable", "a key");
    evidence.skip("log-threshold", code, "made up");
    assert.equal(evidence.build().verdict, verdict, code);
  }
  for (const name of ["bundle", "signer", "signature", "certificate", "identity"] as const) {
    const evidence = new EvidenceBuilder();
    evidence.signer = certificateSigner;
    for (const other of checkNames) if (other !== name) evidence.pass(other, "made up");
    evidence.skip(name, "not-required", "made up");
    assert.equal(evidence.build().verdict, "refused", name);
  }
});

test("one failed check refuses, among however many that passed", () => {
  const status = fc.constantFrom("passed", "failed", "skipped");
  const made = fc.array(fc.tuple(fc.constantFrom(...checkNames), status), { maxLength: 30 });
  fc.assert(
    fc.property(made, fc.boolean(), (list, certificate) => {
      const evidence = new EvidenceBuilder();
      evidence.signer = certificate ? certificateSigner : keySigner;
      for (const [name, outcome] of list) {
        if (outcome === "passed") evidence.pass(name, "made up");
        else if (outcome === "failed") evidence.fail(name, "signature-invalid", "made up");
        else evidence.skip(name, "not-required", "made up");
      }
      const { verdict, reason, checks } = evidence.build();
      const failed = checks.filter((check) => check.status === "failed");
      assert.equal(verdict === "verified", failed.length === 0);
      assert.equal(reason, failed[0]?.code);
      if (list.some(([, outcome]) => outcome === "failed")) assert.equal(verdict, "refused");
    }),
  );
});

test("checks stand in the order of their list, what came first of one name first", () => {
  const evidence = new EvidenceBuilder();
  evidence.fail("log-content", "log-entry-malformed", "b");
  evidence.fail("bundle", "bundle-malformed", "a");
  evidence.pass("log-content", "c");
  const { checks } = evidence.build();
  assert.deepEqual(
    checks.map(({ message }) => message),
    ["a", "b", "c"],
  );
});

test("real evidence tells who signed, when, and which logs vouch for it", () => {
  const evidence = attempt(testBundle(instance, { timestamps: [{}] }));
  const time = new Date("2030-01-01T00:05:00Z");
  assert.deepEqual(evidence.times, [
    { source: "log", time, by: "https://rekor.test" },
    { source: "timestamp-authority", time, by: "https://tsa.test" },
  ]);
  assert.deepEqual(evidence.logEntries, [
    {
      log: "https://rekor.test",
      leafIndex: 5n,
      logIndex: 25_584n,
      kind: "hashedrekord 0.0.1",
      integratedTime: time,
      promise: true,
      inclusion: true,
    },
  ]);
  const { signer } = evidence;
  assert.ok(signer?.kind === "certificate");
  assert.deepEqual(
    [signer.identity, signer.identityKind, signer.issuer],
    ["signer@example.com", "email", "https://issuer.example"],
  );
  const made = (check: Check): string => `${check.name} ${check.status}`;
  assert.deepEqual(evidence.checks.map(made), [
    "bundle passed",
    "trusted-root passed",
    "signer passed",
    "log-promise passed",
    "log-checkpoint passed",
    "log-inclusion passed",
    "log-threshold passed",
    "timestamp passed",
    "certificate passed",
    "sct passed",
    "artifact passed",
    "signature passed",
    "log-content passed",
    "identity passed",
  ]);
  const key = attempt(testBundle(instance, { key: testKey() }));
  assert.deepEqual(key.checks.at(-1)?.status, "skipped");
});

test("every reason has a hint, those of the parser a common one", () => {
  for (const code of Object.keys(reasons)) {
    assert.notEqual(hintFor(code as keyof typeof reasons), "");
  }
  const common = hintFor("bundle-malformed-json");
  assert.equal(hintFor("bundle-too-large"), common);
  assert.match(common, /not a Sigstore bundle/);
});
