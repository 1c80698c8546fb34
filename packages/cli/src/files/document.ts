// SPDX-License-Identifier: Apache-2.0
import type { Invocation, JsonResult } from "../framework/index.ts";
import { allowOutput, writeOutput } from "./output.ts";

/** Where a command puts the one document it makes. */
export interface DocumentFlags {
  readonly out?: string;
  readonly yes: boolean;
}

type Needs = Pick<Invocation<DocumentFlags>, "flags" | "io" | "report">;

/** Makes sure that the document may be written, before anything else is done. @throws CliError */
export async function allowDocument({ flags, io }: Needs): Promise<void> {
  if (flags.out !== undefined) await allowOutput(flags.out, flags.yes, { io });
}

/**
 * Writes the document to the file of `--out`, else to standard output.
 * @param text the whole file; on standard output a line end is added where it has none.
 * @param json the result with `--output json`; the file's name is added.
 * @param mode of the file.
 */
export async function emitDocument(
  text: string,
  json: JsonResult,
  mode: number,
  { flags, io, report }: Needs,
): Promise<void> {
  const { out } = flags;
  if (out === undefined) {
    report.result(json, text.endsWith("\n") ? text : `${text}\n`);
    return;
  }
  await writeOutput(out, text, { io }, mode);
  report.say(`Written to ${out}`);
  report.result({ ...json, out });
}
