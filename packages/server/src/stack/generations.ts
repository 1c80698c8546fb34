// SPDX-License-Identifier: Apache-2.0
import { join } from "node:path";
import { FormatError } from "@chancery/formats/errors";
import { ObjectDecoder, parseJson } from "@chancery/formats/json";
import { StackError } from "./errors.ts";
import { readText, writeWhole } from "./files.ts";

/**
 * A key that a service signs with for some time, and what goes with it: certificates, a log of its
 * own. The last of a list is in use; those before it verify what they signed, and sign no more.
 */
export interface Generation {
  /** 1 for the first. */
  readonly number: number;
  /** By which its key, and what goes with it, is kept: `tsa`, `tsa-2`, `tsa-3`. */
  readonly name: string;
  /** When it took over; undefined for the first, which has no date but that of its own making. */
  readonly since: Date | undefined;
  /** When the next one took over; undefined for the one in use. */
  readonly until: Date | undefined;
}

/** All generations of a key, oldest first. There is always one. */
export type Generations = readonly [Generation, ...Generation[]];

/** Of a data directory: when which key was replaced. */
const generationsFile = "generations.json";
const format = "generations";
const generationsMax = 1000;

/**
 * The generations of a key in a data directory.
 * @param name of its first one, such as `tsa`. @throws StackError `key` where the file is damaged
 */
export async function readGenerations(directory: string, name: string): Promise<Generations> {
  return generationsOf(name, (await readAll(directory)).get(name) ?? []);
}

/** The one in use. */
export function currentGeneration(generations: Generations): Generation {
  return generations.at(-1) ?? generations[0];
}

/**
 * Begins the next generation of keys, all at once. What it needs is made when its service opens:
 * nothing must be open in the directory now.
 * @param names of their first ones. @throws StackError `key`
 */
export async function beginGenerations(
  directory: string,
  names: readonly string[],
  now: Date,
): Promise<readonly Generation[]> {
  const all = await readAll(directory);
  for (const name of names) {
    const times = all.get(name) ?? [];
    const last = times.at(-1);
    if (last !== undefined && last >= now) {
      const message = `${name} was replaced on ${last.toISOString()}, which is not past: set the clock`;
      throw new StackError("key", message);
    }
    if (times.length >= generationsMax) throw new StackError("key", `${name}: too many keys`);
    all.set(name, [...times, now]);
  }
  const text = Object.fromEntries([...all].map(([name, times]) => [name, times.map(toText)]));
  await writeWhole(join(directory, generationsFile), `${JSON.stringify(text, undefined, 2)}\n`);
  return names.map((name) => currentGeneration(generationsOf(name, all.get(name) ?? [])));
}

/** @param times when the second, the third … took over */
function generationsOf(name: string, times: readonly Date[]): Generations {
  const first = { number: 1, name, since: undefined, until: times[0] };
  const later = times.map((since, i) => ({
    number: i + 2,
    name: `${name}-${i + 2}`,
    since,
    until: times[i + 1],
  }));
  return [first, ...later];
}

/** When each key was replaced, in order. */
async function readAll(directory: string): Promise<Map<string, readonly Date[]>> {
  const path = join(directory, generationsFile);
  const text = await readText(path);
  const all = new Map<string, readonly Date[]>();
  if (text === undefined) return all;
  try {
    const value = parseJson(text, format);
    const decoder = new ObjectDecoder(value, format);
    for (const name of Object.keys(value as object)) {
      const times = decoder.strings(name, generationsMax).map((time) => {
        const date = new Date(time);
        if (toText(date) === time) return date;
        throw decoder.error("malformed", name, `${JSON.stringify(time)} is not a time in UTC`);
      });
      if (times.some((time, i) => i > 0 && time <= (times[i - 1] as Date))) {
        throw decoder.error("malformed", name, "goes back in time");
      }
      all.set(name, times);
    }
  } catch (cause) {
    if (!(cause instanceof FormatError)) throw cause;
    throw new StackError("key", `${path}: ${cause.message}: restore it from a backup`, { cause });
  }
  return all;
}

function toText(time: Date): string {
  return Number.isNaN(time.getTime()) ? "" : time.toISOString();
}
