// SPDX-License-Identifier: Apache-2.0
import { isatty } from "node:tty";

/** Where words or results go. */
export interface Sink {
  readonly isTTY: boolean;
  /** Width of the terminal in characters, where it is one. */
  readonly columns?: number;
  write(chunk: string | Uint8Array): void;
}

/** Questions to a person at a terminal. */
export interface Prompt {
  /** Asks for a secret without showing it. @throws CliError `declined` where the person gives up */
  secret(message: string): Promise<string>;
  /** Asks for a yes; everything else is a no. */
  confirm(message: string): Promise<boolean>;
}

/** All that a command may touch of the process it runs in; tests bring their own. */
export interface Io {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Directory that relative paths start from. */
  readonly cwd: string;
  /** Standard input, read at most once. */
  readonly stdin: AsyncIterable<Uint8Array>;
  readonly stdinIsTTY: boolean;
  readonly stdout: Sink;
  readonly stderr: Sink;
  /** Absent where nobody is there to answer. */
  readonly prompt?: Prompt;
  readonly now: () => Date;
}

/** The process itself. */
export function processIo(): Io {
  const stdinIsTTY = isatty(0);
  return {
    env: process.env,
    cwd: process.cwd(),
    // The getter of process.stdin opens the stream, which a command that does not read it spares.
    get stdin() {
      return process.stdin;
    },
    stdinIsTTY,
    stdout: sinkOf(process.stdout),
    stderr: sinkOf(process.stderr),
    ...(stdinIsTTY && isatty(2) ? { prompt: lazyPrompt } : {}),
    now: () => new Date(),
  };
}

function sinkOf(stream: NodeJS.WriteStream): Sink {
  return {
    isTTY: stream.isTTY === true,
    ...(stream.columns === undefined ? {} : { columns: stream.columns }),
    write: (chunk) => void stream.write(chunk),
  };
}

const lazyPrompt: Prompt = {
  async secret(message) {
    const { askSecret } = await import("./prompt.ts");
    return askSecret(message);
  },
  async confirm(message) {
    const { askConfirm } = await import("./prompt.ts");
    return askConfirm(message);
  },
};
