// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import fc from "fast-check";
import { needVectors } from "../../../../test/vectors.ts";
import { concatBytes, utf8Bytes } from "../bytes/index.ts";
import { FormatError, type FormatErrorCode } from "../errors/index.ts";
import { type JsonLimits, jsonLimitsDefault, type JsonValue, parseJson } from "./index.ts";

function refuses(input: string | Uint8Array, ...codes: readonly FormatErrorCode[]): void {
  assert.throws(
    () => parseJson(input),
    (error) => error instanceof FormatError && codes.includes(error.code),
    JSON.stringify(String(input).slice(0, 80)),
  );
}

/** Plain objects and numbers again, to compare with what `JSON.parse` makes. */
function plain(value: unknown): unknown {
  const text = JSON.stringify(value, (_, each: unknown) =>
    typeof each === "bigint" ? Number(each) : each,
  );
  return JSON.parse(text);
}

test("what JSON.stringify writes is read as JSON.parse reads it", () => {
  fc.assert(
    fc.property(fc.jsonValue({ noUnicodeString: false }), (value) => {
      const text = JSON.stringify(value);
      assert.deepEqual(plain(parseJson(text)), JSON.parse(text));
      assert.deepEqual(plain(parseJson(utf8Bytes(text))), JSON.parse(text));
      const spaced = JSON.stringify(value, null, "\t");
      assert.deepEqual(plain(parseJson(` ${spaced}\r\n`)), JSON.parse(text));
    }),
  );
});

test("any text is read only where JSON.parse reads it too, and to the same value", () => {
  const pieces = fc.constantFrom(
    ...'{ } [ ] " : , \\ t f n 0 1 - + . e E u'.split(" "),
    " ",
    "\n",
    "true",
    "false",
    "null",
    '"a"',
    "\\u0061",
    "\ufeff",
    "\u0000",
    "\ud800",
    "12",
  );
  fc.assert(
    fc.property(fc.array(pieces, { maxLength: 12 }), (parts) => {
      const text = parts.join("");
      let read: JsonValue;
      try {
        read = parseJson(text);
      } catch (error) {
        if (error instanceof FormatError) return;
        throw error;
      }
      assert.deepEqual(plain(read), plain(JSON.parse(text)), text);
    }),
    { numRuns: 2000 },
  );
});

test("a name that stands twice is refused, however it is written", () => {
  for (const text of [
    `{"a":1,"a":1}`,
    `{"a":1,"b":2,"a":3}`,
    `{"a":1,"\\u0061":2}`,
    `{"\\u0061":1,"a":2}`,
    `{"\\u0061":1,"\\u0061":2}`,
    `{"":1,"":2}`,
    `{"__proto__":1,"__proto__":2}`,
    `{"__proto__":{},"\\u005f_proto__":{}}`,
    `{"constructor":1,"constructor":2}`,
    `{"1":1,"1":2}`,
    `{"\u{1f600}":1,"\\ud83d\\ude00":2}`,
    `{"/":1,"\\/":2}`,
    `[{"x":{"a":null,"a":null}}]`,
  ]) {
    refuses(text, "duplicate-key");
  }
});

test("names of Object's prototype are names like others", () => {
  const value = parseJson(`{"__proto__":{"x":1},"constructor":2,"toString":3,"hasOwnProperty":4}`);
  assert.equal(Object.getPrototypeOf(value), null);
  assert.deepEqual(Object.keys(value as object), [
    "__proto__",
    "constructor",
    "toString",
    "hasOwnProperty",
  ]);
  assert.equal((value as Record<string, unknown>)["x"], undefined);
  assert.equal(({} as Record<string, unknown>)["x"], undefined);
  // Names that look alike but are not equal are two names.
  assert.equal(Object.keys(parseJson(`{"\u00e9":1,"e\u0301":2}`) as object).length, 2);
});

test("lone surrogates are refused, escaped or not, in names and values", () => {
  for (const text of [
    "\\ud800",
    "\\udc00",
    "\\ud800a",
    "\\udc00\\ud800",
    "\\ud83d\\ud83d",
    "\ud800",
  ]) {
    refuses(`"${text}"`, "malformed-utf8");
    refuses(`{"${text}":1}`, "malformed-utf8");
  }
  assert.equal(parseJson(`"\\ud83d\\ude00"`), "\u{1f600}");
  assert.equal(parseJson(`"\u{1f600}"`), "\u{1f600}");
  refuses(
    concatBytes(utf8Bytes(`"`), Uint8Array.of(0xed, 0xa0, 0x80), utf8Bytes(`"`)),
    "malformed-utf8",
  );
  refuses(concatBytes(utf8Bytes(`"`), Uint8Array.of(0xff), utf8Bytes(`"`)), "malformed-utf8");
});

test("a byte order mark and other spaces are refused outside strings", () => {
  refuses(concatBytes(Uint8Array.of(0xef, 0xbb, 0xbf), utf8Bytes("{}")), "malformed-json");
  for (const space of ["\ufeff", "\u00a0", "\u000b", "\u000c", "\u2028", "\u0085", "\u0000"]) {
    refuses(`${space}{}`, "malformed-json");
    refuses(`{}${space}`, "trailing-data");
    refuses(`[1${space}]`, "malformed-json");
  }
  assert.equal(parseJson(`"\ufeff\u2028"`), "\ufeff\u2028");
});

test("control characters and unknown escapes in strings are refused", () => {
  for (let code = 0; code < 0x20; code++) {
    refuses(`"a${String.fromCharCode(code)}b"`, "malformed-json");
  }
  for (const escape of [
    "\\a",
    "\\x41",
    "\\u004",
    "\\u{41}",
    "\\'",
    "\\0",
    "\\U0041",
    "\\\n",
    "\\",
  ]) {
    refuses(`"${escape}"`, "malformed-json");
  }
  assert.equal(parseJson(`"\\"\\\\\\/\\b\\f\\n\\r\\t\\u0000"`), `"\\/\b\f\n\r\t\u0000`);
  assert.equal(parseJson(`"\u007f"`), "\u007f");
});

test("numbers keep every digit, or are refused", () => {
  assert.equal(parseJson("9007199254740991"), 2 ** 53 - 1);
  assert.equal(parseJson("9007199254740992"), 2n ** 53n);
  assert.equal(parseJson("9007199254740993"), 2n ** 53n + 1n);
  assert.equal(parseJson("-9007199254740993"), -(2n ** 53n) - 1n);
  assert.equal(parseJson("18446744073709551615"), 2n ** 64n - 1n);
  assert.ok(Object.is(parseJson("-0"), -0));
  assert.equal(parseJson("1e3"), 1000);
  assert.equal(parseJson("1.5E-3"), 0.0015);
  assert.equal(parseJson("9".repeat(300)), BigInt("9".repeat(300)));
  assert.equal(parseJson("1e308"), 1e308);
  for (const text of ["1e309", "1e400", "-1e400", "9".repeat(310), `1${"0".repeat(399)}`]) {
    refuses(text, "out-of-range");
  }
  for (const text of ["9".repeat(401), `0.${"1".repeat(400)}`, "9".repeat(1_000_000)]) {
    refuses(text, "too-large");
  }
});

test("what is nearly a number is refused", () => {
  for (const text of [
    "+1",
    ".5",
    "-",
    "--1",
    "NaN",
    "Infinity",
    "-Infinity",
    "e1",
    "\u0661",
    "\uff11",
  ]) {
    refuses(text, "malformed-json");
    refuses(`[${text}]`, "malformed-json");
  }
  for (const text of ["01", "00", "-01", "1.", "1.e1", "1e", "1e+", "0x10", "1_000", "1n", "1 2"]) {
    refuses(text, "trailing-data");
    refuses(`[${text}]`, "malformed-json");
  }
});

test("what is nearly JSON is refused", () => {
  for (const text of [
    "",
    " ",
    "\n",
    "tru",
    "truE",
    "True",
    "nul",
    "undefined",
    "'a'",
    "a",
    "/",
    "//",
  ]) {
    refuses(text, "malformed-json");
  }
  for (const text of [
    "{",
    "[",
    `{"a"`,
    `{"a":`,
    `{"a":1`,
    `{"a":1,`,
    "[1",
    "[1,",
    `"`,
    `"a`,
    `"\\`,
  ]) {
    refuses(text, "malformed-json");
  }
  for (const text of ["[,]", "[1,]", "[1 2]", "[1;2]", "[}", "{]", "{,}", `{"a":1,}`, `{"a" 1}`]) {
    refuses(text, "malformed-json");
  }
  for (const text of [`{a:1}`, `{1:1}`, `{"a":}`, `{"a":1 "b":2}`, `{"a":1,,"b":2}`, `{null:1}`]) {
    refuses(text, "malformed-json");
  }
  for (const text of [
    "{} {}",
    "[] 1",
    "1,",
    "truefalse",
    "null//",
    "{}}",
    "[]]",
    `"a""b"`,
    "/**/1",
  ]) {
    refuses(text, "trailing-data", "malformed-json");
  }
});

test("depth is limited before the stack is", () => {
  const { depthMax } = jsonLimitsDefault;
  const nested = (open: string, close: string, levels: number): string =>
    open.repeat(levels) + close.repeat(levels);
  assert.ok(parseJson(nested("[", "]", depthMax)));
  refuses(nested("[", "]", depthMax + 1), "too-deep");
  const objects = (levels: number): string => `{"a":`.repeat(levels) + "1" + "}".repeat(levels);
  assert.ok(parseJson(objects(depthMax)));
  refuses(objects(depthMax + 1), "too-deep");
  refuses("[".repeat(5_000_000), "too-deep");
  refuses(`{"a":`.repeat(1_000_000), "too-deep");
  const flat: JsonLimits = { sizeBytesMax: 100, depthMax: 1 };
  assert.ok(parseJson("[1]", "json", flat));
  assert.throws(() => parseJson("[[]]", "json", flat), { code: "too-deep" });
});

test("size is limited before anything is read", () => {
  const small: JsonLimits = { sizeBytesMax: 10, depthMax: 2 };
  assert.equal(parseJson(`"12345678"`, "json", small), "12345678");
  assert.throws(() => parseJson(`"123456789"`, "json", small), { code: "too-large" });
  assert.throws(() => parseJson(new Uint8Array(11), "json", small), { code: "too-large" });
  const bytes = new Uint8Array(jsonLimitsDefault.sizeBytesMax + 1);
  refuses(bytes, "too-large");
});

test("strings of ten megabytes are read in one go, plain or escaped", () => {
  const long = "a".repeat(10 << 20);
  assert.equal(parseJson(`"${long}"`), long);
  const escaped = "\\n".repeat(5 << 20);
  assert.equal((parseJson(`"${escaped}"`) as string).length, 5 << 20);
  refuses(`"${long}`, "malformed-json");
  refuses(`"${escaped}`, "malformed-json");
  refuses(`"${"\\".repeat(1_000_001)}"`, "malformed-json");
  const many = `[${"[],".repeat(1_000_000)}1]`;
  assert.equal((parseJson(many) as JsonValue[]).length, 1_000_001);
});

test("a real bundle cut at any byte is refused", (t) => {
  const path = "sigstore-conformance/bundle-verify/happy-path-v0.3/bundle.sigstore.json";
  const file = needVectors(t, path);
  if (file === undefined) return;
  const bytes = new Uint8Array(readFileSync(file));
  const text = new TextDecoder().decode(bytes);
  assert.deepEqual(plain(parseJson(bytes)), JSON.parse(text));
  const end = text.trimEnd().length;
  for (let length = 0; length < end; length++) {
    refuses(bytes.subarray(0, length), "malformed-json", "malformed-utf8");
  }
  refuses(concatBytes(bytes, utf8Bytes("}")), "trailing-data");
});

test("errors name the format and the character", () => {
  assert.throws(() => parseJson(`{"a":1,"a":2}`, "bundle"), {
    format: "bundle",
    place: "character 7",
    code: "duplicate-key",
  });
  assert.throws(() => parseJson("[1,x]"), { place: "character 3" });
});
