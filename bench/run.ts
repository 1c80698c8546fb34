// SPDX-License-Identifier: Apache-2.0
// `npm run bench [-- name …] [--json] [--large] [--write]`: figures of ours beside a peer's, of one
// run; with --write they go into RESULTS.md, where the sections of other benches stay.
import { parseArgs } from "node:util";
import type { Bench, Figure } from "./bench.ts";
import { certificatesBench } from "./certificates.ts";
import { commandBench } from "./command.ts";
import { ctBench } from "./ct.ts";
import { digestBench } from "./digest.ts";
import { fileBench } from "./file.ts";
import { keylessBench } from "./keyless.ts";
import { logBench } from "./log-engine.ts";
import { logHttpBench } from "./log-http.ts";
import { markdown, number, writeFiles, writeResults } from "./results.ts";
import { timestampsBench } from "./timestamps.ts";
import { upBench } from "./up.ts";
import { verifyBench } from "./verify.ts";

const benches: readonly Bench[] = [
  verifyBench,
  commandBench,
  keylessBench,
  digestBench,
  fileBench,
  logBench,
  logHttpBench,
  ctBench,
  upBench,
  certificatesBench,
  timestampsBench,
];

const { values, positionals } = parseArgs({
  options: {
    json: { type: "boolean", default: false },
    large: { type: "boolean", default: false },
    write: { type: "boolean", default: false },
  },
  allowPositionals: true,
});
/** `log` asks for `log-engine` and `log-http`. */
const isAsked = (name: string, bench: Bench): boolean =>
  bench.name === name || bench.name.startsWith(`${name}-`);
const unknown = positionals.filter((name) => !benches.some((bench) => isAsked(name, bench)));
if (unknown.length > 0) {
  const known = benches.map(({ name, what }) => `  ${name.padEnd(10)} ${what}`).join("\n");
  console.error(`no bench is called ${unknown.join(", ")}; there are\n${known}`);
  process.exitCode = 2;
} else {
  const chosen = benches.filter(
    (bench) => positionals.length === 0 || positionals.some((name) => isAsked(name, bench)),
  );
  const sections = new Map<string, string>();
  for (const bench of chosen) {
    const section = await report(bench);
    if (section !== "") sections.set(bench.name, section);
  }
  const order = benches.map(({ name }) => name);
  const asked = values.large ? [...positionals, "--large"] : positionals;
  if (values.write) writeResults(sections, { order, asked });
}

/** Runs and prints one. @returns it as a section of RESULTS.md. */
async function report(bench: Bench): Promise<string> {
  let figures: Figure[];
  try {
    figures = await bench.run({ large: values.large });
  } catch (cause) {
    console.error(`${bench.name}: ${(cause as Error).message}`);
    process.exitCode = 1;
    return "";
  }
  if (values.write && bench.more) writeFiles(bench.more(figures).files);
  if (values.json) {
    for (const figure of figures) console.log(JSON.stringify(figure));
    return markdown(bench, figures);
  }
  console.log(`\n${bench.name}: ${bench.what}`);
  for (const { bench: name, unit, ours, median, peer, peer_name, ratio, note } of figures) {
    const mine = `${number(ours)}${median === undefined ? "" : ` (median ${number(median)})`}`;
    const theirs = `${number(peer)} ${peer_name}`;
    console.log(
      `  ${name}\n    ${mine} ${unit}; ${theirs}; ratio ${ratio}${note ? `; ${note}` : ""}`,
    );
  }
  return markdown(bench, figures);
}
