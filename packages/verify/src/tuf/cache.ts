// SPDX-License-Identifier: Apache-2.0
import { mkdir, mkdtemp, open, readdir, readFile, rename, rm, stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import { bytesEqual } from "@chancery/formats/bytes";
import { TufError, type TufNotice } from "./errors.ts";
import { readHead } from "./metadata.ts";

/**
 * The files of one repository that were verified before. Whoever can write them can, offline,
 * replace the trust; online only withhold updates that no root signed.
 */
export interface TufCache {
  /** @returns undefined where there is no such file. @throws TufError `tuf-cache-invalid` */
  read(name: string): Promise<Uint8Array | undefined>;
  /**
   * Replaces the files one after the other in the order given, each as a whole. Stops where another
   * process has put a newer version meanwhile: what it puts then fits together and is newer.
   */
  write(files: ReadonlyMap<string, Uint8Array>): Promise<void>;
}

export interface DiskCacheOptions {
  /** Read only, and that on purpose: no notice. */
  readonly readOnly: boolean;
  /** Fail with `tuf-cache-unwritable` instead of giving a notice. */
  readonly mustWrite: boolean;
  readonly notices: TufNotice[];
  readonly now: Date;
  /** How a finished file takes its place; tests interrupt here. */
  readonly renameFile?: typeof rename;
}

const directoryMode = 0o700;
const fileMode = 0o600;
const cachedFileSizeBytesMax = 8 << 20;
/** Where files are written before they are renamed; left behind only by a crash. */
const stagingPrefix = ".update-";
const stagingAgeMaxMs = 3_600_000;

/** A cache in a folder, in the layout of sigstore-go (`root.json`, …, `targets/<name>`). */
export function diskCache(directory: string, options: DiskCacheOptions): TufCache {
  const seen = new Map<string, Uint8Array | undefined>();
  let written = true;
  return {
    async read(name) {
      const bytes = await readCached(join(directory, name));
      if (!seen.has(name)) seen.set(name, bytes);
      return bytes;
    },
    async write(files) {
      if (options.readOnly || !written) return;
      try {
        await replaceFiles(directory, files, seen, options);
      } catch (cause) {
        // Only refusals of the file system: everything else is a fault of this program.
        if (!(cause instanceof Error) || !("syscall" in cause)) throw cause;
        const message = `the cache ${directory} cannot be written: ${cause.message}`;
        if (options.mustWrite) {
          throw new TufError("tuf-cache-unwritable", message, "give a folder that can be written", {
            cause,
          });
        }
        written = false;
        options.notices.push({ code: "cache-not-written", message });
      }
    },
  };
}

/** A cache that holds what is written to it and starts empty. */
export function memoryCache(): TufCache & { readonly files: ReadonlyMap<string, Uint8Array> } {
  const files = new Map<string, Uint8Array>();
  return {
    files,
    read: async (name) => files.get(name),
    async write(added) {
      for (const [name, bytes] of added) files.set(name, bytes);
    },
  };
}

/** Replaces one file as a whole, its folder made if need be. */
export async function replaceFile(path: string, bytes: Uint8Array): Promise<void> {
  const directory = dirname(path);
  await mkdir(directory, { recursive: true, mode: directoryMode });
  const staging = await mkdtemp(join(directory, stagingPrefix));
  try {
    await writeDurably(join(staging, "file"), bytes);
    await rename(join(staging, "file"), path);
  } finally {
    await rm(staging, { recursive: true, force: true });
  }
}

async function readCached(path: string): Promise<Uint8Array | undefined> {
  try {
    const { size } = await stat(path);
    if (size > cachedFileSizeBytesMax) {
      const problem = `${path} is larger than ${cachedFileSizeBytesMax} bytes`;
      throw new TufError("tuf-cache-invalid", problem, "delete the file");
    }
    return new Uint8Array(await readFile(path));
  } catch (cause) {
    if (cause instanceof TufError) throw cause;
    const { code } = cause as NodeJS.ErrnoException;
    if (code === "ENOENT" || code === "ENOTDIR") return undefined;
    const problem = `the cached file cannot be read: ${(cause as Error).message}`;
    throw new TufError("tuf-cache-invalid", problem, "check owner and mode of the cache", {
      cause,
    });
  }
}

async function replaceFiles(
  directory: string,
  files: ReadonlyMap<string, Uint8Array>,
  seen: Map<string, Uint8Array | undefined>,
  options: DiskCacheOptions,
): Promise<void> {
  const changed: [string, Uint8Array][] = [];
  for (const [name, bytes] of files) {
    const current = await readCached(join(directory, name));
    if (current && bytesEqual(current, bytes)) continue;
    if (current && overtaken(name, bytes, current, seen.get(name))) break;
    changed.push([name, bytes]);
  }
  if (changed.length === 0) return;
  await mkdir(directory, { recursive: true, mode: directoryMode });
  await removeAbandoned(directory, options.now);
  const staging = await mkdtemp(join(directory, stagingPrefix));
  const renameFile = options.renameFile ?? rename;
  try {
    for (const [index, [, bytes]] of changed.entries()) {
      await writeDurably(join(staging, String(index)), bytes);
    }
    for (const [index, [name, bytes]] of changed.entries()) {
      const path = join(directory, name);
      await mkdir(dirname(path), { recursive: true, mode: directoryMode });
      // A crash here leaves old and new files, each whole. The next online run repairs the set.
      await renameFile(join(staging, String(index)), path);
      seen.set(name, bytes);
    }
  } finally {
    await rm(staging, { recursive: true, force: true });
  }
}

/** Whether another process has put a newer version since this one has read the file. */
function overtaken(
  name: string,
  mine: Uint8Array,
  current: Uint8Array,
  before: Uint8Array | undefined,
): boolean {
  if (before && bytesEqual(before, current)) return false;
  const versionOf = (bytes: Uint8Array): number => {
    try {
      return readHead(bytes, name).version;
    } catch (error) {
      // A target, or a damaged file: it has no version and gives way.
      if (error instanceof TufError) return 0;
      throw error;
    }
  };
  return versionOf(current) > versionOf(mine);
}

async function writeDurably(path: string, bytes: Uint8Array): Promise<void> {
  const file = await open(path, "wx", fileMode);
  try {
    await file.writeFile(bytes);
    await file.sync();
  } finally {
    await file.close();
  }
}

/** Removes what runs that crashed have left, but not what a concurrent run is using. */
async function removeAbandoned(directory: string, now: Date): Promise<void> {
  for (const name of await readdir(directory)) {
    if (!name.startsWith(stagingPrefix)) continue;
    const path = join(directory, name);
    const found = await stat(path).catch(goneMeanwhile);
    if (found && now.getTime() - found.mtimeMs > stagingAgeMaxMs) {
      await rm(path, { recursive: true, force: true });
    }
  }
}

function goneMeanwhile(error: NodeJS.ErrnoException): undefined {
  if (error.code !== "ENOENT") throw error;
}
