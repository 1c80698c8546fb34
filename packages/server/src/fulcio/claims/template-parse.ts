// SPDX-License-Identifier: Apache-2.0

/** What an action of a template computes. */
export type Expression =
  | { readonly kind: "value"; readonly name: string; readonly strict: boolean }
  | { readonly kind: "text"; readonly text: string }
  | { readonly kind: "call"; readonly name: FunctionName; readonly args: readonly Expression[] };

/** A piece of a template. */
export type TemplateNode =
  | { readonly kind: "text"; readonly text: string }
  | { readonly kind: "print"; readonly expression: Expression }
  | { readonly kind: "if"; readonly branches: readonly Branch[] };

/** Taken where its condition holds; without one, always. */
export interface Branch {
  readonly condition: Expression | undefined;
  readonly nodes: readonly TemplateNode[];
}

/** A template that cannot be read; the message says why and where. */
export class TemplateError extends Error {
  override readonly name = "TemplateError";
}

export type FunctionName = "eq" | "ne" | "and" | "or" | "not";

/** Each function, and how many arguments it takes: least and most. */
const functions: Readonly<Record<FunctionName, readonly [number, number]>> = {
  eq: [2, 16],
  ne: [2, 2],
  and: [1, 16],
  or: [1, 16],
  not: [1, 1],
};

const templateCharsMax = 4096;
const nodesMax = 256;
const depthMax = 8;

/**
 * Reads the part of Go's text/template that maps of texts need: `.name`, `index . "name"`, strings,
 * `if`, `else if`, `else`, `end`, the functions `eq ne and or not`, parentheses, comments and the
 * trimming dashes. Pipelines, variables, loops and other functions are refused.
 *
 * @throws TemplateError
 */
export function parseTemplate(text: string): readonly TemplateNode[] {
  if (text.length > templateCharsMax) {
    throw new TemplateError(`the template has more than ${templateCharsMax} characters`);
  }
  const parser = new TemplateParser(splitTemplate(text));
  return parser.whole();
}

type Piece = { readonly text: string } | { readonly action: string; readonly offset: number };

/** Text and actions in turn; white space that dashes trim is gone. */
function splitTemplate(text: string): Piece[] {
  const pieces: Piece[] = [];
  let trimmed = false;
  for (let offset = 0; ;) {
    const start = text.indexOf("{{", offset);
    let between = text.slice(offset, start === -1 ? text.length : start);
    if (trimmed) between = between.trimStart();
    const trimsLeft = start !== -1 && /^\{\{-\s/.test(text.slice(start, start + 4));
    pieces.push({ text: trimsLeft ? between.trimEnd() : between });
    if (start === -1) return pieces;
    const end = endOfAction(text, start + 2);
    let action = text.slice(start + 2, end);
    trimmed = /\s-$/.test(action);
    if (trimsLeft) action = action.slice(1);
    if (trimmed) action = action.slice(0, -1);
    pieces.push({ action, offset: start });
    offset = end + 2;
  }
}

/** Offset of the `}}` that closes an action; those in its strings do not. */
function endOfAction(text: string, start: number): number {
  let quote = "";
  for (let i = start; i < text.length; i++) {
    const character = text[i] as string;
    if (quote !== "") {
      if (character === "\\" && quote === '"') i++;
      else if (character === quote) quote = "";
    } else if (character === '"' || character === "`") {
      quote = character;
    } else if (text.startsWith("}}", i)) {
      return i;
    }
  }
  throw new TemplateError(`the action at character ${start - 2} is not closed`);
}

interface OpenIf {
  readonly branches: Branch[];
  condition: Expression | undefined;
  nodes: TemplateNode[];
  /** `else` was there: only `end` may follow. */
  last: boolean;
}

class TemplateParser {
  readonly #pieces: readonly Piece[];
  readonly #open: OpenIf[] = [];
  #nodes: TemplateNode[] = [];
  #count = 0;

  constructor(pieces: readonly Piece[]) {
    this.#pieces = pieces;
  }

  whole(): TemplateNode[] {
    for (const piece of this.#pieces) {
      if ("text" in piece) {
        if (piece.text !== "") this.#add({ kind: "text", text: piece.text });
      } else {
        this.#action(piece.action, piece.offset);
      }
    }
    if (this.#open.length > 0) throw new TemplateError("an if without its end");
    return this.#nodes;
  }

  #add(node: TemplateNode): void {
    if (++this.#count > nodesMax) throw new TemplateError(`more than ${nodesMax} pieces`);
    (this.#open.at(-1)?.nodes ?? this.#nodes).push(node);
  }

  #action(action: string, offset: number): void {
    if (/^\s*\/\*.*\*\/\s*$/s.test(action)) return;
    const tokens = tokenize(action, offset);
    const open = this.#open.at(-1);
    const [first, second] = tokens;
    if (first === "if") {
      if (this.#open.length >= depthMax) throw new TemplateError(`ifs ${depthMax} deep`);
      const condition = readExpression(tokens.slice(1), offset);
      this.#open.push({ branches: [], condition, nodes: [], last: false });
    } else if (first === "else") {
      if (!open || open.last) throw new TemplateError(`else at character ${offset} has no if`);
      open.branches.push({ condition: open.condition, nodes: open.nodes });
      open.nodes = [];
      open.last = second === undefined;
      if (!open.last && second !== "if") {
        throw new TemplateError(`else ${second} at character ${offset}`);
      }
      open.condition = open.last ? undefined : readExpression(tokens.slice(2), offset);
    } else if (first === "end" && second === undefined) {
      if (!open) throw new TemplateError(`end at character ${offset} has no if`);
      this.#open.pop();
      const branches = [...open.branches, { condition: open.condition, nodes: open.nodes }];
      this.#add({ kind: "if", branches });
    } else {
      this.#add({ kind: "print", expression: readExpression(tokens, offset) });
    }
  }
}

const token = /\s*(?:(\.[\p{L}_][\p{L}\p{Nd}_]*|\.|[a-z]+|[()])|"((?:[^"\\\n]|\\.)*)"|`([^`]*)`)/uy;

/** Words as they are; strings with a leading quote. */
function tokenize(action: string, offset: number): string[] {
  const tokens: string[] = [];
  const length = action.trimEnd().length;
  token.lastIndex = 0;
  let last = 0;
  while (last < length) {
    const [, word, quoted, raw] = token.exec(action) ?? [];
    if (word !== undefined) tokens.push(word);
    else if (quoted !== undefined) tokens.push(`"${unquote(quoted, offset)}`);
    else if (raw !== undefined) tokens.push(`"${raw}`);
    else throw new TemplateError(`the action at character ${offset} holds what is not read here`);
    last = token.lastIndex;
    // `.a.b` and `.a"b"` are other things in Go than two words.
    const next = action[last];
    if (next !== undefined && !/[\s()]/.test(next) && word !== "(") {
      throw new TemplateError(`the action at character ${offset} holds what is not read here`);
    }
  }
  if (tokens.length === 0) throw new TemplateError(`the action at character ${offset} is empty`);
  return tokens;
}

/** Go's escapes that JSON knows too. */
function unquote(text: string, offset: number): string {
  try {
    return JSON.parse(`"${text}"`) as string;
  } catch (cause) {
    if (!(cause instanceof SyntaxError)) throw cause;
    const message = `the action at character ${offset} has a string with an unknown escape`;
    throw new TemplateError(message, { cause });
  }
}

function readExpression(tokens: readonly string[], offset: number): Expression {
  const rest = [...tokens];
  const expression = readCall(rest, offset, 0);
  if (rest.length > 0) throw new TemplateError(`${rest[0]} is too many at character ${offset}`);
  return expression;
}

/** A function with its arguments, or an operand; takes its tokens from the front of `rest`. */
function readCall(rest: string[], offset: number, depth: number): Expression {
  const name = rest[0] ?? "";
  if (name === "index") return readIndex(rest, offset);
  if (!Object.hasOwn(functions, name)) return readOperand(rest, offset, depth);
  rest.shift();
  const args: Expression[] = [];
  while (rest.length > 0 && rest[0] !== ")") args.push(readOperand(rest, offset, depth));
  const [least, most] = functions[name as FunctionName];
  if (args.length < least || args.length > most) {
    throw new TemplateError(`${name} at character ${offset} has ${args.length} arguments`);
  }
  return { kind: "call", name: name as FunctionName, args };
}

/** `index . "name"`: unlike `.name`, what is not there is empty. */
function readIndex(rest: string[], offset: number): Expression {
  const [, dot, name] = rest.splice(0, 3);
  if (dot === "." && name?.startsWith('"')) {
    return { kind: "value", name: name.slice(1), strict: false };
  }
  throw new TemplateError(`index at character ${offset} is not index . "name"`);
}

function readOperand(rest: string[], offset: number, depth: number): Expression {
  const word = rest.shift() ?? "";
  if (word.startsWith('"')) return { kind: "text", text: word.slice(1) };
  if (/^\../.test(word)) return { kind: "value", name: word.slice(1), strict: true };
  if (word === "(" && depth < depthMax) {
    const inner = readCall(rest, offset, depth + 1);
    if (rest.shift() === ")") return inner;
    throw new TemplateError(`a parenthesis at character ${offset} is not closed`);
  }
  const what = word === "" ? "nothing" : word;
  throw new TemplateError(`${what} at character ${offset} is no value of a template`);
}
