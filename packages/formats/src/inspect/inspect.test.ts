// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import fc from "fast-check";
import { needVectors } from "../../../../test/vectors.ts";
import { encodeHex } from "../bytes/index.ts";
import { decodeBundle } from "../bundle/index.ts";
import { FormatError } from "../errors/index.ts";
import { decodeTrustedRoot } from "../trust/index.ts";
import { inspectBundle } from "./index.ts";

test("a certificate's bundle is read down to claims, SCTs, checkpoint and digest", (t) => {
  const suite = openSuite(t);
  if (!suite) return;
  const found = inspectBundle(suite.bundle("happy-path-v0.3"), suite.publicGood);
  assert.deepEqual(found.problems, []);
  assert.equal(found.version, "0.3");
  assert.ok(found.signer?.kind === "certificate");
  const [certificate] = found.signer.certificates;
  assert.equal(certificate?.identity?.kind, "uri");
  assert.match(certificate?.identity?.value ?? "", /extremely-dangerous-oidc-beacon\.yml@/);
  assert.equal(certificate?.issuer, "https://token.actions.githubusercontent.com");
  assert.equal(certificate?.claims?.githubWorkflowTrigger, "workflow_dispatch");
  assert.equal(certificate?.authority, "https://fulcio.sigstore.dev");
  assert.deepEqual(
    certificate?.scts.map(({ log }) => log),
    ["https://ctfe.sigstore.dev/2022"],
  );
  const [entry] = found.logEntries;
  assert.equal(entry?.log, "https://rekor.sigstore.dev");
  assert.equal(entry?.kind, "hashedrekord");
  assert.equal(entry?.body?.signer, "certificate");
  assert.equal(entry?.hasPromise, true);
  assert.equal(entry?.proof?.checkpoint?.size, entry?.proof?.treeSize);
  assert.deepEqual(
    entry?.proof?.checkpoint?.signatures.map(({ name, role }) => [name, role]),
    [["rekor.sigstore.dev", "log"]],
  );
  assert.ok(found.content?.kind === "message" && found.content.digest && entry?.body);
  assert.deepEqual(found.content.digest, entry.body.digest);
});

test("witnesses, timestamps and statements are shown, unknown names as null", (t) => {
  const suite = openSuite(t);
  if (!suite) return;
  const cosigned = inspectBundle(suite.bundle("rekor2-checkpoint-cosigned"), suite.publicGood);
  assert.deepEqual(cosigned.problems, []);
  const [entry] = cosigned.logEntries;
  assert.equal(entry?.log, null);
  assert.equal(entry?.integratedTime, undefined);
  const roles = entry?.proof?.checkpoint?.signatures.map(({ role }) => role);
  assert.deepEqual(roles?.toSorted(), ["log", "witness"]);
  assert.equal(cosigned.timestamps.length, 1);
  assert.equal(cosigned.timestamps[0]?.authority, null);
  assert.equal(cosigned.timestamps[0]?.hash, "sha256");
  assert.ok(cosigned.timestamps[0]?.time);

  const unnamed = inspectBundle(suite.bundle("rekor2-dsse-happy-path"));
  assert.equal(unnamed.logEntries[0]?.log, undefined);
  assert.ok(unnamed.content?.kind === "envelope");
  assert.equal(unnamed.content.statement?.subjects.length, 1);
  assert.ok(unnamed.content.statement?.predicateType);

  const keyed = inspectBundle(suite.bundle("managed-key-happy-path"));
  assert.ok(keyed.signer?.kind === "publicKey" && keyed.signer.hint !== "");
});

test("of a malformed bundle the rest is shown, with the place of each fault", (t) => {
  const suite = openSuite(t);
  if (!suite) return;
  const faults = (
    name: string,
    change: (bundle: any) => void = () => undefined,
  ): [string, string][] => {
    const value: unknown = JSON.parse(suite.bundle(name).toString());
    change(value);
    const found = inspectBundle(JSON.stringify(value));
    assert.ok(found.content, name);
    return found.problems.map(({ place, code }) => [place, code]);
  };
  const material = "verificationMaterial";
  const entry = `${material}.tlogEntries[0]`;
  assert.deepEqual(faults("bundle-negative-log-index_fail"), [
    [`${entry}.logIndex`, "out-of-range"],
    [`${entry}.canonicalizedBody`, "missing-field"],
  ]);
  assert.deepEqual(faults("rekor2-no-inclusion-proof_fail"), [
    [`${entry}.inclusionProof`, "missing-field"],
  ]);
  assert.deepEqual(faults("rekor2-checkpoint-missing-size_fail"), [
    [`${entry}.inclusionProof.checkpoint.envelope`, "malformed"],
  ]);
  const good = "happy-path-v0.3";
  assert.deepEqual(
    faults(good, (bundle) => {
      bundle.verificationMaterial.certificate.rawBytes = "MAAA";
      bundle.verificationMaterial.tlogEntries[0].canonicalizedBody = "e30=";
      bundle.verificationMaterial.tlogEntries[0].logId = 7;
      bundle.verificationMaterial.timestampVerificationData = {
        rfc3161Timestamps: [{ signedTimestamp: "AAAA" }],
      };
      bundle.messageSignature.messageDigest.digest = "?";
    }).map(([place]) => place),
    [
      `${material}.certificate.rawBytes`,
      `${entry}.logId`,
      `${entry}.canonicalizedBody`,
      `${material}.timestampVerificationData.rfc3161Timestamps[0].signedTimestamp`,
      "messageSignature.messageDigest.digest",
    ],
  );
  assert.deepEqual(
    faults(good, (bundle) => (bundle.verificationMaterial.publicKey = { hint: "x" })),
    [[`${material}.publicKey`, "conflicting-fields"]],
  );
  assert.deepEqual(
    faults(good, (bundle) => (bundle.mediaType = "application/json")),
    [["mediaType", "unknown-media-type"]],
  );
  assert.deepEqual(
    faults(good, (bundle) => (bundle.extra = 1)),
    [["extra", "unknown-field"]],
  );
  assert.deepEqual(
    faults(good, (bundle) => (bundle.verificationMaterial.tlogEntries = { 0: 1 })),
    [[`${material}.tlogEntries`, "wrong-type"]],
  );
  assert.deepEqual(
    faults(good, (bundle) => delete bundle.verificationMaterial),
    [[material, "missing-field"]],
  );
});

test("a bundle has problems exactly where reading it strictly has, or proofs are missing", (t) => {
  const suite = openSuite(t);
  if (!suite) return;
  let wellFormed = 0;
  for (const name of suite.names) {
    const json = suite.bundle(name);
    const strict = outcome(() => void decodeBundle(json));
    let places: string[];
    try {
      places = inspectBundle(json).problems.map(({ place }) => place);
    } catch (error) {
      assert.ok(error instanceof FormatError);
      assert.equal(strict, error.place, name);
      continue;
    }
    if (strict !== undefined) assert.ok(places.includes(strict), `${name}: ${strict}`);
    if (!name.endsWith("_fail")) assert.deepEqual(places, [], name);
    wellFormed += places.length === 0 ? 1 : 0;
  }
  assert.ok(wellFormed > 40);
});

test("what is no object of JSON is refused with its place", () => {
  for (const text of ["", "{", "[]", "7", '{"a":1,"a":2}', "{} {}"]) {
    assert.throws(() => inspectBundle(text), { name: "FormatError" }, text);
  }
});

test("cosign's older bundle is shown with its entry", (t) => {
  const suite = openSuite(t);
  if (!suite) return;
  const { content, tlogEntries, keyMaterial } = decodeBundle(suite.bundle("happy-path-v0.1"));
  assert.ok(content.kind === "message" && keyMaterial.kind === "chain" && tlogEntries[0]);
  const base64 = (bytes: Uint8Array | undefined): string =>
    Buffer.from(bytes ?? assert.fail()).toString("base64");
  const entry = tlogEntries[0];
  const legacy = {
    base64Signature: base64(content.message.signature),
    cert: base64(keyMaterial.certificates[0]),
    rekorBundle: {
      SignedEntryTimestamp: base64(entry.inclusionPromise),
      Payload: {
        body: base64(entry.canonicalizedBody),
        integratedTime: Number(entry.integratedTime),
        logIndex: Number(entry.logIndex),
        logID: encodeHex(entry.logId),
      },
    },
  };
  const found = inspectBundle(JSON.stringify(legacy), suite.publicGood);
  assert.deepEqual(found.problems, []);
  assert.equal(found.format, "legacy");
  assert.equal(found.logEntries[0]?.log, "https://rekor.sigstore.dev");
  assert.equal(found.logEntries[0]?.kind, "hashedrekord");
  assert.equal(found.content?.kind, "message");
  assert.ok(found.signer?.kind === "certificate" && found.signer.certificates[0]?.identity);
  const broken = inspectBundle(JSON.stringify({ ...legacy, cert: "MAAA" }));
  assert.deepEqual(
    broken.problems.map(({ place }) => place),
    ["cert"],
  );
  const unread = inspectBundle(JSON.stringify({ ...legacy, base64Signature: 7 }));
  assert.deepEqual(
    unread.problems.map(({ code }) => code),
    ["wrong-type"],
  );
});

test("nothing that happens to a bundle makes it more than a refusal", (t) => {
  const suite = openSuite(t);
  if (!suite) return;
  const sources = ["happy-path-v0.1", "rekor2-checkpoint-cosigned"].map(suite.bundle);
  const byte = fc.record({
    source: fc.constantFrom(...sources),
    at: fc.nat(),
    value: fc.integer({ min: 32, max: 126 }),
  });
  fc.assert(
    fc.property(byte, ({ source, at, value }) => {
      const changed = Uint8Array.from(source);
      changed[at % changed.length] = value;
      outcome(() => void inspectBundle(changed, suite.publicGood));
    }),
    { numRuns: 300 },
  );
});

/** The place of a refusal; undefined where there is none. Other errors go on. */
function outcome(run: () => void): string | undefined {
  try {
    run();
    return undefined;
  } catch (error) {
    if (error instanceof FormatError) return error.place;
    throw error;
  }
}

function openSuite(t: TestContext) {
  const folder = needVectors(t, "sigstore-conformance/bundle-verify");
  const root = needVectors(t, "public-good/targets/trusted_root.json");
  if (folder === undefined || root === undefined) return undefined;
  const path = (name: string): string => join(folder, name, "bundle.sigstore.json");
  return {
    names: readdirSync(folder).filter((name) => existsSync(path(name))),
    bundle: (name: string): Buffer => readFileSync(path(name)),
    publicGood: decodeTrustedRoot(readFileSync(root)),
  };
}
