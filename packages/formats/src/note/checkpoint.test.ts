// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import fc from "fast-check";
import { needVectors, vectors } from "../../../../test/vectors.ts";
import { bytesEqual, decodeBase64, encodeBase64, encodeHex } from "../bytes/index.ts";
import { decodeSpki } from "../crypto/index.ts";
import { FormatError, type FormatErrorCode } from "../errors/index.ts";
import { leafHash, verifyInclusion } from "../merkle/index.ts";
import {
  encodeCheckpoint,
  logKeyId,
  noteVerifier,
  parseCheckpoint,
  parseSignedCheckpoint,
  spkiKeyId,
  verifyNoteSignature,
} from "./index.ts";

const root = "CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=";

function refuses(text: string, code: FormatErrorCode, place?: string): void {
  assert.throws(
    () => parseCheckpoint(text),
    (error) =>
      error instanceof FormatError &&
      error.code === code &&
      (place === undefined || error.place === place),
    JSON.stringify(text),
  );
}

test("origin, size, root and extensions are read and written", () => {
  const text = `example.com/log\n20852163\n${root}\nTimestamp: 1\nmore\n`;
  const checkpoint = parseCheckpoint(text);
  assert.deepEqual(checkpoint, {
    origin: "example.com/log",
    size: 20852163n,
    rootHash: decodeBase64(root),
    extensions: ["Timestamp: 1", "more"],
  });
  assert.equal(encodeCheckpoint(checkpoint), text);
  assert.deepEqual(parseCheckpoint(`o\n0\n${root}\n`).extensions, []);
});

test("a lost line is refused by a code that tells which", () => {
  refuses(`736\n${root}\n`, "malformed", "size");
  refuses(`example.com/log\n${root}\n`, "malformed", "size");
  refuses(`example.com/log\n736\n`, "missing-field", "root hash");
  refuses(`example.com/log\n`, "missing-field", "size");
  refuses("\n", "missing-field", "origin");
  refuses(`\n736\n${root}\n`, "missing-field", "origin");
  refuses(`example.com/log\n\n${root}\n`, "malformed", "size");
  refuses(`example.com/log\n736\n\n`, "out-of-range", "root hash");
  refuses(`example.com/log\n736\nTimestamp: 1\n`, "malformed-base64", "root hash");
  refuses("", "truncated");
  refuses(`example.com/log\n736\n${root}`, "truncated");
  refuses(`example.com/log\n736\n${root}\n\n`, "malformed", "extension 1");
  refuses(`example.com/log\n736\n${root}\na\n\nb\n`, "malformed", "extension 2");
});

test("a size is decimal, without leading zeros, and an int64", () => {
  const withSize = (size: string): string => `o\n${size}\n${root}\n`;
  for (const size of ["0", "1", "9007199254740993", "9223372036854775807"]) {
    assert.equal(parseCheckpoint(withSize(size)).size, BigInt(size));
  }
  for (const size of ["9223372036854775808", "18446744073709551616", "9".repeat(100_000)]) {
    refuses(withSize(size), "out-of-range", "size");
  }
  for (const size of ["00", "01", "007"]) refuses(withSize(size), "non-canonical", "size");
  for (const size of ["", " 1", "1 ", "+1", "-1", "0x1", "1e3", "1.0", "1_0", "\u0661", "\uff11"]) {
    refuses(withSize(size), "malformed", "size");
  }
});

test("a root is 32 bytes of strict base64", () => {
  const withRoot = (text: string): string => `o\n1\n${text}\n`;
  for (const length of [0, 1, 31, 33, 64]) {
    refuses(withRoot(encodeBase64(new Uint8Array(length))), "out-of-range", "root hash");
  }
  for (const text of [root.slice(0, -1), `${root} `, ` ${root}`, root.replaceAll("/", "_")]) {
    refuses(withRoot(text), "malformed-base64", "root hash");
  }
  refuses(withRoot(root.replace("I=", "J=")), "non-canonical", "root hash");
});

test("what cannot be read back is not written", () => {
  const good = { origin: "o", size: 1n, rootHash: decodeBase64(root), extensions: [] };
  for (const bad of [
    { ...good, origin: "" },
    { ...good, origin: "a\nb" },
    { ...good, size: -1n },
    { ...good, size: 1n << 63n },
    { ...good, rootHash: new Uint8Array(31) },
    { ...good, extensions: [""] },
    { ...good, extensions: ["a\nb"] },
  ]) {
    assert.throws(() => encodeCheckpoint(bad), FormatError);
  }
});

test("every checkpoint is read back as it was written", () => {
  const text = fc.string({ minLength: 1 }).filter((line) => !line.includes("\n"));
  const fields = {
    origin: text,
    size: fc.bigInt({ min: 0n, max: (1n << 63n) - 1n }),
    rootHash: fc.uint8Array({ minLength: 32, maxLength: 32 }),
    extensions: fc.array(text, { maxLength: 3 }),
  };
  const checkpoints = fc.record(fields, { noNullPrototype: true });
  fc.assert(
    fc.property(checkpoints, (checkpoint) => {
      assert.deepEqual(parseCheckpoint(encodeCheckpoint(checkpoint)), checkpoint);
    }),
  );
});

interface PublishedCheckpoint {
  readonly name: string;
  readonly entry: Record<string, any>;
  readonly envelope: string;
  readonly log?: Record<string, any>;
}

const cases = "sigstore-conformance/bundle-verify";

/** The checkpoints of the conformance suite, with their logs in the trusted roots that go along. */
function publishedCheckpoints(folder: string): PublishedCheckpoint[] {
  const publicRoot = vectors("public-good/targets/trusted_root.json") as string;
  const read = (path: string): Record<string, any> => JSON.parse(readFileSync(path, "utf8"));
  return readdirSync(folder, { withFileTypes: true }).flatMap((item) => {
    if (!item.isDirectory() || item.name === "bundle-malformed-json_fail") return [];
    const own = vectors(`${cases}/${item.name}/trusted_root.json`);
    const trustedRoot = read(own ?? publicRoot);
    const bundle = read(join(folder, item.name, "bundle.sigstore.json"));
    const entries = (bundle["verificationMaterial"]["tlogEntries"] ?? []) as any[];
    return entries.flatMap((entry) => {
      const envelope = entry.inclusionProof?.checkpoint?.envelope as string | undefined;
      const logs = trustedRoot["tlogs"] as any[];
      const log = logs.find((candidate) => candidate.logId.keyId === entry.logId.keyId);
      return envelope === undefined ? [] : [{ name: item.name, entry, envelope, log }];
    });
  });
}

test("real checkpoints verify under their logs, and prove what they are there for", (t) => {
  const folder = needVectors(t, cases);
  if (folder === undefined) return;
  let proven = 0;
  for (const { name, entry, envelope, log } of publishedCheckpoints(folder)) {
    if (name.endsWith("_fail")) continue;
    assert.ok(log, name);
    const { note, checkpoint } = parseSignedCheckpoint(envelope);
    const key = decodeSpki(decodeBase64(log["publicKey"].rawBytes as string));
    const logId = decodeBase64(entry["logId"].keyId as string);
    const signer = checkpoint.origin.replace(/ - [0-9]+$/, "");
    const ownId = signer === checkpoint.origin ? logKeyId(signer, key) : spkiKeyId(key);
    assert.equal(encodeHex(ownId), encodeHex(logId), name);
    const verified = verifyNoteSignature(note, noteVerifier(signer, key, ownId));
    assert.equal(verified.status, "verified", name);
    const { hashes, logIndex } = entry["inclusionProof"];
    verifyInclusion({
      leafIndex: BigInt(logIndex as string),
      treeSize: checkpoint.size,
      leafHash: leafHash(decodeBase64(entry["canonicalizedBody"] as string)),
      proof: (hashes as string[]).map((hash) => decodeBase64(hash)),
      rootHash: checkpoint.rootHash,
    });
    proven++;
  }
  assert.ok(proven >= 20, `${proven}`);
});

test("the broken checkpoints of the conformance suite fail, each at its own place", (t) => {
  const folder = needVectors(t, cases);
  if (folder === undefined) return;
  const all = publishedCheckpoints(folder);
  const outcome = (name: string): string => {
    const { envelope, log } = all.find((found) => found.name === name) as PublishedCheckpoint;
    try {
      const { note, checkpoint } = parseSignedCheckpoint(envelope);
      const key = decodeSpki(decodeBase64(log?.["publicKey"].rawBytes as string));
      const signer = new URL(log?.["baseUrl"] as string).hostname;
      const keyId = signer === checkpoint.origin ? logKeyId(signer, key) : spkiKeyId(key);
      return verifyNoteSignature(note, noteVerifier(signer, key, keyId)).status;
    } catch (error) {
      if (!(error instanceof FormatError)) throw error;
      return `${error.code} ${error.place}`;
    }
  };
  assert.equal(outcome("rekor2-checkpoint-missing-origin_fail"), "malformed size");
  assert.equal(outcome("rekor2-checkpoint-missing-size_fail"), "malformed size");
  assert.equal(outcome("rekor2-checkpoint-missing-root-hash_fail"), "missing-field root hash");
  assert.equal(outcome("rekor2-checkpoint-missing-log-signature_fail"), "missing-field signatures");
  assert.equal(outcome("rekor2-checkpoint-no-matching-signature_fail"), "absent");
  assert.equal(outcome("checkpoint-bad-keyhint_fail"), "absent");
  assert.equal(outcome("invalid-checkpoint-signature_fail"), "invalid");
});

test("a checkpoint that signs another root proves nothing about the entry", (t) => {
  const folder = needVectors(t, cases);
  if (folder === undefined) return;
  const found = publishedCheckpoints(folder).find(
    ({ name }) => name === "checkpoint-wrong-roothash_fail",
  ) as PublishedCheckpoint;
  const { checkpoint } = parseSignedCheckpoint(found.envelope);
  const stated = decodeBase64(found.entry["inclusionProof"].rootHash as string);
  assert.ok(!bytesEqual(checkpoint.rootHash, stated));
});
