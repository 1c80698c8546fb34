// SPDX-License-Identifier: Apache-2.0
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { signInAs } from "../../interop/sign-in.ts";
import { paint, showOutput } from "./terminal.ts";

const program = fileURLToPath(new URL("../../packages/cli/bin/chancery.js", import.meta.url));
const readyMsMax = 30_000;
const pollMs = 20;

/** A temporary folder in which commands run, and the services that one of them starts. */
export class Session {
  readonly folder: string = mkdtempSync(join(tmpdir(), "chancery-demo-"));
  /** As `export` sets them. */
  readonly variables: Record<string, string> = {};
  #services: ChildProcess | undefined;
  #printed = "";

  /** Runs one of our commands and shows both its streams as they came. @param exit what it needs */
  run(args: readonly string[], exit: number): void {
    const transcript = join(this.folder, ".transcript");
    const output = openSync(transcript, "w");
    const { status } = spawnSync(process.execPath, [program, ...args], {
      cwd: this.folder,
      env: this.#environment(),
      stdio: ["ignore", output, output],
    });
    closeSync(output);
    showOutput(readFileSync(transcript, "utf8"));
    if (exit !== 0) console.log(paint("dim", `  (exit code ${status})`));
    if (status === exit) return;
    throw new Error(`\`chancery ${args.join(" ")}\` ended with ${status}, not ${exit}`);
  }

  /** Starts `chancery up` behind the others, and shows what is where. */
  async startServices(args: readonly string[], log: string): Promise<void> {
    const path = join(this.folder, log);
    const output = openSync(path, "w");
    const child = spawn(process.execPath, [program, ...args], {
      cwd: this.folder,
      env: this.#environment(),
      stdio: ["ignore", output, output],
    });
    this.#services = child;
    closeSync(output);
    for (const start = Date.now(); Date.now() - start < readyMsMax; await sleep(pollMs)) {
      this.#printed = readFileSync(path, "utf8");
      if (this.#match(/^Ready at .*$/m) === undefined && child.exitCode === null) continue;
      const places = this.#match(/^Rekor v1 [^]*?(?=\n\n)/m) ?? "";
      showOutput(`${places}\n${this.#match(/^Ready at .*$/m)}`);
      return;
    }
    throw new Error(`chancery up is not ready:\n${this.#printed}`);
  }

  /** Where the services are. */
  get url(): string {
    return this.#match(/(?<=^Ready at )http:\/\/[^;\s]+/m) ?? "";
  }

  /** What `up` prints for who is to trust it. */
  get initializeLine(): string {
    return this.#match(/(?<=^ +)chancery initialize .*$/m) ?? "";
  }

  /** Signs in as a browser does, and leaves the token in a file. */
  async signIn(email: string, file: string): Promise<void> {
    const token = await signInAs(`${this.url}/oidc`, email);
    writeFileSync(join(this.folder, file), token, { mode: 0o600 });
  }

  /** Stops the services and removes the folder. */
  async end(): Promise<void> {
    const child = this.#services;
    if (child && child.exitCode === null && child.signalCode === null) {
      const ended = once(child, "exit");
      child.kill("SIGTERM");
      await ended;
    }
    rmSync(this.folder, { recursive: true });
  }

  #match(pattern: RegExp): string | undefined {
    return pattern.exec(this.#printed)?.[0];
  }

  /** Without settings of Sigstore clients, which would change the answers, and with no home. */
  #environment(): NodeJS.ProcessEnv {
    const kept = Object.entries(process.env).filter(
      ([name]) => !/^(CHANCERY|COSIGN|SIGSTORE|TUF)_/.test(name),
    );
    const colour = process.stdout.isTTY && !process.env["NO_COLOR"] ? { FORCE_COLOR: "1" } : {};
    return { ...Object.fromEntries(kept), HOME: this.folder, ...this.variables, ...colour };
  }
}
