// SPDX-License-Identifier: Apache-2.0
// Compiles faults.c, and runs processes with it.
import { spawn, spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, realpathSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const source = fileURLToPath(new URL("faults.c", import.meta.url));
const writer = fileURLToPath(new URL("script-writer.ts", import.meta.url));

/** Longest that a process may take; one that waits for something lost never ends. */
const runMsMax = 60_000;

/** Why faults cannot be made on this machine, undefined where they can. */
export function whyNoFaults(): string | undefined {
  if (process.platform !== "linux") return "faults are made with LD_PRELOAD, which is for Linux";
  const { status } = spawnSync("cc", ["--version"], { stdio: "ignore" });
  return status === 0 ? undefined : "no C compiler (cc) is installed";
}

/**
 * Makes a folder for many small logs. In memory where that is possible: what a disk would have kept
 * is worked out, so that waiting for one to sync shows nothing.
 */
export function makeScratch(): string {
  const memory = "/dev/shm";
  const parent = existsSync(memory) ? memory : tmpdir();
  return realpathSync(mkdtempSync(join(parent, "chancery-faults-")));
}

/** Removes such a folder. */
export function removeScratch(scratch: string): void {
  rmSync(scratch, { recursive: true });
}

/** Compiles faults.c into a folder. @returns the library's path */
export function compileFaults(folder: string): string {
  const library = join(folder, "faults.so");
  const args = ["-shared", "-fPIC", "-O1", "-Wall", "-Werror", "-o", library, source, "-lpthread"];
  const { status, stderr } = spawnSync("cc", args, { encoding: "utf8" });
  if (status !== 0) throw new Error(`faults.c cannot be compiled: ${stderr}`);
  return library;
}

/** How one process runs. */
export interface PreloadedRun {
  readonly library: string;
  /** Below which calls are recorded and hit. */
  readonly root: string;
  readonly journal: string;
  /** FAULT_… variables of faults.c. */
  readonly fault: Readonly<Record<string, string>>;
  /** Arguments of script-writer.ts. */
  readonly args: readonly string[];
}

/** Runs script-writer.ts. @returns the signal that ended it, undefined where it ended by itself */
export async function runWriter(run: PreloadedRun): Promise<NodeJS.Signals | undefined> {
  const env = {
    ...process.env,
    ...run.fault,
    LD_PRELOAD: run.library,
    FAULT_ROOT: run.root,
    FAULT_JOURNAL: run.journal,
    // One thread for files, so that runs are as alike as possible.
    UV_THREADPOOL_SIZE: "1",
  };
  const child = spawn(process.execPath, [writer, ...run.args], {
    env,
    stdio: ["ignore", "ignore", "pipe"],
  });
  const timer = setTimeout(() => child.kill("SIGTERM"), runMsMax);
  let complaints = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => (complaints += text));
  const [code, signal] = await new Promise<[number | null, NodeJS.Signals | null]>((resolve) => {
    child.once("close", (...how) => resolve(how));
  });
  clearTimeout(timer);
  if (code === 0) return undefined;
  if (signal === "SIGKILL") return signal;
  throw new Error(`the process ended with ${signal ?? code}: ${complaints}`);
}
