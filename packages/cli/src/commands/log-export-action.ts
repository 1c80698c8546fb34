// SPDX-License-Identifier: Apache-2.0
import { exportTree } from "@chancery/log";
import { pathOf } from "../files/index.ts";
import type { Invocation } from "../framework/index.ts";
import { withStored } from "../kept-logs/index.ts";

export interface LogExportFlags {
  readonly vkey?: string;
  readonly timeout: string;
}

/** Writes a stored log as a static tree, and prints its size and how much was written. */
export async function logExportAction(invocation: Invocation<LogExportFlags>): Promise<void> {
  const { args, flags, io, report } = invocation;
  const [directory, folder] = args as readonly [string, string];
  const written = await withStored(directory, flags.vkey, invocation, async (stored) => {
    const { store, log, isMirror } = stored;
    const mirror = isMirror || log === undefined;
    const exported = await exportTree(store, log, pathOf(io, folder), { mirror });
    return { origin: log?.origin ?? null, ...exported };
  });
  const { size, checkpointSize, files } = written;
  const text = `Exported ${size} entries to ${folder}: ${files} files written\n`;
  report.result({ ...written, folder }, text);
  if (checkpointSize === size) return;
  report.warn(
    `the mirror has ${size} of ${checkpointSize} entries: without the others there is no ` +
      "checkpoint to export; go on with log follow",
  );
}
