// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { suite, test } from "node:test";
import {
  ByteReader,
  concatBytes,
  decodeBase64,
  encodeBase64,
  encodeHex,
  uintBytes,
} from "@chancery/formats/bytes";
import { sha256, verifySignature } from "@chancery/formats/crypto";
import { leafHash, verifyConsistency, verifyInclusion } from "@chancery/formats/merkle";
import {
  parseSignedCheckpoint,
  treeHeadVerifier,
  verifyNoteSignature,
} from "@chancery/formats/note";
import {
  decodeLeafIndex,
  decodeSct,
  encodeMerkleTreeLeaf,
  encodeSct,
  readTileLeaf,
  type Sct,
  type SctEntry,
  treeHeadSignedData,
  verifySct,
} from "@chancery/formats/sct";
import { inclusionProofFromTiles, tilePath } from "@chancery/formats/tiles";
import { decodeCertificate, extensionOids, tbsWithoutExtension } from "@chancery/formats/x509";
import { LogError } from "@chancery/log";
import { type CtWorld, newAuthority, newChain, origin, startedCt } from "../../test/ct-world.ts";
import { type Answer, post, request } from "../../test/rekor-server.ts";
import { ServiceError } from "../errors.ts";
import { type CtEntryLog, CtLog } from "./ct-log.ts";
import { AcceptedRoots } from "./roots.ts";

const bytesOf = (text: string): Uint8Array => decodeBase64(text, "answer");

function submit(world: CtWorld, chain: readonly Uint8Array[], call: string): Promise<Answer> {
  return post(`${world.url}/ct/v1/${call}`, { chain: chain.map((der) => encodeBase64(der)) });
}

async function ask(world: CtWorld, call: string): Promise<any> {
  const { status, json, text } = await request(`${world.url}/ct/v1/${call}`);
  assert.equal(status, 200, `${call}: ${text}`);
  return json;
}

async function fetched(world: CtWorld, path: string): Promise<Uint8Array> {
  const answer = await fetch(`${world.url}/${path}`);
  assert.equal(answer.status, 200, path);
  return new Uint8Array(await answer.arrayBuffer());
}

async function refused(
  world: CtWorld,
  call: string,
  status: number,
  reason?: RegExp,
): Promise<void> {
  const answer = await request(`${world.url}/${call}`);
  const words: Record<number, string> = { 400: "Bad Request", 404: "Not Found" };
  assert.equal(answer.status, status, `${call}: ${answer.text}`);
  assert.match(answer.headers.get("content-type") ?? "", /^text\/plain/);
  assert.ok(answer.text.startsWith(`${words[status]}\n`), answer.text);
  if (reason) assert.match(answer.text, reason, call);
}

/** The timestamp of an answer to a submission, as clients put it together. */
function sctOf({ status, json, text }: Answer): Sct {
  assert.equal(status, 200, text);
  assert.deepEqual(Object.keys(json), [
    "sct_version",
    "id",
    "timestamp",
    "extensions",
    "signature",
  ]);
  const extensions = bytesOf(json.extensions);
  return decodeSct(
    concatBytes(
      Uint8Array.of(json.sct_version),
      bytesOf(json.id),
      uintBytes(json.timestamp, 8),
      uintBytes(extensions.length, 2),
      extensions,
      bytesOf(json.signature),
    ),
  );
}

function precertEntry(leaf: Uint8Array, issuer: Uint8Array): SctEntry & { tbs: Uint8Array } {
  const tbs = tbsWithoutExtension(decodeCertificate(leaf), extensionOids.precertificatePoison);
  return { issuerKeyHash: sha256(decodeCertificate(issuer).publicKey.spki), tbs };
}

suite("a CT log", () => {
  test("promises precertificates and certificates, each at its index", async (t) => {
    const world = await startedCt(t);
    const { publicKey } = world.signer;
    const [pre, issuer, root] = await newChain(world.authority, { poison: true });
    const begun = Date.now();
    const sct = sctOf(await submit(world, [pre, issuer, root], "add-pre-chain"));
    assert.deepEqual(sct.logId, sha256(publicKey.spki));
    assert.deepEqual(sct.logId, world.ct.logId);
    assert.ok(sct.timestampMs >= begun && sct.timestampMs <= Date.now());
    assert.equal(encodeHex(sct.extensions), "0000050000000000");
    const entry = precertEntry(pre, issuer);
    assert.ok("issuerKeyHash" in entry);
    assert.equal(verifySct(sct, entry.issuerKeyHash, entry.tbs, publicKey), true);

    const [leaf, ...above] = await newChain(world.authority);
    const second = sctOf(await submit(world, [leaf, ...above], "add-chain"));
    assert.equal(decodeLeafIndex(second.extensions), 1);
    const { scheme } = world.signer.algorithm;
    const signed = encodeMerkleTreeLeaf(second, { certificate: leaf });
    assert.equal(verifySignature(publicKey, scheme, signed, second.signature), true);
    assert.equal(world.log.head().size, 2);
  });

  test("answers what it has with the first time and place", async (t) => {
    const world = await startedCt(t);
    const [pre, issuer, root] = await newChain(world.authority, { poison: true });
    const first = sctOf(await submit(world, [pre, issuer, root], "add-pre-chain"));
    await world.ct.submit(await newChain(world.authority), "certificate");
    while (Date.now() <= first.timestampMs) await new Promise((resolve) => setTimeout(resolve, 1));
    for (const chain of [
      [pre, issuer, root],
      [pre, issuer],
    ]) {
      const again = sctOf(await submit(world, chain, "add-pre-chain"));
      assert.equal(again.timestampMs, first.timestampMs);
      assert.deepEqual(again.extensions, first.extensions);
      const { tbs } = precertEntry(pre, issuer);
      const keyHash = sha256(decodeCertificate(issuer).publicKey.spki);
      assert.equal(verifySct(again, keyHash, tbs, world.signer.publicKey), true);
    }
    assert.equal(world.log.head().size, 2);
  });

  test("proves by both of its sides the same tree", async (t) => {
    const world = await startedCt(t);
    const chains: Uint8Array[][] = [];
    const scts: Sct[] = [];
    for (let i = 0; i < 5; i++) {
      const chain = await newChain(world.authority, { poison: i % 2 === 0 });
      chains.push(chain);
      scts.push(await world.ct.submit(chain, i % 2 === 0 ? "precertificate" : "certificate"));
    }
    const sth = await ask(world, "get-sth");
    assert.equal(sth.tree_size, 5);
    const rootHash = bytesOf(sth.sha256_root_hash);
    const data = treeHeadSignedData({ timestampMs: sth.timestamp, treeSize: 5n, rootHash });
    const digitallySigned = bytesOf(sth.tree_head_signature);
    assert.equal(encodeHex(digitallySigned.subarray(0, 2)), "0403");
    const { scheme } = world.signer.algorithm;
    const signature = digitallySigned.subarray(4);
    assert.ok(verifySignature(world.signer.publicKey, scheme, data, signature));
    assert.ok(sth.timestamp >= scts.at(-1)!.timestampMs);

    const { checkpoint, note } = parseSignedCheckpoint(await fetched(world, "checkpoint"));
    const verifier = treeHeadVerifier(origin, world.signer.publicKey);
    assert.equal(verifyNoteSignature(note, verifier).status, "verified");
    assert.equal(checkpoint.size, 5n);
    assert.deepEqual(checkpoint.rootHash, rootHash);

    const hashes = await fetched(world, "tile/0/000.p/5");
    const data5 = new ByteReader(await fetched(world, "tile/data/000.p/5"), "tile");
    const { entries } = await ask(world, "get-entries?start=0&end=4");
    for (const [i, chain] of chains.entries()) {
      const [leaf, issuer, root] = chains[i] as [Uint8Array, Uint8Array, Uint8Array];
      const isPre = i % 2 === 0;
      const entry: SctEntry = isPre ? precertEntry(leaf, issuer) : { certificate: leaf };
      const leafInput = encodeMerkleTreeLeaf(scts[i]!, entry);
      const tileLeaf = readTileLeaf(data5);
      assert.deepEqual(tileLeaf.entry, entry);
      assert.equal(tileLeaf.timestampMs, scts[i]!.timestampMs);
      assert.deepEqual(tileLeaf.extensions, scts[i]!.extensions);
      assert.deepEqual(tileLeaf.precertificate, isPre ? leaf : undefined);
      assert.deepEqual(tileLeaf.issuers, [sha256(issuer), sha256(root)]);
      const hash = leafHash(leafInput);
      assert.deepEqual(hash, hashes.subarray(32 * i, 32 * i + 32));

      assert.deepEqual(bytesOf(entries[i].leaf_input), leafInput);
      assert.deepEqual(bytesOf(entries[i].extra_data), extraData(isPre, chain));
      const query = new URLSearchParams({ hash: encodeBase64(hash), tree_size: "5" });
      const proof = await ask(world, `get-proof-by-hash?${query.toString()}`);
      assert.equal(proof.leaf_index, i);
      const path = proof.audit_path.map(bytesOf);
      const tiles = inclusionProofFromTiles(i, 5, (tile) =>
        tilePath(tile) === "tile/0/000.p/5" ? hashes : undefined,
      );
      assert.deepEqual(path, tiles);
      const place = { leafIndex: BigInt(i), treeSize: 5n, leafHash: hash, rootHash };
      verifyInclusion({ ...place, proof: path });
      const both = await ask(world, `get-entry-and-proof?leaf_index=${i}&tree_size=5`);
      assert.deepEqual(both, { ...entries[i], audit_path: proof.audit_path });
    }
    for (let first = 1; first <= 5; first++) {
      const { consistency } = await ask(world, `get-sth-consistency?first=${first}&second=5`);
      verifyConsistency({
        oldSize: BigInt(first),
        newSize: 5n,
        oldRoot: await world.log.rootAt(first),
        newRoot: rootHash,
        proof: consistency.map(bytesOf),
      });
    }
    for (const der of chains[0]!.slice(1)) {
      assert.deepEqual(await fetched(world, `issuer/${encodeHex(sha256(der))}`), der);
    }
    const { certificates } = await ask(world, "get-roots");
    assert.deepEqual(certificates, [encodeBase64(chains[0]![2]!)]);
  });

  /** Written out by hand (RFC 6962 §3.1). */
  function extraData(isPre: boolean, [leaf, ...issuers]: Uint8Array[]): Uint8Array {
    const vector = (bytes: Uint8Array): Uint8Array =>
      concatBytes(uintBytes(bytes.length, 3), bytes);
    const chain = vector(concatBytes(...issuers.map(vector)));
    return isPre ? concatBytes(vector(leaf!), chain) : chain;
  }

  test("writes proofs that are empty as lists, and says how long answers hold", async (t) => {
    const world = await startedCt(t);
    const sct = await world.ct.submit(await newChain(world.authority), "certificate");
    assert.equal(decodeLeafIndex(sct.extensions), 0);
    const leaf = bytesOf((await ask(world, "get-entries?start=0&end=0")).entries[0].leaf_input);
    const query = new URLSearchParams({ hash: encodeBase64(leafHash(leaf)), tree_size: "1" });
    const proof = await request(`${world.url}/ct/v1/get-proof-by-hash?${query.toString()}`);
    assert.equal(proof.text, '{"leaf_index":0,"audit_path":[]}');
    // What Go's clients escape, others send as it is.
    const bare = `hash=${encodeBase64(leafHash(leaf))}&tree_size=1`;
    assert.equal((await request(`${world.url}/ct/v1/get-proof-by-hash?${bare}`)).status, 200);
    const none = await request(`${world.url}/ct/v1/get-sth-consistency?first=0&second=1`);
    assert.equal(none.text, '{"consistency":[]}');
    for (const [path, caching] of [
      ["ct/v1/get-sth", "no-cache"],
      ["ct/v1/get-roots", "no-cache"],
      ["ct/v1/get-sth-consistency?first=0&second=1", "public, max-age=86400"],
      ["ct/v1/get-entries?start=0&end=0", "public, max-age=86400"],
      ["ct/v1/get-entries?start=0&end=1", "public, max-age=60"],
      ["checkpoint", "no-cache"],
      ["tile/0/000.p/1", "public, max-age=604800, immutable"],
      ["tile/data/000.p/1", "public, max-age=604800, immutable"],
    ] as const) {
      const answer = await request(`${world.url}/${path}`);
      assert.equal(answer.status, 200, path);
      assert.equal(answer.headers.get("cache-control"), caching, path);
    }
    const { headers } = await request(`${world.url}/checkpoint`);
    assert.equal(headers.get("content-type"), "text/plain; charset=utf-8");
    const root = encodeHex(sha256(world.authority.root.certificate.der));
    const issuer = await request(`${world.url}/issuer/${root}`);
    assert.equal(issuer.headers.get("content-type"), "application/pkix-cert");
  });

  test("answers entries by data tiles: fewer than asked, and full ones for good", async (t) => {
    const world = await startedCt(t, { limits: { tailEntriesMin: 256 } });
    const chains = await Promise.all(
      Array.from({ length: 260 }, () => newChain(world.authority, { poison: true })),
    );
    await Promise.all(chains.map((chain) => world.ct.submit(chain, "precertificate")));
    const counts: number[] = [];
    for (const range of ["start=0&end=999", "start=200&end=258", "start=256&end=257"]) {
      counts.push((await ask(world, `get-entries?${range}`)).entries.length);
    }
    assert.deepEqual(counts, [256, 56, 2]);
    const full = await request(`${world.url}/tile/data/000`);
    assert.equal(full.headers.get("cache-control"), "public, max-age=31536000, immutable");
    const tile = await fetched(world, "tile/1/000.p/1");
    assert.equal(tile.length, 32);
    assert.equal((await ask(world, "get-sth")).tree_size, 260);
  });

  test("refuses what it cannot read, and what there is not", async (t) => {
    const world = await startedCt(t);
    await world.ct.submit(await newChain(world.authority), "certificate");
    const hash = encodeURIComponent(encodeBase64(new Uint8Array(32)));
    for (const [call, status, reason] of [
      ["ct/v1/get-sth-consistency?first=1", 400, /second is missing/],
      ["ct/v1/get-sth-consistency?second=1", 400, /first is missing/],
      ["ct/v1/get-sth-consistency?first=1&second=0", 400, /below first/],
      ["ct/v1/get-sth-consistency?first=0&second=2", 400, /beyond the tree size \(1\)/],
      ["ct/v1/get-sth-consistency?first=-1&second=1", 400, /first is no whole number/],
      ["ct/v1/get-sth-consistency?first=0&second=9007199254740992", 400, /no whole number/],
      [`ct/v1/get-proof-by-hash?hash=${hash}&tree_size=1`, 404, /no such leaf/],
      [`ct/v1/get-proof-by-hash?hash=${hash}&tree_size=2`, 404, /no tree of size 2/],
      [`ct/v1/get-proof-by-hash?hash=${hash}&tree_size=0`, 400, /from 1 on/],
      [`ct/v1/get-proof-by-hash?hash=AAAA&tree_size=1`, 400, /not base64 of 32 bytes/],
      [`ct/v1/get-proof-by-hash?hash=%21&tree_size=1`, 400, /not base64/],
      [`ct/v1/get-proof-by-hash?tree_size=1`, 400, /hash is missing/],
      ["ct/v1/get-entries?start=1&end=1", 400, /beyond the tree size \(1\)/],
      ["ct/v1/get-entries?start=1&end=0", 400, /below start/],
      ["ct/v1/get-entries?start=0", 400, /end is missing/],
      ["ct/v1/get-entries?start=x&end=0", 400, /no whole number/],
      ["ct/v1/get-entry-and-proof?leaf_index=1&tree_size=1", 400, /beyond the tree size/],
      ["ct/v1/get-entry-and-proof?leaf_index=0&tree_size=2", 400, /beyond the tree size/],
      ["ct/v1/get-entry-and-proof?leaf_index=0&tree_size=0", 400, /from 1 on/],
      ["tile/0/000", 404],
      ["tile/0/000.p/2", 404],
      ["tile/data/000", 404],
      ["tile/data/001.p/1", 404],
      ["tile/entries/000.p/1", 404],
      ["tile/data/x000/000.p/1", 404],
      ["tile/names/000", 404],
      ["issuer/00", 404],
      [`issuer/${"0".repeat(64)}`, 404],
      [`issuer/${encodeHex(sha256(world.authority.root.certificate.der)).toUpperCase()}`, 404],
    ] as const) {
      await refused(world, call, status, reason);
    }
    const missing = await request(`${world.url}/tile/0/000`);
    assert.equal(missing.headers.get("cache-control"), "no-store");
    const wrong = await request(`${world.url}/ct/v1/add-chain`);
    assert.equal(wrong.status, 405);
    assert.equal((await post(`${world.url}/ct/v1/get-sth`, {})).status, 405);
  });

  test("refuses submissions with the reason", async (t) => {
    const world = await startedCt(t, { bodySizeBytesMax: 16 << 10 });
    const url = `${world.url}/ct/v1/add-chain`;
    for (const [body, reason] of [
      ["", /failed to parse add-chain body/],
      ["{", /failed to parse add-chain body/],
      ["[]", /failed to parse add-chain body/],
      ["{}", /failed to verify add-chain contents: the chain is empty/],
      [{ chain: "AA==" }, /failed to parse add-chain body/],
      [{ chain: [1] }, /failed to parse add-chain body/],
      [{ chain: ["!"] }, /failed to parse add-chain body/],
      [{ chain: Array(11).fill("AA==") }, /failed to parse add-chain body/],
      [{ chain: [] }, /failed to verify add-chain contents: the chain is empty/],
      [{ chain: ["AA=="] }, /failed to verify add-chain contents/],
    ] as const) {
      const { status, text } = await post(url, body);
      assert.equal(status, 400, text);
      assert.match(text, /^Bad Request\n/);
      assert.match(text, reason);
    }
    const large = await post(url, { chain: [encodeBase64(new Uint8Array(16 << 10))] });
    assert.equal(large.status, 413);
    assert.equal(large.text, "Payload Too Large\nRequest Entity Too Large\n");
    const foreign = await newChain(await newAuthority());
    assert.match((await submit(world, foreign, "add-chain")).text, /no accepted root issued/);
    const crossed = await newChain(world.authority);
    const mismatch = await submit(world, crossed, "add-pre-chain");
    assert.equal(mismatch.status, 400);
    assert.match(mismatch.text, /cert \/ precert mismatch/);
    assert.equal(world.log.head().size, 0);
  });

  test("takes roots that come while it runs, and drops those that go", async (t) => {
    const world = await startedCt(t);
    const other = await newAuthority();
    const chain = await newChain(other);
    await assert.rejects(world.ct.submit(chain, "certificate"), ServiceError);
    world.ct.roots.set("authority", [other.root.certificate, other.root.certificate]);
    await world.ct.submit(chain, "certificate");
    assert.equal((await ask(world, "get-roots")).certificates.length, 2);
    world.ct.roots.set("authority", []);
    await assert.rejects(world.ct.submit(chain, "certificate"), ServiceError);
    assert.equal((await ask(world, "get-roots")).certificates.length, 1);
  });

  test("signs a tree anew that has not grown for long, with a later time", async (t) => {
    let ahead = 0;
    const world = await startedCt(t, { now: () => Date.now() + ahead, treeHeadAgeMsMax: 60_000 });
    await world.ct.submit(await newChain(world.authority), "certificate");
    const first = await world.ct.treeHead();
    assert.deepEqual(first.checkpoint, world.log.checkpoint());
    ahead = 3_600_000;
    const [second, same] = await Promise.all([world.ct.treeHead(), world.ct.treeHead()]);
    assert.deepEqual(second, same);
    assert.ok(second.timestampMs >= first.timestampMs + 3_599_000);
    assert.equal(second.size, 1);
    assert.deepEqual(await world.ct.treeHead(), second);
    const { note } = parseSignedCheckpoint(second.checkpoint);
    const verifier = treeHeadVerifier(origin, world.signer.publicKey);
    assert.equal(verifyNoteSignature(note, verifier).status, "verified");
    ahead = 3_600_001;
    await world.ct.submit(await newChain(world.authority), "certificate");
    assert.equal((await world.ct.treeHead()).size, 2);
  });

  test("sends who comes when too much waits away for a moment", async (t) => {
    const world = await startedCt(t, { limits: { queueEntriesMax: 0 } });
    const { status, headers, text } = await submit(
      world,
      await newChain(world.authority),
      "add-chain",
    );
    assert.equal(status, 503);
    assert.equal(headers.get("retry-after"), "2");
    assert.equal(text, "Service Unavailable\ntoo much is waiting to be logged\n");
  });

  test("refers to no issuer that it has not kept, and tries again where that failed", async (t) => {
    const world = await startedCt(t);
    const { log, signer } = world;
    const roots = new AcceptedRoots();
    roots.set("test", [world.authority.root.certificate]);
    let fails = true;
    const unsure: CtEntryLog = {
      append: (entry) => log.append(entry),
      head: () => log.head(),
      tile: (level, index, width) => log.tile(level, index, width),
      entries: (index, width) => log.entries(index, width),
      entry: (index) => log.entry(index),
      indexOf: (hash) => log.indexOf(hash),
      blob: (digest) => log.blob(digest),
      inclusionProof: (index, size) => log.inclusionProof(index, size),
      consistencyProof: (first, second) => log.consistencyProof(first, second),
      keepBlob: async (bytes) => {
        if (fails) throw new LogError("storage", "the disk is full");
        return log.keepBlob(bytes);
      },
    };
    const ct = new CtLog({ log: unsure, signer, origin, roots });
    const chain = await newChain(world.authority);
    await assert.rejects(ct.submit(chain, "certificate"), /the disk is full/);
    assert.equal(log.head().size, 0);
    fails = false;
    const sct = await ct.submit(chain, "certificate");
    assert.deepEqual(decodeSct(encodeSct(sct)), sct);
    assert.deepEqual(await ct.issuer(sha256(chain[1])), chain[1]);
  });
});
