// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { mkdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { test } from "node:test";
import { makeKey } from "../../test/tuf-repository.ts";
import { day, signingConfig, start, text, trustedRoot, tufWorld } from "../../test/tuf-world.ts";
import { cacheFolderName } from "./index.ts";

/** A fetch for runs that must not open a socket. */
const noFetch: typeof fetch = () => {
  throw new Error("a socket was opened");
};

test("the first run gives both targets and fills the cache in sigstore-go's layout", async (t) => {
  const world = await tufWorld(t);
  const result = await world.fetch();
  assert.equal(text(result.trustedRoot), text(trustedRoot));
  assert.equal(text(result.signingConfig), text(signingConfig));
  assert.equal(result.source, "mirror");
  assert.deepEqual(result.notices, []);
  const month = new Date("2026-02-09T12:00:00Z");
  const head = { version: 1, expires: month };
  assert.deepEqual(result.roles, { root: head, timestamp: head, snapshot: head, targets: head });

  const folder = cacheFolderName(world.mirror.url);
  const { repository } = world;
  assert.deepEqual(world.cacheFiles(), {
    [`${folder}.json`]: '{"lastTimestamp":"2026-01-10T12:00:00.000Z"}',
    [`${folder}/root.json`]: text(repository.roleBytes("root")),
    [`${folder}/snapshot.json`]: text(repository.roleBytes("snapshot")),
    [`${folder}/targets.json`]: text(repository.roleBytes("targets")),
    [`${folder}/targets/signing_config.v0.2.json`]: text(signingConfig),
    [`${folder}/targets/trusted_root.json`]: text(trustedRoot),
    [`${folder}/timestamp.json`]: text(repository.roleBytes("timestamp")),
  });
  if (process.platform !== "win32") {
    assert.equal(statSync(world.folder).mode & 0o777, 0o700);
    assert.equal(statSync(join(world.folder, "root.json")).mode & 0o777, 0o600);
  }
});

test("a second run asks for a newer root and timestamp only", async (t) => {
  const world = await tufWorld(t);
  await world.fetch();
  const before = world.cacheFiles();
  world.mirror.requests.length = 0;
  const result = await world.fetch();
  assert.deepEqual(world.mirror.requests, ["2.root.json", "timestamp.json"]);
  assert.equal(text(result.trustedRoot), text(trustedRoot));
  assert.deepEqual(world.cacheFiles(), before);
});

test("a changed target, and roots rotated through several versions, are followed", async (t) => {
  const world = await tufWorld(t);
  await world.fetch();
  const { repository } = world;
  for (let version = 2; version <= 4; version++) {
    repository.keys.root = [makeKey(), makeKey()];
    repository.thresholds.root = 2;
    repository.publishRoot();
  }
  repository.keys.timestamp = [makeKey()];
  repository.keys.snapshot = [makeKey()];
  repository.keys.targets = [makeKey()];
  repository.publishRoot();
  const changed = new TextEncoder().encode('{"trusted":"again"}');
  repository.targets.set("trusted_root.json", changed);
  repository.publishTargets();
  const result = await world.fetch();
  assert.equal(text(result.trustedRoot), text(changed));
  assert.equal(result.roles.root.version, 5);
  assert.equal(result.roles.targets.version, 2);
  assert.deepEqual(world.cached("root_history/3.root.json"), Buffer.from(repository.root(3)));
  assert.deepEqual(world.cached("targets/trusted_root.json"), Buffer.from(changed));
  // The cached roles were signed by keys that are gone: said, not hidden.
  assert.deepEqual(
    result.notices.map(({ message }) => /cached (\w+)\.json was passed over/.exec(message)?.[1]),
    ["timestamp", "snapshot", "targets"],
  );
});

test("without a root given, the cached one is the anchor; without that there is none", async (t) => {
  const world = await tufWorld(t);
  await world.refused("tuf-root-missing", { root: undefined });
  assert.deepEqual(world.mirror.requests, []);
  await world.fetch();
  world.repository.publish();
  const result = await world.fetch({ root: undefined });
  assert.equal(result.roles.root.version, 2);
});

test("a repository without consistent snapshots is read under plain names", async (t) => {
  const world = await tufWorld(t);
  world.repository.consistentSnapshot = false;
  world.repository.publish();
  const result = await world.fetch();
  assert.equal(text(result.trustedRoot), text(trustedRoot));
  assert.ok(world.mirror.requests.includes("targets/trusted_root.json"));
  assert.ok(world.mirror.requests.includes("snapshot.json"));
});

test("a mirror in a folder is read through a file URL", async (t) => {
  const world = await tufWorld(t);
  const directory = join(world.cacheDirectory, "mirror");
  mkdirSync(join(directory, "targets"), { recursive: true });
  for (const [name, bytes] of world.repository.files) writeFileSync(join(directory, name), bytes);
  const mirror = pathToFileURL(directory).href;
  const result = await world.fetch({ mirror, fetch: noFetch });
  assert.equal(text(result.trustedRoot), text(trustedRoot));
  rmSync(join(directory, "timestamp.json"));
  await world.refused("tuf-metadata-missing", { mirror, fetch: noFetch });
  writeFileSync(join(directory, "2.root.json"), "x".repeat(11));
  await world.refused("tuf-too-large", { mirror, limits: { rootSizeBytesMax: 10 } });
});

test("a signing config that the repository does not list is absent, with a notice", async (t) => {
  const world = await tufWorld(t);
  world.repository.targets.delete("signing_config.v0.2.json");
  world.repository.publishTargets();
  const result = await world.fetch();
  assert.equal("signingConfig" in result, false);
  assert.deepEqual(
    result.notices.map(({ code }) => code),
    ["signing-config-absent"],
  );
});

test("a signing config that is listed but not served, or wrong, is an error", async (t) => {
  const world = await tufWorld(t);
  const path = [...world.repository.files.keys()].find((name) => name.includes("signing_config"))!;
  world.repository.files.set(path, trustedRoot);
  await world.refused("tuf-target-mismatch");
  world.repository.files.delete(path);
  await world.refused("tuf-target-not-served");
  const result = await world.fetch({ signingConfigTarget: null });
  assert.equal("signingConfig" in result, false);
  assert.deepEqual(result.notices, []);
});

test("another target can be the signing config", async (t) => {
  const world = await tufWorld(t);
  const bytes = new TextEncoder().encode("v2");
  world.repository.targets.set("signing_config_rekor_v2.v0.2.json", bytes);
  world.repository.publishTargets();
  const result = await world.fetch({ signingConfigTarget: "signing_config_rekor_v2.v0.2.json" });
  assert.equal(text(result.signingConfig), "v2");
});

test("offline, an empty cache is missing and no socket is opened", async (t) => {
  const world = await tufWorld(t);
  const options = { offline: true, fetch: noFetch };
  await world.refused("tuf-cache-missing", options);
  await world.refused("tuf-cache-missing", { ...options, root: undefined });
  assert.deepEqual(world.mirror.requests, []);
  assert.deepEqual(world.cacheFiles(), {});
});

test("offline, a filled cache serves until a role expires, without a socket or a write", async (t) => {
  const world = await tufWorld(t);
  world.repository.expires.timestamp = new Date(start.getTime() + 7 * day);
  world.repository.publishTimestamp();
  await world.fetch();
  const before = world.cacheFiles();
  await world.mirror.close();
  for (const root of [undefined, world.repository.root()]) {
    const now = new Date(start.getTime() + 7 * day - 1);
    const result = await world.fetch({ offline: true, fetch: noFetch, now, root });
    assert.equal(result.source, "cache");
    assert.equal(text(result.trustedRoot), text(trustedRoot));
    assert.equal(text(result.signingConfig), text(signingConfig));
  }
  const now = new Date(start.getTime() + 7 * day);
  const error = await world.refused("tuf-expired-timestamp", { offline: true, now });
  assert.match(error.hint, /run once with the network/);
  assert.deepEqual(world.cacheFiles(), before);
});

test("offline, newer roots of the cache are used, with and without their history", async (t) => {
  const world = await tufWorld(t);
  world.repository.publish().publish();
  await world.fetch();
  const options = { offline: true, fetch: noFetch };
  assert.equal((await world.fetch(options)).roles.root.version, 3);
  // As sigstore-go leaves a cache: no history.
  rmSync(join(world.folder, "root_history"), { recursive: true });
  assert.equal((await world.fetch(options)).roles.root.version, 3);
});

test("offline, a damaged cache is invalid, whichever file is damaged", async (t) => {
  const world = await tufWorld(t);
  await world.fetch();
  const files = ["timestamp.json", "snapshot.json", "targets.json", "targets/trusted_root.json"];
  for (const name of files) {
    const good = world.cached(name) as Uint8Array;
    const damaged = Buffer.from(good);
    damaged[damaged.length >> 1] = (damaged[damaged.length >> 1] as number) ^ 1;
    for (const bytes of [damaged, good.subarray(0, 10), Buffer.alloc(0)]) {
      writeFileSync(join(world.folder, name), bytes);
      await world.refused("tuf-cache-invalid", { offline: true, fetch: noFetch });
    }
    rmSync(join(world.folder, name));
    await world.refused("tuf-cache-missing", { offline: true, fetch: noFetch });
    writeFileSync(join(world.folder, name), good);
  }
  await world.fetch({ offline: true, fetch: noFetch });
});

test("online, a damaged cache is repaired, with a notice for what was no metadata", async (t) => {
  const world = await tufWorld(t);
  await world.fetch();
  const before = world.cacheFiles();
  for (const name of ["root.json", "timestamp.json", "snapshot.json", "targets.json"]) {
    writeFileSync(join(world.folder, name), "{");
    const result = await world.fetch();
    assert.deepEqual(
      result.notices.map(({ code }) => code),
      ["cache-file-ignored"],
      name,
    );
    assert.ok(result.notices[0]?.message.includes(name), result.notices[0]?.message);
    assert.deepEqual(world.cacheFiles(), before);
  }
  writeFileSync(join(world.folder, "targets/trusted_root.json"), "forged");
  assert.equal(text((await world.fetch()).trustedRoot), text(trustedRoot));
  assert.deepEqual(world.cacheFiles(), before);
});

test("a young cache answers without the mirror, an old or broken one does not", async (t) => {
  const world = await tufWorld(t);
  await world.fetch();
  world.mirror.requests.length = 0;
  const at = (ms: number): { now: Date; cacheAgeMaxMs: number } => ({
    now: new Date(start.getTime() + ms),
    cacheAgeMaxMs: day,
  });
  assert.equal((await world.fetch({ ...at(0), fetch: noFetch })).source, "cache");
  assert.equal((await world.fetch({ ...at(day - 1), fetch: noFetch })).source, "cache");
  assert.deepEqual(world.mirror.requests, []);
  // A note from the future proves nothing.
  assert.equal((await world.fetch(at(-1))).source, "mirror");
  await world.fetch();
  assert.equal((await world.fetch(at(day))).source, "mirror");
  rmSync(join(world.folder, "snapshot.json"));
  const repaired = await world.fetch(at(day));
  assert.equal(repaired.source, "mirror");
  assert.deepEqual(
    repaired.notices.map(({ code }) => code),
    ["cache-file-ignored"],
  );
  writeFileSync(`${world.folder}.json`, "no JSON");
  assert.equal((await world.fetch(at(day))).source, "mirror");
});
