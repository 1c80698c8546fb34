// SPDX-License-Identifier: Apache-2.0
import { isObject, type JsonValue } from "@chancery/formats/json";
import type { JWK } from "jose";
import { TokenError } from "../claims/index.ts";

/** What tokens may be signed with: never nothing, never a shared secret. */
const algorithms = {
  RS256: "RSA",
  RS384: "RSA",
  RS512: "RSA",
  PS256: "RSA",
  PS384: "RSA",
  PS512: "RSA",
  ES256: "P-256",
  ES384: "P-384",
  ES512: "P-521",
  EdDSA: "Ed25519",
} as const;

export type TokenAlgorithm = keyof typeof algorithms;

export function isTokenAlgorithm(name: unknown): name is TokenAlgorithm {
  return typeof name === "string" && Object.hasOwn(algorithms, name);
}

/** A public key of an issuer. */
export interface IssuerKey {
  readonly kid: string | undefined;
  /** The one algorithm that it is for, where the issuer says one. */
  readonly alg: string | undefined;
  readonly kind: (typeof algorithms)[TokenAlgorithm];
  /** The key alone; `jose` remembers by this object what it made of it. */
  readonly jwk: JWK;
}

/** How an issuer signs. */
export interface IssuerKeys {
  readonly algorithms: readonly TokenAlgorithm[];
  readonly keys: readonly IssuerKey[];
}

/** Where an issuer's keys come from: its URL, or the identity provider of the same process. */
export interface KeySource {
  /**
   * The keys as they are believed now.
   * @throws TokenError `issuer-…`
   */
  current(): Promise<IssuerKeys>;
  /**
   * Other keys than those that did not verify a token; undefined where there are none, or where it
   * is too soon to ask again.
   * @throws TokenError `issuer-…`
   */
  newer(than: IssuerKeys): Promise<IssuerKeys | undefined>;
}

const keysMax = 256;
const kidCharsMax = 1024;
/** Base64url characters of RSA moduli of 2048 to 8192 bits. */
const [modulusCharsMin, modulusCharsMax] = [342, 1366];
const tries = 16;

/**
 * Reads a JWK Set (RFC 7517 §5). Keys of other kinds, for encryption, too small or without their
 * members are passed over, as the RFC wants; private members are dropped.
 *
 * @throws TokenError `issuer-malformed`, also for more keys than any issuer has
 */
export function readKeySet(value: JsonValue | undefined): IssuerKey[] {
  const keys = isObject(value) ? value["keys"] : undefined;
  if (!Array.isArray(keys)) {
    throw new TokenError("issuer-malformed", "the issuer's keys are no JWK Set");
  }
  if (keys.length > keysMax) {
    const message = `the issuer has more than ${keysMax} keys`;
    throw new TokenError("issuer-malformed", message);
  }
  return keys.flatMap((key) => readKey(key) ?? []);
}

function readKey(value: JsonValue): IssuerKey | undefined {
  if (!isObject(value)) return undefined;
  const text = (name: string): string | undefined => {
    const member = value[name];
    return typeof member === "string" && member !== "" ? member : undefined;
  };
  const operations = value["key_ops"];
  if ((text("use") ?? "sig") !== "sig") return undefined;
  if (Array.isArray(operations) && !operations.includes("verify")) return undefined;
  const kid = text("kid");
  if (kid !== undefined && kid.length > kidCharsMax) return undefined;
  const found = readPublicKey(text);
  return found && { kid, alg: text("alg"), ...found };
}

function readPublicKey(
  text: (name: string) => string | undefined,
): Pick<IssuerKey, "kind" | "jwk"> | undefined {
  const [kty, crv, x, y, n, e] = ["kty", "crv", "x", "y", "n", "e"].map(text);
  if (kty === "RSA" && n !== undefined && e !== undefined) {
    const fits = n.length >= modulusCharsMin && n.length <= modulusCharsMax && e.length <= 6;
    return fits ? { kind: "RSA", jwk: { kty, n, e } } : undefined;
  }
  if (kty === "EC" && x !== undefined && y !== undefined) {
    const isKnown = crv === "P-256" || crv === "P-384" || crv === "P-521";
    return isKnown ? { kind: crv, jwk: { kty, crv, x, y } } : undefined;
  }
  if (kty === "OKP" && crv === "Ed25519" && x !== undefined) {
    return { kind: crv, jwk: { kty, crv, x } };
  }
  return undefined;
}

/**
 * The keys that may have made a signature: of the algorithm's kind, and with the token's `kid`
 * where it has one.
 */
export function candidateKeys(
  { keys }: IssuerKeys,
  alg: TokenAlgorithm,
  kid: string | undefined,
): IssuerKey[] {
  const fits = (key: IssuerKey): boolean =>
    key.kind === algorithms[alg] &&
    (key.alg === undefined || key.alg === alg) &&
    (kid === undefined || key.kid === kid);
  return keys.filter(fits).slice(0, tries);
}

/**
 * Keys of the identity provider in the same process: no requests, no lifetime.
 * @param read gives the JWK Set as it is now; asked at each token
 */
export function localKeySource(
  read: () => KeySet | Promise<KeySet>,
  algorithmsUsed: readonly TokenAlgorithm[] = ["RS256"],
): KeySource {
  let last: string | undefined;
  let known: IssuerKeys | undefined;
  const current = async (): Promise<IssuerKeys> => {
    const text = JSON.stringify(await read());
    if (known === undefined || text !== last) {
      known = { algorithms: algorithmsUsed, keys: readKeySet(JSON.parse(text) as JsonValue) };
      last = text;
    }
    return known;
  };
  return {
    current,
    newer: async (than) => {
      const keys = await current();
      return keys === than ? undefined : keys;
    },
  };
}

/** A JWK Set (RFC 7517 §5). */
interface KeySet {
  readonly keys: readonly object[];
}
