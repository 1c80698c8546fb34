// SPDX-License-Identifier: Apache-2.0
import { FormatError } from "@chancery/formats/errors";
import { isObject, type JsonObject, type JsonValue, parseJson } from "@chancery/formats/json";
import { ServiceError } from "../../errors.ts";
import { type EntryKindHandler, handlersOfKind } from "../entry/index.ts";
import { entryIdPattern, isEntryId } from "./entry-id.ts";

/** Queries in one `entries/retrieve`. */
export const searchQueriesMax = 10;

/** Codes of go-openapi's validation, which stand in the body while the status is 422. */
const wireCodes = {
  type: 601,
  required: 602,
  tooLong: 603,
  tooShort: 604,
  pattern: 605,
  oneOf: 606,
  minimum: 609,
  itemsMax: 611,
  itemsMin: 612,
} as const;

/** A refusal by the framework's validation, in its words. */
export function unprocessable(kind: keyof typeof wireCodes, message: string): ServiceError {
  return new ServiceError("unprocessable", message, { wireCode: wireCodes[kind] });
}

const semver =
  /^(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)(?:-((?:0|[1-9]\d*|\d*[a-zA-Z-][0-9a-zA-Z-]*)(?:\.(?:0|[1-9]\d*|\d*[a-zA-Z-][0-9a-zA-Z-]*))*))?(?:\+([0-9a-zA-Z-]+(?:\.[0-9a-zA-Z-]+)*))?$/;

/** Every kind that a Rekor v1 knows; those without a handler are refused by name. */
const rekorKinds: ReadonlySet<string> = new Set([
  "alpine",
  "cose",
  "dsse",
  "hashedrekord",
  "helm",
  "intoto",
  "jar",
  "rekord",
  "rfc3161",
  "rpm",
  "tuf",
]);

/** A proposed entry, its handler found. */
export interface ProposedEntry {
  readonly handler: EntryKindHandler;
  readonly spec: JsonObject;
}

/**
 * Reads a JSON body.
 * @param name of the parameter, for the refusals.
 * @throws ServiceError `unprocessable` where there is none, `malformed` where it is no JSON object.
 */
export function parseBody(body: Uint8Array, name: string, sizeBytesMax: number): JsonObject {
  if (body.length === 0) throw unprocessable("required", `${name} in body is required`);
  let value: JsonValue;
  try {
    value = parseJson(body, "JSON", { sizeBytesMax, depthMax: 64, valuesMax: 1 << 14 });
  } catch (cause) {
    if (!(cause instanceof FormatError)) throw cause;
    throw parseFailure(name, cause.message, cause);
  }
  if (isObject(value)) return value;
  throw parseFailure(name, "the value is not an object");
}

/** Reads a `ProposedEntry`. @throws ServiceError */
export function readProposedEntry(value: JsonObject): ProposedEntry {
  const { kind, apiVersion, spec } = value;
  if (typeof kind !== "string" || !rekorKinds.has(kind)) {
    const shown = typeof kind === "string" ? kind.slice(0, 64) : "";
    throw new ServiceError("unprocessable", `invalid kind value: ${JSON.stringify(shown)}`);
  }
  if (typeof apiVersion !== "string") {
    throw unprocessable("required", "apiVersion in body is required");
  }
  if (!semver.test(apiVersion)) {
    throw unprocessable("pattern", `apiVersion in body should match '${semver.source}'`);
  }
  if (spec === undefined || spec === null) {
    throw unprocessable("required", "spec in body is required");
  }
  const handlers = handlersOfKind(kind, 1);
  if (handlers.length === 0) {
    throw refusal(`entry kind '${kind}' is not enabled for submission on this server`);
  }
  const handler = handlers.find(({ version }) => version === apiVersion);
  if (!handler) {
    throw refusal(
      `${kind} implementation for version '${apiVersion}' not found: ` +
        `unable to locate entry for version ${apiVersion}`,
    );
  }
  if (!isObject(spec)) throw refusal("unsupported input type for DecodeEntry");
  return { handler, spec };
}

/** What `entries/retrieve` asks for. */
export interface LogQuery {
  readonly entryIds: readonly string[];
  readonly entries: readonly JsonObject[];
  readonly logIndexes: readonly number[];
}

/** Reads a `SearchLogQuery`. @throws ServiceError */
export function readLogQuery(value: JsonObject): LogQuery {
  const ids = list(value, "entryUUIDs").map((item, i) => {
    if (typeof item === "string" && isEntryId(item)) return item;
    throw unprocessable("pattern", `entryUUIDs.${i} in body should match '${entryIdPattern}'`);
  });
  const indexes = list(value, "logIndexes").map((item, i) => {
    if (typeof item !== "number" || !Number.isSafeInteger(item)) {
      throw parseFailure("entry", `logIndexes.${i} is not an integer`);
    }
    if (item >= 0) return item;
    const problem = `logIndexes.${i} in body should be greater than or equal to 0`;
    throw unprocessable("minimum", problem);
  });
  const entries = list(value, "entries").map((item, i) => {
    if (isObject(item)) return item;
    throw parseFailure("entry", `entries.${i} is not an object`);
  });
  if (ids.length + indexes.length + entries.length > searchQueriesMax) {
    throw new ServiceError(
      "unprocessable",
      `more than max allowed ${searchQueriesMax} entries in request`,
    );
  }
  return { entryIds: ids, entries, logIndexes: indexes };
}

/** What `index/retrieve` asks for; a member that is absent does not restrict. */
export interface IndexQuery {
  readonly operator: "and" | "or";
  readonly email?: string;
  readonly hash?: string;
  readonly subject?: string;
  readonly publicKey?: { readonly format: string; readonly content: string };
}

const hashPattern =
  "^(sha512:)?[0-9a-fA-F]{128}$|^(sha256:)?[0-9a-fA-F]{64}$|^(sha1:)?[0-9a-fA-F]{40}$";
const pkiFormats = ["pgp", "x509", "minisign", "ssh", "tuf"];
const operators = ["and", "or"] as const;
const subjectLengthMax = 512;

/** Reads a `SearchIndex`. @throws ServiceError */
export function readIndexQuery(value: JsonObject): IndexQuery {
  const email = text(value, "email");
  const hash = text(value, "hash");
  const subject = text(value, "subject");
  const operator = operators.find((known) => known === (text(value, "operator") ?? "or"));
  if (email !== undefined && !/^[^\s@]+@[^\s@]+$/.test(email)) {
    const shown = JSON.stringify(email);
    throw unprocessable("type", `email in body must be of type email: ${shown}`);
  }
  if (hash !== undefined && !new RegExp(hashPattern).test(hash)) {
    throw unprocessable("pattern", `hash in body should match '${hashPattern}'`);
  }
  if (!operator) throw unprocessable("oneOf", "operator in body should be one of [and or]");
  if (subject !== undefined && subject.length > subjectLengthMax) {
    const problem = `subject in body should be at most ${subjectLengthMax} chars long`;
    throw unprocessable("tooLong", problem);
  }
  const publicKey = readIndexKey(value);
  return {
    operator,
    ...(email === undefined ? {} : { email }),
    ...(hash === undefined ? {} : { hash }),
    ...(subject === undefined ? {} : { subject }),
    ...(publicKey === undefined ? {} : { publicKey }),
  };
}

/** A `hash` with the name of its function before it. */
export function prefixedHash(hash: string): string {
  if (hash.includes(":")) return hash.toLowerCase();
  const name = hash.length === 40 ? "sha1" : hash.length === 64 ? "sha256" : "sha512";
  return `${name}:${hash.toLowerCase()}`;
}

function readIndexKey(value: JsonObject): IndexQuery["publicKey"] {
  const object = value["publicKey"];
  if (object === undefined || object === null) return undefined;
  if (!isObject(object)) throw parseFailure("query", "publicKey is not an object");
  const format = text(object, "format");
  if (format === undefined) {
    throw unprocessable("required", "publicKey.format in body is required");
  }
  if (!pkiFormats.includes(format)) {
    const problem = `publicKey.format in body should be one of [${pkiFormats.join(" ")}]`;
    throw unprocessable("oneOf", problem);
  }
  return { format, content: text(object, "content") ?? "" };
}

/** A list that may be null, but where it is given not empty. */
function list(value: JsonObject, name: string): readonly JsonValue[] {
  const items = value[name] ?? undefined;
  if (items === undefined) return [];
  if (!Array.isArray(items)) throw parseFailure("entry", `${name} is not an array`);
  if (items.length === 0) {
    throw unprocessable("itemsMin", `${name} in body should have at least 1 items`);
  }
  if (items.length > searchQueriesMax) {
    const problem = `${name} in body should have at most ${searchQueriesMax} items`;
    throw unprocessable("itemsMax", problem);
  }
  return items;
}

/** A string that Go's decoder would take: null and empty are absent. */
function text(value: JsonObject, name: string): string | undefined {
  const found = value[name] ?? "";
  if (typeof found !== "string") throw parseFailure("query", `${name} is not a string`);
  return found === "" ? undefined : found;
}

function refusal(problem: string): ServiceError {
  return new ServiceError("invalid", `error processing entry: ${problem}`);
}

function parseFailure(name: string, problem: string, cause?: unknown): ServiceError {
  const message = `parsing ${name} body from "" failed, because ${problem}`;
  return new ServiceError("malformed", message, cause === undefined ? {} : { cause });
}
