// SPDX-License-Identifier: Apache-2.0
import { writeFileSync } from "node:fs";
import { availableParallelism, cpus, totalmem } from "node:os";
import { fileURLToPath } from "node:url";
import type { Bench, Figure } from "./bench.ts";

const path = fileURLToPath(new URL("RESULTS.md", import.meta.url));

/** One bench as a section of RESULTS.md. */
export function markdown({ name, what }: Bench, figures: readonly Figure[]): string {
  const rows = figures.map((figure) => {
    const { bench, unit, ours, median, peer, peer_name, ratio, note } = figure;
    const cells = [
      `${number(ours)} ${unit}`,
      median === undefined ? "" : number(median),
      `${number(peer)} (${peer_name})`,
      `**${ratio}**`,
      note ?? "",
    ];
    return `| ${bench} | ${cells.join(" | ")} |`;
  });
  const head = "| bench | ours, best | median | beside | ratio | |\n|---|---|---|---|---|---|";
  return `## ${name}\n\n${what[0]?.toUpperCase()}${what.slice(1)}.\n\n${head}\n${rows.join("\n")}\n`;
}

/** Replaces RESULTS.md. @param names the benches that were asked for; none is all. */
export function writeResults(sections: readonly string[], names: readonly string[]): void {
  const date = new Date().toISOString().slice(0, "2026-01-01".length);
  const gibibytes = Math.round(totalmem() / 2 ** 30);
  const machine = `${availableParallelism()} × ${cpus()[0]?.model.trim()}, ${gibibytes} GiB`;
  const command = ["npm run bench --", ...names, "--write"].join(" ");
  const text = `# Measured

${date}, ${machine}, ${process.platform} ${process.arch}, Node ${process.version}: \`${command}\`.

The machine is shared with other work. Contenders take turns within one run; the best of the rounds
stands beside the median; CPU time counts where the unit does not say wall. The ratio is how many
times better ours is: figures move with the machine, the ratio hardly. A "floor" is what the
arithmetic alone costs in the same run; nothing can be better than 1 there.

${sections.join("\n")}`;
  writeFileSync(path, text);
}

/** Four significant digits. */
export function number(value: number): string {
  return value.toLocaleString("en", { maximumSignificantDigits: 4 });
}
