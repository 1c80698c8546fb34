// SPDX-License-Identifier: Apache-2.0
// The log engine alone: entries of 1 kB with four search keys each, every one durable before it is
// answered. Beside it what the disk does with the same bytes: one write and fdatasync per commit.
import { randomFillSync } from "node:crypto";
import { closeSync, fdatasyncSync, mkdtempSync, openSync, rmSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Log } from "@chancery/log";
import { type Bench, type Figure, lessIsBetter, moreIsBetter, round } from "./bench.ts";
import { entryOf, fill, open, quantile, settle, writtenSizeBytes } from "./log-entries.ts";
import { sizeFigures, sizePrefix } from "./log-size.ts";
import { sizeChart, sizeTable } from "./size-chart.ts";

/** Logged into one log, in rounds that are timed each. */
const throughputEntries = 500_000;
const roundEntries = 100_000;
const waitingAtOnce = 2000;
const offeredPerSecond = 1000;
const offeredSeconds = 5;

const chartName = "log-engine.svg";

/** The engine's rate, its wait at low load, and what each costs as the log grows. */
export const logBench: Bench = {
  name: "log-engine",
  what: "the log engine: 1 kB entries with 4 keys, durable and proven when answered",
  run: async ({ large }) => [
    ...(await rateFigures()),
    ...(await inFolder((folder) => sizeFigures(join(folder, "log"), large))),
  ],
  more: (figures) => ({
    markdown: `${sizeTable(figures, sizePrefix)}\n\n![Cost against size](${chartName})\n`,
    files: { [chartName]: sizeChart(figures, sizePrefix) },
  }),
};

async function rateFigures(): Promise<Figure[]> {
  return inFolder(async (folder) => {
    const log = await open(join(folder, "log"));
    const rates: number[] = [];
    for (let from = 0; from < throughputEntries; from += roundEntries) {
      const started = performance.now();
      await fill(log, { from, to: from + roundEntries, callers: waitingAtOnce });
      rates.push((1000 * roundEntries) / (performance.now() - started));
    }
    const { commits } = await log.metrics();
    const batch = Math.round(throughputEntries / commits);
    const disk = syncedWrites(folder, batch * writtenSizeBytes, 100);
    await settle(log);
    const waits = await offered(log, throughputEntries);
    const one = syncedWrites(folder, writtenSizeBytes, 1000);
    await log.close();
    return [
      moreIsBetter({
        bench: "log-engine-entries-per-s",
        unit: "entries/s",
        ours: round(Math.max(...rates)),
        median: round(quantile(rates, 0.5)),
        peer: round((1000 * batch) / disk.meanMs),
        peer_name: `write and fdatasync of ${batch} entries' bytes at a time`,
        note: `${rates.length} rounds of ${roundEntries}, ${waitingAtOnce} callers, generator in the same process`,
      }),
      lessIsBetter({
        bench: "log-engine-wait-p50-ms",
        unit: "ms",
        ours: round(quantile(waits, 0.5)),
        peer: round(one.medianMs),
        peer_name: "one entry's write and fdatasync, median",
        note: `${offeredPerSecond} entries/s offered; p99 ${round(quantile(waits, 0.99))} ms`,
      }),
    ];
  });
}

/** Waits of entries that come evenly, whether or not those before have been answered. */
async function offered(log: Log, from: number): Promise<number[]> {
  const waits: number[] = [];
  const answers: Promise<void>[] = [];
  const total = offeredPerSecond * offeredSeconds;
  const start = performance.now();
  for (let sent = 0; sent < total;) {
    const due = Math.min(total, ((performance.now() - start) / 1000) * offeredPerSecond);
    for (; sent < due; sent++) {
      const begun = performance.now();
      const answer = log.append(entryOf(from + sent));
      answers.push(answer.then(() => void waits.push(performance.now() - begun)));
    }
    await new Promise((resolve) => void setTimeout(resolve, 1));
  }
  await Promise.all(answers);
  return waits;
}

/** Appends to a file and syncs it, each time. */
function syncedWrites(
  folder: string,
  sizeBytes: number,
  count: number,
): { readonly meanMs: number; readonly medianMs: number } {
  const path = join(folder, "synced");
  const file = openSync(path, "w");
  const bytes = randomFillSync(new Uint8Array(sizeBytes));
  const times: number[] = [];
  try {
    for (let i = 0; i < count; i++) {
      const begun = performance.now();
      writeSync(file, bytes);
      fdatasyncSync(file);
      times.push(performance.now() - begun);
    }
  } finally {
    closeSync(file);
    rmSync(path);
  }
  return {
    meanMs: times.reduce((sum, time) => sum + time, 0) / count,
    medianMs: quantile(times, 0.5),
  };
}

async function inFolder<Value>(body: (folder: string) => Promise<Value>): Promise<Value> {
  const folder = mkdtempSync(join(tmpdir(), "chancery-bench-"));
  try {
    return await body(folder);
  } finally {
    rmSync(folder, { recursive: true });
  }
}
