// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { parseTilePath } from "@chancery/formats/tiles";
import { FaultyStore, MemoryDisk } from "../../test/faulty-store.ts";
import { checkTiles, entryOf, log, openEngine, searchKey } from "../../test/world.ts";
import type { LogEngine } from "../engine/index.ts";
import { LogError, type LogErrorCode } from "../errors.ts";
import { exportTree, fsck, reindex } from "../maintenance/index.ts";
import { type Fetch, Mirror } from "./index.ts";

type Twist = (path: string, bytes: Uint8Array) => Uint8Array | number;

/** Serves a log as a web server does. @param twist changes answers, or gives a status instead */
function serve(engine: () => LogEngine, twist: Twist = (_, bytes) => bytes): Fetch {
  return async (url) => {
    const path = url.replace("https://log.example/prefix/", "");
    const bytes = await read(engine(), path);
    if (!bytes) return new Response(null, { status: 404 });
    const answer = twist(path, bytes);
    if (typeof answer === "number") return new Response("x", { status: answer });
    return new Response(answer.slice());
  };
}

async function read({ reader }: LogEngine, path: string): Promise<Uint8Array | undefined> {
  if (path === "checkpoint") return reader.head().checkpoint;
  const place = parseTilePath(path);
  return place.kind === "tile" ? reader.tile(place) : reader.bundle(place);
}

async function grow(engine: LogEngine, from: number, count: number): Promise<void> {
  await engine.append(Array.from({ length: count }, (_, i) => entryOf(from + i)));
}

function openMirror(disk: MemoryDisk, fetch: Fetch): Promise<Mirror> {
  const url = "https://log.example/prefix/";
  const keysOf = (): Uint8Array => searchKey("mirrored");
  return Mirror.open({ store: new FaultyStore(disk), url, log, fetch, now: () => 5, keysOf });
}

async function refused(action: Promise<unknown>, ...codes: LogErrorCode[]): Promise<void> {
  await assert.rejects(action, (error) => error instanceof LogError && codes.includes(error.code));
}

test("a mirror takes over a log from its beginning, follows it, and goes on when opened again", async () => {
  const engine = await openEngine(new FaultyStore(new MemoryDisk()));
  const disk = new MemoryDisk();
  const fetch = serve(() => engine);
  let mirror = await openMirror(disk, fetch);
  assert.equal(await mirror.follow(), 0);
  let size = 0;
  for (const count of [1, 254, 1, 1, 700, 5000, 13]) {
    await grow(engine, size, count);
    size += count;
    assert.equal(await mirror.follow(), size);
    assert.deepEqual(mirror.reader.head().rootHash, engine.reader.head().rootHash);
    assert.deepEqual(mirror.reader.head().checkpoint, engine.reader.head().checkpoint);
    assert.equal(await mirror.follow(), size);
    await mirror.close();
    mirror = await openMirror(disk, fetch);
  }
  assert.deepEqual((await mirror.reader.entry(300)).bytes, (await engine.reader.entry(300)).bytes);
  const found = await mirror.reader.search(searchKey("mirrored"), { limit: 2 });
  assert.deepEqual(found, [size - 1, size - 2]);
  await checkTiles({ reader: mirror.reader } as LogEngine);
  await mirror.close();
  for (const name of disk.objects.keys()) if (name.startsWith("index/")) disk.objects.delete(name);
  assert.ok((await reindex(new FaultyStore(disk))) > 4096, "as any log's, its index is made anew");
  assert.deepEqual((await fsck(new FaultyStore(disk), log, { mirror: true })).problems, []);
  mirror = await openMirror(disk, fetch);
  assert.deepEqual(await mirror.reader.search(searchKey("mirrored"), { limit: 2 }), found);
  await mirror.close();
  await engine.close();
});

test("a mirror that was broken off half-way goes on from there", async () => {
  const engine = await openEngine(new FaultyStore(new MemoryDisk()));
  await grow(engine, 0, 9000);
  const disk = new MemoryDisk();
  let answers = 0;
  const flaky = serve(
    () => engine,
    (_, bytes) => (++answers > 30 ? 503 : bytes),
  );
  const first = await openMirror(disk, flaky);
  await refused(first.follow(), "unreachable");
  const { size } = first.reader.head();
  assert.ok(size > 0 && size < 9000, `${size}`);
  await first.close();
  const folder = mkdtempSync(join(tmpdir(), "chancery-export-"));
  const half = await exportTree(new FaultyStore(disk), log, folder, { mirror: true });
  assert.deepEqual([half.size, half.checkpointSize], [size, 9000]);
  assert.ok(!existsSync(join(folder, "checkpoint")), "nothing is promised");
  const files = readdirSync(folder, { recursive: true, encoding: "utf8" });
  assert.ok(files.includes(join("tile", "entries", "000")), files.join());
  await assert.rejects(exportTree(new FaultyStore(disk), log, folder), LogError);
  const second = await openMirror(
    disk,
    serve(() => engine),
  );
  assert.equal(await second.follow(), 9000);
  await second.close();
  const whole = await exportTree(new FaultyStore(disk), log, folder, { mirror: true });
  assert.deepEqual([whole.size, whole.checkpointSize], [9000, 9000]);
  assert.equal(readFileSync(join(folder, "checkpoint"), "utf8").split("\n")[1], "9000");
  rmSync(folder, { recursive: true });
});

test("nothing that does not verify is taken over", async () => {
  const engine = await openEngine(new FaultyStore(new MemoryDisk()));
  await grow(engine, 0, 300);
  const flipAt =
    (prefix: string, at: number): Twist =>
    (path, bytes) =>
      path.startsWith(prefix) ? bytes.map((b, i) => (i === at ? b ^ 1 : b)) : bytes;
  const twists: [string, Twist][] = [
    ["a byte of an entry", flipAt("tile/entries/001", 5)],
    ["the length of an entry", flipAt("tile/entries/000", 1)],
    ["a hash of a tile", flipAt("tile/0/", 3)],
    ["a hash above", flipAt("tile/1/", 3)],
    ["the root", flipAt("checkpoint", 20)],
    ["a cut bundle", (path, b) => (path.startsWith("tile/entries") ? b.subarray(0, -1) : b)],
    ["a cut tile", (path, b) => (path.startsWith("tile/0") ? b.subarray(0, -1) : b)],
    ["an endless checkpoint", (path, b) => (path === "checkpoint" ? new Uint8Array(2 << 20) : b)],
    ["no note", (path, b) => (path === "checkpoint" ? new Uint8Array(3) : b)],
  ];
  for (const [what, twist] of twists) {
    const disk = new MemoryDisk();
    const begun = await openMirror(
      disk,
      serve(() => engine),
    );
    await grow(engine, 10_000 + engine.reader.head().size, 50);
    await begun.close();
    const mirror = await openMirror(
      disk,
      serve(() => engine, twist),
    );
    await assert.rejects(mirror.follow(), LogError, what);
    assert.equal(mirror.reader.head().size, 0, what);
    await mirror.close();
  }
  await engine.close();
});

test("a fork is told, with both checkpoints, at whatever size it is shown", async () => {
  const trunk = new MemoryDisk();
  const engine = await openEngine(new FaultyStore(trunk));
  await grow(engine, 0, 400);
  await engine.close();
  const forked = trunk.copy();
  const one = await openEngine(new FaultyStore(trunk));
  const other = await openEngine(new FaultyStore(forked));
  await grow(one, 1000, 100);
  await grow(other, 2000, 50);
  const disk = new MemoryDisk();
  let shown = one;
  const mirror = await openMirror(
    disk,
    serve(() => shown),
  );
  assert.equal(await mirror.follow(), 500);
  shown = other;
  for (const more of [0, 50, 300]) {
    if (more > 0) await grow(other, 3000 + more, more);
    await assert.rejects(mirror.follow(), (error) => {
      assert.ok(error instanceof LogError && error.code === "unverified");
      return error.message.includes("\n500\n");
    });
    assert.equal(mirror.reader.head().size, 500);
  }
  shown = one;
  await grow(one, 5000, 1);
  assert.equal(await mirror.follow(), 501);
  await mirror.close();
});

test("an older checkpoint, as a cache may show it, changes nothing", async () => {
  const engine = await openEngine(new FaultyStore(new MemoryDisk()));
  await grow(engine, 0, 300);
  const old = engine.reader.head().checkpoint;
  await grow(engine, 300, 300);
  const disk = new MemoryDisk();
  const mirror = await openMirror(
    disk,
    serve(() => engine),
  );
  assert.equal(await mirror.follow(), 600);
  await mirror.close();
  const stale = serve(
    () => engine,
    (path, bytes) => (path === "checkpoint" ? old : bytes),
  );
  const again = await openMirror(disk, stale);
  assert.equal(await again.follow(), 600);
  await refused(again.reader.entry(600), "out-of-range");
  await again.close();
  await engine.close();
});
