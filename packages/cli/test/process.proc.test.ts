// SPDX-License-Identifier: Apache-2.0
// What only a real process shows: streams, exit codes, terminals, rights.
import assert from "node:assert/strict";
import { spawnSync, type SpawnSyncOptions } from "node:child_process";
import { chmodSync, truncateSync, writeFileSync } from "node:fs";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { World } from "./world.ts";

const program = fileURLToPath(new URL("../bin/chancery.js", import.meta.url));
const world = new World();
world.key("k");
world.write("f", "content\n");

function start(args: readonly string[], options: SpawnSyncOptions = {}) {
  const { env, ...others } = options;
  const { status, stdout, stderr } = spawnSync(process.execPath, [program, ...args], {
    cwd: world.folder,
    input: "",
    env: { PATH: process.env["PATH"], HOME: world.folder, ...env },
    ...others,
    encoding: "utf8",
  });
  return { code: status, stdout, stderr };
}

function shell(script: string, env: Record<string, string> = {}) {
  const { status, stdout, stderr } = spawnSync("bash", ["-c", script], {
    cwd: world.folder,
    encoding: "utf8",
    input: "",
    env: {
      PATH: process.env["PATH"],
      HOME: world.folder,
      NODE: process.execPath,
      CHANCERY: program,
      ...env,
    },
  });
  return { code: status, stdout, stderr };
}

test("signing and verifying a file, each in a process of its own", () => {
  const signed = start(["sign-blob", "--key", "k.key", "f"]);
  assert.equal(signed.code, 0, signed.stderr);
  assert.equal(signed.stdout, "");
  const verified = start(["verify-blob", "--key", "k.pub", "--level", "keyed", "f"]);
  assert.deepEqual(verified, { code: 0, stdout: "", stderr: "Verified OK\n" });
  assert.equal(start(["verify-blob", "--key", "k.pub", "f"]).code, 1);
  assert.equal(start(["verify-blob", "--key", "k.pub", "--nonsense"]).code, 2);
  assert.equal(start(["version"]).stderr, "");
});

test("standard input is an artifact, or a password, and the other must come from elsewhere", () => {
  const args = ["sign-blob", "--key", "k.key", "--bundle", "p.json", "-"];
  assert.equal(start(args, { input: "content\n" }).code, 0);
  const verify = ["verify-blob", "--key", "k.pub", "--level", "keyed", "--bundle", "p.json"];
  assert.equal(start([...verify, "f"]).code, 0);
  assert.equal(start([...verify, "-"], { input: "content\n" }).code, 0);
  const made = start(["generate-key-pair"], { input: "secret\n" });
  assert.equal(made.code, 0, made.stderr);
  const taken = start(["sign-blob", "--key", "cosign.key", "--bundle", "q.json", "-"], {
    input: "content\n",
  });
  assert.equal(taken.code, 2);
  assert.match(taken.stderr, /password .* needed\nhint: set CHANCERY_PASSWORD/);
  const env = { COSIGN_PASSWORD: "secret" };
  const both = ["sign-blob", "--key", "cosign.key", "--bundle", "q.json", "-"];
  assert.equal(start(both, { input: "content\n", env }).code, 0);
});

test("a named pipe and /dev/stdin are files, and /dev/stdout takes a bundle", () => {
  const sign = '"$NODE" "$CHANCERY" sign-blob --key k.key';
  const piped = shell(`${sign} --bundle /dev/stdout <(printf 'content\\n') > d.json`);
  assert.equal(piped.code, 0, piped.stderr);
  const verify = '"$NODE" "$CHANCERY" verify-blob --key k.pub --level keyed --bundle';
  assert.equal(shell(`${verify} d.json f`).code, 0);
  assert.equal(shell(`${verify} <(cat d.json) /dev/stdin < f`).code, 0);
});

test("a reader that stops reading is no failure", () => {
  const script = '"$NODE" "$CHANCERY" completion zsh | head -c 10; exit ${PIPESTATUS[0]}';
  const { code, stderr } = shell(script);
  assert.equal(stderr, "");
  assert.equal(code, 0);
});

test("a file that may not be read is told from one that is missing", () => {
  // Whoever may read everything becomes somebody else for this one.
  const user = process.getuid?.() === 0 ? { uid: 65534, gid: 65534 } : {};
  const secret = new World();
  chmodSync(secret.folder, 0o755);
  secret.key("k");
  chmodSync(secret.path("k.key"), 0o644);
  writeFileSync(secret.path("f"), "x", { mode: 0o000 });
  const args = ["sign-blob", "--key", "k.key", "--bundle", "/dev/null", "f"];
  const { code, stderr } = start(args, { cwd: secret.folder, ...user });
  assert.match(stderr, /f: permission denied\nhint: check the owner and mode/);
  assert.equal(code, 3);
});

test("colour appears on no pipe, and FORCE_COLOR brings it", () => {
  const esc = "\u001b";
  assert.ok(!start(["nonsense"]).stderr.includes(esc));
  assert.ok(start(["nonsense"], { env: { FORCE_COLOR: "1" } }).stderr.includes(esc));
});

test("large files are streamed, with every kind of key", () => {
  // 80 MiB, more than is read into memory at once; sparse, so that it costs no disk.
  world.write("large", "");
  truncateSync(world.path("large"), 80 << 20);
  for (const kind of ["ecdsa-sha2-256-nistp256", "ecdsa-sha2-384-nistp384", "ed25519"]) {
    world.key("l", kind);
    const signed = start(["sign-blob", "-y", "--key", "l.key", "large"]);
    assert.equal(signed.code, 0, signed.stderr);
    const verify = ["verify-blob", "--key", "l.pub", "--level", "keyed"];
    const verified = start([...verify, "large"]);
    assert.equal(verified.code, 0, `${kind}: ${verified.stderr}`);
    const other = start([...verify, "--bundle", "large.sigstore.json", "f"]);
    assert.equal(other.code, 1);
  }
});

// `script` runs a command on a terminal of its own and types what it is given; its flags are those
// of Linux.
const terminals = process.platform === "linux" ? [80] : [];
for (const columns of terminals) {
  test(`a terminal of ${columns} columns is asked for the password and does not show it`, () => {
    const start = `stty cols ${columns}; '${process.execPath}' '${program}'`;
    const command = `${start} public-key --key cosign.key`;
    const typed = `(sleep 1; printf 'secret\\r'; sleep 2) | script -qec "${command}" /dev/null`;
    const { code, stdout } = shell(typed);
    assert.equal(code, 0, stdout);
    assert.match(stdout.replaceAll(/\s+/g, " "), /Password for private key/);
    assert.match(stdout, /-----BEGIN PUBLIC KEY-----/);
    assert.ok(!stdout.includes("secret") && !stdout.includes("•"));
  });
}
