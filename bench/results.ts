// SPDX-License-Identifier: Apache-2.0
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { availableParallelism, cpus, totalmem } from "node:os";
import { fileURLToPath } from "node:url";
import type { Bench, Figure } from "./bench.ts";

const path = fileURLToPath(new URL("RESULTS.md", import.meta.url));

/** One bench as a section of RESULTS.md. */
export function markdown(bench: Bench, figures: readonly Figure[]): string {
  const { name, what } = bench;
  const rows = figures.map((figure) => {
    const { bench: row, unit, ours, median, peer, peer_name, ratio, note } = figure;
    const cells = [
      `${number(ours)} ${unit}`,
      median === undefined ? "" : number(median),
      `${number(peer)} (${peer_name})`,
      `**${ratio}**`,
      note ?? "",
    ];
    return `| ${row} | ${cells.join(" | ")} |`;
  });
  const under = bench.more ? `\n${bench.more(figures).markdown}` : "";
  const head = "| bench | ours, best | median | beside | ratio | |\n|---|---|---|---|---|---|";
  return `## ${name}\n\n${what[0]?.toUpperCase()}${what.slice(1)}.\n\n${head}\n${rows.join("\n")}\n${under}`;
}

/** Writes files that go beside RESULTS.md. */
export function writeFiles(files: Readonly<Record<string, string>>): void {
  for (const [name, text] of Object.entries(files)) {
    writeFileSync(fileURLToPath(new URL(name, import.meta.url)), text);
  }
}

/** Which benches there are, and which of them were asked for; none is all. */
export interface WriteOptions {
  readonly order: readonly string[];
  readonly asked: readonly string[];
}

/** Puts sections, by the names of their benches, into RESULTS.md; the others stay as they are. */
export function writeResults(
  sections: ReadonlyMap<string, string>,
  { order, asked }: WriteOptions,
): void {
  const command = ["npm run bench --", ...asked, "--write"].join(" ");
  const all = writtenSections();
  for (const [name, section] of sections) all.set(name, dated(section, command));
  const benches = order.filter((name) => all.has(name));
  const others = [...all.keys()].filter((name) => !order.includes(name));
  writeAll([...benches, ...others].map((name) => all.get(name) as string));
}

/** Puts a section that is no bench's into RESULTS.md: what was run, in words, and a table. */
export function writeSection(name: string, command: string, what: string, table: string): void {
  const all = writtenSections();
  all.set(name, dated(`## ${name}\n\n${what}\n\n${table}`, command));
  writeAll([...all.values()]);
}

/** A section with the day, the machine and the command below its heading. */
function dated(section: string, command: string): string {
  const date = new Date().toISOString().slice(0, "2026-01-01".length);
  const gibibytes = Math.round(totalmem() / 2 ** 30);
  const machine = `${availableParallelism()} × ${cpus()[0]?.model.trim()}, ${gibibytes} GiB`;
  const where = `${date}, ${machine}, ${process.platform} ${process.arch}, Node ${process.version}`;
  const [heading, ...rest] = section.split("\n");
  return [heading, "", `${where}: \`${command}\`.`, ...rest].join("\n");
}

function writeAll(sections: readonly string[]): void {
  const text = `# Measured

The machine is shared with other work. Contenders take turns within one run; the best of the rounds
stands beside the median; CPU time counts where the unit does not say wall. The ratio is how many
times better ours is: figures move with the machine, the ratio hardly. A "floor" is what the
arithmetic alone costs in the same run; nothing can be better than 1 there.

${sections.map((section) => section.trim()).join("\n\n")}
`;
  writeFileSync(path, text);
}

/** The sections of RESULTS.md as it is. */
function writtenSections(): Map<string, string> {
  const sections = new Map<string, string>();
  if (!existsSync(path)) return sections;
  for (const section of readFileSync(path, "utf8").split(/^(?=## )/m)) {
    const [, name] = /^## (\S+)/.exec(section) ?? [];
    if (name !== undefined) sections.set(name, section);
  }
  return sections;
}

/** Four significant digits. */
export function number(value: number): string {
  return value.toLocaleString("en", { maximumSignificantDigits: 4 });
}
