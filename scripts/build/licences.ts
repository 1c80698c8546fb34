// SPDX-License-Identifier: Apache-2.0
import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";

/** The licences of the packages whose modules are in a bundle, which they ask to travel along. */
export function licencesOf(modules: readonly string[]): string {
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
