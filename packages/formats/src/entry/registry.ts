// SPDX-License-Identifier: Apache-2.0
import { utf8Bytes } from "../bytes/index.ts";
import { FormatError } from "../errors/index.ts";
import { canonicalizeJcs, ObjectDecoder, parseJson } from "../json/index.ts";
import { dsseV001 } from "./dsse-v001.ts";
import { dsseV002 } from "./dsse-v002.ts";
import type { EntryClaims, EntryKind } from "./entry.ts";
import { hashedrekordV001 } from "./hashedrekord-v001.ts";
import { hashedrekordV002 } from "./hashedrekord-v002.ts";
import { intotoV002 } from "./intoto-v002.ts";

/** Every kind of entry whose stored form is understood. */
const entryKinds: readonly EntryKind[] = [
  hashedrekordV001,
  hashedrekordV002,
  dsseV001,
  dsseV002,
  intotoV002,
];

/** Limits of a stored entry: kinds that hold whole attestations reach a few megabytes. */
const limits = { sizeBytesMax: 16 << 20, depthMax: 16, valuesMax: 1 << 10 } as const;

const format = "log entry";

/** Major version of the Rekor API whose logs store the kind; undefined where it is not known. */
export function entryApiVersion(kind: string, version: string): 1 | 2 | undefined {
  return findEntryKind(kind, version)?.api;
}

/**
 * Reads the stored ("canonicalized") body of an entry.
 * @throws FormatError `unknown-kind`, among others
 */
export function decodeEntryBody(body: Uint8Array): {
  readonly kind: string;
  readonly version: string;
  readonly claims: EntryClaims;
} {
  const decoder = new ObjectDecoder(parseJson(body, format, limits), format);
  const kind = decoder.string("kind");
  const version = decoder.string("apiVersion");
  const spec = decoder.object("spec");
  decoder.end();
  return { kind, version, claims: requireKind(kind, version).decode(spec) };
}

/**
 * The body a log stores for the claims, in canonical JSON (RFC 8785): the leaf of its tree.
 * @throws FormatError `unknown-kind`
 */
export function encodeEntryBody(kind: string, version: string, claims: EntryClaims): Uint8Array {
  const spec = requireKind(kind, version).encode(claims);
  return utf8Bytes(canonicalizeJcs({ apiVersion: version, kind, spec }));
}

function requireKind(kind: string, version: string): EntryKind {
  const found = findEntryKind(kind, version);
  if (found) return found;
  throw new FormatError("unknown-kind", format, "", `${kind} ${version} is not known`);
}

function findEntryKind(kind: string, version: string): EntryKind | undefined {
  return entryKinds.find((known) => known.kind === kind && known.version === version);
}
