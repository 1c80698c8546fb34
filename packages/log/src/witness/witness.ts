// SPDX-License-Identifier: Apache-2.0
import { bytesEqual } from "@chancery/formats/bytes";
import type { PrivateKey } from "@chancery/formats/crypto/node";
import { FormatError } from "@chancery/formats/errors";
import { emptyRoot, MerkleError, verifyConsistency } from "@chancery/formats/merkle";
import {
  cosignatureMessage,
  cosignatureVerifier,
  encodeCosignature,
  encodeNote,
  encodeSignatureLine,
  type NoteVerifier,
  parseSignedCheckpoint,
  type SignedCheckpoint,
  type SignedNote,
  verifyNoteSignature,
} from "@chancery/formats/note";
import { LogError } from "../errors.ts";
import { type AddCheckpoint, parseAddCheckpoint } from "./add-checkpoint.ts";

/** What a witness has cosigned last of one log. */
export interface WitnessRecord {
  readonly size: number;
  readonly rootHash: Uint8Array;
  /** For monitors: the note with the log's signatures that were verified, and the cosignature. */
  readonly checkpoint: string;
}

/**
 * Where a witness keeps its records. It trusts it: whoever rolls it back can make the witness
 * cosign a fork.
 */
export interface WitnessState {
  get(origin: string): Promise<WitnessRecord | undefined>;
  /**
   * Replaces a record durably if its size is still the expected one, undefined for none.
   * @returns whether it did.
   */
  replace(
    origin: string,
    expectedSize: number | undefined,
    record: WitnessRecord,
  ): Promise<boolean>;
}

/** A log that is witnessed: its keys, any of which is enough. */
export interface WitnessedLog {
  readonly origin: string;
  readonly verifiers: readonly NoteVerifier[];
}

/** Signs as a witness. */
export interface Cosigner {
  readonly verifier: NoteVerifier;
  /** @param timestamp POSIX seconds. @returns a signature line with its newline */
  cosign(textBytes: Uint8Array, timestamp: bigint): string | Promise<string>;
}

export interface WitnessOptions {
  readonly cosigner: Cosigner;
  readonly logs: readonly WitnessedLog[];
  readonly state: WitnessState;
  /** Milliseconds since 1970. */
  readonly now: () => number;
}

/** An answer over HTTP. */
export interface WitnessResponse {
  readonly status: 200 | 400 | 403 | 404 | 409 | 422;
  readonly contentType: string;
  readonly body: string;
}

/** What is to be done about a request. */
export type WitnessDecision =
  | {
      readonly do: "cosign";
      readonly size: number;
      readonly rootHash: Uint8Array;
      /** What is cosigned, and which of its signatures the decision rests on. */
      readonly note: SignedNote;
    }
  | { readonly do: "answer"; readonly response: WitnessResponse };

const TEXT = "text/plain; charset=utf-8";
const SIZE = "text/x.tlog.size";

/** A cosigner with an Ed25519 key in memory (signature type 04). @throws LogError `wrong-log` */
export function keyCosigner(name: string, key: PrivateKey): Cosigner {
  if (key.publicKey.type !== "ed25519") {
    throw new LogError("wrong-log", "a witness's key is Ed25519");
  }
  const verifier = cosignatureVerifier(name, key.publicKey);
  return {
    verifier,
    cosign: (textBytes, timestamp) => {
      const signed = key.sign({ kind: "ed25519" }, cosignatureMessage(textBytes, timestamp));
      const signature = encodeCosignature(timestamp, signed);
      return encodeSignatureLine({ name, keyHash: verifier.keyHash, signature });
    },
  };
}

/**
 * Answers an `add-checkpoint` request (C2SP tlog-witness). The cosignature leaves only when the
 * record that holds it is durable; of two requests at once that follow the same record one is told
 * 409, and the cosignature that was made for it is forgotten.
 *
 * @throws LogError `out-of-range` where the clock shows no time that a cosignature may have; the
 *   errors of the state and of the cosigner: nothing is answered then.
 */
export async function handleAddCheckpoint(
  body: string,
  { cosigner, logs, state, now }: WitnessOptions,
): Promise<WitnessResponse> {
  let request: AddCheckpoint;
  let signed: SignedCheckpoint;
  try {
    request = parseAddCheckpoint(body);
    signed = parseSignedCheckpoint(request.checkpoint);
  } catch (cause) {
    if (cause instanceof FormatError) return answer(400, cause.message);
    throw cause;
  }
  const { origin } = signed.checkpoint;
  const log = logs.find((known) => known.origin === origin);
  const record = log && (await state.get(origin));
  const decision = decideAddCheckpoint(request, signed, log, record);
  if (decision.do === "answer") return decision.response;
  const { size, rootHash, note } = decision;
  const line = await cosigner.cosign(note.textBytes, timestampOf(now()));
  const checkpoint = encodeNote(note.text, note.signatures) + line;
  if (!(await state.replace(origin, record?.size, { size, rootHash, checkpoint }))) {
    const current = await state.get(origin);
    return sizeConflict(current?.size ?? 0);
  }
  return answer(200, line);
}

/** A cosignature says when the tree was the largest that was seen: it is never without a time. */
function timestampOf(nowMs: number): bigint {
  const seconds = Math.floor(nowMs / 1000);
  if (Number.isSafeInteger(seconds) && seconds > 0) return BigInt(seconds);
  throw new LogError("out-of-range", `the clock shows ${nowMs}`, "set it: nothing is cosigned");
}

/**
 * Decides about a request without doing anything.
 * @param log undefined where the checkpoint's origin is not witnessed
 * @param record what was cosigned last of it, undefined where nothing was
 */
export function decideAddCheckpoint(
  request: AddCheckpoint,
  signed: SignedCheckpoint,
  log: WitnessedLog | undefined,
  record: WitnessRecord | undefined,
): WitnessDecision {
  const refuse = (status: WitnessResponse["status"], words: string): WitnessDecision => ({
    do: "answer",
    response: answer(status, words),
  });
  const { checkpoint, note } = signed;
  if (!log)
    return refuse(404, `the log ${JSON.stringify(checkpoint.origin)} is not witnessed here`);
  const results = log.verifiers.map((verifier) => verifyNoteSignature(note, verifier));
  const signatures = results.flatMap((result) =>
    result.status === "verified" ? [result.signature] : [],
  );
  if (results.some(({ status }) => status === "invalid") || signatures.length === 0) {
    return refuse(403, "no signature of a trusted key verifies");
  }
  const size = Number(checkpoint.size);
  if (!Number.isSafeInteger(size)) return refuse(400, "the checkpoint's size is beyond 2^53");
  if (request.oldSize > size) return refuse(400, "the old size is above the checkpoint's");
  const knownSize = record?.size ?? 0;
  if (request.oldSize !== knownSize) return { do: "answer", response: sizeConflict(knownSize) };
  if (request.oldSize === 0 && request.proof.length > 0) {
    return refuse(422, "a proof from the empty tree is empty");
  }
  const knownRoot = record?.rootHash ?? emptyRoot();
  const { rootHash } = checkpoint;
  if (size === 0 && !bytesEqual(rootHash, emptyRoot())) {
    return refuse(422, "the root is not that of the empty tree");
  }
  try {
    verifyConsistency({
      oldSize: BigInt(knownSize),
      newSize: BigInt(size),
      oldRoot: knownRoot,
      newRoot: rootHash,
      proof: request.proof,
    });
  } catch (cause) {
    if (cause instanceof MerkleError) return refuse(422, cause.message);
    throw cause;
  }
  return { do: "cosign", size, rootHash, note: { ...note, signatures } };
}

/** Records that end with the process: for tests, and for witnesses of logs in the same process. */
export class MemoryWitnessState implements WitnessState {
  readonly #records = new Map<string, WitnessRecord>();

  async get(origin: string): Promise<WitnessRecord | undefined> {
    return this.#records.get(origin);
  }

  async replace(
    origin: string,
    expectedSize: number | undefined,
    record: WitnessRecord,
  ): Promise<boolean> {
    if (this.#records.get(origin)?.size !== expectedSize) return false;
    this.#records.set(origin, record);
    return true;
  }
}

function sizeConflict(size: number): WitnessResponse {
  return { status: 409, contentType: SIZE, body: `${size}\n` };
}

function answer(status: WitnessResponse["status"], words: string): WitnessResponse {
  return { status, contentType: TEXT, body: status === 200 ? words : `${words}\n` };
}
