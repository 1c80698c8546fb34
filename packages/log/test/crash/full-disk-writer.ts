// SPDX-License-Identifier: Apache-2.0
// The process on a disk that is really full: logs until nothing goes any more, makes room, goes on.
//     full-disk-writer.ts FOLDER   (on a file system of a few megabytes)
import assert from "node:assert/strict";
import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { LogError } from "../../src/index.ts";
import { EmbeddedStore } from "../../src/store/index.ts";
import { entryOf, openEngine, Witnesses } from "../world.ts";
import { checkLog } from "./oracle.ts";

const [disk = ""] = process.argv.slice(2);
const folder = join(disk, "log");
const ballast = join(disk, "ballast");
const told = new Witnesses(29);
const batch = 100;

writeFileSync(ballast, new Uint8Array(4 << 20));
const problems: string[] = [];
const engine = await openEngine(await EmbeddedStore.open(folder), {
  now: Date.now,
  onError: ({ code }) => void problems.push(code),
});

/** @returns the refusal, undefined where the entries are logged. */
async function logFrom(first: number): Promise<LogError | undefined> {
  const numbers = Array.from({ length: batch }, (_, i) => first + i);
  try {
    told.take(numbers, await engine.append(numbers.map(entryOf)));
    return undefined;
  } catch (cause) {
    assert.ok(cause instanceof LogError, String(cause));
    return cause;
  }
}

let next = 0;
let refusal: LogError | undefined;
while ((refusal = await logFrom(next)) === undefined) next += batch;
assert.equal(refusal.code, "storage");
for (let i = 0; i < 3; i++) assert.equal((await logFrom(next))?.code, "storage");
await told.check(engine); // reading goes on
assert.equal(engine.reader.head().size, next);

rmSync(ballast);
for (const end = next + 10 * batch; next < end; next += batch) {
  assert.equal(await logFrom(next), undefined);
}
await engine.close();
assert.deepEqual(
  [...new Set(problems)].filter((code) => code !== "storage"),
  [],
);
await checkLog(folder, told, { whole: true });
