// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { utf8Bytes } from "@chancery/formats/bytes";
import { algorithmByName } from "@chancery/formats/crypto";
import { generatePrivateKey } from "@chancery/formats/crypto/node";
import { FaultyStore, MemoryDisk } from "../../test/faulty-store.ts";
import {
  checkTiles,
  entryOf,
  openEngine,
  origin,
  searchKey,
  signer,
  Witnesses,
} from "../../test/world.ts";
import { LogError, type LogErrorCode } from "../errors.ts";
import { LogEngine, noteSigner } from "./index.ts";

async function refused(action: Promise<unknown>, ...codes: LogErrorCode[]): Promise<void> {
  await assert.rejects(action, (error) => error instanceof LogError && codes.includes(error.code));
}

function numbers(from: number, count: number): number[] {
  return Array.from({ length: count }, (_, i) => from + i);
}

async function append(engine: LogEngine, told: Witnesses, which: number[]): Promise<void> {
  told.take(which, await engine.append(which.map(entryOf)));
}

test("a new log is empty and signed, and the same when opened again", async () => {
  const disk = new MemoryDisk();
  const engine = await openEngine(new FaultyStore(disk));
  const head = engine.reader.head();
  assert.equal(head.size, 0);
  await engine.close();
  const again = await openEngine(new FaultyStore(disk));
  assert.deepEqual(again.reader.head(), head);
  await again.close();
});

test("entries are answered with proofs, at every size around full bundles", async () => {
  const disk = new MemoryDisk();
  const told = new Witnesses();
  let engine = await openEngine(new FaultyStore(disk));
  let next = 0;
  for (const size of [1, 2, 254, 255, 256, 257, 511, 512, 513, 1023, 1025, 2600]) {
    await append(engine, told, numbers(next, size - next));
    next = size;
    assert.equal(engine.reader.head().size, size);
    await checkTiles(engine);
    await told.check(engine);
    if (size % 2 === 1) {
      await engine.close();
      engine = await openEngine(new FaultyStore(disk));
    }
  }
  await engine.close();
});

test("duplicates are answered with the first index, time and a current proof", async () => {
  let now = 1_000;
  const engine = await openEngine(new FaultyStore(new MemoryDisk()), { now: () => now });
  const told = new Witnesses();
  const twice = await engine.append([entryOf(1), entryOf(2), entryOf(1)]);
  assert.deepEqual(
    twice.items.map(({ index, duplicate }) => [index, duplicate]),
    [
      [0, false],
      [1, false],
      [0, true],
    ],
  );
  told.take([1, 2, 1], twice);
  now = 5_000;
  await append(engine, told, numbers(3, 900));
  // In the tail, in the runs, and waiting at the same time.
  const both = await Promise.all([
    engine.append([entryOf(2), entryOf(5000)]),
    engine.append([entryOf(5000), entryOf(902)]),
  ]);
  told.take([2, 5000], both[0]);
  told.take([5000, 902], both[1]);
  assert.equal(both[0].items[0]?.timeMs, 1_000);
  assert.equal(both[1].items[1]?.timeMs, 5_000);
  assert.equal(both[1].items[0]?.duplicate, true);
  const only = await engine.append([entryOf(1)]);
  assert.equal(only.head.size, 903);
  assert.deepEqual(only.head.checkpoint, both[1].head.checkpoint);
  assert.equal(engine.metrics.duplicates, 5);
  await engine.close();
});

test("what waits is committed together, in the order it came", async () => {
  const engine = await openEngine(new FaultyStore(new MemoryDisk()));
  const answers = await Promise.all(numbers(0, 500).map((n) => engine.append([entryOf(n)])));
  assert.deepEqual(
    answers.map(({ items }) => items[0]?.index),
    numbers(0, 500),
  );
  assert.ok(engine.metrics.commits <= 2, `${engine.metrics.commits} commits`);
  await engine.close();
});

test("a commit takes no more than its limits, and nothing waits beyond the queue's", async () => {
  const limits = { commitEntriesMax: 10, queueEntriesMax: 40, publishIntervalMs: 0 };
  const engine = await openEngine(new FaultyStore(new MemoryDisk()), { limits });
  const waiting = numbers(0, 8).map((i) => engine.append(numbers(i * 5, 5).map(entryOf)));
  await refused(engine.append([entryOf(99)]), "overloaded");
  const heads = (await Promise.all(waiting)).map(({ head }) => head.size);
  assert.deepEqual(heads, [10, 10, 20, 20, 30, 30, 40, 40]);
  assert.equal((await engine.append([entryOf(99)])).head.size, 41);
  await engine.close();
});

test("entries over a limit are refused before anything is done", async () => {
  const engine = await openEngine(new FaultyStore(new MemoryDisk()));
  const bytes = utf8Bytes("x");
  await refused(engine.append([{ bytes }, { bytes: new Uint8Array(65_536) }]), "too-large");
  await refused(engine.append([{ bytes, keys: new Uint8Array(15) }]), "malformed");
  await refused(engine.append([{ bytes, keys: new Uint8Array(256 * 16) }]), "too-large");
  const attachment = new Uint8Array((16 << 20) + 1);
  await refused(engine.append([{ bytes, attachment }]), "too-large");
  assert.equal(engine.reader.head().size, 0);
  const most = { bytes: new Uint8Array(65_535), keys: new Uint8Array(255 * 16) };
  assert.equal((await engine.append([most])).items[0]?.index, 0);
  assert.equal((await engine.reader.entry(0)).keys.length, 255 * 16);
  await engine.close();
  await refused(engine.append([{ bytes }]), "stopped");
});

test("time never falls within the log, whatever the clock does", async () => {
  const times = [5_000, 4_000, 9_000, 1];
  const engine = await openEngine(new FaultyStore(new MemoryDisk()), {
    now: () => times.shift() ?? 0,
  });
  const logged: number[] = [];
  for (const n of [1, 2, 3]) {
    const { items } = await engine.append([entryOf(n)]);
    logged.push(items[0]?.timeMs ?? 0);
  }
  assert.deepEqual(logged, [5_000, 9_000, 9_000]);
  await engine.close();
});

test("search pages from the newest to the oldest, over tail and runs", async () => {
  const engine = await openEngine(new FaultyStore(new MemoryDisk()));
  const keys = searchKey("everywhere");
  const expected: number[] = [];
  for (let i = 0; i < 40; i++) {
    const entries = numbers(i * 64, 64).map((n) => ({ bytes: utf8Bytes(`e${n}`), keys }));
    const { items } = await engine.append(entries);
    expected.unshift(...items.map(({ index }) => index).reverse());
  }
  assert.ok(engine.metrics.indexRuns > 0);
  const found: number[] = [];
  let before = Infinity;
  for (;;) {
    const page = await engine.reader.search(keys, { before, limit: 100 });
    if (page.length === 0) break;
    found.push(...page);
    before = page.at(-1) as number;
  }
  assert.deepEqual(found, expected);
  assert.deepEqual(await engine.reader.search(keys, { before: 0, limit: 5 }), []);
  assert.deepEqual(await engine.reader.search(searchKey("nowhere"), { limit: 5 }), []);
  for (const limit of [-1, 1.5, 1001])
    await refused(engine.reader.search(keys, { limit }), "out-of-range");
  await refused(engine.reader.search(keys.subarray(1), { limit: 1 }), "out-of-range");
  await engine.close();
});

test("questions about what the log does not have are refused", async () => {
  const engine = await openEngine(new FaultyStore(new MemoryDisk()));
  await engine.append(numbers(0, 300).map(entryOf));
  const { reader } = engine;
  for (const index of [-1, 300, 0.5, Number.NaN]) {
    await refused(reader.entry(index), "out-of-range");
    await refused(reader.inclusionProof(index, 300), "out-of-range");
    await refused(reader.leafHash(index), "out-of-range");
    await refused(reader.attachment(index), "out-of-range");
  }
  await refused(reader.inclusionProof(5, 301), "out-of-range");
  await refused(reader.inclusionProof(5, 5), "out-of-range");
  await refused(reader.consistencyProof(200, 100), "out-of-range");
  await refused(reader.consistencyProof(0, 301), "out-of-range");
  assert.equal(await reader.tile({ level: 2, index: 0, width: 1 }), undefined);
  assert.equal(await reader.tile({ level: 0, index: 0, width: 0 }), undefined);
  assert.equal(await reader.bundle({ index: 7, width: 1 }), undefined);
  await engine.close();
});

test("another origin or key does not open the log", async () => {
  const disk = new MemoryDisk();
  await (await openEngine(new FaultyStore(disk))).close();
  const ed25519 = algorithmByName("PKIX_ED25519") ?? assert.fail();
  const other = noteSigner(origin, generatePrivateKey(ed25519));
  const open = (name: string, by: typeof signer): Promise<LogEngine> =>
    LogEngine.open({ store: new FaultyStore(disk), origin: name, signer: by, now: () => 0 });
  await refused(open("other.example", signer), "wrong-log");
  await refused(open(origin, other), "wrong-log");
});

test("an ECDSA P-256 key signs a log too, and no other kind does", async () => {
  const make = (name: string): ReturnType<typeof generatePrivateKey> =>
    generatePrivateKey(algorithmByName(name) ?? assert.fail(name));
  const p256 = noteSigner(origin, make("PKIX_ECDSA_P256_SHA_256"));
  const disk = new MemoryDisk();
  const open = (): Promise<LogEngine> =>
    LogEngine.open({ store: new FaultyStore(disk), origin, signer: p256, now: () => 0 });
  const engine = await open();
  const { head } = await engine.append([entryOf(1)]);
  await engine.close();
  const again = await open();
  assert.deepEqual(again.reader.head().checkpoint, head.checkpoint, "stored, not signed again");
  await again.close();
  assert.throws(() => noteSigner(origin, make("PKIX_ECDSA_P384_SHA_384")), LogError);
});

test("an old copy of the database is refused where anything newer is known", async () => {
  const disk = new MemoryDisk();
  const engine = await openEngine(new FaultyStore(disk));
  await engine.append(numbers(0, 300).map(entryOf));
  await engine.close();
  const old = disk.copy();
  const later = await openEngine(new FaultyStore(disk));
  await later.append(numbers(300, 10).map(entryOf));
  const { checkpoint } = later.reader.head();
  await later.append(numbers(310, 500).map(entryOf));
  await later.close();

  const published = old.copy();
  published.checkpoint = disk.checkpoint;
  await refused(openEngine(new FaultyStore(published)), "rolled-back");
  const objects = old.copy();
  objects.objects = disk.objects;
  await refused(openEngine(new FaultyStore(objects)), "rolled-back");
  await refused(openEngine(new FaultyStore(old.copy()), { seen: [checkpoint] }), "rolled-back");
  const lost = disk.copy();
  lost.head = undefined;
  lost.batches = [];
  await refused(openEngine(new FaultyStore(lost)), "rolled-back");

  // Nobody knows better: it opens, and then forks from what was seen before.
  const fork = await openEngine(new FaultyStore(old));
  await fork.append(numbers(5000, 400).map(entryOf));
  await fork.close();
  await refused(openEngine(new FaultyStore(old), { seen: [checkpoint] }), "rolled-back");
});

test("damage anywhere in the database is noticed", async () => {
  const disk = new MemoryDisk();
  const engine = await openEngine(new FaultyStore(disk));
  await engine.append(numbers(0, 300).map(entryOf));
  await engine.append(numbers(300, 7).map(entryOf));
  await engine.close();
  const damaged = async (change: (copy: MemoryDisk) => void): Promise<void> => {
    const copy = disk.copy();
    change(copy);
    await assert.rejects(
      openEngine(new FaultyStore(copy)),
      (error) =>
        error instanceof LogError && ["corrupt", "unverified", "wrong-log"].includes(error.code),
    );
  };
  const flip = (bytes: Uint8Array | undefined, at: number): Uint8Array => {
    const copy = Uint8Array.from(bytes ?? assert.fail());
    copy[at] = (copy[at] as number) ^ 1;
    return copy;
  };
  const head = disk.head ?? assert.fail();
  for (let at = 0; at < head.payload.length; at++) {
    // The time is not part of what is signed.
    if (at >= 9 && at < 15) continue;
    await damaged((copy) => (copy.head = { ...head, payload: flip(head.payload, at) }));
  }
  await damaged((copy) => (copy.head = { ...head, size: head.size - 1 }));
  const last = disk.batches.at(-1) ?? assert.fail();
  for (const at of [0, 1, 4, 47, 60, 100]) {
    const batch = { ...last, payload: flip(last.payload, at) };
    await damaged((copy) => (copy.batches = [...copy.batches.slice(0, -1), batch]));
  }
  for (let length = 0; length < last.payload.length; length += 13) {
    const batch = { ...last, payload: last.payload.subarray(0, length) };
    await damaged((copy) => (copy.batches = [...copy.batches.slice(0, -1), batch]));
  }
  await damaged((copy) => (copy.batches = copy.batches.slice(0, -1)));
  await damaged((copy) => (copy.batches = []));
  await damaged((copy) => (copy.body = flip(copy.body, 12)));
  await damaged((copy) => (copy.body = copy.body?.subarray(0, -1)));
  await damaged((copy) => void copy.objects.delete("tile/0/000"));
  await damaged((copy) => void copy.objects.delete("tile/entries/000"));
  await damaged((copy) => void copy.objects.delete("index/leaf/0-256/0"));
});

test("any history of appends, retries and restarts keeps every promise", async () => {
  const step = fc.oneof(
    { weight: 5, arbitrary: fc.record({ count: fc.integer({ min: 1, max: 150 }) }) },
    { weight: 2, arbitrary: fc.record({ retry: fc.nat() }) },
    { weight: 1, arbitrary: fc.constant("restart" as const) },
    { weight: 1, arbitrary: fc.record({ together: fc.integer({ min: 2, max: 6 }) }) },
  );
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 3, maxLength: 14 }), async (steps) => {
      const disk = new MemoryDisk();
      const told = new Witnesses();
      let engine = await openEngine(new FaultyStore(disk));
      let next = 0;
      for (const one of steps) {
        if (one === "restart") {
          await engine.close();
          engine = await openEngine(new FaultyStore(disk));
        } else if ("count" in one) {
          await append(engine, told, numbers(next, one.count));
          next += one.count;
        } else if ("retry" in one) {
          if (next > 0) await append(engine, told, [one.retry % next, next++]);
        } else {
          const from = next;
          next += one.together;
          await Promise.all(numbers(from, one.together).map((n) => append(engine, told, [n])));
        }
      }
      await told.check(engine);
      await checkTiles(engine);
      assert.equal(engine.reader.head().size, next);
      await engine.close();
    }),
    { numRuns: 12 },
  );
});
