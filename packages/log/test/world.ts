// SPDX-License-Identifier: Apache-2.0
// A log in a test with everything that anybody was ever told about it, and a checker that holds the
// log to all of it.
import assert from "node:assert/strict";
import { algorithmByName } from "@chancery/formats/crypto";
import { generatePrivateKey, type PrivateKey } from "@chancery/formats/crypto/node";
import { bytesEqual, encodeHex, utf8Bytes } from "@chancery/formats/bytes";
import { leafHash, verifyConsistency, verifyInclusion } from "@chancery/formats/merkle";
import { decodeEntryBundle, hashInTile, tileWidth, widthInTree } from "@chancery/formats/tiles";
import { type Appended, LogEngine, noteSigner, readCheckpoint } from "../src/engine/index.ts";
import type { EngineLimits } from "../src/engine/limits.ts";
import type { LogError } from "../src/errors.ts";
import type { EntryInput } from "../src/record/index.ts";
import type { LogStore } from "../src/store/index.ts";

export const origin = "log.example";
export const key: PrivateKey = generatePrivateKey(
  algorithmByName("PKIX_ED25519") ?? assert.fail("an algorithm is missing"),
);
export const signer: ReturnType<typeof noteSigner> = noteSigner(origin, key);
export const log: { origin: string; verifier: typeof signer.verifier } = {
  origin,
  verifier: signer.verifier,
};

/** Small, so that bundles are moved and runs merged all the time. */
export const eagerLimits: Partial<EngineLimits> = { tailEntriesMin: 256, publishIntervalMs: 0 };

/** A 16-byte key. */
export function searchKey(name: string): Uint8Array {
  return leafHash(utf8Bytes(name)).slice(0, 16);
}

/** An entry that can be told from all others by its number; every 10 share a key. */
export function entryOf(number: number): EntryInput {
  const keys = new Uint8Array(32);
  keys.set(searchKey(`own ${number}`));
  keys.set(searchKey(`shared ${Math.floor(number / 10)}`), 16);
  const attachment = number % 50 === 7 ? utf8Bytes(`attachment ${number}`) : undefined;
  const bytes = utf8Bytes(`entry ${number} ${"x".repeat(number % 97)}`);
  return attachment ? { bytes, keys, attachment } : { bytes, keys };
}

interface Acknowledged {
  readonly number: number;
  readonly index: number;
  readonly timeMs: number;
}

/** What was told, by any engine over one place. */
export class Witnesses {
  readonly acknowledged: Map<number, Acknowledged> = new Map();
  /** Every checkpoint that left the log, by size. */
  readonly checkpoints: Map<number, Uint8Array> = new Map();
  #largest = 0;
  readonly #every: number;

  /** @param every of how many entries one is verified when it is told and when all is checked */
  constructor(every = 1) {
    this.#every = every;
  }

  /** Takes an answer to entries of these numbers, and verifies it as a client does. */
  take(numbers: readonly number[], appended: Appended): void {
    const { head, items } = appended;
    assert.equal(items.length, numbers.length);
    this.takeCheckpoint(head.checkpoint);
    for (const [i, { index, timeMs, proof }] of items.entries()) {
      const number = numbers[i] as number;
      const entry = entryOf(number);
      if (i % this.#every === 0 || i === items.length - 1) {
        verifyInclusion({
          leafIndex: BigInt(index),
          treeSize: BigInt(head.size),
          leafHash: leafHash(entry.bytes),
          proof: splitProof(proof),
          rootHash: head.rootHash,
        });
      }
      const known = this.acknowledged.get(number);
      if (known)
        assert.deepEqual({ number, index, timeMs }, known, "a retry gets the first answer");
      else this.acknowledged.set(number, { number, index, timeMs });
    }
  }

  takeCheckpoint(bytes: Uint8Array): void {
    const { size } = readCheckpoint(bytes, log);
    const known = this.checkpoints.get(size);
    if (known) assert.ok(bytesEqual(known, bytes), `two checkpoints of size ${size}`);
    this.checkpoints.set(size, Uint8Array.from(bytes));
    assert.ok(size >= this.#largest, `a smaller checkpoint: ${size} after ${this.#largest}`);
    this.#largest = size;
  }

  /** Holds a log to everything that was ever told. */
  async check(engine: LogEngine): Promise<void> {
    const { reader } = engine;
    const head = reader.head();
    this.takeCheckpoint(head.checkpoint);
    assert.ok(bytesEqual(await reader.rootAt(head.size), head.rootHash));
    for (const [size, bytes] of this.checkpoints) {
      const { checkpoint } = readCheckpoint(bytes, log);
      verifyConsistency({
        oldSize: BigInt(size),
        newSize: BigInt(head.size),
        oldRoot: checkpoint.rootHash,
        newRoot: head.rootHash,
        proof: await reader.consistencyProof(size, head.size),
      });
    }
    const all = [...this.acknowledged.values()];
    await checkAcknowledged(
      engine,
      all.filter((_, i) => i % this.#every === 0 || i === all.length - 1),
    );
  }
}

async function checkAcknowledged(
  engine: LogEngine,
  acknowledged: readonly Acknowledged[],
): Promise<void> {
  const { reader } = engine;
  const head = reader.head();
  for (const { number, index, timeMs } of acknowledged) {
    const entry = entryOf(number);
    const logged = await reader.entry(index);
    assert.deepEqual(Uint8Array.from(logged.bytes), entry.bytes);
    assert.deepEqual(Uint8Array.from(logged.keys), entry.keys);
    assert.equal(logged.timeMs, timeMs);
    assert.equal(logged.hasAttachment, entry.attachment !== undefined);
    const attachment = await reader.attachment(index);
    assert.deepEqual(attachment && Uint8Array.from(attachment), entry.attachment);
    const hash = leafHash(entry.bytes);
    assert.equal(await reader.indexOf(hash), index, `leaf of entry ${number}`);
    const own = await reader.search(searchKey(`own ${number}`), { limit: 10 });
    assert.deepEqual(own, [index]);
    const shared = `shared ${Math.floor(number / 10)}`;
    const found = await reader.search(searchKey(shared), { limit: 100 });
    assert.ok(found.includes(index), `entry ${number} by ${shared}`);
    assert.deepEqual(
      found,
      found.toSorted((a, b) => b - a),
    );
    verifyInclusion({
      leafIndex: BigInt(index),
      treeSize: BigInt(head.size),
      leafHash: hash,
      proof: await reader.inclusionProof(index, head.size),
      rootHash: head.rootHash,
    });
  }
}

/** Reads all tiles and bundles, at all widths there are, and compares them with each other. */
export async function checkTiles(engine: LogEngine): Promise<void> {
  const { reader } = engine;
  const { size } = reader.head();
  for (let index = 0; index * tileWidth < size; index++) {
    const width = widthInTree(0, index, size);
    const bundle = await reader.bundle({ index, width });
    const tile = await reader.tile({ level: 0, index, width });
    assert.ok(bundle && tile);
    const hashes = decodeEntryBundle(bundle, width).map((entry) => encodeHex(leafHash(entry)));
    assert.equal(hashes.join(""), encodeHex(tile));
    const half = Math.ceil(width / 2);
    const narrow = await reader.tile({ level: 0, index, width: half });
    assert.deepEqual(
      narrow && Uint8Array.from(narrow),
      Uint8Array.from(tile.subarray(0, 32 * half)),
    );
    const few = (await reader.bundle({ index, width: half })) ?? assert.fail();
    assert.deepEqual(Uint8Array.from(few), Uint8Array.from(bundle.subarray(0, few.length)));
    assert.equal(decodeEntryBundle(few, half).length, half);
    if (width < tileWidth) {
      assert.equal(await reader.tile({ level: 0, index, width: width + 1 }), undefined);
      assert.equal(await reader.bundle({ index, width: width + 1 }), undefined);
    } else {
      const upper = Math.floor(index / tileWidth);
      const above = await reader.tile({
        level: 1,
        index: upper,
        width: widthInTree(1, upper, size),
      });
      const at = 32 * (index % tileWidth);
      assert.deepEqual(hashInTile(tile, 0, tileWidth), above?.slice(at, at + 32));
    }
  }
}

/** Opens the log in a store as tests do. */
export function openEngine(
  store: LogStore,
  options: {
    limits?: Partial<EngineLimits>;
    now?: () => number;
    seen?: Uint8Array[];
    onError?: (error: LogError) => void;
  } = {},
): Promise<LogEngine> {
  const { limits = eagerLimits, now = () => 1_700_000_000_000, ...rest } = options;
  return LogEngine.open({ store, origin, signer, now, limits, ...rest });
}

export function splitProof(proof: Uint8Array): Uint8Array[] {
  return Array.from({ length: proof.length / 32 }, (_, i) => proof.subarray(32 * i, 32 * (i + 1)));
}
