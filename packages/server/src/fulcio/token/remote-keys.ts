// SPDX-License-Identifier: Apache-2.0
import { FormatError } from "@chancery/formats/errors";
import { isObject, type JsonObject, parseJson } from "@chancery/formats/json";
import { shown, TokenError } from "../claims/index.ts";
import { fetchDocument, type FetchLimits, type FetchPolicy } from "./fetch.ts";
import {
  type IssuerKeys,
  isTokenAlgorithm,
  type KeySource,
  readKeySet,
  type TokenAlgorithm,
} from "./keys.ts";

/** For how long keys are believed, and how often is asked. */
export interface KeyLimits extends FetchLimits {
  /** For this long nobody is asked. A key that an issuer withdraws may be believed until then. */
  readonly freshMs: number;
  /** For this long keys are believed while their issuer cannot be reached; never longer. */
  readonly lifetimeMs: number;
  /** Least time between two requests because of a key that is not known. */
  readonly askAgainMs: number;
  /** After a failure the issuer is left alone for this long. */
  readonly failureMs: number;
  /** Discovery and keys together, all attempts included. */
  readonly timeoutMs: number;
}

export const keyLimitsDefault: KeyLimits = {
  freshMs: 5 * 60_000,
  lifetimeMs: 60 * 60_000,
  askAgainMs: 10_000,
  failureMs: 5_000,
  timeoutMs: 10_000,
  bodySizeBytesMax: 512 << 10,
  attemptsMax: 3,
  backoffMs: 200,
};

export interface RemoteKeySourceOptions {
  readonly limits: KeyLimits;
  readonly now: () => number;
  /** Where may be asked: read at each request, as credentials change. */
  readonly policy: () => Promise<FetchPolicy>;
  /** Called before each request, to count it: throws where there are too many, else ends it. */
  readonly admit?: (() => () => void) | undefined;
  /** Told when old keys are used because the issuer cannot be reached. */
  readonly onStale?: ((error: TokenError) => void) | undefined;
}

/** Keys that an issuer publishes by OpenID Connect Discovery. */
export class RemoteKeySource implements KeySource {
  readonly #issuer: string;
  readonly #options: RemoteKeySourceOptions;
  #known: { readonly keys: IssuerKeys; readonly fetchedMs: number } | undefined;
  #failure: { readonly error: TokenError; readonly failedMs: number } | undefined;
  #askedMs = Number.NEGATIVE_INFINITY;
  /** Everybody who asks at the same time waits for the same answer. */
  #pending: Promise<IssuerKeys> | undefined;

  constructor(issuer: string, options: RemoteKeySourceOptions) {
    this.#issuer = issuer;
    this.#options = options;
  }

  async current(): Promise<IssuerKeys> {
    const { limits, now, onStale } = this.#options;
    const known = this.#known;
    const ageMs = known ? now() - known.fetchedMs : Number.POSITIVE_INFINITY;
    if (known && ageMs < limits.freshMs) return known.keys;
    try {
      return await this.#ask();
    } catch (cause) {
      if (!known || ageMs >= limits.lifetimeMs || !(cause instanceof TokenError)) throw cause;
      onStale?.(cause);
      return known.keys;
    }
  }

  async newer(than: IssuerKeys): Promise<IssuerKeys | undefined> {
    if (this.#known && this.#known.keys !== than) return this.#known.keys;
    const { limits, now } = this.#options;
    if (!this.#pending && now() - this.#askedMs < limits.askAgainMs) return undefined;
    return await this.#ask();
  }

  async #ask(): Promise<IssuerKeys> {
    const { limits, now, admit } = this.#options;
    if (this.#pending) return await this.#pending;
    const failure = this.#failure;
    if (failure && now() - failure.failedMs < limits.failureMs) throw failure.error;
    const finish = admit?.();
    this.#askedMs = now();
    this.#pending = this.#fetch();
    try {
      const keys = await this.#pending;
      this.#known = { keys, fetchedMs: now() };
      this.#failure = undefined;
      return keys;
    } catch (cause) {
      if (cause instanceof TokenError) this.#failure = { error: cause, failedMs: now() };
      throw cause;
    } finally {
      finish?.();
      this.#pending = undefined;
    }
  }

  async #fetch(): Promise<IssuerKeys> {
    const { limits } = this.#options;
    const policy = await this.#options.policy();
    const signal = AbortSignal.timeout(limits.timeoutMs);
    const get = async (url: URL, what: string): Promise<JsonObject> =>
      readDocument(await fetchDocument(url, what, policy, limits, signal), what);
    const discovery = "the issuer's discovery document";
    const document = await get(discoveryUrl(this.#issuer), discovery);
    const { jwksUrl, algorithms } = readDiscovery(document, this.#issuer);
    const keys = readKeySet(await get(jwksUrl, "the issuer's key set"));
    return { algorithms, keys };
  }
}

/** OpenID Connect Discovery §4: below the issuer, whose own last slash does not count. */
function discoveryUrl(issuer: string): URL {
  const url = URL.parse(`${issuer.replace(/\/$/, "")}/.well-known/openid-configuration`);
  if (url) return url;
  throw new TokenError("issuer-malformed", `the issuer ${shown(issuer)} is no URL`);
}

function readDocument(bytes: Uint8Array, what: string): JsonObject {
  try {
    const limits = { sizeBytesMax: bytes.length, depthMax: 16, valuesMax: 1 << 14 };
    const value = parseJson(bytes, "issuer", limits);
    if (isObject(value)) return value;
  } catch (cause) {
    if (!(cause instanceof FormatError)) throw cause;
    throw new TokenError("issuer-malformed", `${what} is no JSON: ${cause.message}`, { cause });
  }
  throw new TokenError("issuer-malformed", `${what} is no JSON object`);
}

interface Discovery {
  readonly jwksUrl: URL;
  readonly algorithms: readonly TokenAlgorithm[];
}

/** @throws TokenError `issuer-mismatch` | `issuer-malformed` */
function readDiscovery(document: JsonObject, issuer: string): Discovery {
  const { issuer: named, jwks_uri: jwksUri } = document;
  if (named !== issuer) {
    const got = typeof named === "string" ? shown(named) : "nothing";
    const message = `issuer did not match: expected ${shown(issuer)} got ${got}`;
    throw new TokenError("issuer-mismatch", message);
  }
  const jwksUrl = typeof jwksUri === "string" ? URL.parse(jwksUri) : null;
  if (!jwksUrl) {
    throw new TokenError("issuer-malformed", "the discovery document has no jwks_uri");
  }
  const listed = document["id_token_signing_alg_values_supported"];
  const algorithms = Array.isArray(listed) ? listed.filter(isTokenAlgorithm) : [];
  return { jwksUrl, algorithms: algorithms.length > 0 ? algorithms : ["RS256"] };
}
