// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { bytesEqual, encodeBase64, utf8Bytes } from "../bytes/index.ts";
import { FormatError, type FormatErrorCode } from "../errors/index.ts";
import {
  encodeNote,
  encodeSignatureLine,
  isNoteKeyName,
  noteLimits,
  type NoteSignature,
  parseNote,
  parseSignatureLines,
} from "./index.ts";

// The example of C2SP signed-note.
const example =
  "This is an example message.\n\n" +
  "\u2014 example.com/foo Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFX" +
  "mRKuwHjG1Yu72IneyaQM=\n";
const line = "\u2014 name AQIDBAU=\n";
const signature: NoteSignature = {
  name: "name",
  keyHash: Uint8Array.of(1, 2, 3, 4),
  signature: Uint8Array.of(5),
};

function refuses(input: Uint8Array | string, ...codes: readonly FormatErrorCode[]): void {
  assert.throws(
    () => parseNote(input),
    (error) => error instanceof FormatError && codes.includes(error.code),
    JSON.stringify(String(input).slice(0, 80)),
  );
}

test("the example of the specification is read, from bytes and from text", () => {
  for (const note of [parseNote(example), parseNote(utf8Bytes(example))]) {
    assert.equal(note.text, "This is an example message.\n");
    assert.deepEqual(note.textBytes, utf8Bytes(note.text));
    assert.equal(note.signatures.length, 1);
    assert.equal(note.signatures[0]?.name, "example.com/foo");
    assert.deepEqual(note.signatures[0]?.keyHash, Uint8Array.of(0x53, 0x0d, 0x90, 0x3a));
    assert.equal(note.signatures[0]?.signature.length, 64);
    assert.equal(encodeNote(note.text, note.signatures), example);
  }
});

test("the last blank line parts text from signatures", () => {
  assert.equal(parseNote(`a\n\nb\n\n${line}`).text, "a\n\nb\n");
  assert.equal(parseNote(`a\n\n\n${line}`).text, "a\n\n");
  assert.equal(parseNote(`\n\n${line}`).text, "\n");
  assert.equal(parseNote(`a\n\n${line}\n${line}`).text, `a\n\n${line}`);
});

test("the text of a note is kept when the buffer it came in is reused", () => {
  const buffer = utf8Bytes(example);
  const note = parseNote(buffer);
  buffer.fill(0);
  assert.deepEqual(note.textBytes, utf8Bytes("This is an example message.\n"));
});

test("a note cut at any byte is refused, unless the cut falls between lines", () => {
  const whole = utf8Bytes(`a\u00e9\n\n${line}${line}`);
  const secondLineAt = whole.length - utf8Bytes(line).length;
  for (let end = 0; end < whole.length; end++) {
    if (end === secondLineAt) continue;
    const codes = ["truncated", "missing-field", "malformed-utf8"] as const;
    refuses(whole.subarray(0, end), ...codes);
  }
  assert.equal(parseNote(whole.subarray(0, secondLineAt)).signatures.length, 1);
});

test("control characters other than the newline are refused wherever they stand", () => {
  for (let code = 0; code < 0x20; code++) {
    if (code === 0x0a) continue;
    const control = String.fromCharCode(code);
    refuses(`a${control}\n\n${line}`, "malformed");
    refuses(`a\n\n\u2014 na${control}me AQIDBAU=\n`, "malformed");
    refuses(`a\n\n${line.replace("\n", `${control}\n`)}`, "malformed");
  }
  assert.equal(parseNote(`a\u007f\u0085\n\n${line}`).text, "a\u007f\u0085\n");
});

test("text that is not UTF-8 is refused", () => {
  const bytes = utf8Bytes(example);
  for (const bad of [0xff, 0xc0, 0x80, 0xed]) {
    const broken = bytes.slice();
    broken[3] = bad;
    refuses(broken, "malformed-utf8");
  }
  refuses(`a\ud800\n\n${line}`, "malformed-utf8");
  refuses(`a\n\n\u2014 na\udc00me AQIDBAU=\n`, "malformed-utf8");
});

test("signature lines of another form are refused", () => {
  for (const bad of [
    "- name AQIDBAU=\n",
    "\u2013 name AQIDBAU=\n",
    "\u2014name AQIDBAU=\n",
    " \u2014 name AQIDBAU=\n",
    "name AQIDBAU=\n",
    "\u2014 \n",
  ]) {
    refuses(`a\n\n${bad}`, "malformed", "missing-field");
    refuses(`a\n\n${line}${bad}`, "malformed", "missing-field");
  }
  refuses("a\n\n\u2014  AQIDBAU=\n", "malformed");
  refuses("a\n\n\u2014 name\n", "missing-field");
  refuses("a\n\n\u2014 na+me AQIDBAU=\n", "malformed");
  for (const space of ["\u00a0", "\u0085", "\u1680", "\u2003", "\u2028", "\u202f", "\u3000"]) {
    refuses(`a\n\n\u2014 na${space}me AQIDBAU=\n`, "malformed");
  }
  for (const base64 of ["", "AQIDBA==", "AQID"]) {
    refuses(`a\n\n\u2014 name ${base64}\n`, "truncated");
  }
  for (const base64 of [
    "AQIDBAU",
    "AQIDBAU==",
    " AQIDBAU=",
    "AQIDBAU= ",
    "AQID-_U=",
    "AQIDBAU=x",
  ]) {
    refuses(`a\n\n\u2014 name ${base64}\n`, "malformed-base64");
  }
  refuses("a\n\n\u2014 name AQIDBAV=\n", "non-canonical");
});

test("a note without text, signatures or blank line is refused", () => {
  refuses("", "truncated");
  refuses("\n", "missing-field");
  refuses("\n\n", "missing-field");
  refuses("a\n\n", "missing-field");
  refuses(`a\n${line}`, "missing-field");
  refuses(`\n${line}`, "missing-field");
  refuses(line, "missing-field");
  refuses(`a\n\n${line}\n`, "missing-field");
  refuses(`a\n\n${line}x\n`, "malformed");
});

test("notes beyond the limits are refused, notes at them are read", () => {
  const { signaturesMax, sizeBytesMax, signatureLineCharsMax } = noteLimits;
  assert.equal(parseNote(`a\n\n${line.repeat(signaturesMax)}`).signatures.length, signaturesMax);
  refuses(`a\n\n${line.repeat(signaturesMax + 1)}`, "too-large");
  const rest = utf8Bytes(`\n\n${line}`).length;
  assert.ok(parseNote(`${"a".repeat(sizeBytesMax - rest)}\n\n${line}`));
  refuses(`${"a".repeat(sizeBytesMax - rest + 1)}\n\n${line}`, "too-large");
  refuses(`${"\u00e9".repeat(sizeBytesMax / 2)}\n\n${line}`, "too-large");
  refuses(new Uint8Array(sizeBytesMax + 1).fill(0x61), "too-large");
  const head = "\u2014 name ";
  const base64 = encodeBase64(new Uint8Array(((signatureLineCharsMax - 16) / 4) * 3));
  assert.ok(parseNote(`a\n\n${head}${base64}\n`));
  refuses(`a\n\n${head}${base64}${base64.slice(0, 16)}\n`, "too-large");
});

test("a bit flipped anywhere never reads as the same note", () => {
  const bytes = utf8Bytes(example);
  const good = parseNote(bytes);
  for (let i = 0; i < bytes.length; i++) {
    for (let bit = 0; bit < 8; bit++) {
      const broken = bytes.slice();
      broken[i] = (broken[i] as number) ^ (1 << bit);
      try {
        assert.notDeepEqual(parseNote(broken), good);
      } catch (error) {
        if (!(error instanceof FormatError)) throw error;
      }
    }
  }
});

test("what is written is read back", () => {
  const fields = {
    name: fc.string({ minLength: 1, unit: "grapheme" }).filter(isNoteKeyName),
    keyHash: fc.uint8Array({ minLength: 4, maxLength: 4 }),
    signature: fc.uint8Array({ minLength: 1, maxLength: 80 }),
  };
  const signatures = fc.record(fields, { noNullPrototype: true });
  const lines = fc.array(fc.string({ unit: "grapheme" }), { minLength: 1 });
  fc.assert(
    fc.property(lines, fc.array(signatures, { minLength: 1, maxLength: 3 }), (texts, signed) => {
      const text = texts.map((each) => `${each}\n`).join("");
      const note = parseNote(encodeNote(text, signed));
      assert.equal(note.text, text);
      assert.deepEqual(note.signatures, signed);
    }),
  );
});

test("a text that cannot be a note's is not written", () => {
  for (const text of ["", "a", "a\n\nb", "a\u0000\n", "a\ud800\n", `a\n\n${line.slice(0, -1)}`]) {
    assert.throws(() => encodeNote(text, [signature]), FormatError, JSON.stringify(text));
  }
  assert.throws(() => encodeNote("a\n", []), FormatError);
});

test("a signature line with a bad name, key hash or no signature is not written", () => {
  assert.equal(encodeSignatureLine(signature), line);
  for (const bad of [
    { ...signature, name: "" },
    { ...signature, name: "a b" },
    { ...signature, name: "a+b" },
    { ...signature, name: "a\nb" },
    { ...signature, keyHash: new Uint8Array(3) },
    { ...signature, keyHash: new Uint8Array(5) },
    { ...signature, signature: new Uint8Array(0) },
  ]) {
    assert.throws(() => encodeSignatureLine(bad), FormatError);
  }
});

test("signature lines alone are read as strictly", () => {
  assert.deepEqual(parseSignatureLines(line), [signature]);
  assert.equal(parseSignatureLines(line.repeat(2)).length, 2);
  for (const bad of ["", "\n", line.slice(0, -1), `${line}\n`, `\n${line}`, `a\n\n${line}`]) {
    assert.throws(() => parseSignatureLines(bad), FormatError, JSON.stringify(bad));
  }
  const many = line.repeat(noteLimits.signaturesMax + 1);
  assert.throws(() => parseSignatureLines(many), { code: "too-large" });
});

test("hostile bytes are read or refused, never anything else", () => {
  const piece = fc.constantFrom("\n", "\u2014 ", "name", " ", "AQIDBAU=", "+", "\u0000", "\ufeff");
  fc.assert(
    fc.property(fc.array(fc.oneof(piece, fc.string()), { maxLength: 30 }), (pieces) => {
      const bytes = utf8Bytes(pieces.join(""));
      try {
        const note = parseNote(bytes);
        assert.ok(bytesEqual(utf8Bytes(encodeNote(note.text, note.signatures)), bytes));
      } catch (error) {
        if (!(error instanceof FormatError)) throw error;
      }
    }),
    { numRuns: 300 },
  );
});

test("key names are what the specification allows", () => {
  for (const name of ["a", "example.com/foo", "\u00e9", "rekor.sigstore.dev", "-", "\ufeff"]) {
    assert.ok(isNoteKeyName(name), name);
  }
  for (const name of ["", " ", "a b", "a+b", "a\tb", "a\u0001", "a\u2009b", "\ud800"]) {
    assert.ok(!isNoteKeyName(name), JSON.stringify(name));
  }
});
