// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { day, MemoryFolder, start, trusted, TufWorld, validityMs } from "../../test/tuf-world.ts";
import { TufRepositoryError, tufRoles } from "./index.ts";

const after = (days: number): Date => new Date(start.getTime() + days * day);

async function failure(run: Promise<unknown>): Promise<string> {
  try {
    await run;
  } catch (error) {
    assert.ok(error instanceof TufRepositoryError, String(error));
    return `${error.code}: ${error.message}`;
  }
  throw new Error("it was not refused");
}

suite("a TUF repository", () => {
  test("publishes all roles, targets before what names them and the root last", async (t) => {
    const world = await TufWorld.open(t);
    const [a, b, ...others] = world.folder.written;
    for (const target of [a, b]) assert.match(target ?? "", /^targets\/[0-9a-f]{64}\.[a-z]/);
    assert.deepEqual(others, [
      "1.targets.json",
      "1.snapshot.json",
      "timestamp.json",
      "1.root.json",
    ]);
    const result = await world.client().fetch();
    assert.equal(trusted(result), "first");
    for (const role of tufRoles) {
      assert.equal(result.roles[role].version, 1);
      // Without fractions, as python-tuf needs it.
      const expires = new Date(start.getTime() + validityMs[role] - 750);
      assert.deepEqual(result.roles[role].expires, expires);
    }
    assert.match(world.signed("1.root.json").expires, /T12:00:00Z$/);
  });

  test("changes nothing where nothing is new or due", async (t) => {
    const world = await TufWorld.open(t);
    const count = world.folder.written.length;
    const update = await world.publish("first");
    assert.deepEqual(update, { published: [], rootNeeded: undefined });
    assert.equal(world.folder.written.length, count);
  });

  test("publishes what has changed, for old clients and new ones", async (t) => {
    const world = await TufWorld.open(t);
    const old = world.client();
    await old.fetch();
    const update = await world.publish("second");
    assert.deepEqual(update.published, ["targets", "snapshot", "timestamp"]);
    for (const client of [old, world.client()]) {
      assert.equal(trusted(await client.fetch()), "second");
    }
    // What a client that is in between still asks for is there.
    assert.ok(world.folder.files.has("1.targets.json"));
    assert.equal(
      [...world.folder.files.keys()].filter((name) => /trusted_root/.test(name)).length,
      2,
    );
  });

  test("signs each role anew when half of its validity is over, and not before", async (t) => {
    const world = await TufWorld.open(t);
    const client = world.client();
    for (const [days, published] of [
      [3.9, []],
      [4.1, ["timestamp"]],
      [8.3, ["timestamp"]],
      [29, ["timestamp"]],
      [31, ["snapshot", "timestamp"]],
      [181, ["root", "targets", "snapshot", "timestamp"]],
    ] as const) {
      world.now = after(days);
      assert.deepEqual((await world.repository().renew()).published, published, `day ${days}`);
      await client.fetch();
    }
    const result = await client.fetch();
    assert.deepEqual(
      tufRoles.map((role) => result.roles[role].version),
      [2, 2, 3, 6],
    );
  });

  test("is refused by clients when nobody signs it any more, and taken again after", async (t) => {
    const world = await TufWorld.open(t);
    const client = world.client();
    await client.fetch();
    world.now = after(8);
    assert.equal(await client.refusal(), "tuf-expired-timestamp");
    world.now = after(400);
    assert.equal(await client.refusal(), "tuf-expired-root");
    await world.repository().renew();
    assert.equal(trusted(await client.fetch()), "first");
  });

  const groups = [["root"], ["targets"], ["snapshot", "timestamp"], [...tufRoles]] as const;
  for (const roles of groups) {
    for (const lost of ["kept", "lost"] as const) {
      if (lost === "lost" && roles[0] === "root") continue;
      test(`gives ${roles.join(", ")} a new key, the old one ${lost}`, async (t) => {
        const world = await TufWorld.open(t);
        const old = world.client();
        await old.fetch();
        world.replace(roles, lost);
        const update = await world.publish("first");
        assert.ok(update.published.includes("root"));
        const root = world.signed("2.root.json");
        for (const role of roles) {
          assert.equal(root.roles[role].keyids.length, 1);
          assert.notDeepEqual(root.roles[role], world.signed("1.root.json").roles[role]);
        }
        const named = tufRoles.flatMap((role) => root.roles[role].keyids);
        assert.deepEqual(new Set(Object.keys(root.keys)), new Set(named));
        for (const client of [
          old,
          world.client(),
          world.client(world.folder.files.get("2.root.json")),
        ]) {
          assert.equal((await client.fetch()).roles.root.version, 2);
        }
        assert.deepEqual((await world.publish("first")).published, []);
        await world.publish("second");
        assert.equal(trusted(await old.fetch()), "second");
      });
    }
  }

  test("no longer takes what a removed key signs", async (t) => {
    const world = await TufWorld.open(t);
    const client = world.client();
    const { rings, folder } = world;
    const removed = { ...rings };
    world.replace(["snapshot", "timestamp"]);
    await world.publish("first");
    await client.fetch();
    // Whoever has the old key forges a timestamp, beyond all that there was.
    const forged = new MemoryFolder();
    for (const [name, text] of folder.files) forged.files.set(name, text);
    Object.assign(rings, removed);
    folder.files.delete("2.root.json");
    world.now = after(5);
    await world.repository().renew();
    folder.files.set("2.root.json", forged.files.get("2.root.json") ?? "");
    assert.equal(await client.refusal(), "tuf-signature-threshold");
    assert.equal(await world.client().refusal(), "tuf-signature-threshold");
  });

  test("goes on with the keys of the root while there is no root key", async (t) => {
    const world = await TufWorld.open(t);
    const client = world.client();
    world.rings.root = { current: undefined, former: [] };
    assert.equal((await world.publish("second")).rootNeeded, undefined);
    world.replace(["snapshot", "timestamp"]);
    const update = await world.publish("third");
    assert.deepEqual(update.published, ["targets", "snapshot", "timestamp"]);
    assert.match(
      update.rootNeeded ?? "",
      /^keys have changed \(it holds until 2027-\S+\): 1 of the 1 root keys of version 1 must sign, 0 did: /,
    );
    assert.equal(trusted(await client.fetch()), "third");
    world.now = after(181);
    const renewed = await world.repository().renew();
    assert.ok(!renewed.published.includes("root"));
    assert.match(renewed.rootNeeded ?? "", /^keys have changed/);
    await client.fetch();
  });

  test("does not sign with a key that no root names", async (t) => {
    const world = await TufWorld.open(t);
    world.rings.root = { current: undefined, former: [] };
    world.replace(["targets"], "lost");
    const before = [...world.folder.files];
    const problem = await failure(world.publish("second"));
    assert.match(problem, /^key: root version 1 asks for keys of targets that are not here: /);
    assert.deepEqual([...world.folder.files], before);
  });

  for (const name of ["timestamp.json", "1.snapshot.json", "1.targets.json", "1.root.json"]) {
    test(`does not begin anew where ${name} is missing`, async (t) => {
      const world = await TufWorld.open(t);
      world.replace(["timestamp"]);
      await world.publish("first");
      world.folder.files.delete(name);
      assert.equal(
        await failure(world.publish("first")),
        `damaged: ${name} is missing from the TUF repository: restore the folder from a backup`,
      );
    });
  }

  test("is not read where a file is no metadata", async (t) => {
    const world = await TufWorld.open(t);
    const good = world.folder.files.get("timestamp.json") ?? "";
    for (const [text, message] of [
      ["", /^damaged: timestamp\.json: /],
      [good.slice(0, -9), /^damaged: /],
      [good.replace('"timestamp"', '"snapshot"'), /_type.* is not one of timestamp/],
      [good.replace(/"version": 1/, '"version": 0'), /version is below 1|is below 1/],
      [good.replace(/"expires": "[^"]+"/, '"expires": "soon"'), /"soon" is not an RFC 3339 time/],
      [good.replace("snapshot.json", "other.json"), /snapshot\.json/],
    ] as const) {
      assert.notEqual(text, good);
      world.folder.files.set("timestamp.json", text);
      assert.match(await failure(world.publish("first")), message);
    }
  });

  test("survives a crash at any write, and clients never see anything wrong", async (t) => {
    for (const step of ["first", "targets", "keys"] as const) {
      for (let writes = 0; ; writes++) {
        const world = await TufWorld.open(t);
        const client = world.client();
        if (step === "first") {
          world.folder.files.clear();
        } else {
          await client.fetch();
          if (step === "keys") world.replace(["root", "targets", "snapshot", "timestamp"]);
        }
        world.folder.writesLeft = writes;
        const outcome = await world.publish("second").catch((error: unknown) => error);
        world.folder.writesLeft = Infinity;
        const crashed = outcome instanceof Error;
        if (crashed) {
          assert.equal(outcome.message, "crash");
          if (step !== "first") {
            assert.ok(["first", "second"].includes(trusted(await client.fetch())));
            assert.ok(["first", "second"].includes(trusted(await world.client().fetch())));
          }
          world.now = new Date(start.getTime() + 5000);
          await world.publish("second");
        }
        assert.equal(trusted(await world.client().fetch()), "second");
        if (step !== "first") assert.equal(trusted(await client.fetch()), "second");
        if (!crashed) break;
        assert.ok(writes < 8);
      }
    }
  });

  test("does one update after the other", async (t) => {
    const world = await TufWorld.open(t);
    const repository = world.repository();
    const targets = (text: string): Map<string, { text: string }> =>
      new Map([["trusted_root.json", { text }]]);
    await Promise.all(["a", "b", "c"].map((text) => repository.publish(targets(text))));
    assert.equal(trusted(await world.client().fetch()), "c");
    assert.deepEqual(repository.expiries?.timestamp, new Date("2026-01-18T12:00:00Z"));
  });
});
