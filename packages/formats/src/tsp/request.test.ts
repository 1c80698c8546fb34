// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, test } from "node:test";
import fc from "fast-check";
import { digest, extension, hashIdentifier } from "../../../../test/timestamp-builder.ts";
import {
  contextTag,
  der,
  derBoolean,
  derInteger,
  derNull,
  derOctetString,
  derOid,
  derSequence,
} from "../der/index.ts";
import { FormatError, type FormatErrorCode } from "../errors/index.ts";
import { decodeTimestampRequest, encodeTimestampRequest } from "./index.ts";

const folder = new URL("../../test/tsp/", import.meta.url);
const fixture = (name: string): Uint8Array => new Uint8Array(readFileSync(new URL(name, folder)));
const stamped = fixture("stamped.bin");
const imprint = derSequence(hashIdentifier("sha256"), derOctetString(digest("sha256", stamped)));

function refused(bytes: Uint8Array, code?: FormatErrorCode): void {
  assert.throws(
    () => decodeTimestampRequest(bytes),
    (error) => error instanceof FormatError && (code === undefined || error.code === code),
  );
}

describe("requests made by openssl", () => {
  for (const hash of ["sha256", "sha384", "sha512"] as const) {
    test(`with ${hash} are read and encoded again byte for byte`, () => {
      const bytes = fixture(`${hash}.tsq`);
      const request = decodeTimestampRequest(bytes);
      assert.equal(request.imprint.hash, hash);
      assert.deepEqual(request.imprint.digest, digest(hash, stamped));
      assert.equal(request.certReq, hash !== "sha384");
      assert.equal(request.policy, hash === "sha384" ? "1.2.3.4.5" : undefined);
      assert.ok(request.nonce !== undefined && request.nonce > 0n);
      const { imprint: read, ...rest } = request;
      const again = encodeTimestampRequest({ hash, digest: read.digest, ...rest });
      assert.deepEqual(again, bytes);
    });
  }

  test("without nonce and certificate have neither", () => {
    const request = decodeTimestampRequest(fixture("sha256-plain.tsq"));
    assert.equal("nonce" in request, false);
    assert.equal(request.certReq, false);
    assert.deepEqual(request.extensions, []);
  });

  test("with SHA-1 are read, with no hash named", () => {
    const { imprint: weak } = decodeTimestampRequest(fixture("sha1.tsq"));
    assert.equal(weak.algorithm, "1.3.14.3.2.26");
    assert.equal(weak.hash, undefined);
    assert.deepEqual(weak.digest, digest("sha1", stamped));
  });
});

test("what is encoded is read back", () => {
  const hashes = fc.constantFrom("sha256" as const, "sha384" as const, "sha512" as const);
  const extensions = fc.uniqueArray(
    fc.record(
      {
        oid: fc.constantFrom("1.2.3", "2.5.29.19", "1.3.6.1.4.1.57264.99"),
        critical: fc.boolean(),
        value: fc.uint8Array({ maxLength: 40 }),
      },
      { noNullPrototype: true },
    ),
    { selector: (item) => item.oid },
  );
  const input = fc.record(
    {
      policy: fc.constantFrom("1.2.3", "2.999.1", "1.3.6.1.4.1.57264.2"),
      nonce: fc.bigInt({ min: -(1n << 511n), max: (1n << 511n) - 1n }),
      certReq: fc.boolean(),
      extensions,
    },
    { requiredKeys: ["certReq", "extensions"], noNullPrototype: true },
  );
  fc.assert(
    fc.property(hashes, fc.uint8Array(), input, (hash, bytes, options) => {
      const sum = digest(hash, bytes);
      const request = decodeTimestampRequest(
        encodeTimestampRequest({ hash, digest: sum, ...options }),
      );
      const { imprint: read, ...rest } = request;
      assert.deepEqual(read.digest, sum);
      assert.equal(read.hash, hash);
      assert.deepEqual(rest, options);
    }),
  );
});

test("a nonce of 160 bits with the highest bit set stays positive", () => {
  const nonce = (1n << 160n) - 1n;
  const bytes = encodeTimestampRequest({ hash: "sha256", digest: new Uint8Array(32), nonce });
  assert.equal(decodeTimestampRequest(bytes).nonce, nonce);
});

test("a digest of the wrong size is not encoded", () => {
  assert.throws(
    () => encodeTimestampRequest({ hash: "sha384", digest: new Uint8Array(32) }),
    (error) => error instanceof FormatError && error.code === "out-of-range",
  );
});

describe("a request is refused", () => {
  test("when cut at any byte", () => {
    const bytes = fixture("sha384.tsq");
    for (let length = 0; length < bytes.length; length++) refused(bytes.subarray(0, length));
  });

  test("with a byte after its end, outside and inside", () => {
    refused(Uint8Array.of(...fixture("sha256.tsq"), 0), "trailing-data");
    refused(derSequence(derInteger(1), imprint, derNull()), "trailing-data");
  });

  const sha256 = derOctetString(new Uint8Array(32));
  const huge = (size: number): Uint8Array => der(0x02, new Uint8Array(size).fill(0x55));
  const many = Array.from({ length: 17 }, (_, i) => extension(`1.2.${i}`, false, derNull()));
  const list = (...items: Uint8Array[]): Uint8Array => der(contextTag(0, true), ...items);
  const cases: [string, FormatErrorCode, Uint8Array[]][] = [
    ["of version 2", "unsupported", [derInteger(2), imprint]],
    ["of version 0", "unsupported", [derInteger(0), imprint]],
    ["without version", "wrong-type", [imprint]],
    ["without imprint", "truncated", [derInteger(1)]],
    [
      "whose digest is shorter than its hash",
      "out-of-range",
      [derInteger(1), derSequence(hashIdentifier("sha512"), sha256)],
    ],
    [
      "whose hash has parameters",
      "trailing-data",
      [derInteger(1), derSequence(derSequence(derOid("1.2.3"), derInteger(1)), sha256)],
    ],
    [
      "whose NULL is not empty",
      "malformed",
      [derInteger(1), derSequence(derSequence(derOid("1.2.3"), der(5, Uint8Array.of(0))), sha256)],
    ],
    [
      "whose certReq is a written-out FALSE",
      "non-canonical",
      [derInteger(1), imprint, derBoolean(false)],
    ],
    ["whose certReq is 01", "non-canonical", [derInteger(1), imprint, der(0x01, Uint8Array.of(1))]],
    [
      "whose nonce is padded",
      "non-canonical",
      [derInteger(1), imprint, der(0x02, Uint8Array.of(0, 1))],
    ],
    ["whose nonce is empty", "malformed", [derInteger(1), imprint, der(0x02)]],
    ["whose nonce has 65 bytes", "too-large", [derInteger(1), imprint, huge(65)]],
    [
      "with certReq before the nonce",
      "trailing-data",
      [derInteger(1), imprint, derBoolean(true), derInteger(1)],
    ],
    [
      "with an extension twice",
      "duplicate-key",
      [derInteger(1), imprint, list(many[0]!, many[0]!)],
    ],
    ["with an empty extension list", "truncated", [derInteger(1), imprint, list()]],
    ["with 17 extensions", "too-large", [derInteger(1), imprint, list(...many)]],
    [
      "with a critical flag that is a written-out FALSE",
      "non-canonical",
      [
        derInteger(1),
        imprint,
        list(derSequence(derOid("1.2.3"), derBoolean(false), derOctetString(sha256))),
      ],
    ],
  ];
  for (const [name, code, parts] of cases) {
    test(name, () => refused(derSequence(...parts), code));
  }

  test("above 16 KiB, before anything is read", () => {
    refused(new Uint8Array(16_385), "too-large");
  });

  test("with only format errors, whatever the bytes", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        try {
          decodeTimestampRequest(bytes);
        } catch (error) {
          assert.ok(error instanceof FormatError);
        }
      }),
    );
  });
});

test("a nonce of 64 bytes and 16 extensions are still read", () => {
  const items = Array.from({ length: 16 }, (_, i) => extension(`1.2.${i}`, i === 3, derNull()));
  const bytes = derSequence(
    derInteger(1),
    imprint,
    der(0x02, new Uint8Array(64).fill(0x55)),
    der(contextTag(0, true), ...items),
  );
  const request = decodeTimestampRequest(bytes);
  assert.equal(request.extensions.length, 16);
  assert.deepEqual(request.extensions[3], { oid: "1.2.3", critical: true, value: derNull() });
});
