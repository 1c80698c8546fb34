// SPDX-License-Identifier: Apache-2.0
import { createReadStream } from "node:fs";
import { open, readFile, stat } from "node:fs/promises";
import { concatBytes } from "@chancery/formats/bytes";
import { CliError, fileError, type Invocation, usageError } from "../framework/index.ts";
import { pathOf } from "./paths.ts";

/**
 * Files up to this size are read into memory, where native code signs and verifies in one call;
 * larger ones are streamed.
 */
export const inMemoryBytesMax: number = 64 << 20;

const chunkBytes = 1 << 20;

/** Content to sign or verify: a file, a pipe, or standard input. */
export interface Content {
  /** As it was typed; `-` for standard input. */
  readonly label: string;
  /** Bytes, where that is known before reading. */
  readonly sizeBytes?: number;
  /** The content itself, where it was small enough. */
  readonly bytes?: Uint8Array;
  /** Starts reading. */
  readonly open: () => AsyncIterable<Uint8Array>;
  /** Whether reading is possible only once. */
  readonly once: boolean;
}

/**
 * Opens what a command's argument names.
 * @throws CliError where it does not exist, is a folder, or may not be read
 */
export async function openContent(
  label: string,
  { io, signal }: Pick<Invocation<unknown>, "io" | "signal">,
): Promise<Content> {
  if (label === "-") return { label, open: () => io.stdin, once: true };
  const path = pathOf(io, label);
  const read = (): AsyncIterable<Uint8Array> => readChunks(path, label, signal);
  try {
    const info = await stat(path);
    if (info.isDirectory()) throw Object.assign(new Error("directory"), { code: "EISDIR" });
    if (!info.isFile()) return { label, open: read, once: true };
    if (info.size <= inMemoryBytesMax) {
      const bytes = await readFile(path, { signal });
      return { label, bytes, sizeBytes: bytes.length, open: () => one(bytes), once: false };
    }
    const handle = await open(path, "r"); // whether it may be read shows before anything is asked
    await handle.close();
    return { label, sizeBytes: info.size, open: read, once: false };
  } catch (error) {
    throw fileError(error, label, addressHint(label));
  }
}

/**
 * Reads a whole file of which at most `sizeBytesMax` bytes make sense; `-` is standard input.
 * @param what names it in the error, such as `bundle`.
 * @throws CliError
 */
export async function readWhole(
  label: string,
  what: string,
  sizeBytesMax: number,
  invocation: Pick<Invocation<unknown>, "io" | "signal">,
): Promise<Uint8Array> {
  const content = await openContent(label, invocation);
  return collect(content, what, sizeBytesMax);
}

/** All of the content in memory. @throws CliError `file-too-large` */
export async function collect(
  content: Content,
  what: string,
  sizeBytesMax: number,
): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let length = content.sizeBytes ?? 0;
  if (length <= sizeBytesMax) {
    if (content.bytes) return content.bytes;
    length = 0;
    for await (const chunk of content.open()) {
      length += chunk.length;
      if (length > sizeBytesMax) break;
      chunks.push(chunk);
    }
    if (length <= sizeBytesMax) return concatBytes(...chunks);
  }
  const message = `${content.label}: more than ${sizeBytesMax} bytes, too much for a ${what}`;
  throw new CliError("usage", "file-too-large", message, { hint: `name the ${what}` });
}

/** Takes exactly one of the inputs from standard input. @throws CliError where two want it */
export function checkStdinOnce(labels: Readonly<Record<string, string | undefined>>): void {
  const takers = Object.entries(labels).filter(([, label]) => label === "-");
  if (takers.length < 2) return;
  const names = takers.map(([name]) => name).join(" and ");
  throw usageError(`${names} cannot both be standard input`, "write one of them to a file");
}

async function* readChunks(
  path: string,
  label: string,
  signal: AbortSignal,
): AsyncIterable<Uint8Array> {
  try {
    const stream = createReadStream(path, { highWaterMark: chunkBytes, signal });
    yield* stream as AsyncIterable<Uint8Array>;
  } catch (error) {
    throw fileError(error, label);
  }
}

async function* one(bytes: Uint8Array): AsyncIterable<Uint8Array> {
  yield bytes;
}

function addressHint(label: string): string | undefined {
  return /^https?:\/\//.test(label) ? "download it first, and name the file" : undefined;
}
