// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { decodeBundle } from "@chancery/formats/bundle";
import { hash } from "@chancery/formats/crypto";
import { placesOf } from "../../formats/test/trust-material.ts";
import { testKey } from "../../formats/test/certificate-builder.ts";
import {
  testArtifact,
  type TestBundle,
  testBundle,
  type TestBundleOptions,
  testTrustedRoot,
  trustedRootValue,
} from "../../../test/instance.ts";
import { attempt, instance, refused, signerPolicy, verified } from "../test/attempt.ts";
import {
  artifactFromBytes,
  assertVerified,
  type Evidence,
  type KeyPolicy,
  type Policy,
  VerificationError,
  verify,
} from "./index.ts";

const made = (options: TestBundleOptions = {}): TestBundle => testBundle(instance, options);
const artifact = artifactFromBytes(testArtifact);
const policy: Policy = { signer: signerPolicy };
const trustedRoot = testTrustedRoot(instance);

describe("bundles of every version", () => {
  test("verify with certificate and with key, as message and as attestation", () => {
    for (const version of ["0.1", "0.2", "0.3"] as const) {
      for (const content of ["message", "envelope"] as const) {
        verified(attempt(made({ version, content })));
        verified(attempt(made({ version, content, key: testKey() })));
        if (version !== "0.1") verified(attempt(made({ version, content, rekor: 2 })));
      }
    }
    const old = "application/vnd.dev.sigstore.bundle+json;version=0.3";
    verified(attempt(made({ edit: (bundle) => (bundle.mediaType = old) })));
  });

  test("are refused under a media type that is not known", () => {
    const types = [
      "application/vnd.dev.sigstore.bundle.v0.4+json",
      "application/vnd.dev.sigstore.bundle.v0.9+json",
      "application/vnd.dev.sigstore.bundle.v0.1+json",
      "application/vnd.dev.sigstore.bundle+json;version=0.4",
      "application/vnd.dev.sigstore.bundle+json; version=0.3",
      "application/vnd.dev.sigstore.bundle+json",
      "Application/vnd.dev.sigstore.bundle.v0.3+json",
      "application/json",
      "__proto__",
      "toString",
      "",
    ];
    for (const type of types) {
      refused(
        attempt(made({ edit: (value) => (value.mediaType = type) })),
        "bundle-unknown-media-type",
      );
    }
    const none = made({ edit: (value) => delete value.mediaType });
    refused(attempt(none), "bundle-missing-field");
  });

  test("keep to the key material of their version", () => {
    const relabelled = (version: "0.1" | "0.2" | "0.3", mediaType: string): TestBundle =>
      made({ version, edit: (value) => (value.mediaType = mediaType) });
    const prefix = "application/vnd.dev.sigstore.bundle+json;version=";
    refused(attempt(relabelled("0.3", `${prefix}0.2`)), "bundle-unknown-field");
    refused(attempt(relabelled("0.2", `${prefix}0.3`)), "bundle-unknown-field");
    // A 0.2 bundle that is called 0.1 or the reverse has all that either demands.
    verified(attempt(relabelled("0.2", `${prefix}0.1`)));
  });

  test("with two contents, or two key materials, or none are refused", () => {
    const envelope = made({ content: "envelope" }).value.dsseEnvelope;
    const both = made({ edit: (value) => (value.dsseEnvelope = envelope) });
    refused(attempt(both), "bundle-conflicting-fields");
    const empty = made({ edit: (value) => (value.dsseEnvelope = {}) });
    refused(attempt(empty), "bundle-conflicting-fields");
    const neither = made({ edit: (value) => delete value.messageSignature });
    refused(attempt(neither), "bundle-missing-field");
    const materials = [
      { publicKey: { hint: "x" } },
      { publicKey: {} },
      { x509CertificateChain: { certificates: [] } },
    ];
    for (const material of materials) {
      const twice = made({
        edit: (value) => Object.assign(value.verificationMaterial, material),
      });
      refused(attempt(twice), "bundle-conflicting-fields");
    }
    const keyless = made({ edit: (value) => delete value.verificationMaterial.certificate });
    refused(attempt(keyless), "bundle-missing-field");
  });

  test("with a name that stands twice are refused, wherever it stands", () => {
    const text = JSON.stringify(made().value);
    const places = [...text.matchAll(/"(\w+)":/g)];
    assert.ok(places.length > 20);
    for (const { index, 1: name } of places) {
      const doubled = `${text.slice(0, index)}"${name}":null,${text.slice(index)}`;
      const evidence = verify({ bundle: doubled, artifact, trustedRoot, policy });
      refused(evidence, "bundle-duplicate-key");
    }
  });

  test("may be given decoded, and the root as JSON", () => {
    const bundle = JSON.stringify(made().value);
    const bytes = new TextEncoder().encode(bundle);
    const root = JSON.stringify(trustedRootValue(instance));
    for (const given of [bundle, bytes, decodeBundle(bundle)]) {
      for (const trusted of [trustedRoot, root, new TextEncoder().encode(root)]) {
        verified(verify({ bundle: given, artifact, trustedRoot: trusted, policy }));
      }
    }
  });
});

describe("the signer", () => {
  const key = testKey();
  const signer: KeyPolicy = { kind: "key", key: key.publicKey };

  test("is the policy's key, or an identity, and not the other", () => {
    refused(attempt(made(), { signer }), "key-given-for-certificate");
    refused(attempt(made({ key }), { signer: signerPolicy }), "key-not-given");
  });

  test("is no other key", () => {
    const other: KeyPolicy = { kind: "key", key: testKey().publicKey };
    refused(attempt(made({ key }), { signer: other }), "key-hint-mismatch");
    const anonymous = made({ key, edit: (value) => (value.verificationMaterial.publicKey = {}) });
    verified(attempt(anonymous, { signer }));
    refused(
      attempt(anonymous, { signer: other }),
      "signature-invalid",
      "log-entry-verifier-mismatch",
    );
  });

  test("may be named by a hint of any other form, which must be the envelope's keyid", () => {
    const named = (hint: string, keyid?: string): Evidence => {
      const edit = (value: any): void => {
        value.verificationMaterial.publicKey.hint = hint;
        if (keyid !== undefined) value.dsseEnvelope.signatures[0].keyid = keyid;
      };
      return attempt(made({ key, content: "envelope", edit }), { signer });
    };
    const recommended = Buffer.from(hash("sha256", key.publicKey.spki)).toString("base64");
    for (const hint of ["", "release key", "a".repeat(43), recommended]) verified(named(hint));
    verified(named("release key", "release key"));
    verified(named("release key", ""));
    verified(named("", "release key"));
    refused(named("release key", "other key"), "key-hint-mismatch");
    refused(named(`${"a".repeat(43)}=`), "key-hint-mismatch");
  });

  test("was using the key at every verified time, both ends included", () => {
    const at = new Date("2030-01-01T00:05:00Z");
    const before = new Date(at.getTime() - 1);
    const after = new Date(at.getTime() + 1);
    const start = new Date("2029-01-01T00:00:00Z");
    const outcome = (validFor: { start: Date; end?: Date }, more?: TestBundleOptions): Evidence =>
      attempt(made({ key, ...more }), { signer: { ...signer, validFor } });
    verified(outcome({ start: at, end: at }));
    verified(outcome({ start }));
    refused(outcome({ start, end: before }), "key-not-valid-at-time");
    refused(outcome({ start: after }), "key-not-valid-at-time");
    const stamped = { timestamps: [{ genTime: new Date("2030-01-01T00:05:01Z") }] };
    refused(outcome({ start, end: at }, stamped), "key-not-valid-at-time");
  });

  test("with a period needs a time: none is not one inside it", () => {
    const validFor = { start: new Date("2029-01-01T00:00:00Z") };
    const unlogged = made({ key, entries: [] });
    const options = { signer: { ...signer, validFor }, logThreshold: 0 };
    refused(attempt(unlogged, options), "time-missing");
    verified(attempt(unlogged, { signer, logThreshold: 0 }));
    const current = { ...options, allowCurrentTime: true };
    verified(attempt(unlogged, { ...current, now: new Date("2030-01-01T00:00:00Z") }));
    const early = new Date("2028-01-01T00:00:00Z");
    refused(attempt(unlogged, { ...current, now: early }), "key-not-valid-at-time");
  });

  test("with a key needs no trusted root where nothing is logged or stamped", () => {
    const unlogged = made({ key, entries: [] });
    verified(attempt(unlogged, { signer, logThreshold: 0, root: null }));
    refused(attempt(unlogged, { signer, root: null }), "log-entry-missing");
    refused(attempt(made({ key }), { signer, root: null }), "trusted-root-missing");
    refused(
      attempt(made({ key }), { signer, logThreshold: 0, root: null }),
      "trusted-root-missing",
    );
  });

  test("with a certificate always needs a trusted root", () => {
    const bundle = made({ entries: [] });
    const lax = { logThreshold: 0, sctThreshold: 0, allowCurrentTime: true };
    const now = new Date("2030-01-01T00:05:00Z");
    verified(attempt(bundle, { ...lax, now }));
    refused(attempt(bundle, { ...lax, now, root: null }), "trusted-root-missing");
  });
});

describe("the trusted root", () => {
  test("that is malformed refuses everything, needed or not", () => {
    const unlogged = made({ key: testKey(), entries: [] });
    const signer: KeyPolicy = { kind: "key", key: unlogged.key.publicKey };
    for (const root of ["", "{", "{}", "[]", "null", '{"mediaType":"x"}']) {
      const bundle = JSON.stringify(unlogged.value);
      const input = { bundle, artifact, trustedRoot: root, policy: { signer, logThreshold: 0 } };
      refused(verify(input), "trusted-root-malformed");
    }
  });

  test("that is empty trusts nobody", () => {
    const empty = (root: any): void => {
      for (const name of ["tlogs", "certificateAuthorities", "ctlogs", "timestampAuthorities"]) {
        root[name] = [];
      }
    };
    refused(attempt(made(), { root: empty }), "log-unknown");
    refused(
      attempt(made({ rekor: 2 }), { root: empty }),
      "log-unknown",
      "timestamp-authority-unknown",
    );
  });
});

test("a threshold that is no count is the caller's mistake, not a pass", () => {
  for (const threshold of [Number.NaN, -1, 0.5, Number.POSITIVE_INFINITY]) {
    for (const name of ["logThreshold", "timestampThreshold", "sctThreshold"] as const) {
      assert.throws(() => attempt(made(), { [name]: threshold }), RangeError);
    }
  }
});

test("assertVerified hands on what verified and throws the rest with its reason and hint", () => {
  const good = attempt(made());
  assert.equal(assertVerified(good), good);
  const bad = attempt(made(), { logThreshold: 2 });
  assert.throws(
    () => assertVerified(bad),
    (error: unknown) =>
      error instanceof VerificationError &&
      error.code === "log-threshold" &&
      error.hint === "the policy asks for entries in more logs" &&
      error.evidence === bad,
  );
});

describe("hostile input", () => {
  const bundles = [
    made({ timestamps: [{}] }),
    made({ rekor: 2, content: "envelope" }),
    made({ version: "0.1", key: testKey() }),
  ];
  const strange: readonly unknown[] = [
    null,
    true,
    false,
    0,
    -1,
    1.5,
    1e300,
    "",
    "x",
    "AAAA",
    "-1",
    "99999999999999999999",
    "9223372036854775807",
    "\u0000",
    [],
    [[]],
    {},
    { __proto__: null, x: 1 },
    "A".repeat(10_000),
  ];

  /** Verifies anything; only throwing is wrong, and accepting what is not the same. */
  function survives(json: string, bundle: TestBundle): Evidence {
    const { certificate } = bundle.signing;
    const signer = certificate
      ? signerPolicy
      : ({ kind: "key", key: bundle.key.publicKey } as const);
    return verify({ bundle: json, artifact, trustedRoot, policy: { signer } });
  }

  test("of any JSON type in any place is refused or changes nothing, and never throws", () => {
    for (const bundle of bundles) {
      const old = bundle.value.mediaType.endsWith("=0.1");
      for (const { holder, name, path } of placesOf(bundle.value)) {
        const original = holder[name];
        for (const value of strange) {
          holder[name] = value;
          const { verdict, reason } = survives(JSON.stringify(bundle.value), bundle);
          // Null, the empty list and the empty object are as if the field were absent, and what
          // the policy does not ask for can always be taken away.
          const free =
            /publicKey$|hint$|keyid$|messageDigest$|inclusionPromise$/.test(path) ||
            /timestampVerificationData$|rfc3161Timestamps$/.test(path) ||
            (old && /inclusionProof(\.checkpoint)?$/.test(path));
          if (verdict === "verified") assert.ok(free, `${path} = ${JSON.stringify(value)}`);
          else assert.equal(typeof reason, "string");
        }
        delete holder[name];
        if (Array.isArray(holder)) holder.splice(Number(name), 1);
        survives(JSON.stringify(bundle.value), bundle);
        if (Array.isArray(holder)) holder.splice(Number(name), 0, original);
        else holder[name] = original;
      }
    }
  });

  test("of several changes at once never throws", () => {
    fc.assert(
      fc.property(
        fc.nat(bundles.length - 1),
        fc.array(fc.tuple(fc.nat(), fc.jsonValue({ maxDepth: 3 })), { minLength: 1, maxLength: 5 }),
        (which, changes) => {
          const bundle = bundles[which] as TestBundle;
          const value = structuredClone(bundle.value);
          for (const [place, replacement] of changes) {
            const all = placesOf(value);
            const found = all[place % all.length];
            if (found) found.holder[found.name] = replacement;
          }
          survives(JSON.stringify(value), bundle);
        },
      ),
      { numRuns: 300 },
    );
  });

  test("that is no bundle at all never throws", () => {
    const bundle = bundles[0] as TestBundle;
    fc.assert(fc.property(fc.string(), (text) => survives(text, bundle).verdict === "refused"));
    fc.assert(fc.property(fc.json(), (text) => survives(text, bundle).verdict === "refused"));
    fc.assert(
      fc.property(fc.uint8Array(), (bytes) => {
        return verify({ bundle: bytes, artifact, trustedRoot, policy }).verdict === "refused";
      }),
    );
    const text = JSON.stringify(bundle.value);
    for (let end = 0; end < text.length; end += 7) {
      assert.equal(survives(text.slice(0, end), bundle).reason?.startsWith("bundle-"), true);
    }
  });
});
