// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { test } from "node:test";
import { bytesEqual } from "@chancery/formats/bytes";
import { MemoryDisk, FaultyStore } from "../../test/faulty-store.ts";
import { randomSource } from "../../test/random-source.ts";
import { LogError } from "../errors.ts";
import type { ByteRange, ObjectStore } from "../store/index.ts";
import { mergeRuns } from "./merge.ts";
import { RecentKeys } from "./recent-keys.ts";
import { RecordBuffer, recordSizeBytes } from "./records.ts";
import { makeRun, type Run } from "./run.ts";
import { segmentName } from "./segment.ts";

const going = new AbortController().signal;

/** A key that shares its first bytes, more or fewer, with others. */
function keyOf(random: (below: number) => number): Uint8Array {
  const key = new Uint8Array(16);
  for (const at of [0, 5, 6, 15]) key[at] = random(3);
  return key;
}

test("recent keys are found like in a list, over any number of tables, until they are dropped", () => {
  const random = randomSource(7);
  const keys = new RecentKeys();
  const all: { key: Uint8Array; index: number }[] = [];
  for (let index = 10_000; index < 60_000; index += 1 + random(40)) {
    const key = keyOf(random);
    keys.add(key, 0, index);
    all.push({ key, index });
  }
  for (const from of [0, 10_000, 16_383, 16_384, 20_000, 40_000, 49_152, 70_000]) {
    keys.dropBefore(from);
    for (let i = 0; i < 40; i++) {
      const key = keyOf(random);
      const before = i % 4 === 0 ? Infinity : random(70_000);
      const limit = 1 + random(200);
      const expected = all
        .filter((one) => one.index >= from && one.index < before && bytesEqual(one.key, key))
        .map(({ index }) => index)
        .toReversed()
        .slice(0, limit);
      assert.deepEqual(keys.find(key, before, limit), expected);
    }
  }
});

/** Runs over adjoining ranges, stored; some have many records of one key, one has none. */
async function storedRuns(objects: ObjectStore): Promise<{ runs: Run[]; all: RecordBuffer }> {
  const random = randomSource(11);
  const all = new RecordBuffer();
  const runs: Run[] = [];
  let first = 0;
  for (const count of [5000, 1, 0, 3000, 700, 2731]) {
    const buffer = new RecordBuffer();
    for (let i = 0; i < count; i++) {
      const key = keyOf(random);
      buffer.add(key, 0, first + i);
      all.add(key, 0, first + i);
    }
    const range = { family: "key", first, end: first + count } as const;
    const made = makeRun(objects, range, buffer.sorted());
    await objects.put(made.objects);
    runs.push(made.run);
    first += count;
  }
  return { runs, all };
}

test("merging gives all records in order, whatever the alignment of what is read", async () => {
  const { objects } = new FaultyStore(new MemoryDisk());
  const { runs, all } = await storedRuns(objects);
  const references = runs.map(({ reference }) => reference);
  const odd: ObjectStore = {
    put: (more) => objects.put(more),
    list: (prefix) => objects.list(prefix),
    remove: (names) => objects.remove(names),
    get: async (name: string, range?: ByteRange) => {
      const bytes = (await objects.get(name, range)) ?? assert.fail(name);
      const shifted = new Uint8Array(bytes.length + 3);
      shifted.set(bytes, 3);
      return shifted.subarray(3);
    },
  };
  for (const store of [objects, odd]) {
    const merged = await mergeRuns(store, references, going);
    const end = references.at(-1)?.end;
    assert.deepEqual(merged, { family: "key", first: 0, end, segments: [11_432] });
    const sorted = all.sorted();
    const range = { start: 0, length: sorted.length };
    assert.deepEqual(await objects.get(segmentName(merged, 0), range), sorted);
  }
});

test("a merge that is ended, or finds less than was promised, leaves the runs as they are", async () => {
  const disk = new MemoryDisk();
  const { objects } = new FaultyStore(disk);
  const references = (await storedRuns(objects)).runs.map(({ reference }) => reference);
  const before = new Map(disk.objects);

  const name = segmentName(references[0] ?? assert.fail(), 0);
  const whole = disk.objects.get(name) ?? assert.fail();
  disk.objects.set(name, whole.subarray(0, 100 * recordSizeBytes));
  await assert.rejects(
    mergeRuns(objects, references, going),
    (error) =>
      error instanceof LogError && error.code === "corrupt" && error.message.includes(name),
  );
  disk.objects.delete(name);
  await assert.rejects(
    mergeRuns(objects, references, going),
    (error) => error instanceof LogError && error.code === "corrupt",
  );
  disk.objects.set(name, whole);
  await assert.rejects(
    mergeRuns(objects, references, AbortSignal.abort()),
    (error) => error instanceof LogError && error.code === "stopped",
  );
  assert.deepEqual(disk.objects, before);
});
