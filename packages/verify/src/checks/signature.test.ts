// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { decodeBundle } from "@chancery/formats/bundle";
import {
  algorithmByName,
  hash,
  type HashName,
  type SignatureScheme,
} from "@chancery/formats/crypto";
import {
  type TestBundle,
  testBundle,
  type TestBundleOptions,
  testLeaf,
} from "../../../../test/instance.ts";
import { testKey, type TestKeyType } from "../../../formats/test/certificate-builder.ts";
import { attempt, type AttemptOptions, instance, refused, verified } from "../../test/attempt.ts";
import {
  artifactFromBytes,
  artifactFromDigest,
  artifactForBundle,
  artifactFromStream,
  type Policy,
  type Evidence,
} from "../index.ts";

const made = (options: TestBundleOptions = {}): TestBundle => testBundle(instance, options);
const rsa = testKey("rsa");
const keyOf = (type: TestKeyType) => (type === "rsa" ? rsa : testKey(type));

/** Verifies by digests of the artifact alone. */
function byDigest(
  bundle: TestBundle,
  names: readonly HashName[],
  options: AttemptOptions = {},
): Evidence {
  const digests = Object.fromEntries(names.map((name) => [name, hash(name, bundle.artifact)]));
  return attempt(bundle, { ...options, artifact: { kind: "digests", digests } });
}

const algorithmOf = ({ signer }: Evidence): string | undefined => signer?.algorithm;

describe("algorithms", () => {
  const forms: [TestKeyType, SignatureScheme, string][] = [
    ["P-256", { kind: "ecdsa", hash: "sha256" }, "PKIX_ECDSA_P256_SHA_256"],
    ["P-384", { kind: "ecdsa", hash: "sha384" }, "PKIX_ECDSA_P384_SHA_384"],
    ["P-521", { kind: "ecdsa", hash: "sha512" }, "PKIX_ECDSA_P521_SHA_512"],
    ["P-384", { kind: "ecdsa", hash: "sha256" }, "PKIX_ECDSA_P384_SHA_256"],
    ["P-521", { kind: "ecdsa", hash: "sha256" }, "PKIX_ECDSA_P521_SHA_256"],
    ["rsa", { kind: "rsa-pkcs1v15", hash: "sha256" }, "PKIX_RSA_PKCS1V15_2048_SHA256"],
    ["ed25519", { kind: "ed25519" }, "PKIX_ED25519"],
    ["ed25519", { kind: "ed25519ph" }, "PKIX_ED25519_PH"],
  ];

  test("of every key verify, with certificates and without, old pairs included", () => {
    for (const [type, scheme, name] of forms) {
      for (const content of ["message", "envelope"] as const) {
        const key = keyOf(type);
        const bundles = [
          made({ key, scheme, content }),
          made({ leaf: testLeaf(instance, { key }), scheme, content }),
        ];
        for (const bundle of bundles) {
          const evidence = attempt(bundle);
          verified(evidence, name);
          assert.equal(algorithmOf(evidence), name);
        }
      }
    }
  });

  test("that a Rekor v2 entry names are the ones that are tried", () => {
    for (const [type, scheme, name] of forms) {
      if (scheme.kind === "ed25519") continue;
      const evidence = attempt(made({ rekor: 2, key: keyOf(type), scheme }));
      verified(evidence, name);
      assert.equal(algorithmOf(evidence), name);
    }
    // The log says SHA-384, the signature is over SHA-256.
    const scheme = { kind: "ecdsa", hash: "sha256" } as const;
    const lying = made({
      rekor: 2,
      key: testKey("P-384"),
      scheme,
      keyDetails: "PKIX_ECDSA_P384_SHA_384",
    });
    refused(attempt(lying), "signature-invalid");
  });

  test("with other hashes, or swapped ones, do not verify", () => {
    const others: [TestKeyType, SignatureScheme][] = [
      ["P-256", { kind: "ecdsa", hash: "sha384" }],
      ["P-256", { kind: "ecdsa", hash: "sha512" }],
      ["P-384", { kind: "ecdsa", hash: "sha512" }],
      ["P-521", { kind: "ecdsa", hash: "sha384" }],
      ["rsa", { kind: "rsa-pkcs1v15", hash: "sha512" }],
    ];
    for (const [type, scheme] of others) {
      refused(attempt(made({ key: keyOf(type), scheme })), "signature-invalid");
    }
  });

  test("RSA-PSS verifies only where a policy or a log entry states it", () => {
    const scheme = { kind: "rsa-pss", hash: "sha256" } as const;
    const pss = algorithmByName("PKIX_RSA_PSS_2048_SHA256");
    const bundle = made({ key: rsa, scheme });
    const key = { kind: "key", key: rsa.publicKey } as const;
    refused(attempt(bundle), "signature-invalid");
    verified(attempt(bundle, { signer: { ...key, algorithm: pss } }));
    verified(attempt(made({ key: rsa, scheme, rekor: 2 })));
    const pkcs1 = made({ key: rsa });
    refused(attempt(pkcs1, { signer: { ...key, algorithm: pss } }), "signature-invalid");
  });

  test("that the policy demands and the key cannot do are told as such", () => {
    const key = testKey();
    const algorithm = algorithmByName("PKIX_ED25519");
    const signer = { kind: "key", key: key.publicKey, algorithm } as const;
    refused(attempt(made({ key }), { signer }), "signature-algorithm-mismatch");
  });

  test("that the policy demands are the only ones", () => {
    const key = testKey("P-384");
    const bundle = made({ key, scheme: { kind: "ecdsa", hash: "sha256" } });
    const algorithm = algorithmByName("PKIX_ECDSA_P384_SHA_384");
    const signer = { kind: "key", key: key.publicKey, algorithm } as const;
    verified(attempt(bundle));
    refused(attempt(bundle, { signer }), "signature-invalid");
  });
});

describe("the signature", () => {
  test("is of the signer's key over this content", () => {
    for (const content of ["message", "envelope"] as const) {
      const forged = made({ content, signWith: testKey() });
      refused(attempt(forged), "signature-invalid");
      refused(attempt(made({ content, key: testKey(), signWith: testKey() })), "signature-invalid");
    }
  });

  test("of an envelope covers payload and payload type", () => {
    const retyped = made({ content: "envelope" });
    const { payload } = retyped.value.dsseEnvelope;
    const other = Buffer.from(payload, "base64").toString().replace("artifact", "artefact");
    retyped.value.dsseEnvelope.payload = Buffer.from(other).toString("base64");
    refused(attempt(retyped), "signature-invalid", "log-entry-digest-mismatch");
    const typed = made({ content: "envelope", payloadType: "application/vnd.other+json" });
    typed.value.dsseEnvelope.payloadType = "application/vnd.in-toto+json";
    refused(attempt(typed), "signature-invalid");
    assert.equal(attempt(typed).statement, undefined);
  });

  test("over the payload instead of its encoding does not verify", () => {
    const payload = new TextEncoder().encode(
      JSON.stringify({ _type: "https://in-toto.io/Statement/v1", subject: [], predicateType: "x" }),
    );
    const bundle = made({ artifact: payload });
    const { signature } = bundle.value.messageSignature;
    delete bundle.value.messageSignature;
    bundle.value.dsseEnvelope = {
      payload: Buffer.from(payload).toString("base64"),
      payloadType: "application/vnd.in-toto+json",
      signatures: [{ sig: signature }],
    };
    const { reason, checks } = attempt(bundle);
    assert.equal(reason, "statement-malformed");
    assert.equal(checks.find(({ name }) => name === "signature")?.code, "signature-invalid");
  });
});

describe("an artifact known by digests", () => {
  test("verifies where the signature covers one of them", () => {
    verified(byDigest(made(), ["sha256"]));
    verified(byDigest(made(), ["sha512", "sha256"]));
    verified(byDigest(made({ rekor: 2 }), ["sha256"]));
    verified(byDigest(made({ key: rsa }), ["sha256"]));
    const entries = [{ hash: "sha384" }] as const;
    verified(byDigest(made({ key: testKey("P-384"), entries }), ["sha384"]));
    const prehashed = { key: testKey("ed25519"), scheme: { kind: "ed25519ph" } } as const;
    verified(byDigest(made({ ...prehashed, entries: [{ hash: "sha512" }] }), ["sha512"]));
  });

  test("is refused where the digest is of another artifact", () => {
    const wrong = {
      kind: "digests",
      digests: { sha256: hash("sha256", new Uint8Array(1)) },
    } as const;
    refused(
      attempt(made(), { artifact: wrong }),
      "artifact-digest-mismatch",
      "signature-invalid",
      "log-entry-digest-mismatch",
    );
    const unlogged = made({ key: testKey(), entries: [] });
    delete unlogged.value.messageSignature.messageDigest;
    refused(attempt(unlogged, { artifact: wrong, logThreshold: 0 }), "signature-invalid");
    const attestation = made({ content: "envelope" });
    refused(attempt(attestation, { artifact: wrong }), "artifact-not-a-subject");
  });

  test("is not enough for pure Ed25519, nor where the signature may cover another digest", () => {
    const ed25519 = made({ key: testKey("ed25519"), entries: [{ hash: "sha256" }] });
    refused(byDigest(ed25519, ["sha256"]), "artifact-digest-unavailable");
    refused(byDigest(ed25519, ["sha256", "sha384", "sha512"]), "artifact-digest-unavailable");
    verified(attempt(ed25519));
    const p384 = made({
      key: testKey("P-384"),
      entries: [],
      scheme: { kind: "ecdsa", hash: "sha384" },
    });
    refused(byDigest(p384, ["sha256"], { logThreshold: 0 }), "artifact-digest-unavailable");
    verified(byDigest(p384, ["sha384"], { logThreshold: 0 }));
  });

  test("must be known by the digest that the log stored", () => {
    const bundle = made({ entries: [{ hash: "sha512" }] });
    refused(byDigest(bundle, ["sha256"]), "log-entry-digest-unavailable");
    verified(byDigest(bundle, ["sha256", "sha512"]));
  });

  test("is the same from a stream", async () => {
    const bundle = made();
    const chunks = [bundle.artifact.subarray(0, 3), bundle.artifact.subarray(3)];
    verified(attempt(bundle, { artifact: await artifactFromStream(chunks) }));
    const cut = await artifactFromStream(chunks.slice(1));
    assert.equal(attempt(bundle, { artifact: cut }).reason, "artifact-digest-mismatch");
  });

  for (const name of ["P-256", "P-384", "P-521", "rsa", "ed25519"] as const) {
    test(`is read as a bundle by a key of ${name} needs it`, async () => {
      const bundle = made({ key: keyOf(name), entries: [] });
      const json = decodeBundle(JSON.stringify(bundle.value));
      const signer: Policy["signer"] = { kind: "key", key: bundle.key.publicKey };
      const read = (chunks: Uint8Array[]) => artifactForBundle(chunks, json, { signer });
      const chunks = [bundle.artifact.subarray(0, 1), bundle.artifact.subarray(1)];
      verified(attempt(bundle, { logThreshold: 0, signer, artifact: await read(chunks) }));
      const artifact = await read(chunks.toReversed());
      const swapped = attempt(bundle, { logThreshold: 0, signer, artifact });
      assert.equal(swapped.verdict, "refused");
      assert.equal(swapped.checks.find((check) => check.name === "signature")?.status, "failed");
    });
  }

  test("that was read for one Ed25519 signature says nothing of another", async () => {
    const [one, other] = [0, 1].map(() => made({ key: testKey("ed25519"), entries: [] }));
    assert.ok(one && other);
    const policy: Policy = { signer: { kind: "key", key: one.key.publicKey } };
    const json = decodeBundle(JSON.stringify(one.value));
    const artifact = await artifactForBundle([one.artifact], json, policy);
    refused(
      attempt(other, {
        artifact,
        logThreshold: 0,
        signer: { kind: "key", key: other.key.publicKey },
      }),
      "artifact-digest-unavailable",
    );
  });

  test("is known by digests of the right size only", () => {
    for (const size of [0, 31, 33]) {
      const artifact = artifactFromDigest("sha256", new Uint8Array(size));
      assert.throws(() => attempt(made(), { artifact }), RangeError);
    }
  });

  test("in an attestation is a subject, by the digests that both know", () => {
    const attestation = made({ content: "envelope" });
    verified(byDigest(attestation, ["sha256"]));
    refused(byDigest(attestation, ["sha512"]), "artifact-digest-unavailable");
    verified(attempt(attestation, { artifact: artifactFromBytes(attestation.artifact) }));
  });
});
