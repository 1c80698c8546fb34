// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { FormatError, type FormatErrorCode } from "../errors/index.ts";
import { decodePem, decodePemBlock, encodePem, pemTextLengthMax } from "./index.ts";

const bytes = Uint8Array.from({ length: 100 }, (_, i) => i);
const pem = encodePem("PUBLIC KEY", bytes);

function refuses(text: string, ...codes: readonly FormatErrorCode[]): void {
  assert.throws(
    () => decodePem(text),
    (error) => error instanceof FormatError && codes.includes(error.code),
    JSON.stringify(text.slice(0, 100)),
  );
}

test("a block has 64 columns and is read back", () => {
  const lines = pem.split("\n");
  assert.equal(lines[0], "-----BEGIN PUBLIC KEY-----");
  assert.deepEqual(
    lines.slice(1, -2).map((line) => line.length),
    [64, 64, 8],
  );
  assert.equal(lines.at(-2), "-----END PUBLIC KEY-----");
  assert.equal(lines.at(-1), "");
  assert.deepEqual(decodePem(pem), [{ label: "PUBLIC KEY", headers: {}, bytes }]);
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), (content) => {
      assert.deepEqual(decodePemBlock(encodePem("X", content), "X").bytes, content);
    }),
  );
});

test("line ends and white space at the edges of lines do not matter", () => {
  for (const text of [
    pem.replaceAll("\n", "\r\n"),
    pem.replaceAll("\n", "\r"),
    pem.replaceAll("\n", " \n"),
    pem.trimEnd(),
    pem.replace(/\n(?=.)/g, "\n\n"),
  ]) {
    assert.deepEqual(decodePem(text)[0]?.bytes, bytes, JSON.stringify(text));
  }
});

test("text around blocks is skipped, several blocks come in order", () => {
  const other = encodePem("CERTIFICATE", Uint8Array.of(1));
  const blocks = decodePem(`subject=CN\n${pem}between\n-----END X-----\n${other}after`);
  assert.deepEqual(
    blocks.map((block) => block.label),
    ["PUBLIC KEY", "CERTIFICATE"],
  );
});

test("headers of old encrypted keys are kept apart", () => {
  const text = pem.replace(
    "KEY-----\n",
    "KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-256-CBC,00FF\n\n",
  );
  const [block] = decodePem(text);
  assert.deepEqual(block?.headers, { "Proc-Type": "4,ENCRYPTED", "DEK-Info": "AES-256-CBC,00FF" });
  assert.deepEqual(block?.bytes, bytes);
  // Within the body a header is not base64.
  refuses(pem.replace("\n-----END", "\nDEK-Info: x\n-----END"), "malformed-base64");
});

test("a block cut at any character is refused", () => {
  const end = pem.trimEnd().length;
  for (let length = 0; length < end; length++) {
    refuses(pem.slice(0, length), "malformed-pem", "malformed-base64");
  }
});

test("a block that is not closed, or closed by another label, is refused", () => {
  refuses(pem.replace("END PUBLIC", "END PRIVATE"), "malformed-pem");
  refuses(pem.replace("-----END PUBLIC KEY-----", "-----END PUBLIC KEY----"), "malformed-pem");
  refuses(
    pem.replace("-----END PUBLIC KEY-----", "----END PUBLIC KEY-----"),
    "malformed-pem",
    "malformed-base64",
  );
  refuses(pem.replace("-----END PUBLIC KEY-----", `${pem}`), "malformed-pem");
  refuses(pem.replace("-----END PUBLIC KEY-----", "-----END PUBLIC KEY----- x"), "malformed-pem");
});

test("a file without a block is refused", () => {
  for (const text of [
    "",
    "\n",
    "text",
    pem.replace("-----BEGIN", "----BEGIN"),
    pem.replace("-----BEGIN", " -----BEGIN"),
    pem.replace("BEGIN PUBLIC KEY", "BEGIN "),
    pem.replace("BEGIN PUBLIC KEY", "BEGIN public key"),
    pem.replace("BEGIN PUBLIC KEY", "BEGIN\tPUBLIC KEY"),
    pem.replace("KEY-----\n", "KEY-----AAAA\n"),
  ]) {
    refuses(text, "malformed-pem");
  }
});

test("the body is strict base64", () => {
  const block = (body: string): string => `-----BEGIN X-----\n${body}\n-----END X-----\n`;
  assert.deepEqual(decodePem(block("AQ=="))[0]?.bytes, Uint8Array.of(1));
  assert.deepEqual(decodePem(block("A\nQ\n=\n="))[0]?.bytes, Uint8Array.of(1));
  assert.deepEqual(decodePem(block(""))[0]?.bytes, new Uint8Array(0));
  for (const body of [
    "AQ",
    "AQ=",
    "A Q==",
    "AQ==AQ==",
    "AQ==\nAQ==",
    "A-_=",
    "AQ==\u00a0x",
    "=AQ=",
  ]) {
    refuses(block(body), "malformed-base64");
  }
  refuses(block("AR=="), "non-canonical");
});

test("errors name the block and its line", () => {
  assert.throws(() => decodePem(`\n\n${pem.slice(0, 100)}`), { place: "line 3" });
});

test("files beyond the limit are refused, and long lines cost no more than their length", () => {
  refuses("x".repeat(pemTextLengthMax + 1), "too-large");
  refuses("x".repeat(pemTextLengthMax), "malformed-pem");
  refuses(`-----BEGIN ${"A ".repeat(pemTextLengthMax / 2 - 10)}`, "malformed-pem");
  refuses(`-----BEGIN X-----\n${" ".repeat(pemTextLengthMax - 100)}`, "malformed-pem");
  refuses("\n".repeat(pemTextLengthMax), "malformed-pem");
});

test("one block is chosen by its label, and must be the only one of it", () => {
  const other = encodePem("CERTIFICATE", Uint8Array.of(1));
  assert.equal(decodePemBlock(other + pem, "PUBLIC KEY").label, "PUBLIC KEY");
  assert.equal(decodePemBlock(pem, "RSA PUBLIC KEY", "PUBLIC KEY").label, "PUBLIC KEY");
  const code = (text: string, ...labels: string[]): FormatErrorCode | undefined => {
    try {
      decodePemBlock(text, ...labels);
    } catch (error) {
      if (error instanceof FormatError) return error.code;
      throw error;
    }
    return undefined;
  };
  assert.equal(code(other, "PUBLIC KEY"), "missing-field");
  assert.equal(code(pem + other + pem, "PUBLIC KEY"), "malformed-pem");
  assert.equal(code(pem + other, "PUBLIC KEY", "CERTIFICATE"), "malformed-pem");
  assert.equal(code("", "PUBLIC KEY"), "malformed-pem");
  // A part of a label is not the label.
  assert.equal(code(encodePem("RSA PUBLIC KEY", bytes), "PUBLIC KEY"), "missing-field");
});
