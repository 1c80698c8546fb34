// SPDX-License-Identifier: Apache-2.0
// Who may import whom. Imports go down only, between packages and inside `formats`; a package is
// entered through what its package.json exports, a room (folder of `src`) through its index.ts.
import {
  type FileMap,
  type Finding,
  type ImportReference,
  isTest,
  join,
  packageOf,
  roomOf,
  type Source,
} from "./source.ts";

const PACKAGE_FLOORS: Record<string, number> = {
  formats: 0,
  verify: 1,
  log: 1,
  sign: 2,
  registry: 2,
  server: 3,
  cli: 4,
  web: 4,
};

/** The web page speaks HTTP to the services: of all packages below it imports only these. */
const WEB_MAY_IMPORT = new Set(["formats", "verify"]);

/** Floors of the rooms of `formats`; a room that is not named stands on top of these. */
const FORMAT_FLOORS: Record<string, number> = {
  errors: 0,
  bytes: 0,
  der: 1,
  pem: 1,
  json: 1,
  crypto: 2,
};
const FORMAT_FLOOR_TOP = 3;

const NODE_MODULES_ALLOWED = [
  { packageName: "formats", where: /^packages\/formats\/src\/crypto\// },
  { packageName: "verify", where: /^packages\/verify\/src\/tuf\// },
];

interface Manifest {
  readonly name: string;
  readonly exports?: unknown;
  readonly imports?: unknown;
}

interface Target {
  readonly packageName: string;
  readonly path: string | undefined;
}

/** Checks every import of every file, then looks for cycles between files. */
export function checkImports(sources: readonly Source[], files: FileMap): Finding[] {
  const manifests = readManifests(files);
  const findings: Finding[] = [];
  for (const source of sources) {
    for (const reference of source.imports) {
      const problem =
        builtinProblem(source.path, reference) ??
        layerProblem(source.path, reference, manifests, files) ??
        roomProblem(source.path, reference, manifests);
      if (problem) findings.push({ path: source.path, line: reference.line, ...problem });
    }
  }
  return [...findings, ...checkCycles(sources, manifests, files)];
}

type Problem = Pick<Finding, "rule" | "message">;

function builtinProblem(path: string, { specifier }: ImportReference): Problem | undefined {
  const packageName = packageOf(path);
  if (packageName === undefined || isTest(path)) return undefined;
  if (/^(node:)?crypto$/.test(specifier) && !path.startsWith("packages/formats/src/crypto/")) {
    return { rule: "node-crypto", message: "only formats/src/crypto imports node:crypto" };
  }
  const allowed = NODE_MODULES_ALLOWED.find((entry) => entry.packageName === packageName);
  if (specifier.startsWith("node:") && allowed && !allowed.where.test(path)) {
    return { rule: "pure", message: `${packageName} runs in browsers: no ${specifier} here` };
  }
  return undefined;
}

function layerProblem(
  path: string,
  { specifier }: ImportReference,
  manifests: ReadonlyMap<string, Manifest>,
  files: FileMap,
): Problem | undefined {
  const from = packageOf(path);
  if (from === undefined) return undefined;
  const floor = PACKAGE_FLOORS[from];
  if (floor === undefined) return layer(`package ${from} has no floor in scripts/tidy/imports.ts`);
  if (specifier.startsWith(".")) {
    const target = join(path, specifier);
    if (packageOf(target) === from) return undefined;
    // Builders and fixtures for tests are no part of what a package exports.
    if (isTest(path) && /^(packages\/[^/]+\/)?test\//.test(target)) return undefined;
    return layer(`reaches out of packages/${from} into ${target}; import what a package exports`);
  }
  const to = workspaceTarget(specifier, manifests, files);
  if (!to) return undefined;
  if (to.packageName === from)
    return layer(`a package imports itself by path, not as ${specifier}`);
  const toFloor = PACKAGE_FLOORS[to.packageName];
  if (toFloor === undefined || toFloor >= floor) {
    return layer(`${from} stands on floor ${floor} and cannot import ${to.packageName}`);
  }
  if (from === "web" && !WEB_MAY_IMPORT.has(to.packageName)) {
    return layer(`web cannot import ${to.packageName}; it speaks HTTP to the services`);
  }
  if (to.path === undefined) return layer(`${specifier} is not exported by its package`);
  return undefined;
}

function layer(message: string): Problem {
  return { rule: "layer", message };
}

function roomProblem(
  path: string,
  { specifier, dynamic }: ImportReference,
  manifests: ReadonlyMap<string, Manifest>,
): Problem | undefined {
  const packageName = packageOf(path);
  if (packageName === undefined) return undefined;
  const room = roomOf(path);
  if (specifier.startsWith("#")) {
    const home = importsTargets(manifests.get(packageName), packageName, specifier)[0];
    if (home === undefined || roomOf(home) === room) return undefined;
    return { rule: "room", message: `only ${roomOf(home) ?? "src"} imports ${specifier}` };
  }
  if (!specifier.startsWith(".")) return undefined;
  const target = join(path, specifier);
  const targetRoom = roomOf(target);
  if (packageOf(target) !== packageName || targetRoom === undefined || targetRoom === room) {
    return undefined;
  }
  const lazyCommand = dynamic && packageName !== "formats";
  if (!isTest(path) && !lazyCommand && !target.endsWith(`/src/${targetRoom}/index.ts`)) {
    return { rule: "room", message: `enter ${targetRoom} through its index.ts, not ${target}` };
  }
  if (packageName !== "formats" || isTest(path)) return undefined;
  const floor = FORMAT_FLOORS[room ?? ""] ?? FORMAT_FLOOR_TOP;
  const targetFloor = FORMAT_FLOORS[targetRoom] ?? FORMAT_FLOOR_TOP;
  if (targetFloor <= floor) return undefined;
  const message = `${room} stands on floor ${floor} of formats, ${targetRoom} on ${targetFloor}`;
  return { rule: "room", message };
}

/** The workspace package a bare specifier names, and the source file its `exports` lead to. */
function workspaceTarget(
  specifier: string,
  manifests: ReadonlyMap<string, Manifest>,
  files: FileMap,
): Target | undefined {
  for (const [packageName, manifest] of manifests) {
    if (specifier !== manifest.name && !specifier.startsWith(`${manifest.name}/`)) continue;
    const subpath = `.${specifier.slice(manifest.name.length)}`;
    const path = exportedPath(manifest.exports, subpath, packageName);
    return { packageName, path: path !== undefined && files.has(path) ? path : undefined };
  }
  return undefined;
}

function exportedPath(exports: unknown, subpath: string, packageName: string): string | undefined {
  for (const [key, value] of Object.entries((exports ?? {}) as Record<string, unknown>)) {
    if (typeof value !== "string") continue;
    const [before, after] = key.split("*");
    const matched =
      after === undefined
        ? key === subpath
        : subpath.startsWith(before ?? "") && subpath.endsWith(after);
    if (!matched) continue;
    const middle = subpath.slice((before ?? "").length, subpath.length - (after ?? "").length);
    return `packages/${packageName}/${value.replace("*", () => middle).replace(/^\.\//, "")}`;
  }
  return undefined;
}

function importsTargets(
  manifest: Manifest | undefined,
  packageName: string,
  specifier: string,
): string[] {
  const entry = ((manifest?.imports ?? {}) as Record<string, unknown>)[specifier];
  const targets = typeof entry === "string" ? [entry] : Object.values(entry ?? {});
  return targets
    .filter((target) => typeof target === "string")
    .map((target) => `packages/${packageName}/${target.replace(/^\.\//, "")}`);
}

function readManifests(files: FileMap): Map<string, Manifest> {
  const manifests = new Map<string, Manifest>();
  for (const [path, text] of files) {
    const name = /^packages\/([^/]+)\/package\.json$/.exec(path)?.[1];
    if (name !== undefined) manifests.set(name, JSON.parse(text) as Manifest);
  }
  return manifests;
}

/** Reports each cycle of files once, at the first import on it. */
function checkCycles(
  sources: readonly Source[],
  manifests: ReadonlyMap<string, Manifest>,
  files: FileMap,
): Finding[] {
  const byPath = new Map(sources.map((source) => [source.path, source]));
  const targetsOf = (source: Source, { specifier }: ImportReference): string[] => {
    if (specifier.startsWith(".")) return [join(source.path, specifier)];
    const packageName = packageOf(source.path);
    if (specifier.startsWith("#") && packageName !== undefined) {
      return importsTargets(manifests.get(packageName), packageName, specifier);
    }
    return [workspaceTarget(specifier, manifests, files)?.path ?? ""];
  };
  const findings: Finding[] = [];
  const done = new Set<string>();
  const trail: string[] = [];
  const visit = (source: Source): void => {
    trail.push(source.path);
    for (const reference of source.imports) {
      for (const target of targetsOf(source, reference)) {
        const next = byPath.get(target);
        if (!next || done.has(target)) continue;
        const start = trail.indexOf(target);
        if (start === -1) visit(next);
        else {
          const message = [...trail.slice(start), target].join(" → ");
          findings.push({ path: source.path, line: reference.line, rule: "cycle", message });
        }
      }
    }
    trail.pop();
    done.add(source.path);
  };
  for (const source of sources) if (!done.has(source.path)) visit(source);
  return findings;
}
