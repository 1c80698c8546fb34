// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { rmSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { MetaFile } from "@tufjs/models";
import { makeKey, type Role } from "../../test/tuf-repository.ts";
import { day, start, text, tufWorld } from "../../test/tuf-world.ts";

const roles: readonly Role[] = ["root", "timestamp", "snapshot", "targets"];
const later = new Date(start.getTime() + 3 * day);

/** Metadata as JSON, changed and written again, its signatures as they were. */
function edited(bytes: Uint8Array, change: (metadata: any) => void): Uint8Array {
  const metadata = JSON.parse(text(bytes));
  change(metadata);
  return new TextEncoder().encode(JSON.stringify(metadata));
}

for (const role of roles) {
  test(`an expired ${role} is refused from its second on, and named with time and remedy`, async (t) => {
    const world = await tufWorld(t);
    world.repository.expires[role] = new Date(later.getTime() - 2 * day);
    world.repository.publish();
    const last = new Date(later.getTime() - 2 * day - 1);
    assert.equal((await world.fetch({ now: last, readOnlyCache: true })).roles[role].version, 2);
    await world.refused(`tuf-expired-${role}`, {
      now: world.repository.expires[role],
      readOnlyCache: true,
    });
    const error = await world.refused(`tuf-expired-${role}`, { now: later, readOnlyCache: true });
    assert.match(
      error.message,
      new RegExp(`${role} metadata expired on 2026-01-11T12:00:00\\.000Z, 2 days ago`),
    );
    // The same with everything in the cache, where the mirror's versions are not newer.
    await world.fetch({ now: last });
    const cached = await world.refused(`tuf-expired-${role}`, { now: later });
    assert.match(cached.message, new RegExp(`${role} metadata expired on 2026-01-11`));
  });

  test(`a ${role} signed by a stranger, or changed after it was signed, is refused`, async (t) => {
    const world = await tufWorld(t);
    const { repository } = world;
    repository.publish();
    const good = repository.roleBytes(role);
    const changed = edited(good, (metadata) => {
      metadata.signed.spec_version = "1.0.31";
    });
    const unsigned = edited(good, (metadata) => {
      metadata.signatures = [];
    });
    const empty = edited(good, (metadata) => {
      for (const signature of metadata.signatures) signature.sig = "";
    });
    const garbage = edited(good, (metadata) => {
      for (const signature of metadata.signatures) signature.sig = "zz";
    });
    for (const bad of [changed, unsigned, empty, garbage]) {
      repository.files.set(repository.roleFile(role), bad);
      const error = await world.refused("tuf-signature-threshold");
      assert.ok(error.message.includes(repository.roleFile(role)), error.message);
    }
    const mine = repository.keys[role];
    repository.keys[role] = [makeKey()];
    if (role === "root") {
      repository.versions.root--;
      repository.publishRoot(repository.keys.root);
    } else if (role === "targets") repository.publishTargets();
    else if (role === "snapshot") repository.publishSnapshot();
    else repository.publishTimestamp();
    await world.refused("tuf-signature-threshold");
    repository.keys[role] = mine;
    assert.equal(world.cached("timestamp.json"), undefined);
  });

  test(`what is no ${role} metadata is invalid, not unreachable or unsigned`, async (t) => {
    const world = await tufWorld(t);
    const { repository } = world;
    repository.publish();
    const good = repository.roleBytes(role);
    const name = repository.roleFile(role);
    const other = repository.roleBytes(role === "root" ? "snapshot" : "root");
    const bads = [
      new TextEncoder().encode("<!doctype html><title>Sign in</title>"),
      new Uint8Array(0),
      good.subarray(0, good.length - 1),
      new TextEncoder().encode(`${text(good)}{}`),
      new TextEncoder().encode(text(good).replace('"signed":{', '"signed":{"version":1,')),
      other,
      edited(good, (metadata) => delete metadata.signed),
      edited(good, (metadata) => delete metadata.signatures),
      edited(good, (metadata) => metadata.signatures.push(metadata.signatures[0])),
      edited(good, (metadata) => delete metadata.signed.expires),
      edited(good, (metadata) => (metadata.signed.expires = "2027-01-01")),
      edited(good, (metadata) => (metadata.signed.expires = "2027-01-01T00:00:00")),
      edited(good, (metadata) => (metadata.signed.version = 0)),
      edited(good, (metadata) => (metadata.signed.version = -1)),
      edited(good, (metadata) => (metadata.signed.version = 1.5)),
      edited(good, (metadata) => (metadata.signed.version = [1])),
      edited(good, (metadata) => (metadata.signed.spec_version = "2.0")),
    ];
    for (const bad of bads) {
      repository.files.set(name, bad);
      const error = await world.refused("tuf-metadata-invalid");
      assert.ok(error.message.includes(name), error.message);
    }
    repository.files.set(name, good);
    await world.fetch();
  });
}

test("a threshold counts distinct keys", async (t) => {
  const world = await tufWorld(t);
  const { repository } = world;
  const keys = [makeKey(), makeKey(), makeKey()];
  repository.keys.timestamp = keys;
  repository.thresholds.timestamp = 2;
  repository.publish();
  assert.equal((await world.fetch({ readOnlyCache: true })).roles.timestamp.version, 2);
  repository.keys.timestamp = keys.slice(0, 1);
  repository.publishTimestamp();
  await world.refused("tuf-signature-threshold");
  repository.keys.timestamp = keys.slice(1);
  repository.publishTimestamp();
  await world.fetch();
});

test("a root must be signed by its predecessor's keys and by its own", async (t) => {
  const world = await tufWorld(t);
  const { repository } = world;
  const [old] = repository.keys.root;
  const fresh = makeKey();
  repository.keys.root = [fresh];
  for (const signers of [[fresh], [old!]]) {
    repository.versions.root = 1;
    repository.publishRoot(signers);
    await world.refused("tuf-signature-threshold");
  }
  repository.versions.root = 1;
  repository.publishRoot([old!, fresh]);
  assert.equal((await world.fetch()).roles.root.version, 2);
});

test("an initial root that does not sign itself is refused before anything is asked", async (t) => {
  const world = await tufWorld(t);
  const root = edited(world.repository.root(), (metadata) => (metadata.signatures = []));
  await world.refused("tuf-signature-threshold", { root });
  await world.refused("tuf-metadata-invalid", { root: new Uint8Array(3) });
  await world.refused("tuf-metadata-invalid", { root: world.repository.roleBytes("targets") });
  assert.deepEqual(world.mirror.requests, []);
});

test("an initial root that has expired still leads to its successors", async (t) => {
  const world = await tufWorld(t);
  world.repository.expires.root = new Date(start.getTime() + 90 * day);
  for (const role of roles) world.repository.expires[role] = world.repository.expires.root;
  world.repository.publish();
  const now = new Date(start.getTime() + 60 * day);
  assert.equal((await world.fetch({ now })).roles.root.version, 2);
});

test("a mirror that goes back to an older state is refused, the newer one stays", async (t) => {
  const world = await tufWorld(t);
  const { repository } = world;
  repository.publishTimestamp();
  const first = repository.snapshotOfFiles();
  repository.expires.timestamp = new Date(start.getTime() + day);
  repository.publishTargets();
  const second = await world.fetch();
  assert.equal(second.roles.timestamp.version, 3);
  const before = world.cacheFiles();
  for (const [name, bytes] of first) repository.files.set(name, bytes);
  const error = await world.refused("tuf-rollback");
  assert.match(error.message, /timestamp version 2 is less than current version 3/);
  assert.deepEqual(world.cacheFiles(), before);
  // A cached timestamp protects after its expiry too.
  await world.refused("tuf-rollback", { now: new Date(start.getTime() + 2 * day) });
});

test("a timestamp that points back to an older snapshot is refused", async (t) => {
  const world = await tufWorld(t);
  world.repository.publishTargets();
  await world.fetch();
  world.repository.publishTimestamp((timestamp) => {
    timestamp.snapshotMeta = new MetaFile({ version: 1 });
  });
  const error = await world.refused("tuf-rollback");
  assert.match(error.message, /snapshot version 1 is less than current version 2/);
});

test("a snapshot that takes targets back, or drops a role, is refused", async (t) => {
  const world = await tufWorld(t);
  const { repository } = world;
  repository.publishTargets();
  repository.publishSnapshot((snapshot) => {
    snapshot.meta["other.json"] = new MetaFile({ version: 1 });
  });
  await world.fetch();
  const kept = repository.snapshotOfFiles();
  const { snapshot: snapshotVersion, timestamp: timestampVersion } = repository.versions;
  repository.publishSnapshot((snapshot) => {
    snapshot.meta["targets.json"] = new MetaFile({ version: 1 });
    snapshot.meta["other.json"] = new MetaFile({ version: 1 });
  });
  const back = await world.refused("tuf-rollback");
  assert.match(back.message, /New version 1 of targets\.json is less than current version 2/);
  for (const [name, bytes] of kept) repository.files.set(name, bytes);
  Object.assign(repository.versions, { snapshot: snapshotVersion, timestamp: timestampVersion });
  repository.publishSnapshot();
  const dropped = await world.refused("tuf-rollback");
  assert.match(dropped.message, /Missing file other\.json/);
});

test("a snapshot without targets.json is inconsistent", async (t) => {
  const world = await tufWorld(t);
  world.repository.publishSnapshot((snapshot) => {
    delete snapshot.meta["targets.json"];
  });
  await world.refused("tuf-inconsistent");
});

test("versions, lengths and hashes that one role says of another must hold", async (t) => {
  const world = await tufWorld(t);
  const { repository } = world;
  const sha256 = "0".repeat(64);
  repository.publishTimestamp((timestamp) => {
    timestamp.snapshotMeta = new MetaFile({ version: 1, hashes: { sha256 } });
  });
  await world.refused("tuf-inconsistent");
  repository.publishTimestamp((timestamp) => {
    timestamp.snapshotMeta = new MetaFile({ version: 1, hashes: { whirl: sha256 } });
  });
  await world.refused("tuf-inconsistent");
  repository.publishTimestamp((timestamp) => {
    timestamp.snapshotMeta = new MetaFile({ version: 1, length: 1_000 });
  });
  await world.refused("tuf-inconsistent");
  repository.publishTimestamp((timestamp) => {
    timestamp.snapshotMeta = new MetaFile({ version: 1, length: 100 });
  });
  await world.refused("tuf-too-large");
  // The file of version 2 holds version 1.
  repository.files.set("2.snapshot.json", repository.roleBytes("snapshot"));
  repository.publishTimestamp((timestamp) => {
    timestamp.snapshotMeta = new MetaFile({ version: 2 });
  });
  await world.refused("tuf-inconsistent");
  repository.files.set("2.targets.json", repository.roleBytes("targets"));
  repository.publishSnapshot((snapshot) => {
    snapshot.meta["targets.json"] = new MetaFile({ version: 2 });
  });
  await world.refused("tuf-inconsistent");
});

test("a mirror that withholds a root which was seen before is refused, again and again", async (t) => {
  const world = await tufWorld(t);
  world.repository.publish().publish();
  await world.fetch();
  // A cache without history, as sigstore-go leaves it, has nothing to prove its root with.
  rmSync(join(world.folder, "root_history"), { recursive: true });
  const root3 = world.cached("root.json");
  const withheld = ["3.root.json", "2.root.json"];
  for (const name of withheld) {
    world.repository.files.delete(name);
    for (let run = 0; run < 2; run++) {
      const error = await world.refused("tuf-rollback");
      // The second root, once seen, is in the history.
      assert.match(error.message, /ends at root version 2, version 3 was seen before/);
      assert.deepEqual(world.cached("root.json"), root3);
    }
  }
});

test("root rotations beyond the limit are left for the next run, with a notice", async (t) => {
  const world = await tufWorld(t);
  for (let i = 0; i < 3; i++) world.repository.publish();
  const result = await world.fetch({ limits: { rootRotationsMax: 2 } });
  assert.equal(result.roles.root.version, 3);
  assert.deepEqual(
    result.notices.map(({ code }) => code),
    ["root-rotations-limit"],
  );
  const next = await world.fetch({ root: undefined, limits: { rootRotationsMax: 2 } });
  assert.equal(next.roles.root.version, 4);
});

test("roots verified in a run that fails later are kept, nothing else is", async (t) => {
  const world = await tufWorld(t);
  world.repository.publish();
  world.repository.files.delete(world.repository.roleFile("targets"));
  await world.refused("tuf-metadata-missing");
  assert.deepEqual(world.cached("root.json"), Buffer.from(world.repository.root(2)));
  assert.equal(world.cached("timestamp.json"), undefined);
  assert.equal(world.cached("snapshot.json"), undefined);
});

test("a target that only a delegated role lists is missing, and that role is not asked", async (t) => {
  const world = await tufWorld(t);
  const { repository } = world;
  const { Delegations, DelegatedRole } = await delegationModels();
  const delegate = makeKey();
  repository.targets.delete("trusted_root.json");
  repository.publishTargets((targets) => {
    const role = new DelegatedRole({
      name: "delegate",
      keyIDs: [delegate.key.keyID],
      threshold: 1,
      terminating: true,
      paths: ["*"],
    });
    const keys = { [delegate.key.keyID]: delegate.key };
    targets.delegations = new Delegations({ keys, roles: { delegate: role } });
  });
  const error = await world.refused("tuf-target-missing");
  assert.match(error.message, /version 2, lists no trusted_root\.json/);
  assert.ok(!world.mirror.requests.some((name) => name.includes("delegate")));
});

/** Classes that @tufjs/models has but does not export from its index. */
async function delegationModels(): Promise<any> {
  const [{ Delegations }, { DelegatedRole }] = await Promise.all([
    import("@tufjs/models/dist/delegations.js"),
    import("@tufjs/models/dist/role.js"),
  ]);
  return { Delegations, DelegatedRole };
}
