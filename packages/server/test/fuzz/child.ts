// SPDX-License-Identifier: Apache-2.0
// A stack in a process of its own, and requests to it as raw as they come.
import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { Agent, request as httpRequest } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { fileURLToPath } from "node:url";

const program = fileURLToPath(new URL("../stack-child.ts", import.meta.url));

export interface Child {
  readonly process: ChildProcess;
  readonly port: number;
  /** Resident memory; 0 where the system does not tell. */
  memoryBytes(): number;
}

/** Starts a stack on a new folder. @param config its `chancery.yaml` */
export async function startChild(t: TestContext, config = "{}\n"): Promise<Child> {
  const folder = mkdtempSync(join(tmpdir(), "chancery-fuzz-"));
  writeFileSync(join(folder, "chancery.yaml"), config);
  const child = spawn(process.execPath, [program, folder], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  t.after(async () => {
    if (child.exitCode === null) {
      const ended = new Promise((resolve) => void child.once("exit", resolve));
      child.kill("SIGKILL");
      await ended;
    }
    rmSync(folder, { recursive: true, force: true });
  });
  const url = await new Promise<string>((resolve, reject) => {
    child.stdout.once("data", (chunk: Buffer) => resolve(chunk.toString().trim()));
    child.once("exit", () => reject(new Error("the stack did not start")));
  });
  const memoryBytes = (): number => {
    if (process.platform !== "linux") return 0;
    const [, kibibytes] = /^VmRSS:\s+(\d+)/m.exec(
      readFileSync(`/proc/${child.pid}/status`, "utf8"),
    )!;
    return Number(kibibytes) * 1024;
  };
  return { process: child, port: Number(new URL(url).port), memoryBytes };
}

export interface RawRequest {
  readonly method: string;
  /** As it is sent; nothing is normalised. */
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Uint8Array | string;
}

export interface RawAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly text: string;
  readonly ms: number;
}

const agent = new Agent({ keepAlive: true, maxSockets: 64 });

/** Sends a request. Rejects where no answer comes in time, or the connection breaks. */
export function send(port: number, request: RawRequest, timeoutMs = 5000): Promise<RawAnswer> {
  const { method, path, headers = {}, body } = request;
  const started = performance.now();
  return new Promise((resolve, reject) => {
    const length = body === undefined ? {} : { "content-length": Buffer.byteLength(body) };
    const outgoing = httpRequest(
      { host: "127.0.0.1", port, method, path, agent, headers: { ...length, ...headers } },
      (incoming) => {
        const chunks: Buffer[] = [];
        incoming.on("data", (chunk: Buffer) => void chunks.push(chunk));
        incoming.on("error", reject);
        incoming.on("end", () => {
          const text = Buffer.concat(chunks).toString("utf8");
          const ms = performance.now() - started;
          resolve({ status: incoming.statusCode ?? 0, headers: incoming.headers, text, ms });
        });
      },
    );
    outgoing.setTimeout(timeoutMs, () => outgoing.destroy(new Error("no answer in time")));
    outgoing.on("error", reject);
    outgoing.end(body);
  });
}
