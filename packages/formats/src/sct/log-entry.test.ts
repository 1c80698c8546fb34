// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { needVectors } from "../../../../test/vectors.ts";
import { conformanceLeaves } from "../../test/certificate-files.ts";
import { ByteReader, concatBytes, encodeHex, utf8Bytes } from "../bytes/index.ts";
import { sha256 } from "../crypto/index.ts";
import { FormatError, type FormatErrorCode } from "../errors/index.ts";
import { leafHash } from "../merkle/index.ts";
import { decodeCertificate, embeddedSctList } from "../x509/index.ts";
import {
  decodeLeafIndex,
  decodeSctList,
  encodeExtraData,
  encodeLeafIndex,
  encodeMerkleTreeLeaf,
  encodeTileLeaf,
  leafIndexMax,
  readTileLeaf,
  type TileLeaf,
} from "./index.ts";

const issuerKeyHash = new Uint8Array(32).fill(7);
const [tbs, certificate, precertificate] = ["tbs", "whole", "poisoned"].map(utf8Bytes) as [
  Uint8Array,
  Uint8Array,
  Uint8Array,
];
const issuers = [sha256(utf8Bytes("ca")), sha256(utf8Bytes("root"))];
const head = { timestampMs: 1_700_000_000_123, extensions: encodeLeafIndex(112) };
const x509Leaf: TileLeaf = { ...head, entry: { certificate }, issuers };
const precertLeaf: TileLeaf = { ...head, entry: { issuerKeyHash, tbs }, precertificate, issuers };
const headHex = "0000018bcfe5687b";
const extensionsHex = "00080000050000000070";

const refuses = (code: FormatErrorCode) => (error: unknown) =>
  error instanceof FormatError && error.code === code;
const read = (bytes: Uint8Array): TileLeaf => {
  const reader = new ByteReader(bytes, "test");
  const leaf = readTileLeaf(reader);
  reader.end();
  return leaf;
};

suite("an entry of a CT log", () => {
  test("is hashed into the tree as RFC 6962 lays it out", () => {
    assert.equal(
      encodeHex(encodeMerkleTreeLeaf(head, { certificate })),
      `0000${headHex}0000000005${encodeHex(certificate)}${extensionsHex}`,
    );
    const leaf = encodeMerkleTreeLeaf(head, { issuerKeyHash, tbs });
    assert.equal(
      encodeHex(leaf),
      `0000${headHex}0001${encodeHex(issuerKeyHash)}000003${encodeHex(tbs)}${extensionsHex}`,
    );
    assert.deepEqual(leafHash(leaf), sha256(concatBytes(Uint8Array.of(0), leaf)));
  });

  test("goes with the chain it came in", () => {
    assert.equal(encodeHex(encodeExtraData([])), "000000");
    const chain = "00000c00000561616161610000016f";
    assert.equal(encodeHex(encodeExtraData([utf8Bytes("aaaaa"), utf8Bytes("o")])), chain);
    const whole = encodeExtraData([utf8Bytes("aaaaa"), utf8Bytes("o")], precertificate);
    assert.equal(encodeHex(whole), `000008${encodeHex(precertificate)}${chain}`);
    assert.throws(() => encodeExtraData([new Uint8Array(1 << 24)]), RangeError);
  });

  test("stands in data tiles as static-ct-api lays it out", () => {
    const fingerprints = `0040${issuers.map(encodeHex).join("")}`;
    const entry = `0000000005${encodeHex(certificate)}`;
    const expected = `${headHex}${entry}${extensionsHex}${fingerprints}`;
    assert.equal(encodeHex(encodeTileLeaf(x509Leaf)), expected);
    const precert = `0001${encodeHex(issuerKeyHash)}000003${encodeHex(tbs)}${extensionsHex}`;
    const tail = `000008${encodeHex(precertificate)}${fingerprints}`;
    assert.equal(encodeHex(encodeTileLeaf(precertLeaf)), `${headHex}${precert}${tail}`);
  });

  test("is read back off a tile, one after the other", () => {
    const alone: TileLeaf = { ...x509Leaf, extensions: new Uint8Array(0), issuers: [] };
    const leaves = [x509Leaf, precertLeaf, alone];
    const reader = new ByteReader(concatBytes(...leaves.map(encodeTileLeaf)), "tile");
    assert.deepEqual(
      leaves.map(() => readTileLeaf(reader)),
      leaves,
    );
    reader.end();
  });

  test("is refused cut anywhere", () => {
    for (const leaf of [x509Leaf, precertLeaf]) {
      const bytes = encodeTileLeaf(leaf);
      for (let length = 0; length < bytes.length; length++) {
        assert.throws(() => read(bytes.subarray(0, length)), refuses("truncated"));
      }
    }
  });

  test("is refused with what no log writes", () => {
    const bytes = encodeTileLeaf({ ...x509Leaf, issuers: [] });
    assert.throws(() => read(bytes.with(9, 2)), refuses("unsupported"));
    assert.throws(() => read(bytes.with(0, 1)), refuses("out-of-range"));
    const cut = concatBytes(bytes.subarray(0, -2), Uint8Array.of(0, 31), new Uint8Array(31));
    assert.throws(() => read(cut), refuses("malformed"));
    const many = { ...x509Leaf, issuers: Array.from({ length: 17 }, () => issuerKeyHash) };
    assert.throws(() => read(encodeTileLeaf(many)), refuses("too-large"));
  });

  test("is not written with what does not fit", () => {
    for (const leaf of [
      { ...x509Leaf, entry: precertLeaf.entry },
      { ...x509Leaf, precertificate },
      { ...x509Leaf, issuers: [new Uint8Array(31)] },
      { ...x509Leaf, timestampMs: -1 },
      { ...x509Leaf, entry: { issuerKeyHash: new Uint8Array(31), tbs }, precertificate },
    ]) {
      assert.throws(() => encodeTileLeaf(leaf), RangeError);
    }
  });
});

suite("a leaf index", () => {
  test("has five bytes", () => {
    assert.equal(encodeHex(encodeLeafIndex(112)), "0000050000000070"); // static-ct-api's example
    for (const index of [0, 1, 2 ** 32, leafIndexMax]) {
      assert.equal(decodeLeafIndex(encodeLeafIndex(index)), index);
    }
    for (const index of [-1, leafIndexMax + 1]) {
      assert.throws(() => encodeLeafIndex(index), RangeError);
    }
    assert.throws(() => encodeLeafIndex(0.5), RangeError);
  });

  test("is found among other extensions, where there is one", () => {
    const other = Uint8Array.of(9, 0, 1, 5);
    assert.equal(decodeLeafIndex(new Uint8Array(0)), undefined);
    assert.equal(decodeLeafIndex(other), undefined);
    assert.equal(decodeLeafIndex(concatBytes(other, encodeLeafIndex(3))), 3);
  });

  for (const [what, bytes, code] of [
    ["cut", encodeLeafIndex(1).subarray(0, -1), "truncated"],
    ["of four bytes", Uint8Array.of(0, 0, 4, 0, 0, 0, 1), "malformed"],
    ["twice", concatBytes(encodeLeafIndex(1), encodeLeafIndex(1)), "duplicate-key"],
    ["with another twice", Uint8Array.of(9, 0, 0, 9, 0, 0), "duplicate-key"],
  ] as const satisfies [string, Uint8Array, FormatErrorCode][]) {
    test(`is refused ${what}`, () => {
      assert.throws(() => decodeLeafIndex(bytes), refuses(code));
    });
  }

  test("is read out of a certificate of the conformance suite", (t) => {
    const directory = needVectors(t, "sigstore-conformance/bundle-verify");
    if (directory === undefined) return;
    const name = "bundle-with-sct-with-extensions";
    const found = conformanceLeaves(directory).find((leaf) => leaf.name === name);
    const list = embeddedSctList(decodeCertificate(found!.leaf));
    const [sct] = decodeSctList(list!).scts;
    assert.equal(typeof decodeLeafIndex(sct!.extensions), "number");
    assert.deepEqual(encodeLeafIndex(decodeLeafIndex(sct!.extensions)!), sct!.extensions);
  });
});
