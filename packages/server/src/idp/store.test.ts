// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { hashPassword, PasswordChecker } from "./password.ts";
import { FailureCounter } from "./rate-limit.ts";
import { isLoopbackHost } from "./redirects.ts";
import { isEmail, IdpStore } from "./store.ts";
import { formOf, withPublicClientNamed } from "./token-request.ts";

describe("the store", () => {
  let directory = "";
  let store: IdpStore;
  before(() => {
    directory = mkdtempSync(join(tmpdir(), "chancery-idp-"));
    store = new IdpStore(directory);
  });
  after(() => {
    store.close();
    rmSync(directory, { recursive: true });
  });

  it("is readable by its owner alone", () => {
    assert.equal(statSync(join(directory, "identity-provider.db")).mode & 0o777, 0o600);
  });

  it("keeps users by address, whatever its case, with a subject for ever", () => {
    const user = store.addUser("Ann@Example.com", "hash");
    assert.match(user.id, /^[0-9a-f-]{36}$/);
    assert.equal(store.userByEmail("ann@example.COM")?.id, user.id);
    assert.equal(store.userById(user.id)?.email, "Ann@Example.com");
    assert.throws(() => store.addUser("ann@example.com", "x"), { code: "exists" });
    store.setPassword("ANN@example.com", "other");
    assert.equal(store.userById(user.id)?.passwordHash, "other");
    store.removeUser("ann@example.com");
    assert.notEqual(store.addUser("ann@example.com", "x").id, user.id);
    assert.deepEqual(
      store.users().map(({ email }) => email),
      ["ann@example.com"],
    );
    store.removeUser("ann@example.com");
    assert.throws(() => store.removeUser("ann@example.com"), { code: "unknown" });
    assert.throws(() => store.setPassword("ann@example.com", "x"), { code: "unknown" });
  });

  it("shows what another process changed", () => {
    const other = new IdpStore(directory);
    try {
      other.addUser("late@example.com", "hash");
      assert.equal(store.userByEmail("late@example.com")?.passwordHash, "hash");
    } finally {
      other.close();
    }
  });

  it("keeps no secret of a machine, and gives each its own", () => {
    const secret = store.addMachineClient("one", undefined);
    const other = store.addMachineClient("two", "two@example.com");
    assert.match(secret, /^[\w-]{43}$/);
    assert.ok(store.checkMachineSecret("one", secret));
    assert.ok(!store.checkMachineSecret("two", secret));
    assert.ok(!store.checkMachineSecret("one", other));
    assert.ok(!store.checkMachineSecret("three", ""));
    assert.throws(() => store.addMachineClient("one", undefined), { code: "exists" });
    for (const name of ["", "a:b", "a b", "x".repeat(65), "ü"]) {
      assert.throws(() => store.addMachineClient(name, undefined), { code: "invalid" }, name);
    }
    store.removeMachineClient("one");
    assert.ok(!store.checkMachineSecret("one", secret));
    assert.throws(() => store.removeMachineClient("one"), { code: "unknown" });
  });

  it("makes each secret once", () => {
    assert.deepEqual(store.secret("cookies"), store.secret("cookies"));
    assert.notDeepEqual(store.secret("cookies"), store.secret("forms"));
    assert.equal(store.secret("cookies").length, 32);
  });

  it("says what is wrong where it cannot be opened", () => {
    const broken = join(directory, "broken");
    mkdirSync(broken);
    writeFileSync(join(broken, "identity-provider.db"), "this is no database, is it?".repeat(99));
    const message = /^cannot open .*identity-provider\.db: file is not a database$/;
    assert.throws(() => new IdpStore(broken), { code: "store", message });
    assert.throws(() => new IdpStore(join(directory, "missing")), { code: "store" });
  });
});

describe("passwords", () => {
  const checker = new PasswordChecker();

  it("are kept as scrypt hashes with salts of their own", async () => {
    const [one, two] = [
      await hashPassword("a good password"),
      await hashPassword("a good password"),
    ];
    assert.match(one, /^\$scrypt\$ln=15,r=8,p=3\$[A-Za-z0-9+/]{22}\$[A-Za-z0-9+/]{43}$/);
    assert.notEqual(one, two);
    assert.ok(await checker.check("a good password", one));
    assert.ok(!(await checker.check("a good passwort", one)));
    assert.ok(!(await checker.check("", one)));
  });

  it("are the same however their characters are composed", async () => {
    const hash = await hashPassword("caf\u00e9 caf\u00e9");
    assert.ok(await checker.check("cafe\u0301 cafe\u0301", hash));
  });

  it("must be neither short nor huge", async () => {
    await assert.rejects(hashPassword("seven77"), { code: "invalid" });
    await assert.rejects(hashPassword("x".repeat(1025)), { code: "invalid" });
  });

  it("are wrong for nobody, and an unreadable hash is an error", async () => {
    assert.ok(!(await checker.check("anything at all", undefined)));
    for (const hash of ["", "plain", "$scrypt$ln=15,r=8,p=3$short$short", "$2b$10$abc"]) {
      await assert.rejects(checker.check("anything", hash), { code: "store" });
    }
    const costly = `$scrypt$ln=40,r=8,p=3$${"A".repeat(22)}$${"A".repeat(43)}`;
    await assert.rejects(checker.check("anything", costly), /more time or memory/);
  });
});

describe("small things", () => {
  it("count failures in a window, and forget", () => {
    let now = 0;
    const counter = new FailureCounter({ failuresMax: 2, windowMs: 10_000 }, () => now);
    counter.failed("a");
    assert.equal(counter.waitSeconds("a"), 0);
    counter.failed("a");
    assert.equal(counter.waitSeconds("a"), 10);
    assert.equal(counter.waitSeconds("b"), 0);
    now = 9_001;
    assert.equal(counter.waitSeconds("a"), 1);
    now = 10_000;
    assert.equal(counter.waitSeconds("a"), 0);
    counter.failed("a");
    counter.failed("a");
    counter.undo("a");
    assert.equal(counter.waitSeconds("a"), 0);
    counter.failed("a");
    counter.forget("a");
    assert.equal(counter.waitSeconds("a"), 0);
  });

  it("remember a bounded number of names", () => {
    const counter = new FailureCounter({ failuresMax: 1, windowMs: 1000 }, () => 0);
    for (let i = 0; i <= 10_000; i++) counter.failed(String(i));
    assert.equal(counter.waitSeconds("0"), 0);
    assert.equal(counter.waitSeconds("1"), 1);
  });

  it("tell e-mail addresses from other text", () => {
    for (const text of ["a@b", "first.last+tag@mail.example.com", "ü@example.com"]) {
      assert.ok(isEmail(text), text);
    }
    const wrong = [
      "",
      "a",
      "a@",
      "@b",
      "a b@c",
      "a@b c",
      "a@b\n",
      "a@b@c",
      "<a@b>",

      "a@b..c",
    ];
    for (const text of [...wrong, `${"x".repeat(65)}@b`, `a@${"b.".repeat(130)}c`]) {
      assert.ok(!isEmail(text), text);
    }
  });

  it("tell loopback names from others", () => {
    for (const host of ["localhost", "LOCALHOST", "127.0.0.1", "127.9.9.9", "::1", "[::1]"]) {
      assert.ok(isLoopbackHost(host), host);
    }
    for (const host of [
      "",
      "127.0.0.1.nip.io",
      "127.1",
      "127.0.0.256",
      "::",
      "0.0.0.0",
      "1.2.3.4",
    ]) {
      assert.ok(!isLoopbackHost(host), host);
    }
  });

  it("put a client's name into the form where the header has no password", () => {
    const type = { "content-type": "application/x-www-form-urlencoded; charset=utf-8" };
    const ask = (pair: string, body: string) => {
      const authorization = `Basic ${Buffer.from(pair).toString("base64")}`;
      const raw = { headers: { ...type, authorization }, body: Buffer.from(body) };
      const { headers, body: after } = withPublicClientNamed(raw);
      return [headers.authorization !== undefined, Buffer.from(after).toString()];
    };
    assert.deepEqual(ask("sigstore:", "code=x"), [false, "code=x&client_id=sigstore"]);
    assert.deepEqual(ask("a%20b:", "client_id=a+b"), [false, "client_id=a+b"]);
    assert.deepEqual(ask("sigstore:", "client_id=other"), [true, "client_id=other"]);
    assert.deepEqual(ask("sigstore:secret", "code=x"), [true, "code=x"]);
    assert.deepEqual(ask("sigstore", "code=x"), [true, "code=x"]);
    assert.deepEqual(ask("%zz:", "code=x"), [true, "code=x"]);
    const json = { headers: { "content-type": "application/json" }, body: Buffer.from("a=b") };
    assert.equal(formOf(json).size, 0);
  });
});
