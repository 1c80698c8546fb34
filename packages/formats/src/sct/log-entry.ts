// SPDX-License-Identifier: Apache-2.0
import { ByteReader, concatBytes, uintBytes } from "../bytes/index.ts";
import { FormatError } from "../errors/index.ts";
import {
  encodeTimestampedEntry,
  PRECERT_ENTRY,
  type Sct,
  type SctEntry,
  sctSignedData,
  TIMESTAMP_MS_MAX,
  tlsVector,
  X509_ENTRY,
} from "./sct.ts";

/** Largest index that a static CT log can state: 40 bits. */
export const leafIndexMax: number = 2 ** 40 - 1;
/** Most issuers of one entry: more make no path. */
export const tileLeafIssuersMax = 16;

const LEAF_INDEX = 0;
const FINGERPRINT_BYTES = 32;

/**
 * MerkleTreeLeaf (RFC 6962 §3.4): what is hashed into the tree. Its first two bytes mean version
 * and leaf type where those of the timestamp's signed data mean version and signature type; all of
 * them are zero, so the two are the same bytes.
 * @throws RangeError as `sctSignedData`
 */
export const encodeMerkleTreeLeaf: (
  timestamp: Pick<Sct, "timestampMs" | "extensions">,
  entry: SctEntry,
) => Uint8Array = sctSignedData;

/**
 * What `get-entries` answers beside the leaf (RFC 6962 §4.6), so that readers can build the chain.
 * @param issuers DER of the certificates above the one submitted, the issuing CA first.
 * @param precertificate DER of what was submitted, for a precertificate.
 * @throws RangeError for certificates of 16 MiB
 */
export function encodeExtraData(
  issuers: readonly Uint8Array[],
  precertificate?: Uint8Array,
): Uint8Array {
  const chain = tlsVector(concatBytes(...issuers.map((issuer) => tlsVector(issuer, 3))), 3);
  return precertificate ? concatBytes(tlsVector(precertificate, 3), chain) : chain;
}

/** TileLeaf of a static CT log (C2SP static-ct-api): an entry as its data tiles hold it. */
export interface TileLeaf {
  readonly timestampMs: number;
  /** CtExtensions, with the leaf index in it ({@link encodeLeafIndex}). */
  readonly extensions: Uint8Array;
  readonly entry: SctEntry;
  /** DER of the precertificate; present exactly where `entry` is one's TBSCertificate. */
  readonly precertificate?: Uint8Array;
  /** SHA-256 of each certificate above, the issuing CA first. */
  readonly issuers: readonly Uint8Array[];
}

/**
 * The bytes of one TileLeaf.
 * @throws RangeError for a precertificate with a certificate, or a TBSCertificate without one;
 *   fingerprints that are not of 32 bytes; as `sctSignedData`
 */
export function encodeTileLeaf(leaf: TileLeaf): Uint8Array {
  const { entry, precertificate, issuers } = leaf;
  if ("certificate" in entry !== (precertificate === undefined)) {
    throw new RangeError("a precertificate goes with its TBSCertificate, and nothing else");
  }
  if (issuers.some(({ length }) => length !== FINGERPRINT_BYTES)) {
    throw new RangeError(`a fingerprint has ${FINGERPRINT_BYTES} bytes`);
  }
  return concatBytes(
    encodeTimestampedEntry(leaf, entry),
    ...(precertificate ? [tlsVector(precertificate, 3)] : []),
    tlsVector(concatBytes(...issuers), 2),
  );
}

/**
 * Reads one TileLeaf off a data tile, where they stand one after the other. Certificates are not
 * looked into. Bytes are views into the input.
 *
 * @throws FormatError `truncated`; `unsupported` for another type of entry; `out-of-range` for a
 *   time beyond what a Date holds; `malformed` for fingerprints that are cut; `too-large` above
 *   {@link tileLeafIssuersMax}
 */
export function readTileLeaf(reader: ByteReader): TileLeaf {
  const timestamp = reader.uint64();
  if (timestamp > TIMESTAMP_MS_MAX) throw refused("out-of-range", `${timestamp} ms since 1970`);
  const type = reader.uint(2);
  const entry = readEntry(reader, type);
  const extensions = reader.vector(2);
  const precertificate = type === PRECERT_ENTRY ? reader.vector(3) : undefined;
  const fingerprints = reader.vector(2);
  const count = fingerprints.length / FINGERPRINT_BYTES;
  if (!Number.isInteger(count)) throw refused("malformed", "fingerprints of issuers that are cut");
  if (count > tileLeafIssuersMax) {
    throw refused("too-large", `${count} issuers, ${tileLeafIssuersMax} are read`);
  }
  const issuers = Array.from({ length: count }, (_, i) =>
    fingerprints.subarray(FINGERPRINT_BYTES * i, FINGERPRINT_BYTES * (i + 1)),
  );
  const head = { timestampMs: Number(timestamp), extensions, entry };
  return precertificate ? { ...head, precertificate, issuers } : { ...head, issuers };
}

function readEntry(reader: ByteReader, type: number): SctEntry {
  if (type === X509_ENTRY) return { certificate: reader.vector(3) };
  if (type !== PRECERT_ENTRY) throw refused("unsupported", `entry type ${type}`);
  return { issuerKeyHash: reader.bytes(FINGERPRINT_BYTES), tbs: reader.vector(3) };
}

/**
 * CtExtensions with the index of the entry (C2SP static-ct-api): 8 bytes.
 * @throws RangeError above {@link leafIndexMax}
 */
export function encodeLeafIndex(index: number): Uint8Array {
  return concatBytes(Uint8Array.of(LEAF_INDEX), tlsVector(uintBytes(index, 5), 2));
}

/**
 * The index of the entry out of CtExtensions; undefined where they have none, as of RFC 6962 logs.
 * Extensions of other types are passed over.
 * @throws FormatError `truncated`; `malformed` for an index that is not of five bytes;
 *   `duplicate-key` for a type that occurs twice
 */
export function decodeLeafIndex(extensions: Uint8Array): number | undefined {
  const reader = new ByteReader(extensions, "CT extensions");
  const types = new Set<number>();
  let index: number | undefined;
  while (reader.remaining > 0) {
    const type = reader.uint(1);
    const data = reader.vector(2);
    if (types.has(type)) throw refused("duplicate-key", `extension ${type} occurs twice`);
    types.add(type);
    if (type !== LEAF_INDEX) continue;
    if (data.length !== 5) throw refused("malformed", `a leaf index of ${data.length} bytes`);
    index = new ByteReader(data, "CT extensions").uint(5);
  }
  return index;
}

function refused(
  code: "out-of-range" | "unsupported" | "malformed" | "too-large" | "duplicate-key",
  problem: string,
): FormatError {
  return new FormatError(code, "CT log entry", "", problem);
}
