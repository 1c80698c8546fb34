// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { FormatError, type FormatErrorCode } from "../errors/index.ts";
import { decodePortable, encodePortable } from "./base64.ts";
import {
  bigintFromBytes,
  ByteReader,
  bytesEqual,
  compareBytes,
  concatBytes,
  decodeBase64,
  decodeHex,
  decodeUtf8,
  encodeBase64,
  encodeHex,
  uintBytes,
  utf8Bytes,
} from "./index.ts";

function refuses(check: () => unknown, code: FormatErrorCode, what = ""): void {
  assert.throws(check, (error) => error instanceof FormatError && error.code === code, what);
}

for (const [form, encode, decode] of [
  ["native", encodeBase64, decodeBase64],
  ["portable", encodePortable, decodePortable],
] as const) {
  test(`base64 (${form}) is that of RFC 4648 §10`, () => {
    for (const [text, encoded] of [
      ["", ""],
      ["f", "Zg=="],
      ["fo", "Zm8="],
      ["foo", "Zm9v"],
      ["foob", "Zm9vYg=="],
      ["fooba", "Zm9vYmE="],
      ["foobar", "Zm9vYmFy"],
    ] as const) {
      assert.equal(encode(utf8Bytes(text)), encoded);
      assert.deepEqual(decode(encoded), utf8Bytes(text));
    }
  });

  test(`base64 (${form}) agrees with Node's and has one encoding per value`, () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        const text = encode(bytes);
        assert.equal(text, Buffer.from(bytes).toString("base64"));
        assert.deepEqual(decode(text), bytes);
      }),
    );
    fc.assert(
      fc.property(fc.base64String({ maxLength: 40 }), (text) => {
        try {
          assert.equal(encode(decode(text)), text);
        } catch (error) {
          if (!(error instanceof FormatError)) throw error;
          assert.notEqual(Buffer.from(text, "base64").toString("base64"), text);
        }
      }),
    );
  });

  test(`base64 (${form}) without padding, with too much or in the middle is refused`, () => {
    for (const text of ["Z", "Zg", "Zg=", "Zm8", "Zm9vZg", "=", "==", "===", "===="]) {
      refuses(() => decode(text), "malformed-base64", text);
    }
    for (const text of ["Z===", "Zg==Zg==", "Zm8=Zm8=", "=Zm8", "Z=m8", "Zg=a", "Zm9v===="]) {
      refuses(() => decode(text), "malformed-base64", text);
    }
  });

  test(`base64 (${form}) with characters of other alphabets or white space is refused at any place`, () => {
    const good = "Zm9vYmFyZm9vYmFy";
    for (const bad of [
      "-",
      "_",
      " ",
      "\n",
      "\r",
      "\t",
      "\u0000",
      ".",
      "\u00e9",
      "\u0100",
      "\uff21",
    ]) {
      for (let i = 0; i < good.length; i++) {
        const text = good.slice(0, i) + bad + good.slice(i + 1);
        refuses(() => decode(text), "malformed-base64", JSON.stringify(text));
      }
      refuses(() => decode(`Zm9v${bad}m8=`), "malformed-base64");
      refuses(() => decode(`Zm9vZ${bad}8=`), "malformed-base64");
      refuses(() => decode(`Zm9v${bad}g==`), "malformed-base64");
      refuses(() => decode(`Zm9vZ${bad}==`), "malformed-base64");
    }
  });
}

test("base64 with bits set under the padding is refused", () => {
  for (const text of ["Zh==", "Zn==", "Z/==", "Zm9=", "Zm+=", "Zm9vZm/="]) {
    refuses(() => decodeBase64(text), "non-canonical", text);
  }
});

test("base64 errors name the place", () => {
  assert.throws(() => decodeBase64("Zg", "signature"), { place: "signature" });
});

test("hex is read in either case and written in lower case", () => {
  fc.assert(
    fc.property(fc.uint8Array(), (bytes) => {
      const text = encodeHex(bytes);
      assert.equal(text, Buffer.from(bytes).toString("hex"));
      assert.deepEqual(decodeHex(text), bytes);
      assert.deepEqual(decodeHex(text.toUpperCase()), bytes);
    }),
  );
});

test("what is not an even number of hex digits is refused", () => {
  for (const text of [
    "0",
    "000",
    "0g",
    "0x00",
    " 00",
    "00 ",
    "00\n",
    "-1",
    "\uff10\uff10",
    "0\u0660",
  ]) {
    refuses(() => decodeHex(text), "malformed-hex", text);
  }
});

test("UTF-8 is read strictly, and a byte order mark is a character", () => {
  assert.equal(decodeUtf8(Uint8Array.of(0xef, 0xbb, 0xbf, 0x61)), "\ufeffa");
  assert.equal(decodeUtf8(utf8Bytes("\u00e9\u20ac\u{1f600}")), "\u00e9\u20ac\u{1f600}");
  for (const [bytes, why] of [
    [[0x80], "a continuation alone"],
    [[0xc3], "a sequence cut"],
    [[0xe2, 0x82], "a sequence cut"],
    [[0xf0, 0x9f, 0x98], "a sequence cut"],
    [[0xc0, 0x80], "an overlong zero"],
    [[0xc1, 0xbf], "overlong"],
    [[0xe0, 0x80, 0xaf], "overlong"],
    [[0xf0, 0x80, 0x80, 0xaf], "overlong"],
    [[0xed, 0xa0, 0x80], "a surrogate"],
    [[0xed, 0xbf, 0xbf], "a surrogate"],
    [[0xf4, 0x90, 0x80, 0x80], "beyond U+10FFFF"],
    [[0xf8, 0x88, 0x80, 0x80, 0x80], "five bytes"],
    [[0xff], "no lead byte"],
    [[0xfe], "no lead byte"],
  ] as const) {
    refuses(() => decodeUtf8(Uint8Array.from(bytes)), "malformed-utf8", why);
    refuses(() => decodeUtf8(Uint8Array.from([0x61, ...bytes, 0x61])), "malformed-utf8", why);
  }
});

test("byte strings compare by content and order as unsigned numbers", () => {
  const of = (...bytes: number[]): Uint8Array => Uint8Array.from(bytes);
  assert.ok(bytesEqual(of(), of()));
  assert.ok(bytesEqual(of(1, 2), of(0, 1, 2).subarray(1)));
  assert.ok(!bytesEqual(of(1, 2), of(1, 3)));
  assert.ok(!bytesEqual(of(1, 2), of(1, 2, 0)));
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 4 }), fc.uint8Array({ maxLength: 4 }), (a, b) => {
      assert.equal(Math.sign(compareBytes(a, b)), Buffer.compare(a, b));
      assert.equal(bytesEqual(a, b), Buffer.compare(a, b) === 0);
    }),
  );
});

test("parts are joined into a new array", () => {
  const part = Uint8Array.of(1, 2);
  const joined = concatBytes(part, new Uint8Array(0), Uint8Array.of(3));
  assert.deepEqual(joined, Uint8Array.of(1, 2, 3));
  const alone = concatBytes(part);
  part[0] = 9;
  assert.deepEqual(alone, Uint8Array.of(1, 2));
  assert.deepEqual(concatBytes(), new Uint8Array(0));
});

test("the reader takes big-endian integers and vectors", () => {
  const bytes = decodeHex("01 0203 040506 0708090a 0b0c0d0e0f 101112131415".replaceAll(" ", ""));
  const reader = new ByteReader(bytes, "test");
  for (const [size, value] of [
    [1, 0x01],
    [2, 0x0203],
    [3, 0x040506],
    [4, 0x0708090a],
    [5, 0x0b0c0d0e0f],
    [6, 0x101112131415],
  ] as const) {
    assert.equal(reader.uint(size), value);
  }
  reader.end();
  const max = new ByteReader(new Uint8Array(14).fill(0xff), "test");
  assert.equal(max.uint64(), 0xffff_ffff_ffff_ffffn);
  assert.equal(max.uint(6), 2 ** 48 - 1);
  const vector = new ByteReader(decodeHex("0002aabbcc"), "test");
  assert.deepEqual(vector.vector(2), Uint8Array.of(0xaa, 0xbb));
  assert.equal(vector.offset, 4);
  assert.equal(vector.remaining, 1);
});

test("the reader refuses what is cut or left over, and says where", () => {
  for (const size of [1, 2, 3, 4, 5, 6] as const) {
    const reader = new ByteReader(new Uint8Array(size - 1), "test");
    refuses(() => reader.uint(size), "truncated");
  }
  refuses(() => new ByteReader(new Uint8Array(7), "test").uint64(), "truncated");
  refuses(() => new ByteReader(decodeHex("03aabb"), "test").vector(1), "truncated");
  refuses(() => new ByteReader(decodeHex("ffffffff00"), "test").vector(4), "truncated");
  const reader = new ByteReader(decodeHex("00112233"), "tls");
  reader.bytes(3);
  assert.throws(() => reader.bytes(2), { place: "byte 3", format: "tls" });
  refuses(() => reader.end(), "trailing-data");
  assert.equal(reader.uint(1), 0x33);
  reader.end();
  assert.deepEqual(reader.bytes(0), new Uint8Array(0));
});

test("integers are written big-endian, and never cut", () => {
  assert.deepEqual(uintBytes(0, 0), new Uint8Array(0));
  assert.deepEqual(uintBytes(0x0102, 4), Uint8Array.of(0, 0, 1, 2));
  assert.deepEqual(uintBytes((1n << 64n) - 1n, 8), new Uint8Array(8).fill(255));
  for (const [value, size] of [
    [256, 1],
    [65536n, 2],
    [1n << 64n, 8],
    [1, 0],
    [-1, 8],
    [1.5, 8],
    [Number.NaN, 8],
  ] as const) {
    assert.throws(() => uintBytes(value, size), RangeError, `${value} in ${size}`);
  }
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 80 }), (bytes) => {
      assert.deepEqual(uintBytes(bigintFromBytes(bytes), bytes.length), bytes);
    }),
  );
});
