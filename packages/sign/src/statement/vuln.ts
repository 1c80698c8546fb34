// SPDX-License-Identifier: Apache-2.0
import { isObject, type JsonObject, type JsonValue, parseRfc3339 } from "@chancery/formats/json";
import { malformed, type PredicateKind, readObject } from "./predicate.ts";
import { writeJson } from "./write-json.ts";

/** What Go writes for a time that was never set. */
const TIME_UNSET = "0001-01-01T00:00:00Z";

/**
 * The result of a vulnerability scanner. As in cosign, exactly the members of the predicate are
 * written: others are dropped and missing ones are empty.
 */
export const vuln: PredicateKind = {
  name: "vuln",
  predicateType: "https://cosign.sigstore.dev/attestation/vuln/v1",
  encode(content) {
    const root = readObject(content);
    const invocation = member(root, "invocation");
    const scanner = member(root, "scanner");
    const db = member(scanner, "db");
    const metadata = member(root, "metadata");
    return writeJson({
      invocation: {
        parameters: invocation["parameters"] ?? null,
        uri: text(invocation, "uri"),
        event_id: text(invocation, "event_id"),
        "builder.id": text(invocation, "builder.id"),
      },
      scanner: {
        uri: text(scanner, "uri"),
        version: text(scanner, "version"),
        db: { uri: text(db, "uri"), version: text(db, "version") },
        result: scanner["result"] ?? null,
      },
      metadata: {
        scanStartedOn: time(metadata, "scanStartedOn"),
        scanFinishedOn: time(metadata, "scanFinishedOn"),
      },
    });
  },
};

function member(object: JsonObject, name: string): JsonObject {
  const value: JsonValue = object[name] ?? {};
  if (isObject(value)) return value;
  throw malformed(`predicate: ${name} is not an object`);
}

function text(object: JsonObject, name: string): string {
  const value = object[name] ?? "";
  if (typeof value === "string") return value;
  throw malformed(`predicate: ${name} is not a string`);
}

function time(object: JsonObject, name: string): string {
  const value = text(object, name) || TIME_UNSET;
  if (parseRfc3339(value)) return value;
  throw malformed(`predicate: ${name} is not an RFC 3339 time`);
}
