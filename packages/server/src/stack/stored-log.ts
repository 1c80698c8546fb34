// SPDX-License-Identifier: Apache-2.0
import { existsSync } from "node:fs";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { FormatError } from "@chancery/formats/errors";
import { ObjectDecoder, parseJson } from "@chancery/formats/json";
import { parseVerifierKey } from "@chancery/formats/note";
import { StackError } from "./errors.ts";
import { readText, writeWhole } from "./files.ts";
import { currentLogFolder, logFolder, readLogVkey } from "./identity.ts";

/** A log in a directory that nobody serves. */
export interface StoredLog {
  /** Of the store itself. */
  readonly folder: string;
  /** Who must have signed it, as the directory says; undefined where it says nothing. */
  readonly vkey: string | undefined;
  /** First line of its checkpoints. */
  readonly origin: string | undefined;
  /** Where it is a copy: of what. */
  readonly mirrorOf: string | undefined;
}

/** What a mirror's directory remembers of the log that it follows. */
export interface MirrorRecord {
  /** The log's prefix. */
  readonly url: string;
  readonly origin: string;
  readonly vkey: string;
}

const mirrorFile = "mirror.json";

/**
 * Looks what log is in a directory: that of a stack, of a mirror, or a bare store.
 * @throws StackError `identity` where there is none, or its description cannot be read; `key`
 */
export async function findStoredLog(directory: string): Promise<StoredLog> {
  const mirror = await readMirror(directory);
  if (mirror) {
    const { url, origin, vkey } = mirror;
    return { folder: mirrorStore(directory), vkey, origin, mirrorOf: url };
  }
  const folder = [await currentLogFolder(directory), directory].find((path) =>
    existsSync(join(path, "log.db")),
  );
  if (folder === undefined) throw new StackError("identity", `there is no log in ${directory}`);
  const vkey = await readLogVkey(directory);
  if (vkey === undefined) return { folder, vkey, origin: undefined, mirrorOf: undefined };
  return { folder, vkey, origin: parseVerifierKey(vkey).verifier.name, mirrorOf: undefined };
}

/** Folder of a mirror's store. */
export function mirrorStore(directory: string): string {
  return join(directory, logFolder);
}

/** What the directory is a mirror of; undefined where it is none. @throws StackError `identity` */
export async function readMirror(directory: string): Promise<MirrorRecord | undefined> {
  const path = join(directory, mirrorFile);
  const text = await readText(path);
  if (text === undefined) return undefined;
  try {
    const mirror = new ObjectDecoder(parseJson(text, "mirror"), "mirror").object("mirror");
    const vkey = mirror.string("vkey");
    parseVerifierKey(vkey);
    return { url: mirror.string("url"), origin: mirror.string("origin"), vkey };
  } catch (cause) {
    if (!(cause instanceof FormatError)) throw cause;
    throw new StackError("identity", `${path}: ${cause.message}`, { cause });
  }
}

/** Begins a mirror: makes its directory and writes down whose log it is for ever. */
export async function writeMirror(directory: string, mirror: MirrorRecord): Promise<void> {
  await mkdir(directory, { recursive: true, mode: 0o700 });
  const text = `${JSON.stringify({ mirror }, undefined, 2)}\n`;
  await writeWhole(join(directory, mirrorFile), text);
}
