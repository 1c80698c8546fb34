// SPDX-License-Identifier: Apache-2.0
import { decryptPkcs8, encryptPkcs8, wipe } from "@chancery/formats/crypto/node";
import { FormatError } from "@chancery/formats/errors";
import { decodePemBlock, encodePem } from "@chancery/formats/pem";
import type { JWK } from "jose";
import { IdpError } from "./errors.ts";

/** A key as it is stored: a JWK, or its public members and the private key encrypted. */
export type StoredKey = Readonly<Record<string, unknown>>;

const algorithm = { name: "RSASSA-PKCS1-v1_5", hash: "SHA-256" };
const encryptedLabel = "ENCRYPTED PRIVATE KEY";

/** A private RSA key with its name and use. @throws OperationError where it cannot be exported */
export async function privateJwk(
  key: Awaited<ReturnType<typeof crypto.subtle.importKey>>,
  named: Pick<JWK, "kid" | "alg" | "use">,
): Promise<JWK> {
  const { kty, n, e, d, p, q, dp, dq, qi } = await crypto.subtle.exportKey("jwk", key);
  return { kty, n, e, d, p, q, dp, dq, qi, ...named } as JWK;
}

/**
 * Keeps private keys encrypted where there is a password: PKCS #8 (RFC 8018 PBES2) in PEM, as the
 * keys of the other services are.
 */
export class KeySealing {
  readonly #password: Uint8Array | undefined;

  constructor(password: Uint8Array | undefined) {
    this.#password = password;
  }

  /** Whether a key is to be stored anew: it is plain although there is a password. */
  isTooPlain(stored: StoredKey): boolean {
    return this.#password !== undefined && !isSealed(stored);
  }

  /** @param jwk private, RSA */
  async seal(jwk: JWK): Promise<StoredKey> {
    if (!this.#password) return { ...jwk };
    const { kty, n, e, kid, alg, use } = jwk;
    const key = await crypto.subtle.importKey("jwk", jwk, algorithm, true, ["sign"]);
    const pkcs8 = new Uint8Array(await crypto.subtle.exportKey("pkcs8", key));
    const pem = encodePem(encryptedLabel, encryptPkcs8(pkcs8, this.#password));
    wipe(pkcs8);
    return { kty, n, e, kid, alg, use, encrypted: pem };
  }

  /** The private key. @throws IdpError `store` where the password is missing or wrong */
  async open(stored: StoredKey): Promise<JWK> {
    if (!isSealed(stored)) return { ...stored } as JWK;
    const hint = "CHANCERY_KEY_PASSWORD_FILE to the path of the password that encrypted them";
    if (!this.#password) {
      throw new IdpError("store", `the keys that sign tokens are encrypted: set ${hint}`);
    }
    const pkcs8 = decrypt(stored.encrypted, this.#password);
    if (!pkcs8) {
      const message = `the keys that sign tokens cannot be decrypted: set ${hint}`;
      throw new IdpError("store", message);
    }
    const key = await crypto.subtle.importKey("pkcs8", pkcs8, algorithm, true, ["sign"]);
    wipe(pkcs8);
    const { kid, alg, use } = stored as JWK;
    return privateJwk(key, { kid, alg, use } as JWK);
  }
}

function isSealed(stored: StoredKey): stored is StoredKey & { readonly encrypted: string } {
  return typeof stored["encrypted"] === "string";
}

/** @returns undefined where the password is wrong. @throws IdpError `store` */
function decrypt(pem: string, password: Uint8Array): Uint8Array<ArrayBuffer> | undefined {
  try {
    const pkcs8 = decryptPkcs8(decodePemBlock(pem, encryptedLabel).bytes, password);
    return pkcs8 && new Uint8Array(pkcs8);
  } catch (cause) {
    if (!(cause instanceof FormatError)) throw cause;
    const message = `a key that signs tokens cannot be read: ${cause.message}`;
    throw new IdpError("store", message, { cause });
  }
}
