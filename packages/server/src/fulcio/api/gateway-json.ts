// SPDX-License-Identifier: Apache-2.0
import { decodeBase64, utf8Bytes } from "@chancery/formats/bytes";
import { FormatError } from "@chancery/formats/errors";
import { isObject, type JsonObject, type JsonValue, parseJson } from "@chancery/formats/json";
import { refusal } from "../refusal/index.ts";
import type { RequestedKey, SigningRequest } from "./signing-service.ts";

// JSON as grpc-gateway reads it: names in camelCase or as in the protobuf file, unknown ones passed
// over, null for absent, bytes in either base64 alphabet with or without padding.

/** As Fulcio limits messages. */
export const messageSizeBytesMax: number = 4 << 20;
const limits = { sizeBytesMax: messageSizeBytesMax, depthMax: 64, valuesMax: 10_000 };

/**
 * The body of `/api/v2/signingCert`; an empty one is an empty message. The algorithm that stands
 * beside a public key is not looked at: it is the key that says what it is.
 *
 * @param header the token of the `Authorization` header, which the body's goes before.
 * @throws FulcioRefusal `request-malformed`
 */
export function readSigningRequest(body: Uint8Array, header: string | undefined): SigningRequest {
  return reading(body, (message) => {
    const credentials = optionalObject(message, "credentials");
    const token = credentials && text(credentials, "oidcIdentityToken");
    const csr = bytes(message, "certificateSigningRequest");
    const withProof = optionalObject(message, "publicKeyRequest");
    if (csr && withProof) {
      throw malformed("the oneof dev.sigstore.fulcio.v2.key is set twice");
    }
    const publicKey = withProof && optionalObject(withProof, "publicKey");
    return {
      token: token === undefined || token === "" ? header : token,
      key: requestedKey(
        csr,
        utf8Bytes((publicKey && text(publicKey, "content")) ?? ""),
        withProof && bytes(withProof, "proofOfPossession"),
      ),
    };
  });
}

/** The body of `/api/v1/signingCert`. @throws FulcioRefusal `request-malformed` */
export function readLegacyRequest(body: Uint8Array, header: string | undefined): SigningRequest {
  return reading(body, (message) => {
    const publicKey = optionalObject(message, "publicKey");
    const csr = bytes(message, "certificateSigningRequest");
    return {
      token: header,
      key: requestedKey(
        csr,
        publicKey && bytes(publicKey, "content"),
        bytes(message, "signedEmailAddress"),
      ),
    };
  });
}

/** Where there is no request, a key is asked for: Fulcio's answer is that it cannot be parsed. */
export function requestedKey(
  csr: Uint8Array | undefined,
  publicKey: Uint8Array | undefined,
  proof: Uint8Array | undefined,
): RequestedKey {
  if (csr && csr.length > 0) return { certificateRequest: csr };
  return { publicKey: publicKey ?? new Uint8Array(0), proof: proof ?? new Uint8Array(0) };
}

function reading<T>(body: Uint8Array, read: (message: JsonObject) => T): T {
  try {
    const value = body.length === 0 ? {} : parseJson(body, "request", limits);
    if (!isObject(value)) throw malformed("the request is no JSON object");
    return read(value);
  } catch (cause) {
    if (!(cause instanceof FormatError)) throw cause;
    throw refusal("request-malformed", { text: cause.message, cause });
  }
}

/** A field by its JSON name, or by the name in the protobuf file. */
function field(message: JsonObject, name: string): Exclude<JsonValue, null> | undefined {
  const original = name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
  const values = [name, original].flatMap((key) =>
    Object.hasOwn(message, key) ? [message[key] ?? undefined] : [],
  );
  if (values.length > 1 && name !== original) throw malformed(`${name} is set twice`);
  return values[0];
}

function optionalObject(message: JsonObject, name: string): JsonObject | undefined {
  const value = field(message, name);
  if (value === undefined || isObject(value)) return value;
  throw malformed(`${name} is no object`);
}

function text(message: JsonObject, name: string): string | undefined {
  const value = field(message, name);
  if (value === undefined || typeof value === "string") return value;
  throw malformed(`${name} is no string`);
}

function bytes(message: JsonObject, name: string): Uint8Array | undefined {
  const value = text(message, name);
  if (value === undefined) return undefined;
  const standard = value
    .replaceAll("-", "+")
    .replaceAll("_", "/")
    .replace(/={1,2}$/, "");
  return decodeBase64(standard.padEnd(Math.ceil(standard.length / 4) * 4, "="), name);
}

function malformed(problem: string): Error {
  return refusal("request-malformed", { text: problem });
}
