// SPDX-License-Identifier: Apache-2.0
// The log engine alone: entries of 1 kB with four search keys each, every one durable before it is
// answered. Beside it what the disk does with the same bytes: one write and fdatasync per commit.
import { randomFillSync } from "node:crypto";
import {
  closeSync,
  fdatasyncSync,
  mkdtempSync,
  openSync,
  readdirSync,
  rmSync,
  statSync,
  writeSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { algorithmByName } from "@chancery/formats/crypto";
import { generatePrivateKey } from "@chancery/formats/crypto/node";
import { type EntryInput, type Log, openLog } from "@chancery/log";
import { type Bench, type Figure, lessIsBetter, moreIsBetter, round } from "./bench.ts";
import { sizeChart, sizeTable } from "./size-chart.ts";

const entrySizeBytes = 1000;
const keysPerEntry = 4;
/** Bytes of an entry with its keys, as both contenders write them. */
const writtenSizeBytes = entrySizeBytes + 16 * keysPerEntry;

const throughputEntries = 200_000;
const waitingAtOnce = 2000;
const offeredPerSecond = 1000;
const offeredSeconds = 5;

/** Sizes at which costs are measured; with CHANCERY_BENCH_LARGE=1 ten million too, in minutes. */
const sizes = [10_000, 100_000, 1_000_000];
const sizeLarge = 10_000_000;
const samples = 500;
const warmUpSamples = 50;
const sizePrefix = "log-engine";
const chartName = "log-engine.svg";

/** The engine's rate, its wait at low load, and what each costs as the log grows. */
export const logBench: Bench = {
  name: "log",
  what: "the log engine: 1 kB entries with 4 keys, durable and proven when answered",
  run: async () => {
    // The memory that a small log takes is that of a process that had no large one before.
    const costs = await sizeFigures();
    return [...(await rateFigures()), ...costs];
  },
  more: (figures) => ({
    markdown: `${sizeTable(figures, sizePrefix)}\n\n![Cost against size](${chartName})\n`,
    files: { [chartName]: sizeChart(figures, sizePrefix) },
  }),
};

async function rateFigures(): Promise<Figure[]> {
  return inFolder(async (folder) => {
    const log = await open(join(folder, "log"));
    const started = performance.now();
    await fill(log, 0, throughputEntries);
    const rate = (1000 * throughputEntries) / (performance.now() - started);
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
        ours: round(rate),
        peer: round((1000 * batch) / disk.meanMs),
        peer_name: `write and fdatasync of ${batch} entries' bytes at a time`,
        note: `${waitingAtOnce} callers, generator in the same process`,
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

interface Costs {
  readonly appendMs: number;
  readonly duplicateMs: number;
  readonly proofMs: number;
  readonly searchMs: number;
  readonly memoryMb: number;
  readonly diskBytes: number;
}

async function sizeFigures(): Promise<Figure[]> {
  const all = process.env["CHANCERY_BENCH_LARGE"] === "1" ? [...sizes, sizeLarge] : sizes;
  return inFolder(async (folder) => {
    const log = await open(join(folder, "log"));
    const figures: Figure[] = [];
    let first: Costs | undefined;
    for (const size of all) {
      await fill(log, log.head().size, size);
      await settle(log);
      const costs = await costsAt(log, join(folder, "log"));
      first ??= costs;
      figures.push(...costFigures(size, costs, first));
    }
    await log.close();
    return figures;
  });
}

function costFigures(size: number, costs: Costs, first: Costs): Figure[] {
  const compare = (what: keyof Costs, bench: string, unit: string): Figure =>
    lessIsBetter({
      bench: `${sizePrefix}/${bench}/${size}`,
      unit,
      ours: round(costs[what]),
      peer: round(first[what]),
      peer_name: `the same at ${sizes[0]} entries`,
    });
  return [
    compare("appendMs", "append-p50", "ms"),
    compare("duplicateMs", "duplicate-p50", "ms"),
    compare("proofMs", "proof-p50", "ms"),
    compare("searchMs", "search-p99", "ms"),
    compare("memoryMb", "memory", "MB"),
    compare("diskBytes", "disk", "bytes/entry"),
  ];
}

async function costsAt(log: Log, folder: string): Promise<Costs> {
  const { size } = log.head();
  const any = (): number => Math.floor(Math.random() * size);
  const keyOf = async (): Promise<Uint8Array> => (await log.entry(any())).keys.slice(0, 16);
  const keys = await Promise.all(Array.from({ length: samples }, keyOf));
  let next = 0;
  return {
    appendMs: quantile(await timed(() => log.append(entryOf(size + next++))), 0.5),
    duplicateMs: quantile(await timed(() => log.append(entryOf(any()))), 0.5),
    proofMs: quantile(await timed(() => log.inclusionProof(any(), size)), 0.5),
    searchMs: quantile(await timed((i) => log.search(keys[i] as Uint8Array, { limit: 20 })), 0.99),
    memoryMb: process.memoryUsage.rss() / 1e6,
    diskBytes: sizeOf(folder) / size,
  };
}

async function open(folder: string): Promise<Log> {
  const algorithm = algorithmByName("PKIX_ED25519");
  if (!algorithm) throw new Error("an algorithm is missing");
  const signer = generatePrivateKey(algorithm);
  return openLog({ folder, origin: "bench.example", signer });
}

async function fill(log: Log, from: number, to: number): Promise<void> {
  let next = from;
  const caller = async (): Promise<void> => {
    while (next < to) await log.append(entryOf(next++));
  };
  await Promise.all(Array.from({ length: waitingAtOnce }, caller));
}

/** Waits until the work behind the commits is done, which the cost of one call is not about. */
async function settle(log: Log): Promise<void> {
  let before = "";
  for (;;) {
    await new Promise((resolve) => void setTimeout(resolve, 300));
    const { bodySize, merges } = await log.metrics();
    const now = `${bodySize} ${merges}`;
    if (now === before) return;
    before = now;
  }
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

async function timed(call: (i: number) => Promise<unknown>): Promise<number[]> {
  const times: number[] = [];
  for (let i = 0; i < warmUpSamples; i++) await call(i);
  for (let i = 0; i < samples; i++) {
    const begun = performance.now();
    await call(i);
    times.push(performance.now() - begun);
  }
  return times;
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

const noise = randomFillSync(new Uint8Array(1 << 16));

/** The same for the same number, and unlike all others. */
function entryOf(number: number): EntryInput {
  const bytes = new Uint8Array(entrySizeBytes);
  const at = (number * 7) % (noise.length - entrySizeBytes);
  bytes.set(noise.subarray(at, at + entrySizeBytes));
  const view = new DataView(bytes.buffer);
  view.setFloat64(0, number);
  const keys = new Uint8Array(16 * keysPerEntry);
  const words = new DataView(keys.buffer);
  for (let word = 0; word < 4 * keysPerEntry; word++) {
    let mixed = Math.imul(number + word * 0x9e3779b1, 0x85ebca6b);
    mixed = Math.imul(mixed ^ (mixed >>> 15), 0xc2b2ae35);
    words.setUint32(4 * word, mixed ^ (mixed >>> 13));
  }
  return { bytes, keys };
}

function quantile(values: readonly number[], at: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * at))] ?? Number.NaN;
}

function sizeOf(folder: string): number {
  let size = 0;
  for (const name of readdirSync(folder, { recursive: true, encoding: "utf8" })) {
    const found = statSync(join(folder, name), { throwIfNoEntry: false });
    if (found?.isFile()) size += found.size;
  }
  return size;
}

async function inFolder<Value>(body: (folder: string) => Promise<Value>): Promise<Value> {
  const folder = mkdtempSync(join(tmpdir(), "chancery-bench-"));
  try {
    return await body(folder);
  } finally {
    rmSync(folder, { recursive: true });
  }
}
