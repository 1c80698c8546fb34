// SPDX-License-Identifier: Apache-2.0
import type { LogEntry } from "@chancery/formats/bundle";
import { decodeHex, encodeHex } from "@chancery/formats/bytes";
import { FormatError } from "@chancery/formats/errors";
import { type JsonValue, ObjectDecoder, parseJson } from "@chancery/formats/json";
import { leafHash } from "@chancery/formats/merkle";

/** An entry as Rekor v1 answers with it. */
export interface RekorV1Entry {
  /** Lower-case hex: of the tree's id 16 digits, of the leaf's hash 64. */
  readonly id: string;
  readonly entry: LogEntry;
  /** What was attested, where the log keeps it. */
  readonly attestation?: Uint8Array;
}

const format = "log entry";
const proofHashesMax = 64;
const limits = { sizeBytesMax: 64 << 20, depthMax: 16, valuesMax: 1 << 13 } as const;

/**
 * Reads a `LogEntry` of Rekor v1's API: one object, named by the entry's id. Members that are not
 * known are passed over, as later servers may have more.
 *
 * @throws FormatError; `malformed` where the id is not that of the entry, `missing-field` without
 *   a promise and a proof with its checkpoint. Verifies nothing else.
 */
export function decodeRekorV1Entry(json: Uint8Array): RekorV1Entry {
  return readEntry(parseJson(json, format, limits));
}

/**
 * Reads several, as `entries/retrieve` answers with them.
 * @throws FormatError as `decodeRekorV1Entry`; `too-large`
 */
export function decodeRekorV1Entries(json: Uint8Array, countMax: number): RekorV1Entry[] {
  const value = parseJson(json, format, limits);
  if (!Array.isArray(value)) throw new FormatError("wrong-type", format, "", "not a list");
  if (value.length > countMax) {
    throw new FormatError("too-large", format, "", `${value.length} entries`);
  }
  return value.map(readEntry);
}

/** Kind and version that a leaf states of itself. @throws FormatError */
export function readKind(body: Uint8Array): Pick<LogEntry, "kind" | "kindVersion"> {
  const decoder = new ObjectDecoder(parseJson(body, format, limits), format, "body");
  return { kind: decoder.string("kind"), kindVersion: decoder.string("apiVersion") };
}

function readEntry(value: JsonValue): RekorV1Entry {
  const names = Object.keys(typeof value === "object" && value !== null ? value : {});
  const outer = new ObjectDecoder(value, format);
  const [id, ...others] = names;
  if (id === undefined || others.length > 0) {
    throw outer.error("malformed", "", `${names.length} entries where one belongs`);
  }
  if (!/^([0-9a-f]{16})?[0-9a-f]{64}$/.test(id)) {
    throw outer.error("malformed", "", `${JSON.stringify(id.slice(0, 100))} is not an entry's id`);
  }
  const object = outer.object(id);
  const verification = object.object("verification");
  const body = object.bytes("body");
  if (encodeHex(leafHash(body)) !== id.slice(-64)) {
    throw outer.error("malformed", id, "the id is not that of the body");
  }
  const attestation = object.optionalObject("attestation")?.optionalBytes("data");
  const entry: LogEntry = {
    logIndex: object.uint64("logIndex"),
    logId: decodeHex(object.string("logID"), object.place("logID")),
    ...readKind(body),
    integratedTime: object.uint64("integratedTime"),
    inclusionPromise: verification.bytes("signedEntryTimestamp"),
    inclusionProof: readProof(verification.object("inclusionProof")),
    canonicalizedBody: body,
  };
  return { id, entry, ...(attestation ? { attestation } : {}) };
}

function readProof(proof: ObjectDecoder): NonNullable<LogEntry["inclusionProof"]> {
  const hash = (text: string, name: string): Uint8Array => {
    const bytes = decodeHex(text, proof.place(name));
    if (bytes.length === 32) return bytes;
    throw proof.error("out-of-range", name, `${bytes.length} bytes, not 32`);
  };
  return {
    logIndex: proof.uint64("logIndex"),
    rootHash: hash(proof.string("rootHash"), "rootHash"),
    treeSize: proof.uint64("treeSize"),
    hashes: proof.strings("hashes", proofHashesMax).map((text) => hash(text, "hashes")),
    checkpoint: proof.string("checkpoint"),
  };
}
