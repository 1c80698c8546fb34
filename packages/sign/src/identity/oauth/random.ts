// SPDX-License-Identifier: Apache-2.0
import { utf8Bytes } from "@chancery/formats/bytes";
import { sha256 } from "@chancery/formats/crypto";
import { randomBytes } from "@chancery/formats/crypto/node";

/** A proof that who redeems a code is who asked for it (RFC 7636). */
export interface Pkce {
  /** 43 characters, a secret until the code is redeemed. */
  readonly verifier: string;
  readonly challenge: string;
}

export function newPkce(): Pkce {
  const verifier = unguessable();
  return { verifier, challenge: base64Url(sha256(utf8Bytes(verifier))) };
}

/** 256 random bits: for states, nonces and verifiers. */
export function unguessable(): string {
  return base64Url(randomBytes(32));
}

export function base64Url(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("base64url");
}
