// SPDX-License-Identifier: Apache-2.0
import { closeSync, fstatSync, openSync, readFileSync, readSync } from "node:fs";
import { access, mkdir, open, readdir, readFile, rename, rm, unlink } from "node:fs/promises";
import { dirname, join } from "node:path";
import { bytesEqual } from "@chancery/formats/bytes";
import { LogError } from "../../errors.ts";
import type { ByteRange, ObjectStore, StoredObject } from "../store.ts";
import { isMissing, poisoned, storageError } from "./errors.ts";

/**
 * Files written at the same time. Many more than Node's thread pool has threads: each has one step
 * done for it per turn of the event loop, and a turn lasts as long as a commit.
 */
const concurrencyMax = 64;

const TEMPORARY = ".tmp";
const NAME = /^[a-zA-Z0-9][a-zA-Z0-9._-]*(?:\/[a-zA-Z0-9][a-zA-Z0-9._-]*)*$/;

/**
 * Objects as files: written under a temporary name, synced, renamed, and the folder synced; never
 * overwritten. Writing uses Node's thread pool, so that the engine's thread goes on committing;
 * reading is synchronous, as a page that is in memory takes less time than a turn of the pool.
 *
 * One process at a time, which the embedded store's lock sees to: a look whether the file exists
 * does then decide whether it is written.
 */
export class FileObjects implements ObjectStore {
  readonly #root: string;
  readonly #temporary: string;
  readonly #known = new Set<string>();
  readonly #onPoison: (error: LogError) => void;
  #counter = 0;

  private constructor(root: string, onPoison: (error: LogError) => void, temporary: string) {
    this.#root = root;
    this.#onPoison = onPoison;
    this.#temporary = join(root, temporary);
  }

  /**
   * @param onPoison called where a sync fails, before the error is thrown
   * @param helper another folder for what is not complete: of a thread that helps another one
   */
  static async open(
    root: string,
    onPoison: (error: LogError) => void,
    helper = "",
  ): Promise<FileObjects> {
    const objects = new FileObjects(root, onPoison, `${TEMPORARY}${helper}`);
    await rm(objects.#temporary, { recursive: true, force: true });
    await mkdir(objects.#temporary, { recursive: true });
    await objects.#syncFolder(dirname(root));
    return objects;
  }

  async put(objects: readonly StoredObject[]): Promise<void> {
    const queue = [...objects];
    const folders = new Set<string>();
    const worker = async (): Promise<void> => {
      for (let object = queue.shift(); object; object = queue.shift()) {
        await this.#write(object);
        // Also where it was there: a crash may have come before its folder was synced.
        folders.add(dirname(this.#path(object.name)));
      }
    };
    const ends = await Promise.allSettled(Array.from({ length: concurrencyMax }, worker));
    for (const end of ends) if (end.status === "rejected") throw end.reason;
    for (const folder of folders) await this.#syncFolder(folder);
  }

  async get(name: string, range?: ByteRange): Promise<Uint8Array | undefined> {
    const path = this.#path(name);
    try {
      return range ? readRange(path, range) : new Uint8Array(readFileSync(path));
    } catch (cause) {
      if (isMissing(cause)) return undefined;
      throw storageError(`cannot read ${path}`, cause);
    }
  }

  async list(prefix: string): Promise<string[]> {
    const options = { recursive: true, withFileTypes: true } as const;
    try {
      const found = await readdir(join(this.#root, prefix), options);
      return found
        .filter((entry) => entry.isFile())
        .map((entry) => join(entry.parentPath, entry.name).slice(this.#root.length + 1))
        .filter((name) => !name.startsWith(TEMPORARY))
        .sort();
    } catch (cause) {
      if (isMissing(cause)) return [];
      throw storageError(`cannot list ${this.#root}`, cause);
    }
  }

  async remove(names: readonly string[]): Promise<void> {
    for (const name of names) {
      try {
        await unlink(this.#path(name));
      } catch (cause) {
        if (!isMissing(cause)) throw storageError(`cannot remove ${name}`, cause);
      }
    }
  }

  /** Replaces a file as a whole: the one kind of file here that changes. */
  async replace(path: string, bytes: Uint8Array): Promise<void> {
    await this.#writeTo(path, bytes);
    await this.#syncFolder(dirname(path));
  }

  async #write({ name, bytes }: StoredObject): Promise<void> {
    const path = this.#path(name);
    const existing = await readIfThere(path);
    if (existing) {
      if (bytesEqual(existing, bytes)) return;
      throw new LogError(
        "object-conflict",
        `the object ${path} would have to change from ${existing.length} to ${bytes.length} bytes`,
        "stop every writer and run log fsck: two logs share the folder, or it was changed",
      );
    }
    await this.#makeFolder(dirname(path));
    await this.#writeTo(path, bytes);
  }

  async #writeTo(path: string, bytes: Uint8Array): Promise<void> {
    const temporary = join(this.#temporary, `${process.pid}-${this.#counter++}`);
    try {
      const file = await open(temporary, "wx", 0o644);
      try {
        await file.writeFile(bytes);
        await file.sync().catch((cause: unknown) => {
          throw this.#poison(temporary, cause);
        });
      } finally {
        await file.close();
      }
      await rename(temporary, path);
    } catch (cause) {
      if (cause instanceof LogError) throw cause;
      throw storageError(`cannot write ${path}`, cause);
    }
  }

  /** Makes a folder; syncs its parents also where it exists, as a crash may have come between. */
  async #makeFolder(folder: string): Promise<void> {
    if (this.#known.has(folder)) return;
    try {
      await mkdir(folder, { recursive: true });
    } catch (cause) {
      throw storageError(`cannot make ${folder}`, cause);
    }
    for (let made = folder; made !== this.#root && !this.#known.has(made); made = dirname(made)) {
      await this.#syncFolder(dirname(made));
    }
    this.#known.add(folder);
  }

  async #syncFolder(folder: string): Promise<void> {
    if (process.platform === "win32") return; // has no such thing
    const handle = await open(folder, "r").catch((cause: unknown) => {
      throw storageError(`cannot open ${folder}`, cause);
    });
    try {
      await handle.sync();
    } catch (cause) {
      throw this.#poison(folder, cause);
    } finally {
      await handle.close();
    }
  }

  #poison(path: string, cause: unknown): LogError {
    const error = poisoned(`cannot sync ${path}`, cause);
    this.#onPoison(error);
    return error;
  }

  #path(name: string): string {
    if (!NAME.test(name) || name.includes("..")) {
      throw new LogError("out-of-range", `${JSON.stringify(name)} names no object`);
    }
    return join(this.#root, name);
  }
}

function readRange(path: string, { start, length }: ByteRange): Uint8Array {
  const file = openSync(path, "r");
  try {
    // The file's size first: the length may come from something damaged.
    const rest = Math.max(0, Math.min(length, fstatSync(file).size - start));
    const bytes = new Uint8Array(rest);
    return bytes.subarray(0, readSync(file, bytes, 0, rest, start));
  } finally {
    closeSync(file);
  }
}

async function readIfThere(path: string): Promise<Uint8Array | undefined> {
  try {
    await access(path);
    return new Uint8Array(await readFile(path));
  } catch (cause) {
    if (isMissing(cause)) return undefined;
    throw storageError(`cannot read ${path}`, cause);
  }
}
