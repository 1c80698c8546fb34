// SPDX-License-Identifier: Apache-2.0
// What a process that logs tells on its standard output: a line for each answer that it got.
import { concatBytes, decodeBase64, encodeBase64 } from "@chancery/formats/bytes";
import { readCheckpoint } from "../../src/engine/index.ts";
import type { Receipt } from "../../src/index.ts";
import { log, type Witnesses } from "../world.ts";

/** A receipt for the entry of a number, as a line. */
export function answerLine(number: number, receipt: Receipt): string {
  const { index, timeMs, duplicate, proof, head } = receipt;
  const checkpoint = encodeBase64(head.checkpoint);
  const place = [number, index, timeMs, duplicate ? 1 : 0, head.size];
  return `${[...place, checkpoint, encodeBase64(concatBytes(...proof))].join(" ")}\n`;
}

/**
 * Verifies an answer as a client does, and has the witnesses remember it.
 * @returns undefined for a line that is none
 */
export function takeAnswer(
  line: string,
  told: Witnesses,
): { readonly number: number; readonly duplicate: boolean } | undefined {
  const fields = line.split(" ");
  if (fields.length !== 7 || !/^\d+$/.test(fields[0] ?? "")) return undefined;
  const [number = 0, index = 0, timeMs = 0, repeated = 0, size = 0] = fields
    .slice(0, 5)
    .map(Number);
  const checkpoint = decodeBase64(fields[5] ?? "");
  const { rootHash } = readCheckpoint(checkpoint, log).checkpoint;
  const duplicate = repeated === 1;
  const item = { index, timeMs, duplicate, proof: decodeBase64(fields[6] ?? "") };
  told.take([number], { head: { size, rootHash, timeMs, checkpoint }, items: [item] });
  return { number, duplicate };
}
