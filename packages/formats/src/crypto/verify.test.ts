// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import crypto from "node:crypto";
import { test } from "node:test";
import fc from "fast-check";
import { concatBytes, decodeHex, utf8Bytes } from "../bytes/index.ts";
import { FormatError } from "../errors/index.ts";
import { backend as browser } from "./backend-browser.ts";
import { backend as node } from "./backend-node.ts";
import {
  createHasher,
  digestPath,
  ecPublicKey,
  type EcCurve,
  type EcPublicKey,
  ed25519PublicKey,
  hash,
  type HashName,
  hashSizes,
  type PublicKey,
  type RsaPublicKey,
  sha256,
  schemeHash,
  type SignatureScheme,
  verifyDigest,
  verifySignature,
} from "./index.ts";
import { decodeSpki } from "./public-key.ts";
import { verifyPss } from "./rsa.ts";

interface Signer {
  readonly key: PublicKey;
  readonly privateKey: crypto.KeyObject;
}

function signer(pair: crypto.KeyPairKeyObjectResult): Signer {
  const spki = pair.publicKey.export({ format: "der", type: "spki" });
  return { key: decodeSpki(new Uint8Array(spki)), privateKey: pair.privateKey };
}

const ecSigners: Readonly<Record<EcCurve, Signer>> = {
  "P-256": signer(crypto.generateKeyPairSync("ec", { namedCurve: "P-256" })),
  "P-384": signer(crypto.generateKeyPairSync("ec", { namedCurve: "P-384" })),
  "P-521": signer(crypto.generateKeyPairSync("ec", { namedCurve: "P-521" })),
};
const rsaSigner = signer(crypto.generateKeyPairSync("rsa", { modulusLength: 2048 }));
const rsaOddSigner = signer(crypto.generateKeyPairSync("rsa", { modulusLength: 2049 }));
const edSigner = signer(crypto.generateKeyPairSync("ed25519"));
const hashes = Object.keys(hashSizes) as HashName[];

interface Combination extends Signer {
  readonly label: string;
  readonly scheme: SignatureScheme;
  readonly sign: (message: Uint8Array) => Uint8Array;
}

const ecdsaCombinations: Combination[] = Object.entries(ecSigners).flatMap(([curve, each]) =>
  hashes.map((name) => ({
    ...each,
    label: `${curve} with ${name}`,
    scheme: { kind: "ecdsa", hash: name },
    sign: (message) => new Uint8Array(crypto.sign(name, message, each.privateKey)),
  })),
);

const rsaCombinations: Combination[] = [rsaSigner, rsaOddSigner].flatMap((each) =>
  hashes.flatMap((name): Combination[] => {
    const { privateKey } = each;
    const padding = crypto.constants.RSA_PKCS1_PSS_PADDING;
    const saltLength = crypto.constants.RSA_PSS_SALTLEN_MAX_SIGN;
    return [
      {
        ...each,
        label: `PKCS#1 v1.5 with ${name}`,
        scheme: { kind: "rsa-pkcs1v15", hash: name },
        sign: (message) => new Uint8Array(crypto.sign(name, message, privateKey)),
      },
      {
        ...each,
        label: `PSS with ${name}, salt as long as the digest`,
        scheme: { kind: "rsa-pss", hash: name },
        sign: (message) =>
          new Uint8Array(
            crypto.sign(name, message, { key: privateKey, padding, saltLength: hashSizes[name] }),
          ),
      },
      {
        ...each,
        label: `PSS with ${name}, longest salt`,
        scheme: { kind: "rsa-pss", hash: name },
        sign: (message) =>
          new Uint8Array(crypto.sign(name, message, { key: privateKey, padding, saltLength })),
      },
    ];
  }),
);

const combinations = [...ecdsaCombinations, ...rsaCombinations];
const message = utf8Bytes("what is signed");

function digestOf(scheme: SignatureScheme, data: Uint8Array): Uint8Array {
  return hash(schemeHash(scheme) as HashName, data);
}

function flip(bytes: Uint8Array, bit: number): Uint8Array {
  return bytes.map((byte, i) => (i === bit >> 3 ? byte ^ (1 << (bit & 7)) : byte));
}

test("message and digest verify alike, for every key type and hash", () => {
  for (const { label, key, scheme, sign } of combinations) {
    for (let i = 0; i < 8; i++) {
      const data = crypto.randomBytes(i * 37);
      const signature = sign(data);
      assert.ok(verifySignature(key, scheme, data, signature), label);
      assert.ok(verifyDigest(key, scheme, digestOf(scheme, data), signature), label);
      const other = concatBytes(data, Uint8Array.of(0));
      assert.ok(!verifySignature(key, scheme, other, signature), label);
      assert.ok(!verifyDigest(key, scheme, digestOf(scheme, other), signature), label);
    }
  }
});

test("a mutated signature is refused over the message and over the digest", () => {
  for (const { label, key, scheme, sign } of combinations) {
    const signature = sign(message);
    const digest = digestOf(scheme, message);
    const bits = fc.nat(8 * signature.length - 1);
    const bytes = fc.uint8Array({ maxLength: 8 });
    const mutations = fc.oneof(
      bits.map((bit) => flip(signature, bit)),
      fc.nat(signature.length - 1).map((length) => signature.subarray(0, length)),
      bytes.filter((end) => end.length > 0).map((end) => concatBytes(signature, end)),
      bytes.filter((head) => head.length > 0).map((head) => concatBytes(head, signature)),
      fc.uint8Array({ maxLength: 600 }),
      fc.constantFrom(
        new Uint8Array(signature.length),
        signature.map(() => 0xff),
      ),
    );
    fc.assert(
      fc.property(mutations, (bad) => {
        assert.ok(!verifySignature(key, scheme, message, bad), label);
        assert.ok(!verifyDigest(key, scheme, digest, bad), label);
      }),
      { numRuns: 60 },
    );
  }
});

test("a signature does not verify under another scheme, hash or key", () => {
  for (const one of combinations) {
    const signature = one.sign(message);
    for (const other of combinations) {
      const sameKind = one.scheme.kind === other.scheme.kind;
      if (sameKind && schemeHash(one.scheme) === schemeHash(other.scheme)) continue;
      assert.ok(!verifySignature(one.key, other.scheme, message, signature), one.label);
    }
    for (const key of [ecSigners["P-256"].key, rsaSigner.key, edSigner.key]) {
      if (key === one.key) continue;
      assert.ok(!verifySignature(key, one.scheme, message, signature), one.label);
    }
    assert.ok(!verifySignature(one.key, { kind: "ed25519" }, message, signature), one.label);
    assert.ok(!verifySignature(one.key, { kind: "ed25519ph" }, message, signature), one.label);
  }
});

test("Ed25519 signatures verify over the message, and any flipped bit is refused", () => {
  const scheme = { kind: "ed25519" } as const;
  const signature = new Uint8Array(crypto.sign(null, message, edSigner.privateKey));
  assert.ok(verifySignature(edSigner.key, scheme, message, signature));
  for (let bit = 0; bit < 512; bit++) {
    assert.ok(!verifySignature(edSigner.key, scheme, message, flip(signature, bit)));
  }
  for (const length of [0, 32, 63]) {
    const short = signature.subarray(0, length);
    assert.ok(!verifySignature(edSigner.key, scheme, message, short));
  }
});

// RFC 8032 §7.3.
const phKey = ed25519PublicKey(
  decodeHex("ec172b93ad5e563bf4932c70e1245034c35467ef2efd4d64ebf819683467e2bf"),
);
const phSignature = decodeHex(
  "98a70222f0b8121aa9d30f813d683f809e462b469c7ff87639499bb94e6dae41" +
    "31f85042463c2a355a2003d062adf5aaa10b8c61e636062aaad11c2a26083406",
);

test("Ed25519ph decides the vector of RFC 8032 §7.3", () => {
  const scheme = { kind: "ed25519ph" } as const;
  const abc = utf8Bytes("abc");
  const digest = hash("sha512", abc);
  assert.ok(verifySignature(phKey, scheme, abc, phSignature));
  assert.ok(verifyDigest(phKey, scheme, digest, phSignature));
  assert.ok(!verifySignature(phKey, { kind: "ed25519" }, abc, phSignature));
  assert.ok(!verifyDigest(phKey, scheme, hash("sha512", utf8Bytes("abd")), phSignature));
  for (let bit = 0; bit < 512; bit += 3) {
    assert.ok(!verifyDigest(phKey, scheme, digest, flip(phSignature, bit)), `bit ${bit}`);
  }
  for (let length = 0; length < 64; length++) {
    assert.ok(!verifyDigest(phKey, scheme, digest, phSignature.subarray(0, length)));
  }
  assert.ok(!verifyDigest(phKey, scheme, digest, concatBytes(phSignature, Uint8Array.of(0))));
});

test("a scheme that needs the message, and a digest of another size, are told apart from false", () => {
  const signature = new Uint8Array(64);
  assert.throws(
    () => verifyDigest(edSigner.key, { kind: "ed25519" }, new Uint8Array(64), signature),
    (error) => error instanceof FormatError && error.code === "unsupported",
  );
  for (const { key, scheme } of combinations) {
    const size = hashSizes[schemeHash(scheme) as HashName];
    for (const length of [0, size - 1, size + 1, 20]) {
      assert.throws(() => verifyDigest(key, scheme, new Uint8Array(length), signature), {
        code: "out-of-range",
      });
    }
  }
});

test("PSS salts of another length than asked for are refused", () => {
  for (const { key, scheme, sign, label } of rsaCombinations) {
    if (scheme.kind !== "rsa-pss" || key.type !== "rsa") continue;
    const [digest, signature] = [digestOf(scheme, message), sign(message)];
    const size = hashSizes[scheme.hash];
    const longest = Math.ceil((key.modulusBits - 1) / 8) - size - 2;
    for (const backend of [node, browser]) {
      const own = label.endsWith("longest salt") ? longest : size;
      const check = (saltBytes: number): boolean =>
        verifyPss(backend, key, scheme.hash, digest, signature, saltBytes);
      assert.ok(check(own), label);
      for (const other of [0, own - 1, own + 1]) assert.ok(!check(other), label);
    }
  }
});

/** Points that no key has: off the curve, beyond the field, at infinity, on the twist. */
function badPoints(curve: EcCurve, key: PublicKey): Uint8Array[] {
  const { point } = key as EcPublicKey;
  const size = (point.length - 1) / 2;
  const zeros = new Uint8Array(2 * size);
  const y = (i: number): number => 1 + size + i;
  const swapped = concatBytes(point.subarray(0, 1), point.subarray(y(0)), point.subarray(1, y(0)));
  return [
    flip(point, 8 * point.length - 8),
    flip(point, 15),
    swapped,
    concatBytes(Uint8Array.of(4), zeros),
    concatBytes(
      Uint8Array.of(4),
      zeros.map(() => 0xff),
    ),
    ...(curve === "P-256"
      ? [
          concatBytes(
            Uint8Array.of(4),
            zeros.map((_, i) => +(i === 63)),
          ),
        ]
      : []),
  ];
}

test("nothing verifies under a point off the curve, in either backend", () => {
  for (const { label, key, scheme, sign } of ecdsaCombinations) {
    if (key.type !== "ec" || scheme.kind !== "ecdsa") continue;
    const [digest, signature] = [digestOf(scheme, message), sign(message)];
    for (const point of badPoints(key.curve, key)) {
      const bad = ecPublicKey(key.curve, point);
      for (const backend of [node, browser]) {
        assert.equal(backend.verifyEcdsa(bad, scheme.hash, message, signature), false, label);
        assert.equal(backend.verifyEcdsaDigest(bad, digest, signature), false, label);
      }
    }
  }
});

test("hashes agree with Node's, whole and in chunks, in both backends", () => {
  for (const name of hashes) {
    for (const length of [0, 1, 63, 64, 65, 127, 128, 1000]) {
      const data = new Uint8Array(crypto.randomBytes(length));
      const expected = new Uint8Array(crypto.createHash(name).update(data).digest());
      for (const backend of [node, browser]) {
        assert.deepEqual(new Uint8Array(backend.hash(name, data)), expected);
        const hasher = backend.createHasher(name);
        hasher.update(data.subarray(0, length >> 1));
        hasher.update(data.subarray(length >> 1));
        assert.deepEqual(new Uint8Array(hasher.digest()), expected);
      }
      assert.deepEqual(new Uint8Array(hash(name, data)), expected);
      const hasher = createHasher(name);
      hasher.update(data);
      assert.deepEqual(new Uint8Array(hasher.digest()), expected);
    }
  }
  assert.deepEqual(new Uint8Array(sha256(message)), new Uint8Array(hash("sha256", message)));
});

test("the digest path names what computes", () => {
  assert.equal(digestPath(ecSigners["P-256"].key), "openssl");
  assert.equal(digestPath(rsaSigner.key), "openssl");
  assert.equal(digestPath(edSigner.key), "noble");
  assert.equal(browser.digestPath(ecSigners["P-256"].key), "noble");
  assert.equal(browser.digestPath(rsaSigner.key), "bigint");
  assert.equal(browser.digestPath(edSigner.key), "noble");
});

test("RSA signatures at or above the modulus, or of another length, give no block", () => {
  for (const signerOfSize of [rsaSigner, rsaOddSigner]) {
    const key = signerOfSize.key as RsaPublicKey;
    const above = key.modulus.slice();
    above[above.length - 1] = (above[above.length - 1] as number) + 1;
    const full = key.modulus.map(() => 0xff);
    const longer = concatBytes(Uint8Array.of(0), new Uint8Array(key.modulus.length));
    for (const backend of [node, browser]) {
      for (const bad of [key.modulus, above, full, longer, new Uint8Array(0)]) {
        assert.equal(backend.rsaPublic(key, bad), undefined);
      }
      const one = new Uint8Array(key.modulus.length);
      one[one.length - 1] = 1;
      assert.deepEqual(new Uint8Array(backend.rsaPublic(key, one) as Uint8Array), one);
    }
  }
});

test("native and bigint RSA compute the same for random blocks", () => {
  for (const signerOfSize of [rsaSigner, rsaOddSigner]) {
    const key = signerOfSize.key as RsaPublicKey;
    for (let i = 0; i < 50; i++) {
      const block = new Uint8Array(crypto.randomBytes(key.modulus.length));
      block[0] = 0;
      const left = new Uint8Array(node.rsaPublic(key, block) as Uint8Array);
      assert.deepEqual(left, browser.rsaPublic(key, block));
    }
  }
});
