// SPDX-License-Identifier: Apache-2.0
import { utf8Bytes } from "@chancery/formats/bytes";
import { sha256 } from "@chancery/formats/crypto";
import { randomBytes } from "@chancery/formats/crypto/node";

/** Compares without telling by its duration where two secrets differ. */
export function equalInConstantTime(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false;
  let difference = 0;
  for (let i = 0; i < a.length; i++) difference |= (a[i] as number) ^ (b[i] as number);
  return difference === 0;
}

/** As `equalInConstantTime`, for text of any lengths: their hashes are compared. */
export function textEqualInConstantTime(a: string, b: string): boolean {
  return equalInConstantTime(sha256(utf8Bytes(a)), sha256(utf8Bytes(b)));
}

/** A random secret of 256 bits, as text for URLs, forms and headers. */
export function randomText(): string {
  return Buffer.from(randomBytes(32)).toString("base64url");
}

/**
 * Makes the tokens that forms carry, so that no other site can send them (cross-site request
 * forgery): an HMAC of what the form belongs to. They are bound to it and need no memory.
 */
export class FormTokens {
  readonly #key: ReturnType<typeof crypto.subtle.importKey>;

  /** @param secret 32 bytes. */
  constructor(secret: Uint8Array) {
    const algorithm = { name: "HMAC", hash: "SHA-256" };
    this.#key = crypto.subtle.importKey("raw", new Uint8Array(secret), algorithm, false, ["sign"]);
  }

  /** @param subject what the form belongs to, such as the id of an interaction. */
  async make(subject: string): Promise<string> {
    const data = new Uint8Array(utf8Bytes(`chancery form\0${subject}`));
    const mac = await crypto.subtle.sign("HMAC", await this.#key, data);
    return Buffer.from(mac).toString("base64url");
  }

  async check(subject: string, token: string | undefined): Promise<boolean> {
    if (token === undefined) return false;
    return textEqualInConstantTime(await this.make(subject), token);
  }
}
