// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { type TestContext, test } from "node:test";
import { needVectors } from "../../../../test/vectors.ts";
import { decodeHex } from "../bytes/index.ts";
import type { HashName } from "./algorithms.ts";
import { backend as browser } from "./backend-browser.ts";
import { backend as node } from "./backend-node.ts";
import { createEd25519Verifier } from "./ed25519-stream.ts";
import { hash, verifySignature } from "./index.ts";
import { nobleEcdsaDigest } from "./noble.ts";
import { opensslVerifyDigest } from "./openssl-digest.ts";
import {
  decodeSpki,
  type EcPublicKey,
  type Ed25519PublicKey,
  type RsaPublicKey,
} from "./public-key.ts";
import { verifyPkcs1, verifyPss } from "./rsa.ts";

interface Vector {
  readonly tcId: number;
  readonly comment: string;
  readonly flags: readonly string[];
  readonly msg: string;
  readonly sig: string;
  readonly result: "valid" | "invalid" | "acceptable";
}

interface Group {
  readonly publicKeyDer: string;
  readonly sha?: string;
  readonly sLen?: number;
  readonly tests: readonly Vector[];
}

type Path<K> = (key: K, message: Uint8Array, signature: Uint8Array, group: Group) => boolean;

/**
 * Runs a file of vectors through every path.
 *
 * One vector per RSA PKCS#1 file is `acceptable`: a DigestInfo without the NULL (`MissingNull`).
 * RFC 8017 lets a verifier be lenient there; we rebuild the encoding, so it is refused. All else is
 * `valid` and must verify, or `invalid` and must not.
 */
function run<K>(t: TestContext, name: string, paths: Readonly<Record<string, Path<K>>>): void {
  const file = needVectors(t, `wycheproof/${name}`);
  if (file === undefined) return;
  const { numberOfTests, testGroups } = JSON.parse(readFileSync(file, "utf8")) as {
    numberOfTests: number;
    testGroups: Group[];
  };
  const wrong: string[] = [];
  let count = 0;
  for (const group of testGroups) {
    const key = decodeSpki(decodeHex(group.publicKeyDer)) as K;
    for (const vector of group.tests) {
      count++;
      if (vector.result === "acceptable") assert.deepEqual(vector.flags, ["MissingNull"]);
      const [message, signature] = [decodeHex(vector.msg), decodeHex(vector.sig)];
      for (const [path, verify] of Object.entries(paths)) {
        if (verify(key, message, signature, group) !== (vector.result === "valid")) {
          wrong.push(`${path}, ${vector.tcId} (${vector.result}): ${vector.comment}`);
        }
      }
    }
  }
  assert.deepEqual(wrong, []);
  assert.equal(count, numberOfTests);
}

function hashName(group: Group): HashName {
  return group.sha?.replace("SHA-", "sha") as HashName;
}

const ecdsa: Record<string, Path<EcPublicKey>> = {
  "node, message": (key, message, signature, group) =>
    node.verifyEcdsa(key, hashName(group), message, signature),
  "node, digest": (key, message, signature, group) =>
    node.verifyEcdsaDigest(key, hash(hashName(group), message), signature),
  // One call for three paths, as noble is slow: the browser's `verifyEcdsa` and `verifyEcdsaDigest`
  // and Node's fallback are this function over a digest, as the test below shows.
  noble: (key, message, signature, group) =>
    browser.verifyEcdsa(key, hashName(group), message, signature),
};

test("the digest path in use is OpenSSL's, as koffi is installed", () => {
  assert.ok(opensslVerifyDigest());
});

for (const name of [
  "ecdsa_secp256r1_sha256_test.json",
  "ecdsa_secp256r1_sha512_test.json",
  "ecdsa_secp384r1_sha384_test.json",
  "ecdsa_secp521r1_sha512_test.json",
]) {
  test(`every path decides Wycheproof's ${name}`, (t) => run(t, name, ecdsa));
}

test("the browser's backend and Node's fallback decide over a digest alike", (t) => {
  const name = "ecdsa_secp256r1_sha256_test.json";
  const digest = (group: Group, message: Uint8Array): Uint8Array => hash(hashName(group), message);
  run<EcPublicKey>(t, name, {
    browser: (key, message, signature, group) =>
      browser.verifyEcdsaDigest(key, digest(group, message), signature),
    fallback: (key, message, signature, group) =>
      nobleEcdsaDigest(key, digest(group, message), signature),
  });
});

test("every path decides Wycheproof's ed25519_test.json", (t) => {
  run<Ed25519PublicKey>(t, "ed25519_test.json", {
    node: (key, message, signature) => node.verifyEd25519(key, message, signature),
    browser: (key, message, signature) => browser.verifyEd25519(key, message, signature),
    common: (key, message, signature) =>
      verifySignature(key, { kind: "ed25519" }, message, signature),
    stream(key, message, signature) {
      const verifier = createEd25519Verifier(key, signature);
      verifier.update(message.subarray(0, 7));
      verifier.update(message.subarray(7));
      return verifier.finish();
    },
  });
});

const rsaBackends = { native: node, bigint: browser };

for (const bits of [2048, 3072, 4096]) {
  const name = `rsa_signature_${bits}_sha256_test.json`;
  test(`every path decides Wycheproof's ${name}`, (t) => {
    const paths = Object.entries(rsaBackends).map(([path, backend]) => {
      const verify: Path<RsaPublicKey> = (key, message, signature, group) => {
        const digest = hash(hashName(group), message);
        return verifyPkcs1(backend, key, hashName(group), digest, signature);
      };
      return [path, verify] as const;
    });
    run(t, name, Object.fromEntries(paths));
  });
}

for (const bits of [2048, 3072, 4096]) {
  const name = `rsa_pss_${bits}_sha256_mgf1_32_test.json`;
  test(`every path decides Wycheproof's ${name}`, (t) => {
    const paths = Object.entries(rsaBackends).map(([path, backend]) => {
      const verify: Path<RsaPublicKey> = (key, message, signature, group) => {
        const digest = hash(hashName(group), message);
        return verifyPss(backend, key, hashName(group), digest, signature, group.sLen);
      };
      return [path, verify] as const;
    });
    run(t, name, Object.fromEntries(paths));
  });
}
