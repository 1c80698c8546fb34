// SPDX-License-Identifier: Apache-2.0
// A certificate over a key that the verifier knows: level `certified`, enforced and failing open.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { utf8Bytes } from "@chancery/formats/bytes";
import {
  type TestBundle,
  testBundle,
  type TestBundleOptions,
  testLeaf,
} from "../../../test/instance.ts";
import {
  buildCa,
  buildCertificate,
  extension,
  type FulcioLeafOptions,
  generalName,
  testKey,
} from "../../formats/test/certificate-builder.ts";
import {
  attempt,
  type AttemptOptions,
  instance,
  refused,
  signerPolicy,
  verified,
} from "../test/attempt.ts";
import {
  artifactFromBytes,
  assertVerified,
  type CertifiedIdentity,
  type CheckName,
  type Evidence,
  type FailOpen,
  failOpenChecks,
  firstFailure,
  type KeyPolicy,
  type Policy,
  verify,
} from "./index.ts";

const key = testKey();
const signer: KeyPolicy = { kind: "key", key: key.publicKey };
const identity: CertifiedIdentity = {
  identity: signerPolicy.identity,
  issuer: signerPolicy.issuer,
};
const made = (leaf: Partial<FulcioLeafOptions> = {}, more: TestBundleOptions = {}): TestBundle =>
  testBundle(instance, { leaf: testLeaf(instance, { key, ...leaf }), ...more });
const check = (bundle: TestBundle, options: AttemptOptions = {}): Evidence =>
  attempt(bundle, { signer, ...options });
const everything: FailOpen = { checks: failOpenChecks };
const open = (bundle: TestBundle, options: AttemptOptions = {}): Evidence =>
  check(bundle, { failOpen: everything, ...options });

/** Asserts acceptance although exactly these checks failed. */
function tolerated(evidence: Evidence, ...names: readonly CheckName[]): void {
  assert.equal(evidence.verdict, "verified", JSON.stringify(evidence.checks));
  assert.deepEqual(evidence.failOpen?.tolerated, names);
  assert.equal(firstFailure(evidence.checks), undefined);
  assertVerified(evidence);
}

const foreign = buildCa({ subject: "CN=foreign,O=test" });

describe("a certificate over the policy's key, enforced", () => {
  test("verifies with Rekor v1 and v2, messages and envelopes", () => {
    for (const rekor of [1, 2] as const) {
      for (const content of ["message", "envelope"] as const) {
        const evidence = check(made({}, { rekor, content }));
        verified(evidence);
        assert.equal(evidence.signer?.kind, "certificate");
        assert.equal(evidence.failOpen, undefined);
        verified(check(made({}, { rekor, content }), { signer: { ...signer, identity } }));
      }
    }
  });

  test("has every check made that a certificate has", () => {
    refused(check(made({ issuer: foreign })), "certificate-untrusted");
    refused(check(made({ ctKeys: [] })), "sct-missing");
    verified(check(made({ ctKeys: [] }), { sctThreshold: 0 }));
    refused(check(made({}, { entries: [] })), "log-entry-missing", "time-missing");
    refused(check(made(), { root: null }), "trusted-root-missing");
    refused(check(made({ notAfter: new Date("2030-01-01T00:04:59Z") })), "certificate-expired");
    refused(check(made({}, { signWith: testKey() })), "signature-invalid");
    const other = artifactFromBytes(utf8Bytes("another"));
    assert.equal(check(made(), { artifact: other }).verdict, "refused");
  });

  test("is of the identity that the policy names beside the key", () => {
    const wants = (change: object): Evidence =>
      check(made(), { signer: { ...signer, identity: { ...identity, ...change } } });
    verified(wants({}));
    refused(wants({ identity: { exact: "other@example.com" } }), "identity-mismatch");
    refused(wants({ issuer: { exact: "https://other.example" } }), "issuer-mismatch");
    refused(wants({ claims: { buildSignerURI: "x" } }), "claim-mismatch");
    assert.throws(() => wants({ issuer: { pattern: "(" } }), SyntaxError);
  });

  test("is there where the policy demands one", () => {
    const bare = testBundle(instance, { key });
    verified(check(bare));
    for (const demanding of [
      { ...signer, certified: true },
      { ...signer, identity },
    ]) {
      refused(check(bare, { signer: demanding }), "certificate-missing");
      refused(open(bare, { signer: demanding }), "certificate-missing");
      verified(check(made(), { signer: demanding }));
    }
  });

  test("was in use when the policy says that the key was", () => {
    const during = (start: string, end: string): Evidence =>
      check(made(), {
        signer: { ...signer, validFor: { start: new Date(start), end: new Date(end) } },
      });
    verified(during("2029-01-01T00:00:00Z", "2031-01-01T00:00:00Z"));
    refused(during("2029-01-01T00:00:00Z", "2029-12-31T00:00:00Z"), "key-not-valid-at-time");
  });
});

describe("failing open", () => {
  test("tells what failed, and leaves the verdict to the key", () => {
    tolerated(open(made()));
    tolerated(open(made({ issuer: foreign })), "certificate");
    tolerated(open(made({ ctKeys: [] })), "sct");
    tolerated(open(made({}, { entries: [] })), "log-threshold", "certificate");
    tolerated(open(made(), { root: null }), "trusted-root");
    tolerated(open(made({ notAfter: new Date("2030-01-01T00:04:59Z") })), "certificate");
    const noLogs = (root: any): void => {
      root.tlogs = [];
    };
    tolerated(open(made(), { root: noLogs }), "log-promise");
    const stamped = made({}, { rekor: 2, timestamps: [{ stamped: utf8Bytes("else") }] });
    tolerated(open(stamped), "timestamp");
    const wanted = { ...signer, identity: { ...identity, identity: { exact: "x@example.com" } } };
    tolerated(open(made(), { signer: wanted }), "identity");
  });

  test("works with a trusted root that cannot be read, or is none", () => {
    for (const trustedRoot of ["{}", "no JSON", new Uint8Array(3)]) {
      const { value, artifact } = made();
      const bundle = JSON.stringify(value);
      const input = { bundle, artifact: artifactFromBytes(artifact), trustedRoot };
      const evidence = verify({ ...input, policy: { signer, failOpen: everything } });
      tolerated(evidence, "trusted-root");
      assert.equal(
        evidence.checks.find(({ tolerated: open }) => open)?.code,
        "trusted-root-malformed",
      );
      const enforced = verify({ ...input, policy: { signer } });
      refused(enforced, "trusted-root-malformed");
    }
  });

  test("never lets another key, another artifact or a broken bundle pass", () => {
    const other: KeyPolicy = { kind: "key", key: testKey().publicKey };
    refused(open(made(), { signer: other }), "key-given-for-certificate");
    const evidence = open(made({}, { signWith: testKey() }));
    assert.equal(evidence.verdict, "refused");
    assert.equal(evidence.reason, "signature-invalid");
    const wrong = open(made(), { artifact: artifactFromBytes(utf8Bytes("another")) });
    assert.equal(wrong.verdict, "refused");
    assert.equal(wrong.reason, "artifact-digest-mismatch");
    const broken = open(made({}, { edit: (value) => (value.mediaType = "text/plain") }));
    assert.equal(broken.reason, "bundle-unknown-media-type");
    assert.equal(open(made(), { artifact: null }).reason, "artifact-missing");
  });

  test("takes no certificate of a CA and no precertificate for a signer's", () => {
    const usages = [
      extension.keyUsage(["digitalSignature"]),
      extension.extendedKeyUsage(["1.3.6.1.5.5.7.3.3"]),
      extension.subjectAltName([generalName.email("signer@example.com")]),
      extension.fulcio("issuer", "https://issuer.example"),
    ];
    for (const more of [extension.basicConstraints(true), extension.poison()]) {
      const extensions = [...usages, more];
      const leaf = buildCertificate({ key, issuer: instance.intermediate, extensions });
      refused(open(testBundle(instance, { leaf })), "certificate-unfit");
    }
  });

  test("does not tell who signed where nothing vouches for that", () => {
    const unproven = open(made({ issuer: foreign }), { signer: { ...signer, identity } });
    tolerated(unproven, "certificate");
    assert.equal(unproven.signer?.kind, "key");
    assert.ok(!JSON.stringify(unproven.signer).includes("signer@example.com"));
    const identityCheck = unproven.checks.find(({ name }) => name === "identity");
    assert.equal(identityCheck?.status, "skipped");
    assert.equal(open(made({ ctKeys: [] })).signer?.kind, "key");
    assert.equal(open(made()).signer?.kind, "certificate");
  });

  test("opens the checks that are named and no other", () => {
    const only = (...checks: FailOpen["checks"]): AttemptOptions => ({ failOpen: { checks } });
    tolerated(check(made({ ctKeys: [] }), only("sct")), "sct");
    refused(check(made({ ctKeys: [] }), only("certificate", "log-threshold")), "sct-missing");
    refused(check(made({ issuer: foreign }), only("sct")), "certificate-untrusted");
    const none = check(made(), only());
    verified(none);
    assert.deepEqual(none.failOpen, { inForce: true, tolerated: [] });
  });

  test("ends at its time, that instant included, and says so", () => {
    const until = new Date("2031-01-01T00:00:00Z");
    const failOpen = { checks: failOpenChecks, until };
    const bundle = made({ ctKeys: [] });
    const at = (ms: number): Evidence =>
      check(bundle, { failOpen, now: new Date(until.getTime() + ms) });
    tolerated(at(-1), "sct");
    tolerated(at(0), "sct");
    const late = at(1);
    refused(late, "sct-missing");
    assert.deepEqual(late.failOpen, { inForce: false, until, tolerated: [] });
    assert.equal(late.signer?.kind, "certificate");
  });

  test("works for keys without certificate, too", () => {
    const bare = testBundle(instance, { key, entries: [] });
    refused(check(bare), "log-entry-missing");
    tolerated(open(bare), "log-threshold");
  });

  test("is for policies with a key, of checks that may fail, at a time that is known", () => {
    const wrong = (policy: Partial<Policy>, now?: Date): void => {
      const options = { ...policy, ...(now && { now }) } as AttemptOptions;
      assert.throws(() => check(made(), options), RangeError);
    };
    wrong({ signer: signerPolicy, failOpen: everything });
    for (const name of ["bundle", "signer", "artifact", "signature"] as const) {
      wrong({ failOpen: { checks: [name] as unknown as FailOpen["checks"] } });
    }
    wrong({ failOpen: { checks: [], until: new Date(Number.NaN) } }, new Date());
    wrong({ failOpen: { checks: [], until: new Date() } });
  });
});
