// SPDX-License-Identifier: Apache-2.0
import { utf8Bytes } from "@chancery/formats/bytes";
import { isObject, type JsonObject, type JsonValue } from "@chancery/formats/json";
import { SignError } from "../errors.ts";
import { inOneLine } from "../http/index.ts";
import { malformedToken, parseJwt } from "./jwt.ts";

/** Longer names fit no certificate. */
const identityCharsMax = 2048;
const audiencesMax = 64;
/** Seconds since the epoch that a Date holds. */
const secondsMax = 8_640_000_000_000;

/**
 * An OpenID Connect token, as its bearer reads it: who it says signs, and until when. The token
 * itself is a secret that is good for any key until it expires; it comes out by `bearer` alone, and
 * printing, logging or serialising the object shows the rest only.
 *
 * Nothing here is verified: the certificate authority does that, and tokens of flows that ran here
 * have been verified before.
 */
export class IdentityToken {
  readonly #text: string;
  /** Verified e-mail address, or else the subject: whose possession of the key is proven. */
  readonly identity: string;
  readonly kind: "email" | "subject";
  /** `iss`, by which a certificate authority chooses how to read the token. */
  readonly issuer: string;
  /**
   * Who vouched for the identity, where `issuer` stands in front of others (dex). Certificates may
   * name this one as the issuer.
   */
  readonly connector: string | undefined;
  readonly audiences: readonly string[];
  readonly expiresAt: Date;

  /**
   * Reads a token, as cosign does: the identity is `email` where there is one, else `sub`.
   * @throws SignError `identity-token-malformed` | `email-unverified`
   */
  constructor(text: string) {
    const { claims } = parseJwt(text);
    this.#text = text;
    this.issuer = textClaim(claims, "iss");
    this.audiences = audiencesOf(claims["aud"]);
    this.expiresAt = expiryOf(claims["exp"]);
    this.connector = connectorOf(claims["federated_claims"]);
    const email = claims["email"];
    this.kind = email === undefined || email === null || email === "" ? "subject" : "email";
    this.identity = textClaim(claims, this.kind === "email" ? "email" : "sub");
    if (this.kind === "email") requireVerified(claims["email_verified"], this.identity);
  }

  /** The token, for an Authorization header or a certificate request: a secret. */
  bearer(): string {
    return this.#text;
  }

  /** What the key signs to prove that it goes with the token: the identity's UTF-8 bytes. */
  challenge(): Uint8Array {
    return utf8Bytes(this.identity);
  }

  /** @throws SignError `identity-token-expired`. There is no leeway, as Fulcio grants none. */
  requireUnexpired(nowMs: number): void {
    if (this.expiresAt.getTime() > nowMs) return;
    throw new SignError(
      "identity-token-expired",
      `the identity token expired at ${this.expiresAt.toISOString()}`,
      "get a new one, and check this computer's clock",
    );
  }

  /**
   * Refuses a token that was made for others: who got it could sign with it, and a token for
   * another service is not to be shown to this one.
   * @throws SignError `identity-token-audience`
   */
  requireAudience(accepted: readonly string[]): void {
    if (this.audiences.some((audience) => accepted.includes(audience))) return;
    const found = this.audiences.map((name) => inOneLine(JSON.stringify(name))).join(", ");
    throw new SignError(
      "identity-token-audience",
      `the identity token is for ${found === "" ? "nobody" : found}, not for ${accepted.join(" or ")}`,
      `ask its issuer for a token with the audience ${accepted[0] ?? ""}`,
    );
  }

  toString(): string {
    return `IdentityToken(${this.identity})`;
  }

  toJSON(): Readonly<Record<string, unknown>> {
    const { identity, kind, issuer, connector, audiences, expiresAt } = this;
    return { identity, kind, issuer, connector, audiences, expiresAt };
  }
}

function textClaim(claims: JsonObject, name: string): string {
  const value = claims[name];
  if (value === undefined || value === null || value === "") {
    throw malformedToken(`has no ${name}`);
  }
  if (typeof value !== "string") throw malformedToken(`has a ${name} that is not a string`);
  if (value.length > identityCharsMax) {
    throw malformedToken(`has a ${name} of more than ${identityCharsMax} characters`);
  }
  if (/\p{Cc}/u.test(value)) throw malformedToken(`has a ${name} with control characters`);
  return value;
}

/** One name or several (RFC 7519 §4.1.3). */
function audiencesOf(value: JsonValue | undefined): readonly string[] {
  if (typeof value === "string") return [value];
  if (value === undefined) throw malformedToken("has no aud");
  const isList = Array.isArray(value) && value.length <= audiencesMax;
  if (isList && value.every((item) => typeof item === "string")) return value;
  throw malformedToken(`has an aud that is neither a string nor a list of up to ${audiencesMax}`);
}

function expiryOf(value: JsonValue | undefined): Date {
  if (value === undefined) throw malformedToken("has no exp");
  if (typeof value !== "number" || value < 0 || value > secondsMax) {
    throw malformedToken("has an exp that is no time in seconds");
  }
  return new Date(value * 1000);
}

function connectorOf(value: JsonValue | undefined): string | undefined {
  if (!isObject(value) || value["connector_id"] === undefined) return undefined;
  return textClaim(value, "connector_id");
}

/** Some providers write the boolean as a string. */
function requireVerified(value: JsonValue | undefined, email: string): void {
  if (value === true || value === "true" || value === "True") return;
  const problem = value === undefined ? "does not say whether it verified" : "has not verified";
  throw new SignError(
    "email-unverified",
    `the issuer of the identity token ${problem} the e-mail address ${email}`,
    "verify the address there, or have the issuer tell email_verified",
  );
}
