// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import fs from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { refuses } from "../../test/keys.ts";
import { claims, now, nowSeconds, tokenOf } from "../../test/tokens.ts";
import { TokenCache, tokenCacheFolder } from "./cache.ts";
import { IdentityToken } from "./identity-token.ts";

const root = fs.mkdtempSync(join(tmpdir(), "chancery-cache-"));
after(() => fs.rmSync(root, { recursive: true }));

const key = { issuer: claims.iss, clientId: "sigstore" };
let folders = 0;

function fresh() {
  const folder = join(root, `${++folders}`, "identity");
  const files = () => fs.readdirSync(folder).map((name) => join(folder, name));
  return { folder, cache: new TokenCache(folder), files };
}

test("a token comes back while it is valid for half a minute more", async () => {
  const { cache } = fresh();
  const token = new IdentityToken(tokenOf({ exp: nowSeconds + 30 }));
  assert.equal(await cache.load(key, now), undefined);
  await cache.save(key, token);
  assert.equal((await cache.load(key, now))?.bearer(), token.bearer());
  assert.equal(await cache.load(key, now + 1), undefined);
  const later = new IdentityToken(tokenOf());
  await cache.save(key, later);
  assert.equal((await cache.load(key, now + 1))?.bearer(), later.bearer());
  await cache.remove(key);
  await cache.remove(key);
  assert.equal(await cache.load(key, now), undefined);
});

test("what is kept can be read by its owner alone", async (t) => {
  if (process.platform === "win32") return t.skip("Windows has no modes");
  const { cache, folder, files } = fresh();
  await cache.save(key, new IdentityToken(tokenOf()));
  assert.equal(fs.statSync(folder).mode & 0o777, 0o700);
  assert.deepEqual(
    files().map((path) => fs.statSync(path).mode & 0o777),
    [0o600],
  );
});

test("issuers and clients have tokens of their own", async () => {
  const { cache } = fresh();
  await cache.save(key, new IdentityToken(tokenOf()));
  for (const other of [
    { ...key, issuer: `${key.issuer}/` },
    { ...key, clientId: "other" },
    { issuer: "sigstore", clientId: claims.iss },
  ]) {
    assert.equal(await cache.load(other, now), undefined);
  }
});

test("a token of another issuer, or for another client, is not used", async () => {
  for (const changes of [{ iss: "https://other.example" }, { aud: "other" }]) {
    const { cache } = fresh();
    await cache.save(key, new IdentityToken(tokenOf(changes)));
    assert.equal(await cache.load(key, now), undefined);
  }
});

test("files that others can read, links, and folders are not used", async (t) => {
  if (process.platform === "win32") return t.skip("Windows has no modes");
  const unreadable = refuses("identity-token-unreadable", /delete the file/);
  for (const mode of [0o644, 0o640, 0o604, 0o660, 0o610]) {
    const { cache, files } = fresh();
    await cache.save(key, new IdentityToken(tokenOf()));
    fs.chmodSync(files()[0] ?? "", mode);
    await assert.rejects(cache.load(key, now), unreadable);
    await cache.save(key, new IdentityToken(tokenOf()));
    assert.ok(await cache.load(key, now));
  }
  const { cache, folder, files } = fresh();
  await cache.save(key, new IdentityToken(tokenOf()));
  const [path = ""] = files();
  fs.renameSync(path, join(folder, "elsewhere"));
  fs.symlinkSync("elsewhere", path);
  await assert.rejects(cache.load(key, now), refuses("identity-token-unreadable", /symbolic link/));
  fs.unlinkSync(path);
  fs.mkdirSync(path);
  await assert.rejects(cache.load(key, now), refuses("identity-token-unreadable", /no regular/));
  fs.rmdirSync(path);
  fs.writeFileSync(path, "x".repeat(70_000), { mode: 0o600 });
  await assert.rejects(cache.load(key, now), refuses("identity-token-unreadable", /too long/));
});

test("damage is told", async () => {
  const { cache, files } = fresh();
  await cache.save(key, new IdentityToken(tokenOf()));
  for (const content of ["", "x", tokenOf().slice(0, -90)]) {
    fs.writeFileSync(files()[0] ?? "", content);
    await assert.rejects(cache.load(key, now), refuses("identity-token-malformed"));
  }
});

test("a folder that cannot be made is told", async () => {
  fs.writeFileSync(join(root, "file"), "");
  const cache = new TokenCache(join(root, "file", "identity"));
  const unwritable = refuses("unwritable-file", /--no-token-cache/);
  await assert.rejects(cache.save(key, new IdentityToken(tokenOf())), unwritable);
  assert.equal(await cache.load(key, now), undefined);
});

test("the usual folder follows the environment", () => {
  const home = { HOME: "/home/a" };
  const rows: [Record<string, string>, NodeJS.Platform, string | undefined][] = [
    [{ ...home, CHANCERY_CACHE: "/c", XDG_CACHE_HOME: "/x" }, "linux", "/c/identity"],
    [{ ...home, XDG_CACHE_HOME: "/x" }, "linux", "/x/chancery/identity"],
    [{ ...home, XDG_CACHE_HOME: "x" }, "linux", "/home/a/.cache/chancery/identity"],
    [home, "linux", "/home/a/.cache/chancery/identity"],
    [home, "darwin", "/home/a/Library/Caches/chancery/identity"],
    [{ LOCALAPPDATA: "/l" }, "win32", "/l/chancery/identity"],
    [home, "win32", undefined],
    [{}, "linux", undefined],
  ];
  for (const [environment, platform, folder] of rows) {
    assert.equal(tokenCacheFolder(environment, platform), folder);
  }
});
