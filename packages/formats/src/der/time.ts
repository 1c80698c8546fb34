// SPDX-License-Identifier: Apache-2.0
import { type DerReader, Tag } from "./reader.ts";

const UTC_TIME = /^(\d{2})(\d{2})(\d{2})(\d{2})(\d{2})(\d{2})Z$/;
const GENERALIZED_TIME = /^(\d{4})(\d{2})(\d{2})(\d{2})(\d{2})(\d{2})(?:\.(\d*[1-9]))?Z$/;

/**
 * Reads a UTCTime or GeneralizedTime in the DER form (X.690 §11.7, §11.8; two-digit years as in
 * RFC 5280 §4.1.2.5.1). Fractions, legal in a GeneralizedTime, are cut to milliseconds.
 *
 * @throws FormatError `wrong-type` | `malformed`
 */
export function readTime(reader: DerReader): Date {
  const tag = reader.peek();
  const { content } = reader.element(tag === Tag.utcTime ? tag : Tag.generalizedTime);
  const text = String.fromCharCode(...content.subarray(0, 32));
  const parts = (tag === Tag.utcTime ? UTC_TIME : GENERALIZED_TIME).exec(text);
  if (!parts || content.length > 32) {
    throw reader.error("malformed", `time ${JSON.stringify(text)}`);
  }
  const [year, month, day, hour, minute, second] = parts.slice(1, 7).map(Number) as [
    number,
    number,
    number,
    number,
    number,
    number,
  ];
  const century = tag === Tag.utcTime ? (year < 50 ? 2000 : 1900) : 0;
  const millisecond = Number((parts[7] ?? "0").slice(0, 3).padEnd(3, "0"));
  const date = new Date(0);
  date.setUTCFullYear(century + year, month - 1, day);
  date.setUTCHours(hour, minute, second, millisecond);
  // Date rolls 31 February over into March: what comes back must be what was written.
  if (
    date.getUTCMonth() !== month - 1 ||
    date.getUTCDate() !== day ||
    date.getUTCHours() !== hour ||
    date.getUTCMinutes() !== minute ||
    date.getUTCSeconds() !== second
  ) {
    throw reader.error("malformed", `time ${JSON.stringify(text)} does not exist`);
  }
  return date;
}
