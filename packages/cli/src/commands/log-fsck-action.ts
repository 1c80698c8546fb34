// SPDX-License-Identifier: Apache-2.0
import { encodeHex } from "@chancery/formats/bytes";
import { fsck } from "@chancery/log";
import { attestationProblem } from "@chancery/server";
import { exitCodes, type Invocation } from "../framework/index.ts";
import { withStored } from "../kept-logs/index.ts";

export interface LogFsckFlags {
  readonly vkey?: string;
  readonly timeout: string;
}

/** Proves a stored log and prints what was proven, and all that is wrong. */
export async function logFsckAction(
  invocation: Invocation<LogFsckFlags>,
): Promise<number | undefined> {
  const { args, flags, report } = invocation;
  const directory = args[0] as string;
  const { log, found } = await withStored(directory, flags.vkey, invocation, async (stored) => {
    const { store, log, isMirror } = stored;
    const mirror = isMirror || log === undefined;
    return {
      log,
      found: await fsck(store, log, { mirror, attachmentProblem: attestationProblem }),
    };
  });
  const { problems } = found;
  const json = {
    ok: problems.length === 0,
    origin: log?.origin ?? null,
    size: found.size,
    rootHash: encodeHex(found.rootHash),
    entries: found.entries,
    tiles: found.tiles,
    records: found.records,
    signatureChecked: found.signatureChecked,
    problems,
  };
  const text = [
    `Origin:     ${json.origin ?? "not checked"}`,
    `Size:       ${json.size}`,
    `Root hash:  ${json.rootHash}`,
    `Entries:    ${json.entries} proven up to the root`,
    `Tiles:      ${json.tiles} made anew and compared`,
    `Index:      ${json.records} records compared`,
    `Signature:  ${json.signatureChecked ? "verified" : "not checked"}`,
    "",
  ];
  report.result(json, text.join("\n"));
  if (json.ok) return undefined;
  for (const problem of problems) report.say(`${directory}: ${problem}`);
  const count = problems.length === 1 ? "1 problem" : `${problems.length} problems`;
  report.say(`${count} found: restore what is named from a copy; for index/, run log reindex`);
  return exitCodes.refused;
}
