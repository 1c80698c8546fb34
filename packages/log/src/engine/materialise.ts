// SPDX-License-Identifier: Apache-2.0
import { tileWidth } from "@chancery/formats/tiles";
import { encodeBody, encodeNotes, type StoredBody } from "../record/index.ts";
import type { PreparedMerge } from "../search/index.ts";
import type { LogStore, StoredObject } from "../store/index.ts";
import type { EngineLimits } from "./limits.ts";
import { leafSource } from "./recovery.ts";
import { attachmentName, bundleName, type EngineState, notesName, tileName } from "./state.ts";

/** Whether enough is in the tail to write some of it to objects. */
export function isTailLong(state: EngineState, limits: EngineLimits): boolean {
  const entries = state.head.size - state.body.edge.size;
  const long = entries >= limits.tailEntriesMin || state.tail.sizeBytes >= limits.tailBytesMin;
  return long && entries >= tileWidth;
}

/** How far the tail is from where commits are slowed down, 0, to where they wait, 1. */
export function tailExcess(state: EngineState, limits: EngineLimits): number {
  // Entries may be so large that the tail is, and no bundle of it full.
  if (!isTailLong(state, limits)) return 0;
  const { tailEntriesSlow, tailEntriesMax, tailBytesSlow, tailBytesMax } = limits;
  const entries = state.head.size - state.body.edge.size;
  return Math.max(
    share(entries, tailEntriesSlow, tailEntriesMax),
    share(state.tail.sizeBytes, tailBytesSlow, tailBytesMax),
  );
}

function share(value: number, from: number, to: number): number {
  if (value > to) return 1;
  return value <= from ? 0 : (value - from) / (to - from);
}

/**
 * Moves full bundles from the tail to the body: first the objects, durably, then in one transaction
 * the body's new end and the removal of what it replaces, then memory. A failure or crash anywhere
 * leaves the tail as it was, and the same objects are written again.
 */
export async function moveToBody(
  state: EngineState,
  store: LogStore,
  limits: EngineLimits,
): Promise<void> {
  const { tree, tail, index } = state;
  const from = state.body.edge.size;
  const full = Math.floor((state.head.size - from) / tileWidth);
  const to = from + Math.min(full, limits.bundlesAtOnceMax) * tileWidth;
  const made = index.makeRuns(tail.batches, leafSource(state), from, to);
  await store.objects.put([...treeObjects(state, from, to), ...made.objects]);
  const runs = [...index.runs, ...made.runs].map(({ reference }) => reference);
  const body: StoredBody = { edge: tree.edgeAt(to), runs };
  await store.advance(encodeBody(body), to);
  state.body = body;
  tail.dropEndingAt(to);
  index.adopt(made.runs, to);
  tree.trim(to);
}

/** Puts a merged run of the search index in the place of those it was made of. */
export async function acceptMerge(
  state: EngineState,
  store: LogStore,
  prepared: PreparedMerge,
): Promise<void> {
  const { index } = state;
  const runs = index.runsAfter(prepared).map(({ reference }) => reference);
  const body = { ...state.body, runs };
  await store.advance(encodeBody(body), body.edge.size);
  state.body = body;
  index.accept(prepared);
  await index.collectGarbage();
}

/** Bundles, their notes and attachments, and all tiles that end within the range. */
function treeObjects(
  { tail, tree, format }: EngineState,
  from: number,
  to: number,
): StoredObject[] {
  const objects: StoredObject[] = [];
  for (let at = from; at < to; at += tileWidth) {
    const bundle = at / tileWidth;
    objects.push({
      name: bundleName(format, bundle),
      bytes: tail.bundle(at, at + tileWidth) as Uint8Array,
    });
    const notes = Array.from({ length: tileWidth }, (_, i) => {
      const batch = tail.batchOf(at + i);
      if (!batch) throw new RangeError(`entry ${at + i} is not in the tail`);
      const attachment = batch.attachment(at + i);
      if (attachment) objects.push({ name: attachmentName(at + i), bytes: attachment });
      const hasAttachment = attachment !== undefined;
      return { timeMs: batch.timeMs(at + i), keys: batch.keys(at + i), hasAttachment };
    });
    objects.push({ name: notesName(bundle), bytes: encodeNotes(notes) });
  }
  for (let level = 0, span = tileWidth; span <= to; level++, span *= tileWidth) {
    for (let tile = Math.floor(from / span); (tile + 1) * span <= to; tile++) {
      const bytes = tree.tile({ level, index: tile, width: tileWidth }) as Uint8Array;
      objects.push({ name: tileName(level, tile), bytes });
    }
  }
  return objects;
}
