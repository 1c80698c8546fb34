// SPDX-License-Identifier: Apache-2.0
import type { HashName } from "../crypto/index.ts";
import { decodeEntryBody } from "../entry/index.ts";
import type { ObjectDecoder } from "../json/index.ts";
import {
  decodeCosignature,
  type NoteSignature,
  parseSignedCheckpoint,
  type SignedCheckpoint,
} from "../note/index.ts";
import type { Names } from "./names.ts";
import type { Problems } from "./problems.ts";

/** What a log entry says; without the parts that cannot be read. */
export interface LogEntryInspection {
  readonly logIndex?: bigint;
  readonly logId?: Uint8Array;
  /** The log of that id in the trusted root. */
  readonly log?: string | null;
  readonly kind?: string;
  readonly kindVersion?: string;
  /** What the entry gives as its time; only a promise that verifies makes it one. */
  readonly integratedTime?: Date;
  readonly hasPromise: boolean;
  readonly proof?: ProofInspection;
  readonly body?: BodyInspection;
}

export interface ProofInspection {
  readonly logIndex?: bigint;
  readonly treeSize?: bigint;
  readonly rootHash?: Uint8Array;
  readonly hashCount?: number;
  readonly checkpoint?: CheckpointInspection;
}

export interface CheckpointInspection {
  readonly origin: string;
  readonly size: bigint;
  readonly rootHash: Uint8Array;
  readonly extensions: readonly string[];
  readonly signatures: readonly CheckpointSignature[];
}

export interface CheckpointSignature {
  readonly name: string;
  readonly keyHash: Uint8Array;
  /** Whose it claims to be by its name: the log's own, or a witness's with the time it states. */
  readonly role: "log" | "witness" | "other";
  readonly time?: Date;
}

export interface BodyInspection {
  readonly covers: "message" | "payload";
  readonly hash: HashName;
  readonly digest: Uint8Array;
  readonly signatureCount: number;
  readonly signer: "certificate" | "publicKey";
}

const hashesMax = 64;
/** Largest instant of a Date, in seconds. */
const secondsMax = 8_640_000_000_000n;

/** @param entry `TransparencyLogEntry` in JSON. */
export function inspectLogEntry(
  entry: ObjectDecoder,
  problems: Problems,
  names: Names,
): LogEntryInspection {
  const place = (name: string): string => entry.place(name);
  const read = <T>(name: string, decode: () => T): T | undefined =>
    problems.attempt(place(name), decode);
  const logIndex = read("logIndex", () => entry.optionalUint64("logIndex") ?? 0n);
  const logId = read("logId", () => entry.object("logId").bytes("keyId"));
  const log = logId && names.log(logId);
  const kindVersion = read("kindVersion", () => entry.object("kindVersion"));
  const kind = kindVersion && read("kindVersion", () => kindVersion.string("kind"));
  const version = kindVersion && read("kindVersion", () => kindVersion.string("version"));
  const seconds = read("integratedTime", () => entry.optionalUint64("integratedTime") ?? 0n);
  const integratedTime = timeOf(seconds ?? 0n);
  const promise = read("inclusionPromise", () =>
    entry.optionalObject("inclusionPromise")?.bytes("signedEntryTimestamp"),
  );
  const proof = read("inclusionProof", () => entry.optionalObject("inclusionProof"));
  const body = read("canonicalizedBody", () => entry.bytes("canonicalizedBody"));
  const claims = body && read("canonicalizedBody", () => inspectBody(body));
  return {
    ...(logIndex === undefined ? {} : { logIndex }),
    ...(logId ? { logId } : {}),
    ...(log === undefined ? {} : { log }),
    ...(kind === undefined ? {} : { kind }),
    ...(version === undefined ? {} : { kindVersion: version }),
    ...(integratedTime ? { integratedTime } : {}),
    hasPromise: promise !== undefined,
    ...(proof ? { proof: inspectProof(proof, problems) } : {}),
    ...(claims ? { body: claims } : {}),
  };
}

/** What the stored entry states. @throws FormatError */
export function inspectBody(body: Uint8Array): BodyInspection {
  const { signatures, content } = decodeEntryBody(body).claims;
  const { covers, hash, digest } = content;
  const signer = signatures[0].verifier.kind;
  return { covers, hash, digest, signatureCount: signatures.length, signer };
}

/** @returns undefined for 0, which stands for no time, and beyond what a Date holds. */
export function timeOf(seconds: bigint): Date | undefined {
  return seconds === 0n || seconds > secondsMax ? undefined : new Date(Number(seconds) * 1000);
}

function inspectProof(proof: ObjectDecoder, problems: Problems): ProofInspection {
  const read = <T>(name: string, decode: () => T): T | undefined =>
    problems.attempt(proof.place(name), decode);
  const logIndex = read("logIndex", () => proof.optionalUint64("logIndex") ?? 0n);
  const treeSize = read("treeSize", () => proof.uint64("treeSize"));
  const rootHash = read("rootHash", () => proof.bytes("rootHash"));
  const hashes = read("hashes", () => proof.bytesArray("hashes", hashesMax));
  const checkpoint = read("checkpoint.envelope", () => {
    const note = proof.optionalObject("checkpoint")?.string("envelope");
    return note === undefined ? undefined : inspectCheckpoint(parseSignedCheckpoint(note));
  });
  return {
    ...(logIndex === undefined ? {} : { logIndex }),
    ...(treeSize === undefined ? {} : { treeSize }),
    ...(rootHash ? { rootHash } : {}),
    ...(hashes ? { hashCount: hashes.length } : {}),
    ...(checkpoint ? { checkpoint } : {}),
  };
}

function inspectCheckpoint({ checkpoint, note }: SignedCheckpoint): CheckpointInspection {
  const { origin, size, rootHash, extensions } = checkpoint;
  const signatures = note.signatures.map((line) => inspectSignature(line, origin));
  return { origin, size, rootHash, extensions, signatures };
}

/** Rekor v1 signs `<host> - <tree id>` as `<host>`, everybody else under the origin itself. */
function inspectSignature(line: NoteSignature, origin: string): CheckpointSignature {
  const { name, keyHash, signature } = line;
  if (name === origin || origin.startsWith(`${name} - `)) return { name, keyHash, role: "log" };
  const time = cosignatureTime(signature);
  return time ? { name, keyHash, role: "witness", time } : { name, keyHash, role: "other" };
}

/** A cosignature has a fixed length; so may others, whose first bytes are no time then. */
function cosignatureTime(body: Uint8Array): Date | undefined {
  if (body.length !== 72) return undefined;
  const seconds = new DataView(body.buffer, body.byteOffset).getBigUint64(0);
  return seconds > secondsMax ? undefined : timeOf(decodeCosignature(body).timestamp);
}
