// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { concatBytes, decodeHex, encodeHex } from "../bytes/index.ts";
import { curveSizeBytes, ecdsaSignatureFromRaw, ecdsaSignatureToRaw } from "./index.ts";

const curves = ["P-256", "P-384", "P-521"] as const;
const toRaw = (hex: string): Uint8Array | undefined => ecdsaSignatureToRaw(decodeHex(hex), "P-256");

test("r and s of any size come back as they went", () => {
  for (const curve of curves) {
    const size = curveSizeBytes(curve);
    const numbers = fc
      .tuple(fc.uint8Array({ minLength: size, maxLength: size }), fc.nat(size - 1))
      .map(([bytes, zeros]) => bytes.map((byte, i) => (i < zeros ? 0 : byte)))
      .filter((bytes) => bytes.some((byte) => byte !== 0));
    fc.assert(
      fc.property(numbers, numbers, (r, s) => {
        const raw = concatBytes(r, s);
        assert.deepEqual(ecdsaSignatureToRaw(ecdsaSignatureFromRaw(raw), curve), raw);
      }),
    );
  }
});

test("small numbers are read", () => {
  const raw = toRaw("3006020101020102");
  assert.equal(raw && encodeHex(raw), `${"00".repeat(31)}01${"00".repeat(31)}02`);
  assert.ok(toRaw("3007020200ff020102"));
});

test("encodings other than the one are no signature", () => {
  for (const [hex, why] of [
    ["", "nothing"],
    ["30", "no length"],
    ["3006020101", "cut"],
    ["300602010102", "cut"],
    ["300602010102010200", "a byte after the end"],
    ["3007020101020102aa", "a byte after the numbers"],
    ["3009020101020102020103", "three numbers"],
    ["3003020101", "one number"],
    ["3000", "no number"],
    ["3106020101020102", "a SET"],
    ["3006020001020102", "an empty number"],
    ["3006030101020102", "a BIT STRING"],
    ["300702020001020102", "a zero too many"],
    ["308106020101020102", "a long length"],
    ["3080020101020102", "an indefinite length"],
    ["3080020101020102 0000".replace(" ", ""), "an indefinite length, ended"],
    ["3006020100020102", "r zero"],
    ["3006020101020100", "s zero"],
    ["3006020181020102", "r negative"],
    ["30060201010201ff", "s negative"],
    [`30260221${"01".repeat(33)}020101`, "r too long"],
    [`302702220 0${"81".repeat(33)}020101`.replace(" ", ""), "r too long, with a zero"],
  ] as const) {
    assert.equal(toRaw(hex), undefined, why);
  }
});

test("cut at any byte, a signature is none", () => {
  const raw = Uint8Array.from({ length: 64 }, (_, i) => 200 - i);
  const der = ecdsaSignatureFromRaw(raw);
  for (let end = 0; end < der.length; end++) {
    assert.equal(ecdsaSignatureToRaw(der.subarray(0, end), "P-256"), undefined);
  }
});
