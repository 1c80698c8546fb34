// SPDX-License-Identifier: Apache-2.0
import type { Io } from "./io.ts";
import type { Report } from "./report.ts";

/** What every flag has. */
interface FlagBase {
  /** One line for `--help`: what it is for, lower case, no full stop. */
  readonly about: string;
  /** One letter. */
  readonly short?: string;
  /** Other long names that mean the same. */
  readonly aliases?: readonly string[];
  /** Variables that set it where no `CHANCERY_…` does, instead of `COSIGN_…`. */
  readonly variables?: readonly string[];
  /** Accepted without effect; the text, shown as a warning, says what to do instead. */
  readonly ignored?: string;
  /** Known from cosign and not served: what to do instead. Giving the flag is a usage error. */
  readonly refused?: string;
  /** Kept out of `--help` and completion, as are flags that are ignored or refused. */
  readonly hidden?: boolean;
}

/** A flag with one value; where it is repeated the last one counts. */
export interface TextFlag extends FlagBase {
  readonly type: "text";
  /** What stands for the value in `--help`, such as `FILE`; completion offers files for that. */
  readonly value: string;
  readonly default?: string;
  readonly choices?: readonly string[];
}

/** A flag that is on or off: `--x`, `--x=true`, `--x=false`; never takes the next argument. */
export interface BooleanFlag extends FlagBase {
  readonly type: "boolean";
  readonly default?: boolean;
}

/** A flag that may be repeated and takes lists separated by commas. */
export interface ListFlag extends FlagBase {
  readonly type: "list";
  readonly value: string;
  /** Whether a comma separates values; default true. */
  readonly commas?: boolean;
}

export type Flag = TextFlag | BooleanFlag | ListFlag;

type FlagFor<V> = [V] extends [boolean]
  ? BooleanFlag
  : [V] extends [readonly string[]]
    ? ListFlag
    : TextFlag;

/**
 * The flags of a command, under the names that its action knows them by: `outputKeyPrefix` is
 * `--output-key-prefix`, and `CHANCERY_OUTPUT_KEY_PREFIX` in the environment.
 */
export type Flags<Values> = {
  readonly [Name in keyof Values]-?: FlagFor<Exclude<Values[Name], undefined>>;
};

/** Flags that every command has. */
export interface GlobalFlags {
  readonly output: string;
  readonly outputFile?: string;
  readonly timeout: string;
  readonly verbose: boolean;
}

/** What a command's action is given. */
export interface Invocation<Values> {
  readonly flags: Values;
  /** Arguments that are not flags. */
  readonly args: readonly string[];
  /** All commands, for those that speak about them. */
  readonly root: Group;
  /** Names of the flags that were set, on the command line or in the environment. */
  readonly given: ReadonlySet<string>;
  readonly io: Io;
  readonly report: Report;
  /** Aborted when `--timeout` has passed. */
  readonly signal: AbortSignal;
}

/**
 * What a command does. It throws `CliError` (or an error that `describeError` knows) where it
 * cannot, and answers with an exit code only where its result is a refusal.
 */
export type Action<Values> = (invocation: Invocation<Values>) => Promise<number | void>;

export interface Argument {
  readonly name: string;
  readonly optional?: boolean;
  readonly variadic?: boolean;
}

export interface Example {
  /** What it shows, as a short sentence without full stop. */
  readonly about: string;
  /** A line that runs as it stands in a POSIX shell. */
  readonly line: string;
}

/** A command: everything that `--help`, completion and parsing need, without what it does. */
export interface Command {
  readonly name: string;
  /** One line for the list of commands. */
  readonly summary: string;
  /** Paragraphs for `--help`. */
  readonly description?: string;
  readonly arguments?: readonly Argument[];
  readonly flags: Readonly<Record<string, Flag>>;
  readonly examples: readonly Example[];
  readonly hidden?: boolean;
  /** Loads what the command does: called only when it runs, so that others do not pay for it. */
  readonly load: () => Promise<Action<unknown>>;
}

/** Commands under a common word, such as `bundle`. */
export interface Group {
  readonly name: string;
  readonly summary: string;
  readonly commands: readonly (Command | Group)[];
}

/** A command whose flags and action agree on the values. */
export interface TypedCommand<Values> extends Omit<Command, "flags" | "load"> {
  readonly flags: Flags<Values>;
  readonly load: () => Promise<Action<Values>>;
}

/** Forgets the types of a command's values once they have been checked against each other. */
export function defineCommand<Values>(command: TypedCommand<Values>): Command {
  return command as Command;
}

export function isGroup(node: Command | Group): node is Group {
  return "commands" in node;
}

/** Whether `--help` and completion show the flag. */
export function isShown(flag: Flag): boolean {
  return flag.hidden !== true && flag.ignored === undefined && flag.refused === undefined;
}

/** `outputKeyPrefix` → `output-key-prefix`; names that are already short stay. */
export function flagName(key: string): string {
  return spelled[key] ?? key.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}

/** Names that cosign writes against the rule. */
const spelled: Readonly<Record<string, string>> = { digestAlg: "digestAlg" };
