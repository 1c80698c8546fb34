// SPDX-License-Identifier: Apache-2.0
import { ByteReader } from "@chancery/formats/bytes";
import { tileWidth } from "@chancery/formats/tiles";
import { LogError } from "../errors.ts";
import type { EntryFormat } from "./entry-format.ts";
import { entryFormats } from "./entry-formats.ts";

/** Bytes of a search key: a truncated hash of what is searched for. */
export const searchKeySizeBytes = 16;

/** Limits on one entry, of the format `tlog`. */
export const entryLimits: Readonly<
  Record<"sizeBytesMax" | "keysMax" | "attachmentSizeBytesMax", number>
> = {
  sizeBytesMax: entryFormats.tlog.sizeBytesMax,
  keysMax: 255,
  attachmentSizeBytesMax: 16 << 20,
};

/** What is logged: the entry's bytes, and what is kept beside it. */
export interface EntryInput {
  /** Up to 65,535 bytes, the leaf hash SHA-256(00 ‖ bytes); other formats: `EntryFormat`. */
  readonly bytes: Uint8Array;
  /** Search keys of 16 bytes, one after the other, up to 255. */
  readonly keys?: Uint8Array;
  /** Bytes that belong to the entry and are not in the tree, such as an attestation. */
  readonly attachment?: Uint8Array;
}

/**
 * @throws LogError `too-large` | `malformed` for keys that are not of 16 bytes each, and for what
 *   is no entry of the format
 */
export function checkEntry(entry: EntryInput, format: EntryFormat): void {
  const { bytes, keys, attachment } = entry;
  if (bytes.length > format.sizeBytesMax) throw tooLarge("the entry", bytes.length);
  const refusal = format.refusal(bytes);
  if (refusal !== undefined) throw new LogError("malformed", `the entry is ${refusal}`);
  if (keys && keys.length > entryLimits.keysMax * searchKeySizeBytes) {
    throw tooLarge("the list of search keys", keys.length);
  }
  if (keys && keys.length % searchKeySizeBytes !== 0) {
    throw new LogError("malformed", `search keys of ${keys.length} bytes in all`);
  }
  if (attachment && attachment.length > entryLimits.attachmentSizeBytesMax) {
    throw tooLarge("the attachment", attachment.length);
  }
}

/**
 * Entries of one commit, as they are stored in one row.
 *
 *     u8 1 ‖ u32 count ‖ u48 time ms × count ‖ u32 length ‖ entries as in a bundle
 *       ‖ (u8 keys ‖ 16 bytes × keys) × count ‖ u32 attachments ‖ (u32 position ‖ u32 length ‖ …)
 */
export class Batch {
  readonly first: number;
  readonly count: number;
  /** What is stored; everything below is a view of it. */
  readonly payload: Uint8Array;
  readonly #times: Uint8Array;
  readonly #entries: Uint8Array;
  readonly #lengthSize: number;
  readonly #offsets: Uint32Array;
  /** Where in the payload the number of each entry's keys is; and the end. */
  readonly #keyOffsets: Uint32Array;
  readonly #attachments: ReadonlyMap<number, Uint8Array>;

  /** Reads a stored batch. @throws LogError `corrupt` */
  constructor(first: number, count: number, payload: Uint8Array, format: EntryFormat) {
    this.first = first;
    this.#lengthSize = format.lengthSizeBytes;
    this.count = count;
    this.payload = payload;
    try {
      const reader = new ByteReader(payload, "batch");
      if (reader.uint(1) !== VERSION || reader.uint(4) !== count) throw new Error("its header");
      this.#times = reader.bytes(count * TIME_SIZE);
      this.#entries = reader.vector(4);
      this.#offsets = entryOffsets(this.#entries, count, format);
      this.#keyOffsets = keyOffsets(payload, reader.offset, count);
      reader.bytes((this.#keyOffsets[count] as number) - reader.offset);
      this.#attachments = new Map(
        Array.from({ length: reader.uint(4) }, () => [reader.uint(4), reader.vector(4)] as const),
      );
      reader.end();
    } catch (cause) {
      throw new LogError("corrupt", `the batch at ${first} is damaged`, "run log fsck", { cause });
    }
  }

  /** Index after the last one. */
  get end(): number {
    return this.first + this.count;
  }

  /** @param index of the log, as everywhere here. */
  entry(index: number): Uint8Array {
    const i = index - this.first;
    return this.#entries.subarray(
      (this.#offsets[i] as number) + this.#lengthSize,
      this.#offsets[i + 1],
    );
  }

  /** Entries as in a bundle, for indexes `from` to `end`. */
  bundlePart(from: number, end: number): Uint8Array {
    const offsets = this.#offsets;
    return this.#entries.subarray(offsets[from - this.first], offsets[end - this.first]);
  }

  timeMs(index: number): number {
    const at = (index - this.first) * TIME_SIZE;
    return readTime(this.#times.subarray(at, at + TIME_SIZE));
  }

  /** Search keys of the entry, one after the other. */
  keys(index: number): Uint8Array {
    const i = index - this.first;
    return this.payload.subarray(
      (this.#keyOffsets[i] as number) + 1,
      this.#keyOffsets[i + 1] as number,
    );
  }

  attachment(index: number): Uint8Array | undefined {
    return this.#attachments.get(index - this.first);
  }
}

/** Makes a batch of entries that were checked. @param timesMs whole, one for each entry */
export function makeBatch(
  first: number,
  entries: readonly EntryInput[],
  timesMs: readonly number[],
  format: EntryFormat,
): Batch {
  const lengthSize = format.lengthSizeBytes;
  const count = entries.length;
  let entriesSize = 0;
  let keysSize = 0;
  let attachmentsSize = 0;
  for (const { bytes, keys, attachment } of entries) {
    entriesSize += lengthSize + bytes.length;
    keysSize += 1 + (keys?.length ?? 0);
    attachmentsSize += attachment ? 8 + attachment.length : 0;
  }
  const header = 5 + count * TIME_SIZE;
  const payload = new Uint8Array(header + 4 + entriesSize + keysSize + 4 + attachmentsSize);
  const view = new DataView(payload.buffer);
  payload[0] = VERSION;
  view.setUint32(1, count);
  view.setUint32(header, entriesSize);
  let [entryAt, keyAt] = [header + 4, header + 4 + entriesSize];
  const attachmentsAt = keyAt + keysSize;
  let attachmentAt = attachmentsAt + 4;
  let attachments = 0;
  for (const [i, { bytes, keys, attachment }] of entries.entries()) {
    writeTime(view, 5 + i * TIME_SIZE, timesMs[i] as number);
    if (lengthSize === 2) view.setUint16(entryAt, bytes.length);
    payload.set(bytes, entryAt + lengthSize);
    entryAt += lengthSize + bytes.length;
    payload[keyAt] = (keys?.length ?? 0) / searchKeySizeBytes;
    if (keys) payload.set(keys, keyAt + 1);
    keyAt += 1 + (keys?.length ?? 0);
    if (!attachment) continue;
    attachments++;
    view.setUint32(attachmentAt, i);
    view.setUint32(attachmentAt + 4, attachment.length);
    payload.set(attachment, attachmentAt + 8);
    attachmentAt += 8 + attachment.length;
  }
  view.setUint32(attachmentsAt, attachments);
  return new Batch(first, count, payload, format);
}

/** What is kept of a full bundle's entries beside their bytes. */
export interface EntryNotes {
  readonly timeMs: number;
  /** Search keys, one after the other. */
  readonly keys: Uint8Array;
  readonly hasAttachment: boolean;
}

/** Writes the notes of a full bundle: (u48 time ms ‖ u8 attachment ‖ u8 keys ‖ …) × 256. */
export function encodeNotes(notes: readonly EntryNotes[]): Uint8Array {
  const size = notes.reduce((sum, { keys }) => sum + TIME_SIZE + 2 + keys.length, 0);
  const bytes = new Uint8Array(size);
  const view = new DataView(bytes.buffer);
  let at = 0;
  for (const { timeMs, keys, hasAttachment } of notes) {
    writeTime(view, at, timeMs);
    bytes[at + TIME_SIZE] = hasAttachment ? 1 : 0;
    bytes[at + TIME_SIZE + 1] = keys.length / searchKeySizeBytes;
    bytes.set(keys, at + TIME_SIZE + 2);
    at += TIME_SIZE + 2 + keys.length;
  }
  return bytes;
}

/** Reads the notes of a full bundle. @throws FormatError `truncated` | `trailing-data` */
export function decodeNotes(bytes: Uint8Array): EntryNotes[] {
  const reader = new ByteReader(bytes, "entry notes");
  const notes = Array.from({ length: tileWidth }, () => {
    const timeMs = reader.uint(TIME_SIZE);
    const hasAttachment = reader.uint(1) === 1;
    return { timeMs, hasAttachment, keys: reader.bytes(reader.uint(1) * searchKeySizeBytes) };
  });
  reader.end();
  return notes;
}

/**
 * Time of one entry out of the notes of a full bundle, the others passed over.
 * @param position 0 to 255. @throws FormatError `truncated`
 */
export function timeInNotes(bytes: Uint8Array, position: number): number {
  let at = 0;
  for (let i = 0; i < position; i++) {
    at += TIME_SIZE + 2 + (bytes[at + TIME_SIZE + 1] ?? 0) * searchKeySizeBytes;
  }
  return new ByteReader(bytes.subarray(at), "entry notes").uint(TIME_SIZE);
}

const VERSION = 1;
const TIME_SIZE = 6;

function entryOffsets(entries: Uint8Array, count: number, format: EntryFormat): Uint32Array {
  const offsets = new Uint32Array(count + 1);
  let at = 0;
  for (let i = 0; i < count; i++) {
    offsets[i] = at;
    at = format.endOf(entries, at);
  }
  if (at !== entries.length) throw new Error("the lengths of its entries");
  offsets[count] = at;
  return offsets;
}

/** What lies beyond the payload is left for the reader to refuse. */
function keyOffsets(payload: Uint8Array, start: number, count: number): Uint32Array {
  const offsets = new Uint32Array(count + 1);
  let at = start;
  for (let i = 0; i < count; i++) {
    offsets[i] = at;
    at += 1 + (payload[at] ?? 0) * searchKeySizeBytes;
  }
  offsets[count] = at;
  return offsets;
}

function readTime(bytes: Uint8Array): number {
  let time = 0;
  for (const byte of bytes) time = time * 256 + byte;
  return time;
}

function writeTime(view: DataView, at: number, timeMs: number): void {
  view.setUint16(at, Math.floor(timeMs / 2 ** 32));
  view.setUint32(at + 2, timeMs % 2 ** 32);
}

function tooLarge(what: string, sizeBytes: number): LogError {
  return new LogError("too-large", `${what} has ${sizeBytes} bytes`);
}
