// SPDX-License-Identifier: Apache-2.0
// `chancery up` as its users run it: a process on loopback with a data directory of its own.
import { type ChildProcess, spawn } from "node:child_process";
import { closeSync, mkdirSync, openSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { chanceryCommand } from "./verifiers.ts";

const readyMsMax = 20_000;
const pollMs = 20;

/** A log that can be killed and started again where it was. */
export class LogServer {
  readonly #folder: string;
  readonly #environment: Readonly<Record<string, string>>;
  #child: ChildProcess | undefined;
  #starts = 0;
  #url: string | undefined;

  /**
   * @param folder for its data directory and what it prints.
   * @param options `dev` lets anyone sign in as anybody, `grpc` serves certificates over that, too
   */
  constructor(
    folder: string,
    { dev = false, grpc = false }: { readonly dev?: boolean; readonly grpc?: boolean } = {},
  ) {
    this.#folder = folder;
    this.#environment = {
      ...(dev && { CHANCERY_IDP_DEV: "true" }),
      ...(grpc && { CHANCERY_FULCIO_GRPC_LISTEN: "127.0.0.1:0" }),
    };
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

  /** Where certificates are issued over gRPC. */
  get grpcPort(): number {
    const port = /gRPC +port (\d+)/.exec(readFileSync(this.#printed, "utf8"))?.[1];
    if (port === undefined) throw new Error("it serves no gRPC");
    return Number(port);
  }

  get trustedRoot(): string {
    return join(this.#folder, "data/trusted_root.json");
  }

  get signingConfig(): string {
    return join(this.#folder, "data/signing_config.v0.2.json");
  }

  get #printed(): string {
    return join(this.#folder, `printed-${this.#starts}.txt`);
  }

  /** Starts it, at first on a free port. @throws Error with what it printed when it is not ready */
  async start(): Promise<void> {
    this.#starts += 1;
    const printed = this.#printed;
    const listen = `127.0.0.1:${this.#url === undefined ? 0 : new URL(this.#url).port}`;
    const [node, command] = chanceryCommand;
    const args = ["up", "--data", join(this.#folder, "data"), "--listen", listen];
    // A file, because whoever reads a pipe here may be waiting for a client of this server.
    const output = openSync(printed, "w");
    const child = spawn(node, [command, ...args], {
      stdio: ["ignore", output, output],
      env: { ...process.env, ...this.#environment },
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
