// SPDX-License-Identifier: Apache-2.0

/**
 * Who signs: tokens of OpenID Connect, and where they come from.
 *
 *     const context = { environment: process.env, person };
 *     const { token, source } = await obtainIdentity({ issuer, clientId: "sigstore" }, context);
 *     console.error(`signing as ${token.identity}, by ${source.name}: ${source.reason}`);
 *
 * A source without people, such as a CI system, is one file in `ambient/` (an `AmbientSource`) and
 * one line of `ambient/registry.ts`. Out of scope: what a certificate authority makes of a token.
 */
export { openInBrowser } from "./browser.ts";
export { TokenCache, tokenCacheFolder, type TokenCacheKey } from "./cache.ts";
export type { AmbientPlaces, IdentityContext, Person } from "./context.ts";
export { IdentityToken } from "./identity-token.ts";
export { detectAmbientSources, type IdentityRequest, obtainIdentity } from "./obtain.ts";
export type { AuthFlow, SignInOptions } from "./sign-in.ts";
export type { IdentityOrigin, ObtainedIdentity } from "./source.ts";
