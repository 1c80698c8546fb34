// SPDX-License-Identifier: Apache-2.0
import { lstat, open, rename, unlink } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { CliError, fileError, type Invocation } from "../framework/index.ts";
import { pathOf } from "./paths.ts";

/** Signatures and bundles tell who signed what when: for their owner until they are published. */
const privateMode = 0o600;

/**
 * Makes sure that a file may be written, before there is anything to write: where it exists, `yes`
 * or the person at the terminal must allow that it is overwritten.
 *
 * @returns whether something will be overwritten.
 * @throws CliError `file-exists` where nobody allows it; `declined`
 */
export async function allowOutput(
  label: string,
  yes: boolean,
  { io }: Pick<Invocation<unknown>, "io">,
): Promise<boolean> {
  const found = await kindOf(pathOf(io, label), label);
  if (found === "directory") throw fileError({ code: "EISDIR" }, label);
  if (found === "absent" || found === "device") return false;
  if (yes) return true;
  if (!io.prompt) {
    const hint = "pass --yes to overwrite it, or choose another name";
    throw new CliError("usage", "file-exists", `${label} exists already`, { hint });
  }
  if (await io.prompt.confirm(`${label} exists already. Overwrite it?`)) return true;
  throw new CliError("usage", "declined", `${label} was left as it is`);
}

/**
 * Writes a file whole or not at all, readable by its owner. Devices, pipes and what symbolic links
 * lead to are written to in place.
 */
export async function writeOutput(
  label: string,
  data: string | Uint8Array,
  { io }: Pick<Invocation<unknown>, "io">,
  mode: number = privateMode,
): Promise<void> {
  const path = pathOf(io, label);
  try {
    const found = await kindOf(path, label);
    if (found === "device" || found === "link") return await writeTo(path, "w", data, mode);
    const temporary = join(dirname(path), `.${basename(path)}.${process.pid}.tmp`);
    try {
      await writeTo(temporary, "wx", data, mode);
      await rename(temporary, path);
    } catch (error) {
      await removeIfThere(temporary);
      throw error;
    }
  } catch (error) {
    throw fileError(error, label, "check that its folder exists and that you may write there");
  }
}

/** Removes a file where there is one. */
export async function removeOutput(
  label: string,
  { io }: Pick<Invocation<unknown>, "io">,
): Promise<void> {
  try {
    await removeIfThere(pathOf(io, label));
  } catch (error) {
    throw fileError(error, label);
  }
}

async function writeTo(
  path: string,
  flags: string,
  data: string | Uint8Array,
  mode: number,
): Promise<void> {
  await using file = await open(path, flags, mode);
  await file.writeFile(data);
}

type Kind = "absent" | "file" | "link" | "directory" | "device";

async function kindOf(path: string, label: string): Promise<Kind> {
  // Links such as /dev/stdout: whoever names them means what they lead to.
  if (path.startsWith("/dev/")) return "device";
  try {
    const info = await lstat(path);
    if (info.isSymbolicLink()) return "link";
    if (info.isDirectory()) return "directory";
    return info.isFile() ? "file" : "device";
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return "absent";
    throw fileError(error, label);
  }
}

async function removeIfThere(path: string): Promise<void> {
  try {
    await unlink(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
  }
}
