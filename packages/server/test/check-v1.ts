// SPDX-License-Identifier: Apache-2.0
// Checks all that a LogEntry of Rekor v1 claims.
import assert from "node:assert/strict";
import { decodeBase64, decodeHex, encodeHex, utf8Bytes } from "@chancery/formats/bytes";
import { sha256, verifySignature } from "@chancery/formats/crypto";
import { canonicalizeJcs } from "@chancery/formats/json";
import { leafHash, verifyInclusion } from "@chancery/formats/merkle";
import {
  noteVerifier,
  parseSignedCheckpoint,
  spkiKeyId,
  verifyNoteSignature,
} from "@chancery/formats/note";
import { hostname, type TestServer, treeId } from "./rekor-server.ts";

const ecdsa = { kind: "ecdsa", hash: "sha256" } as const;

/** Checks everything in a LogEntry, and gives its only member. */
export function checkEntry(json: any, server: Pick<TestServer, "v1Key">, offset: number = 0): any {
  const [[id, entry], ...others] = Object.entries<any>(json) as [[string, any]];
  assert.equal(others.length, 0);
  const body = decodeBase64(entry.body);
  assert.equal(id, "108e9186e8c5677a" + encodeHex(leafHash(body)));
  assert.equal(entry.logID, encodeHex(sha256(server.v1Key.publicKey.spki)));
  const { inclusionProof, signedEntryTimestamp } = entry.verification;
  const { integratedTime, logID, logIndex } = entry;
  const promised = canonicalizeJcs({ body: entry.body, integratedTime, logID, logIndex });
  assert.ok(
    verifySignature(
      server.v1Key.publicKey,
      ecdsa,
      utf8Bytes(promised),
      decodeBase64(signedEntryTimestamp),
    ),
    "the promise verifies",
  );
  assert.equal(inclusionProof.logIndex, logIndex - offset);
  verifyInclusion({
    leafHash: leafHash(body),
    leafIndex: BigInt(inclusionProof.logIndex),
    treeSize: BigInt(inclusionProof.treeSize),
    rootHash: decodeHex(inclusionProof.rootHash),
    proof: inclusionProof.hashes.map((hash: string) => decodeHex(hash)),
  });
  checkCheckpoint(inclusionProof.checkpoint, inclusionProof, server);
  return entry;
}

export function checkCheckpoint(
  text: string,
  of: { rootHash: string; treeSize: number },
  server: Pick<TestServer, "v1Key">,
): void {
  const { checkpoint, note } = parseSignedCheckpoint(text);
  assert.equal(checkpoint.origin, `${hostname} - ${treeId}`);
  assert.equal(checkpoint.size, BigInt(of.treeSize));
  assert.equal(encodeHex(checkpoint.rootHash), of.rootHash);
  const { publicKey } = server.v1Key;
  const verifier = noteVerifier(hostname, publicKey, spkiKeyId(publicKey));
  assert.equal(verifyNoteSignature(note, verifier).status, "verified");
}
