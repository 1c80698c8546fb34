// SPDX-License-Identifier: Apache-2.0
// What became of a bundle verifies wherever the bundle did: conversions tried with verification.
import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test, type TestContext } from "node:test";
import {
  type Bundle,
  bundleFromLegacy,
  decodeBundle,
  decodeLegacyBundle,
  encodeBundle,
  encodeLegacyBundle,
  type LegacyBundle,
  upgradeBundle,
} from "@chancery/formats/bundle";
import { utf8Bytes } from "@chancery/formats/bytes";
import { decodePublicKeyPem, type HashName, hash } from "@chancery/formats/crypto";
import { envelopeToJson } from "@chancery/formats/dsse";
import { FormatError } from "@chancery/formats/errors";
import { artifactFromBytes, type Evidence, type Policy, verify } from "@chancery/verify";
import { needVectors } from "./vectors.ts";

const identity =
  "https://github.com/sigstore-conformance/extremely-dangerous-public-oidc-beacon/" +
  ".github/workflows/extremely-dangerous-oidc-beacon.yml@refs/heads/main";
const issuer = "https://token.actions.githubusercontent.com";

describe("upgrading a bundle", () => {
  test("what verified verifies still, and a refusal names what is missing", (t) => {
    const suite = openSuite(t);
    if (!suite) return;
    const upgraded: string[] = [];
    const refused: Record<string, string> = {};
    for (const name of suite.names) {
      const before = suite.bundle(name);
      if (!before || before.version === "0.3") continue;
      try {
        const { bundle, dropped } = upgradeBundle(before);
        assert.equal(bundle.version, "0.3");
        assert.ok(dropped.length === 0 || before.keyMaterial.kind === "chain");
        assert.deepEqual(decodeBundle(encodeBundle(bundle)), bundle);
        if (suite.ask(name, before).verdict !== "verified") continue;
        assert.equal(suite.ask(name, bundle).verdict, "verified", name);
        upgraded.push(`${name} from ${before.version}`);
      } catch (error) {
        if (!(error instanceof FormatError)) throw error;
        assert.equal(error.code, "missing-field");
        refused[name] = error.place;
      }
    }
    for (const name of ["happy-path-v0.1 from 0.1", "happy-path-v0.2 from 0.2"]) {
      assert.ok(upgraded.includes(name), `${name} is not among ${upgraded.join(", ")}`);
    }
    const place = "verificationMaterial.tlogEntries[0].inclusionProof";
    assert.equal(refused["intoto-missing-inclusion-proof_fail"], place);
    assert.equal(refused["invalid-inclusion-proof_fail"], `${place}.checkpoint`);
  });

  test("nothing but media type and chain changes, and version 0.3 is left as it is", (t) => {
    const suite = openSuite(t);
    if (!suite) return;
    const before = suite.bundle("happy-path-v0.2") as Bundle;
    const { bundle } = upgradeBundle(before);
    assert.deepEqual(bundle, {
      ...before,
      mediaType: "application/vnd.dev.sigstore.bundle.v0.3+json",
      version: "0.3",
      keyMaterial: { kind: "certificate", certificate: leafOf(before) },
    });
    assert.deepEqual(upgradeBundle(bundle), { bundle, dropped: [] });
    const extra = Uint8Array.of(1);
    const chain = { kind: "chain", certificates: [leafOf(before), extra] } as const;
    assert.deepEqual(upgradeBundle({ ...before, keyMaterial: chain }).dropped, [extra]);
    const empty = { kind: "chain", certificates: [] } as const;
    assert.throws(() => upgradeBundle({ ...before, keyMaterial: empty }), {
      code: "missing-field",
      place: "verificationMaterial.x509CertificateChain.certificates",
    });
  });
});

describe("a bundle from a legacy one", () => {
  const cases = [
    "happy-path-v0.1", // hashedrekord under a certificate
    "happy-path-v0.2",
    "managed-key-happy-path", // hashedrekord under a key
    "happy-path-intoto-in-dsse-v3",
    "intoto-with-custom-trust-root",
  ];
  for (const name of cases) {
    test(`verifies by its promise alone: ${name}`, (t) => {
      const suite = openSuite(t);
      if (!suite) return;
      const source = suite.bundle(name) as Bundle;
      const legacy = decodeLegacyBundle(encodeLegacyBundle(legacyOf(source)));
      const bundle = bundleFromLegacy(legacy, { timestamps: source.timestamps });
      assert.equal(bundle.version, "0.1");
      assert.deepEqual(decodeBundle(encodeBundle(bundle)), bundle);
      const evidence = suite.ask(name, bundle);
      assert.equal(evidence.verdict, "verified", `${evidence.reason}`);
    });
  }

  test("takes the digest from artifact or entry, and refuses another artifact", (t) => {
    const suite = openSuite(t);
    if (!suite) return;
    const { rekor, ...unlogged } = legacyOf(suite.bundle("happy-path-v0.1") as Bundle);
    assert.ok(rekor);
    const artifact = { sha256: hash("sha256", suite.artifact("happy-path-v0.1")) };
    const logged = { ...unlogged, rekor };
    assert.deepEqual(bundleFromLegacy(logged, { artifact }), bundleFromLegacy(logged));
    const other = { sha256: hash("sha256", utf8Bytes("other")) };
    refuses(logged, { artifact: other }, "conflicting-fields", /another artifact/);

    const bundle = bundleFromLegacy(unlogged, { artifact });
    assert.equal(bundle.version, "0.3");
    assert.equal(bundle.keyMaterial.kind, "certificate");
    assert.equal(suite.ask("happy-path-v0.1", bundle).reason, "log-entry-missing");
    refuses(unlogged, {}, "missing-field", /what was signed/);
  });

  test("refuses parts that belong to something else", (t) => {
    const suite = openSuite(t);
    if (!suite) return;
    const legacy = legacyOf(suite.bundle("happy-path-v0.1") as Bundle);
    const { certificate, ...unsigned } = legacy;
    const key = legacyOf(suite.bundle("managed-key-happy-path") as Bundle);
    const attestation = legacyOf(suite.bundle("happy-path-intoto-in-dsse-v3") as Bundle);
    assert.ok(certificate && legacy.rekor && key.rekor && attestation.certificate);
    const conflict = "conflicting-fields";
    const signature = Uint8Array.from(legacy.signature, (byte, i) => (i === 9 ? byte ^ 1 : byte));
    refuses({ ...legacy, signature }, {}, conflict, /another signature/);
    refuses({ ...legacy, rekor: key.rekor }, {}, conflict, /another signature/);
    refuses({ ...legacy, certificate: attestation.certificate }, {}, conflict, /another signer/);
    const wrong = { kind: "certificate", certificate: attestation.certificate } as const;
    refuses(legacy, { signer: wrong }, conflict, /signer given is another/);
    refuses(unsigned, { signer: wrong }, conflict, /another signer/);
    const right = { kind: "certificate", certificate } as const;
    assert.deepEqual(bundleFromLegacy(unsigned, { signer: right }), bundleFromLegacy(legacy));
    assert.deepEqual(bundleFromLegacy(unsigned), bundleFromLegacy(legacy));
    refuses({ signature: legacy.signature }, {}, "missing-field", /whose signature/);

    const { timestamps } = suite.bundle("managed-key-happy-path") as Bundle;
    assert.equal(timestamps.length, 1);
    refuses(legacy, { timestamps }, conflict, /not over this signature/);
  });

  test("takes an entry of a kind that is not known as it is", (t) => {
    const suite = openSuite(t);
    if (!suite) return;
    const legacy = legacyOf(suite.bundle("happy-path-v0.1") as Bundle);
    assert.ok(legacy.rekor);
    const canonicalizedBody = utf8Bytes('{"apiVersion":"0.0.9","kind":"seal","spec":{}}');
    const rekor = { ...legacy.rekor, canonicalizedBody };
    const artifact = { sha256: hash("sha256", suite.artifact("happy-path-v0.1")) };
    const [entry] = bundleFromLegacy({ ...legacy, rekor }, { artifact }).tlogEntries;
    assert.deepEqual([entry?.kind, entry?.kindVersion], ["seal", "0.0.9"]);
    const broken = { ...rekor, canonicalizedBody: utf8Bytes("{") };
    assert.throws(() => bundleFromLegacy({ ...legacy, rekor: broken }, { artifact }), FormatError);
  });
});

function refuses(
  legacy: LegacyBundle,
  more: Parameters<typeof bundleFromLegacy>[1] & {
    readonly artifact?: Readonly<Partial<Record<HashName, Uint8Array>>>;
  },
  code: string,
  message: RegExp,
): void {
  assert.throws(() => bundleFromLegacy(legacy, more), { name: "FormatError", code, message });
}

function leafOf({ keyMaterial }: Bundle): Uint8Array {
  if (keyMaterial.kind === "certificate") return keyMaterial.certificate;
  assert.ok(keyMaterial.kind === "chain");
  return keyMaterial.certificates[0] as Uint8Array;
}

/** What cosign 2 would have written for the same signature. */
function legacyOf(bundle: Bundle): LegacyBundle {
  const { content, keyMaterial } = bundle;
  const entry = bundle.tlogEntries[0];
  assert.ok(entry?.inclusionPromise);
  return {
    signature:
      content.kind === "message"
        ? content.message.signature
        : utf8Bytes(JSON.stringify(envelopeToJson(content.envelope))),
    ...(keyMaterial.kind === "publicKey" ? {} : { certificate: leafOf(bundle) }),
    rekor: {
      signedEntryTimestamp: entry.inclusionPromise,
      canonicalizedBody: entry.canonicalizedBody,
      integratedTime: entry.integratedTime,
      logIndex: entry.logIndex,
      logId: entry.logId,
    },
  };
}

function openSuite(t: TestContext) {
  const assets = needVectors(t, "sigstore-conformance");
  const publicGood = needVectors(t, "public-good/targets/trusted_root.json");
  if (assets === undefined || publicGood === undefined) return undefined;
  const folder = join(assets, "bundle-verify");
  const file = (name: string, path: string): Buffer | undefined =>
    existsSync(join(folder, name, path)) ? readFileSync(join(folder, name, path)) : undefined;
  const artifact = (name: string): Uint8Array =>
    file(name, "artifact") ?? readFileSync(join(assets, "a.txt"));
  return {
    names: readdirSync(folder).filter((name) => file(name, "bundle.sigstore.json")),
    artifact,
    /** Undefined for cases that are about what is no bundle. */
    bundle(name: string): Bundle | undefined {
      try {
        return decodeBundle(file(name, "bundle.sigstore.json") as Buffer);
      } catch (error) {
        if (error instanceof FormatError) return undefined;
        throw error;
      }
    },
    ask(name: string, bundle: Bundle): Evidence {
      const key = file(name, "key.pub")?.toString();
      const policy: Policy = {
        signer: key
          ? { kind: "key", key: decodePublicKeyPem(key) }
          : {
              kind: "identity",
              identity: { exact: file(name, "identity")?.toString().trim() ?? identity },
              issuer: { exact: file(name, "issuer")?.toString().trim() ?? issuer },
            },
      };
      return verify({
        bundle: utf8Bytes(encodeBundle(bundle)),
        artifact: artifactFromBytes(artifact(name)),
        trustedRoot: file(name, "trusted_root.json") ?? readFileSync(publicGood),
        policy,
      });
    },
  };
}
