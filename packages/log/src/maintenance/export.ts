// SPDX-License-Identifier: Apache-2.0
import { existsSync } from "node:fs";
import { mkdir, rename, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { parseSignedCheckpoint } from "@chancery/formats/note";
import { tilePath, tileWidth, widthInTree } from "@chancery/formats/tiles";
import { blobFolder, loadState, type LogIdentity, LogReader } from "../engine/index.ts";
import { LogError } from "../errors.ts";
import type { LogStore } from "../store/index.ts";

/** What was written. */
export interface ExportReport {
  /** Entries that are there. */
  readonly size: number;
  /** Size of the tree that the checkpoint is of: larger than `size` in a mirror half made. */
  readonly checkpointSize: number;
  /** Files written; those that were there, full ones of an earlier export, are not counted. */
  readonly files: number;
}

/**
 * Writes the log as a folder that any web server can serve (C2SP tlog-tiles): tiles and bundles,
 * full and partial for the size it has, then `checkpoint`. A CT log is written as C2SP
 * static-ct-api has it, with data tiles for bundles and its blobs as issuers. Exporting into the
 * same folder again adds what is new; its older partial files stay, for who has an older
 * checkpoint.
 *
 * Of a mirror that is not whole yet the entries that are verified are written, and no `checkpoint`:
 * that would promise files which are not there.
 *
 * @param log whose it must be; undefined to check neither origin nor signature.
 * @param options.mirror whether the checkpoint may be of a larger tree than what is there so far
 * @throws LogError as for opening the log; the file system's errors
 */
export async function exportTree(
  store: LogStore,
  log: LogIdentity | undefined,
  folder: string,
  { mirror = log === undefined }: { readonly mirror?: boolean } = {},
): Promise<ExportReport> {
  const state = await loadState(store, { log, mirror, seen: [] });
  if (!state) throw new LogError("out-of-range", "there is no log here");
  const reader = new LogReader(state, store);
  const { size, checkpoint } = reader.head();
  let files = 0;
  const write = async (
    path: string,
    read: () => Promise<Uint8Array | undefined>,
  ): Promise<void> => {
    const to = join(folder, path);
    if (existsSync(to)) return;
    const bytes = await read();
    if (!bytes) throw new LogError("corrupt", `${path} is missing`, "run log fsck");
    await replace(to, bytes);
    files++;
  };
  for (let index = 0; index * tileWidth < size; index++) {
    const bundle = { index, width: widthInTree(0, index, size) };
    await write(state.format.bundlePath(bundle), () => reader.bundle(bundle));
  }
  for (const name of await store.objects.list(blobFolder)) {
    await write(`issuer/${name.slice(blobFolder.length)}`, () => store.objects.get(name));
  }
  for (let level = 0, count = size; count > 0; level++, count = Math.floor(count / tileWidth)) {
    for (let index = 0; index * tileWidth < count; index++) {
      const tile = { level, index, width: widthInTree(level, index, size) };
      await write(tilePath(tile), () => reader.tile(tile));
    }
  }
  const checkpointSize = Number(parseSignedCheckpoint(checkpoint).checkpoint.size);
  if (checkpointSize > size) return { size, checkpointSize, files };
  // Last, and always: whoever reads it may ask for all that it covers.
  await replace(join(folder, "checkpoint"), checkpoint);
  return { size, checkpointSize, files: files + 1 };
}

async function replace(path: string, bytes: Uint8Array): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  const temporary = `${path}.tmp`;
  await writeFile(temporary, bytes);
  await rename(temporary, path);
}
