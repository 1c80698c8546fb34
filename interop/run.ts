// SPDX-License-Identifier: Apache-2.0
// `npm run interop [-- name part …]`: brings the peers here and runs what is tried against them.
import { spawnSync } from "node:child_process";
import { globSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { allPeers } from "./peers.ts";

const root = fileURLToPath(new URL("..", import.meta.url));
const parts = process.argv.slice(2);
const files = globSync("interop/**/*.test.ts", { cwd: root })
  .filter((file) => parts.length === 0 || parts.some((part) => file.includes(part)))
  .sort();

try {
  for (const { name, version } of allPeers()) console.log(`${name.padEnd(16)} ${version}`);
  // One after the other: each starts many processes of its own.
  const how = ["--test", "--test-reporter=spec", "--test-concurrency=1"];
  const run = spawnSync(process.execPath, [...how, ...files], { cwd: root, stdio: "inherit" });
  process.exitCode = run.status === 0 && files.length > 0 ? 0 : 1;
} catch (cause) {
  console.error(`interop: ${(cause as Error).message}`);
  process.exitCode = 1;
}
