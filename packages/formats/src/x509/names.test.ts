// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { suite, test } from "node:test";
import fc from "fast-check";
import { chainFile } from "../../test/certificate-files.ts";
import { testName } from "../../test/certificate-builder.ts";
import { concatBytes, utf8Bytes } from "../bytes/index.ts";
import { der, derOid, derSequence, derSetOf, derUtf8String } from "../der/index.ts";
import { FormatError } from "../errors/index.ts";
import { commonName, decodeName, nameToString, organization } from "./names.ts";

const CN = "2.5.4.3";
const attribute = (oid: string, value: Uint8Array): Uint8Array => derSequence(derOid(oid), value);
const nameOf = (...values: Uint8Array[]): Uint8Array =>
  derSequence(...values.map((value) => derSetOf(attribute(CN, value))));
const textOf = (text: string): string => nameToString(nameOf(derUtf8String(text)));

suite("names as text", () => {
  test("read like those of OpenSSL's RFC 2253 form", () => {
    const [leaf, intermediate] = chainFile("P-256");
    assert.equal(nameToString(leaf!.subject), "CN=leaf,O=Chancery test");
    assert.equal(nameToString(leaf!.issuer), "CN=intermediate,O=Chancery test");
    assert.equal(commonName(intermediate!.subject), "intermediate");
    assert.equal(organization(intermediate!.subject), "Chancery test");
  });

  test("of the empty name are empty, and it has no attributes", () => {
    const empty = testName("");
    assert.equal(nameToString(empty), "");
    assert.deepEqual(decodeName(empty), []);
    assert.equal(commonName(empty), undefined);
    assert.equal(organization(empty), undefined);
  });

  test("take the innermost common name and the outermost organization", () => {
    const name = testName("CN=inner,O=second,CN=outer,O=first");
    assert.equal(commonName(name), "inner");
    assert.equal(organization(name), "first");
    assert.equal(nameToString(name), "CN=inner,O=second,CN=outer,O=first");
  });

  test("join the attributes of one relative name with a plus", () => {
    const set = derSetOf(
      attribute(CN, derUtf8String("a")),
      attribute("2.5.4.10", derUtf8String("b")),
    );
    assert.equal(nameToString(derSequence(set)), "CN=a+O=b");
  });

  test("escape what RFC 4514 says, and what a terminal would obey", () => {
    assert.equal(textOf('a,b+c"d\\e<f>g;h'), 'CN=a\\,b\\+c\\"d\\\\e\\<f\\>g\\;h');
    assert.equal(textOf("#a"), "CN=\\#a");
    assert.equal(textOf(" a "), "CN=\\ a\\ ");
    assert.equal(textOf(" "), "CN=\\ ");
    assert.equal(textOf("a b"), "CN=a b");
    assert.equal(textOf("a\u0000b\u001b[2J\n"), "CN=a\\00b\\1b[2J\\0a");
    assert.equal(textOf("\u202egnp"), "CN=\\e2\\80\\aegnp");
    assert.equal(textOf("grün"), "CN=grün");
  });

  test("show types without a short name and values that are no text in hexadecimal", () => {
    const unknown = derSequence(derSetOf(attribute("1.2.3", derUtf8String("a"))));
    assert.equal(nameToString(unknown), "1.2.3=#0c0161");
    assert.equal(nameToString(nameOf(der(2, Uint8Array.of(5)))), "CN=#020105");
    assert.equal(commonName(nameOf(der(2, Uint8Array.of(5)))), undefined);
  });

  const strings: [string, Uint8Array, string][] = [
    ["PrintableString", der(0x13, utf8Bytes("a b")), "CN=a b"],
    ["IA5String", der(0x16, utf8Bytes("a@b")), "CN=a@b"],
    ["NumericString", der(0x12, utf8Bytes("12")), "CN=12"],
    ["VisibleString", der(0x1a, utf8Bytes("ab")), "CN=ab"],
    ["TeletexString", der(0x14, Uint8Array.of(0x67, 0xfc)), "CN=gü"],
    ["BMPString", der(0x1e, Uint8Array.of(0x20, 0xac, 0, 0x61)), "CN=€a"],
    ["UniversalString", der(0x1c, Uint8Array.of(0, 1, 0xf6, 0)), "CN=😀"],
  ];
  for (const [type, value, text] of strings) {
    test(`read a ${type}`, () => assert.equal(nameToString(nameOf(value)), text));
  }

  const broken: [string, Uint8Array][] = [
    ["UTF8String", der(0x0c, Uint8Array.of(0xff))],
    ["PrintableString beyond ASCII", der(0x13, Uint8Array.of(0xe9))],
    ["BMPString of odd length", der(0x1e, Uint8Array.of(0x20))],
    ["BMPString with half a surrogate pair", der(0x1e, Uint8Array.of(0xd8, 0))],
    ["UniversalString beyond Unicode", der(0x1c, Uint8Array.of(0, 0x11, 0, 0))],
    ["UniversalString that is a surrogate", der(0x1c, Uint8Array.of(0, 0, 0xd8, 0))],
    ["UniversalString cut short", der(0x1c, Uint8Array.of(0, 0, 0))],
  ];
  for (const [type, value] of broken) {
    test(`show a broken ${type} in hexadecimal instead of failing`, () => {
      assert.match(nameToString(nameOf(value)), /^CN=#[0-9a-f]+$/);
      assert.equal(commonName(nameOf(value)), undefined);
    });
  }

  test("never hold a control character or an unescaped separator", () => {
    const character = fc.nat(0x10ffff).map((point) => String.fromCodePoint(point));
    const low = fc.nat(0x7f).map((point) => String.fromCodePoint(point));
    fc.assert(
      fc.property(fc.string({ unit: fc.oneof(character, low) }), (text) => {
        const out = textOf(text.toWellFormed());
        assert.doesNotMatch(out, /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u);
        assert.doesNotMatch(out.replaceAll(/\\./g, ""), /[",+;<>\\]/);
      }),
    );
  });
});

suite("malformed names", () => {
  const bad: [string, Uint8Array][] = [
    ["no sequence", derUtf8String("a")],
    ["trailing bytes", concatBytes(testName("CN=a"), Uint8Array.of(0))],
    ["an empty set", derSequence(der(0x31))],
    ["an attribute without value", derSequence(derSetOf(derSequence(derOid(CN))))],
    ["no bytes", new Uint8Array(0)],
  ];
  for (const [what, name] of bad) {
    test(`are refused: ${what}`, () => assert.throws(() => nameToString(name), FormatError));
  }

  test("are refused at every truncation", () => {
    const name = testName("CN=a,O=b");
    for (let length = 0; length < name.length; length++) {
      assert.throws(() => decodeName(name.subarray(0, length)), FormatError);
    }
  });
});
