// SPDX-License-Identifier: Apache-2.0
import { mkdir, readdir } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { MessageSigner } from "@chancery/formats/crypto";
import { messageSigner } from "@chancery/formats/crypto/node";
import {
  describeKey,
  isServedName,
  readState,
  type RoleRing,
  rootFile,
  type TufFolder,
  tufAlgorithm,
  TufRepository,
  TufRepositoryError,
  type TufRole,
} from "../../tuf/index.ts";
import type { StackConfig } from "../config.ts";
import { StackError } from "../errors.ts";
import { readText, writeWhole } from "../files.ts";
import { currentGeneration, readGenerations } from "../generations.ts";
import type { KeyFolder } from "../key-files.ts";

/** The keys of the repository, by the roles that each signs. */
export const tufKeys = {
  root: "tuf-root",
  targets: "tuf-targets",
  snapshot: "tuf-online",
  timestamp: "tuf-online",
} as const;

/** What it takes to open the repository of a data directory. */
export interface TufPlace {
  readonly dataDirectory: string;
  readonly keys: KeyFolder;
  readonly config: Pick<StackConfig, "tuf">;
  readonly now?: () => Date;
}

const dayMs = 86_400_000;

/** Folder of the served repository in a data directory. */
export function tufFolder(dataDirectory: string): TufFolder {
  const folder = join(dataDirectory, "tuf");
  return {
    read: (name) => readText(join(folder, name)),
    write: async (name, text) => {
      const path = join(folder, name);
      await mkdir(dirname(path), { recursive: true });
      await writeWhole(path, text);
    },
    names: async () => {
      await mkdir(folder, { recursive: true });
      const names = await readdir(folder, { recursive: true });
      return names.map((name) => name.replaceAll("\\", "/")).filter(isServedName);
    },
  };
}

/**
 * Opens the repository of a data directory, and makes keys that are new.
 * @throws StackError `key` where one that the root names is missing; `identity` where the
 *   repository is damaged
 */
export async function openTufRepository(place: TufPlace): Promise<TufRepository> {
  const { dataDirectory, config } = place;
  const folder = tufFolder(dataDirectory);
  const online = await openRing(place, folder, "timestamp");
  const rings = {
    root: await openRing(place, folder, "root"),
    targets: await openRing(place, folder, "targets"),
    snapshot: online,
    timestamp: online,
  };
  const { rootDays, timestampDays } = config.tuf;
  const long = rootDays * dayMs;
  const validityMs = {
    root: long,
    targets: long,
    snapshot: long,
    timestamp: timestampDays * dayMs,
  };
  const now = place.now ?? ((): Date => new Date());
  return new TufRepository({ folder, rings, validityMs, now });
}

/**
 * A root key that is kept elsewhere is replaced there.
 * @throws StackError `key`
 */
export async function checkRootIsHere(
  dataDirectory: string,
  names: readonly string[],
): Promise<void> {
  if (!names.includes(tufKeys.root)) return;
  if ((await tufFolder(dataDirectory).read(rootFile(1))) === undefined) return;
  const keys = await readdir(join(dataDirectory, "keys"));
  if (keys.some((name) => name.startsWith(tufKeys.root))) return;
  const others = `${tufKeys.targets} and ${tufKeys.snapshot} can be replaced by their names`;
  const message =
    "the root key is kept elsewhere: replace it with chancery trust next-root --root-key; " +
    others;
  throw new StackError("key", message);
}

/** Does something with a repository. @throws StackError for what is wrong with it */
export async function withStackErrors<Result>(run: () => Promise<Result>): Promise<Result> {
  try {
    return await run();
  } catch (cause) {
    if (!(cause instanceof TufRepositoryError)) throw cause;
    const code = cause.code === "damaged" ? "identity" : "key";
    throw new StackError(code, `tuf: ${cause.message}`, { cause });
  }
}

async function openRing(
  { dataDirectory, keys }: TufPlace,
  folder: TufFolder,
  role: TufRole,
): Promise<RoleRing> {
  const generations = await readGenerations(dataDirectory, tufKeys[role]);
  const { name } = currentGeneration(generations);
  const former: MessageSigner[] = [];
  for (const older of generations) {
    if (older.name === name || !keys.has(older.name)) continue;
    former.push(messageSigner(await keys.open(older.name, tufAlgorithm, { mayMake: false })));
  }
  const { root } = await withStackErrors(() => readState(folder));
  const named = root?.roles[role].keyids ?? [];
  const known = former.map(({ publicKey }) => describeKey(publicKey).keyid);
  // A key may be made where nobody knows one yet, or where it takes over from one that is here.
  const mayMake = root === undefined || named.some((id) => known.includes(id));
  if (role === "root" && !mayMake && !keys.has(name)) return { current: undefined, former };
  const current = messageSigner(await keys.open(name, tufAlgorithm, { mayMake }));
  return { current, former };
}
