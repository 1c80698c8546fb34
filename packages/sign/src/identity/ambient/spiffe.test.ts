// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import fs from "node:fs";
import { createServer, type ServerHttp2Stream } from "node:http2";
import { createServer as createPlainServer, type Server } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { refuses } from "../../../test/keys.ts";
import { tokenOf } from "../../../test/tokens.ts";
import type { IdentityContext } from "../context.ts";
import { ambientSource } from "./registry.ts";

const folder = fs.mkdtempSync(join(tmpdir(), "chancery-spiffe-"));
after(() => fs.rmSync(folder, { recursive: true }));

const token = tokenOf({ email: undefined, sub: "spiffe://example.org/signer" });
const source = ambientSource("spiffe");
let sockets = 0;

/** How an agent answers; what is left out is right. */
interface Agent {
  readonly status?: number;
  readonly type?: string;
  readonly body?: Uint8Array;
  readonly grpcStatus?: string | undefined;
  readonly grpcMessage?: string;
  /** The status comes with the headers, and nothing after. */
  readonly headersOnly?: boolean;
  readonly hang?: boolean;
}

function field(number: number, content: string | Uint8Array): Buffer {
  const bytes = Buffer.from(content);
  const size =
    bytes.length < 128 ? [bytes.length] : [(bytes.length % 128) | 128, bytes.length >> 7];
  return Buffer.concat([Buffer.from([(number << 3) | 2, ...size]), bytes]);
}

function frame(message: Uint8Array, flag = 0, size: number = message.length): Buffer {
  const prefix = Buffer.alloc(5);
  prefix[0] = flag;
  prefix.writeUInt32BE(size, 1);
  return Buffer.concat([prefix, message]);
}

const svid = Buffer.concat([
  field(1, "spiffe://example.org/signer"),
  field(2, token),
  field(3, "h"),
]);
const right = frame(field(1, svid));

async function agent(how: Agent = {}) {
  const asked: unknown[] = [];
  const server = createServer();
  const streams: ServerHttp2Stream[] = [];
  server.on("stream", (stream, headers) => {
    streams.push(stream);
    const chunks: Buffer[] = [];
    stream.on("error", () => undefined); // the client went away, as it may
    stream.on("data", (chunk: Buffer) => chunks.push(chunk));
    stream.on("end", () => {
      asked.push(headers[":path"], headers["workload.spiffe.io"], Buffer.concat(chunks).toString());
      const status = "grpcStatus" in how ? how.grpcStatus : "0";
      const end = {
        ...(status === undefined ? {} : { "grpc-status": status }),
        ...(how.grpcMessage === undefined ? {} : { "grpc-message": how.grpcMessage }),
      };
      const start = {
        ":status": how.status ?? 200,
        "content-type": how.type ?? "application/grpc",
      };
      if (how.hang) return;
      if (how.headersOnly) {
        stream.respond({ ...start, ...end }, { endStream: true });
        return;
      }
      stream.respond(start, { waitForTrailers: true });
      stream.on("wantTrailers", () => stream.sendTrailers(end));
      stream.end(how.body ?? right);
    });
  });
  const path = join(folder, `${++sockets}.sock`);
  await new Promise<void>((resolve) => server.listen(path, resolve));
  after(() => {
    for (const stream of streams) stream.session?.destroy();
    server.close();
  });
  return { path, asked };
}

function around(SPIFFE_ENDPOINT_SOCKET: string, signal?: AbortSignal): IdentityContext {
  return { environment: { SPIFFE_ENDPOINT_SOCKET }, ...(signal && { http: { signal } }) };
}

async function ask(how: Agent): Promise<string> {
  const { path } = await agent(how);
  return source.token("sigstore", around(path));
}

test("an agent gives the token for the audience", async () => {
  const { path, asked } = await agent();
  for (const name of [path, `unix://${path}`, `unix:${path}`]) {
    assert.equal(await source.token("sigstore", around(name)), token);
  }
  assert.deepEqual(asked.slice(0, 3), [
    "/SpiffeWorkloadAPI/FetchJWTSVID",
    "true",
    `\0\0\0\0\x0a\x0a\x08sigstore`,
  ]);
});

test("the first of several tokens counts, and unknown fields are skipped", async () => {
  const unknown = Buffer.from([0x48, 0xff, 0x01, 0x51, 1, 2, 3, 4, 5, 6, 7, 8, 0x5d, 1, 2, 3, 4]);
  const second = field(1, field(2, "another"));
  const body = frame(Buffer.concat([unknown, field(1, svid), second, unknown]));
  assert.equal(await ask({ body }), token);
});

test("an agent that refuses is told from one that cannot now", async () => {
  const denied = {
    grpcStatus: "7",
    grpcMessage: "no identity\u001b issued",
    body: new Uint8Array(),
  };
  const words = /status 7: no identity issued/;
  for (const headersOnly of [true, false]) {
    const { grpcMessage, ...rest } = denied;
    const clean = { ...rest, grpcMessage: grpcMessage.replace("\u001b", ""), headersOnly };
    await assert.rejects(ask(clean), refuses("oidc-refused", words));
  }
  const busy = { grpcStatus: "14", headersOnly: true };
  await assert.rejects(ask(busy), refuses("oidc-unavailable", /status 14/));
});

test("answers that are no such message are malformed", async () => {
  const token5 = frame(field(1, svid));
  const rows: readonly Agent[] = [
    { status: 404 },
    { type: "text/html" },
    { grpcStatus: undefined },
    { body: new Uint8Array() },
    { body: token5.subarray(0, 4) },
    { body: token5.subarray(0, -1) },
    { body: Buffer.concat([token5, token5]) },
    { body: frame(field(1, svid), 1) },
    { body: frame(field(1, svid), 0, 0xffff_ffff) },
    { body: frame(new Uint8Array()) },
    { body: frame(field(1, "")) },
    { body: frame(field(2, token)) },
    { body: frame(field(1, field(2, ""))) },
    { body: frame(field(1, svid).subarray(0, -1)) },
    { body: frame(field(1, field(2, Uint8Array.of(0xff)))) },
    { body: frame(Uint8Array.of(0x0b)) },
    { body: frame(Uint8Array.of(0x0a, ...Array<number>(12).fill(0xff))) },
    { body: frame(Uint8Array.of(0x0a, 0xff, 0xff, 0xff, 0xff, 0x7f)) },
    { body: new Uint8Array(300 << 10) },
  ];
  for (const [row, how] of rows.entries()) {
    await assert.rejects(ask(how), refuses("oidc-malformed"), `row ${row}`);
  }
});

test("an answer that is too long is not read to its end", async () => {
  // Field 9, 300,000 bytes.
  const filling = Buffer.concat([Buffer.from([0x4a, 0xe0, 0xa7, 0x12]), Buffer.alloc(300_000)]);
  const long = ask({ body: frame(Buffer.concat([field(1, svid), filling])) });
  await assert.rejects(long, refuses("oidc-malformed", /more than 262144 bytes/));
});

test("a socket with nobody, or something else, behind it is unreachable", async () => {
  const path = join(folder, "other.sock");
  const server: Server = createPlainServer((socket) => {
    socket.on("error", () => undefined); // the client went away, as it may
    socket.end("HTTP/1.1 400 Bad Request\r\n\r\n");
  });
  await new Promise<void>((resolve) => server.listen(path, resolve));
  after(() => server.close());
  const unreachable = refuses("oidc-unreachable");
  await assert.rejects(source.token("sigstore", around(path)), unreachable);
  await assert.rejects(source.token("sigstore", around(join(folder, "none"))), unreachable);
  fs.writeFileSync(join(folder, "file"), "");
  await assert.rejects(source.token("sigstore", around(join(folder, "file"))), unreachable);
});

test("the caller's signal ends an answer that does not come", async () => {
  const { path } = await agent({ hang: true });
  const reason = new Error("enough");
  const controller = new AbortController();
  setTimeout(() => controller.abort(reason), 20);
  await assert.rejects(source.token("sigstore", around(path, controller.signal)), reason);
  const aborted = AbortSignal.abort(reason);
  await assert.rejects(source.token("sigstore", around(path, aborted)), reason);
});

test("addresses that name no socket are refused", async () => {
  const unreadable = refuses("identity-token-unreadable", /SPIFFE_ENDPOINT_SOCKET/);
  const names = [
    "x",
    "http://127.0.0.1:1",
    "tcp://agent.example:8",
    "tcp://127.0.0.1",
    "unix://a/b",
  ];
  for (const name of names) {
    await assert.rejects(source.token("sigstore", around(name)), unreadable, name);
  }
});
