// SPDX-License-Identifier: Apache-2.0
// What must hold of a log in a folder, whatever happened to the process that wrote it.
import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fsck } from "../../src/index.ts";
import { EmbeddedStore } from "../../src/store/index.ts";
import { checkTiles, entryOf, log, openEngine, type Witnesses } from "../world.ts";

/** How thoroughly to look. */
export interface OracleOptions {
  /** Objects that had their names before, with their bytes. */
  readonly everNamed?: ReadonlyMap<string, Uint8Array>;
  /** Whether to prove all entries anew, and all tiles: it takes as long as the log is large. */
  readonly whole: boolean;
}

/** Entries that are logged after a crash: over the next full bundle. */
const goOnCount = 260;

/**
 * Holds a log to everything that was told of it, has it go on, and does so again. The folder is
 * changed.
 * @throws AssertionError for a promise that was not kept; LogError where the log does not open
 */
export async function checkLog(
  folder: string,
  told: Witnesses,
  { everNamed = new Map(), whole }: OracleOptions,
): Promise<void> {
  const engine = await openEngine(await EmbeddedStore.open(folder), { now: Date.now });
  await told.check(engine);
  const numbers = Array.from({ length: goOnCount }, (_, i) => 1_000_000 + i);
  told.take(numbers, await engine.append(numbers.map(entryOf)));
  await told.check(engine);
  if (whole) await checkTiles(engine);
  await engine.close();
  if (whole) await checkWhole(folder);
  for (const [name, bytes] of everNamed) {
    const path = join(folder, "objects", name);
    if (existsSync(path)) assert.ok(readFileSync(path).equals(bytes), `${name} has changed`);
  }
}

/** As `chancery log fsck` does. */
async function checkWhole(folder: string): Promise<void> {
  const store = await EmbeddedStore.open(folder);
  try {
    assert.deepEqual((await fsck(store, log)).problems, []);
  } finally {
    await store.close();
  }
}
