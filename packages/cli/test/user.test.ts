// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { mkdirSync, statSync } from "node:fs";
import { suite, test } from "node:test";
import { World } from "./world.ts";

const env = { CHANCERY_USER_PASSWORD: "correct horse battery" };

function newWorld(): World {
  const world = new World();
  mkdirSync(world.path("chancery-data"));
  return world;
}

suite("chancery user", () => {
  test("adds, lists, changes and removes users", async () => {
    const world = newWorld();
    const add = await world.run("user add ann@example.com --output json", { env });
    assert.equal(add.code, 0, add.stderr);
    const { email, id } = JSON.parse(add.stdout) as Record<string, string>;
    assert.equal(email, "ann@example.com");
    assert.equal(statSync(world.path("chancery-data/identity-provider.db")).mode & 0o777, 0o600);
    const again = await world.run("user add ANN@example.com", { env });
    assert.equal(again.code, 2);
    assert.match(again.stderr, /there is a user ANN@example\.com already/);
    const list = await world.run("user list --output json");
    const { users } = JSON.parse(list.stdout) as { users: Record<string, string>[] };
    assert.deepEqual(Object.keys(users[0] ?? {}), ["id", "email", "created"]);
    assert.equal(users[0]?.["id"], id);
    assert.doesNotMatch(list.stdout, /scrypt/);
    assert.match((await world.run("user list")).stdout, /^user {5}\S+ {2}ann@example\.com\n$/);
    world.write("password.txt", "another password\n");
    const passwd = "user passwd ann@example.com --password-file password.txt";
    assert.equal((await world.run(passwd)).code, 0);
    assert.equal((await world.run("user remove ann@example.com")).code, 0);
    const gone = await world.run("user remove ann@example.com");
    assert.equal(gone.code, 2);
    assert.match(gone.stderr, /there is no user ann@example\.com/);
    assert.equal((await world.run("user passwd ann@example.com", { env })).code, 2);
  });

  test("gives a machine a secret, once", async () => {
    const world = newWorld();
    const add = await world.run("user add ci --machine --email ci@example.com");
    assert.equal(add.code, 0, add.stderr);
    assert.match(add.stdout, /^[\w-]{43}\n$/);
    const list = await world.run("user list");
    assert.match(list.stdout, /^machine {2}\S+ {2}ci\n$/);
    assert.ok(!list.stdout.includes(add.stdout.trim()));
    assert.equal((await world.run("user add ci --machine")).code, 2);
    assert.equal((await world.run("user remove ci --machine")).code, 0);
  });

  test("asks twice for a password where somebody is there", async () => {
    const world = newWorld();
    const line = "user add ann@example.com";
    const differ = await world.run(line, { person: { secrets: ["one password", "another one"] } });
    assert.equal(differ.code, 2);
    assert.match(differ.stderr, /passwords do not match/);
    const same = await world.run(line, { person: { secrets: ["one password", "one password"] } });
    assert.equal(same.code, 0, same.stderr);
    assert.deepEqual(same.asked, ["New password of the user:", "The same password again:"]);
  });

  const wrong: [string, string, Record<string, string>, RegExp][] = [
    ["no password", "user add ann@example.com", {}, /a password for the user is needed/],
    [
      "a short one",
      "user add ann@example.com",
      { CHANCERY_USER_PASSWORD: "short" },
      /shorter than 8 characters/,
    ],
    ["an address that is none", "user add ann", env, /"ann" is not an e-mail address/],
    ["a machine's name that is none", "user add a:b --machine", {}, /cannot name a machine/],
    ["a password for a machine", "user add ci --machine --password-file x", {}, /gets a secret/],
    ["an address beside a user's", "user add a@b --email c@d", env, /--email: a user's address/],
    ["another directory", "user list --data nowhere", {}, /there is no directory nowhere/],
  ];
  for (const [name, line, variables, message] of wrong) {
    test(`refuses ${name}`, async () => {
      const { code, stderr, stdout } = await newWorld().run(line, { env: variables });
      assert.equal(code, 2, stderr);
      assert.equal(stdout, "");
      assert.match(stderr, message);
    });
  }
});
