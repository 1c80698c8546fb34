// SPDX-License-Identifier: Apache-2.0
// Rekor on loopback over logs in memory, and requests to it.
import { generatePrivateKey, type PrivateKey } from "@chancery/formats/crypto/node";
import { algorithmByName } from "@chancery/formats/crypto";
import type { FastifyInstance } from "fastify";
import { pino } from "pino";
import type { TestContext } from "node:test";
import { addCors, createApp, type HttpLimits, ServerMetrics } from "../src/http/index.ts";
import { addRekor, type RekorOptions } from "../src/rekor/index.ts";
import { MemoryLog } from "./memory-log.ts";

export const hostname = "rekor.test";
export const treeId = 1_193_050_959_916_656_506n;

export interface TestServer {
  readonly url: string;
  readonly app: FastifyInstance;
  readonly log: MemoryLog;
  readonly metrics: ServerMetrics;
  readonly v1Key: PrivateKey;
  readonly v2Key: PrivateKey;
  /** Lines of the log, parsed. */
  readonly lines: any[];
  close(): Promise<void>;
}

export interface TestServerOptions extends Partial<RekorOptions> {
  readonly limits?: Partial<HttpLimits>;
  readonly now?: () => number;
}

export function p256(): PrivateKey {
  return generatePrivateKey(algorithmByName("PKIX_ECDSA_P256_SHA_256"));
}

export async function startRekor(options: TestServerOptions = {}): Promise<TestServer> {
  const { limits, now, ...rekor } = options;
  const v1Key = p256();
  const v2Key = generatePrivateKey(algorithmByName("PKIX_ED25519"));
  const log = new MemoryLog({ origin: hostname, key: v2Key, ...(now ? { now } : {}) });
  const metrics = new ServerMetrics("test");
  const lines: any[] = [];
  const write = (line: string): void => void lines.push(JSON.parse(line));
  const app = createApp({ logger: pino({}, { write }), metrics, ...(limits ? { limits } : {}) });
  addCors(app);
  await addRekor(app, {
    shards: [{ treeId, log, key: v1Key, hostname }],
    origin: hostname,
    publicKey: v2Key.publicKey,
    metrics,
    ...rekor,
  });
  const url = await app.listen({ port: 0, host: "127.0.0.1" });
  return { url, app, log, metrics, v1Key, v2Key, lines, close: () => app.close() };
}

/** The same, closed after the test. */
export async function startedRekor(
  t: TestContext,
  options: TestServerOptions = {},
): Promise<TestServer> {
  const server = await startRekor(options);
  t.after(() => server.close());
  return server;
}

/** An answer, its body read. */
export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  /** The body as JSON; undefined where it is none. */
  readonly json: any;
}

export async function request(url: string, init: RequestInit = {}): Promise<Answer> {
  const response = await fetch(url, { redirect: "manual", ...init });
  const text = await response.text();
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    json = undefined; // not every answer is JSON
  }
  return { status: response.status, headers: response.headers, text, json };
}

export function post(url: string, value: unknown, headers: object = {}): Promise<Answer> {
  return request(url, {
    method: "POST",
    headers: { "content-type": "application/json", ...headers },
    body: typeof value === "string" ? value : JSON.stringify(value),
  });
}
