// SPDX-License-Identifier: Apache-2.0
import { parseRfc3339 } from "@chancery/formats/json";
import { ServiceError } from "../../errors.ts";
import { type SearchSpace, searchTextLengthMax } from "../search-keys.ts";

/** What is searched for; everything given must hold. */
export interface SearchQuery {
  /** For each criterion the keys of which an entry must have one. */
  readonly criteria: readonly (readonly SearchTerm[])[];
  /** Instants in milliseconds, both included. */
  readonly sinceMs: number | undefined;
  readonly untilMs: number | undefined;
  /** Only entries with a lower index in the tree. */
  readonly before: number | undefined;
  readonly limit: number;
}

export interface SearchTerm {
  readonly space: SearchSpace;
  readonly text: string;
}

/** Entries on one page. */
export const pageLimits: Readonly<Record<"default" | "max", number>> = { default: 20, max: 100 };

/** The parameters by name, as the OpenAPI document describes them. */
export const searchParameters: Readonly<Record<string, string>> = {
  digest: "digest of the artifact, `<algorithm>:<hex>` or hex alone",
  key: "SHA-256 of the SubjectPublicKeyInfo (DER), hex; finds bare keys and certificates",
  identity: "subject alternative name of the certificate: e-mail, URI…, in letters of either case",
  subject: "in-toto subject: its name, or `<algorithm>:<digest>`",
  since: "RFC 3339 time: entries logged then or later",
  until: "RFC 3339 time: entries logged then or before",
  limit: `entries on a page, 1 to ${pageLimits.max}, ${pageLimits.default} where absent`,
  cursor: "`nextCursor` of the page before",
};

const digestLengths: Readonly<Record<number, string>> = {
  40: "sha1",
  64: "sha256",
  96: "sha384",
  128: "sha512",
};

/**
 * Reads the parameters of a search.
 * @throws ServiceError `malformed`, naming the parameter; also for names that are none, as a
 *   criterion that is overlooked would find too much.
 */
export function readSearchQuery(parameters: Readonly<Record<string, unknown>>): SearchQuery {
  for (const [name, value] of Object.entries(parameters)) {
    if (!Object.hasOwn(searchParameters, name)) throw refused(name, "is not a parameter");
    if (typeof value !== "string") throw refused(name, "is given more than once");
    if (value === "") throw refused(name, "is empty");
    if (value.length > searchTextLengthMax) throw refused(name, "is too long");
  }
  const texts = parameters as Readonly<Partial<Record<string, string>>>;
  const { digest, key, identity, subject } = texts;
  const criteria: SearchTerm[][] = [];
  if (digest !== undefined) criteria.push([{ space: "text", text: digestText(digest) }]);
  if (key !== undefined) criteria.push([{ space: "key", text: keyText(key) }]);
  if (identity !== undefined) criteria.push([{ space: "text", text: identity }]);
  if (subject !== undefined) {
    criteria.push([
      { space: "name", text: subject },
      { space: "text", text: subject },
    ]);
  }
  return {
    criteria,
    sinceMs: time(texts["since"], "since"),
    untilMs: time(texts["until"], "until"),
    before: integer(texts["cursor"], "cursor", 0, Number.MAX_SAFE_INTEGER),
    limit: integer(texts["limit"], "limit", 1, pageLimits.max) ?? pageLimits.default,
  };
}

function digestText(text: string): string {
  const [, name, hex] = /^(?:([a-zA-Z0-9_-]+):)?([0-9a-fA-F]+)$/.exec(text) ?? [];
  if (hex === undefined) throw refused("digest", "is not <algorithm>:<hex>");
  const algorithm = name?.toLowerCase() ?? digestLengths[hex.length];
  if (algorithm === undefined) {
    throw refused("digest", `has ${hex.length} digits, which tell no algorithm: write it before`);
  }
  return `${algorithm}:${hex}`;
}

function keyText(text: string): string {
  if (/^[0-9a-fA-F]{64}$/.test(text)) return text;
  throw refused("key", "is not a SHA-256 digest of 64 hex digits");
}

function time(text: string | undefined, name: string): number | undefined {
  if (text === undefined) return undefined;
  const parsed = parseRfc3339(text);
  if (parsed) return parsed.getTime();
  throw refused(name, "is not an RFC 3339 time, such as 2026-01-31T12:00:00Z");
}

function integer(
  text: string | undefined,
  name: string,
  min: number,
  max: number,
): number | undefined {
  if (text === undefined) return undefined;
  const value = /^(0|[1-9][0-9]{0,15})$/.test(text) ? Number(text) : Number.NaN;
  if (value >= min && value <= max) return value;
  throw refused(name, `is not a whole number from ${min} to ${max}`);
}

function refused(name: string, problem: string): ServiceError {
  return new ServiceError("malformed", `${name} ${problem}`);
}
