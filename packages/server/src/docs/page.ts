// SPDX-License-Identifier: Apache-2.0
import type { OpenApiDocument, Operation, Parameter } from "./document.ts";
import { escapeHtml, inlineHtml, proseHtml } from "./prose.ts";
import { type Schema, shapeHtml, table, typeHtml } from "./shapes.ts";
import { style } from "./style.ts";

/** What a page of ours may load: nothing, but for its own style. */
export const pageHeaders = {
  "content-security-policy":
    "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'",
  "x-content-type-options": "nosniff",
  "referrer-policy": "no-referrer",
} as const;

/** The document as a page that needs nothing from anywhere else, nor a script. */
export function documentPage(document: OpenApiDocument): string {
  const { info, components } = document;
  const groups = groupsOf(document);
  const shapes = Object.entries(components.schemas);
  const title = escapeHtml(info.title);
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${title} API</title>
<style>${style}</style>
</head>
<body>
<a class="skip" href="#main">Skip to the content</a>
<nav aria-label="Operations">
<p class="name">${title} <span>${escapeHtml(info.version)}</span></p>
${groups.map(groupLinks).join("\n")}
<h2><a href="#shapes">Shapes</a></h2>
<ul>${shapes.map(([name]) => link(`shape-${name}`, escapeHtml(name))).join("")}</ul>
</nav>
<main id="main">
<h1>${title} API</h1>
${proseHtml(info.description)}
<p>As data, for tools: <a href="/docs/openapi.json">openapi.json</a> (OpenAPI 3.1).</p>
${groups.map(groupHtml).join("\n")}
<section aria-labelledby="shapes">
<h2 id="shapes">Shapes</h2>
${shapes.map(([name, schema]) => namedShape(name, schema)).join("\n")}
</section>
</main>
</body>
</html>
`;
}

interface Listed extends Operation {
  readonly path: string;
  readonly method: string;
}

interface Group {
  readonly name: string;
  readonly description: string;
  readonly operations: readonly Listed[];
}

/** Bodies and answers, as far as they are shown. */
interface Content {
  readonly description?: string;
  readonly headers?: Readonly<Record<string, { readonly description: string }>>;
  readonly content?: Readonly<Record<string, { readonly schema: Schema }>>;
}

function groupsOf({ paths, tags = [] }: OpenApiDocument): Group[] {
  const operations = Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ path, method, ...operation })),
  );
  const names = new Set([
    ...tags.map(({ name }) => name),
    ...operations.flatMap((one) => one.tags),
  ]);
  return [...names].map((name) => ({
    name,
    description: tags.find((tag) => tag.name === name)?.description ?? "",
    operations: operations.filter((one) => one.tags.includes(name)),
  }));
}

function groupLinks({ name, operations }: Group): string {
  const links = operations.map(({ operationId, method, path }) =>
    link(operationId, `<b>${method.toUpperCase()}</b> ${escapeHtml(path)}`),
  );
  const id = groupId(name);
  return `<h2><a href="#${id}">${escapeHtml(name)}</a></h2>\n<ul>${links.join("")}</ul>`;
}

function groupHtml({ name, description, operations }: Group): string {
  const id = groupId(name);
  return `<section aria-labelledby="${id}">
<h2 id="${id}">${escapeHtml(name)}</h2>
${description === "" ? "" : proseHtml(description)}
${operations.map(operationHtml).join("\n")}
</section>`;
}

function operationHtml(operation: Listed): string {
  const { operationId, method, path, summary, description, parameters = [] } = operation;
  const body = operation.requestBody as Content | undefined;
  return `<article aria-labelledby="${operationId}">
<h3 id="${operationId}"><b class="${method}">${method.toUpperCase()}</b>
<code>${escapeHtml(path)}</code></h3>
<p>${inlineHtml(summary)}. <span class="id">${operationId}</span></p>
${description === undefined ? "" : proseHtml(description)}
${parameters.length === 0 ? "" : `<h4>Parameters</h4>${parametersHtml(parameters)}`}
${body ? `<h4>Body</h4><p>${contentHtml(body)}</p>` : ""}
<h4>Answers</h4>
${answersHtml(operation.responses)}
</article>`;
}

function parametersHtml(parameters: readonly Parameter[]): string {
  const rows = parameters.map(({ name, in: place, required, description, schema }) => [
    `<code>${escapeHtml(name)}</code>`,
    `${place}${required ? ", required" : ""}`,
    typeHtml(schema),
    inlineHtml(description),
  ]);
  return table(["name", "where", "type", "what it is"], rows);
}

function answersHtml(responses: Operation["responses"]): string {
  const rows = Object.entries(responses).map(([status, response]) => {
    const { description = "", headers = {} } = response as Content;
    const named = Object.entries(headers).map(
      ([name, header]) =>
        `<br>Header <code>${escapeHtml(name)}</code>: ${inlineHtml(header.description)}`,
    );
    return [
      status === "default" ? "others" : escapeHtml(status),
      inlineHtml(description) + named.join(""),
      contentHtml(response as Content),
    ];
  });
  return table(["status", "what it means", "body"], rows);
}

function contentHtml({ content = {} }: Content): string {
  const types = Object.entries(content).map(
    ([type, { schema }]) => `<code>${escapeHtml(type)}</code>: ${shapeOrType(schema)}`,
  );
  return types.length === 0 ? "none" : types.join("<br>");
}

/** Small objects that have no name are shown where they are. */
function shapeOrType(schema: Schema): string {
  const { properties } = schema;
  if (!properties) return typeHtml(schema);
  const members = Object.entries(properties).map(
    ([name, member]) => `<code>${escapeHtml(name)}</code> (${typeHtml(member)})`,
  );
  return members.join(", ");
}

function namedShape(name: string, schema: Schema): string {
  const id = `shape-${escapeHtml(name)}`;
  return `<article aria-labelledby="${id}">
<h3 id="${id}">${escapeHtml(name)}</h3>
${shapeHtml(schema)}
</article>`;
}

function link(id: string, html: string): string {
  return `<li><a href="#${escapeHtml(id)}">${html}</a></li>`;
}

function groupId(name: string): string {
  return `group-${name.toLowerCase().replaceAll(/[^a-z0-9]+/g, "-")}`;
}
