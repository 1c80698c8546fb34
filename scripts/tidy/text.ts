// SPDX-License-Identifier: Apache-2.0
import { type Finding, type Node, type Source, walk } from "./source.ts";

const LINES_MAX = 600;
const COLUMNS_MAX = 100;
const SPDX = "// SPDX-License-Identifier: Apache-2.0";

/** Checks the licence line, the length of the file and of its lines. */
export function checkText(source: Source): Finding[] {
  const { path } = source;
  const findings: Finding[] = [];
  const lines = source.text.split("\n");
  if (lines.at(-1) === "") lines.pop();
  const first = lines[0]?.startsWith("#!") ? 1 : 0;
  if (lines[first] !== SPDX) {
    findings.push({ path, line: first + 1, rule: "spdx", message: `starts with \`${SPDX}\`` });
  }
  if (lines.length > LINES_MAX) {
    const message = `${lines.length} lines, at most ${LINES_MAX}: split by subject`;
    findings.push({ path, line: LINES_MAX + 1, rule: "file-length", message });
  }
  const long = lines.flatMap((line, index) => (line.length > COLUMNS_MAX ? [index] : []));
  if (long.length === 0) return findings;
  const literalColumns = columnsInLiterals(source);
  for (const index of long) {
    const line = lines[index] ?? "";
    const unbreakable =
      /https?:\/\/\S+/.exec(line)?.[0].length ?? literalColumns.get(index + 1) ?? 0;
    if (line.length - unbreakable <= COLUMNS_MAX) continue;
    const message = `${line.length} columns, at most ${COLUMNS_MAX}`;
    findings.push({ path, line: index + 1, rule: "line-length", message });
  }
  return findings;
}

/** Columns on each line that belong to strings, templates and regular expressions. */
function columnsInLiterals(source: Source): Map<number, number> {
  const columns = new Map<number, number>();
  const add = (node: Node): void => {
    let offset = node.start;
    for (const part of source.text.slice(node.start, node.end).split("\n")) {
      const line = source.lineAt(offset);
      columns.set(line, (columns.get(line) ?? 0) + part.length);
      offset += part.length + 1;
    }
  };
  walk(source.program, (node) => {
    const isText = typeof node["value"] === "string" || node["regex"] !== undefined;
    if (node.type === "TemplateElement" || (node.type === "Literal" && isText)) add(node);
  });
  return columns;
}
