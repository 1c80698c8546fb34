// SPDX-License-Identifier: Apache-2.0
import { resolve } from "node:path";
import type { Io } from "../framework/index.ts";

/** The path to open for one that was typed: relative ones start from the invocation's folder. */
export function pathOf(io: Io, typed: string): string {
  return io.cwd === process.cwd() ? typed : resolve(io.cwd, typed);
}

/** A word as a POSIX shell reads it back. */
export function shellWord(text: string): string {
  return /^[A-Za-z0-9_@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}

/** Where what is pending of a bundle's log entries is kept. */
export function pendingFileOf(bundle: string): string {
  return `${bundle}.pending.json`;
}
