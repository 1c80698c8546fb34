// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { connect } from "node:net";
import { suite, test, type TestContext } from "node:test";
import { setTimeout } from "node:timers/promises";
import type { FastifyInstance } from "fastify";
import { pino } from "pino";
import { post, request } from "../../test/rekor-server.ts";
import { addRoute, bodyOf, createApp, type HttpLimits, ServerMetrics } from "./index.ts";

const label = { api: "own", path: "/echo" } as const;

async function started(
  t: TestContext,
  limits: Partial<HttpLimits> = {},
  handler?: () => Promise<unknown>,
): Promise<{ url: string; app: FastifyInstance; metrics: ServerMetrics; port: number }> {
  const metrics = new ServerMetrics("test");
  const app = createApp({ logger: pino({ level: "silent" }), metrics, limits });
  addRoute(app, {
    path: "/echo",
    label,
    get: handler ?? (async () => ({ ok: true })),
    post: async (request, reply) => reply.type("text/plain").send(Buffer.from(bodyOf(request))),
    bodySizeBytesMax: 16,
  });
  addRoute(app, { path: "/things/:id", label, get: async () => ({}) });
  addRoute(app, {
    path: "/broken",
    label,
    get: () => Promise.reject(new Error("secret: hunter2")),
  });
  const url = await app.listen({ port: 0, host: "127.0.0.1" });
  t.after(() => app.close());
  return { url, app, metrics, port: Number(new URL(url).port) };
}

/** What a server answers to raw bytes, until it closes. */
function raw(port: number, text: string): Promise<string> {
  return new Promise((resolve, reject) => {
    let answer = "";
    const socket = connect(port, "127.0.0.1", () => void socket.write(text));
    socket.on("data", (chunk) => (answer += chunk.toString("latin1")));
    socket.on("close", () => resolve(answer));
    socket.on("error", reject);
  });
}

suite("the HTTP server", () => {
  test("takes bodies up to the limit of a route", async (t) => {
    const { url } = await started(t);
    assert.equal((await post(`${url}/echo`, "x".repeat(16))).text, "x".repeat(16));
    const over = await post(`${url}/echo`, "x".repeat(17));
    assert.equal(over.status, 413);
    assert.deepEqual(over.json, { code: 413, message: "Request Entity Too Large" });
    const chunked = await fetch(`${url}/echo`, {
      method: "POST",
      body: new ReadableStream({
        start(controller) {
          for (let i = 0; i < 10; i++) controller.enqueue(new Uint8Array(10));
          controller.close();
        },
      }),
      duplex: "half",
    } as RequestInit);
    assert.equal(chunked.status, 413);
  });

  test("tells nobody what broke", async (t) => {
    const { url } = await started(t);
    const answer = await request(`${url}/broken`);
    assert.equal(answer.status, 500);
    assert.deepEqual(answer.json, { code: 500, message: "internal server error" });
  });

  test("refuses what its framework refuses, as the client's mistake", async (t) => {
    const { url } = await started(t);
    const type = await post(`${url}/echo`, "x", { "content-type": "/" });
    assert.equal(type.status, 415);
    const path = await request(`${url}/things/${"a".repeat(5000)}`);
    assert.equal(path.status, 414);
  });

  test("answers 405 with the methods that there are, HEAD like GET", async (t) => {
    const { url, port } = await started(t);
    const answer = await request(`${url}/echo`, { method: "PUT", body: "x" });
    assert.equal(answer.status, 405);
    assert.equal(answer.headers.get("allow"), "GET,POST");
    assert.equal((await request(`${url}/broken`, { method: "POST" })).headers.get("allow"), "GET");
    for (const method of ["TRACE", "QUERY", "OPTIONS"]) {
      const text = await raw(
        port,
        `${method} /echo HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`,
      );
      assert.match(text, /^HTTP\/1\.1 405 [^]*\r\nallow: GET,POST\r\n/, method);
    }
    assert.equal((await request(`${url}/echo`, { method: "HEAD" })).status, 200);
    assert.equal((await request(`${url}/echo/`)).status, 200, "a slash at the end does not matter");
    assert.equal((await request(`${url}//echo`)).status, 200);
  });

  test("refuses paths that are none as it refuses all else", async (t) => {
    const { url } = await started(t);
    const answer = await request(`${url}/%zz`);
    assert.equal(answer.status, 400);
    assert.deepEqual(answer.json, { code: 400, message: "'/%zz' is not a valid url component" });
  });

  test("refuses headers that are too large", async (t) => {
    const { port } = await started(t, { headerSizeBytesMax: 4096 });
    const answer = await raw(
      port,
      `GET /echo HTTP/1.1\r\nHost: x\r\nx: ${"x".repeat(8192)}\r\n\r\n`,
    );
    assert.match(answer, /^HTTP\/1.1 431 Request Header Fields Too Large\r\n/);
    const [, body = ""] = answer.split("\r\n\r\n");
    assert.deepEqual(JSON.parse(body), {
      code: 431,
      message: "the headers of the request are too large",
    });
  });

  test("refuses what is no HTTP", async (t) => {
    const { port } = await started(t);
    assert.match(
      await raw(port, "nonsense\r\n\r\n"),
      /^HTTP\/1.1 400 Bad Request\r\n[^]*\r\n\r\n\{"code":400,"message":"the request is not HTTP\/1.1"\}$/,
    );
    assert.match(
      await raw(
        port,
        "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
      ),
      /^HTTP\/1.1 400 /,
    );
  });

  test("does not wait for a client that sends slowly", async (t) => {
    const limits = { headersTimeoutMs: 200, requestTimeoutMs: 200, timeoutCheckMs: 50 };
    const { port } = await started(t, limits);
    const before = Date.now();
    assert.match(await raw(port, "GET /echo HTTP/1.1\r\nHo"), /^HTTP\/1.1 408 /);
    const body = "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nhalf";
    assert.match(await raw(port, body), /^HTTP\/1.1 408 /);
    assert.ok(Date.now() - before < 5000);
  });

  test("turns requests away while too many are answered, and recovers", async (t) => {
    let release = (): void => undefined;
    const gate = new Promise<void>((resolve) => (release = resolve));
    const { url, metrics } = await started(t, { requestsMax: 2 }, () => gate.then(() => ({})));
    const held = [request(`${url}/echo`), request(`${url}/echo`)];
    await setTimeout(50);
    const away = await request(`${url}/echo`);
    assert.equal(away.status, 503);
    assert.equal(away.headers.get("retry-after"), "1");
    assert.match(away.json.message, /too many requests/);
    release();
    assert.deepEqual(
      (await Promise.all(held)).map(({ status }) => status),
      [200, 200],
    );
    assert.equal((await request(`${url}/echo`)).status, 200);
    assert.match(await metrics.registry.metrics(), /chancery_shed_requests\{why="requests"\} 1\n/);
  });

  test("tells connections above the limit why they are turned away", async (t) => {
    const { url, port } = await started(t, { connectionsMax: 1 });
    const held = connect(port, "127.0.0.1");
    t.after(() => held.destroy());
    await setTimeout(50);
    const away = await request(`${url}/echo`);
    assert.equal(away.status, 503);
    assert.equal(away.headers.get("connection"), "close");
    held.destroy();
    await setTimeout(50);
    assert.equal((await request(`${url}/echo`)).status, 200);
  });

  test("answers what it has begun before it closes", async (t) => {
    let release = (): void => undefined;
    const gate = new Promise<void>((resolve) => (release = resolve));
    const { url, app } = await started(t, {}, () => gate.then(() => ({ ok: true })));
    const held = request(`${url}/echo`);
    await setTimeout(50);
    const closed = app.close();
    release();
    assert.deepEqual((await held).json, { ok: true });
    await closed;
    await assert.rejects(request(`${url}/echo`));
  });
});
