// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { suite, test } from "node:test";
import { utf8Bytes } from "@chancery/formats/bytes";
import { publicKeysEqual } from "@chancery/formats/crypto";
import { pino } from "pino";
import { newDirectory } from "../../test/directory.ts";
import { refusal } from "../../test/refusal.ts";
import { KeyFolder, keyPasswordFrom } from "./index.ts";

const algorithm = "PKIX_ED25519";
const may = { mayMake: true };
const mayNot = { mayMake: false };
const password = utf8Bytes("correct horse");

function keysIn(folder: string, secret?: Uint8Array): { keys: KeyFolder; logged: () => string } {
  let logged = "";
  const logger = pino({}, { write: (line: string) => void (logged += line) });
  return { keys: new KeyFolder(folder, { password: secret, logger }), logged: () => logged };
}

suite("key files", () => {
  test("are plain without a password, which is said once, and for their owner alone", async (t) => {
    const folder = join(newDirectory(t), "keys");
    const { keys, logged } = keysIn(folder);
    assert.equal(keys.has("a"), false);
    assert.match(await refusal(keys.open("a", algorithm, mayNot), "key"), /a\.pem is missing/);
    const made = await keys.open("a", algorithm, may);
    await keys.open("b", algorithm, may);
    assert.equal(keys.has("a"), true);
    assert.match(readFileSync(join(folder, "a.pem"), "utf8"), /^-----BEGIN PRIVATE KEY-----\n/);
    assert.equal(statSync(join(folder, "a.pem")).mode & 0o777, 0o600);
    assert.equal(statSync(folder).mode & 0o777, 0o700);
    assert.equal(logged().match(/private keys are not encrypted/g)?.length, 1);
    assert.match(logged(), /CHANCERY_KEY_PASSWORD_FILE/);
    const again = keysIn(folder);
    const read = await again.keys.open("a", algorithm, may);
    assert.ok(publicKeysEqual(read.publicKey, made.publicKey));
    assert.equal(again.logged(), "", "at the first start only");
  });

  test("are encrypted with a password, and then need it", async (t) => {
    const folder = newDirectory(t);
    const { keys, logged } = keysIn(folder, password);
    const made = await keys.open("a", algorithm, may);
    const path = join(folder, "a.pem");
    const text = readFileSync(path, "utf8");
    assert.match(text, /^-----BEGIN ENCRYPTED PRIVATE KEY-----\n/);
    assert.equal(statSync(path).mode & 0o777, 0o600);
    assert.equal(logged(), "");
    const read = await keysIn(folder, password).keys.open("a", algorithm, mayNot);
    assert.ok(publicKeysEqual(read.publicKey, made.publicKey));
    for (const [secret, said] of [
      [undefined, /a\.pem is encrypted: set CHANCERY_KEY_PASSWORD_FILE/],
      [utf8Bytes("correct horsf"), /see that CHANCERY_KEY_PASSWORD_FILE or .* is the right one/],
      [utf8Bytes("correct horse\n"), /see that CHANCERY_KEY_PASSWORD_FILE/],
    ] as const) {
      const message = await refusal(keysIn(folder, secret).keys.open("a", algorithm, may), "key");
      assert.match(message, said);
      assert.ok(!message.includes("horse"), "secrets are not told");
    }
    assert.equal(readFileSync(path, "utf8"), text, "nothing is made in its place");
  });

  test("that are plain are encrypted once there is a password", async (t) => {
    const folder = newDirectory(t);
    const made = await keysIn(folder).keys.open("a", algorithm, may);
    const { keys, logged } = keysIn(folder, password);
    const read = await keys.open("a", algorithm, mayNot);
    assert.ok(publicKeysEqual(read.publicKey, made.publicKey));
    const path = join(folder, "a.pem");
    assert.match(readFileSync(path, "utf8"), /BEGIN ENCRYPTED PRIVATE KEY/);
    assert.equal(statSync(path).mode & 0o777, 0o600);
    assert.match(logged(), /is encrypted from now on/);
    await refusal(keysIn(folder).keys.open("a", algorithm, mayNot), "key");
  });

  test("that are damaged, of another kind or no keys are refused and left alone", async (t) => {
    const folder = newDirectory(t);
    const path = join(folder, "a.pem");
    for (const secret of [undefined, password]) {
      rmSync(path, { force: true });
      await keysIn(folder, secret).keys.open("a", algorithm, may);
      const good = readFileSync(path, "utf8");
      const { keys } = keysIn(folder, secret);
      const other = await refusal(keys.open("a", "PKIX_ECDSA_P256_SHA_256", mayNot), "key");
      assert.match(other, /another kind than PKIX_ECDSA_P256_SHA_256/);
      const relabelled = good.replaceAll("PRIVATE KEY", "PUBLIC KEY");
      for (const bad of ["", "no key", good.slice(0, 60), good + good, relabelled]) {
        writeFileSync(path, bad);
        assert.match(await refusal(keys.open("a", algorithm, may), "key"), /a\.pem/);
        assert.equal(readFileSync(path, "utf8"), bad);
      }
    }
  });
});

suite("the password of private keys", () => {
  test("comes from a variable or the first line of a file", async (t) => {
    const file = join(newDirectory(t), "secret");
    const read = async (environment: Record<string, string>): Promise<string | undefined> => {
      const bytes = await keyPasswordFrom(environment, () => file);
      return bytes && Buffer.from(bytes).toString();
    };
    assert.equal(await read({}), undefined);
    assert.equal(await read({ CHANCERY_KEY_PASSWORD: " pass word " }), " pass word ");
    for (const text of ["geheim", "geheim\n", "geheim\r\n", "geheim\nsecond line\n"]) {
      writeFileSync(file, text);
      assert.equal(await read({ CHANCERY_KEY_PASSWORD_FILE: "secret" }), "geheim");
    }
    const fromFile = { CHANCERY_KEY_PASSWORD_FILE: "secret" };
    await refusal(read({ ...fromFile, CHANCERY_KEY_PASSWORD: "x" }), "configuration");
    await refusal(read({ CHANCERY_KEY_PASSWORD: "" }), "configuration");
    await refusal(read({ CHANCERY_KEY_PASSWORD: "x".repeat(4097) }), "configuration");
    for (const text of ["", "\n", `\nsecond`, "x".repeat(5000)]) {
      writeFileSync(file, text);
      await refusal(read(fromFile), "configuration");
    }
    rmSync(file);
    const missing = await refusal(read(fromFile), "configuration");
    assert.match(missing, /the file of CHANCERY_KEY_PASSWORD_FILE cannot be read: ENOENT/);
  });
});
