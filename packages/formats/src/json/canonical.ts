// SPDX-License-Identifier: Apache-2.0
import { FormatError } from "../errors/index.ts";
import type { JsonValue } from "./parse.ts";

/** Nesting that a serialiser follows before it refuses. */
const depthMax = 64;

/**
 * Canonical JSON of RFC 8785 (JCS): names sorted by UTF-16 code units, no white space, numbers as
 * ECMAScript prints them.
 *
 * @throws FormatError `unsupported` for what has no JCS form: NaN, infinities, integers beyond
 *   2^53, lone surrogates; `too-deep`.
 */
export function canonicalizeJcs(value: JsonValue): string {
  return serialize(value, jcsScalar, 0);
}

/**
 * Canonical JSON as OLPC defined it and TUF signs it: names sorted by code points, only `\` and `"`
 * escaped, control characters raw, integers only. Not the same function as JCS.
 *
 * @throws FormatError `unsupported` for numbers with a fraction or beyond 2^53 (as `number`), and
 *   for lone surrogates, which UTF-8 cannot carry; `too-deep`.
 */
export function canonicalizeOlpc(value: JsonValue): string {
  return serialize(value, olpcScalar, 0);
}

type Scalar = (value: null | boolean | number | bigint | string) => string;

function serialize(value: JsonValue, scalar: Scalar, depth: number): string {
  if (depth > depthMax) {
    throw new FormatError("too-deep", "canonical JSON", "", `more than ${depthMax} levels`);
  }
  if (Array.isArray(value)) {
    return `[${value.map((item) => serialize(item, scalar, depth + 1)).join(",")}]`;
  }
  if (typeof value !== "object" || value === null) return scalar(value);
  const names = Object.keys(value).sort(scalar === olpcScalar ? byCodePoint : undefined);
  const members = names.map(
    (name) => `${scalar(name)}:${serialize(value[name] as JsonValue, scalar, depth + 1)}`,
  );
  return `{${members.join(",")}}`;
}

function jcsScalar(value: null | boolean | number | bigint | string): string {
  if (typeof value === "number" && !Number.isFinite(value)) throw unsupported(String(value));
  if (typeof value === "bigint") throw unsupported(`the integer ${value}, beyond 2^53`);
  if (typeof value === "string" && !value.isWellFormed()) throw unsupported("a lone surrogate");
  return JSON.stringify(value);
}

function olpcScalar(value: null | boolean | number | bigint | string): string {
  if (typeof value === "string" && !value.isWellFormed()) throw unsupported("a lone surrogate");
  if (typeof value === "string") return `"${value.replace(/["\\]/g, "\\$&")}"`;
  if (typeof value === "number" && !Number.isSafeInteger(value)) {
    throw unsupported(`the number ${value}, which is not an integer`);
  }
  return String(value);
}

/** Code unit order differs from code point order only where surrogates meet U+E000 and above. */
function byCodePoint(a: string, b: string): number {
  const [left, right] = [Array.from(a), Array.from(b)];
  for (let i = 0; i < Math.min(left.length, right.length); i++) {
    const difference =
      ((left[i] as string).codePointAt(0) as number) -
      ((right[i] as string).codePointAt(0) as number);
    if (difference !== 0) return difference;
  }
  return left.length - right.length;
}

function unsupported(what: string): FormatError {
  return new FormatError("unsupported", "canonical JSON", "", `${what} has no canonical form`);
}
