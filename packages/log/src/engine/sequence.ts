// SPDX-License-Identifier: Apache-2.0
import { bytesEqual, concatBytes } from "@chancery/formats/bytes";
import {
  encodeHead,
  type EntryInput,
  makeBatch,
  searchKeySizeBytes,
  type StoredHead,
} from "../record/index.ts";
import type { LogStore } from "../store/index.ts";
import type { LogHead, LogReader } from "./log-reader.ts";
import { leafSource } from "./recovery.ts";
import type { EngineState } from "./state.ts";

/** What appending answers: a head that covers the entries, and each entry's place in it. */
export interface Appended {
  readonly head: LogHead;
  readonly items: readonly AppendedItem[];
}

/** One entry's place. */
export interface AppendedItem {
  readonly index: number;
  /** When it was logged, milliseconds since 1970. */
  readonly timeMs: number;
  /** Whether it was in the log before, or was given twice. */
  readonly duplicate: boolean;
  /** Inclusion proof in the tree of the head: hashes of 32 bytes in one, leaf to root. */
  readonly proof: Uint8Array;
}

/** Entries with the indexes they have or get. */
export interface PlacedEntries {
  readonly positions: readonly { readonly index: number; readonly duplicate: boolean }[];
  /** Those to be logged now. */
  readonly fresh: readonly { readonly entry: EntryInput; readonly leafHash: Uint8Array }[];
}

/** Finds duplicates, and gives the others the indexes that follow. Changes nothing. */
export async function placeEntries(
  entries: readonly EntryInput[],
  state: Pick<EngineState, "head" | "format"> & {
    /** Undefined to log duplicates again, as a mirror must. */
    readonly index: EngineState["index"] | undefined;
  },
  reader: LogReader,
  timeMs: number,
): Promise<PlacedEntries> {
  const { head, index: known, format } = state;
  const positions: { index: number; duplicate: boolean }[] = [];
  const fresh: { entry: EntryInput; leafHash: Uint8Array }[] = [];
  const together = new Map<string, number>();
  for (const entry of entries) {
    const next = head.size + fresh.length;
    const bytes = format.place(entry.bytes, next, timeMs);
    const leafHash = format.leafHash(bytes);
    if (known) {
      const hash = format.identity?.(bytes) ?? leafHash;
      const name = Buffer.from(hash.buffer, hash.byteOffset, hash.length).toString("latin1");
      const key = hash.subarray(0, searchKeySizeBytes);
      const logged =
        together.get(name) ??
        (known.mayHaveLeaf(key)
          ? await findSame({ index: known, format, head }, reader, hash)
          : undefined);
      if (logged !== undefined) {
        positions.push({ index: logged, duplicate: true });
        continue;
      }
      together.set(name, next);
    }
    positions.push({ index: next, duplicate: false });
    const placed = bytes === entry.bytes ? entry : { ...entry, bytes };
    fresh.push({ entry: placed, leafHash });
  }
  return { positions, fresh };
}

/**
 * Commits entries: tree, batch, checkpoint, one transaction, then memory. Where it throws, the tree
 * in memory may be ahead of what is stored: load the state again.
 * @param checkpointOf signs the new tree, or verifies it against a checkpoint of others.
 */
export async function commitBatch(
  state: EngineState,
  store: LogStore,
  { fresh }: PlacedEntries,
  timeMs: number,
  checkpointOf: (size: number, rootHash: Uint8Array) => Promise<Uint8Array>,
): Promise<void> {
  const { tree, tail, index, format, head: previous } = state;
  const first = previous.size;
  for (const one of fresh) tree.append(one.leafHash);
  const size = first + fresh.length;
  const entries = fresh.map(({ entry }) => entry);
  const times = fresh.map(() => timeMs);
  const batch = fresh.length === 0 ? undefined : makeBatch(first, entries, times, format);
  const rootHash = tree.root();
  const checkpoint = await checkpointOf(size, rootHash);
  const head: StoredHead = { format: format.name, size, timeMs, range: tree.range(), checkpoint };
  await store.commit({ previousSize: first, batch, size, head: encodeHead(head) });
  if (batch) {
    tail.push(batch);
    index.add(batch, leafSource(state));
  }
  state.head = head;
  state.rootHash = rootHash;
}

/** Proofs for the committed head: of new entries from memory alone. */
export async function receiptsOf(
  state: EngineState,
  reader: LogReader,
  { positions }: PlacedEntries,
): Promise<AppendedItem[]> {
  const { tree, head } = state;
  const items: AppendedItem[] = [];
  for (const { index, duplicate } of positions) {
    const proof =
      tree.inclusion(index) ?? concatBytes(...(await reader.inclusionProof(index, head.size)));
    const timeMs = duplicate ? await reader.timeMs(index) : head.timeMs;
    items.push({ index, timeMs, duplicate, proof });
  }
  return items;
}

async function findSame(
  { index, format, head }: Pick<EngineState, "index" | "format" | "head">,
  reader: LogReader,
  hash: Uint8Array,
): Promise<number | undefined> {
  const key = hash.subarray(0, searchKeySizeBytes);
  for (let before = head.size; ;) {
    // More than one only where somebody made two hashes that share 16 bytes.
    const [found] = await index.find("leaf", key, before, 1);
    if (found === undefined) return undefined;
    const logged = format.identity
      ? format.identity((await reader.entry(found)).bytes)
      : await reader.leafHash(found);
    if (bytesEqual(logged, hash)) return found;
    before = found;
  }
}
