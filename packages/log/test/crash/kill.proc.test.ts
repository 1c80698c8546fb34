// SPDX-License-Identifier: Apache-2.0
// A short run of what `npm run crash` does at length.
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { KillWorld } from "./kill-world.ts";

test("a log whose process is killed has kept every promise that it made", async () => {
  const folder = mkdtempSync(join(tmpdir(), "chancery-crash-"));
  const world = new KillWorld(folder, 7);
  let acknowledged = 0;
  for (let round = 0; round < 5; round++) ({ acknowledged } = await world.round());
  assert.ok(acknowledged > 0, "nothing was logged: the times do not fit this machine");
  rmSync(folder, { recursive: true });
});
