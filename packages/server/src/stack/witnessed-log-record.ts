// SPDX-License-Identifier: Apache-2.0
import { bytesEqual, decodeUtf8, utf8Bytes } from "@chancery/formats/bytes";
import { FormatError } from "@chancery/formats/errors";
import { ObjectDecoder, parseJson } from "@chancery/formats/json";
import { emptyRoot, MerkleError, verifyConsistency } from "@chancery/formats/merkle";
import {
  type NoteVerifier,
  parseSignedCheckpoint,
  verifyNoteSignature,
} from "@chancery/formats/note";
import { LogError, type LogHead } from "@chancery/log";
import type { TransparencyLog } from "../rekor/index.ts";
import { StackError } from "./errors.ts";
import { readText, writeWhole } from "./files.ts";

/**
 * The checkpoint that a log showed last, as it showed it: with these cosignatures, or without. It
 * is durable before anybody sees it, so that one size has one checkpoint, whatever comes between.
 */
export interface ShownCheckpoint {
  readonly head: LogHead;
  /** Whether nothing newer was shown: false once the log has run without its witnesses. */
  readonly isLast: boolean;
}

/**
 * Reads what was shown, and proves that the log as it is stored extends it.
 *
 * @param verifier the log's key; its name is the origin.
 * @returns undefined where there is no such file.
 * @throws StackError `identity` for a file that is no record; LogError `unverified` for a
 *   checkpoint that the log has not signed; `rolled-back` where the log is older, or another one
 */
export async function readShown(
  path: string,
  log: TransparencyLog,
  verifier: NoteVerifier,
): Promise<ShownCheckpoint | undefined> {
  const text = await readText(path);
  if (text === undefined) return undefined;
  try {
    const decoder = new ObjectDecoder(parseJson(text, "record"), "record").object("shown");
    const note = decoder.string("checkpoint");
    const { checkpoint, note: signed } = parseSignedCheckpoint(note);
    const isSigned = verifyNoteSignature(signed, verifier).status === "verified";
    if (!isSigned || checkpoint.origin !== verifier.name) {
      throw new LogError("unverified", `${path}: ${verifier.name} has not signed the checkpoint`);
    }
    const { rootHash } = checkpoint;
    const size = Number(checkpoint.size);
    const head = {
      size,
      rootHash,
      timeMs: decoder.integer("timeMs"),
      checkpoint: utf8Bytes(note),
    };
    await checkExtends(log, head, path);
    return { head, isLast: decoder.boolean("isLast") };
  } catch (cause) {
    if (!(cause instanceof FormatError)) throw cause;
    throw new StackError("identity", `${path}: ${cause.message}`, { cause });
  }
}

/** Writes down what is to be shown. When it resolves it may be. */
export async function writeShown(path: string, { head, isLast }: ShownCheckpoint): Promise<void> {
  const { timeMs } = head;
  const shown = { checkpoint: decodeUtf8(head.checkpoint), timeMs, isLast };
  await writeWhole(path, `${JSON.stringify({ shown }, undefined, 2)}\n`, 0o600);
}

async function checkExtends(log: TransparencyLog, shown: LogHead, path: string): Promise<void> {
  const head = log.head();
  const isOlder = head.size < shown.size;
  if (!isOlder && (await isConsistent(log, shown, head))) return;
  const words = isOlder
    ? `the log has ${head.size} entries, and showed ${shown.size} in ${path}`
    : `the log is not the one that showed ${shown.size} entries in ${path}`;
  throw new LogError("rolled-back", words, "restore the newest copy of the data directory");
}

async function isConsistent(
  log: TransparencyLog,
  older: LogHead,
  newer: LogHead,
): Promise<boolean> {
  if (older.size === newer.size) return bytesEqual(older.rootHash, newer.rootHash);
  if (older.size === 0) return bytesEqual(older.rootHash, emptyRoot());
  const proof = await log.consistencyProof(older.size, newer.size);
  try {
    verifyConsistency({
      oldSize: BigInt(older.size),
      newSize: BigInt(newer.size),
      oldRoot: older.rootHash,
      newRoot: newer.rootHash,
      proof,
    });
    return true;
  } catch (cause) {
    if (!(cause instanceof MerkleError)) throw cause;
    return false;
  }
}
