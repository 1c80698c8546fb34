// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { mkdirSync, symlinkSync } from "node:fs";
import { test } from "node:test";
import { World } from "./world.ts";

const world = new World();
const env = { COSIGN_PASSWORD: "hello" };

test("generate-key-pair writes both files and says so on standard error", async () => {
  const made = await world.run("generate-key-pair", { env });
  assert.equal(made.code, 0, made.stderr);
  assert.equal(made.stdout, "");
  assert.equal(
    made.stderr,
    "Private key written to cosign.key\nPublic key written to cosign.pub\n",
  );
  assert.equal(world.mode("cosign.key"), 0o600);
  assert.equal(world.mode("cosign.pub") & 0o600, 0o600);
  assert.match(world.read("cosign.key"), /^-----BEGIN ENCRYPTED SIGSTORE PRIVATE KEY-----\n/);
  const printed = await world.run("public-key --key cosign.key", { env });
  assert.equal(printed.stdout, world.read("cosign.pub"));
  assert.equal(printed.stderr, "");
});

test("an existing key stays, unless its loss is agreed to", async () => {
  const old = world.write("kept.key", "precious");
  const alone = await world.run("generate-key-pair --output-key-prefix kept", { env });
  assert.equal(alone.code, 2);
  assert.match(alone.stderr, /kept\.key exists already\nhint: pass --yes/);
  const declined = await world.run("generate-key-pair --output-key-prefix kept", {
    env,
    person: { confirms: [false] },
  });
  assert.equal(declined.code, 2);
  assert.deepEqual(declined.asked, ["kept.key exists already. Overwrite it?"]);
  assert.equal(world.read(old), "precious");
  assert.equal(world.has("kept.pub"), false);
  const agreed = await world.run("generate-key-pair --yes --output-key-prefix kept", { env });
  assert.equal(agreed.code, 0);
  assert.match(agreed.stderr, /warning: overwriting kept\.key: the key in it is lost/);
  assert.notEqual(world.read(old), "precious");
  symlinkSync(world.path("kept.key"), world.path("link.key"));
  const linked = await world.run("generate-key-pair --yes --output-key-prefix link", { env });
  assert.equal(linked.code, 3);
  assert.match(linked.stderr, /symbolic link/);
});

test("a public key's file stays as well", async () => {
  world.write("half.pub", "precious");
  const { code } = await world.run("generate-key-pair --output-key-prefix half", { env });
  assert.equal(code, 2);
  assert.equal(world.has("half.key"), false);
});

test("the kind of key is chosen by its algorithm", async () => {
  const kinds = [
    ["ecdsa-sha2-384-nistp384", "ec"],
    ["ed25519", "ed25519"],
    ["rsa-sign-pkcs1-2048-sha256", "rsa"],
  ] as const;
  for (const [algorithm] of kinds) {
    const line = `generate-key-pair --algorithm ${algorithm} --output-key-prefix ${algorithm}`;
    const made = await world.run(`${line} --output json`, { env });
    assert.equal(made.code, 0, made.stderr);
    const { version, ...json } = JSON.parse(made.stdout);
    assert.equal(version, 1);
    assert.equal(json.algorithm, algorithm);
    assert.equal(json.privateKey, `${algorithm}.key`);
    assert.match(json.keySha256, /^[0-9a-f]{64}$/);
    const shown = await world.run(`public-key --key ${algorithm}.pub --output json`);
    assert.equal(JSON.parse(shown.stdout).algorithm, algorithm);
    assert.equal(JSON.parse(shown.stdout).keySha256, json.keySha256);
  }
  const wrong = await world.run("generate-key-pair --algorithm dsa", { env });
  assert.equal(wrong.code, 2);
  assert.match(wrong.stderr, /--algorithm: dsa is not one of ecdsa-sha2-256-nistp256, /);
  const old = await world.run("generate-key-pair --algorithm ecdsa-sha2-256-nistp384", { env });
  assert.equal(old.code, 2);
});

test("a new password is typed twice", async () => {
  const line = "generate-key-pair --output-key-prefix typed";
  const made = await world.run(line, { person: { secrets: ["secret", "secret"] } });
  assert.equal(made.code, 0, made.stderr);
  assert.equal(made.asked.length, 2);
  const differ = await world.run(`${line}2`, { person: { secrets: ["secret", "secrte"] } });
  assert.equal(differ.code, 2);
  assert.match(differ.stderr, /passwords do not match/);
  assert.equal(world.has("typed2.key"), false);
  const opened = await world.run("public-key --key typed.key", { person: { secrets: ["secret"] } });
  assert.equal(opened.stdout, world.read("typed.pub"));
});

test("a password comes without its line end from a pipe or a file", async () => {
  const piped = await world.run("generate-key-pair --output-key-prefix piped", {
    stdin: "secret\n",
  });
  assert.equal(piped.code, 0, piped.stderr);
  const open = "public-key --key piped.key";
  assert.equal((await world.run(open, { env: { COSIGN_PASSWORD: "secret" } })).code, 0);
  assert.equal((await world.run(open, { stdin: "secret\r\n" })).code, 0);
  assert.equal((await world.run(open, { stdin: "secret" })).code, 0);
  world.write("password", "secret\n");
  assert.equal((await world.run(`${open} --password-file password`)).code, 0);
  const missing = await world.run(`${open} --password-file none`);
  assert.equal(missing.code, 2);
  assert.match(missing.stderr, /none: no such file/);
});

test("keys that cosign made with the line end in the password open as well", async () => {
  const prefix = "generate-key-pair --output-key-prefix lineend";
  await world.run(prefix, { env: { COSIGN_PASSWORD: "secret\n" } });
  assert.equal((await world.run("public-key --key lineend.key", { stdin: "secret\n" })).code, 0);
  const without = await world.run("public-key --key lineend.key", { stdin: "secret" });
  assert.equal(without.code, 2);
});

test("our variable comes before cosign's, also where it is empty", async () => {
  const both = { CHANCERY_PASSWORD: "hello", COSIGN_PASSWORD: "other" };
  assert.equal((await world.run("public-key --key cosign.key", { env: both })).code, 0);
  const empty = { CHANCERY_PASSWORD: "", COSIGN_PASSWORD: "hello" };
  const wrong = await world.run("public-key --key cosign.key", { env: empty });
  assert.equal(wrong.code, 2);
  assert.match(
    wrong.stderr,
    /the password does not open the private key\nhint: check the password/,
  );
});

test("a key is left unprotected only where that is said", async () => {
  const silent = await world.run("generate-key-pair --output-key-prefix bare", { stdin: "" });
  assert.equal(silent.code, 2);
  assert.match(silent.stderr, /password .* needed\nhint: set CHANCERY_PASSWORD \(empty for none\)/);
  const said = await world.run("generate-key-pair --output-key-prefix bare", {
    env: { CHANCERY_PASSWORD: "" },
  });
  assert.equal(said.code, 0);
  assert.match(said.stderr, /warning: the password is empty/);
});

test("import-key-pair reads what other tools wrote", async () => {
  world.key("theirs", "ed25519");
  const line = "import-key-pair -k theirs.key -o imported";
  const done = await world.run(`${line} --output json`, { env });
  assert.equal(done.code, 0, done.stderr);
  assert.equal(JSON.parse(done.stdout).algorithm, "ed25519");
  assert.equal(world.read("imported.pub"), world.read("theirs.pub"));
  assert.equal(world.mode("imported.key"), 0o600);
  assert.match(world.read("imported.key"), /ENCRYPTED SIGSTORE PRIVATE KEY/);
  assert.equal((await world.run(line, { env })).code, 2);
  assert.equal((await world.run(`${line} -y`, { env })).code, 0);
  const again = await world.run("import-key-pair --key imported.key", {
    person: { secrets: ["hello", "new", "new"] },
  });
  assert.equal(again.code, 0, again.stderr);
  assert.equal(world.read("import-cosign.pub"), world.read("theirs.pub"));
  const opened = await world.run("public-key --key import-cosign.key", {
    env: { COSIGN_PASSWORD: "new" },
  });
  assert.equal(opened.code, 0);
});

test("what is no private key is not imported", async () => {
  world.key("plain");
  world.write("noise.key", "noise");
  for (const [file, said] of [
    ["noise.key", /key/],
    ["plain.pub", /key/],
    ["none.key", /none\.key/],
  ] as const) {
    const { code, stderr } = await world.run(`import-key-pair -k ${file} -o refused`, { env });
    assert.equal(code, 2, file);
    assert.match(stderr, said);
    assert.equal(world.has("refused.key"), false);
  }
  const none = await world.run("import-key-pair", { env });
  assert.match(none.stderr, /needs the private key\nhint: chancery import-key-pair --key FILE/);
});

test("public-key truncates an old public key and spares everything else", async () => {
  world.write("out.pub", world.read("cosign.pub") + "\n".repeat(500));
  const done = await world.run("public-key --key cosign.key --outfile out.pub", { env });
  assert.equal(done.code, 0, done.stderr);
  assert.equal(done.stdout, "");
  assert.equal(done.stderr, "Public key written to out.pub\n");
  assert.equal(world.read("out.pub"), world.read("cosign.pub"));
  const key = world.read("cosign.key");
  const over = await world.run("public-key --key cosign.pub --outfile cosign.key");
  assert.equal(over.code, 2);
  assert.match(over.stderr, /cosign\.key exists already/);
  assert.equal(world.read("cosign.key"), key);
});

test("keys are named by file or by variable, and mistakes are told apart", async () => {
  const pem = world.read("cosign.pub");
  const variable = await world.run("public-key --key env://PUB", { env: { PUB: pem } });
  assert.equal(variable.stdout, pem);
  mkdirSync(world.path("folder"));
  for (const [reference, code, said] of [
    ["env://NONE", 3, /NONE/],
    ["none.key", 2, /no such file/],
    ["folder", 2, /directory/],
    ["awskms://key", 2, /awskms/],
  ] as const) {
    const { code: actual, stderr } = await world.run(`public-key --key ${reference}`, { env });
    assert.equal(actual, code, stderr);
    assert.match(stderr, said);
  }
  const none = await world.run("public-key");
  assert.equal(none.code, 2);
});
