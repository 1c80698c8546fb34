// SPDX-License-Identifier: Apache-2.0
import { closeSync, fsyncSync, mkdirSync, openSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { poisoned } from "./errors.ts";

/** Folders above ours may not be for us to open, or on a system that syncs none. */
const notOurs: ReadonlySet<unknown> = new Set(["EACCES", "EPERM", "EINVAL", "EROFS", "ENOTSUP"]);

/**
 * Makes a folder and syncs all that are above it: a power cut takes away a folder whose name was
 * not synced, with everything in it. Also where it exists, as a crash may have come between.
 * @throws LogError `poisoned` where a sync fails; otherwise the file system's errors
 */
export function makeDurableFolder(folder: string): void {
  mkdirSync(folder, { recursive: true, mode: 0o750 });
  for (let above = dirname(resolve(folder)); ; above = dirname(above)) {
    try {
      syncFolder(above);
    } catch (cause) {
      const { code } =
        (cause as { cause?: { code?: unknown } }).cause ?? (cause as { code?: unknown });
      if (!notOurs.has(code)) throw cause;
    }
    if (above === dirname(above)) return;
  }
}

/**
 * Makes the names in a folder durable.
 * @throws LogError `poisoned` where the sync fails; otherwise the file system's errors
 */
export function syncFolder(folder: string): void {
  if (process.platform === "win32") return; // has no such thing
  const handle = openSync(folder, "r");
  try {
    fsyncSync(handle);
  } catch (cause) {
    throw poisoned(`cannot sync ${folder}`, cause);
  } finally {
    closeSync(handle);
  }
}
