// SPDX-License-Identifier: Apache-2.0
import type { ServiceConfiguration, SigningService } from "@chancery/formats/trust";
import { usageError } from "../framework/index.ts";
import { readPeriod, readSpec } from "./spec.ts";

const serviceKeys = {
  required: ["url", "api-version", "start-time", "operator"],
  optional: ["end-time"],
};
const uint32Max = 0xffff_ffff;

/** A service of a signing config. Whether the URL is one shows when the config is made. */
export function readService(text: string, flag: string): SigningService {
  const spec = readSpec(text, flag, serviceKeys);
  const { start, end } = readPeriod(spec) as { start: Date; end?: Date };
  return {
    url: spec.values.get("url") as string,
    majorApiVersion: readCount(spec.values.get("api-version") as string, `${flag}: api-version`),
    validFor: end ? { start, end } : { start },
    operator: spec.values.get("operator") as string,
  };
}

/** How many services a signer uses: `ANY`, `ALL` or `EXACT:N`. @throws CliError */
export function readSelector(text: string, flag: string): ServiceConfiguration {
  const colon = text.indexOf(":");
  const selector = (colon === -1 ? text : text.slice(0, colon)).toUpperCase();
  const count = colon === -1 ? undefined : text.slice(colon + 1);
  if ((selector === "ANY" || selector === "ALL") && count === undefined) return { selector };
  if (selector === "EXACT" && count !== undefined) {
    const number = readCount(count, flag);
    if (number > 0) return { selector, count: number };
  }
  throw usageError(`${flag} is ${JSON.stringify(text)}, not ANY, ALL or EXACT:N`, `${flag} ANY`);
}

function readCount(text: string, name: string): number {
  const number = /^[0-9]+$/.test(text) ? Number(text) : Number.NaN;
  if (number <= uint32Max) return number;
  throw usageError(`${name} is ${JSON.stringify(text)}, not a number of 32 bits`);
}
