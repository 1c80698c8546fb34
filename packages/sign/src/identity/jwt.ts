// SPDX-License-Identifier: Apache-2.0
import { FormatError } from "@chancery/formats/errors";
import { isObject, type JsonObject, parseJson } from "@chancery/formats/json";
import { SignError } from "../errors.ts";

/** Tokens have 1 to 4 kB; those of directories with many groups up to about 16. */
export const tokenCharsMax: number = 64 << 10;
const jsonLimits = { sizeBytesMax: tokenCharsMax, depthMax: 16, valuesMax: 4096 };

/** A token in its parts; nothing in it is to be believed yet. */
export interface Jwt {
  readonly header: JsonObject;
  readonly claims: JsonObject;
}

/** Whether a text has the form of a token, which no path has in practice. */
export function looksLikeJwt(text: string): boolean {
  return /^eyJ[A-Za-z0-9_-]*\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]*$/.test(text);
}

/**
 * Takes a signed JWT in JWS Compact Serialization (RFC 7515 §7.1) apart. Names that stand twice are
 * refused, as readers differ on which counts. Does not check the signature.
 *
 * @throws SignError `identity-token-malformed`, without any part of the token
 */
export function parseJwt(text: string): Jwt {
  if (text.length > tokenCharsMax)
    throw malformedToken(`has more than ${tokenCharsMax} characters`);
  const [header, payload, signature, ...more] = text.split(".");
  if (header === undefined || payload === undefined || signature === undefined || more.length > 0) {
    throw malformedToken("is not three parts with dots between them");
  }
  const jwt = { header: readPart(header, "header"), claims: readPart(payload, "payload") };
  const { alg } = jwt.header;
  if (typeof alg !== "string" || alg.toLowerCase() === "none") {
    throw malformedToken("is not signed");
  }
  decodeBase64Url(signature, "signature");
  return jwt;
}

function readPart(text: string, part: string): JsonObject {
  const bytes = decodeBase64Url(text, part);
  try {
    const value = parseJson(bytes, `identity token ${part}`, jsonLimits);
    if (isObject(value)) return value;
  } catch (cause) {
    if (!(cause instanceof FormatError)) throw cause;
    // Not the parser's words: they may quote a name out of the token.
    throw malformedToken(`has a ${part} that is not strict JSON (${cause.code})`, { cause });
  }
  throw malformedToken(`has a ${part} that is no JSON object`);
}

/** Base64url without padding, in its one form (RFC 7515 §2). */
function decodeBase64Url(text: string, part: string): Uint8Array {
  const bytes = Buffer.from(text, "base64url");
  if (text !== "" && bytes.toString("base64url") === text) return new Uint8Array(bytes);
  throw malformedToken(`has a ${part} that ${text === "" ? "is empty" : "is not base64url"}`);
}

/** @param problem what is wrong, after "the identity token"; without parts of the token. */
export function malformedToken(problem: string, options?: ErrorOptions): SignError {
  return new SignError(
    "identity-token-malformed",
    `the identity token ${problem}`,
    "check that it is the whole OpenID Connect token, as its issuer gave it",
    options,
  );
}
