// SPDX-License-Identifier: Apache-2.0
import { existsSync } from "node:fs";
import type { TestContext } from "node:test";
import { fileURLToPath } from "node:url";

/** Test vectors are shared beside the project, too large to live in it. */
const directory = new URL("../../shared/vectors/", import.meta.url);

/**
 * Where a file or folder of the shared test vectors is.
 * @param path relative to the vectors' folder, such as `wycheproof/ecdsa.json`.
 * @returns an absolute path, or undefined when it is not on this machine.
 */
export function vectors(path: string): string | undefined {
  const found = fileURLToPath(new URL(path, directory));
  return existsSync(found) ? found : undefined;
}

/**
 * Like {@link vectors}, for a test that is about them: skips it, saying why, when they are absent
 * on a developer's machine, and fails it in CI, where absence would silently prove nothing.
 */
export function needVectors(t: TestContext, path = "."): string | undefined {
  const found = vectors(path);
  if (found !== undefined) return found;
  const reason = `no test vectors at ../shared/vectors/${path === "." ? "" : path}`;
  if (process.env["CI"] === "true") throw new Error(reason);
  t.skip(reason);
  return undefined;
}
