// SPDX-License-Identifier: Apache-2.0
// Runs the tests: everything in one process, since unit tests are pure and a process each costs
// twenty times as much; then `*.proc.test.ts`, which start or crash processes, in one each.
// Arguments are file name parts to choose by (`npm test -- der`) or options of Node's test runner.
import { spawnSync } from "node:child_process";
import { globSync } from "node:fs";
import { availableParallelism } from "node:os";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));
const options = process.argv.slice(2).filter((arg) => arg.startsWith("-"));
const parts = process.argv.slice(2).filter((arg) => !arg.startsWith("-"));

const files = globSync(["packages/*/{src,test}/**/*.test.ts", "test/**/*.test.ts"], { cwd: root })
  .filter((file) => parts.length === 0 || parts.some((part) => file.includes(part)))
  .sort();
const isolated = files.filter((file) => file.endsWith(".proc.test.ts"));
const together = files.filter((file) => !file.endsWith(".proc.test.ts"));

const reporter = "--test-reporter=spec";
const width = `--test-concurrency=${availableParallelism()}`;
// The larger run comes last, so that its totals close the output, unless the first one failed.
const passed =
  (isolated.length === 0 || run([reporter, "--test-isolation=process", width], isolated)) &&
  (together.length === 0 || run([reporter, "--test-isolation=none"], together));
if (files.length === 0) console.error("no test file matches");
process.exitCode = files.length > 0 && passed ? 0 : 1;

function run(how: string[], chosen: string[]): boolean {
  const args = ["--test", ...how, ...options, ...chosen];
  return spawnSync(process.execPath, args, { cwd: root, stdio: "inherit" }).status === 0;
}
