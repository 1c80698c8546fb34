// SPDX-License-Identifier: Apache-2.0
// The model of a disk itself: what must be gone is gone.
import assert from "node:assert/strict";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { randomSource } from "../random-source.ts";
import { afterKill, Disk, syncedAndSome, syncedOnly, type Survival } from "./disk.ts";
import type { Call, Operation } from "./journal.ts";

const EIO = 5;

function call(operation: Operation, name: string, more: Partial<Call> = {}): Call {
  const path = name === "." ? "/root" : `/root/${name}`;
  return {
    operation,
    error: 0,
    inode: 7n,
    offset: 0,
    path,
    target: "",
    data: Buffer.of(),
    ...more,
  };
}

const write = (text: string, offset = 0): Call =>
  call("W", "a", { data: Buffer.from(text), offset });

/** What is in the file `a` (or another) after the calls, undefined where there is none. */
function after(calls: readonly Call[], survival: Survival, name = "a"): string | undefined {
  const folder = mkdtempSync(join(tmpdir(), "chancery-disk-"));
  try {
    const disk = new Disk("/root", undefined, new Map());
    for (const one of calls) disk.apply(one);
    disk.write(join(folder, "copy"), survival);
    const path = join(folder, "copy", name);
    return existsSync(path) ? readFileSync(path, "utf8") : undefined;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

const named = [call("C", "a"), call("S", ".", { inode: 1n })];

test("a kill takes nothing that was written, a power cut all that was not synced", () => {
  const calls = [...named, write("kept"), call("S", "a"), write("lost", 4)];
  assert.equal(after(calls, afterKill), "keptlost");
  assert.equal(after(calls, syncedOnly), "kept");
  assert.equal(after([...calls, call("S", "a")], syncedOnly), "keptlost");
});

test("a file whose name was not synced is gone with its bytes, and one without bytes is empty", () => {
  const calls = [call("C", "a"), write("bytes"), call("S", "a")];
  assert.equal(after(calls, syncedOnly), undefined);
  assert.equal(after([...named, write("bytes")], syncedOnly), "");
});

test("what a failed sync lost is not brought back by one that goes well", () => {
  const failed = call("S", "a", { error: EIO });
  const calls = [...named, write("lost"), failed, call("S", "a")];
  assert.equal(after(calls, afterKill), "lost");
  assert.equal(after(calls, syncedOnly), "");
  assert.equal(after([...calls, write("kept"), call("S", "a")], syncedOnly), "kept");
});

test("a renamed file is durable once its new folder is synced, and the old name is gone", () => {
  const renamed = [
    call("M", "folder", { inode: 2n }),
    call("S", ".", { inode: 1n }),
    call("C", "folder/temporary"),
    write("bytes"),
    call("S", "a"),
    call("R", "folder/temporary", { target: "/root/a" }),
  ];
  assert.equal(after(renamed, syncedOnly), undefined);
  const synced = [...renamed, call("S", ".", { inode: 1n })];
  assert.equal(after(synced, syncedOnly), "bytes");
  assert.equal(after(synced, syncedOnly, "folder/temporary"), undefined);
});

test("a cut file is cut after a kill, and as it was where that was not synced", () => {
  const calls = [...named, write("long bytes"), call("S", "a"), call("T", "a", { offset: 4 })];
  assert.equal(after(calls, afterKill), "long");
  assert.equal(after(calls, syncedOnly), "long bytes");
});

test("a call that failed has changed nothing", () => {
  assert.equal(after([...named, { ...write("x"), error: EIO }], afterKill), "");
  assert.equal(after([call("C", "a", { error: EIO })], afterKill), undefined);
});

test("of what was not synced any sectors may be there, and nothing but them", () => {
  const calls = [...named, write("x".repeat(1400))];
  const seen = new Set<string>();
  for (let seed = 0; seed < 40; seed++) {
    const text = after(calls, syncedAndSome(randomSource(seed))) ?? assert.fail();
    assert.match(text, /^[x\0]*$/);
    seen.add(text);
  }
  assert.ok(seen.size > 4, "whole, absent, cut and with holes");
});
