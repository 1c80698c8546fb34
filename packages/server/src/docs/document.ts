// SPDX-License-Identifier: Apache-2.0

/** An OpenAPI document as plain data. Descriptions are prose as `prose.ts` reads it. */
export interface OpenApiDocument {
  readonly openapi: string;
  readonly info: { readonly title: string; readonly version: string; readonly description: string };
  /** Groups of operations, in the order in which a page shows them. */
  readonly tags?: readonly { readonly name: string; readonly description: string }[];
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components: { readonly schemas: Readonly<Record<string, object>> };
}

/** What one API adds to the document. */
export interface ApiSection {
  /** The service of the stack that serves it; absent: every server does. */
  readonly service?: string;
  readonly tag: { readonly name: string; readonly description: string };
  readonly paths: OpenApiDocument["paths"];
  readonly schemas?: OpenApiDocument["components"]["schemas"];
}

export interface Operation {
  readonly operationId: string;
  readonly summary: string;
  readonly description?: string;
  readonly tags: readonly string[];
  readonly parameters?: readonly Parameter[];
  readonly requestBody?: object;
  readonly responses: Readonly<Record<string, object>>;
}

export interface Parameter {
  readonly name: string;
  readonly in: "query" | "path" | "header";
  readonly required: boolean;
  readonly description: string;
  readonly schema: object;
}

export const json = (schema: object): object => ({ "application/json": { schema } });
export const ref = (name: string): object => ({ $ref: `#/components/schemas/${name}` });
export const array = (items: object): object => ({ type: "array", items });
/** An answer in JSON. */
export const ok = (description: string, schema: object): object => ({
  description,
  content: json(schema),
});
/** An answer that is text of some type. */
export const text = (description: string, type: string): object => ({
  description,
  content: { [type]: { schema: { type: "string" } } },
});
export const body = (schema: object): object => ({ required: true, content: json(schema) });

export const errorV1: object = ok("A refusal", ref("Error"));
export const errorV2: object = ok("A refusal", ref("Status"));

/** With what is answered before it is known which operation is asked. */
export function withCommonAnswers(paths: OpenApiDocument["paths"]): OpenApiDocument["paths"] {
  const answers = {
    408: ok("It did not arrive in time", ref("Error")),
    431: ok("Its headers are too large", ref("Error")),
  };
  return mapValues(paths, (methods) =>
    mapValues(methods, (operation) => {
      const responses = { ...answers, ...operation.responses };
      return { ...operation, responses };
    }),
  );
}

function mapValues<From, To>(
  record: Readonly<Record<string, From>>,
  change: (value: From) => To,
): Record<string, To> {
  return Object.fromEntries(Object.entries(record).map(([name, value]) => [name, change(value)]));
}

export function query(
  name: string,
  required: boolean,
  description: string,
  schema: object,
): Parameter {
  return { name, in: "query", required, description, schema };
}

export function path(name: string, description: string, schema: object): Parameter {
  return { name, in: "path", required: true, description, schema };
}
