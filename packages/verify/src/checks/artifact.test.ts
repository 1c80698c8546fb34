// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { encodeHex, utf8Bytes } from "@chancery/formats/bytes";
import { hash, type HashName } from "@chancery/formats/crypto";
import {
  testArtifact,
  type TestBundle,
  testBundle,
  type TestBundleOptions,
  testPredicateType,
} from "../../../../test/instance.ts";
import { attempt, instance, refused, verified } from "../../test/attempt.ts";
import { artifactFromBytes } from "../index.ts";

const attested = (statement: Readonly<Record<string, unknown>> = {}): TestBundle =>
  testBundle(instance, { content: "envelope", statement });
const hex = (name: HashName, bytes: Uint8Array = testArtifact): string =>
  encodeHex(hash(name, bytes));
const subject = (...digests: readonly object[]): TestBundle =>
  attested({ subject: digests.map((digest, i) => ({ name: `subject ${i}`, digest })) });
const other = { sha256: hex("sha256", utf8Bytes("other")) };

describe("an attestation", () => {
  test("is about the artifact when one subject has its digest", () => {
    const evidence = attempt(attested());
    verified(evidence);
    assert.equal(evidence.statement?.predicateType, testPredicateType);
    for (const name of ["sha256", "sha384", "sha512"] as const) {
      verified(attempt(subject({ [name]: hex(name) })));
    }
    verified(attempt(subject(other, { sha256: hex("sha256") })));
    verified(attempt(subject({ gitCommit: "00".repeat(20), sha256: hex("sha256") })));
    verified(attempt(subject({ sha256: hex("sha256"), sha512: hex("sha512") })));
  });

  test("with foreign subjects is refused, also under the artifact's own name", () => {
    refused(attempt(subject(other)), "artifact-not-a-subject");
    const named = attested({ subject: [{ name: "artifact", digest: other }] });
    refused(attempt(named), "artifact-not-a-subject");
    const artifact = artifactFromBytes(utf8Bytes("other"));
    refused(attempt(attested(), { artifact }), "artifact-not-a-subject");
  });

  test("with a subject of which one digest fits and one does not is refused", () => {
    refused(
      attempt(subject({ sha256: hex("sha256"), sha512: "00".repeat(64) })),
      "artifact-not-a-subject",
    );
    refused(attempt(subject({ ...other, sha512: hex("sha512") })), "artifact-not-a-subject");
    // Two halves of two subjects make no whole one.
    const halves = [
      { sha256: hex("sha256"), sha512: "00".repeat(64) },
      { ...other, sha512: hex("sha512") },
    ];
    refused(attempt(subject(...halves)), "artifact-not-a-subject");
  });

  test("with digests in other forms, lengths or algorithms is refused", () => {
    const sha256 = hex("sha256");
    const digests = [
      { sha256: sha256.toUpperCase() },
      { sha256: sha256.slice(0, 62) },
      { sha256: sha256.slice(0, 63) },
      { sha256: `${sha256}00` },
      { sha256: "" },
      { sha256: ` ${sha256}` },
      { sha256: `sha256:${sha256}` },
      { sha512: sha256 },
    ];
    for (const digest of digests) refused(attempt(subject(digest)), "artifact-not-a-subject");
    for (const name of ["SHA256", "sha256 ", "sha512_256", "sha3_256", "gitCommit", "toString"]) {
      refused(attempt(subject({ [name]: sha256 })), "artifact-digest-unavailable");
    }
  });

  test("may be verified without artifact, which its evidence says", () => {
    const evidence = attempt(subject(other), { artifact: null });
    verified(evidence);
    const check = evidence.checks.find(({ name }) => name === "artifact");
    assert.deepEqual([check?.status, check?.code], ["skipped", "not-required"]);
  });

  test("has the type that the policy asks for, whole", () => {
    verified(attempt(attested(), { predicateType: testPredicateType }));
    for (const predicateType of ["", "https://example.com/predicate", `${testPredicateType}.1`]) {
      refused(attempt(attested(), { predicateType }), "predicate-type-mismatch");
      refused(attempt(attested(), { predicateType, artifact: null }), "predicate-type-mismatch");
    }
  });

  test("is a Statement v1 or v0.1", () => {
    verified(attempt(attested({ _type: "https://in-toto.io/Statement/v0.1" })));
    for (const _type of [
      "https://in-toto.io/Statement/v2",
      "https://in-toto.io/Statement/v0.2",
      "",
    ]) {
      refused(attempt(attested({ _type })), "statement-malformed");
    }
    for (const statement of [
      { subject: [] },
      { subject: undefined },
      { subject: "artifact" },
      { predicateType: undefined },
      { predicateType: "" },
      { predicate: [] },
    ]) {
      refused(attempt(attested(statement)), "statement-malformed");
    }
  });

  test("has at most 1024 subjects of 32 digests", () => {
    const subjects = (count: number): object[] => [
      ...Array.from({ length: count - 1 }, () => other),
      { sha256: hex("sha256") },
    ];
    verified(attempt(subject(...subjects(1024))));
    refused(attempt(subject(...subjects(1025))), "statement-malformed");
    const digests = (count: number): object => ({
      ...Object.fromEntries(Array.from({ length: count - 1 }, (_, i) => [`unknown${i}`, "00"])),
      sha256: hex("sha256"),
    });
    verified(attempt(subject(digests(32))));
    refused(attempt(subject(digests(33))), "statement-malformed");
  });

  test("is an in-toto Statement by its payload type, exactly", () => {
    for (const payloadType of [
      "application/vnd.in-toto.provenance+json",
      "application/vnd.in-toto+json; charset=utf-8",
      "Application/vnd.in-toto+json",
      "text/plain",
    ]) {
      const bundle = testBundle(instance, { content: "envelope", payloadType });
      refused(attempt(bundle), "payload-type-unsupported");
      refused(attempt(bundle, { artifact: null }), "payload-type-unsupported");
    }
  });

  test("whose payload is no JSON, or says a name twice, is refused", () => {
    const sha256 = hex("sha256");
    const text = (subjects: string): string =>
      `{"_type":"https://in-toto.io/Statement/v1",${subjects},"predicateType":"x"}`;
    const good = `"subject":[{"digest":{"sha256":"${sha256}"}}]`;
    const payloads = [
      "not JSON",
      `${text(good)}x`,
      text(`${good},"subject":[]`),
      text(`"subject":[{"digest":{"sha256":"${other.sha256}","sha256":"${sha256}"}}]`),
      text('"subject":[{"digest":{"sha256":1}}]'),
      text('"subject":[{"digest":["sha256"]}]'),
      text('"subject":[{}]'),
    ];
    const made = (payload: string, more: TestBundleOptions = {}): TestBundle =>
      testBundle(instance, { content: "envelope", payload: utf8Bytes(payload), ...more });
    verified(attempt(made(text(good))));
    for (const payload of payloads) refused(attempt(made(payload)), "statement-malformed");
  });

  test("that was not signed so is not handed on", () => {
    const bundle = attested();
    const foreign = attested({ predicateType: "https://example.com/evil" });
    bundle.value.dsseEnvelope.payload = foreign.value.dsseEnvelope.payload;
    const evidence = attempt(bundle);
    assert.equal(evidence.reason, "signature-invalid");
    assert.equal(evidence.statement, undefined);
  });
});

describe("a message signature", () => {
  test("needs the artifact", () => {
    refused(
      attempt(testBundle(instance), { artifact: null }),
      "artifact-missing",
      "log-entry-digest-unavailable",
    );
    const bare = testBundle(instance, { entries: [], timestamps: [{}] });
    refused(attempt(bare, { artifact: null, logThreshold: 0 }), "artifact-missing");
  });

  test("verifies without the digest that it may mention, and not against it", () => {
    const without = testBundle(instance);
    delete without.value.messageSignature.messageDigest;
    verified(attempt(without));
    const wrong = testBundle(instance);
    wrong.value.messageSignature.messageDigest.digest = Buffer.alloc(32).toString("base64");
    refused(attempt(wrong), "artifact-digest-mismatch");
    const short = testBundle(instance);
    short.value.messageSignature.messageDigest.digest = "AAAA";
    refused(attempt(short), "artifact-digest-mismatch");
  });

  test("may mention a digest that is not at hand, which its evidence says", () => {
    const bundle = testBundle(instance);
    const hint = bundle.value.messageSignature.messageDigest;
    hint.algorithm = "SHA2_512";
    const digests = { kind: "digests", digests: { sha256: hash("sha256", testArtifact) } } as const;
    const evidence = attempt(bundle, { artifact: digests });
    verified(evidence);
    const check = evidence.checks.find(({ name }) => name === "artifact");
    assert.deepEqual([check?.status, check?.code], ["skipped", "artifact-digest-unavailable"]);
    refused(attempt(bundle), "artifact-digest-mismatch");
    hint.algorithm = "SHA3_256";
    refused(attempt(bundle), "artifact-digest-unavailable");
  });

  test("of another artifact is refused", () => {
    const artifact = artifactFromBytes(utf8Bytes("another"));
    refused(
      attempt(testBundle(instance), { artifact }),
      "artifact-digest-mismatch",
      "signature-invalid",
      "log-entry-digest-mismatch",
    );
  });
});
