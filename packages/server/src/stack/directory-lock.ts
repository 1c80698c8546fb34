// SPDX-License-Identifier: Apache-2.0
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { StackError } from "./errors.ts";

/** Holds a data directory until it is released or the process ends, however it ends. */
export interface DirectoryLock {
  release(): void;
}

/**
 * Takes a data directory for this process. The lock is SQLite's, on a database without content: it
 * goes with the process, so that nothing is left after a crash. Not for network file systems.
 *
 * @throws StackError `in-use`, naming the holder
 */
export function lockDirectory(directory: string): DirectoryLock {
  const holderPath = join(directory, "holder.json");
  const database = new DatabaseSync(join(directory, "chancery.lock"));
  try {
    database.exec("PRAGMA locking_mode = EXCLUSIVE; PRAGMA busy_timeout = 0; BEGIN EXCLUSIVE");
  } catch (cause) {
    database.close();
    const message =
      `${directory} is in use by ${describeHolder(holderPath)}: ` +
      "stop that one, or choose another data directory";
    throw new StackError("in-use", message, { cause });
  }
  const holder = { pid: process.pid, host: hostname(), since: new Date().toISOString() };
  writeFileSync(holderPath, `${JSON.stringify(holder)}\n`);
  return { release: () => database.close() };
}

/**
 * Does something in the data directory of a stack while no other process has it.
 * @throws StackError `identity` where there is no such directory; `in-use`
 */
export async function whileStopped<Result>(
  directory: string,
  run: () => Promise<Result>,
): Promise<Result> {
  if (!existsSync(directory)) {
    throw new StackError("identity", `there is no directory ${directory}`);
  }
  const lock = lockDirectory(directory);
  try {
    return await run();
  } finally {
    lock.release();
  }
}

function describeHolder(path: string): string {
  try {
    const holder = JSON.parse(readFileSync(path, "utf8")) as Record<string, unknown>;
    const { pid, host, since } = holder;
    return `process ${String(pid)} on ${String(host)} (since ${String(since)})`;
  } catch {
    return "another process"; // it has just begun and not said yet who it is
  }
}
