// SPDX-License-Identifier: Apache-2.0
import { ByteReader } from "@chancery/formats/bytes";
import type { NoteSignature, NoteVerifier } from "@chancery/formats/note";
import type { AppendedItem, EngineLimits, LogHead } from "../engine/index.ts";
import { LogError, type LogErrorCode } from "../errors.ts";
import type { EntryFormatName, EntryInput } from "../record/index.ts";

/** What the worker is started with. */
export interface WorkerStart {
  /** This module, for the second thread. */
  readonly url: string;
  readonly folder: string;
  readonly origin: string;
  readonly format: EntryFormatName;
  /** The key itself, or, where the other side signs, only how its signatures are verified. */
  readonly signer:
    | { readonly name: string; readonly pkcs8: Uint8Array }
    | { readonly verifier: NoteVerifier };
  readonly seen: readonly Uint8Array[];
  readonly limits: Partial<EngineLimits>;
}

/** What the second thread is started with: whose objects it writes. */
export interface HelperStart {
  readonly helps: string;
}

/** To the worker. */
export type Request =
  | { readonly type: "append"; readonly id: number; readonly entries: ArrayBuffer }
  | { readonly type: "call"; readonly id: number; readonly call: Call }
  | { readonly type: "signed"; readonly id: number; readonly signature: NoteSignature }
  | { readonly type: "not-signed"; readonly id: number; readonly problem: string };

/** Questions to the log, by the method of `LogReader` that answers. */
export type Call =
  | {
      readonly method: "tile";
      readonly level: number;
      readonly index: number;
      readonly width: number;
    }
  | { readonly method: "bundle"; readonly index: number; readonly width: number }
  | { readonly method: "entry" | "attachment" | "leafHash" | "rootAt"; readonly index: number }
  | { readonly method: "indexOf"; readonly leafHash: Uint8Array }
  | { readonly method: "keepBlob"; readonly bytes: Uint8Array }
  | { readonly method: "blob"; readonly digest: Uint8Array }
  | { readonly method: "inclusionProof"; readonly index: number; readonly size: number }
  | { readonly method: "consistencyProof"; readonly oldSize: number; readonly newSize: number }
  | {
      readonly method: "search";
      readonly key: Uint8Array;
      readonly before: number;
      readonly limit: number;
    }
  | { readonly method: "metrics" | "close" };

/** From the worker. */
export type Reply =
  | { readonly type: "open"; readonly head: LogHead }
  | {
      readonly type: "appended";
      readonly id: number;
      readonly head: LogHead;
      readonly items: ArrayBuffer;
    }
  | { readonly type: "result"; readonly id: number; readonly value: unknown }
  | { readonly type: "failed"; readonly id: number | undefined; readonly error: PlainError }
  | { readonly type: "problem"; readonly error: PlainError }
  | {
      readonly type: "sign";
      readonly id: number;
      readonly textBytes: Uint8Array;
      readonly timeMs: number;
    };

/** An error's fields, which cross between threads where the object does not. */
export interface PlainError {
  readonly code: LogErrorCode;
  readonly message: string;
  readonly hint: string;
}

/** An error as it crosses between threads. */
export function plainError(cause: unknown): PlainError {
  if (cause instanceof LogError) {
    return { code: cause.code, message: cause.message, hint: cause.hint };
  }
  const words = cause instanceof Error ? (cause.stack ?? cause.message) : String(cause);
  return { code: "storage", message: words, hint: "" };
}

export function errorFrom({ code, message, hint }: PlainError): LogError {
  return new LogError(code, message, hint);
}

const NO_ATTACHMENT = 0xffffffff;

/** Entries in one buffer to hand over: (u32 ‖ bytes ‖ u16 ‖ keys ‖ u32 ‖ attachment) × count. */
export function packEntries(entries: readonly EntryInput[]): ArrayBuffer {
  let size = 4;
  for (const { bytes, keys, attachment } of entries) {
    size += 10 + bytes.length + (keys?.length ?? 0) + (attachment?.length ?? 0);
  }
  const packed = new Uint8Array(size);
  const view = new DataView(packed.buffer);
  view.setUint32(0, entries.length);
  let at = 4;
  for (const { bytes, keys, attachment } of entries) {
    view.setUint32(at, bytes.length);
    packed.set(bytes, at + 4);
    at += 4 + bytes.length;
    view.setUint16(at, keys?.length ?? 0);
    if (keys) packed.set(keys, at + 2);
    at += 2 + (keys?.length ?? 0);
    view.setUint32(at, attachment?.length ?? NO_ATTACHMENT);
    if (attachment) packed.set(attachment, at + 4);
    at += 4 + (attachment?.length ?? 0);
  }
  return packed.buffer;
}

/** @returns views of the buffer. */
export function unpackEntries(buffer: ArrayBuffer): EntryInput[] {
  const reader = new ByteReader(new Uint8Array(buffer), "entries");
  return Array.from({ length: reader.uint(4) }, () => {
    const entry = { bytes: reader.vector(4), keys: reader.vector(2) };
    const length = reader.uint(4);
    return length === NO_ATTACHMENT ? entry : { ...entry, attachment: reader.bytes(length) };
  });
}

/** Places in one buffer: (u48 index ‖ u48 time ‖ u8 duplicate ‖ u16 length ‖ proof) × count. */
export function packItems(items: readonly AppendedItem[]): ArrayBuffer {
  const size = items.reduce((sum, { proof }) => sum + ITEM_HEADER + proof.length, 0);
  const packed = new Uint8Array(size);
  const view = new DataView(packed.buffer);
  let at = 0;
  for (const { index, timeMs, duplicate, proof } of items) {
    view.setUint16(at, Math.floor(index / 2 ** 32));
    view.setUint32(at + 2, index % 2 ** 32);
    view.setUint16(at + 6, Math.floor(timeMs / 2 ** 32));
    view.setUint32(at + 8, timeMs % 2 ** 32);
    packed[at + 12] = duplicate ? 1 : 0;
    view.setUint16(at + 13, proof.length);
    packed.set(proof, at + ITEM_HEADER);
    at += ITEM_HEADER + proof.length;
  }
  return packed.buffer;
}

/** @returns views of the buffer. */
export function unpackItems(buffer: ArrayBuffer): AppendedItem[] {
  const reader = new ByteReader(new Uint8Array(buffer), "items");
  const items: AppendedItem[] = [];
  while (reader.remaining > 0) {
    const [index, timeMs, duplicate] = [reader.uint(6), reader.uint(6), reader.uint(1) === 1];
    items.push({ index, timeMs, duplicate, proof: reader.vector(2) });
  }
  return items;
}

const ITEM_HEADER = 15;
