// SPDX-License-Identifier: Apache-2.0
import { spawn, spawnSync } from "node:child_process";

/** How a program ended: its exit code and everything it wrote. */
export interface Outcome {
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunOptions {
  readonly cwd?: string;
  /** Added to the environment; `undefined` removes a variable. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  readonly input?: string | Uint8Array;
  readonly timeoutMs?: number;
}

const timeoutMsDefault = 120_000;
const outputBytesMax = 64 << 20;

/**
 * Runs a program to its end.
 * @throws Error when it cannot be started or does not end in time
 */
export function run(program: string, args: readonly string[], options: RunOptions = {}): Outcome {
  const ended = spawnSync(program, [...args], {
    cwd: options.cwd,
    env: { ...process.env, ...options.env },
    input: options.input,
    encoding: "utf8",
    maxBuffer: outputBytesMax,
    timeout: options.timeoutMs ?? timeoutMsDefault,
  });
  if (ended.error !== undefined) throw ended.error;
  return { status: ended.status ?? 255, stdout: ended.stdout, stderr: ended.stderr };
}

/** Like {@link run}, for a step that must succeed. @throws Error with what the program said */
export function must(program: string, args: readonly string[], options: RunOptions = {}): Outcome {
  const outcome = run(program, args, options);
  if (outcome.status === 0) return outcome;
  const said = `${outcome.stdout}\n${outcome.stderr}`.trim();
  throw new Error(`${program} ${args.join(" ")} ended with ${outcome.status}:\n${said}`);
}

export interface MeanwhileOptions extends Omit<RunOptions, "input"> {
  /** Told all that the program has written to one of its outputs, whenever that gets longer. */
  readonly onOutput?: (text: string) => void;
}

/** {@link must}, leaving this process free meanwhile to answer what the program asks over HTTP. */
export async function mustMeanwhile(
  program: string,
  args: readonly string[],
  options: MeanwhileOptions = {},
): Promise<Outcome> {
  const child = spawn(program, [...args], {
    cwd: options.cwd,
    env: { ...process.env, ...options.env },
    stdio: ["ignore", "pipe", "pipe"],
    timeout: options.timeoutMs ?? timeoutMsDefault,
  });
  const written = { stdout: "", stderr: "" };
  for (const name of ["stdout", "stderr"] as const) {
    child[name].setEncoding("utf8").on("data", (text: string) => {
      written[name] += text;
      options.onOutput?.(written[name]);
    });
  }
  const status = await new Promise<number>((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (code) => resolve(code ?? 255));
  });
  if (status === 0) return { status, ...written };
  const said = `${written.stdout}\n${written.stderr}`.trim();
  throw new Error(`${program} ${args.join(" ")} ended with ${status}:\n${said}`);
}

/** Advice that follows the message and says nothing about it. */
const advice = /--verbose|^see |^hint:|error during command execution|errors\.pydantic\.dev/i;

/** sigstore-python's time of day, once a second, and place in its source. */
const decoration = /^\[[\d:]+\]|\S+\.py:\d+\s*$/g;

/** The line that says most, for tables: the last that is no advice. */
export function lastWords(outcome: Outcome): string {
  const lines = `${outcome.stdout}\n${outcome.stderr}`
    .split("\n")
    .map((line) => line.replace(decoration, "").replace(/\s+/g, " ").trim());
  return lines.filter((line) => line !== "" && !advice.test(line)).at(-1) ?? "";
}
