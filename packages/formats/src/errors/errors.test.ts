// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { test } from "node:test";
import { FormatError } from "./index.ts";

test("an error carries code, format and place, and says them in its message", () => {
  const cause = new Error("underneath");
  const error = new FormatError("truncated", "der", "byte 17", "the length is missing", { cause });
  assert.ok(error instanceof Error);
  assert.equal(error.name, "FormatError");
  assert.equal(error.code, "truncated");
  assert.equal(error.format, "der");
  assert.equal(error.place, "byte 17");
  assert.equal(error.cause, cause);
  assert.equal(error.message, "der at byte 17: the length is missing");
});

test("without a place the message names the format alone", () => {
  const error = new FormatError("too-large", "pem", "", "more than 10 characters");
  assert.equal(error.message, "pem: more than 10 characters");
  assert.equal("cause" in error, false);
});
