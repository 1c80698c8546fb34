// SPDX-License-Identifier: Apache-2.0
import { readdirSync, readFileSync } from "node:fs";
import { checkCode } from "./code.ts";
import { checkImports } from "./imports.ts";
import { checkManifests } from "./manifests.ts";
import { type FileMap, type Finding, parseSources } from "./source.ts";
import { checkText } from "./text.ts";

export type { FileMap, Finding } from "./source.ts";

const SKIPPED = new Set(["node_modules", "dist", "coverage", "fixtures"]);
const FOLDERS = /^(packages|scripts|test|interop|bench|docs)$/;

/** All rules over a set of files; the files need not exist. */
export function tidy(files: FileMap): Finding[] {
  const sources = parseSources(files);
  const findings = [
    ...sources.flatMap((source) => source.problems),
    ...checkImports(sources, files),
    ...sources.flatMap(checkCode),
    ...sources.flatMap(checkText),
    ...checkManifests(files),
  ];
  return findings.sort((a, b) => (a.path === b.path ? a.line - b.line : a.path < b.path ? -1 : 1));
}

/** The project's own files, for {@link tidy}. @param root the project's folder. */
export function readProject(root: URL): FileMap {
  const files = new Map<string, string>();
  const read = (folder: string): void => {
    for (const entry of readdirSync(new URL(folder || ".", root), { withFileTypes: true })) {
      const path = `${folder}${entry.name}`;
      if (entry.isDirectory()) {
        const wanted = folder === "" ? FOLDERS.test(entry.name) : !SKIPPED.has(entry.name);
        if (wanted && !entry.name.startsWith(".")) read(`${path}/`);
      } else if (/\.(ts|tsx|js|mjs)$|^package-lock\.json$|(^|\/)package\.json$/.test(path)) {
        files.set(path, readFileSync(new URL(path, root), "utf8"));
      }
    }
  };
  read("");
  return files;
}

/** One line an editor can jump to. */
export function formatFinding({ path, line, rule, message }: Finding): string {
  return `${path}:${line} ${rule}: ${message}`;
}
