// SPDX-License-Identifier: Apache-2.0
// `npm run crash -- [--rounds N] [--seed S]`: kills a process that logs, at random moments, and
// holds the log to everything that it had told before it died. Prints counts; fails at the first
// promise that was not kept, and then leaves the folder for inspection.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { CrashWorld } from "../packages/log/test/crash-world.ts";

const { values } = parseArgs({
  options: {
    rounds: { type: "string", default: "20" },
    seed: { type: "string", default: String(Date.now() % 1_000_000) },
  },
});
const rounds = Number(values.rounds);
const folder = mkdtempSync(join(tmpdir(), "chancery-crash-"));
console.log(`${rounds} rounds with --seed ${values.seed}, in ${folder}`);

const world = new CrashWorld(folder, Number(values.seed));
for (let round = 1; round <= rounds; round++) {
  const { killed, acknowledged, duplicates, size, checkpoints } = await world.round();
  if (round % 10 !== 0 && round !== rounds) continue;
  console.log(
    `after ${round}: ${killed} killed, ${acknowledged} entries acknowledged, ${duplicates} retries, ` +
      `${size} entries logged, ${checkpoints} checkpoints seen; every promise kept`,
  );
}
rmSync(folder, { recursive: true });
