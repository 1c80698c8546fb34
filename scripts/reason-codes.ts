// SPDX-License-Identifier: Apache-2.0
// Writes docs/reason-codes.md, the page of every reason code, from the table of the verify package
// and the parser codes of the formats package.
//
//     node scripts/reason-codes.ts           writes the page
import { readFileSync, writeFileSync } from "node:fs";
import { reasons } from "../packages/verify/src/reasons.ts";

/** Where the page is. */
export const reasonCodesPage: URL = new URL("../docs/reason-codes.md", import.meta.url);

const errors = new URL("../packages/formats/src/errors/index.ts", import.meta.url);

/** The page's text. */
export function reasonCodesMarkdown(): string {
  const subjects = [...new Set(Object.values(reasons).map(({ subject }) => subject))];
  const sections = subjects.map((subject) => {
    const rows = Object.entries(reasons)
      .filter(([, reason]) => reason.subject === subject)
      .map(([code, { means, remedy }]) => row(`\`${code}\``, means, sentence(remedy)));
    return [`## ${subject}`, "", row("code", "what it means", "what to do"), RULE, ...rows, ""];
  });
  const bundle = parserCodes().map(([code, what]) => row(`\`bundle-${code}\``, what));
  return [
    ...HEAD,
    ...sections.flat(),
    ...BUNDLE_HEAD,
    row("code", "what was met"),
    "| --- | --- |",
    ...bundle,
    "",
  ].join("\n");
}

const RULE = "| --- | --- | --- |";

const HEAD = [
  "# Reason codes",
  "",
  "<!-- Written by scripts/reason-codes.ts: change the tables it reads, not this page. -->",
  "",
  "Every check of a verification that failed or was skipped names one of these codes, and a refusal",
  "names that of the first check that failed. `--output json` has them as `reason` and, check by",
  "check, as `code`. A code is stable: it may be matched on; the words beside it may change.",
  "",
];

const BUNDLE_HEAD = [
  "## Bundles that cannot be read",
  "",
  "The parser refused the file before anything was verified. The message names the place. Make or",
  "fetch the bundle again: the file is not one as the specification has it.",
  "",
];

/** Codes of parsers and what each says, from the comments beside them. */
function parserCodes(): [code: string, what: string][] {
  const source = readFileSync(errors, "utf8");
  const found = [...source.matchAll(/^ {2}\| "([a-z0-9-]+)";? \/\/ (.+)$/gm)];
  if (found.length === 0) throw new Error("no codes in formats/src/errors");
  return found.map(([, code = "", what = ""]) => [code, sentence(what)]);
}

function row(...cells: readonly string[]): string {
  return `| ${cells.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |`;
}

function sentence(text: string): string {
  const end = /[.?!…]$/.test(text) ? "" : ".";
  return text.charAt(0).toUpperCase() + text.slice(1) + end;
}

if (import.meta.main) writeFileSync(reasonCodesPage, reasonCodesMarkdown());
