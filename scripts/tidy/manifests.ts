// SPDX-License-Identifier: Apache-2.0
import type { FileMap, Finding } from "./source.ts";

const EXACT = /^\d+\.\d+\.\d+(-[0-9A-Za-z.-]+)?$/;

interface Manifest {
  readonly version?: string;
  readonly [kind: string]: unknown;
}

/**
 * Checks that every dependency is pinned exactly, that the packages share one version, and that the
 * lockfile names neither a registry nor fewer packages than `npm ci` will ask for.
 */
export function checkManifests(files: FileMap): Finding[] {
  const findings: Finding[] = [];
  const version = manifest(files.get("package.json"))?.version;
  for (const [path, text] of files) {
    if (!/^(packages\/[^/]+\/)?package\.json$/.test(path)) continue;
    const report = (needle: string, rule: string, message: string): void => {
      findings.push({ path, line: lineOf(text, needle), rule, message });
    };
    const parsed = manifest(text);
    if (version !== undefined && parsed?.version !== version) {
      report('"version"', "one-version", `all packages have the version ${version}`);
    }
    for (const kind of ["dependencies", "devDependencies", "optionalDependencies"]) {
      for (const [name, range] of Object.entries(parsed?.[kind] ?? {})) {
        if (typeof range === "string" && EXACT.test(range)) continue;
        report(`"${name}"`, "exact-version", `${name} is ${range}; pin it exactly`);
      }
    }
  }
  return [...findings, ...checkLockfile(files.get("package-lock.json"))];
}

function checkLockfile(text: string | undefined): Finding[] {
  if (text === undefined) return [];
  const path = "package-lock.json";
  const findings: Finding[] = [];
  const at = text.search(/"resolved": "(https?|git|file):/);
  if (at !== -1) {
    const line = text.slice(0, at).split("\n").length;
    findings.push({ path, line, rule: "lockfile", message: "names where it was downloaded from" });
  }
  const packages = (manifest(text)?.["packages"] ?? {}) as Record<string, Manifest>;
  for (const [parent, entry] of Object.entries(packages)) {
    for (const name of Object.keys(entry["optionalDependencies"] ?? {})) {
      if (packages[`node_modules/${name}`] || packages[`${parent}/node_modules/${name}`]) continue;
      const message = `lacks ${name}, so npm ci would refuse it: npm run lockfile`;
      findings.push({ path, line: lineOf(text, `"${parent}"`), rule: "lockfile", message });
    }
  }
  return findings;
}

function manifest(text: string | undefined): Manifest | undefined {
  return text === undefined ? undefined : (JSON.parse(text) as Manifest);
}

function lineOf(text: string, needle: string): number {
  const at = text.indexOf(needle);
  return at === -1 ? 1 : text.slice(0, at).split("\n").length;
}
