// SPDX-License-Identifier: Apache-2.0
// The log over HTTP: hashedrekord entries of both APIs with a P-256 key and signature each,
// verified, durable and proven when answered. The generator runs on the same cores. Beside it
// rekor-tiles under the same generator, or where it cannot be built what the signatures alone cost.
import { type ChildProcess, fork } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { utf8Bytes } from "@chancery/formats/bytes";
import { algorithmByName, decodeSpki, verifySignature } from "@chancery/formats/crypto";
import { generatePrivateKey } from "@chancery/formats/crypto/node";
import { type Bench, type Figure, lessIsBetter, moreIsBetter, round } from "./bench.ts";
import type { LoadApi, LoadOrder, LoadResult } from "./http-load.ts";
import {
  type LogServer,
  rekorTilesVersion,
  startOurs,
  startRekorTiles,
  type ThreadPurpose,
} from "./log-server.ts";
import { measure } from "./measure.ts";

const rounds = 3;
const requestsPerRound = 8000;
const connections = 64;
const idlePerSecond = 10;
const idleRequests = 100;
const busyShare = 0.8;
const busySeconds = 4;
const timeMsMax = 20_000;

/** The peer answers when its next checkpoint is out, a second later: it needs more at once. */
const peerConnections = 2048;
const peerRequests = 8000;
const peerIdleRequests = 50;

/** Rate and waits of both APIs, from a client's side. */
export const logHttpBench: Bench = {
  name: "log-http",
  what:
    "the log over HTTP, generator on the same cores: each entry with a P-256 key and signature " +
    "of its own, verified, durable and proven when answered; wall time",
  run: async () => {
    const folder = mkdtempSync(join(tmpdir(), "chancery-bench-"));
    try {
      const ours = await onServer(() => startOurs(folder), measureOurs);
      const peer = await peerSide(folder);
      return figures(ours, peer);
    } finally {
      rmSync(folder, { recursive: true });
    }
  },
};

export interface Rate {
  readonly best: number;
  readonly median: number;
  /** CPU time of the server for each request, in the round where it was least. */
  readonly cpuUs: number;
  /** The same by what the threads are for, in the same round. */
  readonly cpuUsOfThreads: ReadonlyMap<ThreadPurpose, number>;
}

interface Ours {
  readonly v2: Rate;
  readonly v1: Rate;
  readonly idle: LoadResult["waitsMs"];
  readonly busy: LoadResult["waitsMs"];
  readonly memoryMb: number;
}

interface Peer {
  readonly name: string;
  readonly rate: number;
  readonly cpuUs: number;
  readonly idleMs: number;
}

export type Measure = (order: Omit<LoadOrder, "port" | "timeMsMax">) => Promise<Measured>;

export interface Measured extends LoadResult {
  readonly perSecond: number;
  readonly cpuUs: number;
  readonly cpuUsOfThreads: ReadonlyMap<ThreadPurpose, number>;
}

async function measureOurs(load: Measure, server: LogServer): Promise<Ours> {
  await load({ api: "v2", connections, count: requestsPerRound });
  const idle = await load({
    api: "v2",
    connections,
    count: idleRequests,
    perSecond: idlePerSecond,
  });
  const rates: Record<LoadApi, Measured[]> = { v1: [], v2: [] };
  for (let turn = 0; turn < rounds; turn++) {
    for (const api of ["v2", "v1"] as const) {
      rates[api].push(await load({ api, connections, count: requestsPerRound }));
    }
  }
  const v2 = rateOf(rates.v2);
  const perSecond = Math.floor(v2.median * busyShare);
  const busy = await load({ api: "v2", connections, count: perSecond * busySeconds, perSecond });
  const [idleWaits, busyWaits] = [idle.waitsMs, busy.waitsMs];
  const memoryMb = server.memoryMb();
  return { v2, v1: rateOf(rates.v1), idle: idleWaits, busy: busyWaits, memoryMb };
}

export function rateOf(results: readonly Measured[]): Rate {
  const sorted = results.map(({ perSecond }) => perSecond).toSorted((a, b) => b - a);
  const [thriftiest] = results.toSorted((a, b) => a.cpuUs - b.cpuUs) as [Measured, ...Measured[]];
  return {
    best: sorted[0] as number,
    median: sorted[sorted.length >> 1] as number,
    cpuUs: thriftiest.cpuUs,
    cpuUsOfThreads: thriftiest.cpuUsOfThreads,
  };
}

/** rekor-tiles; else the signatures' floor. */
async function peerSide(folder: string): Promise<Peer> {
  try {
    return await onServer(() => startRekorTiles(folder), measurePeer);
  } catch (cause) {
    const why = (cause as Error).message.split("\n")[0];
    console.error(`log-http: rekor-tiles is not beside it: ${why}`);
    const cpuUs = signatureUs();
    const name = "the signatures' verification alone, one core";
    return { name, rate: 1e6 / cpuUs, cpuUs, idleMs: cpuUs / 1000 };
  }
}

async function measurePeer(load: Measure): Promise<Peer> {
  const busy = await load({ api: "v2", connections: peerConnections, count: peerRequests });
  const idle = await load({
    api: "v2",
    connections: peerConnections,
    count: peerIdleRequests,
    perSecond: idlePerSecond,
  });
  return {
    name: `rekor-tiles ${rekorTilesVersion}, files, checkpoint each second, ${peerConnections} connections`,
    rate: busy.perSecond,
    cpuUs: busy.cpuUs,
    idleMs: idle.waitsMs.p50,
  };
}

function figures(ours: Ours, peer: Peer): Figure[] {
  const rate = (api: LoadApi, bench: string): Figure =>
    moreIsBetter({
      bench,
      unit: "entries/s",
      ours: round(ours[api].best),
      median: round(ours[api].median),
      peer: round(peer.rate),
      peer_name: peer.name,
      note: `hashedrekord ${api}, ${connections} connections, memory ${round(ours.memoryMb)} MB`,
    });
  const cpu = (api: LoadApi): Figure =>
    lessIsBetter({
      bench: `log-http-cpu-us/${api}`,
      unit: "us of the server's CPU per entry",
      ours: round(ours[api].cpuUs),
      peer: round(peer.cpuUs),
      peer_name: peer.name,
      note: [...ours[api].cpuUsOfThreads]
        .toSorted(([, a], [, b]) => b - a)
        .filter(([, us]) => us >= 1)
        .map(([purpose, us]) => `${purpose} ${Math.round(us)}`)
        .join(", "),
    });
  const p99 = `p99 ${round(ours.idle.p99)} ms`;
  return [
    rate("v2", "log-http-entries-per-s"),
    rate("v1", "log-http-entries-per-s/v1"),
    cpu("v2"),
    cpu("v1"),
    lessIsBetter({
      bench: "log-http-idle-p50-ms",
      unit: "ms",
      ours: round(ours.idle.p50),
      peer: round(peer.idleMs),
      peer_name: peer.name,
      note: `${idlePerSecond} entries/s offered; ${p99}`,
    }),
    lessIsBetter({
      bench: "log-http-busy-p99-ms",
      unit: "ms",
      ours: round(ours.busy.p99),
      peer: round(peer.idleMs),
      peer_name: `${peer.name}, p50 at ${idlePerSecond}/s`,
      note: `at ${100 * busyShare} % of the median rate; p50 ${round(ours.busy.p50)} ms`,
    }),
  ];
}

/** Runs a server and a generator, each a process, for as long as somebody measures. */
export async function onServer<Value>(
  start: () => Promise<LogServer>,
  use: (load: Measure, server: LogServer) => Promise<Value>,
): Promise<Value> {
  const server = await start();
  const generator = fork(fileURLToPath(new URL("http-load.ts", import.meta.url)));
  const load: Measure = async (order) => {
    const [before, threadsBefore] = [server.cpuMs(), server.cpuMsOfThreads()];
    const result = await ask(generator, { ...order, port: server.port, timeMsMax });
    const usEach = (ms: number): number => (1000 * ms) / result.created;
    const cpuUs = usEach(server.cpuMs() - before);
    const cpuUsOfThreads = new Map(
      [...server.cpuMsOfThreads()].map(([purpose, ms]) => [
        purpose,
        usEach(ms - (threadsBefore.get(purpose) ?? 0)),
      ]),
    );
    if (result.refused > 0) {
      throw new Error(`${result.refused} requests were refused: ${result.refusal}`);
    }
    return {
      ...result,
      cpuUs,
      cpuUsOfThreads,
      perSecond: (1000 * result.created) / result.elapsedMs,
    };
  };
  try {
    return await use(load, server);
  } finally {
    if (generator.connected) generator.disconnect();
    await server.stop();
  }
}

function ask(generator: ChildProcess, order: LoadOrder): Promise<LoadResult> {
  return new Promise((resolve, reject) => {
    const failed = (): void => reject(new Error("the generator of load failed"));
    generator.once("disconnect", failed);
    generator.once("message", (result) => {
      generator.off("disconnect", failed);
      resolve(result as LoadResult);
    });
    generator.send(order);
  });
}

/** CPU time to read a P-256 key and verify with it. */
function signatureUs(): number {
  const key = generatePrivateKey(algorithmByName("PKIX_ECDSA_P256_SHA_256"));
  const scheme = { kind: "ecdsa", hash: "sha256" } as const;
  const message = utf8Bytes("artifact");
  const signature = key.sign(scheme, message);
  const { spki } = key.publicKey;
  const verify = (): void => void verifySignature(decodeSpki(spki), scheme, message, signature);
  return measure({ verify }).verify.best;
}
