// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { mkdirSync, readdirSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { rename } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { day, start, text, trustedRoot, tufWorld, type World } from "../../test/tuf-world.ts";
import { diskCache } from "./cache.ts";
import type { TufNotice } from "./errors.ts";
import { fetchWith } from "./fetch-trust.ts";
import type { TufResult } from "./index.ts";

/** A run whose cache stops the process, as it were, before the given rename. */
function fetchUntilCrash(world: World, renamesLeft: number): Promise<TufResult> {
  const notices: TufNotice[] = [];
  const cache = diskCache(world.folder, {
    readOnly: false,
    mustWrite: false,
    notices,
    now: start,
    renameFile: (from, to) => {
      if (renamesLeft-- === 0) throw new Error("crash");
      return rename(from, to);
    },
  });
  const { cacheDirectory } = world;
  const mirror = world.mirror.url;
  const root = world.repository.root();
  return fetchWith({ mirror, root, cacheDirectory, now: start }, cache, notices);
}

test("a crash between any two files of the cache leaves whole files, and is recovered from", async (t) => {
  const world = await tufWorld(t);
  const changed = new TextEncoder().encode('{"trusted":"again"}');
  await world.fetch();
  const old = world.cacheFiles();
  world.repository.targets.set("trusted_root.json", changed);
  world.repository.publish();
  await world.fetch();
  const fresh = world.cacheFiles();
  const values = [...Object.values(old), ...Object.values(fresh)];

  let crashes = 0;
  for (let renames = 0; ; renames++) {
    rmSync(world.folder, { recursive: true });
    for (const [name, content] of Object.entries(old)) {
      mkdirSync(join(world.cacheDirectory, name, ".."), { recursive: true });
      writeFileSync(join(world.cacheDirectory, name), content);
    }
    const outcome = await fetchUntilCrash(world, renames).catch((error: unknown) => error);
    if (!(outcome instanceof Error)) break;
    assert.equal(outcome.message, "crash");
    crashes++;
    for (const [name, content] of Object.entries(world.cacheFiles())) {
      assert.ok(values.includes(content), `${name} after ${renames} files: ${content}`);
    }
    // Offline, a mixed set is refused or of one piece, never half of each.
    const offline = await world.fetch({ offline: true }).catch((error: unknown) => error);
    if (!(offline instanceof Error)) {
      assert.ok(
        [text(trustedRoot), text(changed)].includes(text((offline as TufResult).trustedRoot)),
      );
    }
    const result = await world.fetch();
    assert.equal(text(result.trustedRoot), text(changed));
    assert.deepEqual(result.notices, []);
    assert.deepEqual(world.cacheFiles(), fresh);
    await world.fetch({ offline: true });
  }
  // root history, root, timestamp, snapshot, targets, one target
  assert.equal(crashes, 6);
});

test("what a crashed run left behind is removed when it is old, and only then", async (t) => {
  const world = await tufWorld(t);
  await world.fetch();
  const folders = [".update-old", ".update-new"].map((name) => join(world.folder, name));
  for (const folder of folders) {
    mkdirSync(folder);
    writeFileSync(join(folder, "0"), "half a fi");
    utimesSync(folder, start, start);
  }
  const anHourLater = new Date(start.getTime() + 3_600_001);
  utimesSync(folders[1] as string, anHourLater, anHourLater);
  world.repository.publishTargets();
  await world.fetch({ now: anHourLater });
  const left = readdirSync(world.folder).filter((name) => name.startsWith(".update-"));
  assert.deepEqual(left, [".update-new"]);
});

test("concurrent runs end with one whole cache, whatever state each has seen", async (t) => {
  const world = await tufWorld(t);
  const runs: Promise<TufResult>[] = [];
  for (let i = 0; i < 6; i++) {
    runs.push(world.fetch());
    await runs[i % 2];
    world.repository.publishTargets();
  }
  runs.push(world.fetch(), world.fetch());
  await Promise.all(runs);
  const offline = await world.fetch({ offline: true });
  assert.equal(offline.roles.timestamp.version, 7);
  assert.deepEqual(
    readdirSync(world.folder).filter((name) => name.startsWith(".")),
    [],
  );
});

test("a slower run does not put older files over the newer ones of a faster run", async (t) => {
  const world = await tufWorld(t);
  await world.fetch();
  world.repository.publishTargets();
  const second = world.repository.snapshotOfFiles();
  let release = (): void => undefined;
  const held = new Promise<void>((resolve) => (release = resolve));
  const target = "2.targets.json";
  world.mirror.instead.set(target, (response) => {
    void held.then(() => response.end(second.get(target)));
  });
  const slow = world.fetch();
  // The faster run sees version 3 and finishes while the slow one waits for version 2.
  while (!world.mirror.requests.includes(target)) await new Promise((go) => setTimeout(go, 1));
  world.repository.publishTargets();
  await world.fetch();
  const after = world.cacheFiles();
  release();
  assert.equal((await slow).roles.targets.version, 2);
  assert.deepEqual(world.cacheFiles(), after);
});

test("a cache that cannot be written serves, and the result says so", async (t) => {
  const world = await tufWorld(t);
  await world.fetch();
  const before = world.cacheFiles();
  world.repository.publish();
  // A file where a folder belongs: nobody, not even root, can write below it.
  rmSync(world.cacheDirectory, { recursive: true });
  writeFileSync(world.cacheDirectory, "");
  const result = await world.fetch();
  assert.equal(result.roles.root.version, 2);
  assert.deepEqual(
    result.notices.map(({ code }) => code),
    ["cache-not-written"],
  );
  assert.ok(result.notices[0]?.message.includes(world.folder));
  rmSync(world.cacheDirectory);
  mkdirSync(world.cacheDirectory);
  await world.fetch({ readOnlyCache: true });
  assert.deepEqual(world.cacheFiles(), {});
  assert.ok(Object.keys(before).length > 0);
});

test("a cache that is not to be written is read from, and left as it is", async (t) => {
  const world = await tufWorld(t);
  await world.fetch();
  world.repository.publish();
  const before = world.cacheFiles();
  world.mirror.requests.length = 0;
  const result = await world.fetch({ readOnlyCache: true });
  assert.equal(result.roles.targets.version, 2);
  assert.deepEqual(result.notices, []);
  // Its targets were of use.
  assert.ok(!world.mirror.requests.some((name) => name.startsWith("targets/")));
  assert.deepEqual(world.cacheFiles(), before);
  const offline = await world.fetch({ offline: true, now: new Date(start.getTime() + day) });
  assert.equal(offline.roles.targets.version, 1);
});

test("a cached file beyond all sizes is passed over online and refused offline", async (t) => {
  const world = await tufWorld(t);
  await world.fetch();
  writeFileSync(join(world.folder, "timestamp.json"), " ".repeat((8 << 20) + 1));
  await world.refused("tuf-cache-invalid", { offline: true });
  const result = await world.fetch({ readOnlyCache: true });
  assert.deepEqual(
    result.notices.map(({ code }) => code),
    ["cache-file-ignored"],
  );
});
