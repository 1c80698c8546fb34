// SPDX-License-Identifier: Apache-2.0
import { ByteReader } from "../bytes/index.ts";
import { FormatError } from "../errors/index.ts";
import { tileWidth } from "./layout.ts";

/** Largest entry of a bundle: its length is carried in two bytes. */
export const bundleEntrySizeBytesMax = 0xffff;

const FORMAT = "entry bundle";
const LENGTH_SIZE_BYTES = 2;

/**
 * Writes an entry bundle (C2SP tlog-tiles): for each entry u16 length ‖ bytes.
 * @param entries up to 256.
 * @throws FormatError `too-large` for more entries, or a larger one than two bytes can count.
 */
export function encodeEntryBundle(entries: readonly Uint8Array[]): Uint8Array {
  if (entries.length > tileWidth) {
    throw new FormatError("too-large", FORMAT, "", `${entries.length} entries`);
  }
  const size = entries.reduce((sum, entry) => sum + LENGTH_SIZE_BYTES + entry.length, 0);
  const bundle = new Uint8Array(size);
  let offset = 0;
  for (const [i, entry] of entries.entries()) {
    if (entry.length > bundleEntrySizeBytesMax) {
      throw new FormatError("too-large", FORMAT, `entry ${i}`, `${entry.length} bytes`);
    }
    bundle[offset] = entry.length >> 8;
    bundle[offset + 1] = entry.length & 255;
    bundle.set(entry, offset + LENGTH_SIZE_BYTES);
    offset += LENGTH_SIZE_BYTES + entry.length;
  }
  return bundle;
}

/**
 * Reads an entry bundle.
 * @param width how many entries it must hold, 1 to 256.
 * @returns views of the input.
 * @throws FormatError `truncated` | `trailing-data`. Does not check any hash of the entries.
 */
export function decodeEntryBundle(bundle: Uint8Array, width: number): Uint8Array[] {
  const reader = new ByteReader(bundle, FORMAT);
  const entries = Array.from({ length: Math.min(width, tileWidth) }, () => reader.vector(2));
  reader.end();
  return entries;
}

/**
 * The first entries of a wider bundle: a partial bundle begins every wider version of itself.
 * @returns a view of the input.
 * @throws FormatError `truncated` where the bundle has fewer entries.
 */
export function sliceEntryBundle(bundle: Uint8Array, width: number): Uint8Array {
  const reader = new ByteReader(bundle, FORMAT);
  for (let i = 0; i < width; i++) reader.vector(LENGTH_SIZE_BYTES);
  return bundle.subarray(0, reader.offset);
}
