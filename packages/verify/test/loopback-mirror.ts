// SPDX-License-Identifier: Apache-2.0
import { createServer, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { TestContext } from "node:test";

/** A web server on loopback that serves a map of files and remembers what was asked. */
export interface LoopbackMirror {
  readonly url: string;
  /** Paths without the leading slash, in the order of the requests. */
  readonly requests: string[];
  /** Answers that stand in for files. */
  readonly instead: Map<string, (response: ServerResponse) => void>;
  close(): Promise<void>;
}

/** Starts a mirror that ends with the test. */
export async function serve(
  t: TestContext,
  files: ReadonlyMap<string, Uint8Array>,
): Promise<LoopbackMirror> {
  const requests: string[] = [];
  const instead: LoopbackMirror["instead"] = new Map();
  const server = createServer((request, response) => {
    const path = decodeURIComponent((request.url ?? "/").slice(1));
    requests.push(path);
    const special = instead.get(path);
    if (special) return special(response);
    const bytes = files.get(path);
    response.statusCode = bytes ? 200 : 404;
    response.end(bytes ?? "no such file");
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  let closed = false;
  const close = async (): Promise<void> => {
    if (closed) return;
    closed = true;
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  };
  t.after(close);
  const { port } = server.address() as AddressInfo;
  return { url: `http://127.0.0.1:${port}`, requests, instead, close };
}
