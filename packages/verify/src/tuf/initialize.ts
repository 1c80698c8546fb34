// SPDX-License-Identifier: Apache-2.0
import { readdir, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { encodeHex, utf8Bytes } from "@chancery/formats/bytes";
import { hash, type HashName } from "@chancery/formats/crypto";
import { diskCache, memoryCache, replaceFile } from "./cache.ts";
import { TufError, type TufNotice } from "./errors.ts";
import { fetchWith, noteRefresh, type TufOptions, type TufResult } from "./fetch-trust.ts";
import { cacheFolderName, readUrl, type TufLimits, tufLimitsDefault } from "./mirror.ts";
import { publicGoodMirror } from "./public-good-root.ts";

export interface InitializeOptions {
  /** Base URL of the repository. Default: the public instance's. */
  readonly mirror?: string;
  /** Root metadata to trust. Needed for every mirror but the public instance's. */
  readonly root?: Uint8Array;
  /** Digest of the root's bytes: `[sha256:|sha512:]HEX`. */
  readonly rootChecksum?: string;
  readonly cacheDirectory: string;
  readonly now: Date;
  readonly limits?: Partial<TufLimits>;
  readonly fetch?: typeof fetch;
}

/**
 * Makes a repository the one that later commands use: verifies it from the root given, puts its
 * files into the cache and its address into `remote.json`. What was cached of the same repository
 * is not asked: this is how one trusts a repository that was made anew.
 *
 * Unlike cosign's `initialize` nothing is written or deleted before all is verified, other
 * repositories' folders stay, and a failure to fetch is an error.
 *
 * @throws TufError; also `tuf-root-checksum-mismatch` | `tuf-invalid-option` for the checksum |
 *   `tuf-cache-unwritable`.
 */
export async function initialize(options: InitializeOptions): Promise<TufResult> {
  const mirror = options.mirror ?? publicGoodMirror;
  const { root, rootChecksum, cacheDirectory, now } = options;
  if (rootChecksum !== undefined) checkRoot(root, rootChecksum);
  const notices: TufNotice[] = [];
  const fetchOptions: TufOptions & { mirror: string } = {
    mirror,
    root,
    cacheDirectory,
    now,
    ...(options.limits ? { limits: options.limits } : {}),
    ...(options.fetch ? { fetch: options.fetch } : {}),
  };
  const verified = memoryCache();
  const result = await fetchWith(fetchOptions, verified, notices);
  const folder = join(cacheDirectory, cacheFolderName(mirror));
  const cache = diskCache(folder, { readOnly: false, mustWrite: true, notices, now });
  // Reading tells the cache that these files are known: older versions may take their place.
  for (const name of verified.files.keys()) await cache.read(name);
  await cache.write(verified.files);
  await forgetRoots(join(folder, "root_history"), verified.files);
  await noteRefresh(folder, now, notices);
  await putRemote(cacheDirectory, mirror);
  return result;
}

/**
 * Reads root metadata from a file or from an http, https or file URL. Not verified: compare its
 * checksum, or trust the channel.
 *
 * @throws TufError `tuf-root-missing` | `tuf-too-large` | `tuf-unreachable` | `tuf-invalid-option`
 */
export async function readRoot(
  reference: string,
  options: { readonly limits?: Partial<TufLimits>; readonly fetch?: typeof fetch } = {},
): Promise<Uint8Array> {
  const limits = { ...tufLimitsDefault, ...options.limits };
  if (/^[a-z][a-z0-9+.-]*:\/\//i.test(reference)) {
    return readUrl(reference, limits.rootSizeBytesMax, limits, options.fetch);
  }
  let bytes: Uint8Array;
  try {
    bytes = new Uint8Array(await readFile(reference));
  } catch (cause) {
    const message = `the root cannot be read: ${(cause as Error).message}`;
    throw new TufError("tuf-root-missing", message, "give the path of a root.json", { cause });
  }
  if (bytes.length <= limits.rootSizeBytesMax) return bytes;
  const message = `${reference} is larger than ${limits.rootSizeBytesMax} bytes`;
  throw new TufError("tuf-too-large", message, "this is not root metadata");
}

function checkRoot(root: Uint8Array | undefined, checksum: string): void {
  const parts = /^(?:(sha256|sha512):)?([0-9a-f]+)$/i.exec(checksum);
  const name = (parts?.[1]?.toLowerCase() ?? "sha256") as HashName;
  const expected = parts?.[2]?.toLowerCase();
  if (expected === undefined || expected.length !== (name === "sha256" ? 64 : 128)) {
    throw new TufError(
      "tuf-invalid-option",
      `${JSON.stringify(checksum)} is not a checksum`,
      "write [sha256:]<64 hex digits> or sha512:<128 hex digits>",
    );
  }
  if (!root) {
    const message = "a checksum without a root to check";
    throw new TufError("tuf-invalid-option", message, "give the root too");
  }
  const actual = encodeHex(hash(name, root));
  if (actual === expected) return;
  throw new TufError(
    "tuf-root-checksum-mismatch",
    `the root has ${name} ${actual}, ${expected} was expected`,
    "do not use this root; compare both with what the repository's operator published",
  );
}

/** Removes the roots of an earlier repository at the same address, which nobody can follow now. */
async function forgetRoots(
  directory: string,
  kept: ReadonlyMap<string, Uint8Array>,
): Promise<void> {
  try {
    for (const name of await readdir(directory)) {
      if (!kept.has(`root_history/${name}`)) await rm(join(directory, name), { recursive: true });
    }
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== "ENOENT") throw unwritable(directory, cause);
  }
}

/** Writes the address that later commands read, as cosign does. */
async function putRemote(cacheDirectory: string, mirror: string): Promise<void> {
  const path = join(cacheDirectory, "remote.json");
  try {
    await replaceFile(path, utf8Bytes(JSON.stringify({ mirror })));
  } catch (cause) {
    throw unwritable(path, cause);
  }
}

/** The error for a refusal of the file system; anything else is a fault and stays as it is. */
function unwritable(path: string, cause: unknown): unknown {
  if (!(cause instanceof Error) || !("syscall" in cause)) return cause;
  const message = `${path} cannot be written: ${cause.message}`;
  const hint = "give a folder that can be written";
  return new TufError("tuf-cache-unwritable", message, hint, { cause });
}
