// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";
import {
  cacheFolderName,
  fetchTrust,
  TufError,
  type TufErrorCode,
  type TufOptions,
  type TufResult,
} from "../src/tuf/index.ts";
import { type LoopbackMirror, serve } from "./loopback-mirror.ts";
import { TufRepository } from "./tuf-repository.ts";

export const start: Date = new Date("2026-01-10T12:00:00Z");
export const day = 86_400_000;
export const trustedRoot: Uint8Array = new TextEncoder().encode('{"trusted":"root"}');
export const signingConfig: Uint8Array = new TextEncoder().encode('{"signing":"config"}');

/** A repository with both targets, a mirror that serves it, and a client with an empty cache. */
export interface World {
  readonly repository: TufRepository;
  readonly mirror: LoopbackMirror;
  readonly cacheDirectory: string;
  /** The cache of this repository. */
  readonly folder: string;
  fetch(options?: Partial<TufOptions>): Promise<TufResult>;
  /** The error of a run that must fail with this code. */
  refused(code: TufErrorCode, options?: Partial<TufOptions>): Promise<TufError>;
  cached(name: string): Uint8Array | undefined;
  /** Every file under the cache, with its text. */
  cacheFiles(): Record<string, string>;
}

export async function tufWorld(t: TestContext): Promise<World> {
  const repository = new TufRepository(start);
  repository.targets.set("trusted_root.json", trustedRoot);
  repository.targets.set("signing_config.v0.2.json", signingConfig);
  repository.publish();
  const mirror = await serve(t, repository.files);
  const cacheDirectory = mkdtempSync(join(tmpdir(), "tuf-"));
  t.after(() => rmSync(cacheDirectory, { recursive: true, force: true }));
  const root = repository.root();
  const folder = join(cacheDirectory, cacheFolderName(mirror.url));
  const run = (options: Partial<TufOptions> = {}): Promise<TufResult> =>
    fetchTrust({
      mirror: mirror.url,
      root,
      cacheDirectory,
      now: start,
      ...options,
      limits: { attemptsMax: 1, ...options.limits },
    });
  return {
    repository,
    mirror,
    cacheDirectory,
    folder,
    fetch: run,
    async refused(code, options) {
      const error = await run(options).catch((reason: unknown) => reason);
      assert.ok(error instanceof TufError, `not refused, or otherwise: ${String(error)}`);
      assert.equal(error.code, code, error.message);
      assert.ok(error.hint.length > 10);
      return error;
    },
    cached(name) {
      try {
        return readFileSync(join(folder, name));
      } catch {
        return undefined;
      }
    },
    cacheFiles() {
      const names = readdirSync(cacheDirectory, { recursive: true, withFileTypes: true })
        .filter((entry) => entry.isFile())
        .map((entry) => join(entry.parentPath, entry.name));
      const files = names.map((name) => {
        return [name.slice(cacheDirectory.length + 1), readFileSync(name, "utf8")];
      });
      return Object.fromEntries(files.toSorted(([a = ""], [b = ""]) => (a < b ? -1 : 1)));
    },
  };
}

/** Text of bytes. */
export function text(bytes: Uint8Array | undefined): string {
  return new TextDecoder().decode(bytes);
}
