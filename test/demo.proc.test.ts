// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

const script = fileURLToPath(new URL("../scripts/demo.ts", import.meta.url));

test("the demonstration shows success and refusal, in less than ten seconds", () => {
  const env = { ...process.env, COSIGN_KEY: "nowhere", CHANCERY_PASSWORD: "other" };
  const started = performance.now();
  const { status, stdout, stderr } = spawnSync(process.execPath, [script], {
    env,
    encoding: "utf8",
  });
  assert.equal(status, 0, stdout + stderr);
  assert.ok(performance.now() - started < 10_000);
  assert.equal(stdout.match(/Verified OK/g)?.length, 3, stdout);
  assert.match(stdout, /LICENSE\.copy: .*\(artifact-digest-mismatch\)/);
  assert.match(stdout, /\(identity-mismatch\)/);
  assert.match(stdout, /✓ certificate/);
  assert.match(stdout, /Where to look next/);
  assert.ok(!stdout.includes("\u001b"), "no colours where nobody looks");
});
