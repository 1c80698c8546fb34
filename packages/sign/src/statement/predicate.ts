// SPDX-License-Identifier: Apache-2.0
import { decodeUtf8 } from "@chancery/formats/bytes";
import { FormatError } from "@chancery/formats/errors";
import { isObject, type JsonObject, parseJson } from "@chancery/formats/json";
import { SignError } from "../errors.ts";

/** How the file given as a predicate becomes the predicate of a Statement. */
export interface PredicateKind {
  /** Name on the command line (`--type`). */
  readonly name: string;
  /** `predicateType` of the Statement. */
  readonly predicateType: string;
  /**
   * The predicate as JSON text.
   * @param now stands in predicates that hold the time they were made.
   * @throws SignError `malformed-predicate`
   */
  encode(content: Uint8Array, now: Date): string;
}

/**
 * A JSON object that is taken as it is, character for character: numbers keep their digits and
 * members their order, which reading and writing them again would not.
 */
export function verbatimObject(content: Uint8Array): string {
  readObject(content);
  return readText(content).trim();
}

/** The content as a JSON object. @throws SignError `malformed-predicate` */
export function readObject(content: Uint8Array): JsonObject {
  let value;
  try {
    value = parseJson(content, "predicate");
  } catch (cause) {
    if (!(cause instanceof FormatError)) throw cause;
    throw malformed(cause.message, cause);
  }
  if (isObject(value)) return value;
  throw malformed("predicate: not a JSON object");
}

/** The content as text. @throws SignError `malformed-predicate` where it is not UTF-8 */
export function readText(content: Uint8Array): string {
  try {
    return decodeUtf8(content, "predicate");
  } catch (cause) {
    if (!(cause instanceof FormatError)) throw cause;
    throw malformed("the predicate is not text in UTF-8", cause);
  }
}

export function malformed(message: string, cause?: unknown): SignError {
  return new SignError(
    "malformed-predicate",
    message,
    "check the file, and that --type says what it is",
    cause === undefined ? undefined : { cause },
  );
}

/** RFC 3339 in UTC with whole seconds, as Go writes it. */
export function rfc3339(time: Date): string {
  return time.toISOString().replace(/\.\d+Z$/, "Z");
}
