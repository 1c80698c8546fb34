// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import type { ServerResponse } from "node:http";
import { test } from "node:test";
import { tufWorld, type World } from "../../test/tuf-world.ts";
import { cacheFolderName, type TufErrorCode, TufError } from "./index.ts";

function answer(status: number, body = ""): (response: ServerResponse) => void {
  return (response) => {
    response.statusCode = status;
    response.end(body);
  };
}

const targetFile = (world: World): string =>
  [...world.repository.files.keys()].find((name) => name.endsWith(".trusted_root.json")) as string;

test("absent, unreachable and invalid are three answers", async (t) => {
  const world = await tufWorld(t);
  const cases: [string, (response: ServerResponse) => void, TufErrorCode][] = [
    ["timestamp.json", answer(404), "tuf-metadata-missing"],
    ["timestamp.json", answer(403), "tuf-metadata-missing"],
    ["timestamp.json", answer(500), "tuf-unreachable"],
    ["timestamp.json", answer(503), "tuf-unreachable"],
    ["timestamp.json", answer(401), "tuf-unreachable"],
    ["timestamp.json", answer(429), "tuf-unreachable"],
    ["timestamp.json", answer(204), "tuf-metadata-invalid"],
    ["timestamp.json", answer(200, "<html>"), "tuf-metadata-invalid"],
    ["timestamp.json", (response) => response.destroy(), "tuf-unreachable"],
    ["1.snapshot.json", answer(404), "tuf-metadata-missing"],
    ["1.snapshot.json", answer(500), "tuf-unreachable"],
    ["1.targets.json", answer(404), "tuf-metadata-missing"],
    ["1.targets.json", answer(500), "tuf-unreachable"],
    ["2.root.json", answer(500), "tuf-unreachable"],
    ["2.root.json", answer(401), "tuf-unreachable"],
    ["2.root.json", answer(200, "<html>"), "tuf-metadata-invalid"],
    [targetFile(world), answer(404), "tuf-target-not-served"],
    [targetFile(world), answer(500), "tuf-unreachable"],
    [targetFile(world), answer(200, "forged"), "tuf-target-mismatch"],
    [targetFile(world), answer(200, '{"trusted":"ROOT"}'), "tuf-target-mismatch"],
    [targetFile(world), answer(200, "longer than the target"), "tuf-target-mismatch"],
    [targetFile(world), answer(200, ""), "tuf-target-mismatch"],
  ];
  for (const [path, respond, code] of cases) {
    world.mirror.instead.set(path, respond);
    const error = await world.refused(code, { readOnlyCache: true });
    assert.ok(error.message.includes(world.mirror.url), error.message);
    world.mirror.instead.delete(path);
  }
  assert.deepEqual(world.cacheFiles(), {});
  await world.fetch();
});

test("no root after the last is 404 or 403", async (t) => {
  const world = await tufWorld(t);
  world.mirror.instead.set("2.root.json", answer(403));
  assert.equal((await world.fetch()).roles.root.version, 1);
});

test("nobody listening is unreachable, with the system's reason", async (t) => {
  const world = await tufWorld(t);
  await world.mirror.close();
  const error = await world.refused("tuf-unreachable");
  assert.match(error.message, /2\.root\.json: .*ECONNREFUSED/);
  assert.ok(error.cause);
});

test("a mirror that starts and stops answering is unreachable after the time allowed", async (t) => {
  const world = await tufWorld(t);
  const limits = { requestTimeoutMs: 50, attemptsMax: 3, retryDelayMs: 1 };
  world.mirror.instead.set("timestamp.json", () => undefined);
  const silent = await world.refused("tuf-unreachable", { limits });
  assert.match(silent.message, /timestamp\.json: did not answer in full within 50 ms$/);
  world.mirror.instead.set("timestamp.json", (response) => response.write("{"));
  const slow = await world.refused("tuf-unreachable", { limits });
  assert.match(slow.message, /within 50 ms$/);
  // A slow answer is not asked for again.
  const asked = world.mirror.requests.filter((name) => name === "timestamp.json");
  assert.equal(asked.length, 2);
});

test("all requests together have a time allowed", async (t) => {
  const world = await tufWorld(t);
  world.mirror.instead.set("2.root.json", () => undefined);
  const limits = { requestTimeoutMs: 10_000, totalTimeoutMs: 50 };
  const error = await world.refused("tuf-unreachable", { limits });
  assert.match(error.message, /took 50 ms in all/);
});

test("an answer longer than its limit is cut off, announced or not", async (t) => {
  const world = await tufWorld(t);
  const limits = { timestampSizeBytesMax: 1_000 };
  let cancelled = 0;
  const endless = (response: ServerResponse): void => {
    const timer = setInterval(() => response.write(" ".repeat(600)), 1);
    response.on("close", () => {
      cancelled++;
      clearInterval(timer);
    });
  };
  world.mirror.instead.set("timestamp.json", endless);
  const error = await world.refused("tuf-too-large", { limits });
  assert.match(error.message, /timestamp\.json is larger than the 1000 bytes/);
  world.mirror.instead.set("timestamp.json", answer(200, " ".repeat(1_001)));
  await world.refused("tuf-too-large", { limits });
  world.mirror.instead.set("timestamp.json", (response) => {
    response.setHeader("content-length", 10 ** 15);
    // No byte follows: the announcement is enough.
    response.flushHeaders();
  });
  await world.refused("tuf-too-large", { limits });
  world.mirror.instead.clear();
  await world.refused("tuf-too-large", { limits: { targetSizeBytesMax: 3 } });
  const size = world.repository.roleBytes("timestamp").length;
  await world.fetch({ limits: { timestampSizeBytesMax: size } });
  assert.equal(cancelled, 1);
});

test("a failing answer is asked for again, up to the limit, an absent one is not", async (t) => {
  const world = await tufWorld(t);
  const limits = { attemptsMax: 3, retryDelayMs: 1 };
  let failures = 2;
  world.mirror.instead.set("timestamp.json", (response) => {
    if (failures-- > 0) return answer(503)(response);
    response.end(world.repository.roleBytes("timestamp"));
  });
  await world.fetch({ limits });
  world.mirror.requests.length = 0;
  world.mirror.instead.set("timestamp.json", answer(500));
  const error = await world.refused("tuf-unreachable", { limits });
  assert.match(error.message, /timestamp\.json: answers 500 \(3 attempts\)/);
  world.mirror.instead.set("timestamp.json", answer(404));
  await world.refused("tuf-metadata-missing", { limits });
  const asked = world.mirror.requests.filter((name) => name === "timestamp.json");
  assert.equal(asked.length, 4);
});

test("a target that is listed without a known hash, or with a false one, is refused", async (t) => {
  const world = await tufWorld(t);
  const { repository } = world;
  const listed = (hashes: Record<string, string>, more: { length?: number } = {}): void => {
    repository.publishTargets((targets) => {
      const target = targets.targets["trusted_root.json"];
      Object.assign(target as object, { hashes, ...more });
    });
  };
  const right = targetFile(world).slice("targets/".length, "targets/".length + 64);
  const options = { readOnlyCache: true };
  listed({});
  await world.refused("tuf-target-mismatch", options);
  listed({ md5: "d41d8cd98f00b204e9800998ecf8427e" });
  await world.refused("tuf-target-mismatch", options);
  listed({ sha256: `../${right}` });
  await world.refused("tuf-target-mismatch", options);
  listed({ sha256: right.toUpperCase() });
  await world.refused("tuf-target-mismatch", options);
  listed({ sha256: right, sha512: "0".repeat(128) });
  await world.refused("tuf-target-mismatch", options);
  listed({ sha256: right }, { length: world.repository.files.get(targetFile(world))!.length + 1 });
  await world.refused("tuf-target-mismatch", options);
  listed({ sha256: right, md5: "unknown hashes do not matter" });
  await world.fetch(options);
  // Where the name of the file does not need a hash, the verdict on it still does.
  repository.consistentSnapshot = false;
  repository.publishRoot();
  listed({ md5: "d41d8cd98f00b204e9800998ecf8427e" });
  await world.refused("tuf-target-mismatch", options);
  listed({ sha256: right });
  await world.fetch(options);
});

test("the folder of a mirror is named as sigstore-go names it", () => {
  const names: [string, string][] = [
    ["https://tuf-repo-cdn.sigstore.dev", "tuf-repo-cdn.sigstore.dev"],
    ["http://localhost:8080/tuf", "localhost-8080-tuf"],
    ["http://localhost:8080/tuf/", "localhost-8080-tuf-"],
    ["https://Example.com/Prod", "example.com-prod"],
    ["https://example.com/https://other", "example.com-https---other"],
    ["file:///srv/tuf", "file----srv-tuf"],
  ];
  for (const [url, name] of names) assert.equal(cacheFolderName(url), name);
});

test("a mirror that names no repository, or a place outside the cache, is refused", async (t) => {
  const world = await tufWorld(t);
  for (const mirror of [
    "",
    "tuf.example.com",
    "ftp://tuf.example.com",
    "https://",
    "https:///tuf",
    "https://..",
    "https://.",
    "https://host\\..\\x",
    "https://host/ x",
    "https://host/\u0000",
    "https://host/?a",
    "https://host/#a",
    "https://user:secret@host/",
    "HTTPS://host",
    "file://host/x",
  ]) {
    assert.throws(
      () => cacheFolderName(mirror),
      (error: unknown) => error instanceof TufError && error.code === "tuf-invalid-option",
      mirror,
    );
    await world.refused("tuf-invalid-option", { mirror });
  }
});
