// SPDX-License-Identifier: Apache-2.0
import type { JWTPayload, JWTVerifyGetKey } from "jose";
import type { Identity } from "./accounts.ts";
import { limitedFetch } from "./limited-fetch.ts";
import type { TrustedIssuerOptions } from "./options.ts";

/** Why a token of another issuer is not taken. The text goes to who brought it. */
export class SubjectTokenError extends Error {
  override readonly name = "SubjectTokenError";
}

/** What CI systems and clusters sign with. Nothing symmetric, and no `none`. */
const algorithms = ["RS256", "RS384", "RS512", "PS256", "ES256", "ES384", "ES512", "EdDSA"];

const [tokenLengthMax, clockToleranceSeconds, lifetimeSecondsMax] = [16_384, 5, 86_400];

/** Checks tokens of the issuers that an operator trusts. */
export class TrustedIssuers {
  readonly #issuers: ReadonlyMap<string, TrustedIssuerOptions>;
  readonly #keys = new Map<string, Promise<JWTVerifyGetKey>>();
  readonly #now: () => number;

  /** @param now milliseconds since the epoch. */
  constructor(issuers: readonly TrustedIssuerOptions[], now: () => number) {
    this.#issuers = new Map(issuers.map((issuer) => [issuer.issuer, issuer]));
    this.#now = now;
  }

  /**
   * Whom a token names, after its signature, issuer, audience and times were checked. The e-mail
   * address of a token is not taken over: who may hold which is the other issuer's matter.
   * @throws SubjectTokenError
   */
  async identify(token: string): Promise<Identity> {
    if (token.length > tokenLengthMax) throw new SubjectTokenError("subject_token is too long");
    const { decodeJwt, errors, jwtVerify } = await import("jose");
    try {
      const issuer = this.#issuers.get(String(decodeJwt(token).iss));
      if (!issuer) throw new SubjectTokenError("the issuer of subject_token is not trusted here");
      const { payload } = await jwtVerify(token, await this.#keySetOf(issuer), {
        issuer: issuer.issuer,
        audience: issuer.audience,
        algorithms,
        clockTolerance: clockToleranceSeconds,
        maxTokenAge: lifetimeSecondsMax,
        requiredClaims: ["sub", "exp", "iat"],
        currentDate: new Date(this.#now()),
      });
      return identityOf(issuer, payload);
    } catch (cause) {
      if (cause instanceof SubjectTokenError) throw cause;
      if (!(cause instanceof errors.JOSEError)) {
        const message = "the keys of the issuer of subject_token cannot be had: try again later";
        throw new SubjectTokenError(message, { cause });
      }
      // The library's errors may hold claims, but their texts name claims only.
      throw new SubjectTokenError(`subject_token: ${cause.message}`, { cause });
    }
  }

  async #keySetOf(issuer: TrustedIssuerOptions): Promise<JWTVerifyGetKey> {
    let keys = this.#keys.get(issuer.id);
    if (!keys) {
      keys = openKeySet(issuer);
      this.#keys.set(issuer.id, keys);
      // What could not be had is asked for again by the next one.
      keys.catch(() => this.#keys.delete(issuer.id));
    }
    return keys;
  }
}

function identityOf({ id, issuer }: TrustedIssuerOptions, { sub }: JWTPayload): Identity {
  if (typeof sub !== "string" || sub === "" || sub.length > 1024) {
    throw new SubjectTokenError("subject_token: its sub is empty or too long");
  }
  return { subject: `${id}:${sub}`, email: undefined, upstream: { issuer, subject: sub } };
}

/** Keys are kept for ten minutes, and asked for again when an unknown one is named. */
async function openKeySet({ issuer, jwksUrl }: TrustedIssuerOptions): Promise<JWTVerifyGetKey> {
  const { createRemoteJWKSet, customFetch } = await import("jose");
  const url = new URL(jwksUrl ?? (await discoverJwksUrl(issuer)));
  return createRemoteJWKSet(url, {
    [customFetch]: async (address: string) => limitedFetch(address),
  });
}

async function discoverJwksUrl(issuer: string): Promise<string> {
  const address = `${issuer.replace(/\/$/, "")}/.well-known/openid-configuration`;
  const response = await limitedFetch(address);
  if (!response.ok) throw new Error(`${address} answers ${response.status}`);
  const found = (await response.json()) as Record<string, unknown>;
  const { issuer: named, jwks_uri: url } = found;
  if (named !== issuer) throw new Error(`${address} is of another issuer: ${String(named)}`);
  if (typeof url !== "string" || !URL.canParse(url))
    throw new Error(`${address} names no jwks_uri`);
  return url;
}
