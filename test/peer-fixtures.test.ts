// SPDX-License-Identifier: Apache-2.0
// Files that other implementations made (test/fixtures/peers, each peer's README says how), read
// and verified by ours. The other direction, and live peers, are in interop/.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import { decodeBundle, encodeBundle } from "@chancery/formats/bundle";
import { decodeBase64 } from "@chancery/formats/bytes";
import {
  algorithmByName,
  decodePublicKeyPem,
  hash,
  type PublicKey,
  publicKeysEqual,
  verifySignature,
} from "@chancery/formats/crypto";
import { readPrivateKey } from "@chancery/sign";
import {
  artifactFromBytes,
  artifactFromDigest,
  type Evidence,
  type Policy,
  verify,
} from "@chancery/verify";
import { type Fixture, readFixtures } from "../interop/make-fixtures/case.ts";

const fixtures = readFixtures();
const bundles = fixtures.filter((fixture) => fixture.bundle !== undefined);

/** For a signature alone, by the names that fixtures use. */
const detachedAlgorithms: Readonly<Record<string, string>> = {
  p256: "PKIX_ECDSA_P256_SHA_256",
  p384: "PKIX_ECDSA_P384_SHA_384",
  p521: "PKIX_ECDSA_P521_SHA_512",
  ed25519: "PKIX_ED25519",
  "rsa2048-pkcs1": "PKIX_RSA_PKCS1V15_2048_SHA256",
  "rsa3072-pkcs1": "PKIX_RSA_PKCS1V15_3072_SHA256",
  "rsa4096-pkcs1": "PKIX_RSA_PKCS1V15_4096_SHA256",
  "rsa2048-pss": "PKIX_RSA_PSS_2048_SHA256",
  "rsa3072-pss": "PKIX_RSA_PSS_3072_SHA256",
  "rsa4096-pss": "PKIX_RSA_PSS_4096_SHA256",
};

test("the fixtures of all peers are there", () => {
  const peers = new Set(fixtures.map(({ name }) => name.split("/")[0]));
  assert.deepEqual([...peers], ["cosign", "openssl", "sigstore-js", "sigstore-python"]);
  assert.ok(bundles.length >= 24, `${bundles.length} bundles`);
});

for (const fixture of bundles) {
  describe(fixture.name, () => {
    test("verifies", () => {
      const evidence = ask(fixture);
      assert.equal(evidence.verdict, "verified", evidence.reason);
    });

    test("is refused for other bytes", () => {
      const artifact = Buffer.concat([file(fixture, fixture.artifact), Buffer.from("!")]);
      const { verdict, reason } = ask(fixture, { artifact });
      assert.equal(verdict, "refused");
      assert.match(reason ?? "", /^(artifact-|signature-|log-entry-|statement-|subject-)/);
    });

    test("is refused for another signer", () => {
      assert.equal(ask(fixture, { policy: otherSigner(fixture) }).verdict, "refused");
    });

    test("verifies after being written again", () => {
      const bundle = encodeBundle(decodeBundle(file(fixture, fixture.bundle)));
      assert.equal(ask(fixture, { bundle: Buffer.from(bundle) }).verdict, "verified");
    });

    test("verifies by digest where the digest is what was signed", () => {
      const { algorithm } = fixture;
      const digest = hash("sha256", file(fixture, fixture.artifact));
      const { verdict } = ask(fixture, { digest });
      const other = algorithm === "p384" || algorithm === "p521" || algorithm === "ed25519";
      assert.equal(verdict, other ? "refused" : "verified");
    });
  });
}

for (const fixture of fixtures.filter(({ signature }) => signature !== undefined)) {
  test(`${fixture.name}: the detached signature verifies, and no changed one`, () => {
    const key = publicKey(fixture);
    const message = file(fixture, fixture.artifact);
    const raw = file(fixture, fixture.signature);
    const isText = fixture.name.startsWith("cosign/");
    const signature = isText ? decodeBase64(raw.toString()) : raw;
    const short = fixture.algorithm ?? "p256";
    const name = detachedAlgorithms[short] ?? detachedAlgorithms[`${short}-pkcs1`];
    const algorithm = algorithmByName(name ?? "");
    assert.ok(algorithm, short);
    assert.equal(verifySignature(key, algorithm.scheme, message, signature), true);
    for (const at of [0, signature.length >> 1, signature.length - 1]) {
      const changed = Uint8Array.from(signature);
      changed[at] = (changed[at] ?? 0) ^ 1;
      assert.equal(verifySignature(key, algorithm.scheme, message, changed), false, `byte ${at}`);
    }
  });
}

for (const fixture of fixtures.filter(({ privateKey }) => privateKey !== undefined)) {
  test(`${fixture.name}: the private key opens with its password and no other`, async () => {
    const text = file(fixture, fixture.privateKey);
    const password = async (): Promise<Uint8Array> => Buffer.from(fixture.password ?? "");
    const key = await readPrivateKey(text, password);
    assert.ok(publicKeysEqual(key.publicKey, publicKey(fixture)));
    const wrong = async (): Promise<Uint8Array> => Buffer.from(`${fixture.password}!`);
    await assert.rejects(readPrivateKey(text, wrong), { code: "wrong-password" });
  });
}

interface Changes {
  readonly artifact?: Uint8Array;
  readonly digest?: Uint8Array;
  readonly bundle?: Uint8Array;
  readonly policy?: Policy;
}

function ask(fixture: Fixture, changes: Changes = {}): Evidence {
  const bytes = changes.artifact ?? file(fixture, fixture.artifact);
  const root = fixture.trustedRoot;
  return verify({
    bundle: changes.bundle ?? file(fixture, fixture.bundle),
    artifact: changes.digest
      ? artifactFromDigest("sha256", changes.digest)
      : artifactFromBytes(bytes),
    policy: changes.policy ?? policyOf(fixture),
    ...(root === undefined ? {} : { trustedRoot: file(fixture, root) }),
  });
}

function policyOf(fixture: Fixture): Policy {
  const logThreshold = fixture.withoutLog === true ? 0 : 1;
  if (fixture.publicKey !== undefined) {
    return { signer: { kind: "key", key: publicKey(fixture) }, logThreshold };
  }
  const { identity = "", issuer = "" } = fixture;
  const signer = { kind: "identity", identity: { exact: identity }, issuer: { exact: issuer } };
  return { signer, logThreshold } as Policy;
}

/** The policy of the next fixture of the same sort, or for an identity one that is a prefix. */
function otherSigner(fixture: Fixture): Policy {
  const policy = policyOf(fixture);
  if (fixture.publicKey === undefined) {
    const { identity = "" } = fixture;
    return policyOf({ ...fixture, identity: identity.slice(0, -1) });
  }
  const other = bundles.find(
    ({ name, publicKey: key }) => key !== undefined && name !== fixture.name,
  );
  assert.ok(other);
  return { ...policy, signer: { kind: "key", key: publicKey(other) } };
}

function publicKey(fixture: Fixture): PublicKey {
  return decodePublicKeyPem(file(fixture, fixture.publicKey).toString());
}

function file(fixture: Fixture, name: string | undefined): Buffer {
  assert.ok(name);
  return readFileSync(join(fixture.folder, name));
}
