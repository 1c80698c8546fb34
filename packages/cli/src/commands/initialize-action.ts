// SPDX-License-Identifier: Apache-2.0
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { encodeHex, utf8Bytes } from "@chancery/formats/bytes";
import { sha256 } from "@chancery/formats/crypto";
import { FormatError } from "@chancery/formats/errors";
import { decodeSigningConfig, decodeTrustedRoot } from "@chancery/formats/trust";
import {
  cacheDirectoryOf,
  cacheFolderName,
  initialize,
  publicGoodMirror,
  readRoot,
  signingConfigTarget,
  stagingMirror,
  stagingRoot,
  trustedRootTarget,
  tufLimitsDefault,
  type TufResult,
  type TufRole,
} from "@chancery/verify/tuf";
import { type Invocation, type JsonResult, usageError } from "../framework/index.ts";
import { pathOf, readWhole } from "../files/index.ts";
import { fetchUntil, homeOf } from "../verification/index.ts";

export interface InitializeFlags {
  readonly mirror?: string;
  readonly root?: string;
  readonly rootChecksum?: string;
  readonly staging: boolean;
}

type Needs = Invocation<InitializeFlags>;

const roles: readonly TufRole[] = ["root", "timestamp", "snapshot", "targets"];

/** Chooses a repository, and prints what is trusted from now on. */
export async function initializeAction(invocation: Needs): Promise<void> {
  const { flags, io, report, signal } = invocation;
  const fetch = fetchUntil(signal);
  const mirror = readMirror(flags);
  const root = await readGivenRoot(mirror, fetch, invocation);
  const cacheDirectory = pathOf(io, cacheDirectoryOf(io.env, homeOf(io)));
  const result = await initialize({
    mirror,
    ...(root ? { root } : {}),
    ...(flags.rootChecksum === undefined ? {} : { rootChecksum: flags.rootChecksum }),
    cacheDirectory,
    now: io.now(),
    fetch,
  });
  for (const { message } of result.notices) report.warn(message);
  warnOfUnreadable(result, invocation);
  const pinned = await readFile(join(cacheDirectory, cacheFolderName(mirror), "root.json"));
  const rootSha256 = encodeHex(sha256(pinned));
  const startSha256 = root && encodeHex(sha256(root));
  report.result(
    toJson(result, cacheDirectory, rootSha256),
    toText(result, cacheDirectory, rootSha256, startSha256),
  );
}

/** What is published may be meant for newer programs; that is found out now rather than later. */
function warnOfUnreadable({ trustedRoot, signingConfig }: TufResult, { report }: Needs): void {
  const attempt = (name: string, decode: () => unknown): void => {
    try {
      decode();
    } catch (error) {
      if (!(error instanceof FormatError)) throw error;
      report.warn(`${name} is authentic, but cannot be used: ${error.message}`);
    }
  };
  attempt(trustedRootTarget, () => decodeTrustedRoot(trustedRoot));
  if (signingConfig) attempt(signingConfigTarget, () => decodeSigningConfig(signingConfig));
}

function readMirror({ mirror, staging }: InitializeFlags): string {
  if (!staging) return mirror ?? publicGoodMirror;
  if (mirror === undefined || mirror === stagingMirror) return stagingMirror;
  throw usageError("--staging and --mirror exclude each other", "pass one of them");
}

async function readGivenRoot(
  mirror: string,
  fetchFunction: typeof fetch,
  { flags, io, report, signal }: Needs,
): Promise<Uint8Array | undefined> {
  const { root, rootChecksum } = flags;
  if (root === undefined) {
    if (rootChecksum !== undefined) {
      throw usageError("--root-checksum is given without --root", "pass --root FILE too");
    }
    if (mirror === stagingMirror) return utf8Bytes(stagingRoot);
    if (mirror === publicGoodMirror) return undefined;
    throw usageError(
      `${mirror} is trusted by its root alone, and no root is given`,
      "pass --root FILE with the root.json that its operator published",
      "tuf-root-missing",
    );
  }
  if (!/^[a-z][a-z0-9+.-]*:\/\//i.test(root)) {
    return readWhole(root, "root", tufLimitsDefault.rootSizeBytesMax, { io, signal });
  }
  if (rootChecksum === undefined && !root.startsWith("file:")) {
    if (root.startsWith("http:") && !isLoopback(root)) {
      throw usageError(
        "a root fetched over http may be anybody's, and no checksum is given",
        "pass --root-checksum HEX, as its operator published it",
        "tuf-root-unchecked",
      );
    }
    report.warn("the root is as trustworthy as its address: --root-checksum would make sure");
  }
  return readRoot(root, { fetch: fetchFunction });
}

function isLoopback(url: string): boolean {
  if (!URL.canParse(url)) return false;
  const { hostname } = new URL(url);
  return hostname === "localhost" || hostname === "[::1]" || /^127\.[0-9.]+$/.test(hostname);
}

function targetsOf(result: TufResult): [name: string, bytes: Uint8Array][] {
  const { trustedRoot, signingConfig } = result;
  const found: [string, Uint8Array][] = [[trustedRootTarget, trustedRoot]];
  if (signingConfig) found.push([signingConfigTarget, signingConfig]);
  return found;
}

function toJson(result: TufResult, cacheDirectory: string, rootSha256: string): JsonResult {
  const described = roles.map((role) => {
    const { version, expires } = result.roles[role];
    return [role, { version, expires: expires.toISOString() }] as const;
  });
  const targets = targetsOf(result).map(([name, bytes]) => ({
    name,
    sizeBytes: bytes.length,
    sha256: encodeHex(sha256(bytes)),
  }));
  const { mirror } = result;
  return { mirror, cacheDirectory, rootSha256, roles: Object.fromEntries(described), targets };
}

function toText(
  result: TufResult,
  cacheDirectory: string,
  rootSha256: string,
  startSha256: string | undefined,
): string {
  const day = (date: Date): string => date.toISOString().replace(".000Z", "Z");
  const { root } = result.roles;
  const lines = [
    `Trusting ${result.mirror}`,
    `  root version ${root.version}, expires ${day(root.expires)}`,
    `    SHA-256 ${rootSha256}`,
  ];
  if (startSha256 !== undefined && startSha256 !== rootSha256) {
    lines.push(`    reached from the root with SHA-256 ${startSha256}`);
  }
  for (const role of roles.slice(1)) {
    const { version, expires } = result.roles[role];
    lines.push(`  ${role} version ${version}, expires ${day(expires)}`);
  }
  for (const [name, bytes] of targetsOf(result)) {
    lines.push(`  ${name}, ${bytes.length} bytes`, `    SHA-256 ${encodeHex(sha256(bytes))}`);
  }
  return [...lines, `Kept in ${cacheDirectory}`, ""].join("\n");
}
