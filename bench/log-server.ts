// SPDX-License-Identifier: Apache-2.0
// Logs as processes of their own, to send load to: ours, and rekor-tiles' with storage in files.
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { generateKeyPairSync } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { homedir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

/** Names of Node's threads and ours begin so; the first is the event loop's and has many names. */
const threadPurposes = {
  verify: "signatures",
  log: "log",
  "libuv-worker": "thread pool",
  V8Worker: "collector",
} as const;

export type ThreadPurpose =
  | "event loop"
  | "others"
  | (typeof threadPurposes)[keyof typeof threadPurposes];

/** A log that answers. */
export interface LogServer {
  readonly port: number;
  /** CPU time used until now, where the system tells it. */
  cpuMs(): number;
  /** The same by what the threads are for; empty where the system does not tell it. */
  cpuMsOfThreads(): ReadonlyMap<ThreadPurpose, number>;
  /** Resident memory at present. */
  memoryMb(): number;
  stop(): Promise<void>;
}

/** The newest version that Go 1.26 builds. */
export const rekorTilesVersion = "v2.3.0";

const rekorTilesModule = "github.com/sigstore/rekor-tiles/v2/cmd/rekor-server/posix";
const cache = process.env["CHANCERY_PEERS"] ?? join(homedir(), ".cache/chancery-peers");
const installTimeoutMs = 900_000;
const startTimeoutMs = 20_000;
const pollMs = 50;
/** Of Linux's clock in `/proc`. */
const tickMs = 10;

const ourProgram = fileURLToPath(new URL("../packages/cli/bin/chancery.js", import.meta.url));

/** `chancery up` on an empty folder. */
export async function startOurs(folder: string): Promise<LogServer> {
  const port = await freePort();
  const data = join(folder, "chancery");
  return started(
    process.execPath,
    [ourProgram, "up", "--data", data, "--listen", `127.0.0.1:${port}`],
    port,
  );
}

/**
 * rekor-tiles with a checkpoint each second, else as it is by default, on an empty folder.
 * @throws Error where it can neither be found nor be built
 */
export async function startRekorTiles(folder: string): Promise<LogServer> {
  const program = rekorTiles();
  const key = join(folder, "rekor-tiles.pem");
  const { privateKey } = generateKeyPairSync("ed25519", {
    privateKeyEncoding: { format: "pem", type: "pkcs8" },
    publicKeyEncoding: { format: "pem", type: "spki" },
  });
  writeFileSync(key, privateKey, { mode: 0o600 });
  const storage = join(folder, "rekor-tiles");
  mkdirSync(storage);
  const [port, grpc, metrics] = [await freePort(), await freePort(), await freePort()];
  const flags = {
    "http-port": port,
    "grpc-port": grpc,
    "http-metrics-port": metrics,
    hostname: "bench.example",
    "storage-dir": storage,
    "signer-filepath": key,
    // The shortest that its storage allows; its default of ten seconds makes every answer wait.
    "checkpoint-interval": "1s",
    "log-level": "warn",
  };
  const args = Object.entries(flags).map(([name, value]) => `--${name}=${value}`);
  return started(program, ["serve", ...args], port);
}

/** The program, built on first use. */
function rekorTiles(): string {
  const folder = join(cache, `rekor-tiles-${rekorTilesVersion}`, "bin");
  const path = join(folder, "posix");
  if (existsSync(path)) return path;
  mkdirSync(folder, { recursive: true });
  const build = spawnSync("go", ["install", `${rekorTilesModule}@${rekorTilesVersion}`], {
    env: { ...process.env, GOBIN: folder, GOFLAGS: "-trimpath", CGO_ENABLED: "0" },
    encoding: "utf8",
    timeout: installTimeoutMs,
  });
  if (build.status !== 0) {
    throw new Error(`rekor-tiles ${rekorTilesVersion}: ${build.error?.message ?? build.stderr}`);
  }
  return path;
}

async function started(program: string, args: readonly string[], port: number): Promise<LogServer> {
  const child = spawn(program, args, { stdio: ["ignore", "ignore", "pipe"] });
  let said = "";
  child.stderr.on("data", (chunk: Buffer) => (said = (said + String(chunk)).slice(-2000)));
  const until = performance.now() + startTimeoutMs;
  for (;;) {
    if (await answers(port)) break;
    if (child.exitCode !== null || performance.now() > until) {
      child.kill("SIGKILL");
      throw new Error(`${program} does not serve: ${said}`);
    }
    await new Promise((resolve) => void setTimeout(resolve, pollMs));
  }
  return {
    port,
    cpuMs: () => cpuMsOf(child),
    cpuMsOfThreads: () => cpuMsOfThreads(child),
    memoryMb: () => memoryMbOf(child),
    stop: () => stopped(child),
  };
}

async function answers(port: number): Promise<boolean> {
  try {
    const answer = await fetch(`http://127.0.0.1:${port}/healthz`);
    await answer.arrayBuffer();
    return answer.ok;
  } catch {
    return false;
  }
}

function stopped(child: ChildProcess): Promise<void> {
  return new Promise((resolve) => {
    if (child.exitCode !== null) return resolve();
    const hard = setTimeout(() => child.kill("SIGKILL"), startTimeoutMs);
    child.once("exit", () => {
      clearTimeout(hard);
      resolve();
    });
    child.kill("SIGTERM");
  });
}

function cpuMsOf({ pid }: ChildProcess): number {
  if (process.platform !== "linux") return Number.NaN;
  // The program's name, which may hold anything, ends with the last parenthesis.
  const text = readFileSync(`/proc/${pid}/stat`, "utf8");
  const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
  return (Number(fields[11]) + Number(fields[12])) * tickMs;
}

function cpuMsOfThreads({ pid }: ChildProcess): ReadonlyMap<ThreadPurpose, number> {
  const sums = new Map<ThreadPurpose, number>();
  if (process.platform !== "linux") return sums;
  for (const thread of readdirSync(`/proc/${pid}/task`)) {
    const folder = `/proc/${pid}/task/${thread}`;
    const purpose = Number(thread) === pid ? "event loop" : purposeOf(`${folder}/comm`);
    // Nanoseconds on a processor come first.
    const [ns] = readFileSync(`${folder}/schedstat`, "utf8").split(" ");
    sums.set(purpose, (sums.get(purpose) ?? 0) + Number(ns) / 1e6);
  }
  return sums;
}

function purposeOf(file: string): ThreadPurpose {
  const name = readFileSync(file, "utf8");
  const known = Object.entries(threadPurposes).find(([start]) => name.startsWith(start));
  return known?.[1] ?? "others";
}

function memoryMbOf({ pid }: ChildProcess): number {
  if (process.platform !== "linux") return Number.NaN;
  const [, kibibytes] = /^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, "utf8")) ?? [];
  return (Number(kibibytes) * 1024) / 1e6;
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer().once("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const { port } = server.address() as { port: number };
      server.close(() => resolve(port));
    });
  });
}
