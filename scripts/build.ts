// SPDX-License-Identifier: Apache-2.0
// Makes what is published: each library as JavaScript with declarations in its package's dist, and
// the command as one minified file, packages/cli/dist/chancery.js. A package without sources waits.
import { spawnSync } from "node:child_process";
import {
  chmodSync,
  copyFileSync,
  cpSync,
  existsSync,
  globSync,
  mkdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { rolldown } from "rolldown";

type Json = null | boolean | number | string | Json[] | { [key: string]: Json };
type Manifest = Record<string, Json>;

const COMMAND = "cli";
const NODE_MAJOR_MIN = 24;

const root = fileURLToPath(new URL("..", import.meta.url));
const cache = join(root, ".cache/build");

const names = globSync("packages/*/package.json", { cwd: root })
  .map((path) => dirname(relative("packages", path)))
  .sort();
const ready = names.filter((name) => globSync(`packages/${name}/src/**/*.ts`, { cwd: root })[0]);
for (const name of names) rmSync(distOf(name), { recursive: true, force: true });

const libraries = ready.filter((name) => name !== COMMAND);
if (libraries.length > 0) compile(libraries);
for (const name of libraries) {
  cpSync(join(cache, name, "src"), distOf(name), { recursive: true });
  finish(name, libraryManifest(readManifest(name)));
}
if (ready.includes(COMMAND)) await bundleCommand();
for (const name of names) {
  const note = ready.includes(name) ? sizeOf(distOf(name)) : "no sources yet";
  console.log(`packages/${name}/dist  ${note}`);
}

function distOf(name: string): string {
  return join(root, "packages", name, "dist");
}

function readManifest(name: string): Manifest {
  return JSON.parse(readFileSync(join(root, "packages", name, "package.json"), "utf8")) as Manifest;
}

/** One compiler run for all libraries: they see each other's sources. */
function compile(packages: string[]): void {
  rmSync(cache, { recursive: true, force: true });
  mkdirSync(cache, { recursive: true });
  const config = {
    extends: join(root, "tsconfig.base.json"),
    compilerOptions: { rootDir: join(root, "packages"), outDir: cache },
    include: packages.map((name) => join(root, "packages", name, "src")),
    exclude: [join(root, "packages/*/src/**/*.test.ts")],
  };
  const project = join(cache, "tsconfig.json");
  writeFileSync(project, JSON.stringify(config));
  const compiler = join(root, "node_modules/typescript/bin/tsc");
  const run = spawnSync(process.execPath, [compiler, "-p", project], { stdio: "inherit" });
  if (run.status !== 0) throw new Error("the compiler found errors");
}

/** The manifest to publish: entry points lead to what the compiler wrote, beside the manifest. */
function libraryManifest(manifest: Manifest): Manifest {
  const exports: Manifest = {};
  for (const [subpath, target] of Object.entries(manifest["exports"] as Record<string, string>)) {
    const types = distPath(target).replace(/\.js$/, ".d.ts");
    exports[subpath] = { types, default: distPath(target) };
  }
  return { ...published(manifest), exports, ...distImports(manifest["imports"]) };
}

function distImports(imports: Json | undefined): Manifest {
  if (imports === undefined) return {};
  const text = JSON.stringify(imports, (_, value: Json) =>
    typeof value === "string" ? distPath(value) : value,
  );
  return { imports: JSON.parse(text) as Json };
}

function distPath(source: string): string {
  return source.replace(/^\.\/src\//, "./").replace(/\.ts$/, ".js");
}

function published(manifest: Manifest): Manifest {
  return without(manifest, "private", "devDependencies", "scripts");
}

function without(manifest: Manifest, ...fields: string[]): Manifest {
  return Object.fromEntries(Object.entries(manifest).filter(([field]) => !fields.includes(field)));
}

function finish(name: string, manifest: Manifest): void {
  writeFileSync(join(distOf(name), "package.json"), `${JSON.stringify(manifest, null, 2)}\n`);
  copyFileSync(join(root, "LICENSE"), join(distOf(name), "LICENSE"));
}

/** The command with everything it uses in one file, which also runs on its own. */
async function bundleCommand(): Promise<void> {
  const dist = distOf(COMMAND);
  const file = join(dist, "chancery.js");
  const bundle = await rolldown({
    input: join(root, "packages/cli/src/main.ts"),
    platform: "node",
    external: ["koffi"],
    transform: { target: "node20" },
    onLog(level, log, handle) {
      if (level === "warn") throw new Error(log.message);
      handle(level, log);
    },
  });
  const { output } = await bundle.write({
    file,
    format: "esm",
    minify: true,
    codeSplitting: false,
    banner: commandBanner(),
  });
  await bundle.close();
  chmodSync(file, 0o755);
  const modules = output.flatMap((chunk) => (chunk.type === "chunk" ? chunk.moduleIds : []));
  writeFileSync(join(dist, "THIRD-PARTY.txt"), licencesOf(modules));

  const starter = readFileSync(join(root, "packages/cli/bin/chancery.js"), "utf8");
  mkdirSync(join(dist, "bin"));
  writeFileSync(
    join(dist, "bin/chancery.js"),
    starter.replace("../src/main.ts", "../chancery.js"),
    { mode: 0o755 },
  );
  finish(COMMAND, without(published(readManifest(COMMAND)), "dependencies"));
}

/** Runs before everything but imports, which therefore must exist on older Nodes. */
function commandBanner(): string {
  const words = `"chancery: error: needs Node.js ${NODE_MAJOR_MIN} or later, this is "`;
  return `#!/usr/bin/env node
// SPDX-License-Identifier: Apache-2.0
if (Number.parseInt(process.versions.node, 10) < ${NODE_MAJOR_MIN}) {
  process.stderr.write(${words} + process.version + "\\n");
  process.exit(2);
}`;
}

/** The licences of the packages whose modules are in the bundle, which they ask to travel along. */
function licencesOf(modules: string[]): string {
  const folders = new Set<string>();
  for (const id of modules) {
    const found = /^.*\/node_modules\/(@[^/]+\/)?[^/]+(?=\/)/.exec(id)?.[0];
    if (found !== undefined) folders.add(found);
  }
  const parts = [...folders].sort().map((folder) => {
    const text = readFileSync(join(folder, "package.json"), "utf8");
    const { name, version, license } = JSON.parse(text) as Record<string, string>;
    const file = globSync("{LICENSE,LICENCE,license}*", { cwd: folder })[0];
    const licence = file === undefined ? "" : readFileSync(join(folder, file), "utf8");
    return `${name} ${version} (${license})\n\n${licence}`;
  });
  return parts.join(`\n${"-".repeat(80)}\n\n`);
}

function sizeOf(folder: string): string {
  if (!existsSync(folder)) return "missing";
  const files = globSync("**/*", { cwd: folder }).map((path) => statSync(join(folder, path)));
  const bytes = files.reduce((sum, file) => sum + (file.isFile() ? file.size : 0), 0);
  return `${Math.ceil(bytes / 1000)} kB`;
}
