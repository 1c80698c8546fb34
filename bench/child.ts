// SPDX-License-Identifier: Apache-2.0
import { spawnSync } from "node:child_process";

/** What a process took from start to end. */
export interface ChildCost {
  readonly status: number;
  readonly wallMs: number;
  readonly cpuMs: number;
  /** Largest resident set. */
  readonly rssBytes: number;
  readonly output: string;
}

// Node cannot ask what a child used; the system can (wait4), and Python asks it.
const script = `
import json, os, resource, subprocess, sys, time
start = time.monotonic()
child = subprocess.run(sys.argv[1:], stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
wall = time.monotonic() - start
used = resource.getrusage(resource.RUSAGE_CHILDREN)
print(json.dumps({"status": child.returncode, "wallMs": wall * 1000,
  "cpuMs": (used.ru_utime + used.ru_stime) * 1000, "rssBytes": used.ru_maxrss * 1024,
  "output": child.stdout.decode(errors="replace")[-2000:]}))
`;

/**
 * Runs a program that must succeed.
 * @throws Error with what it said, or where Python is missing
 */
export function costOf(
  program: string,
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): ChildCost {
  const run = spawnSync("python3", ["-c", script, program, ...args], {
    encoding: "utf8",
    env: { ...process.env, ...env },
  });
  if (run.error !== undefined || run.status !== 0) {
    throw run.error ?? new Error(`python3: ${run.stderr}`);
  }
  const cost = JSON.parse(run.stdout) as ChildCost;
  if (cost.status !== 0) throw new Error(`${program} ${args.join(" ")}: ${cost.output.trim()}`);
  return cost;
}
