// SPDX-License-Identifier: Apache-2.0

/** Why something could not be signed, or a key not be read or kept. */
export type SignErrorCode =
  | "malformed-key" // not a key, or a damaged one
  | "unsupported-key" // a key of a kind, size or encoding that is not used for signing
  | "kdf-too-costly" // the file asks for more time or memory to open it than is granted
  | "password-required" // the key is encrypted and nobody was there to ask
  | "wrong-password" // or damaged data, which looks the same
  | "unreadable-key" // the file, variable or address could not be read
  | "unwritable-file"
  | "file-exists"
  | "unsupported-key-reference"
  | "unsupported-algorithm" // one that does not go with the key, or with how content is read
  | "artifact-changed" // what was signed changed while it was read
  | "unsupported-predicate-type"
  | "malformed-predicate"
  | "malformed-statement"
  | "malformed-service-url"
  | "service-unreachable" // no answer came
  | "service-unavailable" // it answers that it cannot now
  | "service-refused" // it answers that it will not
  | "service-malformed" // it answers what no such service would
  | "no-service" // the signing config names none that could be used
  | "log-entry-mismatch" // the log stored something else than was sent
  | "log-entry-unproven"; // the log does not prove what it says, or the trusted root knows it not

/** Refusal of this package: what is wrong, and in `hint` what to do. Never holds key material. */
export class SignError extends Error {
  override readonly name = "SignError";
  readonly code: SignErrorCode;
  /** One sentence for the user, such as the command to type; empty where there is nothing to do. */
  readonly hint: string;

  constructor(code: SignErrorCode, message: string, hint = "", options?: ErrorOptions) {
    super(message, options);
    this.code = code;
    this.hint = hint;
  }
}
