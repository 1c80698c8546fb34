// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { suite, test } from "node:test";
import { DatabaseSync } from "node:sqlite";
import { utf8Bytes } from "@chancery/formats/bytes";
import { decodeJwt } from "jose";
import { newDirectory } from "../../test/directory.ts";
import { askToken, codeOf, openWorld, redemption, signIn } from "../../test/idp/world.ts";
import { IdpError } from "./errors.ts";

const password = utf8Bytes("a password of keys");

/** Opens a provider until its keys are there, and closes it. @returns its keys' names, and logs */
async function run(
  dataDirectory: string,
  keyPassword?: Uint8Array,
): Promise<{ readonly kids: unknown[]; readonly logs: string }> {
  const world = await openWorld({ dataDirectory, keyPassword });
  try {
    const { keys } = await world.idp.jwks();
    return { kids: keys.map(({ kid }) => kid), logs: world.logs.join("") };
  } finally {
    await world.close();
  }
}

async function refusal(opening: Promise<unknown>): Promise<string> {
  try {
    await opening;
  } catch (error) {
    assert.ok(error instanceof IdpError, String(error));
    assert.equal(error.code, "store");
    return error.message;
  }
  throw new Error("it opened");
}

/** The members of the stored keys, by name. */
function storedKeys(directory: string): Record<string, string>[] {
  const database = new DatabaseSync(join(directory, "identity-provider.db"), { readOnly: true });
  try {
    const rows = database.prepare("SELECT jwk FROM signing_key ORDER BY created_ms").all();
    return rows.map((row) => JSON.parse(String(row["jwk"])) as Record<string, string>);
  } finally {
    database.close();
  }
}

const publicMembers = ["alg", "e", "encrypted", "kid", "kty", "n", "use"];

suite("the keys that sign tokens", () => {
  test("are encrypted where there is a password, and sign at the next start", async (t) => {
    const directory = newDirectory(t);
    const { kids } = await run(directory, password);
    const [stored, ...others] = storedKeys(directory);
    assert.deepEqual(others, []);
    assert.deepEqual(Object.keys(stored ?? {}).toSorted(), publicMembers);
    assert.match(stored?.["encrypted"] ?? "", /^-----BEGIN ENCRYPTED PRIVATE KEY-----\n/);
    const world = await openWorld({ dataDirectory: directory, keyPassword: password });
    t.after(() => world.close());
    assert.deepEqual(
      (await world.idp.jwks()).keys.map(({ kid }) => kid),
      kids,
    );
    const { body } = await askToken(world, redemption(codeOf(await signIn(world))));
    assert.equal(decodeJwt(String(body["id_token"])).iss, world.issuer);
    await world.idp.rotateKeys();
    assert.deepEqual(
      storedKeys(directory).map((key) => Object.keys(key).toSorted()),
      [publicMembers, publicMembers],
    );
  });

  test("that are plain are encrypted when a password is set, without a trace", async (t) => {
    const directory = newDirectory(t);
    const { kids } = await run(directory);
    const [{ d, p, n, ...plain } = {}] = storedKeys(directory);
    assert.ok(d && p && n && plain["encrypted"] === undefined);
    const again = await run(directory, password);
    assert.deepEqual(again.kids, kids);
    assert.match(again.logs, /keys that sign tokens are encrypted from now on/);
    assert.ok(!again.logs.includes(d));
    assert.deepEqual(Object.keys(storedKeys(directory)[0] ?? {}).toSorted(), publicMembers);
    const file = readFileSync(join(directory, "identity-provider.db"), "latin1");
    assert.ok(file.includes(n) && !file.includes(d.slice(0, 40)) && !file.includes(p.slice(0, 40)));
    const third = await run(directory, password);
    assert.deepEqual(third.kids, kids);
    assert.doesNotMatch(third.logs, /encrypted from now on/);
  });

  test("are not replaced where the password is missing or wrong", async (t) => {
    const directory = newDirectory(t);
    const { kids } = await run(directory, password);
    const open = async (keyPassword?: Uint8Array): Promise<unknown> =>
      openWorld({ dataDirectory: directory, keyPassword });
    assert.match(await refusal(open()), /are encrypted: set CHANCERY_KEY_PASSWORD_FILE to/);
    assert.match(await refusal(open(utf8Bytes("x"))), /cannot be decrypted: set CHANCERY_KEY_/);
    assert.deepEqual((await run(directory, password)).kids, kids);
  });

  for (const [what, encrypted] of [
    ["no PEM", "hello"],
    ["cut", "-----BEGIN ENCRYPTED PRIVATE KEY-----\nMAA=\n-----END ENCRYPTED PRIVATE KEY-----\n"],
  ] as const) {
    test(`are not read where what is stored is ${what}`, async (t) => {
      const directory = newDirectory(t);
      await run(directory, password);
      const database = new DatabaseSync(join(directory, "identity-provider.db"));
      const [stored] = storedKeys(directory);
      const text = JSON.stringify({ ...stored, encrypted });
      database.prepare("UPDATE signing_key SET jwk = ?").run(text);
      database.close();
      const open = openWorld({ dataDirectory: directory, keyPassword: password });
      assert.match(await refusal(open), /a key that signs tokens cannot be read/);
    });
  }
});
