// SPDX-License-Identifier: Apache-2.0
import { copyFileSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

type Json = null | boolean | number | string | Json[] | { [key: string]: Json };
export type Manifest = { [field: string]: Json };

/** The project's folder. */
export const root: string = fileURLToPath(new URL("../..", import.meta.url));

/** @param name the folder below `packages`. */
export function readManifest(name: string): Manifest {
  return JSON.parse(readFileSync(join(root, "packages", name, "package.json"), "utf8")) as Manifest;
}

/** What a library of the workspace exports: subpath to source, either with `*`. */
export function exportsOf(manifest: Manifest): Record<string, string> {
  return (manifest["exports"] ?? {}) as Record<string, string>;
}

/** The manifest without what concerns the workspace only, and without further fields. */
export function published(manifest: Manifest, ...without: readonly string[]): Manifest {
  const dropped = new Set(["private", "devDependencies", "scripts", ...without]);
  return Object.fromEntries(Object.entries(manifest).filter(([field]) => !dropped.has(field)));
}

/** Puts manifest and licence beside what was built. */
export function finish(dist: string, manifest: Manifest): void {
  writeFileSync(join(dist, "package.json"), `${JSON.stringify(manifest, null, 2)}\n`);
  copyFileSync(join(root, "LICENSE"), join(dist, "LICENSE"));
}

/** Where a module is in a package: `bytes` for `bytes/index`, as a folder costs a block of disk. */
export function publishedName(module: string): string {
  return module.endsWith("/index") ? module.slice(0, -"/index".length) : module;
}
