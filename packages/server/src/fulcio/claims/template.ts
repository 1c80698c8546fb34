// SPDX-License-Identifier: Apache-2.0
import { checkLength, missing } from "./claims.ts";
import { type Expression, parseTemplate, type TemplateNode } from "./template-parse.ts";
import { TokenError } from "./token-error.ts";

/** How a value of a certificate is made of claims: of one, by its name, or by a template. */
export type ValueTemplate =
  | { readonly kind: "claim"; readonly name: string }
  | { readonly kind: "template"; readonly nodes: readonly TemplateNode[] };

/**
 * Reads a value of `extension-templates` or `subject-alternative-name-template`: with `{{` a Go
 * template, else the name of a claim.
 *
 * @throws TemplateError for what {@link parseTemplate} does not read
 */
export function parseValueTemplate(text: string): ValueTemplate {
  if (!text.includes("{{")) return { kind: "claim", name: text };
  return { kind: "template", nodes: parseTemplate(text) };
}

/**
 * The value that claims give. As in Go, `.name` must be there, and `index . "name"` is empty where
 * it is not; but a text around something that is not there is refused, not written with a hole.
 *
 * @param values claims over defaults, as text
 * @param place what is made, such as `BuildSignerURI`, for errors
 * @throws TokenError `claim-missing` | `too-large`
 */
export function evaluateTemplate(
  template: ValueTemplate,
  values: ReadonlyMap<string, string>,
  place: string,
): string {
  if (template.kind === "claim") {
    const value = values.get(template.name) ?? absentClaim(template.name, values, place);
    checkLength(value, place);
    return value;
  }
  const output: Output = { text: "", hole: undefined, place };
  run(template.nodes, values, output);
  if (output.hole !== undefined && output.text !== "") missing(output.hole);
  return output.text;
}

interface Output {
  text: string;
  /** A claim that was to be printed and is not there. */
  hole: string | undefined;
  readonly place: string;
}

type Values = ReadonlyMap<string, string>;

function run(nodes: readonly TemplateNode[], values: Values, output: Output): void {
  for (const node of nodes) {
    if (node.kind === "text") {
      output.text += node.text;
    } else if (node.kind === "print") {
      const { expression } = node;
      if (expression.kind === "value" && !values.has(expression.name)) {
        output.hole ??= expression.name;
      }
      output.text += String(evaluate(expression, values));
    } else {
      const taken = node.branches.find(
        ({ condition }) => condition === undefined || isTrue(evaluate(condition, values)),
      );
      if (taken) run(taken.nodes, values, output);
    }
    checkLength(output.text, output.place);
  }
}

function evaluate(expression: Expression, values: Values): string | boolean {
  if (expression.kind === "text") return expression.text;
  if (expression.kind === "value") {
    const { name, strict } = expression;
    return values.get(name) ?? (strict ? missing(name) : "");
  }
  const { name, args } = expression;
  const [first, ...others] = args as readonly [Expression, ...Expression[]];
  const value = evaluate(first, values);
  switch (name) {
    case "eq":
      return others.some((other) => evaluate(other, values) === value);
    case "ne":
      return others.every((other) => evaluate(other, values) !== value);
    case "not":
      return !isTrue(value);
    default:
      // `and` stops at the first that is empty, `or` at the first that is not; else the last.
      return others.reduce(
        (result, other) => (isTrue(result) === (name === "and") ? evaluate(other, values) : result),
        value,
      );
  }
}

function isTrue(value: string | boolean): boolean {
  return value !== "" && value !== false;
}

/** Fulcio answers this one in words, with what the claim was for. */
function absentClaim(name: string, values: Values, place: string): never {
  const words = `value <${name}> not present in either claims or defaults.`;
  const about = { ExtensionName: place, Issuer: values.get("iss") ?? "" };
  const wireText = `${words} ${JSON.stringify(about, undefined, "\t")}`;
  throw new TokenError("claim-missing", words, { claim: name, wireText });
}
