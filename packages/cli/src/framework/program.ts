// SPDX-License-Identifier: Apache-2.0
import { Command as Parser, CommanderError, Option } from "commander";
import {
  type Argument,
  type Command,
  type Flag,
  flagName,
  type GlobalFlags,
  type Flags,
  type Group,
  isGroup,
  isShown,
} from "./command.ts";
import { type CliError, usageError } from "./errors.ts";

/** Flags of every command; one of a command's own takes precedence over these. */
export const globalFlags: Flags<GlobalFlags> = {
  output: {
    type: "text",
    value: "FORMAT",
    about: "print results as text or as json",
    choices: ["text", "json"],
    default: "text",
  },
  outputFile: {
    type: "text",
    value: "FILE",
    about: "write what would go to standard output to a file",
  },
  timeout: {
    type: "text",
    short: "t",
    value: "DURATION",
    about: "give up after this long; 0 never does",
    default: "3m0s",
  },
  verbose: { type: "boolean", short: "d", about: "say more about what is done and found" },
};

/** What the command line asks for. */
export type Request =
  | {
      readonly kind: "run";
      readonly command: Command;
      readonly args: readonly string[];
      /** Values by flag name, in the order they were given. */
      readonly flags: ReadonlyMap<string, readonly string[]>;
    }
  | { readonly kind: "help"; readonly text: string };

/**
 * Parses arguments in the form that `normalizeArgv` leaves.
 * @throws CliError for what is unknown, missing or too much, with what was probably meant
 */
export function parseArgv(argv: readonly string[], root: Group, columns?: number): Request {
  let request: Request | undefined;
  let help = "";
  const program = build(root, (command, args, flags) => {
    request = { kind: "run", command, args, flags };
  });
  forEach(program, (parser) => {
    parser.exitOverride().configureOutput({
      writeOut: (text) => (help += text),
      writeErr: (text) => (help += text),
      outputError: () => undefined,
      getOutHelpWidth: () => Math.min(columns ?? 80, 100),
      getErrHelpWidth: () => Math.min(columns ?? 80, 100),
      getOutHasColors: () => false,
      getErrHasColors: () => false,
    });
  });
  try {
    program.parse(argv, { from: "user" });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    if (error.exitCode === 0) return { kind: "help", text: help };
    if (error.code === "commander.help") throw missingCommand(argv, root);
    throw translate(error, argv);
  }
  if (request) return request;
  return { kind: "help", text: help };
}

type Found = (
  command: Command,
  args: readonly string[],
  flags: ReadonlyMap<string, readonly string[]>,
) => void;

function build(node: Command | Group, found: Found): Parser {
  const parser = new Parser(node.name).summary(node.summary).helpOption("-h, --help", "show this");
  if (isGroup(node)) {
    parser.description(`${node.summary}.`).usage("COMMAND [flags]");
    parser.addHelpText("after", "\nEvery command explains itself and its flags with --help.");
    for (const child of node.commands) {
      const hidden = !isGroup(child) && child.hidden === true;
      parser.addCommand(build(child, found), { hidden });
    }
    return parser.helpCommand("help [command]", "show help for a command");
  }
  parser.usage(["[flags]", ...(node.arguments ?? []).map(argumentTerm)].join(" "));
  parser.description([`${node.summary}.`, node.description ?? ""].join("\n\n").trim());
  for (const argument of node.arguments ?? []) parser.argument(argumentTerm(argument));
  const flags = new Map<string, string[]>();
  const collect =
    (name: string) =>
    (value: string): void => {
      flags.set(name, [...(flags.get(name) ?? []), value]);
    };
  addFlags(parser, node.flags, "Flags:", collect);
  const others = Object.entries(globalFlags).filter(([key]) => !(key in node.flags));
  addFlags(parser, Object.fromEntries(others), "Global flags:", collect);
  const examples = node.examples.map(({ about, line }) => `  # ${about}\n  ${line}\n`);
  parser.addHelpText("after", `\nExamples:\n${examples.join("\n")}`);
  parser.configureHelp({ optionTerm: optionTerm({ ...globalFlags, ...node.flags }) });
  return parser.action(() => found(node, parser.args, flags));
}

function argumentTerm({ name, optional, variadic }: Argument): string {
  const word = variadic ? `${name}...` : name;
  return optional ? `[${word}]` : `<${word}>`;
}

function addFlags(
  parser: Parser,
  flags: Readonly<Record<string, Flag>>,
  heading: string,
  collect: (name: string) => (value: string) => void,
): void {
  for (const [key, flag] of Object.entries(flags)) {
    const name = flagName(key);
    const short = flag.short === undefined ? "" : `-${flag.short}, `;
    // Every flag has a value by now; how it is shown is the help formatter's affair.
    const option = new Option(`${short}--${name} <value>`, flagAbout(flag)).helpGroup(heading);
    option.argParser(collect(name));
    if (!isShown(flag)) option.hideHelp();
    parser.addOption(option);
  }
}

function optionTerm(flags: Readonly<Record<string, Flag>>): (option: Option) => string {
  return (option) => {
    const [, flag] =
      Object.entries(flags).find(([key]) => option.long === `--${flagName(key)}`) ?? [];
    const indent = option.short === undefined ? "    " : "";
    const value = flag && flag.type !== "boolean" ? ` ${flag.value}` : "";
    return `${indent}${option.flags.replace(" <value>", "")}${value}`;
  };
}

function flagAbout(flag: Flag): string {
  const notes: string[] = [];
  if (flag.type === "text" && flag.choices && flag.choices.length <= 6) {
    notes.push(flag.choices.join("|"));
  }
  if (flag.type === "list") notes.push("may be repeated");
  const fallback = flag.type === "list" ? undefined : flag.default;
  if (fallback !== undefined && fallback !== false) notes.push(`default ${String(fallback)}`);
  return notes.length === 0 ? flag.about : `${flag.about} (${notes.join(", ")})`;
}

function forEach(parser: Parser, visit: (parser: Parser) => void): void {
  visit(parser);
  for (const child of parser.commands) forEach(child, visit);
}

function missingCommand(argv: readonly string[], root: Group): CliError {
  const path = [root.name, ...argv.filter((token) => !token.startsWith("-"))].join(" ");
  return usageError(`${path} needs a command`, `${path} --help`);
}

/** The parser's error in our words: its suggestions are kept. */
function translate(error: CommanderError, argv: readonly string[]): CliError {
  const [first = "", ...rest] = error.message.replace(/^error: /, "").split("\n");
  const suggestions = /^\(Did you mean (?:one of )?(.+)\?\)$/.exec(rest.join(" "))?.[1];
  const command = argv.filter((token) => !token.startsWith("-"))[0];
  const help = `chancery ${command === undefined || error.code === "commander.unknownCommand" ? "" : `${command} `}--help`;
  const message = first
    .replace(/^unknown option '(--?[^'=]*).*'$/, "unknown flag $1")
    .replace(/^unknown command '(.*)'$/, "unknown command $1")
    .replace(/^missing required argument '(.*)'$/, "the argument $1 is missing")
    .replace(
      /^too many arguments.*?Expected (\d+).*?but got (\d+).*$/,
      "$2 arguments where $1 belong",
    )
    .replace(/\.$/, "");
  return usageError(message, suggestions === undefined ? help : `did you mean ${suggestions}?`);
}
