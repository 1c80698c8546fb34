// SPDX-License-Identifier: Apache-2.0
import { posix } from "node:path";
import { parseSync } from "rolldown/utils";

/** Path, relative to the project's root with `/`, to content. */
export type FileMap = ReadonlyMap<string, string>;

export interface Finding {
  readonly path: string;
  readonly line: number;
  readonly rule: string;
  readonly message: string;
}

/** A node of the ESTree with TypeScript; its children are whatever properties hold nodes. */
export interface Node {
  readonly type: string;
  readonly start: number;
  readonly end: number;
  readonly [property: string]: unknown;
}

export interface ImportReference {
  readonly specifier: string;
  readonly line: number;
  /** `import()`, `require()` or `getBuiltinModule()`: resolved when called, not when loaded. */
  readonly dynamic: boolean;
}

export interface Source {
  readonly path: string;
  readonly text: string;
  readonly program: Node;
  readonly comments: readonly { readonly value: string; readonly start: number }[];
  readonly imports: readonly ImportReference[];
  readonly problems: readonly Finding[];
  lineAt(offset: number): number;
}

/** Parses every TypeScript and JavaScript file of the map. */
export function parseSources(files: FileMap): Source[] {
  const sources: Source[] = [];
  for (const [path, text] of files) {
    if (/\.(ts|tsx|js|mjs)$/.test(path)) sources.push(parseSource(path, text));
  }
  return sources;
}

function parseSource(path: string, text: string): Source {
  const parsed = parseSync(path, text);
  const program = parsed.program as unknown as Node;
  const starts = [0];
  for (let at = text.indexOf("\n"); at !== -1; at = text.indexOf("\n", at + 1)) starts.push(at + 1);
  const lineAt = (offset: number): number => {
    let [low, high] = [0, starts.length];
    while (high - low > 1) {
      const middle = (low + high) >> 1;
      if ((starts[middle] ?? 0) <= offset) low = middle;
      else high = middle;
    }
    return low + 1;
  };
  const imports: ImportReference[] = [];
  walk(program, (node) => {
    const found = importOf(node);
    if (found) imports.push({ ...found, line: lineAt(node.start) });
  });
  const problems = parsed.errors.map((error) => ({
    path,
    line: lineAt(error.labels[0]?.start ?? 0),
    rule: "syntax",
    message: error.message,
  }));
  return { path, text, program, comments: parsed.comments, imports, problems, lineAt };
}

function importOf(node: Node): Omit<ImportReference, "line"> | undefined {
  let source: unknown;
  let dynamic = false;
  switch (node.type) {
    case "ImportDeclaration":
    case "ExportNamedDeclaration":
    case "ExportAllDeclaration":
    case "TSImportType":
      source = node["source"];
      break;
    case "ImportExpression":
      source = node["source"];
      dynamic = true;
      break;
    case "CallExpression": {
      const callee = dottedName(node["callee"]);
      if (!/(^|\.)(require|getBuiltinModule)$/.test(callee)) return undefined;
      source = (node["arguments"] as unknown[])[0];
      dynamic = true;
      break;
    }
    default:
      return undefined;
  }
  if (!isNode(source) || typeof source["value"] !== "string") return undefined;
  return { specifier: source["value"], dynamic };
}

/** Calls `visit` for the node and all below it, with the ancestors, outermost first. */
export function walk(
  node: Node,
  visit: (node: Node, ancestors: readonly Node[]) => void,
  ancestors: Node[] = [],
): void {
  visit(node, ancestors);
  ancestors.push(node);
  for (const child of children(node)) walk(child, visit, ancestors);
  ancestors.pop();
}

/** The nodes directly below a node. */
export function children(node: Node): Node[] {
  return Object.values(node).flat().filter(isNode);
}

export function isNode(value: unknown): value is Node {
  return typeof value === "object" && value !== null && typeof (value as Node).type === "string";
}

/** `a.b.c` for such an expression, with `?` for every part that is not a plain name. */
export function dottedName(node: unknown): string {
  if (!isNode(node)) return "?";
  if (node.type === "Identifier") return String(node["name"]);
  if (node.type === "ChainExpression") return dottedName(node["expression"]);
  if (node.type !== "MemberExpression") return "?";
  const property = node["property"] as Node;
  const last = node["computed"] === true ? property["value"] : property["name"];
  return `${dottedName(node["object"])}.${typeof last === "string" ? last : "?"}`;
}

/** Whether a file is allowed what only tests may do. */
export function isTest(path: string): boolean {
  return /\.test\.tsx?$|^packages\/[^/]+\/test\/|^(test|interop|bench)\//.test(path);
}

/** `formats` for `packages/formats/src/der/index.ts`; undefined outside `packages/`. */
export function packageOf(path: string): string | undefined {
  return /^packages\/([^/]+)\//.exec(path)?.[1];
}

/** The first folder below the package's `src`, or undefined for files directly in it. */
export function roomOf(path: string): string | undefined {
  return /^packages\/[^/]+\/src\/([^/]+)\//.exec(path)?.[1];
}

export function join(from: string, relative: string): string {
  return posix.join(posix.dirname(from), relative);
}
