// SPDX-License-Identifier: Apache-2.0
import { decodeHex } from "@chancery/formats/bytes";
import { ObjectDecoder, parseJson } from "@chancery/formats/json";
import { parseSignedCheckpoint, type SignedCheckpoint } from "@chancery/formats/note";

/** A tree as Rekor v1's `LogInfo` has it. */
export interface LogTree {
  /** Decimal. */
  readonly treeId: string;
  readonly treeSize: bigint;
  /** 32 bytes. */
  readonly rootHash: Uint8Array;
  /** The signed note, as it was sent. */
  readonly note: string;
  readonly signed: SignedCheckpoint;
}

/** All trees of a log. */
export interface LogState {
  readonly active: LogTree;
  readonly inactive: readonly LogTree[];
}

/** A proof of consistency. */
export interface LogProof {
  readonly hashes: readonly Uint8Array[];
  /** Of the tree as it is now, whatever was asked for. */
  readonly rootHash: Uint8Array;
}

const format = "log state";
const shardsMax = 256;
const proofHashesMax = 128;

/** Reads a `LogInfo`. @throws FormatError. Does not check who signed it. */
export function decodeLogState(json: Uint8Array): LogState {
  const object = new ObjectDecoder(parseJson(json, format), format);
  return {
    active: readTree(object),
    inactive: object.objects("inactiveShards", shardsMax).map(readTree),
  };
}

/** Reads a `ConsistencyProof`. @throws FormatError */
export function decodeLogProof(json: Uint8Array): LogProof {
  const object = new ObjectDecoder(parseJson(json, "log proof"), "log proof");
  const hashes = object
    .strings("hashes", proofHashesMax)
    .map((text) => hash(text, object, "hashes"));
  return { hashes, rootHash: hash(object.string("rootHash"), object, "rootHash") };
}

function readTree(object: ObjectDecoder): LogTree {
  const note = object.string("signedTreeHead");
  const treeId = object.string("treeID");
  if (!/^[1-9][0-9]{0,18}$/.test(treeId)) {
    throw object.error("malformed", "treeID", `${JSON.stringify(treeId.slice(0, 40))}`);
  }
  return {
    treeId,
    treeSize: object.uint64("treeSize"),
    rootHash: hash(object.string("rootHash"), object, "rootHash"),
    note,
    signed: parseSignedCheckpoint(note),
  };
}

function hash(text: string, object: ObjectDecoder, name: string): Uint8Array {
  const bytes = decodeHex(text, object.place(name));
  if (bytes.length === 32) return bytes;
  throw object.error("out-of-range", name, `${bytes.length} bytes, not 32`);
}
