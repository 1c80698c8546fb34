// SPDX-License-Identifier: Apache-2.0
// What a whole stack in its own process does with clients that send too much, too slowly, or in
// too great numbers: clear answers, then service as before.
import assert from "node:assert/strict";
import { connect, type Socket } from "node:net";
import { suite, test, type TestContext } from "node:test";
import { hashedRekordV1, hashedRekordV2, newKey } from "../entries.ts";
import { type Child, type RawAnswer, send, startChild } from "./child.ts";

const small = `limits:
  bodySizeBytesMaxV1: 2048
  bodySizeBytesMaxV2: 2048
  headerSizeBytesMax: 4096
  headersTimeoutMs: 300
  requestTimeoutMs: 600
  connectionsMax: 12
  requestsMax: 4
`;

const paths = ["/api/v1/log/entries", "/api/v2/log/entries"];
const headers = { "content-type": "application/json" };

suite("a stack with small limits", () => {
  test("answers a body that is too large with 413", async (t) => {
    const { port } = await startChild(t, small);
    for (const path of paths) {
      const body = JSON.stringify({ x: "x".repeat(4000) });
      const answer = await send(port, { method: "POST", path, headers, body });
      assert.equal(answer.status, 413, path);
    }
    await healthy(port);
  });

  test("answers headers that are too large with 431", async (t) => {
    const { port } = await startChild(t, small);
    const lines = `GET /healthz HTTP/1.1\r\nHost: x\r\nx: ${"x".repeat(8000)}\r\n\r\n`;
    assert.match(await raw(t, port, lines), /^HTTP\/1\.1 431 /);
    await healthy(port);
  });

  test("cuts slow clients off with 408", async (t) => {
    const { port } = await startChild(t, small);
    const started = performance.now();
    const [headersLate, bodyLate] = await Promise.all([
      raw(t, port, "POST /api/v2/log/entries HTTP/1.1\r\nHo"),
      raw(
        t,
        port,
        "POST /api/v2/log/entries HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n" +
          "Content-Length: 100\r\n\r\n{",
      ),
    ]);
    assert.match(headersLate, /^HTTP\/1\.1 408 /);
    assert.match(bodyLate, /^HTTP\/1\.1 408 /);
    assert.ok(performance.now() - started < 5000);
    await healthy(port);
  });

  test("turns away connections above their number, and recovers", async (t) => {
    const { port } = await startChild(t, small);
    const held = await Promise.all(Array.from({ length: 12 }, () => opened(t, port)));
    const answer = await raw(t, port, "GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n");
    assert.match(answer, /^HTTP\/1\.1 503 /);
    assert.match(answer, /\r\nretry-after: 1\r\n/i);
    for (const socket of held) socket.destroy();
    await eventuallyHealthy(port);
  });

  test("sheds load with Retry-After, keeps what it acknowledged, and recovers", async (t) => {
    const child = await startChild(t, `limits:\n  requestsMax: 4\n`);
    const key = newKey();
    const proposals = Array.from({ length: 300 }, (_, i) =>
      i % 2 === 0 ? hashedRekordV1({ key }) : hashedRekordV2({ key }),
    );
    const answers = await Promise.all(proposals.map((proposal, i) => propose(child, i, proposal)));
    const counts = new Map<number, number>();
    for (const { status, headers: sent } of answers) {
      counts.set(status, (counts.get(status) ?? 0) + 1);
      assert.ok([201, 429, 503].includes(status), String(status));
      if (status !== 201) assert.equal(sent["retry-after"], "1");
    }
    const created = counts.get(201) ?? 0;
    assert.ok(created > 0 && created < proposals.length, JSON.stringify([...counts]));
    await eventuallyHealthy(child.port);
    const info = await send(child.port, { method: "GET", path: "/api/v1/log" });
    assert.equal(JSON.parse(info.text).treeSize, created, "what was turned away is not in the log");
    const after = await propose(child, 1, hashedRekordV2());
    assert.equal(after.status, 201);
  });
});

function propose({ port }: Child, at: number, proposal: unknown): Promise<RawAnswer> {
  const path = paths[at % 2] as string;
  return send(port, { method: "POST", path, headers, body: JSON.stringify(proposal) });
}

async function healthy(port: number): Promise<void> {
  assert.equal((await send(port, { method: "GET", path: "/healthz" })).status, 200);
}

async function eventuallyHealthy(port: number): Promise<void> {
  for (let tries = 0; tries < 20; tries++) {
    const { status } = await send(port, { method: "GET", path: "/healthz" });
    if (status === 200) return;
    await new Promise((resolve) => void setTimeout(resolve, 50));
  }
  assert.fail("it does not recover");
}

function opened(t: TestContext, port: number): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, "127.0.0.1", () => resolve(socket));
    socket.on("error", reject);
    t.after(() => socket.destroy());
  });
}

/** What the server says to raw bytes until it hangs up. */
async function raw(t: TestContext, port: number, text: string): Promise<string> {
  const socket = await opened(t, port);
  return new Promise((resolve) => {
    let answer = "";
    socket.on("data", (chunk: Buffer) => (answer += chunk.toString("latin1")));
    socket.on("close", () => resolve(answer));
    socket.write(text);
  });
}
