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
  | "log-entry-unproven" // the log does not prove what it says, or the trusted root knows it not
  | "certificate-mismatch" // the authority certified another key than it was asked to
  | "certificate-unproven" // its chain does not hold, or no CT log vouches for it
  | "timestamp-refused" // the authority says, in its own protocol, that it will not
  | "timestamp-mismatch" // the authority stamped something else, or answered somebody else
  | "pending-mismatch" // a pending entry and a bundle that do not belong together
  | "timestamp-required" // without one nothing would prove when the signature was made
  | "no-identity" // nothing and nobody says who signs
  | "ambiguous-identity" // more than one source would say it
  | "unknown-identity-source"
  | "identity-token-unreadable" // its file, socket or program could not be read or run
  | "identity-token-malformed" // not a token, or without what a certificate needs
  | "identity-token-expired"
  | "identity-token-audience" // a token for another service
  | "identity-token-untrusted" // it does not prove itself, or answers another question
  | "email-unverified"
  | "oidc-unreachable" // no answer came from who issues tokens
  | "oidc-unavailable" // it answers that it cannot now
  | "oidc-refused" // it answers that it will not
  | "oidc-malformed" // it answers what no such service would
  | "oidc-unsupported" // it cannot do what is needed of it
  | "oidc-state-mismatch" // the browser brought the answer to another request
  | "oidc-denied" // the person, or the provider for them, said no
  | "oidc-timeout" // nobody signed in
  | "device-denied"
  | "device-expired";

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
