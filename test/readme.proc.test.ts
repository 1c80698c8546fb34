// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { globSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { blocksOf, checkDocument } from "./documents.ts";

const root = fileURLToPath(new URL("..", import.meta.url));

describe("the documents of the project", () => {
  const found = globSync(["*.md", "docs/**/*.md"], { cwd: root }).sort();
  for (const path of found) {
    test(`${path} does what it says, and its links lead somewhere`, () => {
      assert.deepEqual(checkDocument(join(root, path)), []);
    });
  }

  test("there are some", () => assert.ok(found.length > 0));
});

describe("a document", () => {
  const folder = mkdtempSync(join(tmpdir(), "chancery-documents-"));
  after(() => rmSync(folder, { recursive: true }));
  const check = (...lines: string[]): string[] => {
    const path = join(folder, "document.md");
    writeFileSync(path, `${lines.join("\n")}\n`);
    return checkDocument(path);
  };

  test("whose blocks work has no problem, and its shell blocks are one session", () => {
    const problems = check(
      "```sh run",
      "export CHANCERY_PASSWORD=a",
      "chancery generate-key-pair",
      "```",
      "```sh",
      "rm -rf everything # only shown",
      "```",
      "```sh run",
      "chancery sign-blob --key cosign.key --bundle b.json app.tar",
      "chancery verify-blob --key cosign.pub --bundle b.json --level keyed app.tar",
      "```",
      "```ts",
      'import { readFile } from "node:fs/promises";',
      'import { decodeBundle } from "@chancery/formats/bundle";',
      'console.log(decodeBundle(await readFile("b.json")).mediaType);',
      "```",
    );
    assert.deepEqual(problems, []);
  });

  test("is told of the block whose command fails, also in the middle of it", () => {
    const block = ["```sh run", "true", "```", "", "```sh run", "chancery nonsense", "true", "```"];
    const problems = check(...block);
    assert.equal(problems.length, 1);
    assert.match(problems[0] ?? "", /^line 5: ended with 2\n[^]*nonsense/);
  });

  test("is told of code that does not compile, does not run, or is refused", () => {
    const block = (...code: string[]): string[] => ["```ts", ...code, "```"];
    const wrong = "const a: number = 'b';";
    assert.match(check(...block("", wrong))[0] ?? "", /^line 3: error TS2322/);
    assert.match(check(...block('throw new Error("no");'))[0] ?? "", /^line 1: ended with 1\n/);
    assert.match(check(...block('console.log("refused", 1);'))[0] ?? "", /^line 1: is refused/);
    const unknown = 'import { nothing } from "@chancery/verify";\nconsole.log(nothing);';
    assert.match(check(...block(unknown))[0] ?? "", /^line 2: error TS2305/);
  });

  test("may show code that is only checked", () => {
    const code = "throw new Error('never run');";
    assert.deepEqual(check("```ts check", code, "```"), []);
    assert.notDeepEqual(check("```ts check", "const a: number = 'b';", "```"), []);
  });

  test("is told of a mistyped mode, which would leave a block untested", () => {
    assert.deepEqual(check("```sh runn", "false", "```"), ["line 1: unknown mode of sh: runn"]);
    assert.deepEqual(check("```ts run", "", "```")[0], "line 1: unknown mode of ts: run");
  });

  test("is told of links to files that are not there, outside of code", () => {
    const problems = check(
      "[a](document.md#part) [b](#part) [c](https://example.com) `[d](gone.md)`",
      "[e](gone.md)",
    );
    assert.deepEqual(problems, ["line 2: no file gone.md"]);
  });
});

test("blocks are found by their fences, which may hold others", () => {
  const blocks = blocksOf("````md\n```ts\nx\n```\n````\n~~~sh  run \ny\n~~~\n");
  assert.deepEqual(blocks, [
    { language: "md", mode: "", text: "```ts\nx\n```\n", line: 1 },
    { language: "sh", mode: "run", text: "y\n", line: 6 },
  ]);
  assert.throws(() => blocksOf("```ts\nx\n"), /line 1: the block is not closed/);
});
