// SPDX-License-Identifier: Apache-2.0
import { decodeBase64, encodeBase64, encodeHex } from "@chancery/formats/bytes";
import {
  type Algorithm,
  algorithmByName,
  decodeSpki,
  type PublicKey,
  sha256,
} from "@chancery/formats/crypto";
import { FormatError } from "@chancery/formats/errors";
import { ObjectDecoder, parseJson } from "@chancery/formats/json";
import type { Signer } from "./signer/index.ts";

/**
 * What is kept of a signature that some logs have yet to get: all that the entry takes and the
 * bundle does not hold. No secrets.
 */
export interface PendingEntry {
  /** Hex SHA-256 of the signature: tells which bundle this belongs to. */
  readonly signatureSha256: string;
  readonly publicKey: PublicKey;
  readonly algorithm: Algorithm;
  /** The logs that have yet to get it. */
  readonly logs: readonly { readonly url: string; readonly api: 1 | 2 }[];
}

/** How the file says what it is. */
export const pendingEntryMediaType = "application/vnd.chancery.pending-entry.v1+json";

const format = "pending entry";
const limits = { sizeBytesMax: 1 << 16, depthMax: 4, valuesMax: 128 } as const;
const logsMax = 16;

/** What is pending of a signature. */
export function pendingEntryOf(
  signature: Uint8Array,
  { publicKey, algorithm }: Pick<Signer, "publicKey" | "algorithm">,
  logs: PendingEntry["logs"],
): PendingEntry {
  return {
    signatureSha256: encodeHex(sha256(signature)),
    publicKey,
    algorithm,
    logs: logs.map(({ url, api }) => ({ url, api })),
  };
}

/** As JSON, with a line end. */
export function encodePendingEntry(pending: PendingEntry): string {
  const { signatureSha256, publicKey, algorithm, logs } = pending;
  const value = {
    mediaType: pendingEntryMediaType,
    signatureSha256,
    publicKey: { rawBytes: encodeBase64(publicKey.spki), keyDetails: algorithm.name },
    logs: logs.map(({ url, api }) => ({ url, majorApiVersion: api })),
  };
  return `${JSON.stringify(value, undefined, 2)}\n`;
}

/** @throws FormatError */
export function decodePendingEntry(json: Uint8Array): PendingEntry {
  const outer = new ObjectDecoder(parseJson(json, format, limits), format);
  outer.oneOf("mediaType", [pendingEntryMediaType]);
  const signatureSha256 = outer.string("signatureSha256");
  if (!/^[0-9a-f]{64}$/.test(signatureSha256)) {
    throw outer.error("malformed", "signatureSha256", "not a SHA-256 in hex");
  }
  const key = outer.object("publicKey");
  const publicKey = decodeSpki(decodeBase64(key.string("rawBytes"), key.place("rawBytes")));
  const algorithm = algorithmByName(key.string("keyDetails"));
  key.end();
  const logs = outer.objects("logs", logsMax).map((log) => {
    const url = log.string("url");
    const api = log.integer("majorApiVersion");
    log.end();
    if (api === 1 || api === 2) return { url, api } as const;
    throw new FormatError("unsupported", format, "logs", `version ${api} of Rekor's API`);
  });
  outer.end();
  if (logs.length === 0) throw outer.error("missing-field", "logs", "none is pending");
  return { signatureSha256, publicKey, algorithm, logs };
}
