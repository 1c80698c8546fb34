// SPDX-License-Identifier: Apache-2.0
import { stat } from "node:fs/promises";
import { type IdentityContext, placesOf } from "../context.ts";
import { readTokenFile } from "../read-token-file.ts";
import type { AmbientSource } from "../source.ts";

/** A token in a file, as a cluster mounts it into a pod (audience `sigstore`). */
export const filesystem: AmbientSource = {
  name: "filesystem",
  async detect(context: IdentityContext) {
    const { tokenFile } = placesOf(context);
    if (!(await exists(tokenFile))) return undefined;
    return { reason: `the file ${tokenFile} exists`, intended: true };
  },
  token: async (_audience, context) => readTokenFile(placesOf(context).tokenFile),
};

/** Whether something is there that can be looked at. */
export async function exists(path: string): Promise<boolean> {
  try {
    await stat(path);
    return true;
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    // Not there, or not for us: the same, as nobody meant it for this program.
    if (["ENOENT", "ENOTDIR", "EACCES", "EPERM", "ELOOP"].includes(code ?? "")) return false;
    throw cause;
  }
}
