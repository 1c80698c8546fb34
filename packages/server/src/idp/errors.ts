// SPDX-License-Identifier: Apache-2.0

/** Why the identity provider does not start, or an account cannot be changed. */
export type IdpErrorCode =
  | "not-loopback" // dev mode where others than this computer could sign in
  | "issuer" // the issuer URL cannot be one
  | "store" // the database of accounts and keys cannot be used
  | "exists" // there is such a user or machine client
  | "unknown" // there is no such user or machine client
  | "invalid"; // an e-mail address, a name or a password that cannot be one

/** Refusal: what is wrong, and what to do. Never holds a password, a token or a key. */
export class IdpError extends Error {
  override readonly name = "IdpError";
  readonly code: IdpErrorCode;

  constructor(code: IdpErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}
