// SPDX-License-Identifier: Apache-2.0
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { FormatError } from "@chancery/formats/errors";
import { ObjectDecoder, parseJson } from "@chancery/formats/json";
import { TufError } from "./errors.ts";
import { readRoot } from "./initialize.ts";
import { publicGoodMirror } from "./public-good-root.ts";

/** Which repository to use, and where it is cached. */
export interface TufLocation {
  readonly mirror: string;
  /** Undefined: the shipped root for the public instance, the cached one for others. */
  readonly root: Uint8Array | undefined;
  readonly cacheDirectory: string;
}

const format = "remote.json";

/**
 * The repository that the user has chosen, as cosign finds it: `TUF_ROOT` (cache folder, default
 * `<home>/.sigstore/root`), `TUF_MIRROR` (else what `initialize` left in `remote.json`, else the
 * public instance), `TUF_ROOT_JSON` (path of a root; unlike in cosign it also holds for the public
 * instance). Empty values count as unset.
 *
 * @throws TufError `tuf-cache-invalid` for a damaged `remote.json`; `tuf-root-missing`.
 */
export async function locationFromEnvironment(
  environment: Readonly<Record<string, string | undefined>>,
  homeDirectory: string,
): Promise<TufLocation> {
  const cacheDirectory = cacheDirectoryOf(environment, homeDirectory);
  const chosen = environment["TUF_MIRROR"] || (await cachedMirror(cacheDirectory));
  const rootPath = environment["TUF_ROOT_JSON"];
  const root = rootPath ? await readRoot(rootPath) : undefined;
  return { mirror: chosen ?? publicGoodMirror, root, cacheDirectory };
}

/** The folder that holds a folder per repository: `TUF_ROOT`, else `<home>/.sigstore/root`. */
export function cacheDirectoryOf(
  environment: Readonly<Record<string, string | undefined>>,
  homeDirectory: string,
): string {
  return environment["TUF_ROOT"] || join(homeDirectory, ".sigstore", "root");
}

async function cachedMirror(cacheDirectory: string): Promise<string | undefined> {
  const path = join(cacheDirectory, "remote.json");
  const invalid = (cause: unknown): TufError =>
    new TufError(
      "tuf-cache-invalid",
      `${path} does not name a mirror: ${(cause as Error).message}`,
      "initialize again, or delete the file to use the public instance",
      { cause },
    );
  try {
    const bytes = await readFile(path);
    return new ObjectDecoder(parseJson(bytes, format), format).string("mirror");
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    if (cause instanceof FormatError || (cause as NodeJS.ErrnoException).syscall) {
      throw invalid(cause);
    }
    throw cause;
  }
}
