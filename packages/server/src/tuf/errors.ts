// SPDX-License-Identifier: Apache-2.0

/** Why a repository cannot be opened, published or given a new root. */
export type TufRepositoryErrorCode =
  | "damaged" // files that are published are missing or are not what they should be
  | "key" // no key at hand that the root names for a role
  | "version" // a root that is not the next one
  | "threshold" // a root that too few of the right keys have signed
  | "root"; // a root that clients would refuse, or that takes a role from its key

/** What is wrong with a repository, and what to do. */
export class TufRepositoryError extends Error {
  override readonly name = "TufRepositoryError";
  readonly code: TufRepositoryErrorCode;

  constructor(code: TufRepositoryErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}
