// SPDX-License-Identifier: Apache-2.0
// What code may not do, by rule: `impure`, `any`, `ts-ignore`, `process-exit`, `empty-catch`.
import {
  children,
  dottedName,
  type Finding,
  isNode,
  isTest,
  type Node,
  packageOf,
  type Source,
  walk,
} from "./source.ts";

interface GlobalRule {
  readonly name: string;
  readonly why: string;
  /** Files of the pure packages that may use the name all the same. */
  readonly except?: RegExp;
}

/** Names that `formats` and `verify` must not take from the global scope. */
const PURE_GLOBALS: readonly GlobalRule[] = [
  {
    name: "Buffer",
    why: "bytes are Uint8Array",
    except: /^packages\/formats\/src\/(crypto\/backend-node|bytes\/base64)\.ts$/,
  },
  { name: "console", why: "no output; findings are returned" },
  { name: "crypto", why: "use formats/src/crypto", except: /^packages\/formats\/src\/crypto\// },
  { name: "fetch", why: "no network; pass the bytes in", except: /^packages\/verify\/src\/tuf\// },
  {
    name: "process",
    why: "runs in browsers",
    except: /^packages\/(verify\/src\/tuf|formats\/src\/crypto)\//,
  },
];

/** Members of globals that `formats` and `verify` must not use: time and chance come as values. */
const PURE_MEMBERS = new Set(["Date.now", "Math.random", "performance.now"]);

const EXIT_ALLOWED = "packages/cli/src/main.ts";

const FUNCTIONS = new Set([
  "Program",
  "FunctionDeclaration",
  "FunctionExpression",
  "ArrowFunctionExpression",
  "TSDeclareFunction",
  "TSEmptyBodyFunctionExpression",
  "TSFunctionType",
  "TSConstructorType",
  "TSMethodSignature",
  "TSCallSignatureDeclaration",
]);

/** Checks banned calls and names, `any`, suppression comments and swallowed errors in a file. */
export function checkCode(source: Source): Finding[] {
  const { path } = source;
  const findings: Finding[] = [];
  const report = (offset: number, rule: string, message: string): void => {
    findings.push({ path, line: source.lineAt(offset), rule, message });
  };
  const packageName = packageOf(path);
  const pure = (packageName === "formats" || packageName === "verify") && !isTest(path);
  const scopes = new Map<Node, Set<string>>();

  walk(source.program, (node, ancestors) => {
    const isLocal = (name: string): boolean =>
      ancestors.some((scope) => FUNCTIONS.has(scope.type) && namesIn(scope, scopes).has(name));
    if (pure) checkPure(node, ancestors, path, isLocal, report);
    switch (node.type) {
      case "TSAnyKeyword":
        if (!isTest(path)) report(node.start, "any", "use unknown and a decoder");
        break;
      case "CatchClause":
        if (isEmptyBlock(node["body"])) report(node.start, "empty-catch", SWALLOWED);
        break;
      case "CallExpression":
        if (swallowsRejection(node)) report(node.start, "empty-catch", SWALLOWED);
        break;
      case "MemberExpression":
        if (
          /^(globalThis\.)?process\.(exit|reallyExit|abort)$/.test(dottedName(node)) &&
          path !== EXIT_ALLOWED
        ) {
          report(node.start, "process-exit", `only ${EXIT_ALLOWED} ends the process`);
        }
        break;
      default:
    }
  });
  for (const comment of source.comments) {
    const found = /@ts-(ignore|expect-error|nocheck)/.exec(comment.value);
    if (found && !isTest(path)) report(comment.start, "ts-ignore", `${found[0]} outside tests`);
  }
  return findings;
}

const SWALLOWED = "name the accepted error and say why, or let it pass on";

type Report = (offset: number, rule: string, message: string) => void;

function checkPure(
  node: Node,
  ancestors: readonly Node[],
  path: string,
  isLocal: (name: string) => boolean,
  report: Report,
): void {
  if (node.type === "MemberExpression") {
    const name = dottedName(node).replace(/^(globalThis|self|window)\./, "");
    const head = name.split(".")[0] ?? "";
    if (PURE_MEMBERS.has(name) && !isLocal(head)) {
      report(node.start, "impure", `${name}: time and chance come in as values`);
    }
    const rule = PURE_GLOBALS.find((entry) => entry.name === name);
    if (rule && name !== dottedName(node) && !rule.except?.test(path)) {
      report(node.start, "impure", `${name}: ${rule.why}`);
    }
  } else if (node.type === "NewExpression" || node.type === "CallExpression") {
    const isDate = dottedName(node["callee"]) === "Date" && !isLocal("Date");
    const count = (node["arguments"] as unknown[]).length;
    if (isDate && (count === 0 || node.type === "CallExpression")) {
      report(node.start, "impure", "the current time comes in as a value");
    }
  } else if (node.type === "Identifier" && isReference(node, ancestors.at(-1))) {
    const rule = PURE_GLOBALS.find((entry) => entry.name === node["name"]);
    if (rule && !rule.except?.test(path) && !isLocal(rule.name)) {
      report(node.start, "impure", `${rule.name}: ${rule.why}`);
    }
  }
}

/** Whether an identifier stands for a variable or a type, not for a property or a declared name. */
function isReference(node: Node, parent: Node | undefined): boolean {
  switch (parent?.type) {
    case "MemberExpression":
      return parent["property"] !== node || parent["computed"] === true;
    case "Property":
    case "PropertyDefinition":
    case "MethodDefinition":
    case "TSPropertySignature":
    case "TSMethodSignature":
      return parent["key"] !== node || parent["computed"] === true;
    case "ImportSpecifier":
    case "ExportSpecifier":
    case "TSTypeQuery":
    case "TSQualifiedName":
    case "TSNamedTupleMember":
    case "LabeledStatement":
      return false;
    default:
      return true;
  }
}

/** The names a function (or the module) declares in itself, not those of functions inside it. */
function namesIn(scope: Node, cache: Map<Node, Set<string>>): Set<string> {
  const known = cache.get(scope);
  if (known) return known;
  const names = new Set<string>();
  const addPattern = (pattern: unknown): void => {
    if (!isNode(pattern)) return;
    if (pattern.type === "Identifier") names.add(String(pattern["name"]));
    for (const property of ["left", "argument", "parameter", "value"])
      addPattern(pattern[property]);
    for (const property of ["elements", "properties"]) {
      const parts = pattern[property];
      if (Array.isArray(parts)) for (const part of parts) addPattern(part);
    }
  };
  const visit = (node: Node): void => {
    if (node.type === "VariableDeclarator" || node.type.endsWith("Declaration"))
      addPattern(node["id"]);
    if (node.type === "CatchClause") addPattern(node["param"]);
    if (/^Import.*Specifier$/.test(node.type)) addPattern(node["local"]);
    if (node !== scope && FUNCTIONS.has(node.type)) return;
    for (const child of children(node)) visit(child);
  };
  const parameters = scope["params"];
  if (Array.isArray(parameters)) for (const parameter of parameters) addPattern(parameter);
  visit(scope);
  cache.set(scope, names);
  return names;
}

function isEmptyBlock(node: unknown): boolean {
  return isNode(node) && node.type === "BlockStatement" && (node["body"] as unknown[]).length === 0;
}

/** `promise.catch(() => {})` */
function swallowsRejection(node: Node): boolean {
  const callee = node["callee"];
  if (!isNode(callee) || callee.type !== "MemberExpression") return false;
  if (!dottedName(callee).endsWith(".catch")) return false;
  const handler = (node["arguments"] as unknown[])[0];
  return isNode(handler) && FUNCTIONS.has(handler.type) && isEmptyBlock(handler["body"]);
}
