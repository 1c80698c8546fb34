// SPDX-License-Identifier: Apache-2.0
import type { JsonObject } from "@chancery/formats/json";
import { checkPlain, missing, requiredClaim, shown, TokenError } from "../claims/index.ts";
import { findIssuer, type FulcioConfig, issuerUrlCharsMax } from "../config/index.ts";
import {
  findIssuerType,
  type IssuerConfig,
  type Principal,
  type VerifiedToken,
} from "../issuer/index.ts";
import type { ClusterFiles } from "./cluster.ts";
import type { Resolve } from "./fetch.ts";
import { type Jwt, parseJwt, verifyJwt } from "./jwt.ts";
import { KeySources } from "./key-sources.ts";
import type { KeySource } from "./keys.ts";
import { type KeyLimits, keyLimitsDefault } from "./remote-keys.ts";

/** How tokens are verified. */
export interface TokenVerifierOptions {
  /** The configuration as it is now. Another object begins with no keys. */
  readonly config: () => FulcioConfig;
  /** Issuers of this process by their URLs; they must be configured like all others. */
  readonly localIssuers?: ReadonlyMap<string, KeySource>;
  /** Milliseconds since the epoch. */
  readonly now?: () => number;
  /**
   * `host:port`, or `host` for all its ports, that may be at internal addresses although no issuer
   * has that very host: key sets on another host than their issuer, issuers of patterns.
   */
  readonly internalHosts?: readonly string[];
  readonly limits?: Partial<KeyLimits>;
  readonly clusterFiles?: ClusterFiles;
  /** Default: the system's resolver. */
  readonly resolve?: Resolve;
  /** Told when an issuer cannot be reached: at the start, and when its old keys are used. */
  readonly onIssuerProblem?: (iss: string, error: TokenError) => void;
}

/** What `nbf` may be ahead, as in Fulcio; `exp` is exact. */
const notBeforeLeewayMs = 5 * 60_000;
const audiencesMax = 64;
const subjectCharsMax = 2048;

/**
 * Verifies identity tokens by the rules of OpenID Connect as Fulcio applies them.
 *
 *     const verifier = new TokenVerifier({ config: () => file.current });
 *     const principal = await verifier.authenticate(token);
 */
export class TokenVerifier {
  readonly #options: TokenVerifierOptions;
  readonly #now: () => number;
  readonly #limits: KeyLimits;
  readonly #sources = new WeakMap<FulcioConfig, KeySources>();

  constructor(options: TokenVerifierOptions) {
    this.#options = options;
    this.#now = options.now ?? Date.now;
    this.#limits = { ...keyLimitsDefault, ...options.limits };
  }

  /**
   * Whom a token names. Does not check a proof of possession.
   * @throws TokenError for every token that is not to be believed, or names nobody
   */
  async authenticate(text: string): Promise<Principal> {
    return (await this.authenticateWithIssuer(text)).principal;
  }

  /** As {@link authenticate}, and by which issuer. @throws TokenError */
  async authenticateWithIssuer(
    text: string,
  ): Promise<{ readonly principal: Principal; readonly issuer: IssuerConfig }> {
    const { token, issuer } = await this.verify(text);
    const type = findIssuerType(issuer.type);
    if (!type) throw new Error(`an issuer of type ${issuer.type}`); // the configuration has none
    return { principal: type.principal(token, issuer), issuer };
  }

  /**
   * Checks a token: its form, issuer, audience and times, then its signature. The cheap checks go
   * first, so that nobody is asked for keys because of a token that cannot hold.
   * @throws TokenError
   */
  async verify(
    text: string,
  ): Promise<{ readonly token: VerifiedToken; readonly issuer: IssuerConfig }> {
    const config = this.#options.config();
    const jwt = parseJwt(text);
    const iss = requiredClaim(jwt.claims, "iss");
    const issuer = iss.length <= issuerUrlCharsMax ? findIssuer(config, iss) : undefined;
    if (!issuer) {
      const message = `unsupported issuer: ${shown(iss)}`;
      throw new TokenError("unknown-issuer", message, { claim: "iss" });
    }
    checkAudience(jwt.claims, issuer.clientId);
    checkTimes(jwt.claims, this.#now());
    const subject = readSubject(jwt.claims);
    const local = this.#options.localIssuers?.get(iss);
    await checkSignature(jwt, local ?? this.#sourcesOf(config).find(iss, issuer));
    return { token: { issuer: iss, subject, claims: jwt.claims }, issuer };
  }

  /**
   * Asks every issuer with a fixed URL for its keys, so that the first token does not wait. What
   * fails goes to `onIssuerProblem`, and is tried again when a token comes.
   */
  async warmUp(): Promise<void> {
    const { config, localIssuers, onIssuerProblem } = this.#options;
    const current = config();
    const sources = this.#sourcesOf(current);
    const ask = async (issuer: IssuerConfig): Promise<void> => {
      try {
        await sources.find(issuer.url, issuer).current();
      } catch (cause) {
        if (!(cause instanceof TokenError)) throw cause;
        onIssuerProblem?.(issuer.url, cause);
      }
    };
    const remote = [...current.issuers.values()].filter(({ url }) => !localIssuers?.has(url));
    await Promise.all(remote.map(ask));
  }

  #sourcesOf(config: FulcioConfig): KeySources {
    const known = this.#sources.get(config);
    if (known) return known;
    const { internalHosts = [], clusterFiles, resolve, onIssuerProblem } = this.#options;
    const sources = new KeySources(config, {
      limits: this.#limits,
      now: this.#now,
      internalHosts,
      clusterFiles,
      resolve,
      onStale: onIssuerProblem,
    });
    this.#sources.set(config, sources);
    return sources;
  }
}

async function checkSignature(jwt: Jwt, source: KeySource): Promise<void> {
  const keys = await source.current();
  let result = await verifyJwt(jwt, keys);
  if (result !== "verified") {
    // The issuer may have a new key since, or one in place of another.
    const newer = await source.newer(keys);
    if (newer) result = await verifyJwt(jwt, newer);
  }
  switch (result) {
    case "verified":
      return;
    case "alg-not-allowed": {
      const message = `the issuer does not sign with ${jwt.alg}`;
      throw new TokenError(result, message, { claim: "alg" });
    }
    case "kid-unknown": {
      const name = jwt.kid === undefined ? `for ${jwt.alg}` : shown(jwt.kid);
      throw new TokenError(result, `the issuer has no key ${name}`, { claim: "kid" });
    }
    default:
      throw new TokenError(result, "the token's signature is not of the issuer's key");
  }
}

function checkAudience(claims: JsonObject, clientId: string): void {
  const { aud } = claims;
  const audiences = Array.isArray(aud) ? aud : [aud];
  if (aud === undefined || aud === null || audiences.length === 0) missing("aud");
  if (audiences.length > audiencesMax || !audiences.every((name) => typeof name === "string")) {
    const message = "the aud claim is neither a string nor a list of some";
    throw new TokenError("claim-invalid", message, { claim: "aud" });
  }
  if (audiences.includes(clientId)) return;
  const message = `expected audience ${shown(clientId)} got ${shown(audiences.join(" "))}`;
  throw new TokenError("wrong-audience", message, { claim: "aud" });
}

function checkTimes(claims: JsonObject, nowMs: number): void {
  const expiresMs = timeMs(claims, "exp") ?? missing("exp");
  if (nowMs >= expiresMs) {
    const seconds = Math.ceil((nowMs - expiresMs) / 1000);
    const message = `token is expired: by ${seconds} s, at ${new Date(nowMs).toISOString()} here`;
    throw new TokenError("expired", message, { claim: "exp" });
  }
  const notBeforeMs = timeMs(claims, "nbf");
  if (notBeforeMs !== undefined && notBeforeMs > nowMs + notBeforeLeewayMs) {
    const seconds = Math.ceil((notBeforeMs - nowMs) / 1000);
    const message = `token is not valid for another ${seconds} s, by the clock here`;
    throw new TokenError("not-yet-valid", message, { claim: "nbf" });
  }
}

/** A NumericDate (RFC 7519 §2), which may have a fraction. */
function timeMs(claims: JsonObject, name: string): number | undefined {
  const value = claims[name] ?? undefined;
  if (value === undefined) return undefined;
  if (typeof value === "number" && value >= 0) return value * 1000;
  throw new TokenError("claim-invalid", `the ${name} claim is no time`, { claim: name });
}

/** OpenID Connect wants one, and a certificate names it. */
function readSubject(claims: JsonObject): string {
  const claim = "sub";
  const subject = requiredClaim(claims, claim);
  checkPlain(subject, claim);
  if (subject.length <= subjectCharsMax) return subject;
  const message = `sub has more than ${subjectCharsMax} characters`;
  throw new TokenError("too-large", message, { claim });
}
