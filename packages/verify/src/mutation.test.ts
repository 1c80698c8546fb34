// SPDX-License-Identifier: Apache-2.0
// Changes to bundles that verify. Each must be refused, or provably leave alone what was signed.
// More of them: MUTATIONS=5000 MUTATION_SEED=7 node --test …
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { decodeBundle } from "@chancery/formats/bundle";
import { instance } from "../test/attempt.ts";
import {
  attemptInPlace,
  conformanceSubjects,
  ownSubjects,
  type Subject,
} from "../test/subjects.ts";
import { differences, type Harmless } from "../test/survivor.ts";

const seed = Number(process.env["MUTATION_SEED"] ?? 1);
const samples = Number(process.env["MUTATIONS"] ?? 120);

/** Numbers in [0, limit), the same for the same seed (mulberry32). */
function numbers(from: number): (limit: number) => number {
  let state = from >>> 0;
  return (limit) => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) % limit;
  };
}

/** Bytes that turn one valid text into another more often than random ones. */
const replacements = Buffer.from('0129AZaz+/=-_"{}[]:,\\ \nntu.\u0000\u00ff', "latin1");

/** Asserts that what survived a change is harmless. */
function judge(subject: Subject, changed: Uint8Array): void {
  if (!differences(subject.bundle, decodeBundle(changed)).includes("other")) return;
  const text = Buffer.from(changed).toString("latin1");
  assert.fail(`${subject.name}, seed ${seed}: a change of what counts verifies\n${text}`);
}

function mutateBytes(subject: Subject): void {
  const random = numbers(seed);
  const bytes = Buffer.from(subject.json);
  assert.equal(attemptInPlace(subject, bytes).verdict, "verified", subject.name);
  for (let i = 0; i < samples; i++) {
    const at = random(bytes.length);
    const original = bytes[at] as number;
    const bit = original ^ (1 << random(8));
    bytes[at] = random(2) === 0 ? bit : (replacements[random(replacements.length)] as number);
    if (attemptInPlace(subject, bytes).verdict === "verified") judge(subject, bytes);
    bytes[at] = original;
  }
}

describe("a bundle with one byte changed", () => {
  test("of the test instance is refused, or nothing that was signed differs", () => {
    for (const subject of ownSubjects()) mutateBytes(subject);
  });

  test("of sigstore-conformance is refused, or nothing that was signed differs", (t) => {
    for (const subject of conformanceSubjects(t)) mutateBytes(subject);
  });
});

/** Changes that verify, one of each kind, by the subject in which they are found. */
const harmless: [subject: string, kind: Harmless, edit: (value: any) => void][] = [
  ["0.2 envelope, stamped", "version", (value) => (value.mediaType = types["0.1"])],
  ["0.1 message", "version", (value) => (value.mediaType = types["0.2"])],
  ["0.3 key", "version", (value) => (value.mediaType = types["0.3"])],
  ["0.3 key", "hint", (value) => (value.verificationMaterial.publicKey = {})],
  ["0.3 key", "hint", (value) => (value.verificationMaterial.publicKey.hint = "another name")],
  [
    "0.3 key with named hint",
    "keyid",
    (value) => (value.dsseEnvelope.signatures[0].keyid = "release key"),
  ],
  ["0.1 message", "extra certificates", (value) => addIntermediate(value)],
  [
    "0.3 without promise",
    "index over all shards, without promise",
    (value) => (entryOf(value).logIndex = "1"),
  ],
  [
    "0.3 without promise",
    "integrated time, without promise",
    (value) => (entryOf(value).integratedTime = "1"),
  ],
  [
    "0.3 Rekor v2 with witness",
    "signature lines of other keys",
    (value) => {
      const { checkpoint } = entryOf(value).inclusionProof;
      checkpoint.envelope = checkpoint.envelope.replace("witness.test", "witness.example");
    },
  ],
  [
    "0.1 proof without checkpoint",
    "proof without checkpoint",
    (value) => (entryOf(value).inclusionProof.logIndex = "1"),
  ],
  [
    "0.3 Rekor v2 with witness",
    "unsigned parts of a timestamp",
    (value) => flipEmbeddedCertificate(value),
  ],
];

const types = {
  "0.1": "application/vnd.dev.sigstore.bundle+json;version=0.1",
  "0.2": "application/vnd.dev.sigstore.bundle+json;version=0.2",
  "0.3": "application/vnd.dev.sigstore.bundle+json;version=0.3",
} as const;
const entryOf = (value: any): any => value.verificationMaterial.tlogEntries[0];

test("what nobody signs and nothing rests on may differ, and is the only thing that may", () => {
  const subjects = ownSubjects();
  const seen = new Set<Harmless>();
  for (const [name, kind, edit] of harmless) {
    const subject = subjects.find((item) => item.name === name);
    assert.ok(subject, name);
    const value = JSON.parse(subject.json);
    edit(value);
    const json = JSON.stringify(value);
    assert.equal(attemptInPlace(subject, json).verdict, "verified", `${name}: ${kind}`);
    assert.deepEqual(differences(subject.bundle, decodeBundle(json)), [kind]);
    seen.add(kind);
  }
  assert.equal(seen.size, 9);
});

function addIntermediate(value: any): void {
  const rawBytes = Buffer.from(instance.intermediate.der).toString("base64");
  value.verificationMaterial.x509CertificateChain.certificates.push({ rawBytes });
}

/** Changes the embedded root's signature: only the authority's own certificate must be there. */
function flipEmbeddedCertificate(value: any): void {
  const [stamp] = value.verificationMaterial.timestampVerificationData.rfc3161Timestamps;
  const der = Buffer.from(stamp.signedTimestamp, "base64");
  const at = der.indexOf(Buffer.from(instance.tsaRoot.certificate));
  assert.notEqual(at, -1);
  const last = at + instance.tsaRoot.certificate.length - 1;
  der[last] = (der[last] as number) ^ 1;
  stamp.signedTimestamp = der.toString("base64");
}
