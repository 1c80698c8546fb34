// SPDX-License-Identifier: Apache-2.0

/**
 * Verification of identity tokens (OpenID Connect ID tokens, RFC 7519 JWTs): form, issuer,
 * audience, times, and the signature by a key that the issuer publishes. `TokenVerifier` does
 * all of it and says whom a token names.
 *
 * Tokens are bearer secrets: none is kept, logged or shown. `jti` is not remembered, so a token is
 * good for any number of certificates until it expires, as with Fulcio. Proxies are not spoken to.
 */
export type { ClusterFiles } from "./cluster.ts";
export type { Resolve } from "./fetch.ts";
export {
  type IssuerKey,
  type IssuerKeys,
  type KeySource,
  localKeySource,
  type TokenAlgorithm,
} from "./keys.ts";
export { type KeyLimits, keyLimitsDefault } from "./remote-keys.ts";
export { TokenVerifier, type TokenVerifierOptions } from "./verifier.ts";
