// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { test } from "node:test";
import protobuf from "@sigstore/protobuf-specs";
import { FormatError } from "../errors/index.ts";
import {
  type Algorithm,
  algorithmByFlag,
  algorithmByName,
  algorithmFits,
  algorithms,
  defaultAlgorithm,
  type PublicKey,
  schemeHash,
} from "./index.ts";

const spki = new Uint8Array(0);
const ec = (curve: "P-256" | "P-384" | "P-521"): PublicKey => {
  return { type: "ec", spki, curve, point: spki };
};
const rsa = (modulusBits: number): PublicKey => {
  return { type: "rsa", spki, modulusBits, modulus: spki, exponent: 65537 };
};
const ed25519: PublicKey = { type: "ed25519", spki, raw: spki };

test("names and numbers are those of Sigstore's registry", () => {
  const registry: Record<string, unknown> = protobuf.PublicKeyDetails;
  for (const { name, number } of algorithms) assert.equal(registry[name], number, name);
});

test("every registered name is either implemented or refused by name", () => {
  for (const name of Object.keys(protobuf.PublicKeyDetails)) {
    if (/^[0-9]+$/.test(name) || name === "PUBLIC_KEY_DETAILS_UNSPECIFIED") continue;
    try {
      assert.equal(algorithmByName(name).name, name);
    } catch (error) {
      if (!(error instanceof FormatError)) throw error;
      assert.match(error.message, /registered but not implemented/, name);
    }
  }
});

test("names, numbers and flags are unique", () => {
  for (const column of ["name", "number", "flag"] as const) {
    const values = algorithms.flatMap((algorithm: Algorithm) => algorithm[column] ?? []);
    assert.equal(new Set(values).size, values.length, column);
  }
});

test("unknown names and flags are refused", () => {
  for (const name of ["", "PKIX_ED25519 ", "pkix_ed25519", "7", "__proto__", "constructor"]) {
    assert.throws(() => algorithmByName(name), { code: "unsupported" });
    assert.throws(() => algorithmByFlag(name), { code: "unsupported" });
  }
  for (const { name, flag } of algorithms) {
    assert.equal(algorithmByName(name).name, name);
    if (flag !== undefined) assert.equal(algorithmByFlag(flag).name, name);
  }
});

test("a key's default algorithm is that of sigstore-go", () => {
  for (const [key, name] of [
    [ec("P-256"), "PKIX_ECDSA_P256_SHA_256"],
    [ec("P-384"), "PKIX_ECDSA_P384_SHA_384"],
    [ec("P-521"), "PKIX_ECDSA_P521_SHA_512"],
    [rsa(2048), "PKIX_RSA_PKCS1V15_2048_SHA256"],
    [rsa(3072), "PKIX_RSA_PKCS1V15_3072_SHA256"],
    [rsa(4096), "PKIX_RSA_PKCS1V15_4096_SHA256"],
    [rsa(2056), "PKIX_RSA_PKCS1V5"],
    [ed25519, "PKIX_ED25519"],
  ] as const) {
    assert.equal(defaultAlgorithm(key).name, name);
    assert.ok(algorithmFits(defaultAlgorithm(key), key));
  }
});

test("an algorithm fits its own keys and no others", () => {
  const keys = {
    ec256: ec("P-256"),
    ec384: ec("P-384"),
    rsa2048: rsa(2048),
    odd: rsa(2056),
    ed25519,
  };
  const fitting = (name: string): string[] =>
    Object.entries(keys).flatMap(([label, key]) =>
      algorithmFits(algorithmByName(name), key) ? label : [],
    );
  assert.deepEqual(fitting("PKIX_ECDSA_P256_SHA_256"), ["ec256"]);
  assert.deepEqual(fitting("PKIX_ECDSA_P384_SHA_256"), ["ec384"]);
  assert.deepEqual(fitting("PKIX_ECDSA_P521_SHA_512"), []);
  assert.deepEqual(fitting("PKIX_RSA_PKCS1V15_2048_SHA256"), ["rsa2048"]);
  assert.deepEqual(fitting("PKIX_RSA_PSS_4096_SHA256"), []);
  assert.deepEqual(fitting("PKCS1_RSA_PSS"), ["rsa2048", "odd"]);
  assert.deepEqual(fitting("PKIX_ED25519_PH"), ["ed25519"]);
});

test("the hash to compute beforehand is the scheme's", () => {
  assert.equal(schemeHash({ kind: "ed25519" }), undefined);
  assert.equal(schemeHash({ kind: "ed25519ph" }), "sha512");
  assert.equal(schemeHash({ kind: "ecdsa", hash: "sha384" }), "sha384");
  assert.equal(schemeHash({ kind: "rsa-pss", hash: "sha256" }), "sha256");
});
