// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { test } from "node:test";
import { FormatError, type FormatErrorCode } from "../errors/index.ts";
import { type JsonValue, ObjectDecoder, parseJson, parseRfc3339 } from "./index.ts";

function decoder(text: string): ObjectDecoder {
  return new ObjectDecoder(parseJson(text), "test");
}

function field(value: string): ObjectDecoder {
  return decoder(`{"f":${value}}`);
}

function refuses(read: () => unknown, code: FormatErrorCode, place = "f"): void {
  assert.throws(
    read,
    (error) => error instanceof FormatError && error.code === code && error.place === place,
    `${code} at ${place}`,
  );
}

/** One value of every JSON type. */
const values = ["null", "true", "1", "18446744073709551616", '"text"', "[]", "{}"];

function refusesAllBut(
  allowed: readonly string[],
  read: (decoder: ObjectDecoder) => unknown,
): void {
  for (const value of values) {
    if (allowed.includes(value)) continue;
    refuses(() => read(field(value)), value === "null" ? "missing-field" : "wrong-type");
  }
  refuses(() => read(decoder("{}")), "missing-field");
}

test("what is no object is refused", () => {
  for (const text of ["null", "true", "1", '"text"', "[]"]) {
    assert.throws(() => decoder(text), { code: "wrong-type", place: "" });
  }
  assert.throws(() => new ObjectDecoder(undefined, "test", "a.b"), {
    code: "wrong-type",
    place: "a.b",
  });
});

test("null is absent", () => {
  const read = field("null");
  assert.equal(read.has("f"), false);
  assert.equal(read.has("g"), false);
  assert.equal(read.raw("f"), undefined);
  assert.equal(read.optionalObject("f"), undefined);
  assert.equal(read.optionalString("f"), undefined);
  assert.equal(read.optionalBytes("f"), undefined);
  assert.equal(read.optionalUint64("f"), undefined);
  assert.equal(read.optionalTime("f"), undefined);
  assert.deepEqual(read.objects("f", 1), []);
  assert.deepEqual(read.strings("f", 1), []);
  assert.deepEqual(read.bytesArray("f", 1), []);
  assert.equal(field("false").has("f"), true);
  assert.equal(field("0").raw("f"), 0);
});

test("an absent value is absent, a wrong one is refused, also where it is optional", () => {
  for (const value of ["true", "[]", "1"]) {
    refuses(() => field(value).optionalObject("f"), "wrong-type");
    refuses(() => field(value).optionalString("f"), "wrong-type");
    refuses(() => field(value).optionalBytes("f"), "wrong-type");
    refuses(() => field(value).optionalTime("f"), "wrong-type");
  }
  refuses(() => field("true").optionalUint64("f"), "wrong-type");
  assert.equal(field('"a"').optionalString("f"), "a");
  assert.equal(field('"7"').optionalUint64("f"), 7n);
  assert.deepEqual(field('"AQ=="').optionalBytes("f"), Uint8Array.of(1));
  assert.deepEqual(field('"2020-01-01T00:00:00Z"').optionalTime("f"), new Date("2020-01-01"));
  assert.equal(field('{"g":"a"}').optionalObject("f")?.string("g"), "a");
});

test("strings, booleans and objects are of their types", () => {
  assert.equal(field('"text"').string("f"), "text");
  assert.equal(field('""').string("f"), "");
  assert.equal(field("true").boolean("f"), true);
  assert.equal(field("false").boolean("f"), false);
  assert.equal(field('{"g":true}').object("f").boolean("g"), true);
  refusesAllBut(['"text"'], (read) => read.string("f"));
  refusesAllBut(["true"], (read) => read.boolean("f"));
  refusesAllBut(["{}"], (read) => read.object("f"));
});

test("arrays hold what they should, and no more items than allowed", () => {
  assert.deepEqual(field('["a","b"]').strings("f", 2), ["a", "b"]);
  assert.deepEqual(field('["AQ==",""]').bytesArray("f", 2), [Uint8Array.of(1), new Uint8Array(0)]);
  assert.equal(field('[{"g":"a"},{"g":"b"}]').objects("f", 2)[1]?.string("g"), "b");
  refuses(() => field('["a","b"]').strings("f", 1), "too-large");
  refuses(() => field("[{},{}]").objects("f", 1), "too-large");
  refuses(() => field('["",""]').bytesArray("f", 1), "too-large");
  for (const value of ["true", "1", '"text"', "{}", '{"length":0}']) {
    refuses(() => field(value).strings("f", 9), "wrong-type");
    refuses(() => field(value).objects("f", 9), "wrong-type");
    refuses(() => field(value).bytesArray("f", 9), "wrong-type");
  }
  refuses(() => field('["a",null]').strings("f", 9), "wrong-type", "f[1]");
  refuses(() => field('["a",["b"]]').strings("f", 9), "wrong-type", "f[1]");
  refuses(() => field('["AQ==","A"]').bytesArray("f", 9), "malformed-base64", "f[1]");
  refuses(() => field("[{},null]").objects("f", 9), "wrong-type", "f[1]");
  refuses(() => field("[{},[]]").objects("f", 9), "wrong-type", "f[1]");
});

test("bytes are strict base64 and not empty", () => {
  assert.deepEqual(field('"AQI="').bytes("f"), Uint8Array.of(1, 2));
  refuses(() => field('""').bytes("f"), "missing-field");
  for (const text of ["AQI", "A-_=", "AQI=\\n", " AQI=", "text!", "AQI=AQI="]) {
    refuses(() => field(`"${text}"`).bytes("f"), "malformed-base64");
  }
  refuses(() => field('"AQJ="').bytes("f"), "non-canonical");
  refusesAllBut(['"text"'], (read) => read.bytes("f"));
});

test("uint64 is a decimal string or an integer, not negative, and an int64", () => {
  for (const [value, number] of [
    ['"0"', 0n],
    ["0", 0n],
    ["-0", 0n],
    ["1e3", 1000n],
    ['"9223372036854775807"', 2n ** 63n - 1n],
    ["9223372036854775807", 2n ** 63n - 1n],
    ['"9007199254740993"', 2n ** 53n + 1n],
  ] as const) {
    assert.equal(field(value).uint64("f"), number);
  }
  for (const value of [
    '"9223372036854775808"',
    "9223372036854775808",
    '"-1"',
    "-1",
    '"-9223372036854775808"',
  ]) {
    refuses(() => field(value).uint64("f"), "out-of-range");
  }
  for (const text of ["", "-", "-0", "01", "+1", " 1", "1 ", "1.0", "1e3", "0x1", "1n", "\u0661"]) {
    refuses(() => field(`"${text}"`).uint64("f"), "wrong-type");
  }
  for (const value of ["1.5", "1e30", "1e-3", `"${"9".repeat(21)}"`, `"${"9".repeat(100_000)}"`]) {
    refuses(() => field(value).uint64("f"), "wrong-type");
  }
  for (const value of ["true", "[]", "{}", '["1"]']) {
    refuses(() => field(value).uint64("f"), "wrong-type");
  }
  refuses(() => field("null").uint64("f"), "missing-field");
});

test("the error about a long integer does not repeat it", () => {
  const read = field(`"${"9".repeat(100_000)}"`);
  assert.throws(
    () => read.uint64("f"),
    (error) => error instanceof FormatError && error.message.length < 200,
  );
});

test("an integer is a uint64 that a number holds exactly", () => {
  assert.equal(field("9007199254740991").integer("f"), 2 ** 53 - 1);
  assert.equal(field('"7"').integer("f"), 7);
  refuses(() => field("9007199254740992").integer("f"), "out-of-range");
  refuses(() => field('"9007199254740992"').integer("f"), "out-of-range");
  refuses(() => field("-1").integer("f"), "out-of-range");
  refuses(() => field("1.5").integer("f"), "wrong-type");
});

test("an enumeration has its names and no others", () => {
  const allowed = ["A", "B"] as const;
  assert.equal(field('"B"').oneOf("f", allowed), "B");
  for (const text of ["C", "a", "", "A ", "toString"]) {
    refuses(() => field(`"${text}"`).oneOf("f", allowed), "unsupported");
  }
  refusesAllBut(['"text"'], (read) => read.oneOf("f", allowed));
});

test("times are RFC 3339, and exist", () => {
  const read = (text: string): string | undefined => parseRfc3339(text)?.toISOString();
  assert.equal(read("2021-01-12T11:53:27Z"), "2021-01-12T11:53:27.000Z");
  assert.equal(read("2021-01-12T11:53:27.5Z"), "2021-01-12T11:53:27.500Z");
  assert.equal(read("2021-01-12T11:53:27.999999999Z"), "2021-01-12T11:53:27.999Z");
  assert.equal(read("2021-01-12T11:53:27+02:00"), "2021-01-12T09:53:27.000Z");
  assert.equal(read("2021-01-01T00:30:00+01:00"), "2020-12-31T23:30:00.000Z");
  assert.equal(read("2024-02-29T23:59:59Z"), "2024-02-29T23:59:59.000Z");
  assert.equal(read("0001-01-01T00:00:00Z"), "0001-01-01T00:00:00.000Z");
  for (const text of [
    "2021-02-31T00:00:00Z",
    "2021-02-29T00:00:00Z",
    "2100-02-29T00:00:00Z",
    "2021-04-31T00:00:00+02:00",
    "2021-13-01T00:00:00Z",
    "2021-00-01T00:00:00Z",
    "2021-01-00T00:00:00Z",
    "2021-01-32T00:00:00Z",
    "2021-01-01T24:00:00Z",
    "2021-01-01T25:00:00Z",
    "2021-01-01T00:60:00Z",
    "2021-01-01T00:00:60Z",
    "2016-12-31T23:59:60Z",
    "2021-01-01T00:00:00+24:00",
    "2021-01-01T00:00:00+00:60",
    "2021-01-01T00:00:00",
    "2021-01-01 00:00:00Z",
    "2021-01-01t00:00:00z",
    "2021-01-01T00:00:00.Z",
    "2021-01-01T00:00:00.1234567890Z",
    "2021-01-01T00:00:00,5Z",
    "2021-01-01T00:00Z",
    "2021-01-01",
    "21-01-01T00:00:00Z",
    "+002021-01-01T00:00:00Z",
    "-2021-01-01T00:00:00Z",
    "2021-1-1T00:00:00Z",
    "2021-01-01T00:00:00+0200",
    "2021-01-01T00:00:00Z ",
    " 2021-01-01T00:00:00Z",
    "2021-01-01T00:00:00Z\n",
    "\u0662021-01-01T00:00:00Z",
    "",
  ]) {
    assert.equal(read(text), undefined, text);
    refuses(() => new ObjectDecoder({ f: text }, "test").time("f"), "malformed");
  }
  refusesAllBut(['"text"'], (each) => each.time("f"));
});

test("a name that nobody asked for is refused, whatever its value", () => {
  const read = decoder(`{"a":1,"b":null,"__proto__":2}`);
  read.integer("a");
  read.has("b");
  refuses(() => read.end(), "unknown-field", "__proto__");
  read.raw("__proto__");
  read.end();
  const withNull = decoder(`{"a":null}`);
  refuses(() => withNull.end(), "unknown-field", "a");
  decoder("{}").end();
});

test("places are paths from the top", () => {
  const read = decoder(`{"a":[{"b":{"c":1}}]}`);
  const inner = (read.objects("a", 1)[0] as ObjectDecoder).object("b");
  refuses(() => inner.string("c"), "wrong-type", "a[0].b.c");
  refuses(() => inner.string("d"), "missing-field", "a[0].b.d");
  assert.equal(inner.place(""), "a[0].b");
  const error = inner.error("conflicting-fields", "c", "two members of one choice");
  assert.equal(error.message, "test at a[0].b.c: two members of one choice");
  const values: JsonValue = { f: 1 };
  assert.equal(new ObjectDecoder(values, "test", "top").place("f"), "top.f");
});
