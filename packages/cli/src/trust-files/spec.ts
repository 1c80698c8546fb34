// SPDX-License-Identifier: Apache-2.0
import { parseRfc3339 } from "@chancery/formats/json";
import { usageError } from "../framework/index.ts";

/** A service as it is described on the command line: `url=https://…,start-time=…`. */
export interface Spec {
  /** The flag, for messages. */
  readonly flag: string;
  readonly values: ReadonlyMap<string, string>;
}

/**
 * Takes a list of `key=value` apart. Values hold no commas; white space around keys and values does
 * not count, as in cosign. Unlike there, keys that are not known or given twice are refused.
 * @throws CliError
 */
export function readSpec(
  text: string,
  flag: string,
  keys: { readonly required: readonly string[]; readonly optional: readonly string[] },
): Spec {
  const known = [...keys.required, ...keys.optional];
  const hint = `${flag} ${keys.required.map((key) => `${key}=…`).join(",")}`;
  const values = new Map<string, string>();
  for (const pair of text.split(",")) {
    const equals = pair.indexOf("=");
    if (equals === -1) {
      throw usageError(`${flag}: ${JSON.stringify(pair)} is not key=value`, hint);
    }
    const key = pair.slice(0, equals).trim();
    const value = pair.slice(equals + 1).trim();
    if (!known.includes(key)) {
      throw usageError(`${flag}: unknown key ${JSON.stringify(key)}`, `one of ${known.join(", ")}`);
    }
    if (values.has(key)) throw usageError(`${flag}: ${key} is given twice`, hint);
    // An empty optional value is as good as none, as in cosign.
    if (value !== "") values.set(key, value);
  }
  const missing = keys.required.find((key) => !values.has(key));
  if (missing !== undefined) throw usageError(`${flag}: ${missing} is missing`, hint);
  return { flag, values };
}

/** The instants of `start-time` and `end-time`, where they are given. @throws CliError */
export function readPeriod({ flag, values }: Spec): { start?: Date; end?: Date } {
  const start = readTime(values.get("start-time"), `${flag}: start-time`);
  const end = readTime(values.get("end-time"), `${flag}: end-time`);
  if (start && end && end < start) {
    throw usageError(`${flag}: the end-time lies before the start-time`, "check both times");
  }
  return { ...(start ? { start } : {}), ...(end ? { end } : {}) };
}

function readTime(text: string | undefined, name: string): Date | undefined {
  if (text === undefined) return undefined;
  const time = parseRfc3339(text);
  if (time) return time;
  const message = `${name} is ${JSON.stringify(text)}, not a time of RFC 3339`;
  throw usageError(message, "write it like 2024-01-01T00:00:00Z");
}
