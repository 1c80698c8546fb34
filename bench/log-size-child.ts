// SPDX-License-Identifier: Apache-2.0
// The process of log-size.ts: grows a log to each size and prints a line of JSON about it.
//     log-size-child.ts FOLDER SIZE …
import { readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import type { Log } from "@chancery/log";
import { entryOf, fill, open, quantile, settle } from "./log-entries.ts";

/** At one size of the log. */
export interface Costs {
  readonly size: number;
  /** Since the size before. */
  readonly entriesPerSecond: number;
  readonly refusals: number;
  readonly heldBackMs: number;
  readonly tailMb: number;
  readonly appendMs: number;
  readonly duplicateMs: number;
  readonly proofMs: number;
  readonly searchMs: number;
  readonly runs: number;
  readonly memoryMb: number;
  /** Both for each entry. */
  readonly indexBytes: number;
  readonly objectBytes: number;
  readonly databaseMb: number;
}

const callers = 512;
const samples = 500;
const warmUpSamples = 50;
const watchMs = 100;

const [folder = "", ...sizes] = process.argv.slice(2);
const log = await open(folder);
for (const size of sizes.map(Number)) {
  const growth = await grow(log, size);
  await settle(log);
  console.log(JSON.stringify({ size, ...growth, ...(await costsAt(log)) } satisfies Costs));
}
await log.close();

/** Fills the log up to a size, and watches it meanwhile. */
async function grow(
  growing: Log,
  to: number,
): Promise<Pick<Costs, "entriesPerSecond" | "refusals" | "heldBackMs" | "tailMb" | "memoryMb">> {
  const from = growing.head().size;
  const heldBefore = (await growing.metrics()).heldBackMs;
  let [tailBytes, memoryBytes] = [0, 0];
  const watch = setInterval(() => {
    memoryBytes = Math.max(memoryBytes, process.memoryUsage.rss());
    void growing.metrics().then((now) => (tailBytes = Math.max(tailBytes, now.tailBytes)));
  }, watchMs);
  const started = performance.now();
  const refusals = await fill(growing, { from, to, callers });
  const seconds = (performance.now() - started) / 1000;
  clearInterval(watch);
  const { heldBackMs } = await growing.metrics();
  return {
    entriesPerSecond: (to - from) / seconds,
    refusals,
    heldBackMs: heldBackMs - heldBefore,
    tailMb: tailBytes / 1e6,
    memoryMb: memoryBytes / 1e6,
  };
}

async function costsAt(
  grown: Log,
): Promise<
  Omit<Costs, "size" | "entriesPerSecond" | "refusals" | "heldBackMs" | "tailMb" | "memoryMb">
> {
  const { size } = grown.head();
  const any = (): number => Math.floor(Math.random() * size);
  const keyOf = async (): Promise<Uint8Array> => (await grown.entry(any())).keys.slice(0, 16);
  const keys: Uint8Array[] = [];
  for (let i = 0; i < samples; i++) keys.push(await keyOf());
  let next = size;
  const { indexBytes, indexRuns } = await grown.metrics();
  const objects = sizeOf(join(folder, "objects"));
  return {
    appendMs: quantile(await timed(() => grown.append(entryOf(next++))), 0.5),
    duplicateMs: quantile(await timed(() => grown.append(entryOf(any()))), 0.5),
    proofMs: quantile(await timed(() => grown.inclusionProof(any(), size)), 0.5),
    searchMs: quantile(
      await timed((i) => grown.search(keys[i] as Uint8Array, { limit: 20 })),
      0.99,
    ),
    runs: indexRuns,
    indexBytes: indexBytes / size,
    objectBytes: objects / size,
    databaseMb: (sizeOf(folder) - sizeOf(join(folder, "objects"))) / 1e6,
  };
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

function sizeOf(path: string): number {
  let size = 0;
  for (const name of readdirSync(path, { recursive: true, encoding: "utf8" })) {
    const found = statSync(join(path, name), { throwIfNoEntry: false });
    if (found?.isFile()) size += found.size;
  }
  return size;
}
