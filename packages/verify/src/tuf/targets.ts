// SPDX-License-Identifier: Apache-2.0
import type { TargetFile } from "@tufjs/models";
import { encodeHex } from "@chancery/formats/bytes";
import { hash, type HashName } from "@chancery/formats/crypto";
import { TufError } from "./errors.ts";
import { type Metadata, readCached, type Session } from "./refresh.ts";

/** Hash functions that a target may be listed with; one of them must be. */
const knownHashes: readonly HashName[] = ["sha256", "sha384", "sha512"];

/**
 * A target that the top-level role lists, from the cache or the mirror, its length and every known
 * hash verified (TUF §5.7).
 *
 * @returns the bytes, and whether the cache had them.
 * @throws TufError `tuf-target-missing` | `tuf-target-not-served` | `tuf-target-mismatch` |
 *   `tuf-too-large` | `tuf-unreachable`
 */
export async function fetchTarget(
  session: Session,
  metadata: Metadata,
  name: string,
): Promise<Uint8Array> {
  return fetchListedTarget(session, metadata, listedTarget(metadata, name));
}

/** As `fetchTarget`, for a target that any role lists whose word counts for it. */
export async function fetchListedTarget(
  session: Session,
  metadata: Pick<Metadata, "store">,
  listed: TargetFile,
): Promise<Uint8Array> {
  const { limits, targetMirror: mirror } = session;
  const { path: name } = listed;
  const cachedName = cachedTargetName(name);
  const cached = await readCached(session, cachedName);
  const problem = cached ? mismatch(listed, cached) : "does not exist";
  if (cached && problem === undefined) return cached;
  if (!mirror) {
    throw new TufError(
      cached ? "tuf-target-mismatch" : "tuf-cache-missing",
      `offline, and the cached ${cachedName} ${problem}`,
      "run once with the network (initialize), or give a trusted root file",
    );
  }
  if (listed.length > limits.targetSizeBytesMax) {
    throw new TufError(
      "tuf-too-large",
      `${name} has ${listed.length} bytes; at most ${limits.targetSizeBytesMax} are read`,
      "raise the limit if the repository is meant to hold such a file",
    );
  }
  const path = targetFileName(metadata, listed, name);
  // One byte more than listed is enough to tell that it does not fit.
  const answer = await mirror.get(path, listed.length).catch((error: unknown) => {
    if (!(error instanceof TufError) || error.code !== "tuf-too-large") throw error;
    throw wrongTarget(`${mirror.url}: ${path} has more than the listed ${listed.length} bytes`);
  });
  if (!answer.found) {
    throw new TufError(
      "tuf-target-not-served",
      `${mirror.url} lists ${name} but answers ${answer.status} to ${path}`,
      "the mirror is incomplete; try again later, then ask its operator",
    );
  }
  const fault = mismatch(listed, answer.bytes);
  if (fault !== undefined) throw wrongTarget(`${mirror.url}: ${path} ${fault}`);
  return answer.bytes;
}

/** Where the cache keeps a target, as sigstore-go names it. */
export function cachedTargetName(name: string): string {
  return `targets/${encodeURIComponent(name)}`;
}

function listedTarget(metadata: Metadata, name: string): TargetFile {
  const targets = metadata.store.targets?.signed.targets ?? {};
  const listed = Object.hasOwn(targets, name) ? targets[name] : undefined;
  if (listed) return listed;
  throw new TufError(
    "tuf-target-missing",
    `the targets metadata, version ${metadata.heads.targets.version}, lists no ${name}`,
    "the repository does not publish it in its top-level role (delegated roles are not searched)",
  );
}

/** What is wrong with the bytes; undefined where they are the target. */
function mismatch(listed: TargetFile, bytes: Uint8Array): string | undefined {
  if (bytes.length !== listed.length) {
    return `has ${bytes.length} bytes, ${listed.length} are listed`;
  }
  const known = knownHashes.filter((name) => Object.hasOwn(listed.hashes, name));
  if (known.length === 0) {
    const names = Object.keys(listed.hashes).join(", ") || "no hash";
    return `is listed with ${names}; ${knownHashes.join(", ")} are known`;
  }
  for (const name of known) {
    const digest = encodeHex(hash(name, bytes));
    if (digest !== listed.hashes[name]) {
      return `has ${name} ${digest}, ${listed.hashes[name]} is listed`;
    }
  }
  return undefined;
}

/** Below the mirror of targets, percent-encoded; the hash goes in front of the last part. */
function targetFileName(
  metadata: Pick<Metadata, "store">,
  listed: TargetFile,
  name: string,
): string {
  const segments = name.split("/").map(encodeURIComponent);
  if (!metadata.store.root.signed.consistentSnapshot) return segments.join("/");
  const prefix = knownHashes.find((hashName) => Object.hasOwn(listed.hashes, hashName));
  const digest = prefix === undefined ? undefined : listed.hashes[prefix];
  // The digest goes into a path: nothing but a digest may stand there.
  if (digest === undefined || !/^[0-9a-f]{64,128}$/.test(digest)) {
    throw wrongTarget(`${name} is listed without a SHA-2 hash in lower-case hex`);
  }
  const last = segments.pop() ?? "";
  return [...segments, `${digest}.${last}`].join("/");
}

function wrongTarget(message: string): TufError {
  return new TufError(
    "tuf-target-mismatch",
    message,
    "do not use the file: the mirror is being updated or is forged; try again, then ask its operator",
  );
}
