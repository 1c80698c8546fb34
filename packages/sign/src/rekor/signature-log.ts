// SPDX-License-Identifier: Apache-2.0
import type { LogEntry } from "@chancery/formats/bundle";
import { bytesEqual } from "@chancery/formats/bytes";
import type { Algorithm, HashName } from "@chancery/formats/crypto";
import type { Envelope } from "@chancery/formats/dsse";
import type { LoggedVerifier } from "@chancery/formats/entry";
import { FormatError } from "@chancery/formats/errors";
import { leafHash, MerkleError, verifyInclusion } from "@chancery/formats/merkle";
import { parseSignedCheckpoint } from "@chancery/formats/note";
import { SignError } from "../errors.ts";

/** A signature to be logged. */
export interface LoggableSignature {
  readonly signature: Uint8Array;
  /** Who made it. */
  readonly verifier: LoggedVerifier;
  /** How it was made. */
  readonly algorithm: Algorithm;
  readonly content:
    | { readonly kind: "message"; readonly hash: HashName; readonly digest: Uint8Array }
    /** With the signature in it. */
    | { readonly kind: "envelope"; readonly envelope: Envelope };
}

/** A transparency log that takes signatures: one API of Rekor at one address. */
export interface SignatureLog {
  readonly api: 1 | 2;
  /** Base URL, as it was given. */
  readonly url: string;
  /**
   * Whether the log can check a signature made so, and keep it: asked before anything is signed.
   * @throws SignError `unsupported-algorithm`
   */
  checkAlgorithm(algorithm: Algorithm, content: "message" | "envelope"): void;
  /**
   * Logs the signature. Where the log has it already, the answer is the entry that it has.
   *
   * The entry holds what was sent and nothing else, and its proof leads to the root of its
   * checkpoint. Who signed that checkpoint is not checked here (`verifyLogEntry`).
   *
   * @throws SignError `service-…`, `log-entry-mismatch`, `log-entry-unproven`
   */
  add(signing: LoggableSignature): Promise<LogEntry>;
}

/**
 * Refuses an entry that is not what was sent, or whose proof is not one.
 * @param body the leaf that the log must have made.
 * @throws SignError `log-entry-mismatch`, `log-entry-unproven`
 */
export function checkAnswer(entry: LogEntry, body: Uint8Array, url: string): void {
  if (!bytesEqual(entry.canonicalizedBody, body)) {
    throw new SignError(
      "log-entry-mismatch",
      `the log at ${url} answers with an entry of something else than was sent`,
      "check that the address is that of a log",
    );
  }
  checkProof(entry, url);
}

/**
 * Refuses an entry without a proof, and one whose proof does not lead to the root that its
 * checkpoint states.
 * @throws SignError `log-entry-unproven`. Does not check who signed the checkpoint.
 */
export function checkProof(entry: LogEntry, url: string): void {
  const { inclusionProof: proof } = entry;
  if (proof?.checkpoint === undefined) throw unproven(url, "holds no proof with a checkpoint");
  try {
    const { checkpoint } = parseSignedCheckpoint(proof.checkpoint);
    verifyInclusion({
      leafIndex: proof.logIndex,
      treeSize: proof.treeSize,
      leafHash: leafHash(entry.canonicalizedBody),
      proof: proof.hashes,
      rootHash: proof.rootHash,
    });
    if (checkpoint.size === proof.treeSize && bytesEqual(checkpoint.rootHash, proof.rootHash)) {
      return;
    }
  } catch (cause) {
    if (!(cause instanceof FormatError || cause instanceof MerkleError)) throw cause;
    throw unproven(url, `is not proven: ${cause.message}`, cause);
  }
  throw unproven(url, "holds a proof and a checkpoint of different trees");
}

function unproven(url: string, problem: string, cause?: unknown): SignError {
  return new SignError(
    "log-entry-unproven",
    `the entry that the log at ${url} answers with ${problem}`,
    "do not rely on this log before its operator explains that",
    cause === undefined ? undefined : { cause },
  );
}
