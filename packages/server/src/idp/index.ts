// SPDX-License-Identifier: Apache-2.0

/**
 * The identity provider: an OpenID provider with what Sigstore's clients need of one, local users,
 * other OpenID providers behind it, and machines. Protocol and cookies are the `oidc-provider`
 * library's; who may sign in, the pages, keys and limits are ours.
 */
export { IdpError, type IdpErrorCode } from "./errors.ts";
export { type IdentityProvider, openIdentityProvider } from "./identity-provider.ts";
export type { IdentityProviderOptions, UpstreamOptions } from "./options.ts";
export { hashPassword } from "./password.ts";
export { IdpStore } from "./store.ts";
