// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { test } from "node:test";
import { formatFinding, readProject, tidy } from "../scripts/tidy/tidy.ts";

const SPDX = "// SPDX-License-Identifier: Apache-2.0\n";

const MANIFESTS: Record<string, string> = {
  "package.json": `{"version": "0.1.0"}`,
  "packages/formats/package.json": `{
    "name": "@chancery/formats", "version": "0.1.0",
    "exports": {"./*": "./src/*/index.ts"},
    "imports": {"#crypto": {"default": "./src/crypto/backend-node.ts"}}
  }`,
  "packages/verify/package.json": `{
    "name": "@chancery/verify", "version": "0.1.0",
    "exports": {".": "./src/index.ts", "./tuf": "./src/tuf/index.ts"}
  }`,
  "packages/log/package.json": `{
    "name": "@chancery/log", "version": "0.1.0", "exports": {".": "./src/index.ts"}
  }`,
  "packages/server/package.json": `{
    "name": "@chancery/server", "version": "0.1.0", "exports": {".": "./src/index.ts"}
  }`,
  "packages/cli/package.json": `{"name": "chancery", "version": "0.1.0"}`,
};

const MODULES = [
  "packages/formats/src/errors/index.ts",
  "packages/formats/src/bytes/index.ts",
  "packages/formats/src/der/index.ts",
  "packages/formats/src/der/reader.ts",
  "packages/formats/src/crypto/index.ts",
  "packages/formats/src/crypto/backend-node.ts",
  "packages/formats/src/note/index.ts",
  "packages/verify/src/index.ts",
  "packages/verify/src/tuf/index.ts",
  "packages/log/src/index.ts",
  "packages/server/src/index.ts",
];

/** `rule:line` of every finding in one file of a small, otherwise clean project. */
function findings(path: string, code: string, header = SPDX): string[] {
  const files = new Map(Object.entries(MANIFESTS));
  for (const module of MODULES) files.set(module, `${SPDX}export {};\n`);
  files.set(path, header + code);
  return tidy(files)
    .filter((finding) => finding.path === path)
    .map((finding) => `${finding.rule}:${finding.line}`);
}

/** Each case: a file, its code from line 2 on, and the findings it must give. */
function check(cases: [path: string, code: string, expected: string[]][]): void {
  for (const [path, code, expected] of cases) {
    assert.deepEqual(findings(path, code), expected, `${path}: ${code}`);
  }
}

const NOTE = "packages/formats/src/note/note.ts";
const VERIFY = "packages/verify/src/policy.ts";
const SERVER = "packages/server/src/rekor/http.ts";
const MAIN = "packages/cli/src/main.ts";

test("the project is tidy", () => {
  const found = tidy(readProject(new URL("../", import.meta.url)));
  assert.deepEqual(found.map(formatFinding), []);
});

test("the small project of these tests is clean", () => {
  check([[NOTE, "export const a = 1;\n", []]]);
});

test("packages import lower packages only", () => {
  check([
    [VERIFY, `import {} from "@chancery/formats/der";\n`, []],
    [SERVER, `import {} from "@chancery/log";\n`, []],
    [MAIN, `import {} from "@chancery/server";\n`, []],
    [NOTE, `import {} from "@chancery/verify";\n`, ["layer:2"]],
    [NOTE, `\nexport * from "@chancery/verify";\n`, ["layer:3"]],
    [NOTE, `await import("@chancery/verify");\n`, ["layer:2"]],
    [NOTE, `export type A = import("@chancery/verify").A;\n`, ["layer:2"]],
    [VERIFY, `import type {} from "@chancery/log";\n`, ["layer:2"]],
    ["packages/log/src/tree.ts", `import {} from "@chancery/verify";\n`, ["layer:2"]],
    [SERVER, `import {} from "chancery";\n`, ["layer:2"]],
    [VERIFY, `import {} from "@chancery/verify/tuf";\n`, ["layer:2"]],
    ["packages/web/src/app.ts", `import {} from "@chancery/verify";\n`, []],
    ["packages/web/src/app.ts", `import {} from "@chancery/server";\n`, ["layer:2"]],
    ["packages/attic/src/old.ts", `import {} from "@chancery/log";\n`, ["layer:2"]],
    ["packages/formats/src/note/note.test.ts", `import {} from "@chancery/log";\n`, ["layer:2"]],
    ["interop/cosign.ts", `import {} from "@chancery/server";\n`, []],
  ]);
});

test("packages are entered through their exports", () => {
  check([
    [VERIFY, `import {} from "@chancery/formats/der/reader";\n`, ["layer:2"]],
    [VERIFY, `import {} from "@chancery/formats";\n`, ["layer:2"]],
    [VERIFY, `import {} from "@chancery/formats/nothing";\n`, ["layer:2"]],
    [VERIFY, `import {} from "../../formats/src/der/index.ts";\n`, ["layer:2"]],
    [SERVER, `import {} from "@chancery/verify/tuf";\n`, []],
    [SERVER, `import {} from "@chancery/verify/src/index.ts";\n`, ["layer:2"]],
    ["packages/verify/src/a.test.ts", `import {} from "../../../test/vectors.ts";\n`, []],
    ["packages/verify/src/a.ts", `import {} from "../../../test/vectors.ts";\n`, ["layer:2"]],
  ]);
});

test("rooms are entered through index.ts, and in formats from above only", () => {
  check([
    [NOTE, `import {} from "../der/index.ts";\nimport {} from "./line.ts";\n`, []],
    [NOTE, `import {} from "../der/reader.ts";\n`, ["room:2"]],
    [NOTE, `await import("../der/reader.ts");\n`, ["room:2"]],
    [NOTE, `import {} from "../crypto/index.ts";\n`, []],
    [NOTE, `import {} from "#crypto";\n`, ["room:2"]],
    ["packages/formats/src/crypto/sign.ts", `import {} from "#crypto";\n`, []],
    ["packages/formats/src/crypto/sign.ts", `import {} from "../der/index.ts";\n`, []],
    ["packages/formats/src/crypto/sign.ts", `import {} from "../note/index.ts";\n`, ["room:2"]],
    ["packages/formats/src/der/oid.ts", `import {} from "../crypto/index.ts";\n`, ["room:2"]],
    ["packages/formats/src/bytes/hex.ts", `import {} from "../errors/index.ts";\n`, []],
    ["packages/formats/src/bytes/hex.ts", `import {} from "../der/index.ts";\n`, ["room:2"]],
    [SERVER, `import {} from "../fulcio/issue.ts";\n`, ["room:2"]],
    [SERVER, `import {} from "../fulcio/index.ts";\nimport {} from "../errors.ts";\n`, []],
    [MAIN, `await import("./commands/sign.ts");\n`, []],
    [MAIN, `import {} from "./commands/sign.ts";\n`, ["room:2"]],
  ]);
});

test("files do not import each other in a circle", () => {
  const cycle = ["cycle:2"];
  assert.deepEqual(findings(NOTE, `import {} from "./note.ts";\n`), cycle);
  const circle = new Map([
    ["packages/log/src/a.ts", `${SPDX}import { b } from "./b.ts";\n`],
    ["packages/log/src/b.ts", `${SPDX}\nimport type { C } from "./c.ts";\n`],
    ["packages/log/src/c.ts", `${SPDX}export * from "./a.ts";\n`],
    ["packages/log/src/d.ts", `${SPDX}import { b } from "./b.ts";\n`],
  ]);
  assert.deepEqual(tidy(circle).map(formatFinding), [
    "packages/log/src/c.ts:2 cycle: packages/log/src/a.ts → packages/log/src/b.ts → " +
      "packages/log/src/c.ts → packages/log/src/a.ts",
  ]);
  const backend = "packages/formats/src/crypto/backend-node.ts";
  const through = new Map([
    ["packages/formats/package.json", MANIFESTS["packages/formats/package.json"] ?? ""],
    ["packages/formats/src/crypto/hash.ts", `${SPDX}import {} from "#crypto";\n`],
    [backend, `${SPDX}import {} from "./hash.ts";\n`],
  ]);
  assert.deepEqual(
    tidy(through).map((finding) => finding.rule),
    ["cycle"],
  );
});

test("only formats/src/crypto imports node:crypto", () => {
  check([
    ["packages/formats/src/crypto/backend-node.ts", `import {} from "node:crypto";\n`, []],
    [SERVER, `import {} from "node:crypto";\n`, ["node-crypto:2"]],
    [SERVER, `import {} from "crypto";\n`, ["node-crypto:2"]],
    [SERVER, `process.getBuiltinModule("node:crypto");\n`, ["node-crypto:2"]],
    [SERVER, `import {} from "node:fs";\n`, []],
    ["packages/server/src/a.test.ts", `import {} from "node:crypto";\n`, []],
    ["bench/sign.ts", `import {} from "node:crypto";\n`, []],
    [NOTE, `import {} from "node:fs";\n`, ["pure:2"]],
    [VERIFY, `import {} from "node:fs";\n`, ["pure:2"]],
    ["packages/verify/src/tuf/cache.ts", `import {} from "node:fs";\n`, []],
  ]);
});

test("formats and verify take no time, chance, network or output from the global scope", () => {
  const impure = ["impure:2"];
  for (const path of [NOTE, VERIFY]) {
    check([
      [path, "export const a = Date.now();\n", impure],
      [path, "export const a = new Date();\n", impure],
      [path, "export const a = Date();\n", impure],
      [path, "export const a = new Date(0).getTime();\n", []],
      [path, "export const a = Math.random();\n", impure],
      [path, "export const a = Math.max(1, 2);\n", []],
      [path, "export const a = performance.now();\n", impure],
      [path, "await fetch('x');\n", impure],
      [path, "await globalThis.fetch('x');\n", impure],
      [path, "export const f = (fetch: typeof globalThis.fetch) => fetch('x');\n", []],
      [path, "export function f({ fetch }: { fetch: (a: string) => void }) { fetch('x'); }\n", []],
      [path, "export function f(o: { fetch: () => void }) { o.fetch(); }\n", []],
      [path, "export const o = { fetch };\n", impure],
      [path, "const f = (fetch: string) => fetch;\nfetch(f);\n", ["impure:3"]],
      [path, "console.log('x');\n", impure],
      [path, "process.env;\n", impure],
      [path, "crypto.getRandomValues(a);\n", impure],
      [path, "export const a = Buffer.from('x');\n", impure],
      [path, "export function f(a: Buffer): void {}\n", impure],
      [path, "// Buffer.from, console.log and Date.now()\nexport const a = 'fetch(x)';\n", []],
    ]);
  }
  check([
    ["packages/formats/src/crypto/backend-node.ts", "Buffer.from('x');\n", []],
    ["packages/formats/src/crypto/hash.ts", "Buffer.from('x');\n", impure],
    ["packages/verify/src/tuf/client.ts", "await fetch('x');\nDate.now();\n", ["impure:3"]],
    ["packages/formats/src/note/note.test.ts", "console.log(Date.now());\n", []],
    [SERVER, "console.log(Date.now(), Buffer.from('x'));\n", []],
  ]);
});

test("only the command ends the process", () => {
  check([
    [MAIN, "process.exit(1);\n", []],
    [SERVER, "process.exit(1);\n", ["process-exit:2"]],
    [SERVER, "globalThis.process.exit(1);\n", ["process-exit:2"]],
    [SERVER, "const stop = process['exit'];\n", ["process-exit:2"]],
    ["packages/cli/src/commands/sign.ts", "process.exit(1);\n", ["process-exit:2"]],
    [SERVER, "process.exitCode = 1;\n", []],
  ]);
});

test("types are not switched off outside tests", () => {
  check([
    [SERVER, "export const a: any = 1;\n", ["any:2"]],
    [SERVER, "export const a = b as unknown as Record<string, any>;\n", ["any:2"]],
    [SERVER, "// any number\nexport const any = 1;\n", []],
    [SERVER, "// @ts-ignore\nexport const a = 1;\n", ["ts-ignore:2"]],
    [SERVER, "/* @ts-expect-error why */\nexport const a = 1;\n", ["ts-ignore:2"]],
    ["packages/server/src/a.test.ts", "// @ts-expect-error why\nconst a: any = 1;\n", []],
  ]);
});

test("no error is swallowed", () => {
  check([
    [SERVER, "try {\n  a();\n} catch {}\n", ["empty-catch:4"]],
    [SERVER, "try {\n  a();\n} catch (error) {\n  // continue\n}\n", ["empty-catch:4"]],
    [SERVER, "try {\n  a();\n} catch {\n  b();\n}\n", []],
    [SERVER, "await a().catch(() => {});\n", ["empty-catch:2"]],
    [SERVER, "await a().catch(() => undefined);\n", []],
  ]);
});

test("files start with the licence and keep to 600 lines of 100 columns", () => {
  const code = "export const a = 1;\n";
  assert.deepEqual(findings(NOTE, code, ""), ["spdx:1"]);
  assert.deepEqual(findings(NOTE, code, `#!/usr/bin/env node\n${SPDX}`), []);
  assert.deepEqual(findings(NOTE, code, `#!/usr/bin/env node\n`), ["spdx:2"]);
  const long = "x".repeat(120);
  check([
    [NOTE, `export const a = 1; // ${long}\n`, ["line-length:2"]],
    [NOTE, `export const ${long} = 1;\n`, ["line-length:2"]],
    [NOTE, `export const a = "${long}";\n`, []],
    [NOTE, `export const a = \`\n${long}\n\`;\n`, []],
    [NOTE, `// See https://example.com/${long}\n`, []],
    [NOTE, "\n".repeat(599), []],
    [NOTE, "\n".repeat(600), ["file-length:601"]],
    [NOTE, "export const = 1;\n", ["syntax:2"]],
  ]);
});

test("manifests pin exactly, share a version and keep the lockfile portable", () => {
  const rules = (path: string, text: string): string[] => {
    const files = new Map([["package.json", `{"version": "0.1.0"}`]]);
    return tidy(files.set(path, text)).map((finding) => `${finding.rule}:${finding.line}`);
  };
  const cli = "packages/cli/package.json";
  assert.deepEqual(rules(cli, `{"version": "0.1.0", "dependencies": {"a": "1.2.3"}}`), []);
  assert.deepEqual(rules(cli, `{"version": "0.2.0"}`), ["one-version:1"]);
  assert.deepEqual(rules(cli, `{"version": "0.1.0",\n"dependencies": {"a": "^1.2.3"}}`), [
    "exact-version:2",
  ]);
  assert.deepEqual(rules(cli, `{"version": "0.1.0", "peerDependencies": {"a": "^1.2.3"}}`), []);
  const lock = "package-lock.json";
  assert.deepEqual(rules(lock, `{"packages": {"a": {\n"resolved": "https://x.test/a.tgz"}}}`), [
    "lockfile:2",
  ]);
  const entry = `"node_modules/a": {"optionalDependencies": {"a-win32-x64": "1.0.0"}}`;
  assert.deepEqual(rules(lock, `{"packages": {\n${entry}}}`), ["lockfile:2"]);
  const complete = `{"packages": {${entry}, "node_modules/a-win32-x64": {}}}`;
  assert.deepEqual(rules(lock, complete), []);
});
