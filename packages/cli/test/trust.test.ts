// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { readdirSync, rmSync } from "node:fs";
import { suite, test, type TestContext } from "node:test";
import { startStack } from "@chancery/server";
import { fetchTrust, type TufResult } from "@chancery/verify/tuf";
import { World } from "./world.ts";

const logging = { level: "silent" } as const;

/** Runs a stack in a folder until the test ends or it is stopped. */
async function start(t: TestContext, world: World) {
  const dataDirectory = world.path("chancery-data");
  const stack = await startStack({
    dataDirectory,
    listen: "127.0.0.1:0",
    config: { only: ["tsa", "tuf"], logging },
  });
  t.after(() => stack.close());
  const fetchAll = (): Promise<TufResult> =>
    fetchTrust({
      mirror: `${stack.url}/tuf`,
      root: Buffer.from(world.read("chancery-data/tuf/1.root.json")),
      cacheDirectory: world.path("cache"),
      now: new Date(),
    });
  return { stack, fetchAll };
}

async function stopped(t: TestContext): Promise<World> {
  const world = new World();
  const { stack } = await start(t, world);
  await stack.close();
  return world;
}

async function done(world: World, line: string): Promise<any> {
  const { code, stdout, stderr } = await world.run(`${line} --output json`);
  assert.equal(code, 0, stderr);
  return { ...JSON.parse(stdout), said: stderr };
}

async function refused(world: World, line: string, message: RegExp, code = 2): Promise<void> {
  const answer = await world.run(line);
  assert.match(answer.stderr, message);
  assert.equal(answer.code, code);
}

suite("chancery trust", () => {
  test("keeps the root key elsewhere, and goes on with two of three others", async (t) => {
    const world = await stopped(t);
    const { files } = await done(world, "trust root-offline medium");
    assert.deepEqual(files, [world.path("medium/tuf-root.pem")]);
    assert.equal(world.mode("medium/tuf-root.pem"), 0o600);
    assert.ok(!readdirSync(world.path("chancery-data/keys")).includes("tuf-root.pem"));
    await refused(world, "trust root-offline other", /there is no key tuf-root/);
    await refused(world, "trust rotate tuf-root", /kept elsewhere: replace it with .* next-root/);
    await refused(world, "trust rotate tuf", /tuf-targets and tuf-online can be replaced by/);

    const { stack, fetchAll } = await start(t, world);
    assert.equal((await fetchAll()).roles.root.version, 1);
    await refused(world, "trust next-root", /is in use by process/, 3);
    await stack.close();

    for (const name of ["ann", "bob", "eve"]) world.key(name);
    const made = "trust next-root --root-key ann.pub --root-key bob.pub --root-key eve.pub";
    await done(world, `${made} --threshold 2 --out next.json`);
    assert.deepEqual(world.json("next.json").signatures, []);
    const importIt = "trust import-root next.json";
    await refused(world, importIt, /1 of the 1 root keys of version 1 must sign, 0 did/);
    const old = await done(world, "trust sign-root next.json --key medium/tuf-root.pem");
    assert.equal(old.isRootKey, false);
    assert.match(old.said, /no root key of this version; it counts if it was one before/);
    await refused(world, importIt, /2 of the 3 root keys of version 2 itself must sign, 0 did/);
    const ann = await done(world, "trust sign-root next.json --key ann.key");
    assert.equal(ann.isRootKey, true);
    assert.equal(ann.roles.root.threshold, 2);
    await done(world, "trust sign-root next.json --key ann.key");
    await refused(world, importIt, /2 of the 3 root keys of version 2 itself must sign, 1 did/);
    await done(world, "trust sign-root next.json --key eve.key");
    assert.deepEqual((await done(world, importIt)).published, ["root"]);
    await refused(world, importIt, /this is root version 2, the next one is 3/);

    const again = await start(t, world);
    assert.equal((await again.fetchAll()).roles.root.version, 2);
  });

  test("names new online keys in a root that is signed elsewhere", async (t) => {
    const world = await stopped(t);
    await done(world, "trust root-offline medium");
    await done(world, "trust next-root --out early.json");
    await done(world, "trust sign-root early.json --key medium/tuf-root.pem");
    const { keys } = await done(world, "trust rotate tuf-online");
    assert.deepEqual(keys, ["tuf-online-2"]);
    const between = await start(t, world);
    assert.equal((await between.fetchAll()).roles.root.version, 1);
    await between.stack.close();
    const other = /this root names other keys than those that sign here/;
    await refused(world, "trust import-root early.json", other);
    await done(world, "trust next-root --out next.json");
    await done(world, "trust sign-root next.json --key medium/tuf-root.pem");
    await done(world, "trust import-root next.json");
    rmSync(world.path("chancery-data/keys/tuf-online.pem"));
    const after = await start(t, world);
    assert.equal((await after.fetchAll()).roles.root.version, 2);
  });

  test("rotates while nothing runs, and says what else there is", async (t) => {
    const world = await stopped(t);
    const { service, keys, said } = await done(world, "trust rotate tsa");
    assert.deepEqual([service, keys], ["tsa", ["tsa-2"]]);
    assert.match(said, /tsa-2 takes over\nStart chancery up/);
    const { stack } = await start(t, world);
    assert.equal(JSON.parse(stack.trustedRoot).timestampAuthorities.length, 2);
    await refused(world, "trust rotate tsa", /is in use by process/, 3);
    await refused(world, "trust rotate nothing", /"nothing" cannot be replaced; these can: .*tuf/);
  });

  const wrong: [string, string, RegExp][] = [
    ["a root that is none", "trust sign-root text --key ann.key", /the root to sign: /],
    ["no key", "trust sign-root text", /sign-root needs a key/],
    [
      "a key of another kind",
      "trust sign-root good.json --key ed.key",
      /not an ECDSA key on P-256/,
    ],
    ["a threshold alone", "trust next-root --threshold 2", /--threshold: say of which keys/],
    ["no number", "trust next-root --root-key ann.pub --threshold x", /"x" is not a number from 1/],
    [
      "a threshold above the keys",
      "trust next-root --root-key ann.pub --root-key ann.pub --threshold 2",
      /the threshold 2 is not between 1 and the 1 root keys/,
    ],
    [
      "a root key of another kind",
      "trust next-root --root-key ed.pub",
      /not an ECDSA key on P-256/,
    ],
    ["a folder that has it", "trust root-offline chancery-data/keys", /exists: choose another/],
    ["no such directory", "trust next-root --data nowhere", /there is no directory/],
    ["nothing published", "trust next-root --data empty", /nothing was ever published/],
    ["another file", "trust import-root text", /the signed root: /],
    ["one that is not signed", "trust import-root good.json", /1 of the 1 root keys of version 1/],
  ];
  test("refuses what cannot be meant", async (t) => {
    const world = await stopped(t);
    world.key("ann");
    world.key("ed", "ed25519");
    world.write("text", "text");
    await done(world, "trust next-root --out good.json");
    await startEmpty(world);
    for (const [name, line, message] of wrong) {
      await t.test(name, () => refused(world, line, message));
    }
  });
});

async function startEmpty(world: World): Promise<void> {
  const dataDirectory = world.path("empty");
  const config = { only: ["tsa"], logging };
  const stack = await startStack({ dataDirectory, listen: "127.0.0.1:0", config });
  await stack.close();
}
