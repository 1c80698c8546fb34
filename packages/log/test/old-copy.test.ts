// SPDX-License-Identifier: Apache-2.0
// A data directory, or a part of it, that is restored from an old copy.
import assert from "node:assert/strict";
import { cpSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, suite, test } from "node:test";
import { LogError } from "../src/index.ts";
import { EmbeddedStore } from "../src/store/index.ts";
import { entryOf, openEngine, Witnesses } from "./world.ts";

suite("a log that is restored from an old copy", () => {
  let scratch: string;
  /** The folder as it was at 300 entries, and as it is at 700. */
  const at = (name: "old" | "new"): string => join(scratch, name);
  let newest: Uint8Array;
  const told = new Witnesses(29);

  async function logTo(folder: string, first: number, end: number): Promise<Uint8Array> {
    const engine = await openEngine(await EmbeddedStore.open(folder));
    const numbers = Array.from({ length: end - first }, (_, i) => first + i);
    told.take(numbers, await engine.append(numbers.map(entryOf)));
    while (engine.metrics.bodySize < end - (end % 256)) await new Promise(setImmediate);
    const { checkpoint } = engine.reader.head();
    await engine.close();
    return checkpoint;
  }

  before(async () => {
    scratch = mkdtempSync(join(tmpdir(), "chancery-old-copy-"));
    await logTo(at("new"), 0, 300);
    cpSync(at("new"), at("old"), { recursive: true });
    newest = await logTo(at("new"), 300, 700);
  });
  after(() => rmSync(scratch, { recursive: true }));

  /** The old folder with parts of the new one. */
  function restored(t: { name: string }, kept: readonly string[]): string {
    const folder = join(scratch, t.name.replaceAll(/\W/g, "-"));
    cpSync(at("old"), folder, { recursive: true });
    for (const part of kept) cpSync(join(at("new"), part), join(folder, part), { recursive: true });
    return folder;
  }

  async function refuses(
    folder: string,
    seen: Uint8Array[] = [],
    code = "rolled-back",
  ): Promise<void> {
    const store = await EmbeddedStore.open(folder);
    const isThat = (error: unknown): boolean => error instanceof LogError && error.code === code;
    await assert.rejects(openEngine(store, { seen }), isThat);
    await store.close();
  }

  test("is refused where the checkpoint that was shown is newer", (t) =>
    refuses(restored(t, ["checkpoint"])));

  test("is refused where full bundles are newer", (t) => refuses(restored(t, ["objects"])));

  test("is refused where only the database is old", (t) =>
    refuses(restored(t, ["checkpoint", "objects"])));

  test("is refused where somebody has a newer checkpoint", (t) =>
    refuses(restored(t, []), [newest]));

  test("is refused where its database is gone", async (t) => {
    const folder = restored(t, ["checkpoint", "objects"]);
    rmSync(join(folder, "log.db"));
    await refuses(folder);
  });

  test("is refused, once it went on, where somebody has a checkpoint of the other branch", async (t) => {
    const folder = restored(t, []);
    const engine = await openEngine(await EmbeddedStore.open(folder));
    await engine.append(Array.from({ length: 500 }, (_, i) => entryOf(5000 + i)));
    await engine.close();
    await refuses(folder, [newest]);
  });

  test("is refused where the checkpoint that was shown is damaged", async (t) => {
    const folder = restored(t, []);
    for (const text of ["", "log.example\n300\n"]) {
      writeFileSync(join(folder, "checkpoint"), text);
      await refuses(folder, [], "corrupt");
    }
  });

  test("the newest copy goes on, with everything that was told", async (t) => {
    const folder = restored(t, ["checkpoint", "objects", "log.db"]);
    const engine = await openEngine(await EmbeddedStore.open(folder), { seen: [newest] });
    await told.check(engine);
    await engine.close();
  });
});
