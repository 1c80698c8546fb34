// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { encodeHex, utf8Bytes } from "../bytes/index.ts";
import { FormatError } from "../errors/index.ts";
import { canonicalizeJcs, canonicalizeOlpc, type JsonValue, parseJson } from "./index.ts";

const jcs = (text: string): string => canonicalizeJcs(parseJson(text));
const olpc = (text: string): string => canonicalizeOlpc(parseJson(text));

function refuses(check: () => unknown, code: string): void {
  assert.throws(check, (error) => error instanceof FormatError && error.code === code);
}

test("the example of RFC 8785 §3.2.2 comes out as its §3.2.3 and §3.2.4 say", () => {
  const input = `{
    "numbers": [333333333.33333329, 1E30, 4.50, 2e-3, 0.000000000000000000000000001],
    "string": "\\u20ac$\\u000F\\u000aA'\\u0042\\u0022\\u005c\\\\\\"\\/",
    "literals": [null, true, false]
  }`;
  const expected =
    `{"literals":[null,true,false],"numbers":[333333333.3333333,1e+30,4.5,0.002,1e-27],` +
    `"string":"\u20ac$\\u000f\\nA'B\\"\\\\\\\\\\"/"}`;
  assert.equal(jcs(input), expected);
  assert.equal(
    encodeHex(utf8Bytes(jcs(input))).slice(0, 64),
    "7b226c69746572616c73223a5b6e756c6c2c747275652c66616c73655d2c226e",
  );
});

test("names sort by UTF-16 code units, as RFC 8785 §3.2.3 shows", () => {
  const input = `{
    "\\u20ac": "Euro Sign",
    "\\r": "Carriage Return",
    "\\ufb33": "Hebrew Letter Dalet With Dagesh",
    "1": "One",
    "\\ud83d\\ude00": "Emoji: Grinning Face",
    "\\u0080": "Control",
    "\\u00f6": "Latin Small Letter O With Diaeresis"
  }`;
  const values = Object.values(JSON.parse(jcs(input)) as Record<string, string>);
  // JSON.parse moves the integer name first, where it stands here after the carriage return.
  assert.deepEqual(values.slice(1), [
    "Carriage Return",
    "Control",
    "Latin Small Letter O With Diaeresis",
    "Euro Sign",
    "Emoji: Grinning Face",
    "Hebrew Letter Dalet With Dagesh",
  ]);
  assert.ok(jcs(input).startsWith(`{"\\r":"Carriage Return","1":"One","\u0080":"Control"`));
});

test("surrogates sort below U+E000 in JCS and above it in OLPC", () => {
  const input = `{"\ue000":1,"\u{10000}":2,"\uffff":3,"\ud7ff":4}`;
  assert.equal(jcs(input), `{"\ud7ff":4,"\u{10000}":2,"\ue000":1,"\uffff":3}`);
  assert.equal(olpc(input), `{"\ud7ff":4,"\ue000":1,"\uffff":3,"\u{10000}":2}`);
  const prefixes = `{"ab":1,"a":2,"":3,"\u{10000}a":4,"\u{10000}":5}`;
  assert.equal(jcs(prefixes), `{"":3,"a":2,"ab":1,"\u{10000}":5,"\u{10000}a":4}`);
  assert.equal(olpc(prefixes), `{"":3,"a":2,"ab":1,"\u{10000}":5,"\u{10000}a":4}`);
  assert.equal(jcs(`{"10":1,"9":2,"1":3}`), `{"1":3,"10":1,"9":2}`);
});

test("numbers are written as RFC 8785 appendix B lists them", () => {
  const view = new DataView(new ArrayBuffer(8));
  for (const [bits, text] of [
    ["0000000000000000", "0"],
    ["8000000000000000", "0"],
    ["0000000000000001", "5e-324"],
    ["8000000000000001", "-5e-324"],
    ["7fefffffffffffff", "1.7976931348623157e+308"],
    ["ffefffffffffffff", "-1.7976931348623157e+308"],
    ["4340000000000000", "9007199254740992"],
    ["c340000000000000", "-9007199254740992"],
    ["4430000000000000", "295147905179352830000"],
    ["44b52d02c7e14af5", "9.999999999999997e+22"],
    ["44b52d02c7e14af6", "1e+23"],
    ["44b52d02c7e14af7", "1.0000000000000001e+23"],
    ["444b1ae4d6e2ef4e", "999999999999999700000"],
    ["444b1ae4d6e2ef4f", "999999999999999900000"],
    ["444b1ae4d6e2ef50", "1e+21"],
    ["3eb0c6f7a0b5ed8c", "9.999999999999997e-7"],
    ["3eb0c6f7a0b5ed8d", "0.000001"],
    ["41b3de4355555553", "333333333.3333332"],
    ["41b3de4355555554", "333333333.33333325"],
    ["41b3de4355555555", "333333333.3333333"],
    ["41b3de4355555556", "333333333.3333334"],
    ["41b3de4355555557", "333333333.33333343"],
    ["becbf647612f3696", "-0.0000033333333333333333"],
    ["43143ff3c1cb0959", "1424953923781206.2"],
  ] as const) {
    view.setBigUint64(0, BigInt(`0x${bits}`));
    assert.equal(canonicalizeJcs(view.getFloat64(0)), text, bits);
  }
  for (const bits of ["7fffffffffffffff", "7ff0000000000000", "fff0000000000000"]) {
    view.setBigUint64(0, BigInt(`0x${bits}`));
    refuses(() => canonicalizeJcs(view.getFloat64(0)), "unsupported");
  }
});

test("what has no JCS form is refused", () => {
  refuses(() => jcs("9007199254740993"), "unsupported");
  refuses(() => jcs(`{"a":[18446744073709551615]}`), "unsupported");
  refuses(() => canonicalizeJcs("\ud800"), "unsupported");
  refuses(() => canonicalizeJcs({ "\udc00": 1 }), "unsupported");
  let deep: JsonValue = [];
  for (let i = 0; i < 64; i++) deep = [deep];
  assert.ok(canonicalizeJcs((deep as JsonValue[])[0] as JsonValue));
  refuses(() => canonicalizeJcs([deep]), "too-deep");
  refuses(() => canonicalizeOlpc([deep]), "too-deep");
});

test("strings are escaped as ECMAScript does, and no further", () => {
  assert.equal(
    canonicalizeJcs('\u0000\u001f\b\t\n\f\r"\\/\u007f\u2028\u00e9\u{1f600}<&'),
    `"\\u0000\\u001f\\b\\t\\n\\f\\r\\"\\\\/\u007f\u2028\u00e9\u{1f600}<&"`,
  );
});

test("JCS text is JSON of the same value, and comes out of itself unchanged", () => {
  fc.assert(
    fc.property(fc.jsonValue({ noUnicodeString: false }), (value) => {
      const text = JSON.stringify(value);
      if (/\\ud[89a-f]/.test(text)) return;
      const canonical = canonicalizeJcs(value as JsonValue);
      assert.deepEqual(JSON.parse(canonical), JSON.parse(text));
      assert.equal(canonicalizeJcs(JSON.parse(canonical) as JsonValue), canonical);
    }),
  );
});

test("OLPC escapes only quotes and backslashes and leaves control characters raw", () => {
  assert.equal(canonicalizeOlpc('a"\\\n\u0000\u00e9'), `"a\\"\\\\\n\u0000\u00e9"`);
  assert.equal(olpc(`{"b":[1,-2,true,null,{}],"a":""}`), `{"a":"","b":[1,-2,true,null,{}]}`);
  assert.equal(olpc("-0"), "0");
  assert.equal(olpc("9007199254740993"), "9007199254740993");
});

test("OLPC refuses fractions, lone surrogates and numbers that lost digits", () => {
  for (const text of ["1.5", "1e-3", "1e300", "[0.1]"]) refuses(() => olpc(text), "unsupported");
  refuses(() => canonicalizeOlpc(2 ** 53), "unsupported");
  refuses(() => canonicalizeOlpc(Number.NaN), "unsupported");
  refuses(() => canonicalizeOlpc("\ud800"), "unsupported");
  refuses(() => canonicalizeOlpc({ "\udc00": 1 }), "unsupported");
});

test("OLPC text without control characters is JSON of the same value", () => {
  const text = fc.string({ unit: "grapheme" }).filter((each) => !/\p{Cc}/u.test(each));
  const leaf = fc.oneof(text, fc.maxSafeInteger(), fc.boolean(), fc.constant(null));
  const { tree } = fc.letrec((tie) => ({
    tree: fc.oneof(
      { maxDepth: 4 },
      leaf,
      fc.array(tie("tree")),
      fc.dictionary(text, tie("tree"), { noNullPrototype: true }),
    ),
  }));
  fc.assert(
    fc.property(tree, (value) => {
      const written = canonicalizeOlpc(value as JsonValue);
      assert.deepEqual(JSON.parse(written), JSON.parse(JSON.stringify(value)));
      assert.equal(olpc(written), written);
    }),
  );
});
