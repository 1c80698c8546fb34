// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { FaultyStore, MemoryDisk } from "../../test/faulty-store.ts";
import { storeConformance } from "../../test/store-conformance.ts";
import { LogError } from "../errors.ts";
import { EmbeddedStore } from "./index.ts";

storeConformance("memory", async () => {
  const disk = new MemoryDisk();
  return { open: async () => new FaultyStore(disk), dispose: async () => undefined };
});

storeConformance("embedded", async () => {
  const folder = mkdtempSync(join(tmpdir(), "chancery-store-"));
  return {
    open: () => EmbeddedStore.open(folder),
    dispose: async () => rmSync(folder, { recursive: true }),
  };
});

async function inFolder(body: (folder: string) => Promise<void>): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "chancery-store-"));
  try {
    await body(folder);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

test("a second opener is refused and told who holds the log", () =>
  inFolder(async (folder) => {
    const first = await EmbeddedStore.open(folder);
    await assert.rejects(EmbeddedStore.open(folder), (error) => {
      assert.ok(error instanceof LogError);
      assert.equal(error.code, "locked");
      assert.ok(error.message.includes(String(process.pid)));
      return true;
    });
    // The refused one left the first one's lock and data alone.
    await first.commit({
      previousSize: undefined,
      batch: undefined,
      size: 0,
      head: new Uint8Array(1),
    });
    await assert.rejects(EmbeddedStore.open(folder), LogError);
    await first.close();
    await (await EmbeddedStore.open(folder)).close();
    assert.equal(existsSync(join(folder, "holder")), false);
  }));

test("what a crash left under temporary names is cleared away", () =>
  inFolder(async (folder) => {
    await (await EmbeddedStore.open(folder)).close();
    writeFileSync(join(folder, "objects/.tmp/left-over"), "half");
    const store = await EmbeddedStore.open(folder);
    assert.deepEqual(await store.objects.list(""), []);
    assert.equal(existsSync(join(folder, "objects/.tmp/left-over")), false);
    await store.close();
  }));

test("a store whose sync failed is not opened before somebody looked", () =>
  inFolder(async (folder) => {
    writeFileSync(join(folder, "poisoned"), "cannot commit: disk I/O error\n");
    await assert.rejects(EmbeddedStore.open(folder), (error) => {
      assert.ok(error instanceof LogError);
      assert.equal(error.code, "poisoned");
      assert.ok(error.message.includes("disk I/O error"));
      return true;
    });
  }));

test("a file that is no database is refused and left as it is", () =>
  inFolder(async (folder) => {
    const text = "not a database ".repeat(100);
    writeFileSync(join(folder, "log.db"), text);
    await assert.rejects(
      EmbeddedStore.open(folder),
      (error) => error instanceof LogError && error.code === "corrupt",
    );
    assert.equal(readFileSync(join(folder, "log.db"), "utf8"), text);
  }));
