// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import crypto from "node:crypto";
import { test } from "node:test";
import { Worker } from "node:worker_threads";
import { concatBytes } from "../bytes/index.ts";
import type { HashName } from "./algorithms.ts";
import { opensslFunction } from "./openssl.ts";
import { opensslVerifyDigest, type VerifyDigest } from "./openssl-digest.ts";

const verify = opensslVerifyDigest() as VerifyDigest;
const curves = ["P-256", "P-384", "P-521"] as const;
const hashes: readonly HashName[] = ["sha256", "sha384", "sha512"];

interface Sample {
  readonly spki: Uint8Array;
  readonly digest: Uint8Array;
  readonly signature: Uint8Array;
  readonly expected: boolean;
}

/** Copies into the middle of a larger buffer, so that a pointer to its start would be wrong. */
function embedded(bytes: Uint8Array): Uint8Array {
  const offset = 1 + (bytes.length % 13);
  const buffer = new Uint8Array(crypto.randomBytes(bytes.length + 32));
  buffer.set(bytes, offset);
  return buffer.subarray(offset, offset + bytes.length);
}

/** Right and wrong signatures with what `crypto.verify` answers to them. */
function samples(count: number): Sample[] {
  const pairs = curves.map((namedCurve) => crypto.generateKeyPairSync("ec", { namedCurve }));
  return Array.from({ length: count }, (_, i) => {
    const { publicKey, privateKey } = pairs[
      i % 8 === 0 ? 1 + ((i / 8) % 2) : 0
    ] as (typeof pairs)[0];
    const name = hashes[i % 3] as HashName;
    const message = crypto.randomBytes(i % 50);
    const signature = new Uint8Array(crypto.sign(name, message, privateKey));
    if (i % 2 === 1) {
      const at = crypto.randomInt(signature.length);
      signature[at] = (signature[at] as number) ^ (1 << crypto.randomInt(8));
    }
    return {
      spki: embedded(publicKey.export({ format: "der", type: "spki" })),
      digest: embedded(crypto.hash(name, message, "buffer")),
      signature: embedded(signature),
      expected: crypto.verify(name, message, publicKey, signature),
    };
  });
}

test("OpenSSL over a digest agrees with crypto.verify on thousands of signatures", () => {
  const all = samples(2000);
  assert.ok(all.filter((sample) => sample.expected).length >= 1000);
  for (const [i, { spki, digest, signature, expected }] of all.entries()) {
    const before = concatBytes(spki, digest, signature);
    assert.equal(verify(spki, digest, signature), expected, `sample ${i}`);
    assert.deepEqual(concatBytes(spki, digest, signature), before, "inputs are left alone");
  }
});

test("bytes that are no key, no digest or no signature are false", () => {
  const [sample] = samples(1) as [Sample];
  const { spki, digest, signature } = sample;
  assert.ok(verify(spki, digest, signature));
  for (let length = 0; length < spki.length; length++) {
    assert.equal(verify(spki.subarray(0, length), digest, signature), false);
  }
  for (let length = 0; length < signature.length; length++) {
    assert.equal(verify(spki, digest, signature.subarray(0, length)), false);
  }
  for (let length = 0; length < digest.length; length++) {
    assert.equal(verify(spki, digest.subarray(0, length), signature), false);
  }
  const junk = new Uint8Array(crypto.randomBytes(100));
  assert.equal(verify(junk, digest, signature), false);
  assert.equal(verify(spki, digest, junk), false);
  assert.equal(verify(spki, digest, new Uint8Array(1 << 20)), false);
  assert.equal(verify(new Uint8Array(1 << 20), digest, signature), false);
});

test("nothing is left in OpenSSL's error queue, where the next TLS read would find it", () => {
  const [sample] = samples(1) as [Sample];
  const { spki, digest, signature } = sample;
  const peek = opensslFunction((library) => library.func("unsigned long ERR_peek_error()"))();
  assert.ok(peek);
  assert.equal(peek(), 0);
  for (const [key, sig] of [
    [spki, signature],
    [spki, signature.subarray(1)],
    [spki.subarray(1), signature],
    [spki, new Uint8Array(0)],
    [spki.map((byte, i) => (i === spki.length - 1 ? byte ^ 1 : byte)), signature],
  ] as const) {
    verify(key, digest, sig);
    assert.equal(peek(), 0);
  }
});

test("worker threads have their own way to OpenSSL", async () => {
  const [sample] = samples(1) as [Sample];
  const code = `
    import { parentPort, workerData } from "node:worker_threads";
    import { opensslVerifyDigest } from ${JSON.stringify(new URL("openssl-digest.ts", import.meta.url).href)};
    const { spki, digest, signature } = workerData;
    const verify = opensslVerifyDigest();
    const wrong = signature.slice();
    wrong[wrong.length - 1] ^= 1;
    parentPort.postMessage([verify(spki, digest, signature), verify(spki, digest, wrong)]);
  `;
  const url = new URL(`data:text/javascript,${encodeURIComponent(code)}`);
  const answers = await Promise.all(
    [1, 2].map(async () => {
      const worker = new Worker(url, { workerData: sample });
      const { promise, resolve, reject } = Promise.withResolvers<unknown>();
      worker.once("message", resolve);
      worker.once("error", reject);
      try {
        return await promise;
      } finally {
        await worker.terminate();
      }
    }),
  );
  assert.deepEqual(answers, [
    [true, false],
    [true, false],
  ]);
});
