// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { decodeUtf8, utf8Bytes } from "@chancery/formats/bytes";
import { leafHash } from "@chancery/formats/merkle";
import {
  decodeEntryBundle,
  inclusionProofFromTiles,
  rootFromTiles,
  tilePath,
} from "@chancery/formats/tiles";
import { FaultyStore, MemoryDisk } from "../../test/faulty-store.ts";
import { entryOf, log, openEngine, Witnesses } from "../../test/world.ts";
import { readCheckpoint } from "../engine/index.ts";
import { LogError } from "../errors.ts";
import { exportTree, fsck, reindex } from "./index.ts";

async function makeLog(size: number): Promise<{ disk: MemoryDisk; told: Witnesses }> {
  const disk = new MemoryDisk();
  const told = new Witnesses(17);
  const engine = await openEngine(new FaultyStore(disk));
  for (let from = 0; from < size; from += 128) {
    const numbers = Array.from({ length: Math.min(128, size - from) }, (_, i) => from + i);
    told.take(numbers, await engine.append(numbers.map(entryOf)));
  }
  await engine.close();
  return { disk, told };
}

const made = makeLog(1500);

test("a whole log is proven from its entries up", async () => {
  const { disk } = await made;
  const report = await fsck(new FaultyStore(disk.copy()), log);
  assert.deepEqual(report.problems, []);
  assert.equal(report.size, 1500);
  assert.equal(report.entries, 1500);
  assert.equal(report.tiles, 5);
  assert.equal(report.records, 1280 * 3);
  assert.equal(report.signatureChecked, true);
  assert.equal((await fsck(new FaultyStore(disk.copy()), undefined)).signatureChecked, false);
});

test("a flipped bit in any object is found and named", async () => {
  const { disk } = await made;
  for (const [name, bytes] of disk.objects) {
    for (const at of [0, bytes.length >> 1, bytes.length - 1]) {
      // An attachment is for its reader to check, by the hash that the entry has of it.
      if (bytes.length === 0 || name.startsWith("attachment/")) continue;
      const copy = disk.copy();
      const flipped = bytes.slice();
      flipped[at] = (flipped[at] as number) ^ 1;
      copy.objects.set(name, flipped);
      const found = await fsck(new FaultyStore(copy), log).then(
        ({ problems }) => problems.length,
        (error: unknown) => (error instanceof LogError ? 1 : 0),
      );
      // The time of an entry is not covered by anything but the order of times.
      if (name.startsWith("notes/") && at === 0) continue;
      assert.ok(found > 0, `${name} at ${at}`);
    }
  }
});

test("an attachment is held to its entry by who knows what entries mean", async () => {
  const { disk } = await made;
  // Of the test's entries, `entry 7 …` was logged with `attachment 7`.
  const attachmentProblem = (entry: Uint8Array, attachment: Uint8Array): string | undefined => {
    const [number] = /\d+/.exec(decodeUtf8(entry)) ?? [];
    return decodeUtf8(attachment) === `attachment ${number}` ? undefined : "is another's";
  };
  const check = async (copy: MemoryDisk): Promise<readonly string[]> =>
    (await fsck(new FaultyStore(copy), log, { attachmentProblem })).problems;
  assert.deepEqual(await check(disk.copy()), []);
  const names = [...disk.objects.keys()].filter((name) => name.startsWith("attachment/"));
  assert.ok(names.length > 20);
  for (const name of names) {
    const copy = disk.copy();
    copy.objects.set(name, utf8Bytes("attachment 1"));
    const [problem, ...more] = await check(copy);
    assert.deepEqual([problem, more], [`${name}: is another's`, []]);
  }
  // Also those that are in the database still.
  const always = (): string => "is wrong";
  const all = await fsck(new FaultyStore(disk.copy()), log, { attachmentProblem: always });
  assert.equal(all.problems.length, 30);
});

test("a missing object is found and named", async () => {
  const { disk } = await made;
  for (const name of disk.objects.keys()) {
    const copy = disk.copy();
    copy.objects.delete(name);
    const found = await fsck(new FaultyStore(copy), log).then(
      ({ problems }) => problems.join("\n"),
      (error: unknown) => (error instanceof LogError ? error.message : ""),
    );
    assert.notEqual(found, "", name);
  }
});

test("a lost or damaged index is made anew, and then finds everything", async () => {
  const { disk, told } = await made;
  const copy = disk.copy();
  for (const [name, bytes] of copy.objects) {
    if (name.startsWith("index/")) copy.objects.set(name, bytes.slice(0, 20));
  }
  await assert.rejects(openEngine(new FaultyStore(copy)), (error) => {
    assert.ok(error instanceof LogError);
    assert.equal(error.code, "corrupt");
    return error.hint.includes("reindex");
  });
  assert.equal(await reindex(new FaultyStore(copy)), 1280);
  assert.deepEqual((await fsck(new FaultyStore(copy), log)).problems, []);
  const engine = await openEngine(new FaultyStore(copy));
  await told.check(engine);
  await engine.close();
});

test("an index whose making was broken off does not open, and is made again", async () => {
  const { disk, told } = await made;
  for (const step of [0, 1, 2, 3, 4]) {
    for (const fault of ["before", "half", "after"] as const) {
      const copy = disk.copy();
      const broken = new FaultyStore(copy, (at) => (at === step ? fault : undefined));
      await reindex(broken).catch((error: unknown) => assert.ok(error instanceof LogError));
      const opened = await openEngine(new FaultyStore(copy)).catch((error: unknown) => {
        assert.ok(error instanceof LogError && error.code === "corrupt");
      });
      if (opened) await told.check(opened);
      await reindex(new FaultyStore(copy));
      assert.deepEqual((await fsck(new FaultyStore(copy), log)).problems, []);
    }
  }
});

test("an exported tree is served by files alone, and grows when exported again", async () => {
  const folder = mkdtempSync(join(tmpdir(), "chancery-export-"));
  try {
    const { disk } = await made;
    const copy = disk.copy();
    const first = await exportTree(new FaultyStore(copy), log, folder);
    assert.equal(first.size, 1500);
    const engine = await openEngine(new FaultyStore(copy));
    await engine.append(Array.from({ length: 300 }, (_, i) => entryOf(2000 + i)));
    await engine.close();
    const second = await exportTree(new FaultyStore(copy), log, folder);
    assert.equal(second.size, 1800);
    assert.ok(second.files < first.files);
    const bytes = new Uint8Array(readFileSync(join(folder, "checkpoint")));
    const { size, checkpoint } = readCheckpoint(bytes, log);
    const tiles = (tile: Parameters<typeof tilePath>[0]): Uint8Array | undefined => {
      const path = join(folder, tilePath(tile));
      return existsSync(path) ? new Uint8Array(readFileSync(path)) : undefined;
    };
    assert.deepEqual(rootFromTiles(size, tiles), checkpoint.rootHash);
    assert.ok(inclusionProofFromTiles(1700, size, tiles).length > 0);
    const last = new Uint8Array(readFileSync(join(folder, "tile/entries/007.p/8")));
    const hash = leafHash(decodeEntryBundle(last, 8)[7] ?? assert.fail());
    assert.deepEqual(hash, tiles({ level: 0, index: 7, width: 8 })?.slice(-32));
    assert.ok(existsSync(join(folder, "tile/0/005.p/220")), "partials of the older size stay");
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test("where there is no log there is nothing to check or export", async () => {
  await assert.rejects(fsck(new FaultyStore(new MemoryDisk()), log), LogError);
  await assert.rejects(exportTree(new FaultyStore(new MemoryDisk()), log, "/nowhere"), LogError);
  assert.equal(await reindex(new FaultyStore(new MemoryDisk())), 0);
});
