// SPDX-License-Identifier: Apache-2.0
import { type FSWatcher, watch } from "node:fs";
import { open } from "node:fs/promises";
import { basename, dirname } from "node:path";
import { decodeUtf8 } from "@chancery/formats/bytes";
import { FulcioConfigError } from "./errors.ts";
import { configSizeBytesMax, parseFulcioConfig } from "./parse.ts";
import type { FulcioConfig } from "./types.ts";

/** How a configuration file is followed. */
export interface ReloadingOptions {
  /** Without it a file that is not there at the start is an error. Later it is one anyway. */
  readonly whenMissing?: FulcioConfig;
  /** Told of each configuration that is taken after the first. */
  readonly onChange?: (config: FulcioConfig) => void;
  /** Told why a changed file is not taken; once for each state of the file. */
  readonly onError?: (error: FulcioConfigError) => void;
  /** Reads the file anew on SIGHUP, too. */
  readonly onHangup?: boolean;
  /** How often the file is looked at, for file systems that tell of no changes. Default 10 s. */
  readonly pollMs?: number;
}

/** Changes come in bursts: an editor truncates, writes and renames. */
const settleMs = 50;

/**
 * A configuration file and what it says now. The file is followed by name: writes, replacement by
 * rename, and the links that Kubernetes swaps are all seen. A file that cannot be taken leaves
 * everything as it was.
 *
 *     const config = await ReloadingConfig.open("config.yaml", { onError: log });
 *     config.current; // always the newest that was good
 *     config.close();
 */
export class ReloadingConfig {
  readonly path: string;
  readonly #options: ReloadingOptions;
  #current: FulcioConfig;
  #error: FulcioConfigError | undefined;
  /** What was read last, good or not; undefined where there was no file. */
  #text: string | undefined;
  #watcher: FSWatcher | undefined;
  #poll: NodeJS.Timeout | undefined;
  #settling: NodeJS.Timeout | undefined;
  #reading: Promise<void> | undefined;
  #closed = false;

  /** @throws FulcioConfigError where the file is not there or not to be taken */
  static async open(path: string, options: ReloadingOptions = {}): Promise<ReloadingConfig> {
    const text = await readConfigText(path);
    if (text === undefined && !options.whenMissing) throw missingFile(path);
    const config =
      text === undefined ? (options.whenMissing as FulcioConfig) : parseFulcioConfig(text, path);
    return new ReloadingConfig(path, options, config, text);
  }

  private constructor(
    path: string,
    options: ReloadingOptions,
    config: FulcioConfig,
    text: string | undefined,
  ) {
    this.path = path;
    this.#options = options;
    this.#current = config;
    this.#text = text;
    this.#watch();
    this.#poll = setInterval(() => {
      this.#watch();
      this.#start();
    }, options.pollMs ?? 10_000);
    this.#poll.unref();
    if (options.onHangup) process.on("SIGHUP", this.#start);
  }

  get current(): FulcioConfig {
    return this.#current;
  }

  /** Why the file as it is now is not taken; undefined where it is. */
  get error(): FulcioConfigError | undefined {
    return this.#error;
  }

  /** Looks at the file now. Never throws: what is wrong goes to `onError` and `error`. */
  async reload(): Promise<void> {
    // One after the other: an older read never overwrites a newer one.
    const reading = (this.#reading ?? Promise.resolve()).then(() => this.#read());
    this.#reading = reading;
    await reading;
  }

  /** Stops following the file. */
  close(): void {
    this.#closed = true;
    this.#watcher?.close();
    clearInterval(this.#poll);
    clearTimeout(this.#settling);
    process.off("SIGHUP", this.#start);
  }

  readonly #start = (): void => {
    void this.reload();
  };

  async #read(): Promise<void> {
    if (this.#closed) return;
    let text: string | undefined;
    try {
      text = await readConfigText(this.path);
      if (text === this.#text && this.#error?.code !== "unreadable") return;
      this.#text = text;
      if (text === undefined) throw missingFile(this.path);
      const config = parseFulcioConfig(text, this.path);
      this.#error = undefined;
      this.#current = config;
      this.#options.onChange?.(config);
    } catch (cause) {
      if (!(cause instanceof FulcioConfigError)) throw cause;
      const isSame = this.#error?.message === cause.message;
      this.#error = cause;
      if (!isSame) this.#options.onError?.(cause);
    }
  }

  /** Watches the folder, as a file that is replaced takes its watchers with it. */
  #watch(): void {
    if (this.#watcher || this.#closed) return;
    const name = basename(this.path);
    try {
      const watcher = watch(dirname(this.path), { persistent: false }, (_event, changed) => {
        // `..data` is the link through which Kubernetes replaces all files of a folder at once.
        if (changed !== null && changed !== name && changed !== "..data") return;
        clearTimeout(this.#settling);
        this.#settling = setTimeout(this.#start, settleMs).unref();
      });
      watcher.on("error", () => {
        watcher.close();
        this.#watcher = undefined; // the next poll begins anew
      });
      this.#watcher = watcher;
    } catch (cause) {
      // No folder, or no watches left: polling sees changes, too, and tries again.
      if (!(cause instanceof Error && "code" in cause)) throw cause;
    }
  }
}

/** @returns undefined where there is no file */
async function readConfigText(path: string): Promise<string | undefined> {
  let bytes: Uint8Array;
  try {
    const file = await open(path, "r");
    try {
      const stat = await file.stat();
      if (!stat.isFile()) throw new FulcioConfigError("unreadable", `${path}: is no file`);
      if (stat.size > configSizeBytesMax) {
        const problem = `more than ${configSizeBytesMax} bytes are no configuration`;
        throw new FulcioConfigError("unreadable", `${path}: ${problem}`);
      }
      bytes = await file.readFile();
    } finally {
      await file.close();
    }
    return decodeUtf8(bytes, path);
  } catch (cause) {
    if (cause instanceof FulcioConfigError) throw cause;
    if (cause instanceof Error && "code" in cause && cause.code === "ENOENT") return undefined;
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new FulcioConfigError("unreadable", `${path}: ${reason}`, { cause });
  }
}

function missingFile(path: string): FulcioConfigError {
  return new FulcioConfigError("missing", `${path}: there is no such file`);
}
