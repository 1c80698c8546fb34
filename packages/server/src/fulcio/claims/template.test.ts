// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import {
  claimTexts,
  evaluateTemplate,
  parseValueTemplate,
  TemplateError,
  TokenError,
} from "./index.ts";

const values = new Map([
  ["a", "A"],
  ["b_1", "B"],
  ["empty", ""],
  ["x/y", "XY"],
  ["ü", "U"],
]);

function evaluate(text: string): string {
  return evaluateTemplate(parseValueTemplate(text), values, "Test");
}

test("values of claims, by name or in text", () => {
  for (const [text, expected] of [
    ["a", "A"],
    ["x/y", "XY"],
    ["empty", ""],
    ["{{.a}}", "A"],
    ["{{ .a }}/{{.b_1}}", "A/B"],
    ["{{ .ü }}", "U"],
    ["{{(.a)}}", "A"],
    ['{{index . "x/y"}}', "XY"],
    ['{{ (index . "x/y") }}', "XY"],
    ["{{index . `x/y`}}", "XY"],
    ['{{ "te\\"xt}}" }}', 'te"xt}}'],
    ["{{ `a\\b` }}", "a\\b"],
    ["<{{- .a -}} >", "<A>"],
    [" {{- /* words */ -}} x", "x"],
    ["{{/* .nothing */}}x", "x"],
    ["}} {{ .a }} {", "}} A {"],
  ] as const) {
    assert.equal(evaluate(text), expected, text);
  }
});

test("conditions, as Go has them", () => {
  for (const [text, expected] of [
    ['{{if eq .a "A"}}yes{{else}}no{{end}}', "yes"],
    ['{{if eq .a "x"}}yes{{else}}no{{end}}', "no"],
    ['{{if eq .a "x" "A"}}yes{{end}}', "yes"],
    ['{{if eq (index . "none") "true"}}yes{{ else }}""{{end}}', '""'],
    ['{{if ne .a "x"}}yes{{end}}', "yes"],
    ['{{if .empty}}yes{{else if eq .a "A"}}A{{else}}no{{end}}', "A"],
    ['{{if index . "none"}}yes{{else}}no{{end}}', "no"],
    ['{{if and .a (eq .b_1 "B")}}yes{{end}}', "yes"],
    ['{{if or .empty (not (eq .a "x"))}}yes{{end}}', "yes"],
    ["{{if or .empty .empty}}yes{{end}}", ""],
    ['{{ or .empty .a }}{{ and .a .b_1 }}{{ eq .a "A" }}', "ABtrue"],
    ["{{if .a}}{{if .empty}}x{{else}}y{{end}}{{end}}z", "yz"],
    ['{{if eq .a "A"}}yes{{else}}{{.nothing}}{{end}}', "yes"],
  ] as const) {
    assert.equal(evaluate(text), expected, text);
  }
});

test("what is not there is refused, unless it stands alone or is only asked for", () => {
  for (const text of [
    "none",
    "{{.none}}",
    "x{{.none}}",
    "{{if .none}}x{{end}}",
    'x/{{index . "none"}}',
    '{{index . "none"}}{{.a}}',
  ]) {
    assert.throws(
      () => evaluate(text),
      (error) => error instanceof TokenError && error.code === "claim-missing",
      text,
    );
  }
  assert.equal(evaluate('{{index . "none"}}'), "");
  assert.equal(evaluate('{{if .empty}}x{{end}}{{index . "none"}}'), "");
});

test("names of objects are not claims", () => {
  for (const name of ["constructor", "toString", "__proto__", "hasOwnProperty"]) {
    assert.throws(() => evaluate(name), { code: "claim-missing" }, name);
    assert.throws(() => evaluate(`{{.${name}}}`), { code: "claim-missing" }, name);
  }
});

test("everything else of Go's templates is refused when it is read", () => {
  for (const text of [
    "{{",
    "{{ .a",
    "{{ .a }",
    "{{}}",
    "{{ }}",
    "{{ a }}",
    "{{ . }}",
    "{{ .a.b }}",
    "{{ .a .b }}",
    "{{ .1 }}",
    "{{ $x }}",
    "{{ $x := .a }}",
    "{{ .a | len }}",
    "{{ printf `%s` .a }}",
    "{{ index .a }}",
    '{{ index .a "b" }}',
    '{{ index . "a" "b" }}',
    "{{ index . .a }}",
    "{{ range .a }}{{ end }}",
    "{{ with .a }}{{ end }}",
    "{{ template `x` }}",
    "{{ define `x` }}{{ end }}",
    "{{ block `x` . }}{{ end }}",
    "{{ eq .a }}",
    "{{ ne .a .a .a }}",
    "{{ not }}",
    "{{ not .a .a }}",
    "{{ if }}{{ end }}",
    "{{ if .a }}",
    "{{ else }}",
    "{{ end }}",
    "{{ if .a }}{{ else }}{{ else }}{{ end }}",
    "{{ if .a }}{{ else with .a }}{{ end }}",
    "{{ if .a }}{{ end .a }}",
    "{{ (.a }}",
    "{{ .a) }}",
    "{{ () }}",
    '{{ "a }}',
    '{{ "\\q" }}',
    "{{ constructor }}",
    '{{ eq.a "b" }}',
    "{{ 'a' }}",
    "{{ 1 }}",
    "{{ true }}",
    `{{ if .a }}${"{{ if .a }}".repeat(8)}`,
    `{{ ${"(".repeat(20)}.a${")".repeat(20)} }}`,
    "{{.a}}".repeat(300),
    `{{ .a }}${"x".repeat(4096)}`,
  ]) {
    assert.throws(() => parseValueTemplate(text), TemplateError, text);
  }
});

test("values that no certificate should hold are refused", () => {
  const long = new Map([["a", "x".repeat(3000)]]);
  const template = parseValueTemplate("{{.a}}{{.a}}");
  assert.throws(() => evaluateTemplate(template, long, "Test"), { code: "too-large" });
});

test("a text without actions comes out as it is; no template makes another error", () => {
  const pieces = ["{{", "}}", ".a", " ", "if", "else", "end", "eq", '"', "`", "(", ")", "-", "x"];
  fc.assert(
    fc.property(fc.array(fc.constantFrom(...pieces), { maxLength: 12 }), (chosen) => {
      const text = `{{""}}${chosen.join("")}`;
      try {
        const result = evaluate(text);
        if (!text.slice(6).includes("{{")) assert.equal(result, text.slice(6));
      } catch (error) {
        assert.ok(error instanceof TemplateError || error instanceof TokenError, String(error));
      }
    }),
  );
});

test("claims become texts as Fulcio prints them", () => {
  const claims = {
    s: "text",
    i: 1_700_000_000,
    big: 123_456_789_012_345_678_901n,
    huge: 1e21,
    f: 0.5,
    small: 1.5e-7,
    minus: -2e-9,
    t: true,
    none: null,
    list: ["a", 1, ["b", null]],
    map: { b: 1, a: { c: false } },
  };
  assert.deepEqual(Object.fromEntries(claimTexts(claims)), {
    s: "text",
    i: "1700000000",
    big: "123456789012345678901",
    huge: "1000000000000000000000",
    f: "0.5",
    small: "0.00000015",
    minus: "-0.000000002",
    t: "true",
    list: "[a 1 [b <nil>]]",
    map: "map[a:map[c:false] b:1]",
  });
});
