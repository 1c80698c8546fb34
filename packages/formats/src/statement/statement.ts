// SPDX-License-Identifier: Apache-2.0
import { bytesEqual, decodeHex } from "../bytes/index.ts";
import type { HashName } from "../crypto/index.ts";
import { type JsonObject, type JsonValue, ObjectDecoder, parseJson } from "../json/index.ts";

export const statementTypeV1 = "https://in-toto.io/Statement/v1";
export const statementTypeV01 = "https://in-toto.io/Statement/v0.1";

export interface StatementSubject {
  readonly name?: string;
  /** Algorithm → lower-case hex, as written; names are in-toto's (`sha256`, `gitCommit`…). */
  readonly digest: Readonly<Record<string, string>>;
}

/** An in-toto Statement (in-toto attestation spec, v0.1 and v1). */
export interface Statement {
  readonly type: typeof statementTypeV1 | typeof statementTypeV01;
  readonly subjects: readonly StatementSubject[];
  readonly predicateType: string;
  readonly predicate?: JsonObject | string;
  /** The whole document, for policies. */
  readonly document: JsonObject;
}

/** Limits of sigstore-go (`internal/limits`, `pkg/verify/signature.go`). */
const subjectsMax = 1024;
const digestsMax = 32;

/**
 * Reads a Statement from a DSSE payload.
 *
 * Fields that the specification does not name are allowed, as predicates and later versions add
 * them; the ones it names have their types. Digests are kept as text: algorithms that are unknown
 * here may be present.
 *
 * @throws FormatError
 */
export function decodeStatement(payload: Uint8Array): Statement {
  const document = parseJson(payload, "statement");
  const decoder = new ObjectDecoder(document, "statement");
  const type = decoder.oneOf("_type", [statementTypeV1, statementTypeV01]);
  const subjects = decoder.objects("subject", subjectsMax).map(decodeSubject);
  if (subjects.length === 0) throw decoder.error("missing-field", "subject", "holds no subject");
  const predicateType = decoder.string("predicateType");
  if (predicateType === "") throw decoder.error("missing-field", "predicateType", "is empty");
  const predicate = decoder.raw("predicate");
  const object = typeof predicate === "string" ? predicate : decoder.optionalObject("predicate");
  return {
    type,
    subjects,
    predicateType,
    ...(object === undefined ? {} : { predicate: predicate as JsonObject | string }),
    document: document as JsonObject,
  };
}

/**
 * The subjects whose digests name the artifact: at least one digest of a known algorithm must be
 * given and equal, and none given may differ. Names are not compared.
 */
export function matchingSubjects(
  statement: Statement,
  digests: Readonly<Partial<Record<HashName, Uint8Array>>>,
): StatementSubject[] {
  return statement.subjects.filter((subject) => {
    let matches = 0;
    for (const [algorithm, digest] of Object.entries(digests)) {
      const claimed = subject.digest[algorithm];
      if (claimed === undefined) continue;
      if (!/^[0-9a-f]+$/.test(claimed) || claimed.length % 2 !== 0) return false;
      if (!bytesEqual(decodeHex(claimed), digest)) return false;
      matches++;
    }
    return matches > 0;
  });
}

function decodeSubject(decoder: ObjectDecoder): StatementSubject {
  const name = decoder.optionalString("name");
  const digest = decoder.raw("digest") as JsonValue | undefined;
  const entries = digest === undefined ? [] : Object.keys(digest as JsonObject);
  if (entries.length > digestsMax) {
    throw decoder.error("too-large", "digest", `${entries.length} digests; at most ${digestsMax}`);
  }
  const map = decoder.object("digest");
  const digests: Record<string, string> = Object.create(null) as Record<string, string>;
  for (const algorithm of entries) digests[algorithm] = map.string(algorithm);
  return { ...(name === undefined ? {} : { name }), digest: digests };
}
