// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { globSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { reasons } from "@chancery/verify";
import { reasonCodesMarkdown, reasonCodesPage } from "../scripts/reason-codes.ts";

test("the page of reason codes is what scripts/reason-codes.ts writes", () => {
  assert.equal(readFileSync(reasonCodesPage, "utf8"), reasonCodesMarkdown());
});

test("every code has its own meaning, and words for what to do that fit behind a hint", () => {
  const meanings = Object.values(reasons).map(({ means }) => means);
  assert.equal(new Set(meanings).size, meanings.length);
  for (const [code, { means, remedy }] of Object.entries(reasons)) {
    assert.match(code, /^[a-z]+(-[a-z]+)*$/);
    assert.match(means, /^[A-Z].*\.$/, code);
    assert.doesNotMatch(remedy, /\.$/, code);
  }
});

test("every code is given by some check, and tried by some test", () => {
  const paths = globSync("src/{*,checks/*}.ts", {
    cwd: new URL("../packages/verify/", import.meta.url),
  });
  const read = (wanted: (path: string) => boolean): string =>
    paths
      .filter(wanted)
      .map((path) => readFileSync(new URL(`../packages/verify/${path}`, import.meta.url), "utf8"))
      .join("\n");
  const isTest = (path: string): boolean => path.endsWith(".test.ts");
  const code = read((path) => !isTest(path) && !path.endsWith("reasons.ts"));
  const tests = read(isTest);
  for (const name of Object.keys(reasons)) {
    assert.ok(code.includes(`"${name}"`), `${name} is never given`);
    assert.ok(tests.includes(`"${name}"`), `${name} is never tried`);
  }
});

test("every code of a parser is on the page with a sentence", () => {
  const source = readFileSync(
    new URL("../packages/formats/src/errors/index.ts", import.meta.url),
    "utf8",
  );
  const codes = [...source.matchAll(/^ {2}\| "([a-z0-9-]+)"/gm)].map(([, code]) => code);
  assert.ok(codes.length >= 20);
  const page = reasonCodesMarkdown();
  for (const code of codes) assert.match(page, new RegExp(`\n\\| \`bundle-${code}\` \\| [A-Z]`));
});
