// SPDX-License-Identifier: Apache-2.0
import { utf8Bytes } from "@chancery/formats/bytes";
import { sha256 } from "@chancery/formats/crypto";
import type { JWK } from "jose";
import { type KeySealing, privateJwk } from "./key-sealing.ts";
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

/** A key of the ring, in memory. */
interface RingKey extends Omit<SigningKeyRecord, "stored"> {
  readonly jwk: JWK;
}

/**
 * The keys that sign tokens with RS256, as every client reads it. One signs; those before it stay
 * published until what they signed has expired.
 */
export class KeyRing {
  readonly #store: IdpStore;
  readonly #sealing: KeySealing;
  readonly #now: () => number;
  #keys: readonly RingKey[] = [];
  #wasPlain = false;

  private constructor(store: IdpStore, sealing: KeySealing, now: () => number) {
    this.#store = store;
    this.#sealing = sealing;
    this.#now = now;
  }

  /**
   * Reads the keys of a store; those that are plain although they need not be are stored anew.
   * There may be none: `fill` makes one.
   * @param now milliseconds since the epoch. @throws IdpError `store`
   */
  static async open(store: IdpStore, sealing: KeySealing, now: () => number): Promise<KeyRing> {
    const ring = new KeyRing(store, sealing, now);
    const keys = store.signingKeys().map(async ({ stored, ...record }) => {
      const jwk = await sealing.open(stored);
      if (sealing.isTooPlain(stored)) {
        store.rewriteSigningKey(record.kid, await sealing.seal(jwk));
        ring.#wasPlain = true;
      }
      return { ...record, jwk };
    });
    ring.#keys = await Promise.all(keys);
    return ring;
  }

  /** Whether a key was stored plain, and is encrypted since it was read. */
  get wasPlain(): boolean {
    return this.#wasPlain;
  }

  /** Makes a key where none signs, or the last has signed too long. */
  async fill(signingMs: number): Promise<this> {
    const isFirst = !this.#keys.some(({ retired }) => retired === undefined);
    if (isFirst || this.signsLongerThan(signingMs)) await this.rotate();
    return this;
  }

  /** Has a new key sign from now on. */
  async rotate(): Promise<void> {
    const { privateKey } = await crypto.subtle.generateKey(rsa, true, ["sign", "verify"]);
    const { n, e } = await crypto.subtle.exportKey("jwk", privateKey);
    const kid = thumbprint(e, n);
    const jwk = await privateJwk(privateKey, { kid, alg: "RS256", use: "sig" });
    const now = this.#now();
    const key = { kid, stored: await this.#sealing.seal(jwk), created: new Date(now) };
    this.#store.replaceSigningKey(key, new Date(now - overlapMs));
    const known = new Map([...this.#keys, { kid, jwk }].map((one) => [one.kid, one.jwk]));
    this.#keys = this.#store.signingKeys().flatMap(({ stored: _, ...record }) => {
      const own = known.get(record.kid);
      return own ? [{ ...record, jwk: own }] : [];
    });
  }

  /** Whether the key that signs was made longer ago than this. */
  signsLongerThan(durationMs: number): boolean {
    return this.#now() - this.#signing.created.getTime() > durationMs;
  }

  /** With private parts, the one that signs first. */
  privateKeys(): JWK[] {
    const signing = this.#signing;
    const others = this.#published().filter(({ kid }) => kid !== signing.kid);
    return [signing, ...others].map(({ jwk }) => ({ ...jwk }));
  }

  /** What verifiers need. */
  publicKeys(): PublicKeySet {
    const keys = this.privateKeys().map(
      ({ kty, n, e, kid, alg, use }) => ({ kty, n, e, kid, alg, use }) as JWK,
    );
    return { keys };
  }

  get #signing(): RingKey {
    // `fill` and `rotate` leave exactly one that is not retired.
    return this.#keys.find(({ retired }) => retired === undefined) as RingKey;
  }

  #published(): readonly RingKey[] {
    const since = this.#now() - overlapMs;
    return this.#keys.filter(({ retired }) => !retired || retired.getTime() > since);
  }
}

/** The hash of the required members in their order (RFC 7638): the same for a key everywhere. */
function thumbprint(e: string | undefined, n: string | undefined): string {
  const text = JSON.stringify({ e, kty: "RSA", n });
  return Buffer.from(sha256(utf8Bytes(text))).toString("base64url");
}
