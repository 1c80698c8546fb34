// SPDX-License-Identifier: Apache-2.0
// The generator of load over HTTP, in a process of its own: requests are made before the clock
// starts, each with a key and a signature of its own, and sent over connections that are kept.
import { connect, type Socket } from "node:net";
import { encodeBase64, encodeHex, utf8Bytes } from "@chancery/formats/bytes";
import { algorithmByName, encodePublicKeyPem, sha256 } from "@chancery/formats/crypto";
import { generatePrivateKey } from "@chancery/formats/crypto/node";

/** The requests of Rekor's two APIs. */
export type LoadApi = "v1" | "v2";

/** What the parent asks for. */
export interface LoadOrder {
  readonly api: LoadApi | "certificates" | "timestamps";
  /** For certificates: whom they name, and the identity token that says so. */
  readonly identity?: { readonly email: string; readonly token: string };
  readonly port: number;
  readonly connections: number;
  readonly count: number;
  /** Requests that come evenly; where absent each connection sends as soon as it is answered. */
  readonly perSecond?: number;
  /** After which nothing more is sent. */
  readonly timeMsMax: number;
}

/** What came of it. */
export interface LoadResult {
  /** Requests answered 200 or 201. */
  readonly created: number;
  readonly refused: number;
  /** Status and body of a refusal. */
  readonly refusal: string;
  readonly elapsedMs: number;
  /** CPU time of the generator itself. */
  readonly cpuMs: number;
  /** From when the request was due to its answer. */
  readonly waitsMs: { readonly p50: number; readonly p99: number; readonly max: number };
}

const ecdsa = { kind: "ecdsa", hash: "sha256" } as const;
const answerTimeoutMs = 30_000;
const pollMs = 1;

if (process.send !== undefined) {
  process.on("message", (order: LoadOrder) => {
    void run(order).then(
      (result) => process.send?.(result),
      (cause: unknown) => {
        console.error(cause);
        // The parent sees that the channel is gone.
        process.exitCode = 1;
        process.disconnect();
      },
    );
  });
}

async function run(order: LoadOrder): Promise<LoadResult> {
  const requests = Array.from({ length: order.count }, () => requestOf(order));
  const lines = await Promise.all(
    Array.from({ length: order.connections }, () => Line.open(order.port)),
  );
  const waits: number[] = [];
  let refused = 0;
  let refusal = "";
  const before = process.cpuUsage();
  const start = performance.now();
  const send = async (line: Line, request: Buffer, due: number): Promise<void> => {
    const answer = await line.send(request);
    if (answer.status === 200 || answer.status === 201) {
      waits.push(performance.now() - due);
      return;
    }
    refused++;
    refusal ||= `${answer.status} ${answer.body.toString("utf8")}`;
  };
  if (order.perSecond === undefined) await saturate(requests, lines, order, send);
  else await offer(requests, lines, { ...order, perSecond: order.perSecond }, send);
  const elapsedMs = performance.now() - start;
  const { user, system } = process.cpuUsage(before);
  for (const line of lines) line.close();
  waits.sort((a, b) => a - b);
  return {
    created: waits.length,
    refused,
    refusal,
    elapsedMs,
    cpuMs: (user + system) / 1000,
    waitsMs: { p50: quantile(waits, 0.5), p99: quantile(waits, 0.99), max: quantile(waits, 1) },
  };
}

type Send = (line: Line, request: Buffer, due: number) => Promise<void>;

async function saturate(
  requests: readonly Buffer[],
  lines: readonly Line[],
  { timeMsMax }: LoadOrder,
  send: Send,
): Promise<void> {
  const until = performance.now() + timeMsMax;
  let next = 0;
  const worker = async (line: Line): Promise<void> => {
    for (;;) {
      const now = performance.now();
      const request = requests[next++];
      if (request === undefined || now > until) return;
      await send(line, request, now);
    }
  };
  await Promise.all(lines.map(worker));
}

/** Sends evenly, whether or not those before have been answered; waits count from when due. */
async function offer(
  requests: readonly Buffer[],
  lines: readonly Line[],
  { perSecond, timeMsMax }: LoadOrder & { readonly perSecond: number },
  send: Send,
): Promise<void> {
  const free = [...lines];
  const queue: { readonly request: Buffer; readonly due: number }[] = [];
  const answers: Promise<void>[] = [];
  const start = performance.now();
  const pump = (): void => {
    while (queue.length > 0 && free.length > 0) {
      const { request, due } = queue.shift() as (typeof queue)[0];
      const line = free.pop() as Line;
      const answer = send(line, request, due).then(() => {
        free.push(line);
        pump();
      });
      answers.push(answer);
    }
  };
  for (let sent = 0; sent < requests.length;) {
    const elapsedMs = performance.now() - start;
    if (elapsedMs > timeMsMax) break;
    for (; sent < requests.length && (sent * 1000) / perSecond <= elapsedMs; sent++) {
      queue.push({ request: requests[sent] as Buffer, due: start + (sent * 1000) / perSecond });
    }
    pump();
    await new Promise((resolve) => void setTimeout(resolve, pollMs));
  }
  while (queue.length > 0) await new Promise((resolve) => void setTimeout(resolve, pollMs));
  await Promise.all(answers);
}

interface Answer {
  readonly status: number;
  readonly body: Buffer;
}

/** One connection that is kept; one request at a time. Answers come with Content-Length. */
class Line {
  readonly #socket: Socket;
  #received: Buffer = Buffer.alloc(0);
  #waiting: { resolve(answer: Answer): void; reject(cause: Error): void } | undefined;

  constructor(socket: Socket) {
    this.#socket = socket.setNoDelay(true).setTimeout(answerTimeoutMs);
    socket.on("data", (chunk: Buffer) => this.#receive(chunk));
    socket.on("timeout", () => socket.destroy(new Error("no answer in time")));
    socket.on("error", (cause) => this.#waiting?.reject(cause));
    socket.on("close", () => this.#waiting?.reject(new Error("the server hung up")));
  }

  static open(port: number): Promise<Line> {
    return new Promise((resolve, reject) => {
      const socket = connect(port, "127.0.0.1", () => resolve(new Line(socket)));
      socket.once("error", reject);
    });
  }

  send(request: Buffer): Promise<Answer> {
    return new Promise((resolve, reject) => {
      this.#waiting = { resolve, reject };
      this.#socket.write(request);
    });
  }

  close(): void {
    this.#waiting = undefined;
    this.#socket.destroy();
  }

  #receive(chunk: Buffer): void {
    this.#received = this.#received.length === 0 ? chunk : Buffer.concat([this.#received, chunk]);
    const end = this.#received.indexOf("\r\n\r\n");
    if (end < 0) return;
    const head = this.#received.toString("latin1", 0, end);
    const length = /\r\ncontent-length: (\d+)/i.exec(head);
    const from = end + "\r\n\r\n".length;
    let body: Buffer;
    if (length) {
      if (this.#received.length < from + Number(length[1])) return;
      body = this.#received.subarray(from);
    } else {
      // Go sends what it has not measured in chunks, the last of which is empty.
      if (!this.#received.toString("latin1", this.#received.length - 7).endsWith("\r\n0\r\n\r\n")) {
        return;
      }
      body = this.#received.subarray(from);
    }
    this.#received = Buffer.alloc(0);
    const waiting = this.#waiting;
    this.#waiting = undefined;
    waiting?.resolve({
      status: Number(head.slice("HTTP/1.1 ".length, "HTTP/1.1 201".length)),
      body,
    });
  }
}

let artifacts = 0;

/** A whole HTTP request that nobody has sent before. */
function requestOf({ api, identity }: LoadOrder): Buffer {
  if (api === "timestamps") return post("/api/v1/timestamp", timestampRequest());
  if (api !== "certificates") return post(`/api/${api}/log/entries`, entryOf(api));
  if (!identity) throw new Error("certificates name somebody");
  return post("/api/v2/signingCert", certificateRequestOf(identity));
}

/** The form in JSON, which says the same as RFC 3161's. */
function timestampRequest(): object {
  const artifactHash = encodeBase64(sha256(utf8Bytes(`${process.pid} ${artifacts++}`)));
  return { artifactHash, hashAlgorithm: "sha256", certificates: true, nonce: artifacts };
}

function certificateRequestOf({ email, token }: { email: string; token: string }): object {
  const key = generatePrivateKey(algorithmByName("PKIX_ECDSA_P256_SHA_256"));
  const content = encodePublicKeyPem(key.publicKey);
  return {
    credentials: { oidcIdentityToken: token },
    publicKeyRequest: {
      publicKey: { algorithm: "ECDSA", content },
      proofOfPossession: encodeBase64(key.sign(ecdsa, utf8Bytes(email))),
    },
  };
}

function entryOf(api: LoadApi): object {
  const artifact = utf8Bytes(`${process.pid} ${artifacts++} ${process.hrtime.bigint()}`);
  const algorithm = algorithmByName("PKIX_ECDSA_P256_SHA_256");
  const key = generatePrivateKey(algorithm);
  const content = encodeBase64(key.sign(ecdsa, artifact));
  const digest = sha256(artifact);
  return api === "v2"
    ? {
        hashedRekordRequestV002: {
          digest: encodeBase64(digest),
          signature: {
            content,
            verifier: {
              publicKey: { rawBytes: encodeBase64(key.publicKey.spki) },
              keyDetails: algorithm.name,
            },
          },
        },
      }
    : {
        apiVersion: "0.0.1",
        kind: "hashedrekord",
        spec: {
          data: { hash: { algorithm: "sha256", value: encodeHex(digest) } },
          signature: {
            content,
            publicKey: { content: encodeBase64(utf8Bytes(encodePublicKeyPem(key.publicKey))) },
          },
        },
      };
}

function post(path: string, message: object): Buffer {
  const body = JSON.stringify(message);
  const head = [
    `POST ${path} HTTP/1.1`,
    "Host: localhost",
    "Accept: application/json",
    "Content-Type: application/json",
    `Content-Length: ${Buffer.byteLength(body)}`,
  ];
  return Buffer.from(`${head.join("\r\n")}\r\n\r\n${body}`);
}

function quantile(sorted: readonly number[], at: number): number {
  const index = Math.min(sorted.length - 1, Math.floor(sorted.length * at));
  return sorted[index] ?? Number.NaN;
}
