// SPDX-License-Identifier: Apache-2.0
import type { OpenApiDocument } from "./openapi.ts";

/** The document as a page that needs nothing from anywhere else. */
export function documentPage(document: OpenApiDocument): string {
  const { info, paths, components } = document;
  const operations = Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ path, method, ...operation })),
  );
  const groups = [...new Set(operations.flatMap(({ tags }) => tags))];
  const sections = groups.map((group) => {
    const listed = operations.filter(({ tags }) => tags.includes(group));
    return `<h2>${escapeHtml(group)}</h2>${listed.map(operationHtml).join("")}`;
  });
  const shapes = Object.entries(components.schemas).map(
    ([name, schema]) =>
      `<details id="${name}"><summary>${name}</summary><pre>${escapeHtml(
        JSON.stringify(schema, undefined, 2),
      )}</pre></details>`,
  );
  return `<!doctype html>
<html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>${escapeHtml(info.title)} API</title><style>${style}</style>
<main><h1>${escapeHtml(info.title)} ${escapeHtml(info.version)}</h1>
<p>${escapeHtml(info.description)} As data: <a href="/docs/openapi.json">openapi.json</a></p>
${sections.join("\n")}<h2>Shapes</h2>${shapes.join("")}</main></html>
`;
}

/** What a page of ours may load: nothing, but for its own style. */
export const pageHeaders = {
  "content-security-policy":
    "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'",
  "x-content-type-options": "nosniff",
  "referrer-policy": "no-referrer",
} as const;

type Shown = { path: string; method: string } & OpenApiDocument["paths"][string][string];

function operationHtml({ path, method, summary, parameters = [], responses }: Shown): string {
  const rows = parameters.map(
    ({ name, required, description }) =>
      `<tr><td><code>${escapeHtml(name)}</code>${required ? " *" : ""}</td>` +
      `<td>${escapeHtml(description)}</td></tr>`,
  );
  const answers = Object.keys(responses).map(escapeHtml).join(", ");
  return (
    `<section><h3><b>${method.toUpperCase()}</b> <code>${escapeHtml(path)}</code></h3>` +
    `<p>${escapeHtml(summary)}. Answers ${answers}.</p>` +
    `${rows.length > 0 ? `<table>${rows.join("")}</table>` : ""}</section>`
  );
}

function escapeHtml(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll('"', "&quot;");
}

const style = `body{font:16px/1.5 system-ui,sans-serif;margin:2rem auto;max-width:60rem;padding:0 1rem}
section{border-top:1px solid #8884}h3{font-weight:400}td{padding:.1rem 1rem .1rem 0;vertical-align:top}
pre{overflow:auto}:root{color-scheme:light dark}`;
