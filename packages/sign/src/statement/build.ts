// SPDX-License-Identifier: Apache-2.0
import { encodeHex, utf8Bytes } from "@chancery/formats/bytes";
import { type HashName, hashSizes } from "@chancery/formats/crypto";
import { statementTypeV01 } from "@chancery/formats/statement";
import { SignError } from "../errors.ts";
import { predicateKind } from "./kinds.ts";

export interface StatementInput {
  /** What the attestation is about: cosign's are always about one artifact, by SHA-256. */
  readonly subject: {
    /** File name or repository. */
    readonly name: string;
    readonly digests: Readonly<Partial<Record<HashName, Uint8Array>>>;
  };
  /** A short name (`predicateKinds`) or a URI. */
  readonly type: string;
  /** Content of the predicate's file. */
  readonly predicate: Uint8Array;
  /** When the attestation is made. */
  readonly now: Date;
}

/**
 * Builds an in-toto Statement v0.1, as cosign does, around a predicate file.
 *
 * Where cosign passes a predicate through its own schemas, dropping members it does not know and
 * rounding large numbers, the file's JSON is taken as it is; `vuln` excepted (see `kinds.ts`).
 *
 * @returns the JSON, to be signed byte for byte.
 * @throws SignError `unsupported-predicate-type` | `malformed-predicate` | `malformed-statement`
 */
export function buildStatement({ subject, type, predicate, now }: StatementInput): Uint8Array {
  const kind = predicateKind(type);
  const digests = Object.entries(subject.digests) as [HashName, Uint8Array][];
  if (digests.length === 0 || digests.some(([name, { length }]) => length !== hashSizes[name])) {
    throw new SignError("malformed-statement", "a subject needs a digest of its hash's size");
  }
  const digest = Object.fromEntries(digests.map(([name, bytes]) => [name, encodeHex(bytes)]));
  const head = JSON.stringify({
    _type: statementTypeV01,
    predicateType: kind.predicateType,
    subject: [{ name: subject.name, digest }],
  });
  // The predicate's text is put in as it is: it must not be parsed and written again.
  return utf8Bytes(`${head.slice(0, -1)},"predicate":${kind.encode(predicate, now)}}`);
}
