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
  const written = await withStored(directory, flags.vkey, invocation, async ({ store, log }) => ({
    origin: log?.origin ?? null,
    ...(await exportTree(store, log, pathOf(io, folder))),
  }));
  const { size, files } = written;
  const text = `Exported ${size} entries to ${folder}: ${files} files written\n`;
  report.result({ ...written, folder }, text);
}
