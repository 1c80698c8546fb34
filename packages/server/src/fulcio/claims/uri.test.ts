// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { test } from "node:test";
import { joinUri, normalizeUri, parseJsonPath, valueAt } from "./index.ts";

test("URIs come out as Go prints them", () => {
  for (const [text, expected] of [
    ["https://github.com/o/r/x.yml@refs/heads/main", undefined],
    ["HTTPS://github.com/o", "https://github.com/o"],
    ["https://gitlab.com/g/p//.gitlab-ci.yml@refs/heads/a+b", undefined],
    ["https://h/a b", "https://h/a%20b"],
    ["https://h/a%20b", undefined],
    ["https://h/a%2fb", undefined],
    ["https://h/(x)!'*", undefined],
    ["https://h/(x) y", "https://h/%28x%29%20y"],
    ["https://h/[x]", undefined],
    ["https://h/é", "https://h/%C3%A9"],
    ['https://h/"<>^`{|}\\', "https://h/%22%3C%3E%5E%60%7B%7C%7D%5C"],
    ["https://h/a?b=c d".replace(" ", "+"), undefined],
    ["https://h/a#job-1", undefined],
    ["https://h/a#x y(z)", "https://h/a#x%20y(z)"],
    ["https://h:8443/a", undefined],
    ["https://[::1]/a", undefined],
    ["https://h", undefined],
    ["spiffe://d/x", undefined],
    ["urn:uuid:1", undefined],
  ] as const) {
    assert.equal(normalizeUri(text, "c"), expected ?? text);
  }
});

test("what is no URI that can name a signer is refused", () => {
  for (const text of [
    "x",
    "/a/b",
    "//h/a",
    "1a://h",
    "https:",
    "https://",
    "https:///a",
    "https://u@h/",
    "https://u:p@h/",
    "https://h é/",
    "https://é/",
    "https://h%41/",
    "https://h:port/",
    "https://h\\evil/",
    "https://h/%zz",
    "https://h/%",
    "https://h/ %ff",
    "https://h/ %0a",
    "https://h/a\nb",
    "https://h/\u0085",
    "https://h/?a b",
    "https://h/?é",
    "https://h/#%1",
    "urn:a b",
  ]) {
    assert.throws(() => normalizeUri(text, "c"), { code: "claim-invalid", claim: "c" }, text);
  }
  assert.throws(() => normalizeUri("", "c"), { code: "claim-missing" });
  assert.throws(() => normalizeUri(`https://h/${"é".repeat(3000)}`, "c"), { code: "too-large" });
});

test("segments are joined with one slash, and lead only down", () => {
  assert.equal(joinUri("https://h/", ["a/b", "/c/", "d"], "c"), "https://h/a/b/c/d");
  assert.equal(joinUri("https://h/sub", ["a//b c"], "c"), "https://h/sub/a/b%20c");
  const branch = "o/r/x.yml@refs/heads/fix#1 (a)?";
  assert.equal(
    joinUri("https://h", [branch], "c"),
    "https://h/o/r/x.yml@refs/heads/fix%231%20%28a%29%3F",
  );
  for (const odd of ["..", "a/../b", ".", "a\nb", "a/%2"]) {
    assert.throws(() => joinUri("https://h", [odd], "c"), { code: "claim-invalid" }, odd);
  }
});

test("paths of claims name one value", () => {
  const claims = { a: { "b c": [{ d: "x" }], b: 1 }, constructor: "y" };
  for (const [text, expected] of [
    ["$.a.b", 1],
    ["$['a'][\"b c\"][0].d", "x"],
    ["$.a.none", undefined],
    ["$.a.b.c", undefined],
    ["$.a[0]", undefined],
    ["$['a']['b c'][1]", undefined],
    ["$['a']['b c'].length", undefined],
    ["$.constructor", "y"],
  ] as const) {
    const path = parseJsonPath(text);
    assert.ok(path, text);
    assert.equal(valueAt(claims, path), expected, text);
  }
  const long = `$.${"a".repeat(300)}`;
  for (const text of ["", "$", "a", "$a", "$..a", "$.*", "$[*]", "$.a[?(@.b)]", "$[-1]", long]) {
    assert.equal(parseJsonPath(text), undefined, text);
  }
});
