// SPDX-License-Identifier: Apache-2.0
import { isObject, type JsonObject, type JsonValue } from "@chancery/formats/json";
import { shown, TokenError } from "./token-error.ts";

/** Longest value that goes into a certificate, in UTF-16 code units. */
export const valueCharsMax = 4096;

/** A string claim; undefined where it is absent, null or empty: Fulcio takes them for the same. */
export function optionalClaim(claims: JsonObject, name: string): string | undefined {
  const value = claims[name] ?? "";
  if (typeof value !== "string") {
    throw new TokenError("claim-invalid", `the ${name} claim is not a string`, { claim: name });
  }
  checkLength(value, name);
  return value === "" ? undefined : value;
}

/** A string claim. @throws TokenError `claim-missing` | `claim-invalid` | `too-large` */
export function requiredClaim(claims: JsonObject, name: string): string {
  return optionalClaim(claims, name) ?? missing(name);
}

/** Several string claims, all of which must be there. */
export function requiredClaims<Name extends string>(
  claims: JsonObject,
  names: readonly Name[],
): Record<Name, string> {
  const values = {} as Record<Name, string>;
  for (const name of names) values[name] = requiredClaim(claims, name);
  return values;
}

/** An object claim. @param path how it is called in errors */
export function requiredObject(value: JsonValue | undefined, path: string): JsonObject {
  if (value === undefined || value === null) missing(path);
  if (isObject(value)) return value;
  throw new TokenError("claim-invalid", `the ${path} claim is not an object`, { claim: path });
}

/** Refuses with Fulcio's words for a claim that must be there. */
export function missing(name: string): never {
  throw new TokenError("claim-missing", `missing ${name} claim in ID token`, { claim: name });
}

/** @throws TokenError `too-large` */
export function checkLength(value: string, name: string): void {
  if (value.length <= valueCharsMax) return;
  const message = `${name} has more than ${valueCharsMax} characters`;
  throw new TokenError("too-large", message, { claim: name });
}

/** What the token says of its holder's e-mail address. */
export interface EmailClaim {
  readonly address: string;
  readonly verified: boolean;
}

/**
 * The `email` claim and whether the issuer says that it verified it: `true`, `"true"` or `"True"`,
 * as issuers write it. Absent is not verified. Does not check the address's syntax.
 *
 * @returns undefined where there is no e-mail address
 * @throws TokenError `claim-invalid`
 */
export function emailClaim(claims: JsonObject): EmailClaim | undefined {
  const address = optionalClaim(claims, "email");
  if (address === undefined) return undefined;
  return { address, verified: readVerified(claims["email_verified"] ?? false) };
}

function readVerified(value: JsonValue): boolean {
  switch (value) {
    case true:
    case "true":
    case "True":
      return true;
    case false:
    case "false":
    case "False":
      return false;
    default:
      throw new TokenError("claim-invalid", "the email_verified claim is neither true nor false", {
        claim: "email_verified",
      });
  }
}

/**
 * Claims as text for templates, as Fulcio prints them: integers without an exponent, `true`, arrays
 * as `[a b]`, objects as `map[k:v]`. Absent: null, which Fulcio would print as `<nil>`.
 */
export function claimTexts(claims: JsonObject): Map<string, string> {
  const texts = new Map<string, string>();
  for (const [name, value] of Object.entries(claims)) {
    if (value !== null) texts.set(name, claimText(value));
  }
  return texts;
}

function claimText(value: JsonValue): string {
  if (typeof value === "string") return value;
  if (value === null) return "<nil>";
  if (typeof value === "number") return numberText(value);
  if (Array.isArray(value)) return `[${value.map(claimText).join(" ")}]`;
  if (!isObject(value)) return String(value);
  const names = Object.keys(value).sort();
  return `map[${names.map((name) => `${name}:${claimText(value[name] ?? null)}`).join(" ")}]`;
}

/** Decimal digits without an exponent. */
function numberText(value: number): string {
  if (Number.isInteger(value)) return BigInt(value).toString();
  const text = String(value);
  const [, sign = "", digit, fraction = "", exponent] =
    /^(-?)(\d)(?:\.(\d+))?e-(\d+)$/.exec(text) ?? [];
  if (digit === undefined) return text;
  return `${sign}0.${"0".repeat(Number(exponent) - 1)}${digit}${fraction}`;
}

/** Refuses texts with control characters, which change how a name reads. */
export function checkPlain(value: string, name: string): void {
  if (!/\p{Cc}/u.test(value)) return;
  const message = `the ${name} claim, ${shown(value)}, holds control characters`;
  throw new TokenError("claim-invalid", message, { claim: name });
}
