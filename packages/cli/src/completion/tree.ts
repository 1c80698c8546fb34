// SPDX-License-Identifier: Apache-2.0
import {
  type Command,
  type Flag,
  flagName,
  globalFlags,
  type Group,
  isGroup,
  isShown,
} from "../framework/index.ts";

/** A word that can be completed. */
export interface Choice {
  readonly word: string;
  readonly about: string;
}

export interface FlagChoice extends Choice {
  readonly short: string | undefined;
  readonly takesValue: boolean;
  /** The only values there are; empty where any may stand. */
  readonly values: readonly string[];
}

/** What can follow after the words of a command. */
export interface Place {
  /** The command's words, each after a slash; empty for the program itself. */
  readonly path: string;
  readonly commands: readonly Choice[];
  readonly flags: readonly FlagChoice[];
}

/** Every place in the tree of commands, the program's own first. */
export function describeTree(root: Group): Place[] {
  return describe(root, "");
}

function describe(node: Command | Group, path: string): Place[] {
  if (!isGroup(node)) {
    const flags = { ...node.flags, ...globalFlags, ...node.flags };
    return [{ path, commands: [], flags: describeFlags(flags) }];
  }
  const children = node.commands.filter((child) => isGroup(child) || child.hidden !== true);
  const commands = children.map(({ name, summary }) => ({ word: name, about: summary }));
  return [
    { path, commands, flags: describeFlags(globalFlags) },
    ...children.flatMap((child) => describe(child, `${path}/${child.name}`)),
  ];
}

function describeFlags(flags: Readonly<Record<string, Flag>>): FlagChoice[] {
  const shown = Object.entries(flags).filter(([, flag]) => isShown(flag));
  const choices = shown.map(([key, flag]) => ({
    word: `--${flagName(key)}`,
    about: flag.about,
    short: flag.short,
    takesValue: flag.type !== "boolean",
    values: flag.type === "text" ? (flag.choices ?? []) : [],
  }));
  const help = { word: "--help", about: "show this", short: "h", takesValue: false, values: [] };
  return [...choices, help];
}
