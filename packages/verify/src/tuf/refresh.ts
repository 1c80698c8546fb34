// SPDX-License-Identifier: Apache-2.0
import type { TrustedMetadataStore } from "tuf-js/dist/store.js";
import type { TufCache } from "./cache.ts";
import { TufError, type TufNotice } from "./errors.ts";
import type { TufLibrary } from "./library.ts";
import { expired, type MetadataHead, readHead, transition, type TufRole } from "./metadata.ts";
import type { Mirror, TufLimits } from "./mirror.ts";

/** What one run works with. */
export interface Session {
  readonly library: TufLibrary;
  /** Undefined: offline. */
  readonly mirror: Mirror | undefined;
  /** Where targets come from, for most repositories a folder of the mirror. Undefined: offline. */
  readonly targetMirror: Mirror | undefined;
  readonly cache: TufCache;
  /** The root to start from; without it the cached one. */
  readonly anchor: Uint8Array | undefined;
  readonly limits: TufLimits;
  readonly now: Date;
  readonly notices: TufNotice[];
  /**
   * Whether roles are kept as each is verified (§5.4.5, §5.5.7, §5.6.6), and not only newer roots.
   * Then a refused run leaves a cache that proves how far the mirror was, but is of no use offline.
   */
  readonly keepsEachRole: boolean;
}

/** All roles, verified and in force, with the bytes they were read from. */
export interface Metadata {
  readonly store: TrustedMetadataStore;
  readonly files: Readonly<Record<TufRole, Uint8Array>>;
  readonly heads: Readonly<Record<TufRole, MetadataHead>>;
}

/**
 * The client workflow of the TUF specification, §5.3 to §5.6, from the mirror or, offline, from the
 * cache alone.
 *
 * New roots are written to the cache as they are verified (§5.3.8), each. The other roles are where
 * the session says so; else the caller writes them when all has been verified.
 *
 * @throws TufError
 */
export async function refreshMetadata(session: Session): Promise<Metadata> {
  const { store, bytes: root } = await updateRoot(session);
  // The store would say so at the next role, after another request.
  const rootHead = inForce(
    session,
    "root",
    `root.json, version ${store.root.signed.version}`,
    root,
  );
  const timestamp = await updateTimestamp(session, store);
  // One that was kept because the mirror's has the same version may have expired since.
  const timestampHead = inForce(session, "timestamp", placeOf("timestamp.json"), timestamp);
  const snapshot = await updateSnapshot(session, store);
  const targets = await updateTargets(session, store);
  const files = { root, timestamp, snapshot, targets };
  const heads = {
    root: rootHead,
    timestamp: timestampHead,
    snapshot: readHead(snapshot, "snapshot.json"),
    targets: readHead(targets, "targets.json"),
  };
  return { store, files, heads };
}

/** A cached file. Online, one that cannot be read is as good as none, with a notice. */
export async function readCached(session: Session, name: string): Promise<Uint8Array | undefined> {
  try {
    return await session.cache.read(name);
  } catch (error) {
    if (!session.mirror || !(error instanceof TufError)) throw error;
    session.notices.push({ code: "cache-file-ignored", message: error.message });
    return undefined;
  }
}

interface CurrentRoot {
  readonly store: TrustedMetadataStore;
  readonly bytes: Uint8Array;
}

/** §5.3. The versions after the anchor come from the cache where it has them, else the mirror. */
async function updateRoot(session: Session): Promise<CurrentRoot> {
  const { anchor, limits, mirror } = session;
  const cached = await readCached(session, "root.json");
  let bytes = anchor ?? cached;
  if (!bytes) throw withoutRoot(session);
  const place = anchor ? "the initial root" : placeOf("root.json");
  const store = openStore(session, bytes, place);
  const cachedVersion = cached ? versionOfCached(session, cached) : 0;
  for (let downloads = 0; ;) {
    if (downloads === limits.rootRotationsMax) {
      const message = `stopped at root version ${store.root.signed.version}: ${downloads} followed`;
      session.notices.push({ code: "root-rotations-limit", message });
      break;
    }
    const next = await nextRoot(session, store, cachedVersion);
    if (!next) break;
    if (next.downloaded) downloads++;
    bytes = next.bytes;
  }
  const { version } = store.root.signed;
  if (!cached || cachedVersion <= version) return { store, bytes };
  if (!mirror) {
    // Written by a client that keeps no history: it was verified then, and cannot be again.
    return { store: openStore(session, cached, placeOf("root.json")), bytes: cached };
  }
  throw new TufError(
    "tuf-rollback",
    `${mirror.url} ends at root version ${version}, version ${cachedVersion} was seen before`,
    "the mirror withholds a root; if the repository was made anew, initialize with its new root",
  );
}

/**
 * Moves the store to the next root version.
 * @param cachedVersion of the cached root: older ones do not take its place.
 * @returns undefined at the last version.
 */
async function nextRoot(
  session: Session,
  store: TrustedMetadataStore,
  cachedVersion: number,
): Promise<{ readonly bytes: Uint8Array; readonly downloaded: boolean } | undefined> {
  const { cache, limits, mirror } = session;
  const version = store.root.signed.version + 1;
  const fileName = `${version}.root.json`;
  const historyName = `root_history/${fileName}`;
  const accept = (bytes: Uint8Array, place: string): void => {
    step(session, "root", place, bytes, (buffer) => {
      store.updateRoot(buffer);
    });
  };
  const known = await readCached(session, historyName);
  if (known && usable(session, historyName, () => accept(known, historyName))) {
    return { bytes: known, downloaded: false };
  }
  const answer = await mirror?.get(fileName, limits.rootSizeBytesMax);
  if (!answer?.found) return undefined;
  const { bytes } = answer;
  accept(bytes, `${mirror?.url}: ${fileName}`);
  const files = new Map([[historyName, bytes]]);
  if (version > cachedVersion) files.set("root.json", bytes);
  await cache.write(files);
  return { bytes, downloaded: true };
}

/** §5.4. An equal version leaves the cached timestamp in place. */
async function updateTimestamp(session: Session, store: TrustedMetadataStore): Promise<Uint8Array> {
  const { limits, mirror } = session;
  const name = "timestamp.json";
  const cached = await readCached(session, name);
  const accept = (bytes: Uint8Array, place: string): void => {
    step(session, "timestamp", place, bytes, (buffer) => {
      store.updateTimestamp(buffer);
    });
  };
  if (!mirror) {
    const bytes = required(name, cached);
    accept(bytes, placeOf(name));
    return bytes;
  }
  if (cached) usable(session, name, () => accept(cached, placeOf(name)));
  const bytes = await fetchRole(mirror, name, limits.timestampSizeBytesMax);
  try {
    accept(bytes, `${mirror.url}: ${name}`);
    await keepRole(session, name, bytes);
    return bytes;
  } catch (error) {
    if (cached && session.library.kindOf(error) === "equal-version") return cached;
    throw error;
  }
}

/** §5.5. */
async function updateSnapshot(session: Session, store: TrustedMetadataStore): Promise<Uint8Array> {
  const { limits, mirror } = session;
  const name = "snapshot.json";
  const meta = store.timestamp?.signed.snapshotMeta;
  if (!meta) throw new Error("a snapshot before a timestamp");
  const accept = (bytes: Uint8Array, place: string, isCached: boolean): void => {
    step(session, "snapshot", place, bytes, (buffer) => {
      store.updateSnapshot(buffer, isCached);
    });
  };
  const cached = await readCached(session, name);
  if (!mirror) {
    const bytes = required(name, cached);
    accept(bytes, placeOf(name), true);
    return bytes;
  }
  if (cached && usable(session, name, () => accept(cached, placeOf(name), true))) {
    return cached;
  }
  const sizeBytesMax = Math.min(meta.length ?? Infinity, limits.snapshotSizeBytesMax);
  const fileName = versioned(store, meta.version, name);
  const bytes = await fetchRole(mirror, fileName, sizeBytesMax);
  accept(bytes, `${mirror.url}: ${fileName}`, false);
  await keepRole(session, name, bytes);
  return bytes;
}

/**
 * §5.6. The top-level role, or one that another role delegates to: `delegated.ts` says which.
 * @returns the bytes of the role, which the store then has.
 */
export async function updateTargets(
  session: Session,
  store: TrustedMetadataStore,
  role = "targets",
  delegator = "root",
): Promise<Uint8Array> {
  const { limits, mirror } = session;
  const meta = store.snapshot?.signed.meta[`${role}.json`];
  // A role's name can hold anything: encoded, it is one part of a path.
  const name = `${encodeURIComponent(role)}.json`;
  if (!meta) {
    throw new TufError(
      "tuf-inconsistent",
      `the snapshot metadata lists no ${role}.json`,
      "the repository is incomplete; ask its operator",
    );
  }
  const accept = (bytes: Uint8Array, place: string): void => {
    step(session, "targets", place, bytes, (buffer) => {
      store.updateDelegatedTargets(buffer, role, delegator);
    });
  };
  const cached = await readCached(session, name);
  if (!mirror) {
    const bytes = required(name, cached);
    accept(bytes, placeOf(name));
    return bytes;
  }
  if (cached && usable(session, name, () => accept(cached, placeOf(name)))) return cached;
  const sizeBytesMax = Math.min(meta.length ?? Infinity, limits.targetsSizeBytesMax);
  const fileName = versioned(store, meta.version, name);
  const bytes = await fetchRole(mirror, fileName, sizeBytesMax);
  accept(bytes, `${mirror.url}: ${fileName}`);
  await keepRole(session, name, bytes);
  return bytes;
}

async function keepRole(session: Session, name: string, bytes: Uint8Array): Promise<void> {
  if (session.keepsEachRole) await session.cache.write(new Map([[name, bytes]]));
}

function inForce(session: Session, role: TufRole, place: string, bytes: Uint8Array): MetadataHead {
  const head = readHead(bytes, place);
  if (session.now >= head.expires) throw expired(role, place, head.expires, session.now);
  return head;
}

function openStore(session: Session, bytes: Uint8Array, place: string): TrustedMetadataStore {
  let store: TrustedMetadataStore | undefined;
  step(session, "root", place, bytes, () => {
    store = session.library.openStore(bytes, session.now);
  });
  return store as TrustedMetadataStore;
}

function step(
  session: Session,
  role: TufRole,
  place: string,
  bytes: Uint8Array,
  run: Parameters<typeof transition>[2],
): void {
  transition(session.library, { role, place, bytes, now: session.now }, run);
}

/**
 * Whether a cached file is taken. One that is merely out of date is passed over in silence, one
 * that was never good with a notice; both are fetched anew. The store keeps an outdated timestamp
 * or snapshot as the measure against rollback.
 */
function usable(session: Session, name: string, accept: () => void): boolean {
  try {
    accept();
    return true;
  } catch (error) {
    if (!(error instanceof TufError)) throw error;
    const outdated = error.code === "tuf-inconsistent" || error.code.startsWith("tuf-expired-");
    if (!outdated) {
      const message = `the cached ${name} was passed over: ${error.message}`;
      session.notices.push({ code: "cache-file-ignored", message });
    }
    return false;
  }
}

async function fetchRole(
  mirror: Mirror,
  fileName: string,
  sizeBytesMax: number,
): Promise<Uint8Array> {
  const answer = await mirror.get(fileName, sizeBytesMax);
  if (answer.found) return answer.bytes;
  throw new TufError(
    "tuf-metadata-missing",
    `${mirror.url} answers ${answer.status} to ${fileName}`,
    "there is no TUF repository at this address, or it is incomplete",
  );
}

function versioned(store: TrustedMetadataStore, version: number, name: string): string {
  return store.root.signed.consistentSnapshot ? `${version}.${name}` : name;
}

/** The version of a cached root; 0 for one that is damaged, which then gives way. */
function versionOfCached(session: Session, bytes: Uint8Array): number {
  let version = 0;
  usable(session, "root.json", () => {
    ({ version } = readHead(bytes, "root.json"));
  });
  return version;
}

function required(name: string, bytes: Uint8Array | undefined): Uint8Array {
  if (bytes) return bytes;
  throw cacheMissing(name);
}

function cacheMissing(name: string): TufError {
  return new TufError(
    "tuf-cache-missing",
    `offline, and ${placeOf(name)} does not exist`,
    "run once with the network (initialize), or give a trusted root file",
  );
}

function withoutRoot(session: Session): TufError {
  if (!session.mirror) return cacheMissing("root.json");
  return new TufError(
    "tuf-root-missing",
    `there is no root to start trusting ${session.mirror.url} from`,
    "initialize with the root that its operator hands out",
  );
}

function placeOf(name: string): string {
  return `cached ${name}`;
}
