// SPDX-License-Identifier: Apache-2.0
import manifest from "../../package.json" with { type: "json" };
import { type Invocation, outputVersion } from "../framework/index.ts";

export interface VersionFlags {
  readonly json: boolean;
}

/** Prints what runs here. */
export async function versionAction({ flags, report }: Invocation<VersionFlags>): Promise<void> {
  const { version } = manifest;
  const node = process.version;
  const platform = `${process.platform}/${process.arch}`;
  const json = { name: "chancery", chanceryVersion: version, node, platform };
  if (flags.json && report.format !== "json") {
    report.stdout.write(`${JSON.stringify({ version: outputVersion, ...json })}\n`);
  } else {
    report.result(json, `chancery ${version} (Node.js ${node}, ${platform})\n`);
  }
}
