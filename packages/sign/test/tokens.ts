// SPDX-License-Identifier: Apache-2.0
// Identity tokens as tests want them, signed with real keys.
import crypto, { type KeyObject } from "node:crypto";

export type TokenAlgorithm = "RS256" | "RS512" | "ES256" | "EdDSA";

export interface TokenKey {
  readonly alg: TokenAlgorithm;
  readonly kid: string;
  readonly privateKey: KeyObject;
  readonly jwk: Readonly<Record<string, unknown>>;
}

export function tokenKey(alg: TokenAlgorithm, kid = `key-${alg}`): TokenKey {
  const { privateKey, publicKey } =
    alg === "RS256" || alg === "RS512"
      ? crypto.generateKeyPairSync("rsa", { modulusLength: 2048 })
      : alg === "ES256"
        ? crypto.generateKeyPairSync("ec", { namedCurve: "P-256" })
        : crypto.generateKeyPairSync("ed25519");
  const jwk = { ...publicKey.export({ format: "jwk" }), kid, alg, use: "sig" };
  return { alg, kid, privateKey, jwk };
}

/** Where a test's time stands still. */
export const now: number = Date.parse("2026-03-01T12:00:00Z");
export const nowSeconds: number = now / 1000;

/** Of somebody who signs, for Sigstore, for five minutes. */
export const claims: {
  readonly iss: string;
  readonly aud: string;
  readonly [name: string]: unknown;
} = {
  iss: "https://issuer.example",
  sub: "subject-1",
  aud: "sigstore",
  iat: nowSeconds,
  exp: nowSeconds + 300,
  email: "alice@example.com",
  email_verified: true,
};

export type Claims = Readonly<Record<string, unknown>>;

const anyKey = tokenKey("ES256");

/** A token of these claims, or of this text for a payload; `undefined` leaves a claim out. */
export function tokenOf(
  changes: Claims | string = {},
  key: TokenKey = anyKey,
  header: Claims | string = {},
): string {
  const payload = typeof changes === "string" ? changes : JSON.stringify({ ...claims, ...changes });
  const { alg, kid } = key;
  const head = typeof header === "string" ? header : JSON.stringify({ alg, kid, ...header });
  const input = `${base64Url(head)}.${base64Url(payload)}`;
  return `${input}.${base64Url(signature(key, input))}`;
}

export function base64Url(content: string | Uint8Array): string {
  return Buffer.from(content).toString("base64url");
}

function signature({ alg, privateKey: key }: TokenKey, input: string): Uint8Array {
  const data = Buffer.from(input);
  if (alg === "EdDSA") return crypto.sign(null, data, key);
  if (alg === "RS512") return crypto.sign("sha512", data, key);
  return crypto.sign("sha256", data, alg === "ES256" ? { key, dsaEncoding: "ieee-p1363" } : key);
}
