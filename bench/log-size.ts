// SPDX-License-Identifier: Apache-2.0
// What one call, the memory and the disk cost as the log grows. The log is in a process of its own
// with a generator that holds next to nothing, so that its memory is that of the log.
import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { type Figure, lessIsBetter, moreIsBetter, round } from "./bench.ts";
import type { Costs } from "./log-size-child.ts";

/** Ten million entries take ten minutes and 16 GB: with --large only. */
const sizes = [10_000, 100_000, 1_000_000];
const sizeLarge = 10_000_000;

/** Figures are called `log-engine/<what>/<size>`. */
export const sizePrefix = "log-engine";

const child = fileURLToPath(new URL("log-size-child.ts", import.meta.url));

/** Grows a log in a folder and measures it at each size. */
export async function sizeFigures(folder: string, large: boolean): Promise<Figure[]> {
  const all = large ? [...sizes, sizeLarge] : sizes;
  const running = spawn(process.execPath, [child, folder, ...all.map(String)], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const ended = new Promise<number | null>((resolve) => void running.once("exit", resolve));
  const figures: Figure[] = [];
  let first: Costs | undefined;
  for await (const line of createInterface({ input: running.stdout })) {
    const costs = JSON.parse(line) as Costs;
    first ??= costs;
    figures.push(...costFigures(costs, first));
  }
  if ((await ended) !== 0) throw new Error(`the log ended with ${running.exitCode}`);
  return figures;
}

function costFigures(costs: Costs, first: Costs): Figure[] {
  const figure = (what: keyof Costs, bench: string, unit: string, note = ""): Figure =>
    (what === "entriesPerSecond" ? moreIsBetter : lessIsBetter)({
      bench: `${sizePrefix}/${bench}/${costs.size}`,
      unit,
      ours: round(costs[what]),
      peer: round(first[what]),
      peer_name: `the same at ${first.size} entries`,
      ...(note === "" ? {} : { note }),
    });
  const behind = `tail at most ${round(costs.tailMb)} MB, ${costs.refusals} refusals`;
  const held = `${round(costs.heldBackMs / 1000)} s held back`;
  return [
    figure("entriesPerSecond", "rate", "entries/s", `until there; ${behind}, ${held}`),
    figure("appendMs", "append-p50", "ms"),
    figure(
      "duplicateMs",
      "duplicate-p50",
      "ms",
      "of any entry, the oldest as likely as the newest",
    ),
    figure("proofMs", "proof-p50", "ms", "of any entry"),
    figure("searchMs", "search-p99", "ms", `${costs.runs} runs of the index`),
    figure("memoryMb", "memory", "MB", "largest resident set until there"),
    figure("indexBytes", "index-memory", "bytes/entry", "filters and fences"),
    figure("objectBytes", "disk", "bytes/entry", "bundles, tiles, notes, index"),
    figure("databaseMb", "database", "MB", "tail and write-ahead log"),
  ];
}
