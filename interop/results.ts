// SPDX-License-Identifier: Apache-2.0
// Writes RESULTS.md: what each implementation answered, where they differ.
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { type PeerName, peer } from "./peers.ts";
import type { Answer } from "./verifiers.ts";

/** One question and everybody's answer; undefined where it cannot be put to one. */
export interface Row {
  readonly group: "public-good" | "upgraded" | "own-root" | "negative" | "mutation" | "fixture";
  readonly name: string;
  readonly mustVerify: boolean;
  readonly answers: Readonly<Record<string, Answer | undefined>>;
}

const path = fileURLToPath(new URL("RESULTS.md", import.meta.url));
const wordsLengthMax = 140;
const headings: Readonly<Record<Row["group"], string>> = {
  "public-good": "Genuine bundles of the public instance",
  upgraded: "The same after we wrote them again as v0.3",
  "own-root": "Genuine bundles with a trusted root of their own",
  negative: "Bundles that must be refused",
  mutation: "Bad bundles and questions of ours (interop/mutations.ts)",
  fixture: "Bundles made by the peers (test/fixtures/peers)",
};

/** Writes the tables. */
export function writeResults(rows: readonly Row[]): void {
  const peers: PeerName[] = ["cosign", "sigstore-js", "sigstore-python"];
  const versions = peers.map((name) => `${name} ${peer(name).version}`).join(", ");
  const date = new Date().toISOString().slice(0, "2026-01-01".length);
  const groups = Object.keys(headings) as Row["group"][];
  const sections = groups.map((group) =>
    section(
      group,
      rows.filter((row) => row.group === group),
    ),
  );
  const text = `# What the implementations answer

Written by \`npm run interop\` on ${date}: Chancery beside ${versions}.
Asked by path, each with the command or function its users have (\`interop/verifiers.ts\`). **yes** is
"verified", no is a refusal, \`-\` stands where it cannot be asked: sigstore-python has no keys.
\`!\` marks an answer that is wrong.

${sections.join("\n")}`;
  // The date is that of the last change.
  const undated = (content: string): string => content.replace(/\d{4}-\d\d-\d\d/, "");
  const known = existsSync(path) ? readFileSync(path, "utf8") : "";
  if (undated(known) !== undated(text)) writeFileSync(path, text);
}

function section(group: Row["group"], rows: readonly Row[]): string {
  const names = Object.keys(rows[0]?.answers ?? {});
  const wrong = rows.flatMap((row) =>
    names.flatMap((name) => {
      const answer = row.answers[name];
      if (answer === undefined || answer.accepted === row.mustVerify) return [];
      const words = answer.words.slice(0, wordsLengthMax).replaceAll("|", "\\|");
      const said = answer.accepted ? "accepts it" : `refuses it: ${words}`;
      return [`- \`${row.name}\`: ${name} ${said}`];
    }),
  );
  const table = rows.map((row) => {
    const cells = names.map((name) => cell(row.answers[name], row.mustVerify));
    return `| ${row.name} | ${cells.join(" | ")} |`;
  });
  const head = [`| case | ${names.join(" | ")} |`, `|---${"|---".repeat(names.length)}|`];
  const counts = names.map((name) => {
    const asked = rows.filter((row) => row.answers[name] !== undefined);
    const right = asked.filter((row) => row.answers[name]?.accepted === row.mustVerify);
    return `${name} ${right.length} of ${asked.length} right`;
  });
  const differences = wrong.length === 0 ? "" : `\n${wrong.join("\n")}\n`;
  const lines = [...head, ...table].join("\n");
  return `## ${headings[group]}\n\n${counts.join(", ")}.\n${differences}\n${lines}\n`;
}

function cell(answer: Answer | undefined, mustVerify: boolean): string {
  if (answer === undefined) return "-";
  const mark = answer.accepted === mustVerify ? "" : " !";
  return `${answer.accepted ? "**yes**" : "no"}${mark}`;
}
