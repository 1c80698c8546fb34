// SPDX-License-Identifier: Apache-2.0
import type { CliError } from "./errors.ts";
import type { Sink } from "./io.ts";
import { type Paint, painter } from "./paint.ts";

/** Version of every JSON document that commands print: it changes when a member changes meaning. */
export const outputVersion = 1;

export type OutputFormat = "text" | "json";

export type Json =
  | null
  | boolean
  | number
  | string
  | readonly Json[]
  | { readonly [name: string]: Json };
export type JsonResult = Readonly<Record<string, Json | undefined>>;

interface ReportOptions {
  readonly stdout: Sink;
  readonly stderr: Sink;
  readonly format: OutputFormat;
  readonly verbose: boolean;
  readonly env: Readonly<Record<string, string | undefined>>;
}

/**
 * What a command says. Results are for programs and go to standard output; everything in words is
 * for people and goes to standard error.
 */
export class Report {
  readonly stderr: Sink;
  readonly stdout: Sink;
  readonly format: OutputFormat;
  readonly verbose: boolean;
  readonly paintErr: Paint;
  readonly paintOut: Paint;
  #answered = false;

  constructor(options: ReportOptions) {
    this.stdout = options.stdout;
    this.stderr = options.stderr;
    this.format = options.format;
    this.verbose = options.verbose;
    this.paintErr = painter(options.stderr, options.env);
    this.paintOut = painter(options.stdout, options.env);
  }

  /**
   * The command's result: as one line of JSON after the output's version, or as its text, which may
   * be empty where files are the result.
   */
  result(json: JsonResult, text: string | Uint8Array = ""): void {
    this.#answered = true;
    if (this.format === "json") {
      this.stdout.write(`${JSON.stringify({ version: outputVersion, ...json })}\n`);
    } else if (text.length > 0) {
      this.stdout.write(text);
    }
  }

  /** A line for people. */
  say(line: string): void {
    this.stderr.write(`${line}\n`);
  }

  /** A line for people who want to know more. */
  detail(line: string): void {
    if (this.verbose) this.say(line);
  }

  warn(message: string): void {
    this.say(`chancery: ${this.paintErr.yellow("warning:")} ${message}`);
  }

  /** What went wrong and what to type; as JSON too where that was asked for. */
  error(error: CliError): void {
    this.say(`chancery: ${this.paintErr.red("error:")} ${error.message}`);
    if (error.hint !== undefined) this.say(`${this.paintErr.bold("hint:")} ${error.hint}`);
    if (this.verbose || error.outcome === "internal") this.#causes(error);
    if (this.format === "json" && !this.#answered) {
      const { code, outcome, message, hint } = error;
      this.result({ error: { code, outcome, message, ...(hint === undefined ? {} : { hint }) } });
    }
  }

  #causes(error: CliError): void {
    for (let cause = error.cause; cause !== undefined; cause = (cause as Error).cause) {
      if (!(cause instanceof Error)) break;
      const words = error.outcome === "internal" ? cause.stack : `${cause.name}: ${cause.message}`;
      this.say(`  caused by ${words}`);
    }
  }
}
