// SPDX-License-Identifier: Apache-2.0
// Small servers on this machine that answer what a test says, and count what they were asked.
import { createServer, type IncomingMessage, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { after } from "node:test";

/** What a server answers: once each, in order, the last one for ever. */
export interface TestAnswer {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array;
  /** Sends this many zero bytes more. */
  readonly flood?: number;
  /** Never ends the answer. */
  readonly hang?: boolean;
  /** Closes the connection without an answer. */
  readonly drop?: boolean;
}

export interface TestRequest {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingMessage["headers"];
  readonly body: string;
}

export interface Loopback {
  readonly url: string;
  readonly requests: TestRequest[];
}

/** A server for the rest of the test file. */
export async function loopback(
  answer: (request: TestRequest, count: number) => TestAnswer,
): Promise<Loopback> {
  const requests: TestRequest[] = [];
  const server: Server = createServer((incoming, response) => {
    const chunks: Uint8Array[] = [];
    incoming.on("data", (chunk: Uint8Array) => chunks.push(chunk));
    incoming.on("end", () => {
      const { method = "", url: path = "", headers } = incoming;
      const request = { method, path, headers, body: Buffer.concat(chunks).toString() };
      requests.push(request);
      const said = answer(request, requests.length);
      if (said.drop) {
        incoming.socket.destroy();
        return;
      }
      response.writeHead(said.status ?? 200, {
        "content-type": "application/json",
        ...said.headers,
      });
      if (said.body !== undefined) response.write(said.body);
      if (said.flood !== undefined) response.write(Buffer.alloc(said.flood));
      if (said.hang) response.flushHeaders();
      else response.end();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  after(() => {
    server.closeAllConnections();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  return { url: `http://127.0.0.1:${port}`, requests };
}

/** Each answer once, the last one for ever. */
export function inTurn(...answers: readonly TestAnswer[]) {
  return (_: TestRequest, count: number): TestAnswer =>
    answers[Math.min(count, answers.length) - 1] as TestAnswer;
}
