// SPDX-License-Identifier: Apache-2.0

/**
 * Why an identity token is refused. Fulcio has one text for all of them; these codes go beside it,
 * so that whoever runs a client can tell an expired token from an unknown issuer. They are stable.
 */
export type TokenErrorCode =
  | "malformed" // not three parts of base64url with JSON in the first two
  | "too-large" // a stated limit on the token, or on a value made of it, is exceeded
  | "unsupported-header" // the signature asks for something to be understood (`crit`)
  | "unknown-issuer" // `iss` is not among the configured issuers
  | "wrong-audience" // `aud` does not hold the issuer's client-id
  | "expired"
  | "not-yet-valid"
  | "alg-not-allowed" // no signature, a shared secret, or not what the issuer signs with
  | "kid-unknown" // the issuer has no such key (any more)
  | "bad-signature"
  | "issuer-unreachable" // its keys could not be had: try again
  | "issuer-malformed" // its discovery document or its keys are not of their form
  | "issuer-address-refused" // it is, or leads, where is not asked: internal addresses, other hosts
  | "issuer-mismatch" // its discovery document names another issuer
  | "claim-missing"
  | "claim-invalid" // a claim has another type, or cannot be written into a certificate
  | "subject-not-allowed" // `sub` is outside of what the issuer may speak for
  | "email-missing"
  | "email-unverified"
  | "email-invalid";

/** What the API says to every fault of a token; the reason goes beside it. */
export const tokenErrorText = "There was an error processing the identity token";

export interface TokenErrorOptions extends ErrorOptions {
  /** The claim or header field that is wrong. */
  readonly claim?: string;
  /** Fulcio's own text where it has one for this fault. */
  readonly wireText?: string;
}

/**
 * Refusal of an identity token. The message is for whoever sent the token: it holds no part of the
 * token but names and, where they say what is wrong, single claims that end up in certificates.
 */
export class TokenError extends Error {
  override readonly name = "TokenError";
  readonly code: TokenErrorCode;
  readonly claim: string | undefined;
  /** What Fulcio's API answers. */
  readonly wireText: string;

  constructor(code: TokenErrorCode, message: string, options: TokenErrorOptions = {}) {
    const { cause } = options;
    super(message, cause === undefined ? undefined : { cause });
    this.code = code;
    this.claim = options.claim;
    this.wireText = options.wireText ?? tokenErrorText;
  }

  /** Whether the same token may be taken a moment later. */
  get temporary(): boolean {
    return this.code === "issuer-unreachable" || this.code === "not-yet-valid";
  }
}

/** Text of the token as it may be shown: short, on one line. */
export function shown(text: string): string {
  return JSON.stringify(text.length <= 200 ? text : `${text.slice(0, 200)}…`);
}
