// SPDX-License-Identifier: Apache-2.0
import { FormatError } from "../errors/index.ts";
import type { ObjectDecoder } from "../json/index.ts";

/**
 * When a key, a certificate authority or a service is in use (`TimeRange` of protobuf-specs). Both
 * ends belong to it.
 *
 * The wire holds nanoseconds, a `Date` milliseconds. A fraction beyond milliseconds is rounded into
 * the period, the start up and the end down, so that an instant of whole milliseconds lies in the
 * period read exactly where it lies in the period written.
 */
export interface ValidityPeriod {
  readonly start: Date;
  /** Absent: in use until further notice. */
  readonly end?: Date;
}

/** What a protobuf Timestamp can hold. */
const yearMax = 9999;

/**
 * Reads the period in the field `name`.
 * @throws FormatError `missing-field` also for a period without start: one that never began is not
 *   one that always was; `out-of-range` for an end before the start; `malformed`; `unknown-field`.
 */
export function decodeValidity(parent: ObjectDecoder, name: string): ValidityPeriod {
  const decoder = parent.object(name);
  const start = instant(decoder, "start", "up");
  const end = decoder.has("end") ? instant(decoder, "end", "down") : undefined;
  decoder.end();
  if (end && end < start) throw decoder.error("out-of-range", "end", "lies before the start");
  return end ? { start, end } : { start };
}

/** The JSON form of a period; times in UTC, fractions only where they are not zero. */
export function encodeValidity(period: ValidityPeriod): { start: string; end?: string } {
  const start = encodeTime(period.start);
  return period.end ? { start, end: encodeTime(period.end) } : { start };
}

/** Whether the instant lies in the period, both ends included. */
export function periodContains(period: ValidityPeriod, instant: Date): boolean {
  return period.start <= instant && (period.end === undefined || instant <= period.end);
}

function encodeTime(time: Date): string {
  const year = time.getUTCFullYear();
  if (!(year >= 0 && year <= yearMax)) {
    throw new FormatError("out-of-range", "validity period", "", `year ${year} has no JSON form`);
  }
  return time.toISOString().replace(".000Z", "Z");
}

function instant(decoder: ObjectDecoder, name: string, rounding: "up" | "down"): Date {
  const cut = decoder.time(name);
  const isCut = /\.\d{3}0*[1-9]/.test(decoder.string(name));
  const time = isCut && rounding === "up" ? new Date(cut.getTime() + 1) : cut;
  const year = time.getUTCFullYear();
  if (!(year >= 0 && year <= yearMax)) {
    throw decoder.error("out-of-range", name, `lies in the year ${year} in UTC`);
  }
  return time;
}
