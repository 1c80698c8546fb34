// SPDX-License-Identifier: Apache-2.0
// A library as it is published: JavaScript and declarations, in few files, for what each one costs
// on disk and to load.
import { globSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { rolldown } from "rolldown";
import { writeDeclarations } from "./declarations.ts";
import { licencesOf } from "./licences.ts";
import {
  exportsOf,
  finish,
  type Manifest,
  published,
  publishedName,
  readManifest,
  root,
} from "./manifest.ts";
import { failOnWarning } from "./warnings.ts";

/**
 * Dependencies that travel inside the libraries which use them: installed as they are, they bring
 * 2.3 MB, most of it sources, maps and curves that nobody here asks for.
 */
const CARRIED = ["@noble/curves", "@noble/hashes"];
const carried = new RegExp(`^(${CARRIED.join("|")})/`);

const OWN_NOTICE = "// SPDX-License-Identifier: Apache-2.0";
const CARRIED_NOTICE = `// SPDX-License-Identifier: MIT
// Parts of ${CARRIED.join(" and ")}, unchanged; see THIRD-PARTY.txt.`;

/** Writes a library to `dist`. @param declarations where the compiler wrote */
export async function bundleLibrary(
  name: string,
  declarations: string,
  dist: string,
): Promise<void> {
  const source = join(root, "packages", name, "src");
  const manifest = readManifest(name);
  const entries = entriesOf(manifest, source);
  const modules = await bundle(source, [...entries.values(), ...importTargets(manifest)], dist);
  const licences = licencesOf(modules);
  if (licences !== "") writeFileSync(join(dist, "THIRD-PARTY.txt"), licences);
  writeDeclarations(join(declarations, name, "src"), [...entries.values()], carried, dist);
  finish(dist, libraryManifest(manifest, entries));
}

/** Subpath of `exports` to its module, without extension: `./bytes` to `bytes/index`. */
function entriesOf(manifest: Manifest, source: string): Map<string, string> {
  const entries = new Map<string, string>();
  for (const [subpath, target] of Object.entries(exportsOf(manifest))) {
    const [before, after] = moduleName(target).split("*") as [string, string | undefined];
    if (after === undefined) entries.set(subpath, before);
    else {
      for (const file of globSync(`${before}**${after}.ts`, { cwd: source }).sort()) {
        const middle = file.slice(before.length, -`${after}.ts`.length);
        if (middle !== "")
          entries.set(
            subpath.replace("*", () => middle),
            moduleName(file),
          );
      }
    }
  }
  return entries;
}

/** The modules behind `#names`, which stay apart so that the consumer's conditions choose. */
function importTargets(manifest: Manifest): string[] {
  return Object.values((manifest["imports"] ?? {}) as Record<string, Record<string, string>>)
    .flatMap((conditions) => Object.values(conditions))
    .map(moduleName);
}

/** `crypto/index` for `./src/crypto/index.ts`. */
function moduleName(path: string): string {
  return path
    .replace(/^\.\//, "")
    .replace(/^src\//, "")
    .replace(/\.ts$/, "");
}

/** @returns the paths of all modules that went in. */
async function bundle(source: string, entries: readonly string[], dist: string): Promise<string[]> {
  const build = await rolldown({
    input: Object.fromEntries(
      entries.map((entry) => [publishedName(entry), join(source, `${entry}.ts`)]),
    ),
    platform: "neutral",
    external: (id, importer) =>
      /^[#@a-z]/.test(id) && !carried.test(id) && !isCarried(importer ?? ""),
    experimental: { attachDebugInfo: "none" },
    onLog: failOnWarning,
  });
  const { output } = await build.write({
    dir: dist,
    format: "esm",
    entryFileNames: "[name].js",
    chunkFileNames: "shared/[name].js",
    comments: { legal: true, annotation: true, jsdoc: false },
    minifyInternalExports: false, // names in stack traces and profiles as in the sources
    codeSplitting: { groups: [{ name: "noble", test: isCarried }] },
    banner: ({ moduleIds }) => (moduleIds.some(isCarried) ? CARRIED_NOTICE : OWN_NOTICE),
  });
  await build.close();
  return output.flatMap((chunk) => (chunk.type === "chunk" ? chunk.moduleIds : []));
}

function isCarried(id: string): boolean {
  return id.includes("/node_modules/");
}

function libraryManifest(manifest: Manifest, entries: ReadonlyMap<string, string>): Manifest {
  const exports: Manifest = {};
  for (const [subpath, entry] of entries) {
    const name = publishedName(entry);
    exports[subpath] = { types: `./${name}.d.ts`, default: `./${name}.js` };
  }
  const { dependencies, imports, ...rest } = published(manifest);
  const needed = Object.entries((dependencies ?? {}) as Manifest).filter(
    ([name]) => !CARRIED.includes(name),
  );
  return {
    ...rest,
    exports,
    ...(imports === undefined ? {} : { imports: distImports(imports as Manifest) }),
    ...(needed.length === 0 ? {} : { dependencies: Object.fromEntries(needed) }),
  };
}

function distImports(imports: Manifest): Manifest {
  const targets = (conditions: Record<string, string>): Manifest =>
    Object.fromEntries(
      Object.entries(conditions).map(([condition, target]) => [
        condition,
        `./${moduleName(target)}.js`,
      ]),
    );
  return Object.fromEntries(
    Object.entries(imports).map(([name, conditions]) => [
      name,
      targets(conditions as Record<string, string>),
    ]),
  );
}
