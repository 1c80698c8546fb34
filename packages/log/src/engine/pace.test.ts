// SPDX-License-Identifier: Apache-2.0
// A producer that is faster than the objects can be written.
import assert from "node:assert/strict";
import { test } from "node:test";
import { FaultyStore, MemoryDisk } from "../../test/faulty-store.ts";
import { entryOf, openEngine, Witnesses } from "../../test/world.ts";
import { LogError } from "../errors.ts";
import type { EngineLimits } from "./index.ts";
import type { EngineState } from "./state.ts";
import { tailExcess } from "./materialise.ts";

const limits = {
  tailEntriesMin: 256,
  tailEntriesSlow: 512,
  tailEntriesMax: 2048,
  pauseMsMax: 2,
  publishIntervalMs: 0,
  commitEntriesMax: 100,
  bundlesAtOnceMax: 1,
} satisfies Partial<EngineLimits>;

/** A store whose every put of objects takes many turns, as those of a slow disk do. */
function slowStore(disk: MemoryDisk): FaultyStore {
  const store = new FaultyStore(disk);
  const put = store.objects.put.bind(store.objects);
  store.objects.put = async (objects) => {
    for (let turns = 0; turns < 200; turns++) await new Promise(setImmediate);
    await put(objects);
  };
  return store;
}

test("whoever waits for answers is slowed down and never refused, and the tail stays short", async () => {
  const disk = new MemoryDisk();
  const engine = await openEngine(slowStore(disk), { limits });
  const told = new Witnesses(97);
  let longest = 0;
  let next = 0;
  const caller = async (): Promise<void> => {
    while (next < 12_000) {
      const numbers = Array.from({ length: 50 }, () => next++);
      told.take(numbers, await engine.append(numbers.map(entryOf)));
      const { size, bodySize } = engine.metrics;
      longest = Math.max(longest, size - bodySize);
    }
  };
  await Promise.all(Array.from({ length: 20 }, caller));
  assert.ok(longest > limits.tailEntriesSlow, `${longest} entries in the tail`);
  assert.ok(longest <= limits.tailEntriesMax + limits.commitEntriesMax, `${longest} in the tail`);
  assert.ok(engine.metrics.heldBackMs > 0);
  await told.check(engine);
  await engine.close();
});

test("whoever does not wait is refused when the queue is full, and nothing else is lost", async () => {
  const engine = await openEngine(slowStore(new MemoryDisk()), {
    limits: { ...limits, queueEntriesMax: 500 },
  });
  const told = new Witnesses(97);
  let refused = 0;
  const answers = Array.from({ length: 100 }, async (_, i) => {
    const numbers = Array.from({ length: 50 }, (__, n) => i * 50 + n);
    try {
      told.take(numbers, await engine.append(numbers.map(entryOf)));
    } catch (cause) {
      assert.ok(cause instanceof LogError && cause.code === "overloaded");
      refused++;
    }
  });
  await Promise.all(answers);
  assert.ok(refused > 0 && refused < 100, `${refused} of 100 refused`);
  assert.equal(engine.reader.head().size, (100 - refused) * 50);
  await told.check(engine);
  await engine.close();
});

test("the pause grows from where commits are slowed down to where they wait", () => {
  const all = {
    ...limits,
    tailBytesMin: 100,
    tailBytesSlow: 1000,
    tailBytesMax: 3000,
  } as unknown as EngineLimits;
  const excess = (entries: number, sizeBytes: number): number => {
    const state = { head: { size: entries }, body: { edge: { size: 0 } }, tail: { sizeBytes } };
    return tailExcess(state as unknown as EngineState, all);
  };
  assert.equal(excess(512, 1000), 0);
  assert.equal(excess(1280, 1000), 0.5);
  assert.equal(excess(512, 2500), 0.75);
  assert.equal(excess(2048, 0), 1);
  assert.equal(excess(9999, 0), 1);
  // Nothing could be shortened: the entries are few and large.
  assert.equal(excess(255, 9999), 0);
});
