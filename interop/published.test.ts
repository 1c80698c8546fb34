// SPDX-License-Identifier: Apache-2.0
// Schemathesis against `chancery up`: requests that fit the published OpenAPI and such that do not,
// and whether every answer is what the document says. CHANCERY_FUZZ_SEED makes another run.
import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { LogServer } from "./log-server.ts";
import { peer } from "./peers.ts";
import { writePublishedResults } from "./results.ts";
import { run } from "./run-peer.ts";

/** Of the run that is recorded. */
const seedRecorded = "1";
const seed = process.env["CHANCERY_FUZZ_SEED"] ?? seedRecorded;
const examplesMax = 15;
const secondsMax = 50;

/** Checks that an honest answer fails, and why. */
const notAsked = {
  positive_data_acceptance: "no schema says that a signature must verify",
  unsupported_method: "the gateway of Rekor v2 answers 501, not 405, and so do we",
};

/** 501: as above, and what is turned off. 431: texts that are too long for a header. */
const settings = `[checks]
not_a_server_error.expected-statuses = ["2xx", "3xx", "4xx", 501]
negative_data_rejection.expected-statuses = ["4xx", 501]
`;

const folder = mkdtempSync(join(tmpdir(), "chancery-published-"));
const log = new LogServer(join(folder, "server"));

before(() => log.start());
after(async () => {
  await log.kill();
  rmSync(folder, { recursive: true, force: true });
});

test("schemathesis finds no failure and no answer that is not described", () => {
  const config = join(folder, "schemathesis.toml");
  writeFileSync(config, settings);
  const bounds = ["--max-examples", String(examplesMax), "--max-time", String(secondsMax)];
  const what = ["--phases", "coverage,fuzzing", "--seed", seed, "--continue-on-failure"];
  const checks = ["--exclude-checks", Object.keys(notAsked).join(","), "--warnings", "off"];
  const document = `${log.url}/docs/openapi.json`;
  const { status, stdout, stderr } = run(
    peer("schemathesis").path,
    ["--config-file", config, "run", document, ...bounds, ...what, ...checks],
    { cwd: folder },
  );
  assert.equal(status, 0, stdout + stderr);
  const operations = Number(/Tested: (\d+)/.exec(stdout)?.[1]);
  const cases = Number(/(\d+) generated/.exec(stdout)?.[1]);
  assert.ok(operations >= 20 && cases >= 500, stdout);
  if (seed === seedRecorded) writePublishedResults({ operations, cases, seed, notAsked });
});
