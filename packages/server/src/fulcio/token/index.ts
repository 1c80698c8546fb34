// SPDX-License-Identifier: Apache-2.0

/**
 * Verification of identity tokens (OpenID Connect ID tokens, RFC 7519 JWTs): form, issuer,
 * audience, times, and the signature by a key that the issuer publishes. `TokenVerifier` does
 * all of it and says whom a token names.
 *
 * Tokens are bearer secrets: none is kept, logged or shown. `jti` is not remembered, so a token is
 * good for any number of certificates until it expires, as with Fulcio. Proxies are not spoken to.
 */
export type { Resolve } from "./fetch.ts";
export { type KeySource, localKeySource } from "./keys.ts";
export { TokenVerifier, type TokenVerifierOptions } from "./verifier.ts";
