// SPDX-License-Identifier: Apache-2.0
import {
  bundlePath,
  type BundleReference,
  sliceEntryBundle,
  tileHashSizeBytes,
  tilePath,
  type TileReference,
  tileWidth,
} from "@chancery/formats/tiles";
import { LogError } from "../errors.ts";

/** The part of `fetch` that is used here, so that tests and proxies can take its place. */
export type Fetch = (
  url: string,
  init: {
    readonly method?: string;
    readonly headers?: Readonly<Record<string, string>>;
    readonly body?: string;
    readonly signal: AbortSignal;
    readonly redirect: "error";
  },
) => Promise<Response>;

/** Largest answers that are read: a note, a tile, a bundle of 256 entries of 65,535 bytes. */
const answerSizeBytesMax = { checkpoint: 1 << 20, tile: 8192, bundle: 256 * (2 + 0xffff) } as const;

const timeoutMs = 30_000;

/** Reads a tiled log over HTTP (C2SP tlog-tiles). Nothing it answers has been verified. */
export class RemoteLog {
  readonly #url: string;
  readonly #fetch: Fetch;

  /** @param url the log's prefix, with or without a slash at its end */
  constructor(url: string, fetch: Fetch) {
    this.#url = url.replace(/\/+$/, "");
    this.#fetch = fetch;
  }

  /** @throws LogError `unreachable` */
  async checkpoint(): Promise<Uint8Array> {
    return this.#need("checkpoint", answerSizeBytesMax.checkpoint);
  }

  /** A tile of exactly its width. @throws LogError `unreachable` | `malformed` */
  async tile(tile: TileReference): Promise<Uint8Array> {
    const bytes = await this.#partial(tilePath(tile), tilePath({ ...tile, width: tileWidth }));
    if (bytes.length < tile.width * tileHashSizeBytes) {
      throw new LogError("malformed", `${tilePath(tile)} is too short`);
    }
    return bytes.subarray(0, tile.width * tileHashSizeBytes);
  }

  /** A bundle of exactly its width. @throws LogError `unreachable`; FormatError */
  async bundle(bundle: BundleReference): Promise<Uint8Array> {
    const full = bundlePath({ ...bundle, width: tileWidth });
    const bytes = await this.#partial(bundlePath(bundle), full, answerSizeBytesMax.bundle);
    return sliceEntryBundle(bytes, bundle.width);
  }

  /** A partial file, or the full one that may have taken its place. */
  async #partial(
    path: string,
    fullPath: string,
    sizeMax: number = answerSizeBytesMax.tile,
  ): Promise<Uint8Array> {
    const found = await this.#get(path, sizeMax);
    return found ?? this.#need(fullPath, sizeMax);
  }

  async #need(path: string, sizeMax: number): Promise<Uint8Array> {
    const found = await this.#get(path, sizeMax);
    if (!found) throw new LogError("unreachable", `${this.#url}/${path}: 404 Not Found`);
    return found;
  }

  async #get(path: string, sizeMax: number): Promise<Uint8Array | undefined> {
    const url = `${this.#url}/${path}`;
    const signal = AbortSignal.timeout(timeoutMs);
    let response: Response;
    try {
      response = await this.#fetch(url, { signal, redirect: "error" });
      if (response.status === 404) {
        await response.body?.cancel();
        return undefined;
      }
      if (response.status === 200) return await readAtMost(response, sizeMax);
    } catch (cause) {
      if (cause instanceof LogError) throw cause;
      throw new LogError("unreachable", `${url}: ${String(cause)}`, "", { cause });
    }
    await response.body?.cancel();
    throw new LogError("unreachable", `${url}: HTTP ${response.status}`);
  }
}

/** The body of an answer. @throws LogError `too-large` once it is longer */
export async function readAtMost(response: Response, sizeMax: number): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  let length = 0;
  for await (const part of response.body ?? []) {
    length += part.length;
    if (length > sizeMax) {
      throw new LogError("too-large", `${response.url} answers more than ${sizeMax} bytes`);
    }
    parts.push(part);
  }
  const bytes = new Uint8Array(length);
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}
