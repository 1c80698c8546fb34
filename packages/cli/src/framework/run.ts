// SPDX-License-Identifier: Apache-2.0
import { writeFile } from "node:fs/promises";
import { resolve } from "node:path";
import { normalizeArgv } from "./argv.ts";
import {
  type Command,
  flagName,
  type GlobalFlags,
  type Group,
  type Invocation,
} from "./command.ts";
import { CliError, describeError, exitCodes, fileError } from "./errors.ts";
import type { Io, Sink } from "./io.ts";
import { globalFlags, parseArgv } from "./program.ts";
import { type OutputFormat, Report } from "./report.ts";
import { flagValues, type FlagValues, readDuration } from "./values.ts";

/**
 * Runs one command line and answers with the exit code. Everything that goes wrong is told on
 * standard error; nothing is thrown.
 */
export async function run(argv: readonly string[], root: Group, io: Io): Promise<number> {
  let report = reportFor(io, "text", false);
  const warnings: string[] = [];
  try {
    const normal = normalizeArgv(argv, root, globalFlags, (text) => warnings.push(text));
    if (normal.includes("--output=json")) report = reportFor(io, "json", false);
    const request = parseArgv(normal, root, io.stdout.columns);
    if (request.kind === "help") {
      io.stdout.write(request.text);
      return exitCodes.done;
    }
    const { command, args } = request;
    const { values, given } = flagValues(
      { ...globalFlags, ...command.flags },
      request.flags,
      io.env,
    );
    const global = values as unknown as GlobalFlags;
    const file =
      global.outputFile === undefined ? undefined : new OutputFile(global.outputFile, io);
    const format = global.output as OutputFormat;
    report = reportFor(file ? { ...reopen(io), stdout: file } : io, format, global.verbose);
    for (const text of warnings) report.warn(text);
    for (const text of checkServed(command, { values, given })) report.warn(text);
    const invocation = { flags: values, given, args, root, io, report };
    const code = await perform(command, invocation);
    await file?.save();
    return code;
  } catch (error) {
    const described = describeError(error);
    report.error(described);
    return exitCodes[described.outcome];
  }
}

async function perform(
  command: Command,
  untimed: Omit<Invocation<unknown>, "signal">,
): Promise<number> {
  const text = (untimed.flags as GlobalFlags).timeout;
  const timeoutMs = readDuration(text, "--timeout");
  const controller = new AbortController();
  const action = await command.load();
  const invocation = { ...untimed, signal: controller.signal };
  if (timeoutMs === 0) return (await action(invocation)) ?? exitCodes.done;
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      const hint = "pass a longer --timeout, or 0 for none";
      const error = new CliError("unavailable", "timeout", `gave up after ${text}`, { hint });
      controller.abort(error);
      reject(error);
    }, timeoutMs);
  });
  try {
    return (await Promise.race([action(invocation), late])) ?? exitCodes.done;
  } finally {
    clearTimeout(timer);
  }
}

function reportFor(
  io: Pick<Io, "stdout" | "stderr" | "env">,
  format: OutputFormat,
  verbose: boolean,
): Report {
  return new Report({ stdout: io.stdout, stderr: io.stderr, env: io.env, format, verbose });
}

function reopen({ stderr, env }: Io): Pick<Io, "stderr" | "env"> {
  return { stderr, env };
}

/**
 * Warnings about given flags that have no effect. A boolean that is false asks for nothing.
 * @throws CliError for flags that are not served
 */
function checkServed(command: Command, { values, given }: FlagValues): string[] {
  const warnings: string[] = [];
  for (const [key, { ignored, refused }] of Object.entries(command.flags)) {
    if (!given.has(key) || values[key] === false) continue;
    const name = `--${flagName(key)}`;
    if (refused !== undefined) {
      throw new CliError("usage", "flag-not-served", `${name} cannot be used here`, {
        hint: refused,
      });
    }
    if (ignored !== undefined) warnings.push(`${name} is ignored: ${ignored}`);
  }
  return warnings;
}

/** `--output-file`: written whole once the command has answered, so a failure leaves the old. */
class OutputFile implements Sink {
  readonly isTTY = false;
  readonly #chunks: Uint8Array[] = [];
  readonly #path: string;
  readonly #shown: string;

  constructor(path: string, io: Io) {
    this.#shown = path;
    this.#path = resolve(io.cwd, path);
  }

  write(chunk: string | Uint8Array): void {
    this.#chunks.push(typeof chunk === "string" ? new TextEncoder().encode(chunk) : chunk);
  }

  async save(): Promise<void> {
    try {
      await writeFile(this.#path, this.#chunks);
    } catch (error) {
      throw fileError(error, this.#shown);
    }
  }
}
