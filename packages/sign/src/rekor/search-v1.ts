// SPDX-License-Identifier: Apache-2.0
import { decodeHex } from "@chancery/formats/bytes";
import { ObjectDecoder, parseJson } from "@chancery/formats/json";

/** What entries are searched for; all that is given must hold. */
export interface LogSearchQuery {
  /** `<algorithm>:<hex>` of an artifact. */
  readonly digest?: string;
  /** SHA-256 of a SubjectPublicKeyInfo, hex: finds the bare key and its certificates. */
  readonly key?: string;
  /** Subject alternative name of a certificate. */
  readonly identity?: string;
  /** The same, or an in-toto subject: its name, or `<algorithm>:<digest>`. */
  readonly subject?: string;
  /** RFC 3339, both included. */
  readonly since?: string;
  readonly until?: string;
  /** At most so many entries; the server has its own limit, too. */
  readonly limit?: string;
  /** `nextCursor` of the page before. */
  readonly cursor?: string;
}

/** An entry that was found: where it is, and its leaf. Proofs are to be had under its id. */
export interface FoundEntry {
  readonly id: string;
  readonly logIndex: bigint;
  /** Seconds since 1970. */
  readonly integratedTime: bigint;
  readonly kind: string;
  readonly kindVersion: string;
  readonly body: Uint8Array;
}

/** Newest first. */
export interface FoundPage {
  readonly entries: readonly FoundEntry[];
  /** Absent on the last page. */
  readonly nextCursor?: string;
}

const format = "search result";
const entriesMax = 1 << 10;
const limits = { sizeBytesMax: 64 << 20, depthMax: 8, valuesMax: 1 << 15 } as const;

/** Reads a page of `GET /api/v1/log/search`. @throws FormatError. Verifies nothing. */
export function decodeFoundPage(json: Uint8Array): FoundPage {
  const page = new ObjectDecoder(parseJson(json, format, limits), format);
  const entries = page.objects("entries", entriesMax).map((item) => {
    const id = item.string("uuid");
    if (decodeHex(id, item.place("uuid")).length !== 40) {
      throw item.error("malformed", "uuid", "is not an entry's id");
    }
    return {
      id,
      logIndex: item.uint64("logIndex"),
      integratedTime: item.uint64("integratedTime"),
      kind: item.string("kind"),
      kindVersion: item.string("apiVersion"),
      body: item.bytes("body"),
    };
  });
  const nextCursor = page.optionalString("nextCursor");
  return { entries, ...(nextCursor === undefined ? {} : { nextCursor }) };
}
