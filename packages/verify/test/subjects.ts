// SPDX-License-Identifier: Apache-2.0
// Bundles that verify, to be changed: of the test instance, and of sigstore-conformance.
import assert from "node:assert/strict";
import type { TestContext } from "node:test";
import { type Bundle, decodeBundle } from "@chancery/formats/bundle";
import { decodePublicKeyPem } from "@chancery/formats/crypto";
import { decodeTrustedRoot } from "@chancery/formats/trust";
import { conformanceCases } from "../../../test/conformance-cases.ts";
import {
  type TestBundle,
  testBundle,
  type TestBundleOptions,
  testTrustedRoot,
} from "../../../test/instance.ts";
import { testKey } from "../../formats/test/certificate-builder.ts";
import { artifactFromBytes, type Evidence, verify, type VerifyInput } from "../src/index.ts";
import { instance, signerPolicy } from "./attempt.ts";

/** A bundle that verifies, and how. */
export interface Subject {
  readonly name: string;
  readonly json: string;
  readonly bundle: Bundle;
  readonly input: VerifyInput;
}

const trustedRoot = testTrustedRoot(instance);

/** Bundles of the test instance, one of each shape. */
export function ownSubjects(): Subject[] {
  const key = testKey();
  const witness = `\u2014 witness.test ${Buffer.alloc(76, 7).toString("base64")}\n`;
  const shapes: Record<string, TestBundleOptions> = {
    "0.1 message": { version: "0.1" },
    "0.2 envelope, stamped": { version: "0.2", content: "envelope", timestamps: [{}] },
    "0.3 intoto": { content: "envelope", entries: [{ kind: "intoto" }] },
    "0.3 Rekor v2 with witness": {
      rekor: 2,
      entries: [{ editLines: (line) => line + witness }],
      timestamps: [{ certificates: [instance.tsa.certificate, instance.tsaRoot.certificate] }],
    },
    "0.3 envelope in Rekor v2": { rekor: 2, content: "envelope" },
    "0.3 two logs": { entries: [{}, { log: instance.rekor2 }] },
    "0.3 key": { key },
    "0.3 key with named hint": {
      key,
      content: "envelope",
      edit: (value) => (value.verificationMaterial.publicKey.hint = "release key"),
    },
    "0.1 proof without checkpoint": {
      version: "0.1",
      entries: [{ edit: (entry) => delete entry.inclusionProof.checkpoint }],
    },
    "0.3 without promise": { entries: [{ promise: false }], timestamps: [{}] },
  };
  return Object.entries(shapes).map(([name, options]) => {
    const made: TestBundle = testBundle(instance, options);
    const json = JSON.stringify(made.value);
    const signer = options.key ? ({ kind: "key", key: key.publicKey } as const) : signerPolicy;
    const artifact = artifactFromBytes(made.artifact);
    const input = { bundle: json, artifact, trustedRoot, policy: { signer } };
    return { name, json, bundle: decodeBundle(json), input };
  });
}

/** The valid cases of sigstore-conformance, each with its root decoded once. */
export function conformanceSubjects(t: TestContext): Subject[] {
  const cases = conformanceCases(t);
  if (!cases) return [];
  const valid = [...cases.values()].filter(({ verdict }) => verdict === "verified");
  assert.equal(valid.length, 21);
  return valid.map(({ name, signer, ...item }) => {
    const json = Buffer.from(item.bundle).toString();
    const input: VerifyInput = {
      bundle: json,
      artifact: artifactFromBytes(item.artifact),
      trustedRoot: decodeTrustedRoot(item.trustedRoot),
      policy: {
        signer:
          signer.kind === "key"
            ? { kind: "key", key: decodePublicKeyPem(signer.pem) }
            : {
                kind: "identity",
                identity: { exact: signer.identity },
                issuer: { exact: signer.issuer },
              },
      },
    };
    return { name, json, bundle: decodeBundle(json), input };
  });
}

/** Verifies another bundle in the place of the subject's. */
export function attemptInPlace(subject: Subject, bundle: string | Uint8Array): Evidence {
  return verify({ ...subject.input, bundle });
}
