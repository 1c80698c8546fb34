// SPDX-License-Identifier: Apache-2.0
// Declarations as published. The compiler writes one file for each source; most are smaller than a
// block of a disk, so those of a folder become one `FOLDER-types.d.ts`, to which the entries lead.
import { spawnSync } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { parseSync } from "rolldown/utils";
import { publishedName, root } from "./manifest.ts";

/** Compiles all libraries, which see each other's sources. @param out a folder inside the root */
export function compileDeclarations(packages: readonly string[], out: string): void {
  const config = {
    extends: join(root, "tsconfig.base.json"),
    compilerOptions: { rootDir: join(root, "packages"), outDir: out, emitDeclarationOnly: true },
    include: packages.map((name) => join(root, "packages", name, "src")),
    exclude: [join(root, "packages/*/src/**/*.test.ts")],
  };
  const project = join(out, "tsconfig.json");
  writeFileSync(project, JSON.stringify(config));
  const compiler = join(root, "node_modules/typescript/bin/tsc");
  const run = spawnSync(process.execPath, [compiler, "-p", project], { stdio: "inherit" });
  if (run.status !== 0) throw new Error("the compiler found errors");
}

/**
 * Writes the declarations that the entries lead to.
 * @param from where the compiler wrote those of this package
 * @param entries modules without extension, such as `bytes/index`
 * @param hidden packages whose types cannot be shown, as they are not installed
 */
export function writeDeclarations(
  from: string,
  entries: readonly string[],
  hidden: RegExp,
  dist: string,
): void {
  const modules = readModules(from, entries, hidden);
  const merged: Merged = new Map();
  for (const [folder, members] of Map.groupBy(modules.values(), (module) => module.folder)) {
    const file = folder === "" ? "types" : `${folder}-types`;
    const parts = members.filter(({ name, movable }) => movable && !entries.includes(name));
    if (parts.length < 2 || modules.has(file) || !namesAreDistinct(parts)) continue;
    for (const { name } of parts) merged.set(name, file);
  }
  const fileOf = ({ name }: Module): string => merged.get(name) ?? publishedName(name);
  for (const [file, members] of Map.groupBy(modules.values(), fileOf)) {
    const texts = merged.has(members[0]?.name ?? "")
      ? [joined(file, members, merged)]
      : members.map((module) => rewritten(file, module, merged));
    mkdirSync(join(dist, dirname(file)), { recursive: true });
    writeFileSync(join(dist, `${file}.d.ts`), texts.join(""));
  }
}

/** From a module to the file that it becomes part of. */
type Merged = Map<string, string>;

interface Statement {
  readonly text: string;
  /** The module of an import, and what is taken from it, as written. */
  readonly from?: string;
  readonly names?: readonly string[];
}

interface Specifier {
  readonly value: string;
  readonly start: number;
  readonly end: number;
}

interface Module {
  /** Path without extension. */
  readonly name: string;
  /** The first folder of the path; empty for the package's own. */
  readonly folder: string;
  readonly text: string;
  readonly specifiers: readonly Specifier[];
  readonly statements: readonly Statement[];
  readonly declared: ReadonlySet<string>;
  /** Whether it consists of declarations and plain imports, which can move to another file. */
  readonly movable: boolean;
}

interface AstNode {
  readonly type: string;
  readonly start: number;
  readonly end: number;
  readonly source?: Specifier | null;
  readonly declaration?: AstNode | null;
  readonly id?: { readonly name: string };
  readonly declarations?: readonly { readonly id: { readonly name: string } }[];
  readonly specifiers?: readonly (AstNode & {
    readonly imported?: { readonly name: string };
    readonly local?: { readonly name: string };
  })[];
}

function readModules(
  from: string,
  entries: readonly string[],
  hidden: RegExp,
): Map<string, Module> {
  const modules = new Map<string, Module>();
  const todo = [...entries];
  for (let name = todo.pop(); name !== undefined; name = todo.pop()) {
    if (modules.has(name)) continue;
    const module = parseModule(name, readFileSync(join(from, `${name}.d.ts`), "utf8"));
    modules.set(name, module);
    for (const { value } of module.specifiers) {
      if (hidden.test(value)) throw new Error(`${name} shows a type of ${value}`);
      if (value.startsWith(".")) todo.push(resolveName(name, value));
    }
  }
  return new Map([...modules].sort(([a], [b]) => (a < b ? -1 : 1)));
}

function parseModule(name: string, text: string): Module {
  const program = parseSync(`${name}.d.ts`, text).program as unknown as {
    readonly body: readonly AstNode[];
  };
  const statements: Statement[] = [];
  const declared = new Set<string>();
  let movable = true;
  let at = 0;
  for (const node of program.body) {
    const whole = text.slice(at, node.end).trim(); // with the comment before it
    at = node.end;
    if (node.type === "ImportDeclaration" && node.source) {
      const names = namesOf(node);
      movable &&= names !== undefined;
      statements.push({ text: whole, from: node.source.value, names: names ?? [] });
      continue;
    }
    const inner = node.type === "ExportNamedDeclaration" ? node.declaration : node;
    const own = inner ? namesIn(inner) : [];
    const isMarker = text.slice(node.start, node.end) === "export {};";
    movable &&= own.length > 0 || isMarker;
    for (const item of own) declared.add(item);
    if (!isMarker) statements.push({ text: whole });
  }
  const specifiers = specifiersOf(program);
  const imports = program.body.filter((node) => node.type === "ImportDeclaration");
  movable &&= specifiers.length === imports.length; // `import("./a.ts").A` stays where it is
  const folder = name.includes("/") ? name.slice(0, name.indexOf("/")) : "";
  return { name, folder, text, specifiers, statements, declared, movable };
}

/** What an import takes, or undefined where it takes all or renames. */
function namesOf({ specifiers = [] }: AstNode): string[] | undefined {
  const names: string[] = [];
  for (const { type, imported, local } of specifiers) {
    if (type !== "ImportSpecifier" || !imported || imported.name !== local?.name) return undefined;
    names.push(imported.name);
  }
  return names;
}

function namesIn(node: AstNode): string[] {
  if (node.declarations) return node.declarations.map(({ id }) => id.name);
  const known = /^(TS(Interface|TypeAlias|Enum)|Class)Declaration$|^(TSDeclareFunction)$/;
  return known.test(node.type) && node.id ? [node.id.name] : [];
}

function specifiersOf(program: unknown): Specifier[] {
  const found: Specifier[] = [];
  const visit = (node: unknown): void => {
    if (typeof node !== "object" || node === null) return;
    const { type, source } = node as Partial<AstNode>;
    if (type !== undefined && /^(Import|Export|TSImportType)/.test(type) && source) {
      found.push(source);
    }
    Object.values(node).forEach(visit);
  };
  visit(program);
  return found.sort((a, b) => a.start - b.start);
}

/** Whether no name would mean two things in one file; if one would, the folder stays as it is. */
function namesAreDistinct(modules: readonly Module[]): boolean {
  const origins = new Map<string, string>();
  const claim = (name: string, origin: string): boolean => {
    const known = origins.get(name);
    origins.set(name, origin);
    return known === undefined || known === origin;
  };
  return modules.every(({ name: path, declared, statements }) => {
    const claims = [...declared].map((name) => [name, path] as const);
    for (const { from, names = [] } of statements) {
      if (from === undefined) continue;
      const origin = from.startsWith(".") ? resolveName(path, from) : from;
      for (const name of names) claims.push([name, origin]);
    }
    return claims.every(([name, origin]) => claim(name, origin));
  });
}

/** The text of several modules, with what they import from elsewhere. */
function joined(file: string, modules: readonly Module[], merged: Merged): string {
  const imports = new Map<string, Set<string>>();
  const bodies: string[] = [];
  for (const module of modules) {
    for (const { text, from, names = [] } of module.statements) {
      if (from === undefined) bodies.push(text);
      else {
        const target = targetOf(file, module, from, merged);
        if (target === undefined) continue;
        imports.set(target, new Set([...(imports.get(target) ?? []), ...names]));
      }
    }
  }
  const lines = [...imports].map(
    ([target, names]) => `import type { ${[...names].sort().join(", ")} } from "${target}";`,
  );
  return `${[...lines, ...bodies].join("\n")}\n`;
}

/** A module's text, importing what is published where it now is. */
function rewritten(file: string, module: Module, merged: Merged): string {
  let { text } = module;
  for (const { value, start, end } of module.specifiers.toReversed()) {
    const target = targetOf(file, module, value, merged) ?? value;
    text = `${text.slice(0, start)}"${target}"${text.slice(end)}`;
  }
  return text;
}

/** The specifier that `file` uses for what `module` imports; undefined for `file` itself. */
function targetOf(
  file: string,
  module: Module,
  specifier: string,
  merged: Merged,
): string | undefined {
  if (!specifier.startsWith(".")) return specifier;
  const name = resolveName(module.name, specifier);
  const target = merged.get(name) ?? publishedName(name);
  if (target === file) return undefined;
  const path = relative(dirname(file), target);
  return `${path.startsWith(".") ? "" : "./"}${path}.js`;
}

function resolveName(from: string, specifier: string): string {
  return join(dirname(from), specifier).replace(/\.ts$/, "");
}
