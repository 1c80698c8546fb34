// SPDX-License-Identifier: Apache-2.0
// What every store of a log must do. A new store calls `storeConformance` from its own test.
import assert from "node:assert/strict";
import { test } from "node:test";
import type { LogStore, StoreCommit } from "../src/store/index.ts";
import { LogError, type LogErrorCode } from "../src/errors.ts";

/** Opens one and the same empty place again and again; each time after closing it. */
export interface StorePlace {
  open(): Promise<LogStore>;
  dispose(): Promise<void>;
}

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

function commitOf(previousSize: number | undefined, first: number, count: number): StoreCommit {
  const batch = count === 0 ? undefined : { first, count, payload: bytes(`batch ${first}`) };
  return { previousSize, batch, size: first + count, head: bytes(`head ${first + count}`) };
}

async function refused(action: Promise<unknown>, code: LogErrorCode): Promise<void> {
  await assert.rejects(action, (error) => error instanceof LogError && error.code === code);
}

/** Registers the tests. @param name of the store @param place makes a new empty place */
export function storeConformance(name: string, place: () => Promise<StorePlace>): void {
  const check = (what: string, body: (at: StorePlace) => Promise<void>): void => {
    test(`${name}: ${what}`, async () => {
      const at = await place();
      try {
        await body(at);
      } finally {
        await at.dispose();
      }
    });
  };

  check("an empty place holds no log", async (at) => {
    const store = await at.open();
    assert.deepEqual(await store.load(), { head: undefined, body: undefined, batches: [] });
    assert.equal(await store.published(), undefined);
    assert.deepEqual(await store.objects.list(""), []);
    await store.close();
  });

  check("commits are there after opening again, in order", async (at) => {
    let store = await at.open();
    await store.commit(commitOf(undefined, 0, 0));
    await store.commit(commitOf(0, 0, 3));
    await store.commit(commitOf(3, 3, 300));
    await store.commit({ ...commitOf(303, 303, 0), head: bytes("newer head of the same size") });
    await store.close();
    store = await at.open();
    const { head, batches } = await store.load();
    assert.equal(head?.size, 303);
    assert.deepEqual(plain(head?.payload), bytes("newer head of the same size"));
    assert.deepEqual(
      batches.map(({ first, count }) => [first, count]),
      [
        [0, 3],
        [3, 300],
      ],
    );
    assert.deepEqual(plain(batches[1]?.payload), bytes("batch 3"));
    await store.close();
  });

  check("a commit that does not follow the stored head changes nothing", async (at) => {
    const store = await at.open();
    await refused(store.commit(commitOf(0, 0, 1)), "conflict");
    await store.commit(commitOf(undefined, 0, 0));
    await refused(store.commit(commitOf(undefined, 0, 0)), "conflict");
    await store.commit(commitOf(0, 0, 2));
    for (const previous of [0, 1, 3])
      await refused(store.commit(commitOf(previous, 2, 1)), "conflict");
    const { head, batches } = await store.load();
    assert.equal(head?.size, 2);
    assert.equal(batches.length, 1);
    await store.close();
  });

  check("a batch that is there is not written twice, and its head not either", async (at) => {
    const store = await at.open();
    await store.commit(commitOf(undefined, 0, 0));
    await store.commit(commitOf(0, 0, 2));
    const again = { previousSize: 2, batch: commitOf(0, 0, 5).batch, size: 5, head: bytes("x") };
    await assert.rejects(store.commit(again), LogError);
    const { head, batches } = await store.load();
    assert.equal(head?.size, 2);
    assert.equal(batches[0]?.count, 2);
    await store.close();
  });

  check("advancing drops the batches that ended, and only those", async (at) => {
    let store = await at.open();
    await store.commit(commitOf(undefined, 0, 0));
    await store.commit(commitOf(0, 0, 100));
    await store.commit(commitOf(100, 100, 156));
    await store.commit(commitOf(256, 256, 100));
    await store.advance(bytes("body 256"), 256);
    await store.close();
    store = await at.open();
    const first = await store.load();
    assert.deepEqual(plain(first.body), bytes("body 256"));
    assert.deepEqual(
      first.batches.map((batch) => batch.first),
      [256],
    );
    await store.advance(bytes("body again"), 300);
    const second = await store.load();
    assert.equal(second.batches.length, 1);
    assert.deepEqual(plain(second.body), bytes("body again"));
    assert.equal(second.head?.size, 356);
    await store.close();
  });

  check("objects are written once and never change", async (at) => {
    let store = await at.open();
    const objects = ["tile/0/000", "tile/0/x001/000", "tile/entries/000", "index/key/0-256/0"].map(
      (name) => ({ name, bytes: bytes(`content of ${name}`) }),
    );
    await store.objects.put(objects);
    await store.objects.put(objects);
    const other = { name: "tile/0/000", bytes: bytes("other") };
    await refused(store.objects.put([other]), "object-conflict");
    const longer = { name: "tile/0/000", bytes: bytes("content of tile/0/000 and more") };
    await refused(store.objects.put([longer]), "object-conflict");
    await store.close();
    store = await at.open();
    for (const { name, bytes: content } of objects) {
      assert.deepEqual(plain(await store.objects.get(name)), content);
    }
    assert.equal(await store.objects.get("tile/0/001"), undefined);
    assert.equal(await store.objects.get("tile/0"), undefined);
    assert.equal(await store.objects.get("tile/0/000/1"), undefined);
    await store.close();
  });

  check("ranges are cut at the object's end", async (at) => {
    const store = await at.open();
    await store.objects.put([{ name: "a/b", bytes: bytes("0123456789") }]);
    const range = async (start: number, length: number): Promise<Uint8Array | undefined> =>
      plain(await store.objects.get("a/b", { start, length }));
    assert.deepEqual(await range(0, 10), bytes("0123456789"));
    assert.deepEqual(await range(2, 3), bytes("234"));
    assert.deepEqual(await range(8, 5), bytes("89"));
    assert.deepEqual(await range(10, 1), bytes(""));
    assert.deepEqual(await range(100, 1), bytes(""));
    assert.equal(await store.objects.get("a/c", { start: 0, length: 1 }), undefined);
    await store.close();
  });

  check("objects are listed by prefix, and removed", async (at) => {
    const store = await at.open();
    const names = ["index/key/0-256/0", "index/key/0-256/1", "index/leaf/0-256/0", "tile/0/000"];
    await store.objects.put(names.map((name) => ({ name, bytes: bytes(name) })));
    assert.deepEqual([...(await store.objects.list(""))].sort(), names);
    assert.deepEqual([...(await store.objects.list("index/key/"))].sort(), names.slice(0, 2));
    assert.deepEqual(await store.objects.list("nothing/"), []);
    await store.objects.remove(["index/key/0-256/0", "index/none"]);
    assert.deepEqual(await store.objects.list("index/key/"), ["index/key/0-256/1"]);
    await store.objects.put([{ name: "index/key/0-256/0", bytes: bytes("new") }]);
    await store.close();
  });

  check("names that would leave the store are refused", async (at) => {
    const store = await at.open();
    for (const name of ["", "/a", "a/", "a//b", "../a", "a/../b", ".", "a/.b", "a\0", "a b"]) {
      await assert.rejects(store.objects.put([{ name, bytes: bytes("x") }]), LogError, name);
      await assert.rejects(store.objects.get(name), LogError, name);
    }
    await store.close();
  });

  check("the published checkpoint is replaced", async (at) => {
    let store = await at.open();
    await store.publish(bytes("first"));
    await store.publish(bytes("second, which is longer"));
    await store.publish(bytes("third"));
    await store.close();
    store = await at.open();
    assert.deepEqual(plain(await store.published()), bytes("third"));
    assert.deepEqual(await store.objects.list(""), []);
    await store.close();
  });

  check("large objects and batches are kept whole", async (at) => {
    const store = await at.open();
    const large = new Uint8Array(3_000_000).map((_, i) => i * 7);
    await store.commit(commitOf(undefined, 0, 0));
    const batch = { first: 0, count: 1, payload: large };
    await store.commit({ previousSize: 0, batch, size: 1, head: bytes("h") });
    await store.objects.put([{ name: "large", bytes: large }]);
    assert.deepEqual(plain((await store.load()).batches[0]?.payload), large);
    assert.deepEqual(plain(await store.objects.get("large")), large);
    await store.close();
  });
}

/** Whatever subclass of Uint8Array a store answers, as one that compares. */
function plain(value: Uint8Array | undefined): Uint8Array | undefined {
  return value && Uint8Array.from(value);
}
