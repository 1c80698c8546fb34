// SPDX-License-Identifier: Apache-2.0
import { LogError } from "../../errors.ts";

/** Something failed that may succeed later, such as a full disk. */
export function storageError(what: string, cause: unknown): LogError {
  const hint = "free space or mend the disk; what was acknowledged is safe";
  return new LogError("storage", `${what}: ${words(cause)}`, hint, { cause });
}

/**
 * A sync failed: the kernel may have dropped the pages and will report success the next time
 * (the fsync trap), so nothing that is read from its cache proves anything any more.
 */
export function poisoned(what: string, cause: unknown): LogError {
  const hint = "restart the machine, check the disk, run log fsck, then remove the file `poisoned`";
  return new LogError("poisoned", `${what}: ${words(cause)}`, hint, { cause });
}

/** Whether a file system's error says that there is no such file. */
export function isMissing(cause: unknown): boolean {
  const { code } = cause as { code?: unknown };
  return code === "ENOENT" || code === "ENOTDIR" || code === "EISDIR";
}

function words(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause);
}
