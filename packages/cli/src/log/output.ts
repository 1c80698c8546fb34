// SPDX-License-Identifier: Apache-2.0
import type { LogFlags } from "../flags/index.ts";
import { CliError, type Invocation, type JsonResult } from "../framework/index.ts";
import { bytesEqual } from "@chancery/formats/bytes";
import type { RekorV1Entry } from "@chancery/sign/rekor";
import type { Proposal } from "./proposal/index.ts";

/**
 * Prints a result: as rekor-cli words it, as its JSON with `--format json`, or with `--output json`
 * as all our JSON.
 * @param json members in rekor-cli's names.
 */
export function emit(
  json: JsonResult,
  text: string,
  { flags, report }: Pick<Invocation<LogFlags>, "flags" | "report">,
): void {
  report.result(json, flags.format === "json" ? `${JSON.stringify(json)}\n` : text);
}

/**
 * Refuses an entry that is not what was asked about.
 * @throws CliError `log-entry-mismatch`
 */
export function checkStored(
  { id, entry }: RekorV1Entry,
  { body }: Proposal,
  { report }: Pick<Invocation<unknown>, "report">,
): void {
  if (body === undefined) {
    report.warn("of this kind only the log knows what it stores: its contents were not compared");
  } else if (!bytesEqual(entry.canonicalizedBody, body)) {
    throw new CliError(
      "refused",
      "log-entry-mismatch",
      `entry ${id}: returned entry does not match provided artifact inputs`,
      { hint: "do not rely on this log before its operator explains that" },
    );
  }
}
