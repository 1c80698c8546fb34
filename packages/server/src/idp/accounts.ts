// SPDX-License-Identifier: Apache-2.0
import type { IdpStore } from "./store.ts";

/** Who signed in, as tokens say it. */
export interface Identity {
  /** `sub`: never given to anybody else by this issuer. */
  readonly subject: string;
  /** Verified: nobody else can have it here. */
  readonly email: string | undefined;
  /** Who knows this identity, where it is not this issuer itself. */
  readonly upstream?: { readonly issuer: string; readonly subject: string } | undefined;
}

/** Claims of a token beside those of the token itself. */
export interface IdentityClaims {
  readonly sub: string;
  readonly email?: string;
  readonly email_verified?: true;
  readonly federated_claims?: { readonly connector_id: string; readonly user_id: string };
}

export function claimsOf({ subject, email, upstream }: Identity): IdentityClaims {
  return {
    sub: subject,
    ...(email === undefined ? {} : { email, email_verified: true }),
    ...(upstream && {
      federated_claims: { connector_id: upstream.issuer, user_id: upstream.subject },
    }),
  };
}

/** More than the time from a sign-in to the last token of it. */
const keptMs = 30 * 60_000;
const keptMax = 20_000;

/** Who signed in lately. Local users are looked up again: one who was removed gets nothing. */
export class Accounts {
  readonly #store: IdpStore;
  readonly #now: () => number;
  readonly #others = new Map<string, { readonly identity: Identity; readonly endMs: number }>();

  /** @param now milliseconds since the epoch. */
  constructor(store: IdpStore, now: () => number) {
    this.#store = store;
    this.#now = now;
  }

  /** Remembers somebody who is not a local user, until the tokens are fetched. */
  remember(identity: Identity): void {
    this.#others.delete(identity.subject);
    for (const [subject, { endMs }] of this.#others) {
      if (endMs > this.#now() && this.#others.size < keptMax) break;
      this.#others.delete(subject);
    }
    this.#others.set(identity.subject, { identity, endMs: this.#now() + keptMs });
  }

  find(subject: string): Identity | undefined {
    const other = this.#others.get(subject);
    if (other) return other.endMs > this.#now() ? other.identity : undefined;
    const user = this.#store.userById(subject);
    return user && { subject: user.id, email: user.email };
  }
}
