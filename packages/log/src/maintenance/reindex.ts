// SPDX-License-Identifier: Apache-2.0
import { concatBytes } from "@chancery/formats/bytes";
import { tileWidth } from "@chancery/formats/tiles";
import { bundleName, notesName } from "../engine/index.ts";
import { LogError } from "../errors.ts";
import {
  decodeBody,
  decodeHead,
  decodeNotes,
  encodeBody,
  type EntryFormat,
  entryFormats,
  type RunReference,
} from "../record/index.ts";
import { addEntry, makeRun, RecordBuffer } from "../search/index.ts";
import type { LogStore } from "../store/index.ts";

/** Bundles whose keys are sorted at once. */
const bundlesAtOnce = 64;

/**
 * Makes the search index anew from the bundles and their notes. The engine merges the runs later.
 *
 * While it goes on, the stored log has no index; where it is broken off, the log does not open
 * before it has been run again.
 * @returns the number of entries in the new index; the tail is indexed as the log is opened
 * @throws LogError `corrupt` where a bundle or its notes are missing; the store's codes
 */
export async function reindex(store: LogStore): Promise<number> {
  const stored = await store.load();
  if (!stored.body || !stored.head) return 0;
  const format = entryFormats[decodeHead(stored.head.payload).format];
  const { edge } = decodeBody(stored.body);
  await store.advance(encodeBody({ edge, runs: [] }), 0);
  await store.objects.remove(await store.objects.list("index/"));
  const runs: RunReference[] = [];
  for (let first = 0; first < edge.size; first += bundlesAtOnce * tileWidth) {
    const end = Math.min(edge.size, first + bundlesAtOnce * tileWidth);
    const buffers = { leaf: new RecordBuffer(), key: new RecordBuffer() };
    for (let at = first; at < end; at += tileWidth) await addBundle(store, format, at, buffers);
    for (const family of ["leaf", "key"] as const) {
      const { run, objects } = makeRun(
        store.objects,
        { family, first, end },
        buffers[family].sorted(),
      );
      await store.objects.put(objects);
      runs.push(run.reference);
    }
  }
  await store.advance(encodeBody({ edge, runs }), 0);
  return edge.size;
}

async function addBundle(
  store: LogStore,
  format: EntryFormat,
  start: number,
  buffers: { readonly leaf: RecordBuffer; readonly key: RecordBuffer },
): Promise<void> {
  const index = start / tileWidth;
  const bundle = await store.objects.get(bundleName(format, index));
  const noteBytes = await store.objects.get(notesName(index));
  if (!bundle || !noteBytes) {
    throw new LogError("corrupt", `bundle ${index} or its notes are missing`, "run log fsck");
  }
  const notes = decodeNotes(noteBytes);
  for (const [i, entry] of format.decodeBundle(bundle, tileWidth).entries()) {
    const leaf = concatBytes(
      format.leafHash(entry),
      ...(format.identity ? [format.identity(entry)] : []),
    );
    addEntry(buffers, leaf, notes[i]?.keys ?? new Uint8Array(0), start + i);
  }
}
