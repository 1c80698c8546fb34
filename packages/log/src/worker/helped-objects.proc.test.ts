// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { pathToFileURL } from "node:url";
import { randomSource } from "../../test/random-source.ts";
import { LogError, type LogErrorCode } from "../errors.ts";
import type { RunReference } from "../record/index.ts";
import { makeRun, RecordBuffer } from "../search/index.ts";
import { EmbeddedStore } from "../store/index.ts";
import { HelpedObjects } from "./helped-objects.ts";

const worker = new URL("main.ts", import.meta.url);
const going = new AbortController().signal;

async function inFolder(
  body: (objects: HelpedObjects, folder: string) => Promise<void>,
  url: (folder: string) => URL = () => worker,
): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "chancery-log-"));
  const store = await EmbeddedStore.open(folder);
  const objects = new HelpedObjects({ objects: store.objects, folder, url: url(folder) });
  try {
    await body(objects, folder);
  } finally {
    await objects.close();
    await store.close();
    rmSync(folder, { recursive: true });
  }
}

function refusal(code: LogErrorCode): (error: unknown) => boolean {
  return (error) => error instanceof LogError && error.code === code;
}

test("objects are written in the other thread and read in this one", () =>
  inFolder(async (objects, folder) => {
    assert.equal(await objects.get("tile/0/000"), undefined);
    const whole = Uint8Array.of(1, 2, 3, 4);
    const part = whole.subarray(1, 3);
    const own = Uint8Array.of(9);
    await objects.put([
      { name: "tile/0/000", bytes: part },
      { name: "tile/0/001", bytes: own },
    ]);
    assert.equal(own.length, 0, "handed over");
    assert.deepEqual(whole, Uint8Array.of(1, 2, 3, 4), "of which only a part was given");
    assert.deepEqual(await objects.get("tile/0/000"), Uint8Array.of(2, 3));
    assert.deepEqual(await objects.get("tile/0/001", { start: 0, length: 5 }), Uint8Array.of(9));
    assert.deepEqual(await objects.list(""), ["tile/0/000", "tile/0/001"]);
    await objects.put([{ name: "tile/0/000", bytes: Uint8Array.of(2, 3) }]);
    await assert.rejects(
      objects.put([{ name: "tile/0/000", bytes: Uint8Array.of(2) }]),
      refusal("object-conflict"),
    );
    await assert.rejects(
      objects.put([{ name: "../tile", bytes: Uint8Array.of(2) }]),
      refusal("out-of-range"),
    );
    await objects.remove(["tile/0/000", "tile/0/000"]);
    assert.equal(await objects.get("tile/0/000"), undefined);
    assert.deepEqual(readdirSync(join(folder, "objects", ".tmp-helper")), []);
  }));

async function storedRuns(objects: HelpedObjects, count: number): Promise<RunReference[]> {
  const random = randomSource(5);
  const references: RunReference[] = [];
  for (let first = 0; first < 4 * count; first += count) {
    const buffer = new RecordBuffer();
    for (let i = 0; i < count; i++) {
      buffer.add(
        Uint8Array.from({ length: 16 }, () => random(256)),
        0,
        first + i,
      );
    }
    const range = { family: "leaf", first, end: first + count } as const;
    const made = makeRun(objects, range, buffer.sorted());
    await objects.put(made.objects);
    references.push(made.run.reference);
  }
  return references;
}

test("runs are merged there, until the signal ends it, and other work goes on meanwhile", () =>
  inFolder(async (objects) => {
    const runs = await storedRuns(objects, 50_000);
    const ending = new AbortController();
    const ended = assert.rejects(objects.merge(runs, ending.signal), refusal("stopped"));
    const put = objects.put([{ name: "tile/0/000", bytes: Uint8Array.of(1) }]);
    ending.abort();
    await Promise.all([ended, put]);
    await assert.rejects(objects.merge(runs, AbortSignal.abort()), refusal("stopped"));
  }));

test("the merged run is whole", () =>
  inFolder(async (objects) => {
    const runs = await storedRuns(objects, 50_000);
    const merged = await objects.merge(runs, going);
    assert.deepEqual(merged, {
      family: "leaf",
      first: 0,
      end: 200_000,
      segments: [131_072, 68_928],
    });
    const missing = { ...(runs[0] as RunReference), first: 1 };
    await assert.rejects(objects.merge([missing], going), refusal("corrupt"));
    assert.equal((await objects.list("index/leaf/0-200000")).length, 2);
  }));

test("what fails without a sync having failed leaves no marker", () =>
  inFolder(async (objects, folder) => {
    // Where a file should be made there is a folder, so that the rename fails: no sync failed.
    await objects.put([{ name: "tile/0/000/x", bytes: Uint8Array.of(1) }]);
    await assert.rejects(
      objects.put([{ name: "tile/0/000", bytes: Uint8Array.of(1) }]),
      refusal("storage"),
    );
    assert.equal(existsSync(join(folder, "poisoned")), false);
  }));

test("where the thread ends, what waits is refused, and the next call starts another one", () =>
  inFolder(
    async (objects, folder) => {
      for (let i = 0; i < 2; i++) {
        await assert.rejects(
          objects.put([{ name: "tile/0/000", bytes: Uint8Array.of(1) }]),
          (error) =>
            error instanceof LogError &&
            error.code === "storage" &&
            error.message.includes("Error: no memory"),
        );
      }
      assert.equal(readFileSync(join(folder, "starts"), "utf8"), "..");
    },
    (folder) => {
      const path = join(folder, "broken.mjs");
      const note = `appendFileSync(${JSON.stringify(join(folder, "starts"))}, ".")`;
      const code = `import { appendFileSync } from "node:fs"; ${note}; throw new Error("no memory");`;
      writeFileSync(path, code);
      return pathToFileURL(path);
    },
  ));
