// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { test } from "node:test";
import { encodeBase64, utf8Bytes } from "@chancery/formats/bytes";
import {
  type TestBundle,
  testBundle,
  type TestBundleOptions,
  testLeaf,
} from "../../../../test/instance.ts";
import { testKey } from "../../../formats/test/certificate-builder.ts";
import type { ReasonCode } from "../index.ts";
import { attempt, instance, refused, verified } from "../../test/attempt.ts";

const made = (options: TestBundleOptions = {}): TestBundle => testBundle(instance, options);
const both = [1, 2] as const;

test("every kind of entry is understood when it is of the bundle", () => {
  for (const rekor of both) {
    verified(attempt(made({ rekor })));
    verified(attempt(made({ rekor, content: "envelope" })));
    verified(attempt(made({ rekor, key: testKey() })));
    verified(attempt(made({ rekor, key: testKey(), content: "envelope" })));
  }
  for (const kind of ["hashedrekord", "dsse", "intoto"] as const) {
    const evidence = attempt(made({ content: "envelope", entries: [{ kind }] }));
    verified(evidence);
    assert.match(evidence.logEntries[0]?.kind ?? "", new RegExp(`^${kind} `));
  }
  for (const hash of ["sha256", "sha384", "sha512"] as const) {
    verified(attempt(made({ entries: [{ hash }] })));
  }
});

test("an entry of another signature, by the same signer over the same artifact, is refused", () => {
  for (const rekor of both) {
    for (const content of ["message", "envelope"] as const) {
      const leaf = testLeaf(instance);
      const { signing } = made({ leaf, content });
      const bundle = made({ rekor, leaf, content, entries: [{ signing }] });
      refused(attempt(bundle), "log-entry-signature-mismatch");
    }
  }
});

test("an entry of another certificate is refused, even over the same key", () => {
  const key = testKey();
  const [leaf, other] = [testLeaf(instance, { key }), testLeaf(instance, { key })];
  for (const rekor of both) {
    const { signing } = made({ rekor, leaf });
    const transplanted = { ...signing, certificate: other.der };
    const bundle = made({ rekor, leaf, entries: [{}] });
    // The bundle's own signature, logged with another certificate of the same key.
    const edit = (body: any): void => {
      const pem = `-----BEGIN CERTIFICATE-----\n${encodeBase64(other.der)}\n-----END CERTIFICATE-----\n`;
      if (rekor === 1) body.spec.signature.publicKey.content = encodeBase64(utf8Bytes(pem));
      else {
        const { verifier } = body.spec.hashedRekordV002.signature;
        verifier.x509Certificate.rawBytes = encodeBase64(other.der);
      }
    };
    verified(attempt(bundle));
    const swapped = made({ rekor, leaf, entries: [{ editBody: edit }] });
    refused(attempt(swapped), "log-entry-verifier-mismatch");
    const resigned = made({ rekor, leaf, entries: [{ signing: transplanted }] });
    refused(attempt(resigned), "log-entry-signature-mismatch");
  }
});

test("an entry of another key is refused, and one of the bare key for a certificate", () => {
  const key = testKey();
  const otherSpki = testKey().publicKey.spki;
  const leaf = testLeaf(instance, { key });
  for (const rekor of both) {
    const name = rekor === 1 ? "PUBLIC KEY" : "";
    const withKey =
      (spki: Uint8Array) =>
      (body: any): void => {
        if (rekor === 1) {
          const pem = `-----BEGIN ${name}-----\n${encodeBase64(spki)}\n-----END ${name}-----\n`;
          body.spec.signature.publicKey.content = encodeBase64(utf8Bytes(pem));
          return;
        }
        const { verifier } = body.spec.hashedRekordV002.signature;
        delete verifier.x509Certificate;
        verifier.publicKey = { rawBytes: encodeBase64(spki) };
      };
    const entries = (spki: Uint8Array) => [{ editBody: withKey(spki) }];
    refused(
      attempt(made({ rekor, key, entries: entries(otherSpki) })),
      "log-entry-verifier-mismatch",
    );
    refused(
      attempt(made({ rekor, leaf, entries: entries(key.publicKey.spki) })),
      "log-entry-verifier-mismatch",
    );
  }
});

test("an entry over another artifact or payload is refused", () => {
  const other = utf8Bytes("another artifact");
  for (const rekor of both) {
    const message = (signing: any): any => ({ ...signing, message: other });
    for (const content of ["message", "envelope"] as const) {
      const leaf = testLeaf(instance);
      const bundle = made({ rekor, leaf, content });
      // The same signature, logged over other bytes.
      const zeros = encodeBase64(new Uint8Array(32));
      const editBody = (body: any): void => {
        const { spec } = body;
        if (spec.hashedRekordV002) spec.hashedRekordV002.data.digest = zeros;
        else (spec.data?.hash ?? spec.payloadHash).value = "00".repeat(32);
      };
      const logged = made({ rekor, leaf, content, entries: [{ editBody }] });
      refused(attempt(logged), "log-entry-digest-mismatch");
      // A whole genuine entry of another signing.
      const entries = [{ signing: message(bundle.signing) }];
      refused(attempt(made({ rekor, leaf, content, entries })), "log-entry-signature-mismatch");
    }
  }
  const envelope = made({ content: "envelope", entries: [{ kind: "intoto" }] });
  verified(attempt(envelope));
  const intoto = (body: any): void => {
    body.spec.content.payloadHash.value = "00".repeat(32);
  };
  const editBody = { kind: "intoto", editBody: intoto } as const;
  refused(attempt(made({ content: "envelope", entries: [editBody] })), "log-entry-digest-mismatch");
});

test("a genuine entry of a foreign signing brings no time and counts for no threshold", () => {
  const foreign = made();
  const bundle = made({
    edit: (value) => {
      value.verificationMaterial.tlogEntries = foreign.value.verificationMaterial.tlogEntries;
    },
  });
  const evidence = attempt(bundle);
  refused(evidence, "log-entry-signature-mismatch");
  assert.deepEqual(evidence.times, []);
  assert.deepEqual(evidence.logEntries, []);
  const statusOf = (name: string): string | undefined =>
    evidence.checks.find((check) => check.name === name)?.status;
  assert.deepEqual(
    ["log-promise", "log-inclusion", "log-threshold", "certificate", "sct"].map(statusOf),
    ["passed", "passed", "skipped", "skipped", "skipped"],
  );
  // Not even where the policy asks for no log at all.
  refused(attempt(bundle, { logThreshold: 0 }), "log-entry-signature-mismatch");
});

test("an entry of an envelope does not serve a message, nor the other way round", () => {
  const leaf = testLeaf(instance);
  const message = made({ leaf, entries: [{ kind: "dsse" }] });
  refused(attempt(message), "log-entry-kind-mismatch");
  const asMessage = made({ leaf, entries: [{ kind: "intoto" }] });
  refused(attempt(asMessage), "log-entry-kind-mismatch");
});

test("the kind that the bundle states is the body's", () => {
  const states = (kindVersion: object): TestBundleOptions => ({
    entries: [{ edit: (entry) => (entry.kindVersion = kindVersion) }],
  });
  const kinds = [
    { kind: "dsse", version: "0.0.1" },
    { kind: "hashedrekord", version: "0.0.3" },
    { kind: "rekord", version: "0.0.1" },
  ];
  for (const kind of kinds) refused(attempt(made(states(kind))), "log-entry-kind-mismatch");
  // A v1 body that is called v2 would escape the promise.
  const v2 = { kind: "hashedrekord", version: "0.0.2" };
  refused(attempt(made(states(v2))), "set-unexpected", "inclusion-index-mismatch");
  const v1 = { kind: "hashedrekord", version: "0.0.1" };
  const called = made({ rekor: 2, entries: [{ edit: (entry) => (entry.kindVersion = v1) }] });
  refused(attempt(called), "log-entry-kind-mismatch");
});

test("a body that is no entry is refused", () => {
  const bodies: [(body: any) => void, ReasonCode][] = [
    [(body) => (body.kind = "rekord"), "log-entry-malformed"],
    [(body) => (body.apiVersion = "0.0.9"), "log-entry-malformed"],
    [(body) => (body.extra = 1), "log-entry-malformed"],
    [(body) => delete body.spec.signature, "log-entry-malformed"],
    [(body) => (body.spec.data.hash.algorithm = "md5"), "log-entry-malformed"],
    [(body) => (body.spec.data.hash.value += "00"), "log-entry-malformed"],
    [(body) => (body.spec.signature.publicKey.content = "AAAA"), "log-entry-malformed"],
  ];
  for (const [editBody, code] of bodies) {
    refused(attempt(made({ entries: [{ editBody }] })), code);
  }
  for (const text of ["{", "null", "[]", '{"kind":"a","kind":"b"}']) {
    refused(attempt(made({ entries: [{ body: () => utf8Bytes(text) }] })), "log-entry-malformed");
  }
});

test("two signatures in an entry are one too many", () => {
  const twice = (body: any): void => {
    const [first] = body.spec.signatures;
    body.spec.signatures.push({ ...first, signature: encodeBase64(new Uint8Array(70)) });
  };
  const bundle = made({ content: "envelope", entries: [{ editBody: twice }] });
  refused(attempt(bundle), "log-entry-signature-mismatch");
});

test("a Rekor v2 body that is not canonical is refused although its leaf is in the tree", () => {
  const loose = (bytes: Uint8Array): Uint8Array =>
    utf8Bytes(new TextDecoder().decode(bytes).replaceAll(",", ", "));
  const reordered = (bytes: Uint8Array): Uint8Array => {
    const { apiVersion, kind, spec } = JSON.parse(new TextDecoder().decode(bytes));
    return utf8Bytes(JSON.stringify({ kind, apiVersion, spec }));
  };
  const escaped = (bytes: Uint8Array): Uint8Array =>
    utf8Bytes(new TextDecoder().decode(bytes).replace('"kind"', '"\\u006bind"'));
  for (const body of [loose, reordered, escaped]) {
    refused(attempt(made({ rekor: 2, entries: [{ body }] })), "log-entry-not-canonical");
    // Rekor v1 bodies cannot be rebuilt; that the log stored them is all there is to know.
    verified(attempt(made({ entries: [{ body }] })));
  }
});

test("the key details of a Rekor v2 entry go with its key and its digest", () => {
  const named = (keyDetails: string): TestBundle =>
    made({ rekor: 2, keyDetails, entries: [{ hash: "sha256" }] });
  verified(attempt(named("PKIX_ECDSA_P256_SHA_256")));
  for (const details of [
    "PKIX_ECDSA_P384_SHA_256",
    "PKIX_ECDSA_P384_SHA_384",
    "PKIX_RSA_PKCS1V15_2048_SHA256",
    "PKIX_ED25519",
  ]) {
    refused(attempt(named(details)), "log-entry-algorithm-mismatch");
  }
  for (const details of ["ML_DSA_65", "PKIX_ECDSA_P256_SHA_512", ""]) {
    refused(attempt(named(details)), "log-entry-malformed");
  }
  // A digest that the algorithm does not use says nothing about the signature.
  const longer = made({ rekor: 2, entries: [{ hash: "sha512" }] });
  refused(attempt(longer), "log-entry-algorithm-mismatch");
  // Pure Ed25519 has no digest at all.
  const pure = made({ rekor: 2, key: testKey("ed25519"), keyDetails: "PKIX_ED25519" });
  refused(attempt(pure), "log-entry-algorithm-mismatch");
});
