// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { utf8Bytes } from "../bytes/index.ts";
import { FormatError, type FormatErrorCode } from "../errors/index.ts";
import { decodeEnvelope, envelopeToJson, preAuthenticationEncoding } from "./index.ts";

const pae = (type: string, payload: Uint8Array): string =>
  Buffer.from(preAuthenticationEncoding(type, payload)).toString("latin1");

test("the encoding is that of DSSE's example, with lengths in bytes", () => {
  const example = pae("http://example.com/HelloWorld", utf8Bytes("hello world"));
  assert.equal(example, "DSSEv1 29 http://example.com/HelloWorld 11 hello world");
  assert.equal(pae("", new Uint8Array(0)), "DSSEv1 0  0 ");
  assert.equal(pae("a", utf8Bytes("\u00e4\u20ac")), "DSSEv1 1 a 5 \u00c3\u00a4\u00e2\u0082\u00ac");
  // Code points would be 1, UTF-16 units 2.
  assert.equal(pae("\u{1f512}", new Uint8Array(0)), "DSSEv1 4 \u00f0\u009f\u0094\u0092 0 ");
  assert.equal(pae("t", new Uint8Array(1000)).slice(0, 16), "DSSEv1 1 t 1000 ");
});

test("the encoding of two envelopes that differ is never the same", () => {
  const parts = fc.tuple(fc.string({ maxLength: 12 }), fc.uint8Array({ maxLength: 12 }));
  fc.assert(
    fc.property(parts, parts, ([typeA, payloadA], [typeB, payloadB]) => {
      const same = typeA === typeB && Buffer.compare(payloadA, payloadB) === 0;
      assert.equal(pae(typeA, payloadA) === pae(typeB, payloadB), same);
    }),
  );
  // What a shorter type would need to look alike: the lengths tell them apart.
  assert.notEqual(pae("a 1 b", utf8Bytes("c")), pae("a", utf8Bytes("1 b 1 c")));
});

const valid = (): any => ({
  payload: "aGVsbG8=",
  payloadType: "text/plain",
  signatures: [{ sig: "AAEC", keyid: "key" }, { sig: "AwQF" }],
});

test("the JSON form is read, keyid present, empty or absent", () => {
  const envelope = decodeEnvelope(valid());
  assert.equal(new TextDecoder().decode(envelope.payload), "hello");
  assert.equal(envelope.payloadType, "text/plain");
  assert.deepEqual(envelope.signatures, [
    { sig: Uint8Array.of(0, 1, 2), keyid: "key" },
    { sig: Uint8Array.of(3, 4, 5) },
  ]);
  const empty = valid();
  empty.signatures = [{ sig: "AAEC", keyid: "" }];
  assert.deepEqual(decodeEnvelope(empty).signatures, [{ sig: Uint8Array.of(0, 1, 2) }]);
});

test("the JSON form is written as it was read", () => {
  assert.deepEqual(envelopeToJson(decodeEnvelope(valid())), valid());
  assert.deepEqual(Object.keys(envelopeToJson(decodeEnvelope(valid())) as object), [
    "payload",
    "payloadType",
    "signatures",
  ]);
});

test("what is no envelope is refused", () => {
  const cases: [(value: any) => unknown, FormatErrorCode, string][] = [
    [(value) => delete value.payload, "missing-field", "payload"],
    [(value) => (value.payload = ""), "missing-field", "payload"],
    [(value) => (value.payload = 1), "wrong-type", "payload"],
    [(value) => (value.payload = "aGVsbG8"), "malformed-base64", "payload"],
    [(value) => (value.payload = "-_-_"), "malformed-base64", "payload"],
    [(value) => (value.payload = "aGVsbG9="), "non-canonical", "payload"],
    [(value) => delete value.payloadType, "missing-field", "payloadType"],
    [(value) => (value.payloadType = ""), "missing-field", "payloadType"],
    [(value) => (value.payloadType = null), "missing-field", "payloadType"],
    [(value) => (value.payloadType = ["text/plain"]), "wrong-type", "payloadType"],
    [(value) => delete value.signatures, "missing-field", "signatures"],
    [(value) => (value.signatures = []), "missing-field", "signatures"],
    [(value) => (value.signatures = {}), "wrong-type", "signatures"],
    [(value) => (value.signatures[1] = null), "wrong-type", "signatures[1]"],
    [(value) => delete value.signatures[1].sig, "missing-field", "signatures[1].sig"],
    [(value) => (value.signatures[0].sig = ""), "missing-field", "signatures[0].sig"],
    [(value) => (value.signatures[0].keyid = 1), "wrong-type", "signatures[0].keyid"],
    [(value) => (value.signatures[0].more = 1), "unknown-field", "signatures[0].more"],
    [(value) => (value.more = 1), "unknown-field", "more"],
    [(value) => (value.signatures = Array(33).fill({ sig: "AAEC" })), "too-large", "signatures"],
  ];
  for (const [edit, code, place] of cases) {
    const value = valid();
    edit(value);
    assert.throws(
      () => decodeEnvelope(value),
      (error: unknown) =>
        error instanceof FormatError && error.code === code && error.place === place,
      `${code} ${place}`,
    );
  }
  for (const value of [null, "text", 1, true, []]) {
    assert.throws(() => decodeEnvelope(value as never), FormatError);
  }
});
