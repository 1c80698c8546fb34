// SPDX-License-Identifier: Apache-2.0
import { isObject, type JsonValue } from "@chancery/formats/json";

/** Names and indexes from the root of the claims down. */
export type JsonPath = readonly (string | number)[];

const step = /\.([A-Za-z_][A-Za-z0-9_-]*)|\[(?:'([^'\\]*)'|"([^"\\]*)"|([0-9]{1,4}))\]/y;

/**
 * Reads the part of JSONPath that names one value: `$.a.b`, `$['a']["b"]`, `$.list[0]`.
 * @returns undefined for everything else: wildcards, filters, slices, descent
 */
export function parseJsonPath(text: string): JsonPath | undefined {
  if (!text.startsWith("$") || text.length > 256) return undefined;
  const steps: (string | number)[] = [];
  for (let offset = 1; offset < text.length; offset = step.lastIndex) {
    step.lastIndex = offset;
    const match = step.exec(text);
    if (!match) return undefined;
    const [, name, single, double, index] = match;
    steps.push(name ?? single ?? double ?? Number(index));
  }
  return steps.length === 0 ? undefined : steps;
}

/** The value at a path; undefined where there is none. */
export function valueAt(root: JsonValue, path: JsonPath): JsonValue | undefined {
  let value: JsonValue | undefined = root;
  for (const name of path) {
    if (typeof name === "number") value = Array.isArray(value) ? value[name] : undefined;
    else value = isObject(value) ? value[name] : undefined;
  }
  return value;
}
