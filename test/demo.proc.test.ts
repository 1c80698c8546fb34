// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { dirname } from "node:path";
import { before, suite, test } from "node:test";
import { fileURLToPath } from "node:url";

const script = fileURLToPath(new URL("../scripts/demo.ts", import.meta.url));

suite("the demonstration", () => {
  let shown = "";
  before(() => {
    const env = { ...process.env, COSIGN_KEY: "nowhere", CHANCERY_PASSWORD: "other" };
    const run = spawnSync(process.execPath, [script], { env, encoding: "utf8" });
    assert.equal(run.status, 0, run.stdout + run.stderr);
    assert.equal(run.stderr, "");
    shown = run.stdout;
  });

  test("climbs the four levels, and each verifies", () => {
    const levels = [...shown.matchAll(/^Level (\d), (\w+): /gm)].map(([, ...level]) => level);
    const names = ["keyed", "logged", "certified", "keyless"];
    assert.deepEqual(
      levels,
      names.map((name, index) => [String(index + 1), name]),
    );
    const parts = shown.split(/^Level /m).slice(1);
    for (const part of parts) assert.match(part, /^ {2}Verified OK$/m, shown);
    assert.match(parts[1] ?? "", /Logged with index 0 in/);
    assert.match(parts[2] ?? "", /Certified as you@example\.com/);
    assert.match(parts[3] ?? "", /✓ sct sct\[0\]: a CT log signed the certificate/);
    assert.match(parts[3] ?? "", /verdict: verified/);
  });

  test("shows what is refused, and why", () => {
    const reasons = [...shown.matchAll(/chancery: error: .* \(([a-z-]+)\)\n.*\n.*exit code 1/g)];
    assert.deepEqual(
      reasons.map(([, reason]) => reason),
      ["artifact-digest-mismatch", "log-entry-missing", "identity-mismatch"],
    );
    assert.match(shown, /not enforced: identity: another identity signed \(identity-mismatch\)/);
  });

  test("finds in the log what the key signed, its certified signature too", () => {
    const [, found = ""] = shown.split("Found matching entries (listed by UUID):\n");
    assert.equal(found.match(/^ {2}[0-9a-f]{80}$/gm)?.length, 2);
  });

  test("says where to look next, and leaves nothing behind", () => {
    assert.match(shown, /^Where to look next {2}after [\d.]+ s$/m);
    const [, trust = ""] = /Kept in (\S+)/.exec(shown) ?? [];
    assert.ok(trust.includes("chancery-demo-") && !existsSync(dirname(trust)), trust);
    const [, url = ""] = /Ready at (\S+);/.exec(shown) ?? [];
    assert.ok(url !== "");
    return assert.rejects(fetch(`${url}/healthz`));
  });

  test("has no colours where nobody looks, and lines that fit", () => {
    assert.ok(!shown.includes("\u001b"));
    const ours = shown.split("\n").filter((line) => /^ {2}[$#]/.test(line));
    assert.deepEqual(
      ours.filter((line) => line.length > 100),
      [],
    );
  });
});
