// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { concatBytes, decodeHex, encodeHex, utf8Bytes } from "../bytes/index.ts";
import { FormatError, type FormatErrorCode } from "../errors/index.ts";
import {
  contextTag,
  der,
  derBitString,
  derBoolean,
  derExplicit,
  derGeneralizedTime,
  derInteger,
  derNull,
  derOctetString,
  derOid,
  DerReader,
  derSequence,
  derSetOf,
  derTime,
  derUnsigned,
  derUtf8String,
  readDer,
  readTime,
  Tag,
} from "./index.ts";

function bytes(hex: string): Uint8Array {
  return decodeHex(hex.replaceAll(" ", ""));
}

function read<T>(hex: string, take: (reader: DerReader) => T): T {
  return readDer(bytes(hex), "test", take);
}

function refuses(hex: string, take: (reader: DerReader) => unknown, code: FormatErrorCode): void {
  assert.throws(
    () => read(hex, take),
    (error) => error instanceof FormatError && error.code === code,
    `${hex} ${code}`,
  );
}

const any = (reader: DerReader): Uint8Array => reader.any().content;
const integer = (reader: DerReader): bigint => reader.integer();
const oid = (reader: DerReader): string => reader.oid();

test("an element is its tag, content and raw bytes, without a copy", () => {
  const input = bytes("04 03 010203");
  const element = readDer(input, "test", (reader) => reader.any());
  assert.equal(element.tag, Tag.octetString);
  assert.deepEqual(element.content, Uint8Array.of(1, 2, 3));
  assert.deepEqual(element.raw, input);
  assert.equal(element.content.buffer, input.buffer);
});

test("lengths are definite, minimal and of at most four bytes", () => {
  refuses("0480 0000", any, "non-canonical");
  refuses("3080 0000", any, "non-canonical");
  refuses("048101 01", any, "non-canonical");
  refuses(`04817f${"00".repeat(127)}`, any, "non-canonical");
  refuses(`04820080${"00".repeat(128)}`, any, "non-canonical");
  refuses(`0483000080${"00".repeat(128)}`, any, "non-canonical");
  refuses("048100", any, "non-canonical");
  refuses("04850000000001 00", any, "too-large");
  refuses("048501000000 00", any, "too-large");
  refuses("04ff", any, "too-large");
  refuses("04fe 00", any, "too-large");
  assert.equal(read(`048180${"00".repeat(128)}`, any).length, 128);
  assert.equal(read(`04820100${"00".repeat(256)}`, any).length, 256);
});

test("a length beyond the input is refused before anything is allocated", () => {
  for (const hex of ["0401", "047f00", "048180", "0482ffff00", "0483ffffff", "0484ffffffff00"]) {
    refuses(hex, any, "truncated");
  }
  for (const hex of ["", "04", "0481", "048201", "0484010203"]) refuses(hex, any, "truncated");
});

test("tag numbers above 30 are refused", () => {
  for (const hex of ["1f0100", "1f1f0100", "3f2100", "bf8f7f00", "df0100", "ff00"]) {
    refuses(hex, any, "unsupported");
  }
});

test("lengths are written minimally at every border", () => {
  for (const [length, head] of [
    [0, "0400"],
    [1, "0401"],
    [127, "047f"],
    [128, "048180"],
    [255, "0481ff"],
    [256, "04820100"],
    [65535, "0482ffff"],
    [65536, "0483010000"],
    [16777215, "0483ffffff"],
    [16777216, "048401000000"],
  ] as const) {
    const encoded = derOctetString(new Uint8Array(length));
    assert.equal(encodeHex(encoded.subarray(0, head.length / 2)), head);
    assert.equal(encoded.length, head.length / 2 + length);
    assert.equal(readDer(encoded, "test", (reader) => reader.octetString()).length, length);
  }
});

test("an element of another tag is refused, an absent one is truncated", () => {
  for (const take of [
    integer,
    oid,
    (reader: DerReader): boolean => reader.boolean(),
    (reader: DerReader): Uint8Array => reader.octetString(),
    (reader: DerReader): Uint8Array => reader.bitString(),
    (reader: DerReader): DerReader => reader.sequence(),
    (reader: DerReader): DerReader => reader.set(),
    (reader: DerReader): Date => readTime(reader),
    (reader: DerReader): DerReader => reader.enter(contextTag(0, true)),
  ]) {
    refuses("0500", take, "wrong-type");
    refuses("", take, "truncated");
  }
  // Primitive and constructed, universal and context are different tags.
  refuses("2403 020101", (reader) => reader.octetString(), "wrong-type");
  refuses("1000", (reader) => reader.sequence(), "wrong-type");
  refuses("8000", (reader) => reader.enter(contextTag(0, true)), "wrong-type");
});

test("optional elements are taken only where their tag stands", () => {
  const reader = new DerReader(bytes("0500 a003020105 0400"));
  assert.equal(reader.optional(Tag.octetString), undefined);
  reader.optionalNull();
  reader.optionalNull();
  assert.equal(reader.enterOptional(contextTag(1, true)), undefined);
  assert.equal(reader.enterOptional(contextTag(0, true))?.integer(), 5n);
  assert.equal(reader.done, false);
  assert.deepEqual(reader.optional(Tag.octetString)?.content, new Uint8Array(0));
  assert.equal(reader.done, true);
  assert.equal(reader.peek(), undefined);
  reader.end();
  refuses("050100", (each) => each.optionalNull(), "malformed");
});

test("what follows the end is refused at every level", () => {
  refuses("020101 00", integer, "trailing-data");
  refuses(
    "3006 020101 020102",
    (reader) => {
      const sequence = reader.sequence();
      sequence.integer();
      sequence.end();
    },
    "trailing-data",
  );
  // An inner element cannot reach beyond its outer one.
  refuses("3003 0204 010203 04", (reader) => reader.sequence().integer(), "truncated");
});

test("errors name the offset in the outermost input", () => {
  const input = bytes("3008 3006 020101 05 01 00");
  const inner = new DerReader(input, "test").sequence().sequence();
  inner.integer();
  assert.throws(() => inner.octetString(), { place: "byte 7", format: "test" });
});

test("integers are minimal two's complement", () => {
  for (const [hex, value] of [
    ["020100", 0n],
    ["02017f", 127n],
    ["02020080", 128n],
    ["020180", -128n],
    ["0202ff7f", -129n],
    ["0201ff", -1n],
    ["02028000", -32768n],
    ["020900ffffffffffffffff", 2n ** 64n - 1n],
  ] as const) {
    assert.equal(read(hex, integer), value);
    assert.equal(encodeHex(derInteger(value)), hex);
  }
  for (const hex of ["02020000", "0202007f", "0202ffff", "0202ff80", "020300 0080"]) {
    refuses(hex, integer, "non-canonical");
  }
  refuses("0200", integer, "malformed");
  fc.assert(
    fc.property(fc.bigInt({ min: -(2n ** 200n), max: 2n ** 200n }), (value) => {
      assert.equal(readDer(derInteger(value), "test", integer), value);
    }),
  );
});

test("small integers are not negative and below 2^53", () => {
  const small = (reader: DerReader): number => reader.smallInteger();
  assert.equal(readDer(derInteger(2 ** 53 - 1), "test", small), 2 ** 53 - 1);
  for (const value of [-1n, -128n, 2n ** 53n, 2n ** 64n, 2n ** 4096n]) {
    const encoded = derInteger(value);
    assert.throws(() => readDer(encoded, "test", small), { code: "out-of-range" });
  }
});

test("unsigned bytes get a leading zero where they need one, and lose those they do not", () => {
  for (const [from, to] of [
    ["", "020100"],
    ["00", "020100"],
    ["0000", "020100"],
    ["7f", "02017f"],
    ["80", "02020080"],
    ["000080", "02020080"],
    ["00ff01", "020300ff01"],
  ] as const) {
    assert.equal(encodeHex(derUnsigned(bytes(from))), to);
  }
});

test("booleans are 00 or FF", () => {
  const boolean = (reader: DerReader): boolean => reader.boolean();
  assert.equal(read("0101ff", boolean), true);
  assert.equal(read("010100", boolean), false);
  assert.equal(encodeHex(concatBytes(derBoolean(true), derBoolean(false))), "0101ff010100");
  for (const hex of ["010101", "01017f", "0100", "0102ffff"])
    refuses(hex, boolean, "non-canonical");
});

test("bit strings are of whole bytes", () => {
  const bits = (reader: DerReader): Uint8Array => reader.bitString();
  assert.deepEqual(read("030100", bits), new Uint8Array(0));
  assert.deepEqual(readDer(derBitString(Uint8Array.of(7)), "test", bits), Uint8Array.of(7));
  for (const hex of ["0300", "03020780", "03020100", "030108", "0301ff"]) {
    refuses(hex, bits, "malformed");
  }
});

test("object identifiers are read and written, those of UUIDs too", () => {
  for (const [hex, text] of [
    ["06062a864886f70d", "1.2.840.113549"],
    ["06032b6570", "1.3.101.112"],
    ["060100", "0.0"],
    ["060127", "0.39"],
    ["060128", "1.0"],
    ["06014f", "1.39"],
    ["060150", "2.0"],
    ["06017f", "2.47"],
    ["06028837", "2.999"],
    ["0603883703", "2.999.3"],
    // X.667: f81d4fae-7dec-11d0-a765-00a0c91e6bf6.
    [
      "06146983f09da7ebcfdee0c7a1a7b2c0948cc8f9d776",
      "2.25.329800735698586629295641978511506172918",
    ],
    ["0609 60 8fffffffffffff7f", "2.16.9007199254740991"],
    ["0609 60 90808080808080 00", "2.16.9007199254740992"],
  ] as const) {
    assert.equal(read(hex, oid), text);
    assert.equal(encodeHex(derOid(text)), hex.replaceAll(" ", ""));
  }
  const arcs = fc.array(fc.bigInt({ min: 0n, max: 2n ** 128n }), { minLength: 1, maxLength: 12 });
  fc.assert(
    fc.property(fc.constantFrom(0n, 1n, 2n), arcs, (top, [second, ...rest]) => {
      const limited = top < 2n ? (second as bigint) % 40n : second;
      const text = [top, limited, ...rest].join(".");
      assert.equal(readDer(derOid(text), "test", oid), text);
    }),
  );
});

test("object identifiers that are empty, cut, padded or endless are refused", () => {
  for (const hex of [
    "0600",
    "060180",
    "06022a86",
    "06022a80",
    "0603808001",
    "0602802a",
    "06032a8001",
    "06042a808001",
    `06820101${"01".repeat(257)}`,
    `0642${"01".repeat(66)}`,
    `068180${"ff".repeat(128)}`,
  ]) {
    assert.throws(() => read(hex, oid), FormatError, hex);
  }
  const long = `0681c8${"ff".repeat(199)}7f`;
  assert.match(read(long, oid), /^2\.[0-9]{400,}$/);
});

test("text that is no object identifier is not written", () => {
  for (const text of [
    "",
    "1",
    "1.",
    ".1",
    "1..2",
    "3.1",
    "0.40",
    "1.40",
    "1.02",
    "1.a",
    "1.-1",
    "1.2 ",
  ]) {
    assert.throws(() => derOid(text), RangeError, text);
  }
});

test("UTCTime and GeneralizedTime are read in the form of DER", () => {
  const time = (tag: number, text: string): string =>
    readDer(der(tag, utf8Bytes(text)), "test", readTime).toISOString();
  assert.equal(time(Tag.utcTime, "210112115327Z"), "2021-01-12T11:53:27.000Z");
  assert.equal(time(Tag.utcTime, "491231235959Z"), "2049-12-31T23:59:59.000Z");
  assert.equal(time(Tag.utcTime, "500101000000Z"), "1950-01-01T00:00:00.000Z");
  assert.equal(time(Tag.generalizedTime, "20500101000000Z"), "2050-01-01T00:00:00.000Z");
  assert.equal(time(Tag.generalizedTime, "00010101000000Z"), "0001-01-01T00:00:00.000Z");
  assert.equal(time(Tag.generalizedTime, "99991231235959Z"), "9999-12-31T23:59:59.000Z");
  assert.equal(time(Tag.generalizedTime, "20240229000000Z"), "2024-02-29T00:00:00.000Z");
  assert.equal(time(Tag.generalizedTime, "20210112115327.5Z"), "2021-01-12T11:53:27.500Z");
  assert.equal(time(Tag.generalizedTime, "20210112115327.05Z"), "2021-01-12T11:53:27.050Z");
  assert.equal(time(Tag.generalizedTime, "20210112115327.123456789Z"), "2021-01-12T11:53:27.123Z");
});

test("times that do not exist or are in another form are refused", () => {
  for (const text of [
    "20210231000000Z",
    "20210229000000Z",
    "21000229000000Z",
    "20210431000000Z",
    "20210001000000Z",
    "20211301000000Z",
    "20210100000000Z",
    "20210101240000Z",
    "20210101006000Z",
    "20210101000060Z",
    "20161231235960Z",
    "20210112115327",
    "20210112115327+0000",
    "20210112115327-0100",
    "202101121153Z",
    "2021011211Z",
    "20210112115327.Z",
    "20210112115327.0Z",
    "20210112115327.50Z",
    "20210112115327,5Z",
    "20210112115327z",
    " 20210112115327Z",
    "20210112115327Z ",
    "20210112115327Z\n",
    "2021011211532\u0667Z",
    "+2021011211532Z",
    "210112115327Z",
    `20210112115327.${"1".repeat(40)}Z`,
    "",
  ]) {
    refuses(encodeHex(der(Tag.generalizedTime, utf8Bytes(text))), readTime, "malformed");
  }
  for (const text of [
    "210231000000Z",
    "211301000000Z",
    "210101000060Z",
    "2101121153Z",
    "210112115327+0000",
    "210112115327.5Z",
    "20210112115327Z",
    "210112115327",
    "",
  ]) {
    refuses(encodeHex(der(Tag.utcTime, utf8Bytes(text))), readTime, "malformed");
  }
});

test("times are written as RFC 5280 wants them", () => {
  const written = (time: Date): string => {
    const encoded = derTime(time);
    return `${encoded[0]} ${new TextDecoder().decode(encoded.subarray(2))}`;
  };
  assert.equal(written(new Date("1949-12-31T23:59:59Z")), "24 19491231235959Z");
  assert.equal(written(new Date("1950-01-01T00:00:00Z")), "23 500101000000Z");
  assert.equal(written(new Date("2049-12-31T23:59:59.999Z")), "23 491231235959Z");
  assert.equal(written(new Date("2050-01-01T00:00:00Z")), "24 20500101000000Z");
  const seconds = fc.integer({ min: -62135596800, max: 253402300799 });
  fc.assert(
    fc.property(seconds, (second) => {
      const time = new Date(second * 1000);
      assert.deepEqual(readDer(derTime(time), "test", readTime), time);
      assert.deepEqual(readDer(derGeneralizedTime(time), "test", readTime), time);
    }),
  );
  for (const time of [new Date(253402300800000), new Date(-62167219200001), new Date(Number.NaN)]) {
    assert.throws(() => derGeneralizedTime(time), RangeError);
  }
});

test("a SET OF is written in ascending order of encodings", () => {
  const set = derSetOf(derOctetString(bytes("02")), derInteger(5), derOctetString(bytes("01")));
  assert.equal(encodeHex(set), "3109020105040101040102");
  assert.equal(encodeHex(derSetOf(bytes("040100"), bytes("0400"))), "31050400040100");
});

test("structures are written as they are read", () => {
  const encoded = derSequence(
    derExplicit(0, derInteger(2)),
    derUtf8String("\u00e9"),
    derNull(),
    derOid("1.2.3"),
  );
  assert.equal(encodeHex(encoded), "300fa0030201020c02c3a9050006022a03");
  readDer(encoded, "test", (reader) => {
    const sequence = reader.sequence();
    assert.equal(sequence.enter(contextTag(0, true)).integer(), 2n);
    assert.equal(encodeHex(sequence.element(Tag.utf8String).content), "c3a9");
    sequence.optionalNull();
    assert.equal(sequence.oid(), "1.2.3");
    sequence.end();
  });
});

test("hostile bytes are walked or refused, never anything else", () => {
  const walk = (reader: DerReader, depth: number): void => {
    while (!reader.done) {
      const tag = reader.peek() as number;
      if ((tag & 0x20) !== 0 && (tag & 0x1f) !== 0x1f && depth < 20) {
        walk(reader.enter(tag), depth + 1);
      } else if (tag === Tag.integer) {
        reader.integer();
      } else if (tag === Tag.oid) {
        reader.oid();
      } else if (tag === Tag.utcTime || tag === Tag.generalizedTime) {
        readTime(reader);
      } else {
        reader.any();
      }
    }
  };
  const heads = fc.constantFrom(0x30, 0x31, 0x02, 0x06, 0x17, 0x18, 0x04, 0xa0, 0x80, 0x82, 1, 2);
  fc.assert(
    fc.property(fc.array(fc.oneof(heads, fc.nat(255)), { maxLength: 40 }), (input) => {
      try {
        walk(new DerReader(Uint8Array.from(input)), 0);
      } catch (error) {
        if (!(error instanceof FormatError)) throw error;
      }
    }),
    { numRuns: 2000 },
  );
});
