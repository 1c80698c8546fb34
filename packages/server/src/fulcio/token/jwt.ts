// SPDX-License-Identifier: Apache-2.0
import { FormatError } from "@chancery/formats/errors";
import { isObject, type JsonObject, parseJson } from "@chancery/formats/json";
import { shown, TokenError } from "../claims/index.ts";
import { candidateKeys, type IssuerKeys, isTokenAlgorithm, type TokenAlgorithm } from "./keys.ts";

/** Tokens have 1 to 4 kB; those of directories with many groups up to about 16. */
const tokenCharsMax = 64 << 10;
const jsonLimits = { sizeBytesMax: tokenCharsMax, depthMax: 16, valuesMax: 4096 };

/** A token in its parts; nothing in it is to be believed yet. */
export interface Jwt {
  /** As it came: what the signature is over, and the signature. */
  readonly text: string;
  readonly alg: TokenAlgorithm;
  readonly kid: string | undefined;
  readonly claims: JsonObject;
}

/**
 * Takes a JWT in JWS Compact Serialization (RFC 7515 §7.1) apart. Keys and addresses of keys in the
 * header are not looked at. Names that stand twice are refused, as readers differ on which counts.
 *
 * @throws TokenError `malformed` | `too-large` | `alg-not-allowed` | `unsupported-header`
 */
export function parseJwt(text: string): Jwt {
  if (text.length > tokenCharsMax) {
    const message = `the token has more than ${tokenCharsMax} characters`;
    throw new TokenError("too-large", message);
  }
  const [header, payload, signature, ...more] = text.split(".");
  if (header === undefined || payload === undefined || signature === undefined || more.length > 0) {
    throw new TokenError("malformed", "the token is not three parts with dots between them");
  }
  decodeBase64Url(signature, "signature");
  const { alg, kid, crit } = readPart(header, "header");
  const claims = readPart(payload, "payload");
  if (!isTokenAlgorithm(alg)) {
    const name = typeof alg === "string" ? shown(alg) : "nothing";
    const message = `the token is signed with ${name}, which proves nothing here`;
    throw new TokenError("alg-not-allowed", message, { claim: "alg" });
  }
  if (crit !== undefined) {
    const message = "the token's header holds crit, and nothing that it may name is understood";
    throw new TokenError("unsupported-header", message, { claim: "crit" });
  }
  if (kid !== undefined && typeof kid !== "string") {
    throw new TokenError("malformed", "the token's kid is not a string", { claim: "kid" });
  }
  return { text, alg, kid, claims };
}

function readPart(text: string, part: string): JsonObject {
  const bytes = decodeBase64Url(text, part);
  try {
    const value = parseJson(bytes, `token ${part}`, jsonLimits);
    if (isObject(value)) return value;
  } catch (cause) {
    if (!(cause instanceof FormatError)) throw cause;
    throw new TokenError("malformed", cause.message, { cause });
  }
  throw new TokenError("malformed", `the token's ${part} is no JSON object`);
}

/** Base64url without padding, in its one form (RFC 7515 §2). */
function decodeBase64Url(text: string, part: string): Uint8Array {
  const bytes = Buffer.from(text, "base64url");
  if (text !== "" && bytes.toString("base64url") === text) return new Uint8Array(bytes);
  const problem = text === "" ? "is empty" : "is not base64url";
  throw new TokenError("malformed", `the token's ${part} ${problem}`);
}

/** What keys say to a signature. */
export type SignatureResult = "verified" | "alg-not-allowed" | "kid-unknown" | "bad-signature";

/** Tries the keys that may have made the signature. */
export async function verifyJwt(jwt: Jwt, keys: IssuerKeys): Promise<SignatureResult> {
  if (!keys.algorithms.includes(jwt.alg)) return "alg-not-allowed";
  const candidates = candidateKeys(keys, jwt.alg, jwt.kid);
  if (candidates.length === 0) return "kid-unknown";
  // Lazily: a server whose issuers are never asked does not pay for it.
  const { compactVerify, errors } = await import("jose");
  for (const { jwk } of candidates) {
    try {
      await compactVerify(jwt.text, jwk, { algorithms: [jwt.alg] });
      return "verified";
    } catch (cause) {
      // A key that is no point of its curve, or no number, is no key: WebCrypto and jose say so
      // with errors of several classes, none of which means that the signature holds.
      const isRefusal =
        cause instanceof errors.JOSEError ||
        cause instanceof TypeError ||
        cause instanceof DOMException;
      if (!isRefusal) throw cause;
    }
  }
  return "bad-signature";
}
