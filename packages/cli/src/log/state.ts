// SPDX-License-Identifier: Apache-2.0
import { mkdir, readFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { FormatError } from "@chancery/formats/errors";
import { isObject, type JsonObject, parseJson } from "@chancery/formats/json";
import type { LogFlags } from "../flags/index.ts";
import { CliError, fileError, type Invocation } from "../framework/index.ts";
import { pathOf, writeOutput } from "../files/index.ts";
import { homeOf } from "../verification/index.ts";

const stateVersion = 1;
const directoryMode = 0o700;

/**
 * What is remembered of logs, so that one that forgets entries or changes its key is seen: for each
 * tree the newest checkpoint, for each address the key. Whoever can write the file can hide both.
 */
export interface LogMemory {
  /** Newest checkpoint of a tree, as the log signed it. */
  checkpoint(tree: string): string | undefined;
  /** PEM of the key that the log at an address had. */
  key(url: string): string | undefined;
  setCheckpoint(tree: string, note: string): void;
  setKey(url: string, pem: string): void;
  /** Writes what changed, if it is to be remembered. */
  save(): Promise<void>;
}

/** @throws CliError `log-state-invalid` for a file that is damaged */
export async function openMemory(
  invocation: Pick<Invocation<LogFlags>, "flags" | "io">,
): Promise<LogMemory> {
  const { flags, io } = invocation;
  const label = flags.stateFile ?? join(homeOf(io), ".chancery", "log-state.json");
  const path = pathOf(io, label);
  const { trees, keys } = await read(path, label);
  let changed = false;
  const setter = (record: Record<string, string>) => (name: string, value: string) => {
    changed ||= record[name] !== value;
    record[name] = value;
  };
  return {
    checkpoint: (tree) => trees[tree],
    key: (url) => keys[url],
    setCheckpoint: setter(trees),
    setKey: setter(keys),
    async save() {
      if (!changed || !flags.storeTreeState) return;
      try {
        await mkdir(dirname(path), { recursive: true, mode: directoryMode });
      } catch (error) {
        throw fileError(error, label);
      }
      const text = JSON.stringify({ version: stateVersion, keys, trees }, undefined, 2);
      await writeOutput(label, `${text}\n`, invocation);
    },
  };
}

interface Stored {
  readonly trees: Record<string, string>;
  readonly keys: Record<string, string>;
}

async function read(path: string, label: string): Promise<Stored> {
  let bytes: Uint8Array;
  try {
    bytes = await readFile(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return { trees: {}, keys: {} };
    throw fileError(error, label);
  }
  try {
    const value = parseJson(bytes, "log state");
    if (isObject(value) && value["version"] === stateVersion) {
      return { trees: texts(value, "trees"), keys: texts(value, "keys") };
    }
  } catch (cause) {
    if (!(cause instanceof FormatError)) throw cause;
  }
  throw new CliError("usage", "log-state-invalid", `${label} is not what was remembered of logs`, {
    hint: "restore it, or delete it to begin anew",
  });
}

function texts(value: JsonObject, name: string): Record<string, string> {
  const member = value[name];
  if (!isObject(member)) throw new FormatError("wrong-type", "log state", name, "not an object");
  const entries = Object.entries(member).map(([key, text]) => {
    if (typeof text === "string") return [key, text];
    throw new FormatError("wrong-type", "log state", name, "holds what is no text");
  });
  return Object.fromEntries(entries) as Record<string, string>;
}
