// SPDX-License-Identifier: Apache-2.0
// A timestamp authority on loopback, with a clock that tests set.
import { algorithmByName, type MessageSigner } from "@chancery/formats/crypto";
import { generatePrivateKey, messageSigner } from "@chancery/formats/crypto/node";
import type { Certificate } from "@chancery/formats/x509";
import { pino } from "pino";
import type { TestContext } from "node:test";
import { createApp, ServerMetrics } from "../src/http/index.ts";
import {
  addTimestampAuthority,
  makeTimestampChain,
  type ServedTimestampAuthority,
  type TimestampAuthorityOptions,
} from "../src/tsa/index.ts";

/** Two clocks that go when they are told to. */
export class TestClock {
  wall: number;
  monotonic = 5_000;

  constructor(time: Date) {
    this.wall = time.getTime();
  }

  /** Both go on. */
  pass(ms: number): void {
    this.wall += ms;
    this.monotonic += ms;
  }

  wallMs(): number {
    return this.wall;
  }

  monotonicMs(): number {
    return this.monotonic;
  }
}

export const began: Date = new Date("2030-01-01T00:00:00Z");
const key = generatePrivateKey(algorithmByName("PKIX_ECDSA_P256_SHA_256"));
export const signer: MessageSigner = messageSigner(key);
export const chain: readonly [Certificate, Certificate, Certificate] = await makeTimestampChain(
  key.publicKey,
  "test",
  began,
);

export interface TimestampServer {
  readonly url: string;
  readonly clock: TestClock;
  readonly authority: ServedTimestampAuthority;
  readonly metrics: ServerMetrics;
  /** Lines of the log, parsed. */
  readonly lines: any[];
}

export async function startedTsa(
  t: TestContext,
  options: Partial<TimestampAuthorityOptions> = {},
): Promise<TimestampServer> {
  const clock = new TestClock(new Date(began.getTime() + 3_600_500));
  const metrics = new ServerMetrics("test");
  const lines: any[] = [];
  const logger = pino({}, { write: (line: string) => void lines.push(JSON.parse(line)) });
  const app = createApp({ logger, metrics });
  const authority = await addTimestampAuthority(app, {
    signer,
    chain,
    metrics,
    logger,
    clock,
    ...options,
  });
  const url = await app.listen({ port: 0, host: "127.0.0.1" });
  t.after(async () => {
    await app.close();
    await authority.close();
  });
  return { url: `${url}/api/v1/timestamp`, clock, authority, metrics, lines };
}

/** An answer, its body as bytes and, where it is JSON, read. */
export interface TimestampAnswer {
  readonly status: number;
  readonly headers: Headers;
  readonly bytes: Uint8Array;
  readonly json: any;
}

export async function post(
  { url }: TimestampServer,
  body: Uint8Array | string,
  type: string | undefined = typeof body === "string"
    ? "application/json"
    : "application/timestamp-query",
): Promise<TimestampAnswer> {
  const headers = type === "" ? {} : { "content-type": type };
  const sent = typeof body === "string" ? new TextEncoder().encode(body) : Uint8Array.from(body);
  const response = await fetch(url, { method: "POST", body: sent, headers });
  const bytes = new Uint8Array(await response.arrayBuffer());
  const isJson = response.headers.get("content-type")?.startsWith("application/json") ?? false;
  const json = isJson ? JSON.parse(new TextDecoder().decode(bytes)) : undefined;
  return { status: response.status, headers: response.headers, bytes, json };
}
