// SPDX-License-Identifier: Apache-2.0
import { constants, mkdir, open, unlink } from "node:fs/promises";
import { join } from "node:path";
import { encodeHex, utf8Bytes } from "@chancery/formats/bytes";
import { sha256 } from "@chancery/formats/crypto";
import { SignError } from "../errors.ts";
import { savePrivateKey } from "../key-store/index.ts";
import { IdentityToken } from "./identity-token.ts";
import { tokenCharsMax } from "./jwt.ts";

/** Whose tokens: one person is many in the eyes of several providers. */
export interface TokenCacheKey {
  readonly issuer: string;
  readonly clientId: string;
}

/** So that a certificate can still be had with what comes out. */
const validityMsMin = 30_000;

/**
 * Keeps the tokens of people between commands, so that they sign in once for several: in files of
 * mode 0600 in a folder of mode 0700. Who reads such a file can sign as the person until the token
 * in it expires, minutes later.
 */
export class TokenCache {
  readonly #folder: string;

  /** @param folder is made when something is kept; `tokenCacheFolder` says the usual one. */
  constructor(folder: string) {
    this.#folder = folder;
  }

  /**
   * The token kept for a provider and client, if it is valid for half a minute more.
   * @throws SignError `identity-token-unreadable` for a file that others can read or that is no
   *   regular file; `identity-token-malformed` | `email-unverified` for what is in it
   */
  async load(
    { issuer, clientId }: TokenCacheKey,
    nowMs: number,
  ): Promise<IdentityToken | undefined> {
    const text = await readPrivate(this.#pathOf({ issuer, clientId }));
    if (text === undefined) return undefined;
    const token = new IdentityToken(text);
    const isRight = token.issuer === issuer && token.audiences.includes(clientId);
    return isRight && token.expiresAt.getTime() >= nowMs + validityMsMin ? token : undefined;
  }

  /** Keeps a token in place of the one before. @throws SignError `unwritable-file` */
  async save(key: TokenCacheKey, token: IdentityToken): Promise<void> {
    try {
      await mkdir(this.#folder, { recursive: true, mode: 0o700 });
    } catch (cause) {
      const { code } = cause as NodeJS.ErrnoException;
      if (code === undefined) throw cause;
      throw new SignError(
        "unwritable-file",
        `cannot keep the identity token in ${this.#folder}: ${code}`,
        "check that you may write there, or use --no-token-cache",
        { cause },
      );
    }
    await savePrivateKey(this.#pathOf(key), token.bearer(), { overwrite: true });
  }

  /** Forgets the token of a provider and client. */
  async remove(key: TokenCacheKey): Promise<void> {
    try {
      await unlink(this.#pathOf(key));
    } catch (cause) {
      if ((cause as NodeJS.ErrnoException).code !== "ENOENT") throw cause;
    }
  }

  #pathOf({ issuer, clientId }: TokenCacheKey): string {
    const name = encodeHex(sha256(utf8Bytes(JSON.stringify([issuer, clientId]))));
    return join(this.#folder, `${name}.jwt`);
  }
}

/**
 * The usual folder: `identity` in `CHANCERY_CACHE`, or else in the platform's place for caches.
 * @returns undefined where the environment names no place that is the user's own
 */
export function tokenCacheFolder(
  environment: Readonly<Record<string, string | undefined>>,
  platform: NodeJS.Platform = process.platform,
): string | undefined {
  const { CHANCERY_CACHE, XDG_CACHE_HOME, HOME, LOCALAPPDATA } = environment;
  if (CHANCERY_CACHE) return join(CHANCERY_CACHE, "identity");
  if (platform === "win32") return LOCALAPPDATA && join(LOCALAPPDATA, "chancery", "identity");
  // The XDG specification has relative paths ignored.
  if (XDG_CACHE_HOME?.startsWith("/")) return join(XDG_CACHE_HOME, "chancery", "identity");
  if (!HOME) return undefined;
  const caches = platform === "darwin" ? "Library/Caches" : ".cache";
  return join(HOME, caches, "chancery", "identity");
}

/** @returns undefined where there is no file */
async function readPrivate(path: string): Promise<string | undefined> {
  let file;
  try {
    // A link could lead to a file of somebody else's making; a pipe would keep us waiting.
    file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  } catch (cause) {
    const { code = "unknown error" } = cause as NodeJS.ErrnoException;
    if (code === "ENOENT" || code === "ENOTDIR") return undefined;
    throw unreadable(path, code === "ELOOP" ? "it is a symbolic link" : code);
  }
  try {
    const found = await file.stat();
    if (!found.isFile()) throw unreadable(path, "it is no regular file");
    if (process.platform !== "win32") {
      if ((found.mode & 0o077) !== 0) throw unreadable(path, "others than its owner may use it");
      if (found.uid !== process.getuid?.()) throw unreadable(path, "it is somebody else's");
    }
    if (found.size > tokenCharsMax) throw unreadable(path, "it is too long");
    return await file.readFile("latin1");
  } finally {
    await file.close();
  }
}

function unreadable(path: string, problem: string): SignError {
  return new SignError(
    "identity-token-unreadable",
    `the kept identity token ${path} is not used: ${problem}`,
    "delete the file",
  );
}
