// SPDX-License-Identifier: Apache-2.0
// Every writing step of the store fails or is the last one before a crash, in every way there is.
import assert from "node:assert/strict";
import { test } from "node:test";
import { bytesEqual } from "@chancery/formats/bytes";
import { leafHash, verifyInclusion } from "@chancery/formats/merkle";
import {
  type Fault,
  type FaultPlan,
  faults,
  FaultyStore,
  MemoryDisk,
} from "../../test/faulty-store.ts";
import { checkTiles, entryOf, openEngine, Witnesses } from "../../test/world.ts";
import { LogError } from "../errors.ts";
import type { LogEngine } from "./index.ts";

/** Sizes of the appends of one run: over a full bundle, to one exactly, and a merge of runs. */
const plan = [3, 252, 1, 1, 254, 1, 260, 300];

/** Appends until the log or the process ends, or all is done. Numbers may be used again. */
async function run(
  store: FaultyStore,
  told: Witnesses,
  sizes: readonly number[] = plan,
  first = 0,
): Promise<LogEngine | undefined> {
  const opening = openEngine(store);
  const engine = await Promise.race([opening.catch(asLogError), store.death]);
  if (!engine || engine instanceof LogError) return undefined;
  let next = first;
  for (const count of sizes) {
    const numbers = Array.from({ length: count }, (_, i) => next + i);
    next += count;
    // Twice, as a client would: after an error the entry may be logged or not.
    for (let attempt = 0; attempt < 2; attempt++) {
      const appending = engine.append(numbers.map(entryOf)).catch(asLogError);
      const appended = await Promise.race([appending, store.death]);
      if (!appended) return undefined;
      if (appended instanceof LogError) {
        if (appended.code === "stopped" || appended.code === "poisoned") return undefined;
        continue;
      }
      told.take(numbers, appended);
      break;
    }
  }
  const closed = engine.close().then(() => true, asLogError);
  await Promise.race([closed, store.death]);
  return engine;
}

async function checkAfter(disk: MemoryDisk, told: Witnesses): Promise<void> {
  for (const [name, bytes] of disk.objects) {
    assert.ok(bytesEqual(bytes, disk.everPut.get(name) ?? new Uint8Array(0)), name);
  }
  const engine = await openEngine(new FaultyStore(disk));
  await told.check(engine);
  await checkTiles(engine);
  // And it goes on, over the next full bundle.
  const numbers = Array.from({ length: 300 }, (_, i) => 10_000 + i);
  told.take(numbers, await engine.append(numbers.map(entryOf)));
  await told.check(engine);
  await engine.close();
}

function asLogError(cause: unknown): LogError {
  assert.ok(cause instanceof LogError, String(cause));
  return cause;
}

/** A fault at one step, once. */
function once(at: number, fault: Fault): FaultPlan {
  return (step) => (step === at ? fault : undefined);
}

async function countSteps(): Promise<number> {
  const store = new FaultyStore(new MemoryDisk());
  await run(store, new Witnesses(29));
  return store.steps;
}

test("a fault or crash at any step of the store loses and forks nothing", async () => {
  const steps = await countSteps();
  assert.ok(steps >= 20, `${steps} steps`);
  for (let at = 0; at < steps; at++) {
    const fault = faults[at % faults.length] as Fault;
    for (const kind of new Set<Fault>([fault, "crash-after", "after"])) {
      const disk = new MemoryDisk();
      const told = new Witnesses(29);
      await run(new FaultyStore(disk, once(at, kind)), told);
      await checkAfter(disk, told);
    }
  }
});

test("nor does it where tiles of two levels end together", async () => {
  const base = new MemoryDisk();
  const start = 65_530;
  const engine = await openEngine(new FaultyStore(base), { limits: { tailEntriesMin: 4096 } });
  for (let from = 0; from < start; from += 4096) {
    const count = Math.min(4096, start - from);
    await engine.append(Array.from({ length: count }, (_, i) => entryOf(from + i)));
  }
  await engine.close();
  const sizes = [5, 1, 1, 255, 1]; // to 65,535, 65,536, 65,537, 65,792, 65,793
  const whole = new FaultyStore(base.copy());
  assert.equal((await run(whole, new Witnesses(29), sizes, start))?.reader.head().size, 65_793);
  for (let at = 0; at < whole.steps; at++) {
    const disk = base.copy();
    const told = new Witnesses(29);
    const fault = faults[at % faults.length] as Fault;
    await run(new FaultyStore(disk, once(at, fault)), told, sizes, start);
    const again = await openEngine(new FaultyStore(disk));
    await told.check(again);
    told.take([90_000, 65_530], await again.append([90_000, 65_530].map(entryOf)));
    const size = again.reader.head().size;
    for (const index of [0, 65_279, 65_280, 65_535, size - 1]) {
      if (index >= size) continue;
      verifyInclusion({
        leafIndex: BigInt(index),
        treeSize: BigInt(size),
        leafHash: leafHash((await again.reader.entry(index)).bytes),
        proof: await again.reader.inclusionProof(index, size),
        rootHash: again.reader.head().rootHash,
      });
    }
    await again.close();
  }
});

test("a second fault while the first is being mended changes nothing either", async () => {
  for (const [first, second] of [
    [4, 6],
    [5, 8],
    [7, 9],
    [9, 10],
    [12, 17],
  ] as const) {
    for (const kinds of [
      ["after", "crash-half"],
      ["half", "half"],
      ["after", "after"],
    ] as const) {
      const disk = new MemoryDisk();
      const told = new Witnesses(29);
      await run(
        new FaultyStore(disk, (step) =>
          step === first ? kinds[0] : step === second ? kinds[1] : undefined,
        ),
        told,
      );
      // A crash during the start that follows.
      await run(new FaultyStore(disk, once(1, "crash-half")), new Witnesses(29));
      await checkAfter(disk, told);
    }
  }
});

test("a disk that stays full is told to everybody, and the log goes on when it is not", async () => {
  let full = false;
  const errors: LogError[] = [];
  const store = new FaultyStore(new MemoryDisk(), () => (full ? "before" : undefined));
  const engine = await openEngine(store, { onError: (error) => void errors.push(error) });
  const told = new Witnesses(29);
  told.take([1, 2], await engine.append([entryOf(1), entryOf(2)]));
  full = true;
  for (let i = 0; i < 3; i++) {
    const refusal = await engine.append([entryOf(3)]).catch(asLogError);
    assert.ok(refusal instanceof LogError && refusal.code === "storage");
    assert.equal(engine.reader.head().size, 2);
  }
  await told.check(engine);
  full = false;
  told.take([3, 1], await engine.append([entryOf(3), entryOf(1)]));
  assert.ok(engine.metrics.reloads >= 3);
  await told.check(engine);
  await engine.close();
});

test("objects that cannot be written hold nothing up, and are written later", async () => {
  let broken = true;
  const errors: LogError[] = [];
  const disk = new MemoryDisk();
  const store = new FaultyStore(disk, (_, what) => (broken && what === "put" ? "half" : undefined));
  const engine = await openEngine(store, { onError: (error) => void errors.push(error) });
  const told = new Witnesses(29);
  for (let i = 0; i < 4; i++) {
    const numbers = Array.from({ length: 200 }, (_, n) => i * 200 + n);
    told.take(numbers, await engine.append(numbers.map(entryOf)));
  }
  assert.ok(errors.length > 0);
  assert.equal(engine.metrics.bodySize, 0);
  broken = false;
  told.take([9000], await engine.append([entryOf(9000)]));
  await told.check(engine);
  await engine.close();
  await checkAfter(disk, told);
});

test("where moving to objects does not keep up, appending is refused", async () => {
  const store = new FaultyStore(new MemoryDisk(), (_, what) =>
    what === "put" ? "before" : undefined,
  );
  const limits = { tailEntriesMin: 256, tailEntriesMax: 600, publishIntervalMs: 0 };
  const engine = await openEngine(store, { limits });
  let refusal: LogError | undefined;
  for (let i = 0; i < 8 && !refusal; i++) {
    const numbers = Array.from({ length: 100 }, (_, n) => i * 100 + n);
    const answer = await engine.append(numbers.map(entryOf)).catch(asLogError);
    if (answer instanceof LogError) refusal = answer;
  }
  assert.equal(refusal?.code, "overloaded");
  assert.equal(engine.reader.head().size, 700);
  await engine.close();
});

test("a failed sync ends the log at once, and what waits with it", async () => {
  const disk = new MemoryDisk();
  const store = new FaultyStore(disk, (step) => (step === 2 ? "poison" : undefined));
  const engine = await openEngine(store);
  const answers = await Promise.all(
    [1, 2, 3].map((n) => engine.append([entryOf(n)]).catch(asLogError)),
  );
  const later = await engine.append([entryOf(4)]).catch(asLogError);
  for (const answer of [...answers, later]) {
    if (!(answer instanceof LogError)) continue;
    assert.equal(answer.code, "stopped");
    assert.equal((answer.cause as LogError).code, "poisoned");
  }
  assert.ok(later instanceof LogError);
  await engine.close();
});

test("an object with other bytes stops the log and is not overwritten", async () => {
  const disk = new MemoryDisk();
  const errors: LogError[] = [];
  const engine = await openEngine(new FaultyStore(disk), { onError: (e) => void errors.push(e) });
  const strange = new Uint8Array(8192).fill(1);
  disk.objects.set("tile/0/000", strange);
  await engine.append(Array.from({ length: 256 }, (_, n) => entryOf(n)));
  while (errors.length === 0) await new Promise(setImmediate);
  assert.equal(errors[0]?.code, "object-conflict");
  const refusal = await engine.append([entryOf(999)]).catch(asLogError);
  assert.ok(refusal instanceof LogError && refusal.code === "stopped");
  assert.deepEqual(disk.objects.get("tile/0/000"), strange);
  await engine.close();
});

test("a second writer that got in is noticed before anything is acknowledged", async () => {
  const disk = new MemoryDisk();
  const one = await openEngine(new FaultyStore(disk));
  const two = await openEngine(new FaultyStore(disk));
  const told = new Witnesses(29);
  told.take([1], await one.append([entryOf(1)]));
  const refusal = await two.append([entryOf(2)]).catch(asLogError);
  assert.ok(refusal instanceof LogError && refusal.code === "conflict");
  // Having loaded what the other wrote, it goes on from there.
  told.take([2, 1], await two.append([entryOf(2), entryOf(1)]));
  assert.equal(two.reader.head().size, 2);
  await told.check(two);
});
