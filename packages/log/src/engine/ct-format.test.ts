// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { suite, test, type TestContext } from "node:test";
import { ByteReader, encodeHex, utf8Bytes } from "@chancery/formats/bytes";
import { algorithmByName, sha256 } from "@chancery/formats/crypto";
import { generatePrivateKey, messageSigner } from "@chancery/formats/crypto/node";
import { leafHash, verifyInclusion } from "@chancery/formats/merkle";
import { decodeTreeHeadSignature } from "@chancery/formats/note";
import {
  encodeLeafIndex,
  encodeMerkleTreeLeaf,
  encodeTileLeaf,
  readTileLeaf,
  type SctEntry,
  type TileLeaf,
} from "@chancery/formats/sct";
import { FaultyStore, MemoryDisk } from "../../test/faulty-store.ts";
import { eagerLimits } from "../../test/world.ts";
import { LogError, type LogErrorCode } from "../errors.ts";
import { exportTree, fsck, reindex } from "../maintenance/index.ts";
import { type CheckpointSigner, LogEngine, readCheckpoint, treeHeadSigner } from "./index.ts";

const origin = "ct.example/2030";
const signer: CheckpointSigner = treeHeadSigner(
  origin,
  messageSigner(generatePrivateKey(algorithmByName("PKIX_ECDSA_P256_SHA_256"))),
);
const log = { origin, verifier: signer.verifier };
const issuer = utf8Bytes("an issuer");

const began = 1_900_000_000_000;

async function open(disk: MemoryDisk, now: () => number = () => began): Promise<LogEngine> {
  const store = new FaultyStore(disk);
  return LogEngine.open({ store, origin, format: "ct", signer, now, limits: eagerLimits });
}

/** What is signed of an entry that can be told from all others; every third one is a precert. */
function signedOf(number: number): Pick<TileLeaf, "entry" | "precertificate"> {
  const bytes = utf8Bytes(`certificate ${number} ${"x".repeat(number % 97)}`);
  if (number % 3 > 0) return { entry: { certificate: bytes } };
  return { entry: { issuerKeyHash: sha256(issuer), tbs: bytes }, precertificate: bytes };
}

function given(number: number, issuers = [sha256(issuer)]): { bytes: Uint8Array } {
  const place = { timestampMs: 0, extensions: encodeLeafIndex(0) };
  return { bytes: encodeTileLeaf({ ...place, ...signedOf(number), issuers }) };
}

function leafOf(entry: SctEntry, index: number, timestampMs: number): Uint8Array {
  return leafHash(encodeMerkleTreeLeaf({ timestampMs, extensions: encodeLeafIndex(index) }, entry));
}

async function refused(action: Promise<unknown>, code: LogErrorCode): Promise<string> {
  let message = "";
  await assert.rejects(action, (error) => {
    assert.ok(error instanceof LogError, String(error));
    message = error.message;
    return error.code === code;
  });
  return message;
}

function numbers(from: number, end: number): number[] {
  return Array.from({ length: end - from }, (_, i) => from + i);
}

/** A log of some hundred entries, one commit each hundred, a second apart. */
async function filled(size: number): Promise<MemoryDisk> {
  const disk = new MemoryDisk();
  let ms = began;
  const engine = await open(disk, () => (ms += 1000));
  await engine.keepBlob(issuer);
  for (let from = 0; from < size; from += 100) {
    const which = numbers(from, Math.min(size, from + 100));
    const { items, head } = await engine.append(which.map((number) => given(number)));
    for (const [i, { index, timeMs, proof }] of items.entries()) {
      assert.equal(index, from + i);
      verifyInclusion({
        leafIndex: BigInt(index),
        treeSize: BigInt(head.size),
        leafHash: leafOf(signedOf(from + i).entry, index, timeMs),
        proof: Array.from({ length: proof.length / 32 }, (_, n) =>
          proof.subarray(32 * n, 32 * n + 32),
        ),
        rootHash: head.rootHash,
      });
    }
  }
  await engine.close();
  return disk;
}

function newFolder(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), "chancery-ct-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

suite("a log whose entries hold their own place", () => {
  const made = filled(700);

  test("writes index and time into each, and signs tree heads", async () => {
    const engine = await open((await made).copy());
    const { reader } = engine;
    const head = reader.head();
    for (const index of [0, 1, 255, 256, 511, 512, 699]) {
      const { bytes, timeMs } = await reader.entry(index);
      const leaf = readTileLeaf(new ByteReader(bytes, "tile"));
      assert.equal(leaf.timestampMs, timeMs);
      assert.deepEqual(leaf.extensions, encodeLeafIndex(index));
      assert.deepEqual(leaf.entry, signedOf(index).entry);
      assert.deepEqual(await reader.leafHash(index), leafOf(leaf.entry, index, timeMs));
      assert.equal(await reader.indexOf(await reader.leafHash(index)), index);
    }
    const { note } = readCheckpoint(head.checkpoint, log);
    const { timestampMs } = decodeTreeHeadSignature(note.signatures[0]!.signature);
    assert.equal(timestampMs, head.timeMs);
    assert.ok(timestampMs > began);
    await engine.close();
  });

  test("answers what was logged with its first place, wherever it is by now", async () => {
    const engine = await open((await made).copy(), () => began + 1e9);
    const { reader } = engine;
    const size = reader.head().size;
    // Other issuers above make no other entry.
    const again = [0, 300, 699].map((number) => given(number, []));
    const { items, head } = await engine.append([...again, given(700), given(700)]);
    assert.equal(head.size, size + 1);
    for (const [i, index] of [0, 300, 699].entries()) {
      assert.equal(items[i]!.duplicate, true);
      assert.equal(items[i]!.index, index);
      assert.equal(items[i]!.timeMs, (await reader.entry(index)).timeMs);
      assert.ok(items[i]!.timeMs < began + 1e9);
    }
    assert.deepEqual(
      items.slice(3).map(({ index, duplicate, timeMs }) => ({ index, duplicate, timeMs })),
      [false, true].map((duplicate) => ({ index: 700, duplicate, timeMs: began + 1e9 })),
    );
    await engine.close();
  });

  test("has bundles of entries one after the other", async () => {
    const engine = await open((await made).copy());
    for (const [index, width] of [
      [0, 256],
      [0, 3],
      [1, 255],
      [2, 188],
      [2, 1],
    ] as const) {
      const bundle = await engine.reader.bundle({ index, width });
      const reader = new ByteReader(bundle ?? assert.fail(), "tile");
      for (let i = 0; i < width; i++) {
        const { entry } = readTileLeaf(reader);
        assert.deepEqual(entry, signedOf(256 * index + i).entry);
      }
      reader.end();
    }
    assert.equal(await engine.reader.bundle({ index: 2, width: 189 }), undefined);
    await engine.close();
  });

  test("refuses what is no entry, and keeps no other kind of log", async () => {
    const disk = (await made).copy();
    const engine = await open(disk);
    const { bytes } = given(1000);
    const longer = Uint8Array.from([...bytes, 0]);
    for (let length = 0; length < bytes.length; length++) {
      await refused(engine.append([{ bytes: bytes.subarray(0, length) }]), "malformed");
    }
    await refused(engine.append([{ bytes: longer }]), "malformed");
    const place = { timestampMs: 0, extensions: new Uint8Array(0) };
    const bare = encodeTileLeaf({ ...place, ...signedOf(1), issuers: [] });
    assert.match(await refused(engine.append([{ bytes: bare }]), "malformed"), /its index alone/);
    const large = given(1);
    const huge = encodeTileLeaf({
      timestampMs: 0,
      extensions: encodeLeafIndex(0),
      entry: { certificate: new Uint8Array(256 << 10) },
      issuers: [],
    });
    await refused(engine.append([large, { bytes: huge }]), "too-large");
    await refused(engine.keepBlob(huge), "too-large");
    assert.equal(engine.reader.head().size, 700);
    await engine.close();
    await refused(engine.keepBlob(issuer), "stopped");
    const store = new FaultyStore(disk);
    const now = (): number => began;
    const message = await refused(LogEngine.open({ store, origin, signer, now }), "wrong-log");
    assert.equal(message, "the log holds ct, not tlog");
  });

  test("is proven as a whole, and what is wrong with its entries is found", async () => {
    const disk = await made;
    const report = await fsck(new FaultyStore(disk.copy()), log);
    assert.deepEqual(report.problems, []);
    assert.equal(report.entries, 700);
    // Two of each entry in full bundles: leaf hash and identity.
    assert.equal(report.records, 512 * 2);
    const name = `blob/${encodeHex(sha256(issuer))}`;
    assert.deepEqual(disk.objects.get(name), issuer);
    const without = disk.copy();
    without.objects.delete(name);
    const { problems } = await fsck(new FaultyStore(without), log);
    assert.deepEqual(problems, [`${name}: is missing, to which entry 0 refers`]);
    const other = disk.copy();
    other.objects.set(name, utf8Bytes("another"));
    assert.deepEqual((await fsck(new FaultyStore(other), log)).problems, [
      `${name}: is not what its name says`,
    ]);
    for (const [object, bytes] of disk.objects) {
      if (!object.startsWith("tile/")) continue;
      const copy = disk.copy();
      // Within the first entry's leaf; what stands behind a leaf no hash covers.
      copy.objects.set(object, bytes.with(20, bytes[20]! ^ 1));
      const found = await fsck(new FaultyStore(copy), log);
      assert.ok(found.problems.length > 0, object);
    }
  });

  test("finds duplicates by an index that was made anew", async () => {
    const disk = (await made).copy();
    assert.equal(await reindex(new FaultyStore(disk)), 512);
    assert.deepEqual((await fsck(new FaultyStore(disk), log)).problems, []);
    const engine = await open(disk);
    const { items } = await engine.append([given(17)]);
    assert.equal(items[0]!.index, 17);
    assert.equal(items[0]!.duplicate, true);
    await engine.close();
  });

  test("is exported as static-ct-api has it", async (t) => {
    const folder = newFolder(t);
    const { size } = await exportTree(new FaultyStore((await made).copy()), log, folder);
    assert.equal(size, 700);
    for (const path of ["tile/data/000", "tile/data/001", "tile/data/002.p/188", "tile/0/001"]) {
      assert.ok(existsSync(join(folder, path)), path);
    }
    assert.equal(existsSync(join(folder, "tile/entries")), false);
    const kept = readFileSync(join(folder, "issuer", encodeHex(sha256(issuer))));
    assert.deepEqual(new Uint8Array(kept), issuer);
    readCheckpoint(readFileSync(join(folder, "checkpoint")), log);
  });
});
