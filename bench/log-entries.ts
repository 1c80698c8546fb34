// SPDX-License-Identifier: Apache-2.0
// What the benches of the log engine share: entries of 1 kB with four search keys, and callers that
// log them as fast as they are answered.
import { randomFillSync } from "node:crypto";
import { algorithmByName } from "@chancery/formats/crypto";
import { generatePrivateKey } from "@chancery/formats/crypto/node";
import { type EntryInput, type Log, LogError, openLog } from "@chancery/log";

const entrySizeBytes = 1000;
const keysPerEntry = 4;
/** Bytes of an entry with its keys, as every contender writes them. */
export const writtenSizeBytes: number = entrySizeBytes + 16 * keysPerEntry;

/** How long a caller waits that was refused because the log is overloaded. */
const retryMs = 50;

const noise = randomFillSync(new Uint8Array(1 << 16));

/** Opens a log with a new key. */
export async function open(folder: string): Promise<Log> {
  const algorithm = algorithmByName("PKIX_ED25519");
  if (!algorithm) throw new Error("an algorithm is missing");
  const signer = generatePrivateKey(algorithm);
  return openLog({ folder, origin: "bench.example", signer });
}

/** The same for the same number, and unlike all others. */
export function entryOf(number: number): EntryInput {
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

/**
 * Logs the entries of numbers `from` to `to`. Who is refused tries again after a moment, as clients
 * do. @returns how often that was
 */
export async function fill(
  log: Log,
  { from, to, callers }: { readonly from: number; readonly to: number; readonly callers: number },
): Promise<number> {
  let next = from;
  let refusals = 0;
  const caller = async (): Promise<void> => {
    while (next < to) {
      const entry = entryOf(next++);
      while (!(await isLogged(log, entry))) {
        refusals++;
        await new Promise((resolve) => void setTimeout(resolve, retryMs));
      }
    }
  };
  await Promise.all(Array.from({ length: callers }, caller));
  return refusals;
}

async function isLogged(log: Log, entry: EntryInput): Promise<boolean> {
  try {
    await log.append(entry);
    return true;
  } catch (cause) {
    if (cause instanceof LogError && cause.code === "overloaded") return false;
    throw cause;
  }
}

/** Waits until the work behind the commits is done, which the cost of one call is not about. */
export async function settle(log: Log): Promise<void> {
  let before = "";
  for (;;) {
    await new Promise((resolve) => void setTimeout(resolve, 1000));
    const { bodySize, merges, indexRuns } = await log.metrics();
    const now = `${bodySize} ${merges} ${indexRuns}`;
    if (now === before) return;
    before = now;
  }
}

export function quantile(values: readonly number[], at: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * at))] ?? Number.NaN;
}
