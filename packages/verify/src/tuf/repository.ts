// SPDX-License-Identifier: Apache-2.0
import { diskCache } from "./cache.ts";
import { findTarget } from "./delegated.ts";
import { TufError, type TufNotice } from "./errors.ts";
import { loadTufLibrary } from "./library.ts";
import type { MetadataHead, TufRole } from "./metadata.ts";
import { openMirror, type TufLimits, tufLimitsDefault } from "./mirror.ts";
import { refreshMetadata, type Session } from "./refresh.ts";
import { cachedTargetName, fetchListedTarget } from "./targets.ts";

/** A TUF repository of any kind; that of a Sigstore instance is read by `fetchTrust`. */
export interface RepositoryOptions {
  /** Base URL of the metadata (http, https, file). */
  readonly mirror: string;
  /** Base URL of the targets. */
  readonly targetMirror: string;
  /** Where trust starts; default: the cached root. */
  readonly root?: Uint8Array | undefined;
  /** Folder of the cache, for this repository alone. */
  readonly folder: string;
  /** The instant at which expiry is judged. */
  readonly now: Date;
  readonly limits?: Partial<TufLimits>;
  readonly fetch?: typeof fetch;
}

/** A repository whose top-level roles are verified and in force. */
export interface Repository {
  /** Version and expiry of each top-level role. */
  readonly roles: Readonly<Record<TufRole, MetadataHead>>;
  /** What went otherwise than usual so far. */
  readonly notices: readonly TufNotice[];
  /**
   * A target, looked up through delegations (§5.6.7) and verified; from the cache where it has it.
   * @throws TufError
   */
  target(path: string): Promise<Uint8Array>;
}

/**
 * Refreshes a repository by the TUF client workflow (specification 1.0, §5.3 to §5.6), and looks
 * targets up in it. The cache keeps each role as soon as it is verified.
 *
 * @throws TufError
 */
export async function openRepository(options: RepositoryOptions): Promise<Repository> {
  const { folder, now } = options;
  const notices: TufNotice[] = [];
  const limits = { ...tufLimitsDefault, ...options.limits };
  const session: Session = {
    library: await loadTufLibrary(),
    mirror: openMirror(options.mirror, limits, options.fetch),
    targetMirror: openMirror(options.targetMirror, limits, options.fetch),
    cache: diskCache(folder, { readOnly: false, mustWrite: true, notices, now }),
    anchor: options.root,
    keepsEachRole: true,
    limits,
    now,
    notices,
  };
  const metadata = await refreshMetadata(session);
  await session.cache.write(new Map([["root.json", metadata.files.root]]));
  return {
    roles: metadata.heads,
    notices,
    async target(path) {
      const listed = await findTarget(session, metadata, path);
      if (!listed) throw missingTarget(options.mirror, path);
      const bytes = await fetchListedTarget(session, metadata, listed);
      await session.cache.write(new Map([[cachedTargetName(path), bytes]]));
      return bytes;
    },
  };
}

function missingTarget(mirror: string, path: string): TufError {
  return new TufError(
    "tuf-target-missing",
    `no role of ${mirror} that has a say in it lists ${path}`,
    "check the name of the target",
  );
}
