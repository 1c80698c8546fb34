// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

const writer = fileURLToPath(new URL("full-disk-writer.ts", import.meta.url));

/** A file system in memory for one command, in a namespace of its own. */
const onSmallDisk = 'mount -t tmpfs -o size=8m tmpfs "$1" && shift && exec "$@"';

function run(folder: string, ...command: string[]): { status: number | null; stderr: string } {
  const args = ["-rm", "sh", "-c", onSmallDisk, "sh", folder, ...command];
  return spawnSync("unshare", args, { encoding: "utf8", timeout: 120_000 });
}

test("a log on a disk that is full refuses, still answers, and goes on when there is room", (t) => {
  const folder = mkdtempSync(join(tmpdir(), "chancery-full-"));
  try {
    // Not everybody may mount; `disk-full` of the faults needs nothing.
    if (run(folder, "true").status !== 0) return t.skip("no file system can be mounted here");
    const { status, stderr } = run(folder, process.execPath, writer, folder);
    assert.equal(status, 0, stderr);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
