// SPDX-License-Identifier: Apache-2.0
import { escapeHtml } from "./prose.ts";

/** What is shown of a JSON Schema. */
export interface Schema {
  readonly $ref?: string;
  readonly oneOf?: readonly Schema[];
  readonly type?: string | readonly string[];
  readonly enum?: readonly (string | null)[];
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly additionalProperties?: Schema;
  readonly items?: Schema;
  readonly pattern?: string;
  readonly format?: string;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly minItems?: number;
  readonly maxItems?: number;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly default?: string | number | boolean;
}

const refPrefix = "#/components/schemas/";

/** What a value is, in a few words: `array of LogEntry`, `string, base64`. */
export function typeHtml(schema: Schema): string {
  const { $ref, type, items, oneOf } = schema;
  if ($ref !== undefined) {
    const name = escapeHtml($ref.slice(refPrefix.length));
    return `<a href="#shape-${name}">${name}</a>`;
  }
  if (oneOf) return oneOf.map(typeHtml).join(" or ");
  if (items) return `array of ${typeHtml(items)}${limits(schema)}`;
  const name = typeof type === "string" ? type : (type?.join(" or ") ?? "anything");
  return escapeHtml(name) + limits(schema);
}

/** A table of everything in an object, however deep, by its path. */
export function shapeHtml(schema: Schema): string {
  if (schema.oneOf) {
    return schema.oneOf.map((one, i) => `${i > 0 ? "<p>or</p>" : ""}${shapeHtml(one)}`).join("");
  }
  const rows = membersOf(schema, "");
  if (rows.length === 0) return `<p>${typeHtml(schema)}</p>`;
  return table(["member", "type", "presence"], rows);
}

/** A table that scrolls by itself on narrow screens. @param cells HTML */
export function table(heads: readonly string[], rows: readonly (readonly string[])[]): string {
  const head = heads.map((text) => `<th scope="col">${escapeHtml(text)}</th>`).join("");
  const lines = rows.map(([first = "", ...others]) => {
    const cells = others.map((cell) => `<td>${cell}</td>`).join("");
    return `<tr><th scope="row">${first}</th>${cells}</tr>`;
  });
  return (
    `<div class="wide"><table><thead><tr>${head}</tr></thead>` +
    `<tbody>${lines.join("")}</tbody></table></div>`
  );
}

function membersOf(schema: Schema, prefix: string): string[][] {
  const { properties = {}, required = [], additionalProperties } = schema;
  const rows = Object.entries(properties).flatMap(([name, member]) =>
    memberRows(prefix + name, member, required.includes(name)),
  );
  const named = additionalProperties
    ? memberRows(`${prefix}{name}`, additionalProperties, true)
    : [];
  return [...rows, ...named];
}

function memberRows(path: string, schema: Schema, required: boolean): string[][] {
  const row = [code(path), typeHtml(schema), required ? "always" : "optional"];
  const inner = schema.items ?? schema;
  const below = membersOf(inner, `${path}${schema.items ? "[]" : ""}.`);
  return [row, ...below];
}

function limits(schema: Schema): string {
  const { pattern, format, enum: values, minimum, maximum, maxItems, maxLength } = schema;
  const fallback = schema.default;
  const notes = [
    ...(format === undefined ? [] : [escapeHtml(formats[format] ?? format)]),
    ...(pattern === undefined ? [] : [code(pattern)]),
    ...(values === undefined
      ? []
      : [`one of ${values.flatMap((value) => (value ? code(value) : [])).join(", ")}`]),
    ...(minimum === undefined ? [] : [`at least ${minimum}`]),
    ...(maximum === undefined ? [] : [`at most ${maximum}`]),
    ...(maxItems === undefined ? [] : [`at most ${maxItems} of them`]),
    ...(maxLength === undefined ? [] : [`at most ${maxLength} characters`]),
    ...(fallback === undefined ? [] : [`default ${code(String(fallback))}`]),
  ];
  return notes.map((note) => `, ${note}`).join("");
}

const formats: Readonly<Record<string, string>> = {
  byte: "base64",
  binary: "bytes",
  "date-time": "RFC 3339",
  email: "e-mail address",
};

function code(text: string): string {
  return `<code>${escapeHtml(text)}</code>`;
}
