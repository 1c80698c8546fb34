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

/** What to do about each. */
const advice: Readonly<Record<TokenErrorCode, string>> = {
  malformed: "send the token as the issuer gave it, without line breaks",
  "too-large": "have the issuer put less into its tokens",
  "unsupported-header": "have the issuer sign without crit",
  "unknown-issuer": "use an issuer that /api/v2/configuration lists, spelled as it is there",
  "wrong-audience": "ask the issuer for the audience that /api/v2/configuration lists for it",
  expired: "get a new token; if it is new, compare the clocks",
  "not-yet-valid": "compare the clocks, and try again",
  "alg-not-allowed": "have the issuer sign with an algorithm of its discovery document",
  "kid-unknown": "get a new token: the key that signed this one is not published",
  "bad-signature": "get a new token: this one was changed, or made by somebody else",
  "issuer-unreachable": "try again; if that does not help, tell whoever runs this service",
  "issuer-malformed": "tell whoever runs the issuer",
  "issuer-address-refused": "tell whoever runs this service, who may allow that address",
  "issuer-mismatch": "tell whoever runs the issuer: its URL must be the same in both places",
  "claim-missing": "have the issuer put the claim into its tokens",
  "claim-invalid": "have the issuer give the claim a value that can be certified",
  "subject-not-allowed": "tell whoever runs this service which names the issuer gives",
  "email-missing": "ask the issuer for the scope email",
  "email-unverified": "verify the address with the issuer, or have it say so in email_verified",
  "email-invalid": "use another address",
};

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

  /** What to do about it, as part of a sentence. */
  get advice(): string {
    return advice[this.code];
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
