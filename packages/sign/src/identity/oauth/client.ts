// SPDX-License-Identifier: Apache-2.0

/** This program, as a provider knows it. */
export interface OAuthClient {
  readonly id: string;
  /** Undefined for a public client, which most are: what everybody has is no secret. */
  readonly secret: string | undefined;
}

/** E-mail too, which most issuers of identities are configured for. */
export const scope = "openid email";
