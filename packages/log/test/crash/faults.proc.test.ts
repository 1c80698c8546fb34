// SPDX-License-Identifier: Apache-2.0
// A short run of what `npm run crash` does at length, on the embedded store and real files.
import assert from "node:assert/strict";
import { after, before, suite, test } from "node:test";
import {
  FaultWorld,
  type FaultKind,
  faultKinds,
  firstBundles,
  secondLevel,
} from "./fault-world.ts";
import { compileFaults, makeScratch, removeScratch, whyNoFaults } from "./preload.ts";
import { tryFaults } from "./rounds.ts";

const seed = 7;
const missing = whyNoFaults();
// Where everything must be tried, what is missing is a failure and no reason to skip.
const skip = process.env["CI"] === "true" ? false : (missing ?? false);

/** Tries of a kind: processes take a second each, a power cut is worked out in a tenth of one. */
const rounds = (kind: FaultKind): number => (kind.startsWith("power-cut") ? 4 : 1);

suite("faults of the disk under a log", { skip }, () => {
  let scratch: string;
  let library: string;
  before(() => {
    scratch = makeScratch();
    library = compileFaults(scratch);
  });
  after(() => removeScratch(scratch));

  test("none at any call loses, forks or changes anything around full bundles", async () => {
    const world = await FaultWorld.record(scratch, library, firstBundles);
    for (const kind of faultKinds) {
      const { tries, points } = await tryFaults(world, kind, { rounds: rounds(kind), seed });
      assert.ok(tries === rounds(kind), `${kind}: ${tries} of ${points}`);
    }
  });

  test("nor does a power cut where tiles of two levels end together", async () => {
    const world = await FaultWorld.record(scratch, library, secondLevel);
    const { tries, acknowledged } = await tryFaults(world, "power-cut-some", { rounds: 3, seed });
    assert.equal(tries, 3);
    assert.ok(acknowledged > 0);
  });
});
