// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { searchParameters } from "../rekor/index.ts";
import type { OpenApiDocument } from "./document.ts";
import { openApiDocument } from "./openapi.ts";
import { documentPage } from "./page.ts";

const services = ["rekor", "fulcio", "ct", "tsa", "tuf", "idp"];
const document = openApiDocument("1.2.3", services);
const page = documentPage(document);
const text = JSON.stringify(document);

/** All matches of the first group. */
function every(pattern: RegExp, of: string): string[] {
  return [...of.matchAll(pattern)].map(([, found = ""]) => found);
}

suite("the description of the APIs", () => {
  test("names each operation once, in a group that is described", () => {
    const operations = Object.values(document.paths).flatMap((methods) => Object.values(methods));
    const ids = operations.map(({ operationId }) => operationId);
    assert.equal(new Set(ids).size, ids.length);
    const groups = new Set(document.tags?.map(({ name }) => name));
    for (const { operationId, tags } of operations) {
      assert.ok(
        tags.every((tag) => groups.has(tag)),
        operationId,
      );
    }
    for (const path of [
      "/api/v1/log/entries",
      "/api/v1/index/retrieve",
      "/api/v2/log/entries",
      "/checkpoint",
      "/tile/{path}",
      "/api/v1/log/search",
      "/api/v2/log/search",
      "/api/v2/signingCert",
      "/ct/ct/v1/add-chain",
      "/api/v1/timestamp",
      "/tuf/{name}",
      "/oidc/.well-known/openid-configuration",
      "/metrics",
      "/healthz",
      "/readyz",
    ]) {
      assert.ok(path in document.paths, path);
    }
  });

  test("tells of what runs, and of nothing else", () => {
    const { paths, tags = [] } = openApiDocument("1.2.3", ["tsa"]);
    const names = tags.map(({ name }) => name);
    assert.deepEqual(names, ["Timestamps", "Operation"]);
    assert.ok("/api/v1/timestamp" in paths && "/healthz" in paths);
    assert.ok(!("/checkpoint" in paths) && !("/api/v2/signingCert" in paths));
  });

  test("refers to nothing that is not there", () => {
    for (const name of every(/"#\/components\/schemas\/([^"]+)"/g, text)) {
      assert.ok(name in document.components.schemas, name);
    }
    for (const [path, methods] of Object.entries(document.paths)) {
      const named = every(/\{([^}]+)\}/g, path);
      for (const { parameters = [] } of Object.values(methods)) {
        const given = parameters.filter((one) => one.in === "path").map(({ name }) => name);
        assert.deepEqual(given, named, path);
      }
    }
  });

  test("tells all parameters of both searches, how pages go on, and both formats", () => {
    for (const path of ["/api/v1/log/search", "/api/v2/log/search"]) {
      const { parameters = [], responses } = document.paths[path]!["get"]!;
      assert.deepEqual(
        parameters.map(({ name }) => name),
        Object.keys(searchParameters),
      );
      const { content, headers } = responses["200"] as any;
      assert.deepEqual(Object.keys(content), ["application/json", "application/x-ndjson"]);
      assert.ok("X-Next-Cursor" in headers);
    }
    const told = document.tags?.find(({ name }) => name === "Search")?.description ?? "";
    for (const word of ["`nextCursor`", "`cursor`", "`X-Next-Cursor`", "application/x-ndjson"]) {
      assert.ok(told.includes(word), word);
    }
  });
});

suite("the page of the APIs", () => {
  test("shows every operation, parameter and shape", () => {
    for (const [path, methods] of Object.entries(document.paths)) {
      assert.ok(page.includes(`<code>${path}</code>`), path);
      for (const { operationId, parameters = [] } of Object.values(methods)) {
        const part = page.slice(page.indexOf(`<h3 id="${operationId}">`)).split("</article>")[0]!;
        for (const { name } of parameters) assert.ok(part.includes(`<code>${name}</code>`), name);
      }
    }
    for (const name of Object.keys(document.components.schemas)) {
      assert.ok(page.includes(`<h3 id="shape-${name}">`), name);
    }
  });

  test("links to what is on it, and loads nothing", () => {
    const ids = every(/ id="([^"]+)"/g, page);
    assert.equal(new Set(ids).size, ids.length);
    for (const target of every(/ href="#([^"]+)"/g, page)) assert.ok(ids.includes(target), target);
    const others = every(/ (?:href|src)="([^#"][^"]*)"/g, page);
    assert.deepEqual(others, ["/docs/openapi.json"]);
    assert.doesNotMatch(page, /<script|@import|url\(/);
  });

  test("has its headings in order and its tables with heads", () => {
    const levels = every(/<h([1-6])[ >]/g, page.slice(page.indexOf("<main"))).map(Number);
    assert.equal(levels[0], 1);
    for (const [i, level] of levels.entries()) assert.ok(level <= (levels[i - 1] ?? 0) + 1);
    assert.equal(page.split("<table>").length, page.split("<thead>").length);
    assert.match(page, /<html lang="en">/);
  });

  test("shows text of a document as text", () => {
    const odd = '<script>"& `code`';
    const hostile: OpenApiDocument = {
      openapi: "3.1.0",
      info: { title: odd, version: odd, description: `${odd}\n\n  ${odd}` },
      paths: {
        [`/${odd}`]: {
          get: {
            operationId: "get",
            summary: odd,
            tags: [odd],
            parameters: [
              {
                name: odd,
                in: "query",
                required: true,
                description: odd,
                schema: { pattern: odd },
              },
            ],
            responses: { 200: { description: odd, content: { [odd]: { schema: {} } } } },
          },
        },
      },
      components: { schemas: { [odd]: { properties: { [odd]: { type: odd, default: odd } } } } },
    };
    const shown = documentPage(hostile);
    assert.doesNotMatch(shown, /<script/);
    assert.ok(shown.split("&lt;script>&quot;&amp; ").length > 10);
    assert.match(shown, /<code>code<\/code>/);
  });
});
