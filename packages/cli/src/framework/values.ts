// SPDX-License-Identifier: Apache-2.0
import { readBoolean } from "./argv.ts";
import { type Flag, flagName } from "./command.ts";
import { usageError } from "./errors.ts";

type Env = Readonly<Record<string, string | undefined>>;

export interface FlagValues {
  readonly values: Readonly<Record<string, unknown>>;
  readonly given: ReadonlySet<string>;
}

/**
 * The values of flags: from the command line, else `CHANCERY_<FLAG>`, else `COSIGN_<FLAG>` or the
 * flag's own variables, else the default. An empty variable counts as unset.
 *
 * @param argv as `normalizeArgv` left them and the parser split them, by flag name, in order.
 * @throws CliError for values outside a flag's choices
 */
export function flagValues(
  flags: Readonly<Record<string, Flag>>,
  argv: ReadonlyMap<string, readonly string[]>,
  env: Env,
): FlagValues {
  const values: Record<string, unknown> = {};
  const given = new Set<string>();
  for (const [key, flag] of Object.entries(flags)) {
    const name = flagName(key);
    const typed = argv.get(name);
    const variable = typed === undefined ? variableOf(name, flag, env) : undefined;
    const texts = typed ?? (variable === undefined ? undefined : [env[variable] as string]);
    if (texts === undefined) {
      const fallback = flag.type === "list" ? [] : (flag.default ?? absent(flag));
      if (fallback !== undefined) values[key] = fallback;
      continue;
    }
    given.add(key);
    values[key] = read(flag, texts, variable ?? `--${name}`);
  }
  return { values, given };
}

function absent(flag: Flag): false | undefined {
  return flag.type === "boolean" ? false : undefined;
}

function variableOf(name: string, { variables }: Flag, env: Env): string | undefined {
  const suffix = name.replaceAll("-", "_").toUpperCase();
  const others = variables ?? [`COSIGN_${suffix}`];
  return [`CHANCERY_${suffix}`, ...others].find((variable) => env[variable]);
}

function read(flag: Flag, texts: readonly string[], source: string): boolean | string | string[] {
  const last = texts.at(-1) as string;
  switch (flag.type) {
    case "boolean":
      return readBoolean(last, source);
    case "list":
      return flag.commas === false
        ? [...texts]
        : texts.flatMap((text) => text.split(",")).filter((text) => text !== "");
    case "text":
      if (flag.choices && !flag.choices.includes(last)) {
        const choices = flag.choices.join(", ");
        throw usageError(`${source} is ${JSON.stringify(last)}, not one of ${choices}`);
      }
      return last;
  }
}

const units: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
};

/** A duration as Go writes them, such as `3m0s` or `250ms`, in milliseconds. @throws CliError */
export function readDuration(text: string, name: string): number {
  if (text === "0") return 0;
  const parts = [...text.matchAll(/([0-9]+(?:\.[0-9]+)?)(ms|s|m|h)/g)];
  if (parts.length === 0 || parts.map(([part]) => part).join("") !== text) {
    throw usageError(`${name} is ${JSON.stringify(text)}, not a duration`, `${name} 3m0s`);
  }
  return parts.reduce((sum, [, count, unit]) => sum + Number(count) * (units[unit ?? ""] ?? 0), 0);
}
