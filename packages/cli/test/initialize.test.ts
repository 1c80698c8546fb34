// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { serve } from "../../verify/test/loopback-mirror.ts";
import { TufRepository } from "../../verify/test/tuf-repository.ts";
import { type Invoked, World } from "./world.ts";

const now = new Date("2026-01-10T12:00:00Z");
const trustedRoot = JSON.stringify({
  mediaType: "application/vnd.dev.sigstore.trustedroot+json;version=0.1",
});
const signingConfig = JSON.stringify({
  mediaType: "application/vnd.dev.sigstore.signingconfig.v0.2+json",
});

/** A repository behind HTTP, its first root in a file, and an empty home. */
async function start(t: TestContext) {
  const world = new World();
  const repository = new TufRepository(now);
  repository.targets.set("trusted_root.json", Buffer.from(trustedRoot));
  repository.targets.set("signing_config.v0.2.json", Buffer.from(signingConfig));
  repository.publish();
  const mirror = await serve(t, repository.files);
  world.write("root.json", repository.root());
  const env = { HOME: world.path("home") };
  const run = (line: string): Promise<Invoked> => world.run(line, { env, now });
  return {
    world,
    repository,
    mirror,
    run,
    cache: world.path("home/.sigstore/root"),
    line: `initialize --mirror ${mirror.url} --root root.json`,
  };
}

/** Every file below a folder, with its content. */
function snapshot(folder: string): Record<string, string> {
  const names = readdirSync(folder, { recursive: true, withFileTypes: true });
  return Object.fromEntries(
    names
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name))
      .sort()
      .map((path) => [path, readFileSync(path, "hex")]),
  );
}

function sha256(bytes: Uint8Array | string): string {
  return createHash("sha256").update(bytes).digest("hex");
}

test("prints what is trusted from now on, and keeps it where cosign looks", async (t) => {
  const { cache, line, mirror, repository, run, world } = await start(t);
  const { code, stdout, stderr } = await run(
    `${line} --root-checksum ${sha256(repository.root())}`,
  );
  assert.equal(code, 0, stderr);
  assert.equal(stderr, "");
  assert.equal(
    stdout,
    [
      `Trusting ${mirror.url}`,
      "  root version 1, expires 2026-02-09T12:00:00Z",
      `    SHA-256 ${sha256(repository.root())}`,
      "  timestamp version 1, expires 2026-02-09T12:00:00Z",
      "  snapshot version 1, expires 2026-02-09T12:00:00Z",
      "  targets version 1, expires 2026-02-09T12:00:00Z",
      `  trusted_root.json, ${trustedRoot.length} bytes`,
      `    SHA-256 ${sha256(trustedRoot)}`,
      `  signing_config.v0.2.json, ${signingConfig.length} bytes`,
      `    SHA-256 ${sha256(signingConfig)}`,
      `Kept in ${cache}`,
      "",
    ].join("\n"),
  );
  assert.deepEqual(world.json("home/.sigstore/root/remote.json"), { mirror: mirror.url });
  const folder = mirror.url.replace("http://", "").replaceAll(/[/:]/g, "-");
  assert.equal(world.read(`home/.sigstore/root/${folder}/targets/trusted_root.json`), trustedRoot);
  assert.deepEqual(
    world.read(`home/.sigstore/root/${folder}/root.json`),
    String(Buffer.from(repository.root())),
  );
  assert.equal(world.mode(`home/.sigstore/root/${folder}`), 0o700);
});

test("answers JSON, and names the root it began with where that is another", async (t) => {
  const { line, mirror, repository, run } = await start(t);
  const first = sha256(repository.root());
  repository.publishRoot().publishTargets();
  const { stdout } = await run(`${line} --output json`);
  const { version, ...json } = JSON.parse(stdout);
  assert.equal(version, 1);
  assert.equal(json.mirror, mirror.url);
  assert.equal(json.rootSha256, sha256(repository.root(2)));
  assert.equal(json.roles.root.version, 2);
  assert.deepEqual(
    json.targets.map(({ name }: { name: string }) => name),
    ["trusted_root.json", "signing_config.v0.2.json"],
  );
  const text = await run(line);
  assert.match(text.stdout, new RegExp(`reached from the root with SHA-256 ${first}\n`));
});

test("the next commands use the choice, also without network", async (t) => {
  const { line, mirror, run } = await start(t);
  assert.equal((await run(line)).code, 0);
  const requests = mirror.requests.length;
  const made = await run("trusted-root create --with-default-services --offline --output json");
  // An empty root is nothing to go on with, but it was found.
  assert.match(made.stderr, /no service is described/);
  assert.equal(mirror.requests.length, requests);
});

test("what was in use stays in use where the new one cannot be trusted", async (t) => {
  const { cache, line, repository, run, world } = await start(t);
  assert.equal((await run(line)).code, 0);
  const before = snapshot(cache);
  const other = new TufRepository(now);
  other.targets.set("trusted_root.json", Buffer.from("forged"));
  other.publish();
  const genuine = new Map(repository.files);

  for (const [name, bytes] of other.files)
    if (name !== "1.root.json") repository.files.set(name, bytes);
  const forged = await run(line);
  assert.equal(forged.code, 1, forged.stderr);
  assert.match(forged.stderr, /error: .*timestamp\.json: /);
  assert.deepEqual(snapshot(cache), before);

  for (const [name, bytes] of genuine) repository.files.set(name, bytes);
  repository.expires.timestamp = new Date(now.getTime() - 1000);
  repository.publishTimestamp();
  const expired = await run(`${line} --output json`);
  assert.equal(expired.code, 3, expired.stderr);
  assert.match(expired.stderr, /expired/);
  assert.equal(JSON.parse(expired.stdout).error.code, "tuf-expired-timestamp");
  assert.deepEqual(snapshot(cache), before);

  repository.files.clear();
  const absent = await run(line);
  assert.equal(absent.code, 3, absent.stderr);
  assert.deepEqual(snapshot(cache), before);

  const wrong = await run(`${line} --root-checksum ${"0".repeat(64)}`);
  assert.equal(wrong.code, 1);
  assert.match(wrong.stderr, /the root has sha256 [0-9a-f]{64}, 0{64} was expected/);
  world.write("root.json", "{}");
  const invalid = await run(line);
  assert.equal(invalid.code, 1, invalid.stderr);
  assert.match(invalid.stderr, /error: the initial root/);
  assert.deepEqual(snapshot(cache), before);
});

test("a mirror that cannot be reached is told from one that is wrong", async (t) => {
  const { run, cache } = await start(t);
  const { code, stderr } = await run("initialize --mirror http://127.0.0.1:1 --root root.json");
  assert.equal(code, 3, stderr);
  assert.match(stderr, /127\.0\.0\.1:1/);
  assert.match(stderr, /hint: check the network and the mirror's address/);
  assert.throws(() => snapshot(cache), { code: "ENOENT" });
});

test("targets that this program cannot use are pointed out", async (t) => {
  const { line, repository, run } = await start(t);
  repository.targets.set("trusted_root.json", Buffer.from('{"mediaType":"newer"}'));
  repository.publishTargets();
  const { code, stderr } = await run(line);
  assert.equal(code, 0);
  assert.match(stderr, /warning: trusted_root\.json is authentic, but cannot be used: .*"newer"/);
});

test("roots from addresses are checked, or said to be unchecked", async (t) => {
  const { mirror, repository, run } = await start(t);
  const line = `initialize --mirror ${mirror.url} --root ${mirror.url}/1.root.json`;
  const unchecked = await run(line);
  assert.equal(unchecked.code, 0, unchecked.stderr);
  assert.match(unchecked.stderr, /warning: the root is as trustworthy as its address/);
  const digest = createHash("sha512").update(repository.root()).digest("hex");
  const checked = await run(`${line} --root-checksum sha512:${digest}`);
  assert.equal(checked.code, 0);
  assert.equal(checked.stderr, "");
  const plain = await run("initialize --mirror http://x.test --root http://x.test/1.root.json");
  assert.equal(plain.code, 2);
  assert.match(plain.stderr, /fetched over http may be anybody's/);
});

test("says what is missing or contradicts itself", async (t) => {
  const { run } = await start(t);
  const cases: [string, RegExp][] = [
    [
      "--mirror https://x.test",
      /trusted by its root alone, and no root is given\nhint: pass --root/,
    ],
    ["--mirror ftp://x.test --root root.json", /is not an http, https or file URL/],
    ["--staging --mirror https://x.test", /--staging and --mirror exclude each other/],
    ["--mirror https://x.test --root none.json", /none\.json: no such file/],
    ["--root-checksum 00", /--root-checksum is given without --root/],
    ["--mirror https://x.test --root root.json --root-checksum 00", /"00" is not a checksum/],
  ];
  for (const [flags, message] of cases) {
    const { code, stderr, stdout } = await run(`initialize ${flags}`);
    assert.equal(code, 2, `${flags}\n${stderr}`);
    assert.match(stderr, message);
    assert.equal(stdout, "");
  }
});
