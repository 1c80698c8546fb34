// SPDX-License-Identifier: Apache-2.0
import type { JsonValue } from "@chancery/formats/json";

/** JSON text of a value that was parsed, big integers with all their digits. */
export function writeJson(value: JsonValue): string {
  if (typeof value === "bigint") return String(value);
  if (Array.isArray(value)) return `[${value.map(writeJson).join(",")}]`;
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  const members = Object.entries(value).map(
    ([name, member]) => `${JSON.stringify(name)}:${writeJson(member)}`,
  );
  return `{${members.join(",")}}`;
}
