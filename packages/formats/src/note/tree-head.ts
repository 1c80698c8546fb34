// SPDX-License-Identifier: Apache-2.0
import { ByteReader, concatBytes, decodeUtf8, uintBytes } from "../bytes/index.ts";
import { type PublicKey, type SignatureScheme, verifySignature } from "../crypto/index.ts";
import { FormatError } from "../errors/index.ts";
import { treeHeadSignedData } from "../sct/index.ts";
import { parseCheckpoint } from "./checkpoint.ts";

/** What a CT log's signature line holds (C2SP static-ct-api): a tree head of RFC 6962. */
export interface TreeHeadSignature {
  /** When the tree head was signed: milliseconds since 1970. */
  readonly timestampMs: number;
  /** DigitallySigned (RFC 5246 §4.7), as `get-sth` answers it too. */
  readonly digitallySigned: Uint8Array;
}

const FORMAT = "tree head signature";
const SHA256 = 4;
const signatureAlgorithms: Readonly<Partial<Record<PublicKey["type"], number>>> = { rsa: 1, ec: 3 };

/** The bytes after the key hash: u64 time ‖ DigitallySigned. @throws RangeError for no time */
export function encodeTreeHeadSignature(signature: TreeHeadSignature): Uint8Array {
  return concatBytes(uintBytes(signature.timestampMs, 8), signature.digitallySigned);
}

/**
 * Reads what {@link encodeTreeHeadSignature} writes.
 * @throws FormatError `truncated`; `trailing-data`; `out-of-range` for a time of 2^53 ms or more
 */
export function decodeTreeHeadSignature(bytes: Uint8Array): TreeHeadSignature {
  const { timestampMs, digitallySigned } = read(bytes);
  return { timestampMs, digitallySigned };
}

/**
 * Whether a key signed the checkpoint in a note's text as a tree head. Never throws on what does
 * not hold, such as a text with extension lines, which a tree head cannot cover.
 *
 * @param name of the key: a CT log's is its origin.
 */
export function verifyTreeHeadSignature(
  { name, key, scheme }: Readonly<{ name: string; key: PublicKey; scheme: SignatureScheme }>,
  textBytes: Uint8Array,
  bytes: Uint8Array,
): boolean {
  try {
    const { timestampMs, hashAlgorithm, signatureAlgorithm, signature } = read(bytes);
    if (hashAlgorithm !== SHA256 || signatureAlgorithm !== signatureAlgorithms[key.type]) {
      return false;
    }
    const { origin, size, rootHash, extensions } = parseCheckpoint(decodeUtf8(textBytes));
    if (origin !== name || extensions.length > 0) return false;
    const signed = treeHeadSignedData({ timestampMs, treeSize: size, rootHash });
    return verifySignature(key, scheme, signed, signature);
  } catch (cause) {
    if (cause instanceof FormatError) return false;
    throw cause;
  }
}

function read(bytes: Uint8Array): TreeHeadSignature & {
  readonly hashAlgorithm: number;
  readonly signatureAlgorithm: number;
  readonly signature: Uint8Array;
} {
  const reader = new ByteReader(bytes, FORMAT);
  const timestampMs = Number(reader.uint64());
  if (!Number.isSafeInteger(timestampMs)) {
    throw new FormatError("out-of-range", FORMAT, "", `${timestampMs} ms since 1970`);
  }
  const digitallySigned = bytes.subarray(reader.offset);
  const [hashAlgorithm, signatureAlgorithm] = [reader.uint(1), reader.uint(1)];
  const signature = reader.vector(2);
  reader.end();
  return { timestampMs, digitallySigned, hashAlgorithm, signatureAlgorithm, signature };
}
