// SPDX-License-Identifier: Apache-2.0
// Makes what is published: each library as JavaScript with declarations in its package's dist, and
// the command as packages/cli/dist/chancery.js with its minified chunks. A package waits that has
// none of its entries yet.
//
//     node scripts/build.ts [--out FOLDER] [package…]     with --out: into FOLDER/<package>
import { existsSync, globSync, mkdirSync, mkdtempSync, rmSync, statSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { parseArgs } from "node:util";
import { bundleCommand } from "./build/command.ts";
import { compileDeclarations } from "./build/declarations.ts";
import { bundleLibrary } from "./build/library.ts";
import { exportsOf, readManifest, root } from "./build/manifest.ts";

const COMMAND = "cli";

const { values, positionals } = parseArgs({
  options: { out: { type: "string" } },
  allowPositionals: true,
});
const all = globSync("packages/*/package.json", { cwd: root })
  .map((path) => dirname(relative("packages", path)))
  .sort();
const unknown = positionals.filter((name) => !all.includes(name));
if (unknown.length > 0) throw new Error(`no such package: ${unknown.join(", ")}`);
const names = positionals.length > 0 ? all.filter((name) => positionals.includes(name)) : all;
const ready = names.filter((name) =>
  sourceEntries(name).some((path) => globSync(path, { cwd: join(root, "packages", name) })[0]),
);

for (const name of names) rmSync(distOf(name), { recursive: true, force: true });
const libraries = ready.filter((name) => name !== COMMAND);
if (libraries.length > 0) await buildLibraries();
if (ready.includes(COMMAND)) await bundleCommand(COMMAND, distOf(COMMAND));
for (const name of names) {
  const note = ready.includes(name) ? sizeOf(distOf(name)) : "no entries yet";
  console.log(`${relative(root, distOf(name))}  ${note}`);
}

function sourceEntries(name: string): string[] {
  return name === COMMAND ? ["src/main.ts"] : Object.values(exportsOf(readManifest(name)));
}

function distOf(name: string): string {
  const { out } = values;
  return out === undefined ? join(root, "packages", name, "dist") : join(resolve(out), name);
}

async function buildLibraries(): Promise<void> {
  const caches = join(root, ".cache"); // inside the project, where the compiler finds node_modules
  mkdirSync(caches, { recursive: true });
  const declarations = mkdtempSync(join(caches, "build-"));
  try {
    compileDeclarations(libraries, declarations);
    for (const name of libraries) await bundleLibrary(name, declarations, distOf(name));
  } finally {
    rmSync(declarations, { recursive: true });
  }
}

function sizeOf(folder: string): string {
  if (!existsSync(folder)) return "missing";
  const files = globSync("**/*", { cwd: folder }).map((path) => statSync(join(folder, path)));
  const bytes = files.reduce((sum, file) => sum + (file.isFile() ? file.size : 0), 0);
  return `${Math.ceil(bytes / 1000)} kB`;
}
