// SPDX-License-Identifier: Apache-2.0

/**
 * Strict JSON: reading with duplicate names refused, typed access with paths, and the two canonical
 * forms that are signed (RFC 8785 in Rekor, OLPC in TUF).
 */
export { canonicalizeJcs, canonicalizeOlpc } from "./canonical.ts";
export { isObject, ObjectDecoder, parseRfc3339 } from "./decoder.ts";
export {
  type JsonLimits,
  jsonLimitsDefault,
  type JsonObject,
  type JsonValue,
  parseJson,
} from "./parse.ts";
