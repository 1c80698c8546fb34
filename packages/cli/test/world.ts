// SPDX-License-Identifier: Apache-2.0
// A temporary folder in which command lines run, in this process, and what they wrote.
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after } from "node:test";
import { encodePublicKeyPem, algorithmByFlag } from "@chancery/formats/crypto";
import { generatePrivateKey, type PrivateKey } from "@chancery/formats/crypto/node";
import { encodePem } from "@chancery/formats/pem";
import { commands } from "../src/commands/index.ts";
import { type Group, type Io, run } from "../src/framework/index.ts";

export interface Invoked {
  readonly code: number;
  readonly stdout: string;
  readonly stdoutBytes: Uint8Array;
  readonly stderr: string;
  /** Questions that were asked, where somebody was there to answer. */
  readonly asked: readonly string[];
}

export interface InvokeOptions {
  readonly env?: Readonly<Record<string, string>>;
  /** Standard input; absent, reading it fails the test. */
  readonly stdin?: string | Uint8Array;
  /** Somebody at a terminal: secrets in order, and what is answered to each confirmation. */
  readonly person?: {
    readonly secrets?: readonly string[];
    readonly confirms?: readonly boolean[];
  };
  /** Which streams are terminals. */
  readonly tty?: { readonly stdout?: boolean; readonly stderr?: boolean };
  readonly root?: Group;
  readonly now?: Date;
}

export class World {
  readonly folder: string = mkdtempSync(join(tmpdir(), "chancery-cli-"));

  constructor() {
    after(() => rmSync(this.folder, { recursive: true, force: true }));
  }

  path(name: string): string {
    return join(this.folder, name);
  }

  write(name: string, content: string | Uint8Array): string {
    writeFileSync(this.path(name), content);
    return name;
  }

  read(name: string): string {
    return readFileSync(this.path(name), "utf8");
  }

  json(name: string): any {
    return JSON.parse(this.read(name));
  }

  mode(name: string): number {
    return statSync(this.path(name)).mode & 0o777;
  }

  has(name: string): boolean {
    return statSync(this.path(name), { throwIfNoEntry: false }) !== undefined;
  }

  /** Writes NAME.key, unencrypted (opening it takes no time), and NAME.pub. */
  key(name: string, algorithm = "ecdsa-sha2-256-nistp256"): PrivateKey {
    const key = generatePrivateKey(algorithmByFlag(algorithm));
    this.write(`${name}.key`, encodePem("PRIVATE KEY", key.toPkcs8()));
    this.write(`${name}.pub`, encodePublicKeyPem(key.publicKey));
    return key;
  }

  /** Runs a line, split at spaces; words with spaces come as an array. */
  async run(line: string | readonly string[], options: InvokeOptions = {}): Promise<Invoked> {
    const argv = typeof line === "string" ? line.split(" ").filter((word) => word !== "") : line;
    const stdout: Uint8Array[] = [];
    const stderr: Uint8Array[] = [];
    const asked: string[] = [];
    const io = this.#io(options, stdout, stderr, asked);
    const code = await run(argv, options.root ?? commands, io);
    const stdoutBytes = Buffer.concat(stdout);
    return {
      code,
      stdout: stdoutBytes.toString(),
      stdoutBytes,
      stderr: Buffer.concat(stderr).toString(),
      asked,
    };
  }

  #io(options: InvokeOptions, stdout: Uint8Array[], stderr: Uint8Array[], asked: string[]): Io {
    const { env = {}, stdin, person, tty = {}, now } = options;
    const secrets = [...(person?.secrets ?? [])];
    const confirms = [...(person?.confirms ?? [])];
    const next = <T>(answers: T[], message: string): T => {
      asked.push(message);
      if (answers.length === 0) throw new Error(`unexpected question: ${message}`);
      return answers.shift() as T;
    };
    return {
      env,
      cwd: this.folder,
      stdin: chunksOf(stdin),
      stdinIsTTY: person !== undefined,
      stdout: {
        isTTY: tty.stdout ?? false,
        write: (chunk) => void stdout.push(Buffer.from(chunk)),
      },
      stderr: {
        isTTY: tty.stderr ?? false,
        write: (chunk) => void stderr.push(Buffer.from(chunk)),
      },
      ...(person && {
        prompt: {
          secret: async (message: string) => next(secrets, message),
          confirm: async (message: string) => next(confirms, message),
        },
      }),
      now: () => now ?? new Date(),
    };
  }
}

async function* chunksOf(stdin: string | Uint8Array | undefined): AsyncIterable<Uint8Array> {
  if (stdin === undefined) throw new Error("standard input was read unexpectedly");
  const bytes = Buffer.from(stdin);
  // Two chunks, so that nobody relies on one.
  const middle = bytes.length >> 1;
  yield bytes.subarray(0, middle);
  yield bytes.subarray(middle);
}
