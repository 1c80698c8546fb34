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
    | "log"
    | "identity";
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
  identity: "Clients that sign with an identity",
};
/** The sections after those on bundles, in their order; each is written by a run of its own. */
const laterHeadings = {
  log: headings.log,
  identity: headings.identity,
  conformance: "The conformance suite",
  published: "Our published API",
} as const;
type Later = keyof typeof laterHeadings;
const laterNames = Object.keys(laterHeadings) as Later[];

/** Writes the tables on bundles; what comes after them stays. */
export function writeResults(rows: readonly Row[]): void {
  const peers: PeerName[] = ["cosign", "sigstore-go", "sigstore-js", "sigstore-python"];
  const versions = peers.map((name) => `${name} ${peer(name).version}`).join(", ");
  const groups = (Object.keys(headings) as Row["group"][]).filter(
    (group) => group !== "log" && group !== "identity",
  );
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
  write({ ...known(), bundles: text });
}

/** Writes the tables on the log; the rest stays. */
export function writeLogResults(rows: readonly Row[], commands: readonly CommandRow[]): void {
  const { version } = peer("rekor-cli");
  const asked = commands.map(({ command, answer }) => `| ${command} | ${answer} |`).join("\n");
  writeLater(
    "log",
    `Unmodified clients against \`chancery up\` (\`interop/log.test.ts\`): what each wrote through Rekor v1 or
v2, of one tree, put to all. Certificates and timestamps are those of \`interop/mock-instance.ts\`.
After the table, rekor-cli ${version}.

${table(rows)}
| rekor-cli | works |
|---|---|
${asked}
`,
  );
}

/** Writes the table on identities; the rest stays. */
export function writeIdentityResults(rows: readonly Row[]): void {
  const peers: PeerName[] = ["cosign", "cosign-2", "sigstore-go", "sigstore-java"];
  const others: PeerName[] = ["sigstore-js", "sigstore-python"];
  const versions = [...peers, ...others].map((name) => `${name} ${peer(name).version}`).join(", ");
  writeLater(
    "identity",
    `Unmodified clients against one \`chancery up\` (\`interop/identity.test.ts\`): ${versions}.
Each got a token of its identity provider, a certificate of its authority with the word of its
certificate log, an entry of its log by Rekor v1 or v2, and a timestamp; sigstore-java its
certificate over gRPC. Everybody was then asked about what everybody signed, and the same of
another file, of another identity and of another issuer. \`interop/initialized.test.ts\` has clients
sign and verify that were told of nothing but the TUF root, and cosign 2 as old scripts call it.

${table(rows)}`,
  );
}

/** Writes what the conformance suite said; the rest stays. */
export function writeConformanceResults(text: string): void {
  writeLater("conformance", text);
}

/** Writes what schemathesis found; the rest stays. */
export function writePublishedResults(found: {
  readonly operations: number;
  readonly cases: number;
  readonly seed: string;
  /** Checks that are left out, and why. */
  readonly notAsked: Readonly<Record<string, string>>;
}): void {
  const { operations, cases, seed, notAsked } = found;
  const left = Object.entries(notAsked).map(([check, why]) => `- \`${check}\`: ${why}`);
  writeLater(
    "published",
    `schemathesis ${peer("schemathesis").version} against \`chancery up\` (\`interop/published.test.ts\`): ${operations} operations, \
over ${Math.floor(cases / 100) * 100} requests, seed ${seed}, no failure of the server and no answer that the document does not
describe. Left out:

${left.join("\n")}
`,
  );
}

type Parts = Readonly<Record<"bundles" | Later, string>>;

function writeLater(name: Later, text: string): void {
  write({ ...known(), [name]: `\n## ${laterHeadings[name]}\n\n${text}` });
}

/** What was written before, in its parts; empty where there was none. */
function known(): Parts {
  const content = existsSync(path) ? readFileSync(path, "utf8") : "";
  const starts = laterNames.map((name) => content.indexOf(`\n## ${laterHeadings[name]}\n`));
  const ends = starts.map((_, index) => starts.slice(index + 1).find((start) => start !== -1));
  const parts = laterNames.map((name, index) => {
    const start = starts[index] ?? -1;
    return [name, start === -1 ? "" : content.slice(start, ends[index])] as const;
  });
  const first = starts.find((start) => start !== -1) ?? content.length;
  return {
    bundles: content.slice(0, first),
    ...(Object.fromEntries(parts) as Record<Later, string>),
  };
}

function textOf(parts: Parts): string {
  return parts.bundles + laterNames.map((name) => parts[name]).join("");
}

function write(parts: Parts): void {
  // The date is that of the last change.
  const undated = (content: string): string => content.replace(/\d{4}-\d\d-\d\d/, "");
  const text = textOf(parts);
  if (undated(textOf(known())) === undated(text)) return;
  writeFileSync(path, text.replace(/\d{4}-\d\d-\d\d/, today()));
}

function today(): string {
  return new Date().toISOString().slice(0, "2026-01-01".length);
}

function section(group: Row["group"], rows: readonly Row[]): string {
  return `## ${headings[group]}\n\n${table(rows)}`;
}

/** Who was right how often, where they were wrong, and all answers. */
function table(rows: readonly Row[]): string {
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
  const answers = rows.map((row) => {
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
  const lines = [...head, ...answers].join("\n");
  return `${counts.join(", ")}.\n${differences}\n${lines}\n`;
}

function cell(answer: Answer | undefined, mustVerify: boolean): string {
  if (answer === undefined) return "-";
  const mark = answer.accepted === mustVerify ? "" : " !";
  return `${answer.accepted ? "**yes**" : "no"}${mark}`;
}
