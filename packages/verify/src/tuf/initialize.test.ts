// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { test } from "node:test";
import { TufRepository } from "../../test/tuf-repository.ts";
import { start, text, trustedRoot, tufWorld, type World } from "../../test/tuf-world.ts";
import {
  initialize,
  type InitializeOptions,
  locationFromEnvironment,
  publicGoodMirror,
  readRoot,
  TufError,
  type TufErrorCode,
  type TufResult,
} from "./index.ts";

function init(world: World, options: Partial<InitializeOptions> = {}): Promise<TufResult> {
  return initialize({
    mirror: world.mirror.url,
    root: world.repository.root(),
    cacheDirectory: world.cacheDirectory,
    now: start,
    limits: { attemptsMax: 1 },
    ...options,
  });
}

async function refused(code: TufErrorCode, run: Promise<unknown>): Promise<TufError> {
  const error = await run.catch((reason: unknown) => reason);
  assert.ok(error instanceof TufError, String(error));
  assert.equal(error.code, code, error.message);
  return error;
}

/** The world's mirror serves another repository from now on. */
function replaceRepository(world: World): TufRepository {
  const other = new TufRepository(start);
  other.targets.set("trusted_root.json", new TextEncoder().encode("another"));
  other.targets.set("signing_config.v0.2.json", new TextEncoder().encode("another too"));
  other.publish();
  const { files } = world.repository;
  files.clear();
  for (const [name, bytes] of other.files) files.set(name, bytes);
  return other;
}

test("initializing fills the cache and names the mirror in remote.json", async (t) => {
  const world = await tufWorld(t);
  world.repository.publish();
  const result = await init(world);
  assert.equal(text(result.trustedRoot), text(trustedRoot));
  const remote = readFileSync(join(world.cacheDirectory, "remote.json"), "utf8");
  assert.equal(remote, JSON.stringify({ mirror: world.mirror.url }));
  assert.deepEqual(world.cached("root.json"), Buffer.from(world.repository.root(2)));
  assert.equal(text(world.cached("targets/trusted_root.json")), text(trustedRoot));
  assert.ok(existsSync(`${world.folder}.json`));

  const location = await locationFromEnvironment({ TUF_ROOT: world.cacheDirectory }, "/nowhere");
  assert.deepEqual(location, {
    mirror: world.mirror.url,
    root: undefined,
    cacheDirectory: world.cacheDirectory,
  });
  const later = await world.fetch(location);
  assert.equal(text(later.trustedRoot), text(trustedRoot));
});

test("a repository made anew replaces the cached one whole", async (t) => {
  const world = await tufWorld(t);
  for (let i = 0; i < 3; i++) world.repository.publish();
  await init(world);
  const other = replaceRepository(world);
  // Going on as before is refused: the old root is at version 4.
  const error = await world.refused("tuf-rollback", { root: other.root() });
  assert.match(error.hint, /initialize/);
  const result = await init(world, { root: other.root() });
  assert.equal(text(result.trustedRoot), "another");
  const next = await world.fetch({ root: undefined });
  assert.equal(text(next.trustedRoot), "another");
  assert.deepEqual(next.notices, []);
  assert.equal(next.roles.root.version, 1);
});

test("an initialization that fails anywhere leaves the old cache as it was", async (t) => {
  const world = await tufWorld(t);
  await init(world);
  const before = world.cacheFiles();
  const other = replaceRepository(world);
  const wrong = new TufRepository(start).publish();
  await refused("tuf-signature-threshold", init(world, { root: wrong.root() }));
  for (const name of world.repository.files.keys()) {
    if (name === "1.root.json") continue;
    world.mirror.instead.set(name, (response) => response.destroy());
    await refused("tuf-unreachable", init(world, { root: other.root() }));
    world.mirror.instead.clear();
    assert.deepEqual(world.cacheFiles(), before, name);
  }
  const root = other.root();
  await refused("tuf-expired-root", init(world, { root, now: new Date("2030-01-01T00:00:00Z") }));
  await refused("tuf-unreachable", init(world, { root, mirror: "http://127.0.0.1:1" }));
  await refused("tuf-invalid-option", init(world, { root, mirror: "nowhere" }));
  assert.deepEqual(world.cacheFiles(), before);
});

test("other repositories' caches stay", async (t) => {
  const world = await tufWorld(t);
  const file = join(world.cacheDirectory, "tuf.example.com", "root.json");
  mkdirSync(join(file, ".."));
  writeFileSync(file, "kept");
  await init(world);
  assert.equal(readFileSync(file, "utf8"), "kept");
});

test("a private mirror without a root is refused, also where one is cached", async (t) => {
  const world = await tufWorld(t);
  await init(world);
  const { mirror, cacheDirectory } = world;
  const options = { mirror: mirror.url, cacheDirectory, now: start };
  await refused("tuf-root-missing", initialize(options));
});

test("the root's checksum is compared before anything is asked", async (t) => {
  const world = await tufWorld(t);
  const root = world.repository.root();
  const digest = (name: string): string => createHash(name).update(root).digest("hex");
  const good = [
    digest("sha256"),
    digest("sha256").toUpperCase(),
    `sha256:${digest("sha256")}`,
    `sha512:${digest("sha512")}`,
  ];
  for (const rootChecksum of good) await init(world, { rootChecksum });
  world.mirror.requests.length = 0;
  const mismatch = "tuf-root-checksum-mismatch";
  const error = await refused(mismatch, init(world, { rootChecksum: "0".repeat(64) }));
  assert.ok(error.message.includes(digest("sha256")), error.message);
  await refused(mismatch, init(world, { rootChecksum: `sha512:${"0".repeat(128)}` }));
  for (const rootChecksum of [
    "",
    "0",
    "sha256:",
    `sha512:${digest("sha256")}`,
    digest("sha512"),
    `sha1:${"0".repeat(40)}`,
    `sha256:sha256:${digest("sha256")}`,
    ` ${digest("sha256")}`,
  ]) {
    await refused("tuf-invalid-option", init(world, { rootChecksum }));
  }
  const { cacheDirectory } = world;
  const rootChecksum = digest("sha256");
  await refused("tuf-invalid-option", initialize({ cacheDirectory, now: start, rootChecksum }));
  assert.deepEqual(world.mirror.requests, []);
});

test("a cache that cannot be written is an error here", async (t) => {
  const world = await tufWorld(t);
  rmSync(world.cacheDirectory, { recursive: true });
  writeFileSync(world.cacheDirectory, "");
  await refused("tuf-cache-unwritable", init(world));
});

test("a root is read from a file, a file URL or a web server, within its limit", async (t) => {
  const world = await tufWorld(t);
  const root = world.repository.root();
  const path = join(world.cacheDirectory, "given.json");
  writeFileSync(path, root);
  assert.deepEqual(await readRoot(path), root);
  assert.deepEqual(await readRoot(pathToFileURL(path).href), root);
  assert.deepEqual(await readRoot(`${world.mirror.url}/1.root.json`), root);
  const limits = { rootSizeBytesMax: root.length - 1, attemptsMax: 1 };
  await refused("tuf-too-large", readRoot(path, { limits }));
  await refused("tuf-too-large", readRoot(pathToFileURL(path).href, { limits }));
  await refused("tuf-too-large", readRoot(`${world.mirror.url}/1.root.json`, { limits }));
  await refused("tuf-root-missing", readRoot(`${path}.none`));
  await refused("tuf-root-missing", readRoot(pathToFileURL(`${path}.none`).href));
  await refused("tuf-root-missing", readRoot(`${world.mirror.url}/none`));
  await refused("tuf-unreachable", readRoot("http://127.0.0.1:1/root.json", { limits }));
  await refused("tuf-invalid-option", readRoot("ftp://example.com/root.json"));
});

test("the environment names mirror, cache and root, empty values name nothing", async (t) => {
  const world = await tufWorld(t);
  const home = world.cacheDirectory;
  const cacheDirectory = join(home, ".sigstore", "root");
  assert.deepEqual(await locationFromEnvironment({}, home), {
    mirror: publicGoodMirror,
    root: undefined,
    cacheDirectory,
  });
  const empty = { TUF_ROOT: "", TUF_MIRROR: "", TUF_ROOT_JSON: "" };
  assert.equal((await locationFromEnvironment(empty, home)).mirror, publicGoodMirror);
  const path = join(home, "given.json");
  writeFileSync(path, world.repository.root());
  const all = { TUF_ROOT: home, TUF_MIRROR: "https://tuf.example.com", TUF_ROOT_JSON: path };
  assert.deepEqual(await locationFromEnvironment(all, "/nowhere"), {
    mirror: "https://tuf.example.com",
    root: world.repository.root(),
    cacheDirectory: home,
  });
  await refused("tuf-root-missing", locationFromEnvironment({ TUF_ROOT_JSON: "/none" }, home));
});

test("a damaged remote.json is said to be damaged, not taken for the public instance", async (t) => {
  const world = await tufWorld(t);
  const path = join(world.cacheDirectory, "remote.json");
  for (const content of ["", "{", "[]", "{}", '{"mirror":1}', '{"mirror":"a","mirror":"b"}']) {
    writeFileSync(path, content);
    const environment = { TUF_ROOT: world.cacheDirectory };
    await refused("tuf-cache-invalid", locationFromEnvironment(environment, "/nowhere"));
    const chosen = { ...environment, TUF_MIRROR: "https://tuf.example.com" };
    assert.equal((await locationFromEnvironment(chosen, "")).mirror, "https://tuf.example.com");
  }
  rmSync(path);
  mkdirSync(path);
  const environment = { TUF_ROOT: world.cacheDirectory };
  await refused("tuf-cache-invalid", locationFromEnvironment(environment, "/nowhere"));
});
