// SPDX-License-Identifier: Apache-2.0
import type { SearchableLog } from "./transparency-log.ts";

/** Indexes of entries, newest first, none twice. */
export type IndexStream = AsyncGenerator<number, void, void>;

/** Indexes asked of the log at a time. */
const pageSize = 256;
/** Candidates looked at for one intersection; above, the query must name something rarer. */
export const candidatesMax: number = 1 << 17;

/** The entries with a search key. @param before only indexes below */
export async function* keyStream(
  log: SearchableLog,
  key: Uint8Array,
  before: number = Number.MAX_SAFE_INTEGER,
): IndexStream {
  for (let end = before; ;) {
    const page = await log.search(key, { before: end, limit: pageSize });
    yield* page;
    const last = page.at(-1);
    if (last === undefined || page.length < pageSize) return;
    end = last;
  }
}

/** Every entry below. */
export async function* allStream(before: number): IndexStream {
  for (let index = before - 1; index >= 0; index--) yield index;
}

/** What any of the streams has. */
export async function* union(streams: readonly IndexStream[]): IndexStream {
  const heads = await Promise.all(streams.map(next));
  for (;;) {
    const newest = Math.max(...heads.map((head) => head ?? -1));
    if (newest < 0) return;
    yield newest;
    for (const [i, head] of heads.entries()) {
      if (head === newest) heads[i] = await next(streams[i] as IndexStream);
    }
  }
}

/** What all of the streams have. Ends after {@link candidatesMax} steps. */
export async function* intersection(streams: readonly IndexStream[]): IndexStream {
  const heads = await Promise.all(streams.map(next));
  for (let steps = 0; steps < candidatesMax; steps++) {
    if (heads.includes(undefined)) return;
    const oldest = Math.min(...(heads as number[]));
    if (heads.every((head) => head === oldest)) yield oldest;
    // Whoever is not beyond the oldest goes on; where all agree, all do.
    const agreed = heads.every((head) => head === oldest);
    for (const [i, head] of heads.entries()) {
      if (agreed || (head as number) > oldest) heads[i] = await next(streams[i] as IndexStream);
    }
  }
}

/** The first of a stream, up to a count. */
export async function collect(stream: IndexStream, countMax: number): Promise<number[]> {
  const found: number[] = [];
  if (countMax > 0) {
    for await (const index of stream) {
      found.push(index);
      if (found.length >= countMax) break;
    }
  }
  return found;
}

async function next(stream: IndexStream): Promise<number | undefined> {
  const { value, done } = await stream.next();
  return done ? undefined : (value as number);
}
