// SPDX-License-Identifier: Apache-2.0
import { decodeUtf8 } from "@chancery/formats/bytes";

/** What an entry is. */
export interface BodyKind {
  readonly kind: string;
  readonly apiVersion: string;
}

/** Kind and version stand in front: the members of a canonical body are sorted. */
const prefixSizeBytes = 128;

/** Reads kind and version of a canonical body; empty where it is none. */
export function bodyKind(body: Uint8Array): BodyKind {
  const start = decodeUtf8(body.subarray(0, prefixSizeBytes).filter((byte) => byte < 0x80));
  const [, apiVersion = "", kind = ""] =
    /^\{"apiVersion":"([^"]*)","kind":"([^"]*)"/.exec(start) ?? [];
  return { kind, apiVersion };
}
