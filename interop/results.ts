// SPDX-License-Identifier: Apache-2.0
// Writes RESULTS.md: what each implementation answered, where they differ.
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { type PeerName, peer } from "./peers.ts";
import type { Answer } from "./verifiers.ts";

/** What a client asked of our log, and how that went. */
export interface CommandRow {
  readonly command: string;
  readonly answer: string;
}

/** One question and everybody's answer; undefined where it cannot be put to one. */
export interface Row {
  readonly group:
    | "public-good"
    | "upgraded"
    | "own-root"
    | "negative"
    | "mutation"
    | "fixture"
    | "log";
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
  log: "Clients on our log",
};
/** Its section is written by another test file than the rest. */
const logHeading = `\n## ${headings.log}\n`;
/** And so is this. */
const publishedHeading = "\n## Our published API\n";

/** Writes the tables on bundles; that on the log stays. */
export function writeResults(rows: readonly Row[]): void {
  const peers: PeerName[] = ["cosign", "sigstore-go", "sigstore-js", "sigstore-python"];
  const versions = peers.map((name) => `${name} ${peer(name).version}`).join(", ");
  const groups = (Object.keys(headings) as Row["group"][]).filter((group) => group !== "log");
  const sections = groups.map((group) =>
    section(
      group,
      rows.filter((row) => row.group === group),
    ),
  );
  const text = `# What the implementations answer

Written by \`npm run interop\` on ${today()}: Chancery beside ${versions}.
Asked by path, each with the command or function its users have (\`interop/verifiers.ts\`). **yes** is
"verified", no is a refusal, \`-\` stands where it cannot be asked: sigstore-python has no keys.
\`!\` marks an answer that is wrong.

${sections.join("\n")}`;
  const { log, published } = known();
  write(text + log + published);
}

/** Writes the tables on the log; those on bundles stay. */
export function writeLogResults(rows: readonly Row[], commands: readonly CommandRow[]): void {
  const { bundles, published } = known();
  const { version } = peer("rekor-cli");
  const [, tables = ""] = `\n${section("log", rows)}`.split(logHeading);
  const asked = commands.map(({ command, answer }) => `| ${command} | ${answer} |`).join("\n");
  write(`${bundles}${logHeading}
Unmodified clients against \`chancery up\` (\`interop/log.test.ts\`): what each wrote through Rekor v1 or
v2, of one tree, put to all. Certificates and timestamps are those of \`interop/mock-instance.ts\`.
After the table, rekor-cli ${version}.
${tables}
| rekor-cli | works |
|---|---|
${asked}
${published}`);
}

/** Writes what schemathesis found; the rest stays. */
export function writePublishedResults(found: {
  readonly operations: number;
  readonly cases: number;
  readonly seed: string;
  /** Checks that are left out, and why. */
  readonly notAsked: Readonly<Record<string, string>>;
}): void {
  const { bundles, log } = known();
  const { operations, cases, seed, notAsked } = found;
  const left = Object.entries(notAsked).map(([check, why]) => `- \`${check}\`: ${why}`);
  write(`${bundles}${log}${publishedHeading}
schemathesis ${peer("schemathesis").version} against \`chancery up\` (\`interop/published.test.ts\`): ${operations} operations, \
over ${Math.floor(cases / 100) * 100} requests, seed ${seed}, no failure of the server and no answer that the document does not
describe. Left out:

${left.join("\n")}
`);
}

/** What was written before, in its parts. */
function known(): { bundles: string; log: string; published: string } {
  const content = existsSync(path) ? readFileSync(path, "utf8") : "";
  const publishedAt = content.indexOf(publishedHeading);
  const end = publishedAt === -1 ? content.length : publishedAt;
  const logAt = content.indexOf(logHeading);
  const middle = logAt === -1 ? end : logAt;
  return {
    bundles: content.slice(0, middle),
    log: content.slice(middle, end),
    published: content.slice(end),
  };
}

function write(text: string): void {
  // The date is that of the last change.
  const undated = (content: string): string => content.replace(/\d{4}-\d\d-\d\d/, "");
  const { bundles, log, published } = known();
  if (undated(bundles + log + published) === undated(text)) return;
  writeFileSync(path, text.replace(/\d{4}-\d\d-\d\d/, today()));
}

function today(): string {
  return new Date().toISOString().slice(0, "2026-01-01".length);
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
