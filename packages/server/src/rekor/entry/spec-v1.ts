// SPDX-License-Identifier: Apache-2.0
import { decodeBase64, utf8Bytes } from "@chancery/formats/bytes";
import { FormatError } from "@chancery/formats/errors";
import { canonicalizeJcs, isObject, type JsonObject, type JsonValue } from "@chancery/formats/json";
import { ServiceError } from "../../errors.ts";

// Rekor v1 reads a `spec` leniently: names it does not know and values of another type count as
// absent, and base64 may hold line breaks. What is stored is written anew, so nothing of that
// reaches the log.

/** A refusal of what is inside `spec`. */
export function invalidEntry(problem: string, cause?: unknown): ServiceError {
  const options = cause === undefined ? {} : { cause };
  return new ServiceError("invalid", `error processing entry: ${problem}`, options);
}

/** A refusal of a field by the schema, as Go's OpenAPI runtime words it. */
export function fieldMissing(path: string): ServiceError {
  return invalidEntry(`validation failure list:\n${path} in body is required`);
}

/** A refusal of a value that is not in an enumeration. */
export function fieldNotOneOf(path: string, allowed: readonly string[]): ServiceError {
  return invalidEntry(
    `validation failure list:\n${path} in body should be one of [${allowed.join(" ")}]`,
  );
}

/** The object under the name, undefined where it is absent or no object. */
export function objectField(object: JsonObject | undefined, name: string): JsonObject | undefined {
  const value = object?.[name];
  return isObject(value) ? value : undefined;
}

/** The string under the name, undefined where it is absent or no string. */
export function stringField(object: JsonObject | undefined, name: string): string | undefined {
  const value = object?.[name];
  return typeof value === "string" ? value : undefined;
}

/** The items of the array under the name, empty where it is absent or no array. */
export function arrayField(object: JsonObject | undefined, name: string): readonly JsonValue[] {
  const value = object?.[name];
  return Array.isArray(value) ? value : [];
}

/**
 * The bytes of the base64 text under the name; absent and empty are undefined.
 * @param what names the field in the refusal, such as `signature content`.
 */
export function bytesField(
  object: JsonObject | undefined,
  name: string,
  what: string,
): Uint8Array | undefined {
  const text = stringField(object, name);
  return text === undefined || text === "" ? undefined : base64Text(text, what);
}

/** Standard base64 with padding, line breaks allowed as Go's decoder skips them. */
export function base64Text(text: string, what: string): Uint8Array {
  try {
    return decodeBase64(/[\r\n]/.test(text) ? text.replaceAll(/[\r\n]/g, "") : text);
  } catch (cause) {
    if (!(cause instanceof FormatError)) throw cause;
    throw invalidEntry(`failed parsing base64 data for ${what}: ${cause.message}`, cause);
  }
}

/** A digest as the schema has it: `{algorithm, value}`, of which neither need be sensible. */
export interface ProposedHash {
  readonly algorithm: string | undefined;
  readonly value: string | undefined;
}

export function hashField(object: JsonObject | undefined, name: string): ProposedHash | undefined {
  const hash = objectField(object, name);
  if (!hash) return undefined;
  return { algorithm: stringField(hash, "algorithm"), value: stringField(hash, "value") };
}

/**
 * A complete SHA-256 digest out of a proposal.
 * @param path of the field, for the refusal.
 * @returns `value` as it was sent, in either case.
 */
export function sha256Hash(
  hash: ProposedHash,
  path: string,
): { readonly algorithm: "sha256"; readonly value: string } {
  if (hash.algorithm === undefined) throw fieldMissing(`${path}.algorithm`);
  if (hash.value === undefined) throw fieldMissing(`${path}.value`);
  if (hash.algorithm !== "sha256") throw fieldNotOneOf(`${path}.algorithm`, ["sha256"]);
  if (!/^[0-9a-fA-F]{64}$/.test(hash.value)) throw invalidEntry("invalid value for hash");
  return { algorithm: "sha256", value: hash.value };
}

/** The leaf of a Rekor log: canonical JSON (RFC 8785) of kind, version and spec. */
export function canonicalBody(kind: string, version: string, spec: JsonObject): Uint8Array {
  return utf8Bytes(canonicalizeJcs({ apiVersion: version, kind, spec }));
}
