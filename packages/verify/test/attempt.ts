// SPDX-License-Identifier: Apache-2.0
// Verifications against the test instance: what is tried, and how its outcome is asserted.
import assert from "node:assert/strict";
import type { TrustedRoot } from "@chancery/formats/trust";
import {
  type TestBundle,
  testInstance,
  type TestInstance,
  testTrustedRoot,
} from "../../../test/instance.ts";
import {
  type Artifact,
  artifactFromBytes,
  type Evidence,
  type IdentityPolicy,
  type Policy,
  type ReasonCode,
  verify,
  type VerifyInput,
} from "../src/index.ts";

/** One instance for all: making it takes longer than a verification. */
export const instance: TestInstance = testInstance();
const trustedRoot: TrustedRoot = testTrustedRoot(instance);

/** The identity of leaves that say nothing else. */
export const signerPolicy: IdentityPolicy = {
  kind: "identity",
  identity: { exact: "signer@example.com" },
  issuer: { exact: "https://issuer.example" },
};

export interface AttemptOptions extends Partial<Omit<Policy, "signer">> {
  readonly signer?: Policy["signer"];
  /** Null: none is given. Default: what was signed. */
  readonly artifact?: Artifact | null;
  /** A change of the instance's root, null for none at all. */
  readonly root?: ((value: any) => void) | null;
  readonly now?: Date;
}

/** Verifies a bundle, its artifact given as bytes, by the signer's own identity or key. */
export function attempt(bundle: TestBundle, options: AttemptOptions = {}): Evidence {
  const { artifact, root, now, signer, ...policy } = options;
  const { certificate } = bundle.signing;
  const given = artifact === undefined ? artifactFromBytes(bundle.artifact) : artifact;
  const key: Policy["signer"] = { kind: "key", key: bundle.key.publicKey };
  const input: VerifyInput = {
    bundle: JSON.stringify(bundle.value),
    policy: { signer: signer ?? (certificate ? signerPolicy : key), ...policy },
    ...(given ? { artifact: given } : {}),
    ...(root === null ? {} : { trustedRoot: root ? testTrustedRoot(instance, root) : trustedRoot }),
    ...(now ? { now } : {}),
  };
  return verify(input);
}

/** Asserts acceptance, naming what failed. */
export function verified(evidence: Evidence, about?: string): void {
  assert.deepEqual(failures(evidence), [], about);
  assert.equal(evidence.verdict, "verified", about);
  assert.equal(evidence.reason, undefined, about);
}

/** Asserts refusal for exactly these reasons; the first is the one told. */
export function refused(evidence: Evidence, ...codes: readonly ReasonCode[]): void {
  assert.deepEqual(failures(evidence), codes);
  assert.equal(evidence.verdict, "refused");
  assert.equal(evidence.reason, codes[0]);
}

function failures({ checks }: Evidence): (ReasonCode | undefined)[] {
  const failed = checks.filter(({ status }) => status === "failed");
  return [...new Set(failed.map(({ code }) => code))];
}
