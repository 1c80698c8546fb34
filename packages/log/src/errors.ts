// SPDX-License-Identifier: Apache-2.0

/** Why the log refused, or stopped. */
export type LogErrorCode =
  | "overloaded" // too much is waiting: try again after a moment
  | "too-large" // an entry, attachment or list of keys over its limit
  | "out-of-range" // an index, size or width that the log does not have
  | "storage" // the store failed and the entry is not known to be logged: a retry is safe
  | "conflict" // another writer committed first
  | "locked" // another process holds the log
  | "poisoned" // a write may be lost although it was reported as done: see docs/adr/0006
  | "corrupt" // what is stored contradicts itself
  | "object-conflict" // an immutable object would have to change
  | "rolled-back" // somebody has seen a later state than the stored one
  | "wrong-log" // the stored log has another origin or key
  | "stopped" // closed, or ended by an error that it carries as its cause
  | "malformed" // a policy, request or answer that is not of its form
  | "unverified" // a checkpoint, proof or cosignature that does not verify
  | "unreachable" // a remote log or witness that does not answer, or answers an error
  | "quorum"; // too few witnesses cosigned

/** Refusal of this package: what is wrong, and in `hint` what to do. */
export class LogError extends Error {
  override readonly name = "LogError";
  readonly code: LogErrorCode;
  /** One sentence for the operator; empty where there is nothing to do. */
  readonly hint: string;

  constructor(code: LogErrorCode, message: string, hint = "", options?: ErrorOptions) {
    super(message, options);
    this.code = code;
    this.hint = hint;
  }
}
