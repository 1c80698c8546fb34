// SPDX-License-Identifier: Apache-2.0
import type { IdentityContext } from "./context.ts";
import type { IdentityToken } from "./identity-token.ts";

/** Where an identity came from, to be shown to who signs. */
export interface IdentityOrigin {
  /** `given`, the name of an ambient source, `browser`, `device`… */
  readonly name: string;
  /** Why this one, in words: `the variable SIGSTORE_ID_TOKEN is set`. */
  readonly reason: string;
}

export interface ObtainedIdentity {
  readonly token: IdentityToken;
  readonly source: IdentityOrigin;
}

/** What an ambient source finds around it. */
export interface Detection {
  readonly reason: string;
  /**
   * Whether somebody set this up for the purpose, such as a CI job's permissions. Where it is only
   * likely to serve, as a file system may hold a stray socket, its failure is the same as if it
   * were not there, and is noted.
   */
  readonly intended: boolean;
}

/** A place that gives a token without anybody being asked. */
export interface AmbientSource {
  /** As `--oidc-provider` names it. */
  readonly name: string;
  /** Looks at variables and files alone: nothing is asked of the network. */
  detect(context: IdentityContext, audience: string): Promise<Detection | undefined>;
  /**
   * The token's text.
   * @param audience whom the token is to be for.
   * @throws SignError `oidc-…` | `identity-token-unreadable` | `identity-token-malformed`
   */
  token(audience: string, context: IdentityContext): Promise<string>;
  /** What a place like this one lacks to be a source; undefined where this is no such place. */
  lacking?(context: IdentityContext, audience: string): string | undefined;
}

/** Detected because variables are set. */
export function byVariables(...names: readonly string[]): Detection {
  const [verb, noun] = names.length === 1 ? ["is", "variable"] : ["are", "variables"];
  return { reason: `the ${noun} ${names.join(" and ")} ${verb} set`, intended: true };
}
