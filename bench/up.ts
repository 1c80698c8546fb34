// SPDX-License-Identifier: Apache-2.0
// `chancery up` with every service: from the start of the process until it serves, and what it
// keeps in memory while nobody asks for anything.
import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { type Bench, type Figure, lessIsBetter, round } from "./bench.ts";
import { builtCommand, needBuild } from "./command.ts";
import { summary } from "./measure.ts";

const firstRounds = 5;
const laterRounds = 9;
const idleMs = 10_000;
const readyMsMax = 20_000;

/** Says that it is ready, and waits: what a process of Node takes without any program. */
const emptyProgram = 'console.error("Ready at nothing"); setInterval(() => {}, 1 << 30)';

/** First and later starts, and idle memory, beside a Node process that does nothing. */
export const upBench: Bench = {
  name: "up",
  what: "`chancery up` with all its services, from process start to ready, and idle after 10 s",
  run: async () => {
    needBuild();
    const folder = mkdtempSync(join(tmpdir(), "chancery-bench-up-"));
    try {
      return await figures(folder);
    } finally {
      rmSync(folder, { recursive: true });
    }
  },
  more: () => ({ markdown: profile, files: {} }),
};

/** Read out of `node --cpu-prof packages/cli/dist/chancery.js up`. */
const profile = `What a profile says of a later start (about 430 ms): 190 ms go into loading modules (of
these 20 ms into the HTTP client that Node's \`node:http\` brings along), 60 ms each into the threads
of the two logs, which open one after the other, 25 ms into adding routes, 15 ms into each private
key that is read. It used to be more: the page at \`/docs\` was made at the start (100 ms, now when
somebody asks for it), and the sign-in library, OpenID and gRPC clients load on first use. Each log
has one thread; the second, which writes its objects, starts with the first full bundle.
`;

async function figures(folder: string): Promise<Figure[]> {
  const up = (data: string): string[] => {
    return [builtCommand, "up", "--data", join(folder, data), "--listen", "127.0.0.1:0"];
  };
  const empty: number[] = [];
  const first: number[] = [];
  const later: number[] = [];
  for (let turn = 0; turn < firstRounds; turn++) {
    empty.push((await startOf(["-e", emptyProgram])).readyMs);
    first.push((await startOf(up(`data-${turn}`))).readyMs);
  }
  for (let turn = 0; turn < laterRounds; turn++) later.push((await startOf(up("data-0"))).readyMs);
  const idle = await startOf(up("data-0"), idleMs);
  const idleEmpty = await startOf(["-e", emptyProgram], idleMs);
  const beside = round(summary(empty).best);
  const start = (bench: string, times: readonly number[], note: string): Figure => {
    const { best, median } = summary(times);
    return lessIsBetter({
      bench,
      unit: "wall-ms",
      ours: round(best),
      median: round(median),
      peer: beside,
      peer_name: "an empty Node process",
      note,
    });
  };
  return [
    start("up-first-ready-ms", first, "keys, certificates, logs and TUF are made; budget 2,000"),
    start("up-later-ready-ms", later, "budget 700"),
    lessIsBetter({
      bench: "up-idle-memory",
      unit: "MB",
      ours: round(idle.rssMb),
      peer: round(idleEmpty.rssMb),
      peer_name: "an empty Node process",
      note: "resident set; budget 150",
    }),
  ];
}

interface Start {
  /** From spawning the process to its word that it is ready. */
  readonly readyMs: number;
  /** Resident memory in the end; not a number where the system does not tell it. */
  readonly rssMb: number;
}

/** Starts a Node process, waits until it is ready and a while longer, and stops it. */
async function startOf(args: readonly string[], waitMs = 0): Promise<Start> {
  const begun = performance.now();
  const child = spawn(process.execPath, args, { stdio: ["ignore", "ignore", "pipe"] });
  try {
    await readiness(child);
    const readyMs = performance.now() - begun;
    await sleep(waitMs);
    return { readyMs, rssMb: rssMbOf(child) };
  } finally {
    const ended = new Promise((resolve) => child.once("close", resolve));
    if (child.kill("SIGTERM")) await ended;
  }
}

function readiness(child: ChildProcess): Promise<void> {
  return new Promise((resolve, reject) => {
    let said = "";
    const fail = (): void => reject(new Error(`it does not get ready: ${said.slice(-2000)}`));
    const late = setTimeout(fail, readyMsMax);
    child.once("close", fail);
    child.stderr?.on("data", (chunk: Buffer) => {
      said += String(chunk);
      if (!/^Ready at /m.test(said)) return;
      clearTimeout(late);
      resolve();
    });
  });
}

function rssMbOf({ pid }: ChildProcess): number {
  if (process.platform !== "linux") return Number.NaN;
  const status = readFileSync(`/proc/${pid}/status`, "utf8");
  return (Number(/^VmRSS:\s+(\d+)/m.exec(status)?.[1]) * 1024) / 1e6;
}
