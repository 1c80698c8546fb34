// SPDX-License-Identifier: Apache-2.0

/** Why the stack does not start. */
export type StackErrorCode =
  | "configuration" // a setting is wrong: the message names it
  | "in-use" // another process has the data directory: the message says which
  | "identity" // what is configured is not what the data directory holds
  | "key" // a key is missing or cannot be read
  | "address"; // the address cannot be listened on

/** Refusal to start: what is wrong, and what to do. */
export class StackError extends Error {
  override readonly name = "StackError";
  readonly code: StackErrorCode;

  constructor(code: StackErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}
