// SPDX-License-Identifier: Apache-2.0
import { takeRootOffline } from "@chancery/server";
import type { Invocation } from "../framework/index.ts";
import { pathOf } from "../files/index.ts";

export interface TrustRootOfflineFlags {
  readonly data: string;
}

/** Moves the root key of a stack to a folder. */
export async function trustRootOfflineAction({
  args,
  flags,
  io,
  report,
}: Invocation<TrustRootOfflineFlags>): Promise<void> {
  const [folder = ""] = args;
  const dataDirectory = pathOf(io, flags.data);
  const files = await takeRootOffline({ dataDirectory }, pathOf(io, folder));
  report.result({ files: [...files] });
  for (const file of files) report.say(`Root key moved to ${file}`);
  report.say("Copy it to a second medium, and remove it from backups of the data directory");
}
