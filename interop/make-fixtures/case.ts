// SPDX-License-Identifier: Apache-2.0
// A fixture is a folder that a peer filled and a `case.json` that says how to ask about it.
import { existsSync, globSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { mustMeanwhile } from "../run-peer.ts";

/** Where all of them are. */
export const fixturesFolder: string = fileURLToPath(
  new URL("../../test/fixtures/peers/", import.meta.url),
);

/** What `case.json` holds; paths are relative to its folder. */
export interface FixtureCase {
  readonly what: string;
  readonly bundle?: string;
  readonly artifact?: string;
  readonly trustedRoot?: string;
  readonly publicKey?: string;
  readonly identity?: string;
  readonly issuer?: string;
  /** No log vouches for it. */
  readonly withoutLog?: boolean;
  /** A detached signature, base64 or raw. */
  readonly signature?: string;
  readonly legacyBundle?: string;
  readonly privateKey?: string;
  /** Of the private key. The key is worthless. */
  readonly password?: string;
  /** The algorithm by its name in Node's terms, where it matters. */
  readonly algorithm?: string;
}

/** A fixture that exists: its case with the folder it is in. */
export interface Fixture extends FixtureCase {
  /** Such as `cosign/key-blob`. */
  readonly name: string;
  readonly folder: string;
}

/** Reads all fixtures. */
export function readFixtures(): Fixture[] {
  return globSync("*/*/case.json", { cwd: fixturesFolder })
    .sort()
    .map((path) => {
      const text = readFileSync(join(fixturesFolder, path), "utf8");
      const folder = join(fixturesFolder, dirname(path));
      return { ...(JSON.parse(text) as FixtureCase), name: dirname(path), folder };
    });
}

/** Fills the folder of one peer, and writes down the commands that did. */
export class FixtureMaker {
  readonly folder: string;
  readonly #peer: string;
  readonly #version: string;
  readonly #cases: { name: string; what: string; commands: string[] }[] = [];

  constructor(peerName: string, version: string) {
    this.#peer = peerName;
    this.#version = version;
    this.folder = join(fixturesFolder, peerName);
    rmSync(this.folder, { recursive: true, force: true });
  }

  /**
   * Makes one case.
   * @param fill writes files into the new folder and notes the commands it runs
   */
  async make(
    name: string,
    description: FixtureCase,
    fill: (workshop: Workshop) => Promise<void> | void,
  ): Promise<void> {
    const workshop = new Workshop(join(this.folder, name));
    mkdirSync(workshop.folder, { recursive: true });
    await fill(workshop);
    for (const path of [description.bundle, description.artifact, description.publicKey]) {
      if (path !== undefined && !existsSync(join(workshop.folder, path))) {
        throw new Error(`${name}: ${path} was not made`);
      }
    }
    workshop.write("case.json", `${JSON.stringify(description, undefined, 2)}\n`);
    this.#cases.push({ name, what: description.what, commands: workshop.commands });
  }

  /** Writes the README that says how each was made. */
  finish(introduction: string): void {
    const sections = this.#cases.map(
      ({ name, what, commands }) =>
        `## ${name}\n\n${what}\n\n\`\`\`\n${commands.join("\n")}\n\`\`\`\n`,
    );
    const head = `# Made by ${this.#peer} ${this.#version}\n\n${introduction}\n
Made again, with new keys, by \`node interop/make-fixtures.ts\`.\n\n`;
    writeFileSync(join(this.folder, "README.md"), head + sections.join("\n"));
  }
}

/** The folder of one case while it is filled. */
export class Workshop {
  readonly folder: string;
  readonly commands: string[] = [];

  constructor(folder: string) {
    this.folder = folder;
  }

  write(name: string, content: string | Uint8Array): void {
    writeFileSync(join(this.folder, name), content);
  }

  read(name: string): Buffer {
    return readFileSync(join(this.folder, name));
  }

  path(name: string): string {
    return join(this.folder, name);
  }

  /** Notes what was done where it is no command. */
  note(line: string): void {
    this.commands.push(line);
  }

  /**
   * Runs a program in the folder.
   * @param hide texts to leave out of the note, such as tokens and ports, and what to put instead
   */
  async run(
    program: string,
    args: readonly string[],
    options: { env?: Record<string, string>; hide?: Readonly<Record<string, string>> } = {},
  ): Promise<string> {
    const env = Object.entries(options.env ?? {}).map(([name, value]) => `${name}=${value} `);
    let line = `${env.join("")}${basename(program)} ${args.map(quote).join(" ")}`;
    for (const [text, instead] of Object.entries(options.hide ?? {})) {
      line = line.replaceAll(text, instead);
    }
    this.commands.push(line);
    const outcome = await mustMeanwhile(program, args, {
      cwd: this.folder,
      ...(options.env === undefined ? {} : { env: options.env }),
    });
    return outcome.stdout;
  }
}

function quote(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text}'`;
}
