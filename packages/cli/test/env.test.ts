// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { test } from "node:test";
import { allVariables } from "../src/environment/index.ts";
import { World } from "./world.ts";

const world = new World();
const env = {
  COSIGN_PASSWORD: "secret",
  TUF_ROOT: "/cache=1\nTUF_MIRROR=x",
  CHANCERY_KEY: "k",
  PATH: "/bin",
};

test("lists variables sorted, with what they are for, secrets masked", async () => {
  const { code, stdout, stderr } = await world.run("env", { env });
  assert.equal(code, 0);
  assert.equal(stderr, "");
  const lines = stdout.trimEnd().split("\n");
  assert.ok(lines.includes("COSIGN_PASSWORD=******"));
  assert.ok(lines.includes("TUF_ROOT=/cache=1\\u{a}TUF_MIRROR=x"));
  assert.ok(lines.includes("TUF_MIRROR="));
  assert.ok(
    lines.includes(
      "# TUF_MIRROR is the TUF repository to use, whatever was chosen with initialize",
    ),
  );
  assert.ok(lines.includes("# Expects: a base URL"));
  assert.match(stdout, /# SIGSTORE_ROOT_FILE .* \(cosign's; without effect here\)\n/);
  assert.doesNotMatch(stdout, /secret|PATH=\/bin/);
  assert.equal(lines.at(-1), "CHANCERY_KEY=******");
  const settings = lines.filter((line) => !line.startsWith("#"));
  const names = settings.map((line) => line.split("=")[0] as string);
  const listed = names.slice(0, -1);
  assert.ok(listed.every((name, i) => i === 0 || (listed[i - 1] as string) < name));
  assert.equal(new Set(names).size, (await allVariables()).length + 1);
});

test("shows values and leaves descriptions away where that is asked for", async () => {
  const flags = "--show-descriptions=false --show-sensitive-values";
  const { stdout } = await world.run(`env ${flags}`, { env });
  assert.doesNotMatch(stdout, /#/);
  assert.match(stdout, /^COSIGN_PASSWORD=secret$/m);
  assert.match(stdout, /^CHANCERY_KEY=k$/m);
});

test("answers JSON", async () => {
  const { stdout } = await world.run("env --output json", { env });
  const json = JSON.parse(stdout);
  assert.equal(json.version, 1);
  const find = (name: string): unknown =>
    json.variables.find((variable: { name: string }) => variable.name === name);
  assert.deepEqual(find("COSIGN_PASSWORD"), {
    name: "COSIGN_PASSWORD",
    value: "******",
    sensitive: true,
    effect: true,
    description: "is the password of private keys where CHANCERY_PASSWORD is not set",
    expects: "a password; set and empty means an empty one",
  });
  assert.deepEqual(json.others, [{ name: "CHANCERY_KEY", value: "******" }]);
  const unset = await world.run("env --output json");
  assert.equal(JSON.parse(unset.stdout).variables[0].value, null);
});

test("lists every setting of chancery up, with its default", async () => {
  const set = { CHANCERY_LOG_HOSTNAME: "log.example" };
  const { stdout } = await world.run("env", { env: set });
  for (const line of [
    "# CHANCERY_LOG_HOSTNAME is log.hostname of chancery up: the log's name for ever, where it is " +
      "not the host of publicUrl",
    "CHANCERY_LOG_HOSTNAME=log.example",
    "# Expects: a whole number (default 4096)",
    "CHANCERY_LIMITS_REQUESTS_MAX=",
    "# Expects: text (default 127.0.0.1:3000)",
  ]) {
    assert.ok(stdout.includes(`${line}\n`), line);
  }
});

test("takes no arguments", async () => {
  const { code, stderr } = await world.run("env x");
  assert.equal(code, 2);
  assert.match(stderr, /arguments/);
});
