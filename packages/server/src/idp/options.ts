// SPDX-License-Identifier: Apache-2.0
import type { FastifyBaseLogger } from "fastify";
import type { ServerMetrics } from "../http/index.ts";

/** What an identity provider is made of. */
export interface IdentityProviderOptions {
  /** Where its database is: `identity-provider.db`, mode 0600. */
  readonly dataDirectory: string;
  /**
   * How clients reach the server that it is added to: an origin without a slash at the end. Asked
   * when the first request comes, as a port that is taken from those free is not known earlier.
   */
  readonly origin: () => string;
  /** Where under the origin; the issuer is `<origin><path>`. Default `/oidc`. */
  readonly path?: string;
  readonly logger: FastifyBaseLogger;
  readonly metrics: ServerMetrics;
  /** Signs anyone in as any e-mail address, without a password. */
  readonly dev?: boolean;
  /** The host that the server listens on, by name or address: dev mode wants a loopback one. */
  readonly listenHost: string;
  /** How long tokens live, 60 to 600 seconds. Default 300. */
  readonly tokenSeconds?: number;
  /** After this many days another key signs. Default 30. */
  readonly rotateDays?: number;
  /** Public client of all Sigstore tools, and the audience of every token. Default `sigstore`. */
  readonly clientId?: string;
  /** With one, the keys that sign tokens are kept encrypted; plain ones are encrypted at once. */
  readonly keyPassword?: Uint8Array | undefined;
  /** Other OpenID providers to sign in at. */
  readonly upstreams?: readonly UpstreamOptions[];
  /** Whose tokens machines may exchange for ours. */
  readonly trustedIssuers?: readonly TrustedIssuerOptions[];
  /** Milliseconds since the epoch. */
  readonly now?: () => number;
}

/** An OpenID provider that people sign in at; ours is a client of it. */
export interface UpstreamOptions {
  /** In addresses and in front of subjects: lower-case letters, digits and hyphens. */
  readonly id: string;
  /** On its button. */
  readonly name: string;
  readonly issuer: string;
  readonly clientId: string;
  /** Undefined for a public client. */
  readonly clientSecret?: string | undefined;
}

/** An issuer of tokens for machines, such as a CI system or a cluster. */
export interface TrustedIssuerOptions {
  /** In front of subjects: lower-case letters, digits and hyphens. */
  readonly id: string;
  readonly issuer: string;
  /** Who its tokens must be for. */
  readonly audience: string;
  /** Where its keys are; found by OpenID discovery where it is absent. */
  readonly jwksUrl?: string | undefined;
}
