// SPDX-License-Identifier: Apache-2.0
// What faults.c writes down about a process: its changes of files, in the order of their effect.
import { existsSync, readFileSync } from "node:fs";

/** A letter of faults.c. */
export type Operation = "A" | "C" | "D" | "F" | "G" | "M" | "R" | "S" | "T" | "U" | "W";

/** One call. */
export interface Call {
  readonly operation: Operation;
  /** The errno that was answered, 0 where it went well. */
  readonly error: number;
  readonly inode: bigint;
  /** Where a write begins, or the size that a file is cut to. */
  readonly offset: number;
  readonly path: string;
  /** The new path of what is renamed. */
  readonly target: string;
  /** What was written, or for `F` the operation that is hit. */
  readonly data: Buffer;
}

/** Reads a journal; what a crash cut off at its end is left out. */
export function readJournal(path: string): Call[] {
  const bytes = existsSync(path) ? readFileSync(path) : Buffer.alloc(0);
  const calls: Call[] = [];
  for (let at = 0; at + 4 <= bytes.length;) {
    const end = at + 4 + bytes.readUInt32LE(at);
    if (end > bytes.length) break;
    const pathEnd = at + 27 + bytes.readUInt16LE(at + 25);
    const targetEnd = pathEnd + 2 + bytes.readUInt16LE(pathEnd);
    calls.push({
      operation: String.fromCharCode(bytes.readUInt8(at + 4)) as Operation,
      error: bytes.readInt32LE(at + 5),
      inode: bytes.readBigUInt64LE(at + 9),
      offset: Number(bytes.readBigUInt64LE(at + 17)),
      path: bytes.toString("utf8", at + 27, pathEnd),
      target: bytes.toString("utf8", pathEnd + 2, targetEnd),
      data: bytes.subarray(targetEnd, end),
    });
    at = end;
  }
  return calls;
}
