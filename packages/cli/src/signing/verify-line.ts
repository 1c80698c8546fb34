// SPDX-License-Identifier: Apache-2.0
import { access } from "node:fs/promises";
import type { Io } from "../framework/index.ts";
import { pathOf, shellWord } from "../files/index.ts";

/** How the fresh signature is verified: what its maker tells others to type. */
export interface VerifyLine {
  readonly command: string;
  readonly keyReference: string;
  /** Left away where the verifying command finds the bundle itself. */
  readonly bundle?: string | undefined;
  readonly more?: readonly string[];
  /** The signature is in a log, so a trusted root must name it: its file, where TUF has it not. */
  readonly logged?: { readonly trustedRootFile: string | undefined };
  readonly file: string;
}

/** The lines to type, after making the public key's file where there is none. */
export async function verifyLines(io: Io, line: VerifyLine): Promise<string[]> {
  const { command, keyReference, bundle, more = [], logged, file } = line;
  const publicKey = await publicKeyOf(io, keyReference);
  const make = ["chancery", "public-key", "--key", keyReference, "--outfile", publicKey.path];
  const verify = ["chancery", command, "--key", publicKey.path];
  if (bundle !== undefined) verify.push("--bundle", bundle);
  if (logged?.trustedRootFile !== undefined) verify.push("--trusted-root", logged.trustedRootFile);
  verify.push(...more, "--level", logged ? "logged" : "keyed", file);
  const lines = publicKey.exists ? [verify] : [make, verify];
  return lines.map((words) => words.map(shellWord).join(" "));
}

async function publicKeyOf(io: Io, reference: string): Promise<{ path: string; exists: boolean }> {
  if (reference.includes("://")) return { path: "chancery.pub", exists: false };
  const path = `${reference.replace(/\.(key|pem)$/, "")}.pub`;
  try {
    await access(pathOf(io, path));
    return { path, exists: true };
  } catch {
    return { path, exists: false }; // whatever is wrong with it, the line to make it is of use
  }
}
