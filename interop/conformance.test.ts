// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { tmpdir } from "node:os";
import { fileURLToPath } from "node:url";
import { describe, test } from "node:test";
import { runConformance } from "./conformance.ts";
import { conformanceCases } from "./conformance-cases.ts";

const client = fileURLToPath(new URL("conformance-client", import.meta.url));
const cases = conformanceCases();

describe("the executable for the conformance suite", () => {
  test("answers all cases, by path and by digest, as the suite wants", async (t) => {
    if (cases.length === 0 && process.env["CI"] !== "true") return t.skip("no vectors");
    const results = await runConformance(cases);
    const failed = results.filter(({ passed }) => !passed);
    assert.deepEqual(
      failed.map(({ name, by, words }) => `${name} by ${by}: ${words}`),
      [],
    );
    assert.equal(results.length, 140);
  });

  test("takes any other command line for a mistake, from any directory", () => {
    const start = (...args: string[]): number | null =>
      spawnSync(client, args, { cwd: tmpdir(), encoding: "utf8" }).status;
    assert.equal(start(), 2);
    assert.equal(start("verify-bundle"), 2);
    assert.equal(start("verify-bundle", "--bundle", "b.json", "file"), 2);
    assert.equal(start("verify-bundle", "--frobnicate"), 2);
    assert.equal(start("sign-bundle", "--bundle", "b.json", "file"), 2);
    assert.equal(start("sign-bundle", "--identity-token", "t", "file"), 2);
  });
});
