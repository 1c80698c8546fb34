// SPDX-License-Identifier: Apache-2.0

/**
 * Why there is no trusted material. Three families that nobody must confuse: the mirror could not
 * be asked (`tuf-unreachable`), it has not got the thing (`…-missing`, `…-not-served`), and what
 * it has is not to be trusted (all others).
 */
export type TufErrorCode =
  | "tuf-unreachable" // no answer, or one that says nothing about the file: timeout, 5xx, 401…
  | "tuf-metadata-missing" // the mirror answers, but serves no such role
  | "tuf-target-missing" // the signed metadata lists no such target
  | "tuf-target-not-served" // it lists the target, the mirror has no such file
  | "tuf-cache-missing" // nothing is cached and the network is not to be used
  | "tuf-root-missing" // no trust anchor for this mirror
  | "tuf-expired-root"
  | "tuf-expired-timestamp"
  | "tuf-expired-snapshot"
  | "tuf-expired-targets"
  | "tuf-signature-threshold" // not signed by enough of the role's keys
  | "tuf-rollback" // an older state than the one already seen
  | "tuf-inconsistent" // roles that do not fit together: version, length or hash
  | "tuf-metadata-invalid" // not TUF metadata at all
  | "tuf-target-mismatch" // length or hash of a target
  | "tuf-too-large" // more bytes than a limit allows
  | "tuf-cache-invalid" // the cache does not hold together, and offline nothing can repair it
  | "tuf-cache-unwritable" // the cache must be written and cannot be
  | "tuf-root-checksum-mismatch"
  | "tuf-invalid-option" // a mirror, checksum or root reference that cannot be meant
  | "tuf-library-missing"; // the optional peer dependencies are not installed

/** Failure to obtain trusted material. `message` says what happened, `hint` what to do about it. */
export class TufError extends Error {
  override readonly name = "TufError";
  readonly code: TufErrorCode;
  readonly hint: string;

  constructor(code: TufErrorCode, message: string, hint: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
    this.hint = hint;
  }
}

/** Something that went otherwise than usual without making the result less trustworthy. */
export interface TufNotice {
  readonly code:
    | "cache-not-written" // the result is complete, the next run starts from older files
    | "cache-file-ignored" // a cached file was no use and was fetched anew
    | "signing-config-absent" // the repository publishes none
    | "delegations-limit" // more roles may have a say in a target than one search looks into
    | "root-rotations-limit"; // more root versions may exist than one run follows
  readonly message: string;
}
