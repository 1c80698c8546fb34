// SPDX-License-Identifier: Apache-2.0
import { type JsonObject, ObjectDecoder } from "@chancery/formats/json";
import { TufRepositoryError } from "./errors.ts";
import type { TufFolder } from "./folder.ts";
import { decodeMetadata, type Metadata, reading, type TufRole } from "./metadata.ts";
import { decodeRoot, type Root, rootFile } from "./root.ts";

/** What clients see at present: the newest root, and what its timestamp leads to. */
export interface PublishedState {
  readonly root: Root | undefined;
  readonly targets: Metadata | undefined;
  readonly snapshot: Metadata | undefined;
  readonly timestamp: Metadata | undefined;
  /** Names of all files. */
  readonly names: ReadonlySet<string>;
}

/**
 * Reads what a folder holds. A first publication that was cut short, whose root is not there yet,
 * may lack any role; later ones may not.
 * @throws TufRepositoryError `damaged`
 */
export async function readState(folder: TufFolder): Promise<PublishedState> {
  const names = new Set(await folder.names());
  const version = highestVersion(names, "root");
  const root = version > 0 ? decodeRoot(await need(folder, rootFile(version)), "root") : undefined;
  for (let older = 1; older < version; older++) {
    if (!names.has(rootFile(older))) throw missing(rootFile(older));
  }
  const read = async (role: TufRole, file: string): Promise<Metadata | undefined> => {
    const text = await folder.read(file);
    if (text === undefined && root) throw missing(file);
    return text === undefined ? undefined : decodeMetadata(text, role, file);
  };
  const timestamp = await read("timestamp", "timestamp.json");
  const snapshot = timestamp && (await read("snapshot", listed(timestamp, "snapshot")));
  const targets = snapshot && (await read("targets", listed(snapshot, "targets")));
  return { root, targets, snapshot, timestamp, names };
}

/** The highest version of a role that any file has, published or left by a crash; 0 for none. */
export function highestVersion(names: ReadonlySet<string>, role: TufRole): number {
  let highest = 0;
  for (const name of names) {
    const version = /^([1-9][0-9]{0,9})\.([a-z]+)\.json$/.exec(name);
    if (version?.[2] === role) highest = Math.max(highest, Number(version[1]));
  }
  return highest;
}

/** The file of a role that another one's metadata names. */
function listed({ signed }: Metadata, role: "snapshot" | "targets"): string {
  return reading(role, () => {
    const meta: JsonObject = { meta: {}, ...signed };
    const file = new ObjectDecoder(meta, role).object("meta").object(`${role}.json`);
    return `${file.integer("version")}.${role}.json`;
  });
}

async function need(folder: TufFolder, file: string): Promise<string> {
  const text = await folder.read(file);
  if (text === undefined) throw missing(file);
  return text;
}

function missing(file: string): TufRepositoryError {
  const message = `${file} is missing from the TUF repository: restore the folder from a backup`;
  return new TufRepositoryError("damaged", message);
}
