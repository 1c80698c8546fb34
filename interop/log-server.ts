// SPDX-License-Identifier: Apache-2.0
// `chancery up` as its users run it: a process on loopback with a data directory of its own.
import { type ChildProcess, spawn } from "node:child_process";
import { closeSync, mkdirSync, openSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";

const command = fileURLToPath(new URL("../packages/cli/bin/chancery.js", import.meta.url));
const readyMsMax = 20_000;
const pollMs = 20;

/** A log that can be killed and started again where it was. */
export class LogServer {
  readonly #folder: string;
  readonly #dev: boolean;
  #child: ChildProcess | undefined;
  #starts = 0;
  #url: string | undefined;

  /**
   * @param folder for its data directory and what it prints.
   * @param options `dev` lets anyone sign in as anybody
   */
  constructor(folder: string, { dev = false }: { readonly dev?: boolean } = {}) {
    this.#folder = folder;
    this.#dev = dev;
    mkdirSync(folder, { recursive: true });
  }

  /** Such as `http://localhost:40123`, the same after every start. */
  get url(): string {
    if (this.#url === undefined) throw new Error("it was never started");
    return this.#url;
  }

  /** Of its identity provider. */
  get issuer(): string {
    return `${this.url}/oidc`;
  }

  get trustedRoot(): string {
    return join(this.#folder, "data/trusted_root.json");
  }

  get signingConfig(): string {
    return join(this.#folder, "data/signing_config.v0.2.json");
  }

  /** Starts it, at first on a free port. @throws Error with what it printed when it is not ready */
  async start(): Promise<void> {
    this.#starts += 1;
    const printed = join(this.#folder, `printed-${this.#starts}.txt`);
    const listen = `127.0.0.1:${this.#url === undefined ? 0 : new URL(this.#url).port}`;
    const args = ["up", "--data", join(this.#folder, "data"), "--listen", listen];
    // A file, because whoever reads a pipe here may be waiting for a client of this server.
    const output = openSync(printed, "w");
    const child = spawn(process.execPath, [command, ...args], {
      stdio: ["ignore", output, output],
      env: { ...process.env, ...(this.#dev && { CHANCERY_IDP_DEV: "true" }) },
    });
    closeSync(output);
    this.#child = child;
    for (const start = Date.now(); Date.now() - start < readyMsMax; await sleep(pollMs)) {
      const url = /^Ready at (http:\/\/\S+);/m.exec(readFileSync(printed, "utf8"))?.[1];
      if (url !== undefined) {
        this.#url = url;
        return;
      }
      if (child.exitCode !== null) break;
    }
    await this.kill();
    throw new Error(`chancery up is not ready:\n${readFileSync(printed, "utf8")}`);
  }

  /** Ends it by SIGKILL. */
  async kill(): Promise<void> {
    await this.#end("SIGKILL");
  }

  /** Ends it by SIGTERM. @returns its exit code */
  async stop(): Promise<number | null> {
    return this.#end("SIGTERM");
  }

  async #end(signal: NodeJS.Signals): Promise<number | null> {
    const child = this.#child;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return null;
    const ended = new Promise<number | null>((resolve) => child.once("exit", resolve));
    child.kill(signal);
    return ended;
  }
}
