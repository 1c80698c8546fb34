// SPDX-License-Identifier: Apache-2.0
import { utf8Bytes } from "@chancery/formats/bytes";
import { sha256 } from "@chancery/formats/crypto";
import type { JWK } from "jose";
import type { IdpStore, SigningKeyRecord } from "./store.ts";

/** The public keys of an issuer (RFC 7517 §5): each with `kid`, `alg` and `use`. */
export interface PublicKeySet {
  readonly keys: readonly JWK[];
}

/**
 * How long a key is published after it signed its last token: longer than any token lives and than
 * verifiers keep the set.
 */
const overlapMs = 24 * 3_600_000;

const rsa = {
  name: "RSASSA-PKCS1-v1_5",
  modulusLength: 2048,
  publicExponent: new Uint8Array([1, 0, 1]),
  hash: "SHA-256",
};

/**
 * The keys that sign tokens with RS256, as every client reads it. One signs; those before it stay
 * published until what they signed has expired.
 */
export class KeyRing {
  readonly #store: IdpStore;
  readonly #now: () => number;
  #keys: readonly SigningKeyRecord[] = [];

  private constructor(store: IdpStore, now: () => number) {
    this.#store = store;
    this.#now = now;
  }

  /**
   * Reads the keys of a store, and makes one where there is none, or the last has signed too long.
   * @param now milliseconds since the epoch.
   */
  static async open(store: IdpStore, now: () => number, signingMs: number): Promise<KeyRing> {
    const ring = new KeyRing(store, now);
    ring.#keys = store.signingKeys();
    const isFirst = !ring.#keys.some(({ retired }) => retired === undefined);
    if (isFirst || ring.signsLongerThan(signingMs)) await ring.rotate();
    return ring;
  }

  /** Has a new key sign from now on. */
  async rotate(): Promise<void> {
    const { privateKey } = await crypto.subtle.generateKey(rsa, true, ["sign", "verify"]);
    const { kty, n, e, d, p, q, dp, dq, qi } = await crypto.subtle.exportKey("jwk", privateKey);
    const kid = thumbprint(e, n);
    const jwk = { kty, n, e, d, p, q, dp, dq, qi, kid, alg: "RS256", use: "sig" };
    const now = this.#now();
    this.#store.replaceSigningKey({ kid, jwk, created: new Date(now) }, new Date(now - overlapMs));
    this.#keys = this.#store.signingKeys();
  }

  /** Whether the key that signs was made longer ago than this. */
  signsLongerThan(durationMs: number): boolean {
    return this.#now() - this.#signing.created.getTime() > durationMs;
  }

  /** With private parts, the one that signs first. */
  privateKeys(): JWK[] {
    const signing = this.#signing;
    const others = this.#published().filter(({ kid }) => kid !== signing.kid);
    return [signing, ...others].map(({ jwk }) => ({ ...jwk }) as JWK);
  }

  /** What verifiers need. */
  publicKeys(): PublicKeySet {
    const keys = this.privateKeys().map(
      ({ kty, n, e, kid, alg, use }) => ({ kty, n, e, kid, alg, use }) as JWK,
    );
    return { keys };
  }

  get #signing(): SigningKeyRecord {
    // `open` and `rotate` leave exactly one that is not retired.
    return this.#keys.find(({ retired }) => retired === undefined) as SigningKeyRecord;
  }

  #published(): readonly SigningKeyRecord[] {
    const since = this.#now() - overlapMs;
    return this.#keys.filter(({ retired }) => !retired || retired.getTime() > since);
  }
}

/** The hash of the required members in their order (RFC 7638): the same for a key everywhere. */
function thumbprint(e: string | undefined, n: string | undefined): string {
  const text = JSON.stringify({ e, kty: "RSA", n });
  return Buffer.from(sha256(utf8Bytes(text))).toString("base64url");
}
