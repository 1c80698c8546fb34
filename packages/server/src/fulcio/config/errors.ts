// SPDX-License-Identifier: Apache-2.0

/** Why a configuration is not taken. */
export type FulcioConfigErrorCode =
  | "missing" // there is no such file
  | "unreadable" // the file cannot be read, or is larger than any configuration
  | "malformed" // neither YAML nor JSON
  | "invalid"; // a setting is wrong: the message names each by its path

/** Refusal of Fulcio's configuration file. */
export class FulcioConfigError extends Error {
  override readonly name = "FulcioConfigError";
  readonly code: FulcioConfigErrorCode;

  constructor(code: FulcioConfigErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}
