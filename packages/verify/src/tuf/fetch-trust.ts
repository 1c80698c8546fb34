// SPDX-License-Identifier: Apache-2.0
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { FormatError } from "@chancery/formats/errors";
import { ObjectDecoder, parseJson } from "@chancery/formats/json";
import { utf8Bytes } from "@chancery/formats/bytes";
import { diskCache, replaceFile, type TufCache } from "./cache.ts";
import { TufError, type TufErrorCode, type TufNotice } from "./errors.ts";
import { loadTufLibrary } from "./library.ts";
import type { MetadataHead, TufRole } from "./metadata.ts";
import {
  cacheFolderName,
  type Mirror,
  openMirror,
  type TufLimits,
  tufLimitsDefault,
} from "./mirror.ts";
import { publicGoodMirror, publicGoodRoot } from "./public-good-root.ts";
import { type Metadata, refreshMetadata, type Session } from "./refresh.ts";
import { cachedTargetName, fetchTarget } from "./targets.ts";

export const trustedRootTarget = "trusted_root.json";
export const signingConfigTarget = "signing_config.v0.2.json";

export interface TufOptions {
  /** Base URL of the repository (http, https, file). Default: the public instance's. */
  readonly mirror?: string | undefined;
  /**
   * Root metadata to start trust from. Default: the shipped one for the public instance, the cached
   * one for every other mirror.
   */
  readonly root?: Uint8Array | undefined;
  /** The folder that holds a folder per repository, such as `~/.sigstore/root`. */
  readonly cacheDirectory: string;
  /** The instant at which expiry is judged. */
  readonly now: Date;
  /** Open no socket; use the cache alone, while it has not expired. */
  readonly offline?: boolean;
  /** Never write to the cache. (A cache that cannot be written is a notice, not an error.) */
  readonly readOnlyCache?: boolean;
  /** Use the cache alone where the last refresh is younger than this. Default 0: always ask. */
  readonly cacheAgeMaxMs?: number;
  /** Which target is the signing config; null where none is wanted. */
  readonly signingConfigTarget?: string | null;
  readonly limits?: Partial<TufLimits>;
  readonly fetch?: typeof fetch;
}

/** Verified trust material, still in the bytes that were signed for. */
export interface TufResult {
  readonly mirror: string;
  /** Whether the mirror was asked, or the cache alone answered. */
  readonly source: "mirror" | "cache";
  /** `trusted_root.json`, for `decodeTrustedRoot`. */
  readonly trustedRoot: Uint8Array;
  /** `signing_config.v0.2.json`, for `decodeSigningConfig`; absent where there is none. */
  readonly signingConfig?: Uint8Array;
  /** Version and expiry of each role. */
  readonly roles: Readonly<Record<TufRole, MetadataHead>>;
  readonly notices: readonly TufNotice[];
}

/**
 * Obtains `trusted_root.json` and the signing config of a repository by the TUF client workflow
 * (specification 1.0, §5), with tuf-js deciding each transition of trust.
 *
 * Everything is verified before anything is written, but for newer roots, which are kept at once.
 * Only the top-level targets role counts: delegated roles cannot provide these files. Does not
 * parse the targets.
 *
 * @throws TufError
 */
export async function fetchTrust(options: TufOptions): Promise<TufResult> {
  const mirror = options.mirror ?? publicGoodMirror;
  const notices: TufNotice[] = [];
  const folder = join(options.cacheDirectory, cacheFolderName(mirror));
  const openCache = (): TufCache =>
    diskCache(folder, {
      readOnly: options.readOnlyCache ?? false,
      mustWrite: false,
      notices,
      now: options.now,
    });
  if (options.offline || (await isFresh(folder, options))) {
    try {
      return await fetchWith({ ...options, mirror, offline: true }, openCache(), notices);
    } catch (error) {
      if (options.offline || !(error instanceof TufError)) throw error;
      const message = `the cache was passed over: ${error.message}`;
      notices.push({ code: "cache-file-ignored", message });
    }
  }
  const cache = openCache();
  const result = await fetchWith({ ...options, mirror, offline: false }, cache, notices);
  if (!options.readOnlyCache) await noteRefresh(folder, options.now, notices);
  return result;
}

/** `fetchTrust` over a given cache. */
export async function fetchWith(
  options: TufOptions & { readonly mirror: string },
  cache: TufCache,
  notices: TufNotice[],
): Promise<TufResult> {
  const { mirror, offline, now } = options;
  const limits = { ...tufLimitsDefault, ...options.limits };
  const shipped = mirror === publicGoodMirror ? utf8Bytes(publicGoodRoot) : undefined;
  const session: Session = {
    library: await loadTufLibrary(),
    ...openMirrors(offline ? undefined : openMirror(mirror, limits, options.fetch)),
    cache,
    anchor: options.root ?? shipped,
    keepsEachRole: false,
    limits,
    now,
    notices,
  };
  try {
    const metadata = await refreshMetadata(session);
    const signingConfigName =
      options.signingConfigTarget === undefined ? signingConfigTarget : options.signingConfigTarget;
    const trustedRoot = await fetchTarget(session, metadata, trustedRootTarget);
    const signingConfig =
      signingConfigName === null
        ? undefined
        : await optionalTarget(session, metadata, signingConfigName);
    if (!offline) {
      const targets = new Map([[trustedRootTarget, trustedRoot]]);
      if (signingConfigName !== null && signingConfig)
        targets.set(signingConfigName, signingConfig);
      await cache.write(cacheFiles(metadata, targets));
    }
    return {
      mirror,
      source: offline ? "cache" : "mirror",
      trustedRoot,
      ...(signingConfig ? { signingConfig } : {}),
      roles: metadata.heads,
      notices,
    };
  } catch (error) {
    throw offline ? offlineError(error) : error;
  }
}

/** Targets are in a folder of the repository, in all of Sigstore's. */
function openMirrors(mirror: Mirror | undefined): Pick<Session, "mirror" | "targetMirror"> {
  if (!mirror) return { mirror, targetMirror: undefined };
  const get: Mirror["get"] = (path, max) => mirror.get(`targets/${path}`, max);
  return { mirror, targetMirror: { url: mirror.url, get } };
}

/** Only an authentic "there is none" makes the signing config absent. */
async function optionalTarget(
  session: Session,
  metadata: Metadata,
  name: string,
): Promise<Uint8Array | undefined> {
  try {
    return await fetchTarget(session, metadata, name);
  } catch (error) {
    if (!(error instanceof TufError) || error.code !== "tuf-target-missing") throw error;
    session.notices.push({ code: "signing-config-absent", message: error.message });
    return undefined;
  }
}

/** The files of a verified state, in the order in which TUF replaces them. */
function cacheFiles(
  metadata: Metadata,
  targets: ReadonlyMap<string, Uint8Array>,
): Map<string, Uint8Array> {
  const { root, timestamp, snapshot, targets: targetsRole } = metadata.files;
  const files = new Map([
    ["root.json", root],
    ["timestamp.json", timestamp],
    ["snapshot.json", snapshot],
    ["targets.json", targetsRole],
  ]);
  for (const [name, bytes] of targets) files.set(cachedTargetName(name), bytes);
  return files;
}

const damage: readonly TufErrorCode[] = [
  "tuf-inconsistent",
  "tuf-rollback",
  "tuf-metadata-invalid",
  "tuf-signature-threshold",
  "tuf-target-mismatch",
];

/** Offline no error is about a mirror: the cache is damaged, cut short, or has expired. */
function offlineError(error: unknown): unknown {
  if (!(error instanceof TufError)) return error;
  const hint = "run once with the network (initialize), or give a trusted root file";
  if (damage.includes(error.code)) {
    const message = `the cache does not hold together: ${error.message}`;
    return new TufError("tuf-cache-invalid", message, hint, { cause: error });
  }
  if (error.code.startsWith("tuf-expired-")) {
    return new TufError(error.code, error.message, hint, { cause: error });
  }
  return error;
}

const format = "TUF cache";

/** sigstore-go's note beside a repository's folder: when it was last refreshed. */
async function isFresh(folder: string, options: TufOptions): Promise<boolean> {
  const ageMaxMs = options.cacheAgeMaxMs ?? 0;
  if (ageMaxMs <= 0) return false;
  try {
    const bytes = await readFile(`${folder}.json`);
    const last = new ObjectDecoder(parseJson(bytes, format), format).time("lastTimestamp");
    const ageMs = options.now.getTime() - last.getTime();
    // A time in the future is a clock that went wrong: it proves nothing.
    return ageMs >= 0 && ageMs < ageMaxMs;
  } catch (error) {
    // No note, or one that cannot be read: refresh, which is the careful answer.
    if (error instanceof FormatError || (error as NodeJS.ErrnoException).syscall) return false;
    throw error;
  }
}

/** Writes that note. */
export async function noteRefresh(folder: string, now: Date, notices: TufNotice[]): Promise<void> {
  const file = `${folder}.json`;
  if (notices.some((notice) => notice.code === "cache-not-written")) return;
  try {
    await replaceFile(file, utf8Bytes(JSON.stringify({ lastTimestamp: now.toISOString() })));
  } catch (error) {
    if (!(error instanceof Error) || !("syscall" in error)) throw error;
    notices.push({ code: "cache-not-written", message: `${file}: ${error.message}` });
  }
}
