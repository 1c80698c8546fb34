// SPDX-License-Identifier: Apache-2.0
// Documents that cannot lie: what they show is run.
//
// In any document, a fenced block is
//   ```ts          type-checked and run        ```ts check    type-checked only
//   ```sh run      run                         ```sh          only shown
// Readers of the rendered document do not see the second word. All blocks of a document share a
// folder, which begins with the files of `fixtures`. The `sh run` blocks are one shell session with
// `chancery` on the path, and come before the `ts` blocks. Links must lead to files.
import { spawnSync } from "node:child_process";
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));
const peer = "test/fixtures/peers/sigstore-js/message";

/** Files that documents may use: name to a path in the project or, with a newline, to content. */
const fixtures: Readonly<Record<string, string>> = {
  "app.tar": "what a build made\n",
  "provenance.json": `${JSON.stringify({
    buildDefinition: { buildType: "https://example.com/build", externalParameters: {} },
    runDetails: { builder: { id: "https://example.com/builder" } },
  })}\n`,
  "keyless.txt": `${peer}/artifact.txt`,
  "keyless.sigstore.json": `${peer}/bundle.sigstore.json`,
  "trusted_root.json": "test/fixtures/peers/instance/trusted_root.json",
};

export interface Block {
  readonly language: string;
  /** What follows the language. */
  readonly mode: string;
  readonly text: string;
  /** 1-based, of the fence. */
  readonly line: number;
}

/** The fenced blocks of a document. @throws where one is not closed */
export function blocksOf(markdown: string): Block[] {
  const blocks: Block[] = [];
  let open: { readonly fence: string; readonly info: string; readonly line: number } | undefined;
  let body: string[] = [];
  for (const [i, line] of markdown.split("\n").entries()) {
    const fence = /^ {0,3}(`{3,}|~{3,})(.*)$/.exec(line);
    if (!open) {
      if (fence) open = { fence: fence[1] ?? "", info: (fence[2] ?? "").trim(), line: i + 1 };
    } else if (fence?.[1]?.startsWith(open.fence) && fence[2]?.trim() === "") {
      const [language = "", ...mode] = open.info.split(/\s+/);
      blocks.push({
        language,
        mode: mode.join(" "),
        text: `${body.join("\n")}\n`,
        line: open.line,
      });
      open = undefined;
      body = [];
    } else body.push(line);
  }
  if (open) throw new Error(`line ${open.line}: the block is not closed`);
  return blocks;
}

/** Does what the document says. @returns what is wrong with it, each with the line. */
export function checkDocument(path: string): string[] {
  const markdown = readFileSync(path, "utf8");
  const blocks = blocksOf(markdown);
  const problems = [...modeProblems(blocks), ...linkProblems(markdown, path)];
  const shell = blocks.filter(({ language, mode }) => language === "sh" && mode === "run");
  const code = blocks.filter(({ language }) => language === "ts");
  if (shell.length + code.length === 0) return problems;
  const folder = prepare();
  try {
    if (shell.length > 0) problems.push(...runShell(shell, folder));
    if (code.length > 0) problems.push(...compile(code, folder));
    for (const block of code) if (block.mode !== "check") problems.push(...runCode(block, folder));
  } finally {
    rmSync(folder, { recursive: true });
  }
  return problems;
}

function modeProblems(blocks: readonly Block[]): string[] {
  const known: Readonly<Record<string, readonly string[]>> = { sh: ["", "run"], ts: ["", "check"] };
  return blocks
    .filter(({ language, mode }) => known[language]?.includes(mode) === false)
    .map(({ language, mode, line }) => `line ${line}: unknown mode of ${language}: ${mode}`);
}

function linkProblems(markdown: string, path: string): string[] {
  const problems: string[] = [];
  let inside = false;
  for (const [i, line] of markdown.split("\n").entries()) {
    if (/^ {0,3}(```|~~~)/.test(line)) inside = !inside;
    if (inside) continue;
    for (const [, target = ""] of line.replaceAll(/`[^`]*`/g, "").matchAll(/\]\(([^)\s]+)\)/g)) {
      if (/^([a-z]+:|#)/.test(target)) continue;
      if (!existsSync(join(dirname(path), target.replace(/#.*$/, "")))) {
        problems.push(`line ${i + 1}: no file ${target}`);
      }
    }
  }
  return problems;
}

function prepare(): string {
  const folder = mkdtempSync(join(tmpdir(), "chancery-document-"));
  for (const [name, source] of Object.entries(fixtures)) {
    if (source.includes("\n")) writeFileSync(join(folder, name), source);
    else copyFileSync(join(root, source), join(folder, name));
  }
  symlinkSync(join(root, "node_modules"), join(folder, "node_modules"));
  writeFileSync(join(folder, "package.json"), `{ "type": "module" }\n`);
  const bin = join(folder, ".bin");
  mkdirSync(bin);
  const program = join(root, "packages/cli/bin/chancery.js");
  const starter = `#!/bin/sh\nexec "${process.execPath}" "${program}" "$@"\n`;
  writeFileSync(join(bin, "chancery"), starter, { mode: 0o755 });
  return folder;
}

function runShell(blocks: readonly Block[], folder: string): string[] {
  const script = blocks.map(({ text, line }) => `at=${line}\n${text}`).join("");
  const stop = `kill $(jobs -p) 2> .stop || true`;
  const watch = `trap '[ $? = 0 ] || echo "[block of line $at]" >&2; ${stop}' EXIT\n`;
  const { status, stdout, stderr } = spawnSync("sh", ["-eu", "-c", `${watch}${script}`], {
    cwd: folder,
    env: environment(folder),
    encoding: "utf8",
    stdio: ["ignore", "pipe", "pipe"],
  });
  if (status === 0) return [];
  const line = /\[block of line (\d+)\]\s*$/.exec(stderr)?.[1] ?? blocks[0]?.line;
  return [`line ${line}: ended with ${status}\n${stdout}${stderr}`];
}

function compile(blocks: readonly Block[], folder: string): string[] {
  for (const block of blocks) writeFileSync(join(folder, fileOf(block)), module(block));
  const config = {
    extends: join(root, "tsconfig.base.json"),
    compilerOptions: {
      noEmit: true,
      declaration: false,
      isolatedDeclarations: false,
      noUnusedLocals: false,
      noUnusedParameters: false,
    },
    files: blocks.map(fileOf),
  };
  writeFileSync(join(folder, "tsconfig.json"), JSON.stringify(config));
  const compiler = join(root, "node_modules/typescript/bin/tsc");
  const args = [compiler, "-p", folder, "--pretty", "false"];
  const { stdout } = spawnSync(process.execPath, args, { cwd: folder, encoding: "utf8" });
  return stdout
    .split("\n")
    .filter((line) => line !== "")
    .map((line) =>
      line.replace(
        /^block-(\d+)\.ts\((\d+),\d+\)/,
        (_, fence: string, at: string) => `line ${Number(fence) + Number(at)}`,
      ),
    );
}

function runCode(block: Block, folder: string): string[] {
  const { status, stdout, stderr } = spawnSync(process.execPath, [fileOf(block)], {
    cwd: folder,
    env: environment(folder),
    encoding: "utf8",
  });
  if (status !== 0) return [`line ${block.line}: ended with ${status}\n${stdout}${stderr}`];
  // An example that verifies something is meant to succeed.
  if (/^refused\b/m.test(stdout)) return [`line ${block.line}: is refused\n${stdout}`];
  return [];
}

function fileOf({ line }: Block): string {
  return `block-${line}.ts`;
}

/** Blocks without imports are modules too, so that each has its own names and may wait. */
function module({ text }: Block): string {
  return `${text}export {};\n`;
}

function environment(folder: string): NodeJS.ProcessEnv {
  const kept = Object.entries(process.env).filter(
    ([name]) => !/^(CHANCERY|COSIGN|SIGSTORE|TUF)_|^NODE_TEST_CONTEXT$/.test(name),
  );
  const path = [join(folder, ".bin"), dirname(process.execPath), process.env["PATH"] ?? ""];
  return { ...Object.fromEntries(kept), PATH: path.join(delimiter), HOME: folder };
}
