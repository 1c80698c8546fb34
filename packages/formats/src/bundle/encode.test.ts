// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { conformanceCases } from "../../../../test/conformance-cases.ts";
import { testBundle, testInstance } from "../../../../test/instance.ts";
import { testKey } from "../../test/certificate-builder.ts";
import { bundleMediaType, decodeBundle, encodeBundle } from "./index.ts";

const instance = testInstance();
const bundles = [
  testBundle(instance, { timestamps: [{}] }),
  testBundle(instance, { version: "0.2", content: "envelope" }),
  testBundle(instance, { version: "0.1", entries: [{ proof: false }] }),
  testBundle(instance, { key: testKey(), rekor: 2 }),
];

describe("written and read again", () => {
  test("a bundle is the same, and its text, too", () => {
    for (const { value } of bundles) {
      const text = JSON.stringify(value);
      const bundle = decodeBundle(text);
      const written = encodeBundle(bundle);
      assert.deepEqual(decodeBundle(written), bundle);
      assert.equal(encodeBundle(decodeBundle(written)), written);
    }
  });

  test("a bundle of the public instance holds the same facts as before", (t) => {
    for (const { name, bundle, verdict } of conformanceCases(t)?.values() ?? []) {
      if (verdict === "refused") continue;
      const read = decodeBundle(bundle);
      const written = encodeBundle(read);
      assert.deepEqual(decodeBundle(written), read, name);
      const original = JSON.parse(Buffer.from(bundle).toString());
      assert.deepEqual(withoutDefaults(JSON.parse(written)), withoutDefaults(original), name);
    }
  });

  test("any facts survive", () => {
    const record: typeof fc.record = (model: any, options?: any) =>
      fc.record(model, { noNullPrototype: true, ...options }) as any;
    const bytes = fc.uint8Array({ minLength: 1, maxLength: 40 });
    const hash = fc.uint8Array({ minLength: 32, maxLength: 32 });
    const int64 = fc.bigInt(0n, 0x7fff_ffff_ffff_ffffn);
    const text = fc.string({ unit: "grapheme", minLength: 1, maxLength: 20 });
    const proof = record(
      {
        logIndex: int64,
        rootHash: hash,
        treeSize: int64,
        hashes: fc.array(hash, { maxLength: 4 }),
        checkpoint: text,
      },
      { requiredKeys: ["logIndex", "rootHash", "treeSize", "hashes"] },
    );
    const logEntry = record(
      {
        logIndex: int64,
        logId: hash,
        kind: text,
        kindVersion: text,
        integratedTime: int64,
        inclusionPromise: bytes,
        inclusionProof: proof,
        canonicalizedBody: bytes,
      },
      {
        requiredKeys: [
          "logIndex",
          "logId",
          "kind",
          "kindVersion",
          "integratedTime",
          "canonicalizedBody",
        ],
      },
    );
    const facts = record({
      keyMaterial: fc.oneof(
        record({ kind: fc.constant("publicKey" as const), hint: fc.string() }),
        record({ kind: fc.constant("certificate" as const), certificate: bytes }),
      ),
      tlogEntries: fc.array(logEntry, { maxLength: 3 }),
      timestamps: fc.array(bytes, { maxLength: 3 }),
      content: fc.oneof(
        record({
          kind: fc.constant("message" as const),
          message: record({
            signature: bytes,
            messageDigest: record({
              algorithm: fc.constant("SHA2_512" as const),
              digest: bytes,
            }),
          }),
        }),
        record({
          kind: fc.constant("envelope" as const),
          envelope: record({
            payload: bytes,
            payloadType: text,
            signatures: fc.tuple(record({ sig: bytes, keyid: text })),
          }),
        }),
      ),
    });
    const mediaType = bundleMediaType;
    fc.assert(
      fc.property(facts, (parts) => {
        const bundle = { mediaType, version: "0.3" as const, ...parts };
        assert.deepEqual(decodeBundle(encodeBundle(bundle)), bundle);
      }),
    );
  });
});

/** What protobuf leaves out: zeros, empty strings and lists, and empty objects of messages. */
function withoutDefaults(value: any): any {
  if (Array.isArray(value)) return value.map(withoutDefaults);
  if (typeof value !== "object" || value === null) return value;
  const entries = Object.entries(value).flatMap(([name, item]): [string, unknown][] => {
    if (item === null || item === "" || item === "0" || item === 0) return [];
    if (Array.isArray(item) && item.length === 0) return [];
    const inner = withoutDefaults(item);
    const isEmpty = typeof inner === "object" && Object.keys(inner).length === 0;
    if (isEmpty && name === "timestampVerificationData") return [];
    const isInteger = typeof inner === "number" && /Index$|Size$|Time$/.test(name);
    return [[name, isInteger ? String(inner) : inner]];
  });
  return Object.fromEntries(entries);
}
