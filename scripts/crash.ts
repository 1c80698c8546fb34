// SPDX-License-Identifier: Apache-2.0
// `npm run crash -- [--rounds N] [--seed S] [--faults kind,kind] [--write]`: everything that can go
// wrong under a log, and after each the log is held to all that it had told.
//
// `kill` kills a process that logs as fast as it can at random moments, again and again over one
// log. All others log a fixed history once for each round, with one fault at one call, the calls
// chosen evenly: around the first full bundles, and where tiles of two levels end together. Power
// cuts are worked out and not waited for: ten of them count as one round.
//
// Prints counts; ends at the first promise that was not kept, and leaves the folder for inspection.
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { writeSection } from "../bench/results.ts";
import {
  type FaultKind,
  faultKinds,
  FaultWorld,
  firstBundles,
  secondLevel,
} from "../packages/log/test/crash/fault-world.ts";
import { KillWorld } from "../packages/log/test/crash/kill-world.ts";
import {
  compileFaults,
  makeScratch,
  removeScratch,
  whyNoFaults,
} from "../packages/log/test/crash/preload.ts";
import { type FaultCounts, tryFaults } from "../packages/log/test/crash/rounds.ts";

const powerCutsPerRound = 10;

/** What stands above the table in RESULTS.md. */
const intro = `One fault at one call of a history, the calls chosen evenly from all there are; after each try
every acknowledged entry was there and proven against a later checkpoint, all checkpoints ever told
were consistent, no object had other bytes than before, the log went on over the next full bundle,
and fsck found nothing (sizes 255 to 257 and kill; it takes too long where there are 65,530 entries
before). Failed syncs lose what was not synced for good; after a power cut there is what was synced
(power-cut), and any sectors of the rest (power-cut-some). A process that ended with a code refused
to go on.`;

const { values } = parseArgs({
  options: {
    rounds: { type: "string", default: "20" },
    seed: { type: "string", default: String(Date.now() % 1_000_000) },
    faults: { type: "string", default: ["kill", ...faultKinds].join() },
    write: { type: "boolean", default: false },
  },
});
const rounds = Number(values.rounds);
const seed = Number(values.seed);
const asked = values.faults.split(",");
const unknown = asked.filter((kind) => kind !== "kill" && !isFaultKind(kind));
const chosen = asked.filter(isFaultKind);
if (unknown.length > 0 || !(rounds > 0)) {
  console.error(`--faults are of kill, ${faultKinds.join(", ")}; --rounds is a number from 1`);
  process.exitCode = 2;
} else await run();

async function run(): Promise<void> {
  const scratch = makeScratch();
  console.log(`${rounds} rounds with --seed ${seed}, in ${scratch}`);
  const lines: string[] = [];
  if (asked.includes("kill")) lines.push(await killRounds(join(scratch, "killed")));
  const missing = chosen.length > 0 ? whyNoFaults() : undefined;
  if (missing === undefined) lines.push(...(await faultRounds(scratch)));
  else {
    console.error(`faults are left out: ${missing}`);
    process.exitCode = 1;
  }
  removeScratch(scratch);
  if (values.write) {
    const what = "| fault | history | tries | of | processes ended | entries acknowledged |";
    const table = [what, "|---|---|---:|---:|---|---:|", ...lines].join("\n");
    const faults = asked.length > faultKinds.length ? "" : ` --faults ${values.faults}`;
    const command = `npm run crash -- --rounds ${rounds} --seed ${seed}${faults} --write`;
    writeSection("crash", command, intro, table);
  }
}

async function killRounds(folder: string): Promise<string> {
  mkdirSync(folder);
  const world = new KillWorld(folder, seed);
  let counts = await world.round();
  for (let round = 1; round < rounds; round++) counts = await world.round();
  const { killed, acknowledged, duplicates, size, checkpoints } = counts;
  console.log(
    `kill: ${killed} of ${rounds} killed, ${acknowledged} entries acknowledged, ` +
      `${duplicates} retries, ${size} entries logged, ${checkpoints} checkpoints seen`,
  );
  const ends = `killed ${killed}, done ${rounds - killed}`;
  return `| kill | under load, one log | ${rounds} | | ${ends} | ${acknowledged} |`;
}

async function faultRounds(scratch: string): Promise<string[]> {
  const library = compileFaults(scratch);
  const lines: string[] = [];
  for (const history of [firstBundles, secondLevel]) {
    const folder = join(scratch, history.name.replaceAll(" ", "-"));
    mkdirSync(folder);
    const world = await FaultWorld.record(folder, library, history);
    for (const kind of chosen) {
      const many = kind.startsWith("power-cut") ? rounds * powerCutsPerRound : rounds;
      const counts = await tryFaults(world, kind, { rounds: many, seed });
      report(`${kind}, sizes ${history.name}`, counts);
      const { tries, points, acknowledged, ends } = counts;
      const cells = [kind, `sizes ${history.name}`, tries, points, listed(ends), acknowledged];
      lines.push(`| ${cells.join(" | ")} |`);
    }
  }
  return lines;
}

function report(name: string, { tries, points, acknowledged, ends, hits }: FaultCounts): void {
  console.log(
    `${name}: ${tries} tries at ${points} points, ${acknowledged} entries acknowledged; ` +
      `processes ended: ${listed(ends)}; every promise kept`,
  );
  console.log(`    hit: ${listed(hits)}`);
}

/** Such as `done 7, killed 3`. */
function listed(counts: ReadonlyMap<string, number>): string {
  const sorted = [...counts].sort(([, a], [, b]) => b - a);
  return sorted.map(([name, count]) => `${name} ${count}`).join(", ");
}

function isFaultKind(kind: string): kind is FaultKind {
  return (faultKinds as readonly string[]).includes(kind);
}
