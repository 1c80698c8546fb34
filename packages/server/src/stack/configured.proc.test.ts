// SPDX-License-Identifier: Apache-2.0
// What the configuration turns on and off reaches the services.
import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { pino } from "pino";
import { hashedRekordV1 } from "../../test/entries.ts";
import { post, request } from "../../test/rekor-server.ts";
import { startStack } from "./index.ts";

test("a stack announces its entries and serves the operations that are on", async (t) => {
  const directory = mkdtempSync(join(tmpdir(), "chancery-configured-"));
  const events: any[] = [];
  const hook = createServer((incoming, response) => {
    let text = "";
    incoming.setEncoding("utf8").on("data", (chunk: string) => (text += chunk));
    incoming.on("end", () => {
      events.push(JSON.parse(text));
      response.writeHead(202).end();
    });
  }).listen(0, "127.0.0.1");
  await once(hook, "listening");
  const { port } = hook.address() as AddressInfo;
  const stack = await startStack({
    dataDirectory: directory,
    listen: "127.0.0.1:0",
    logger: pino({ level: "silent" }),
    config: {
      only: ["rekor"],
      log: { enabledApiEndpoints: ["createLogEntry"] },
      events: { webhook: `http://127.0.0.1:${port}/` },
    },
  });
  t.after(async () => {
    await stack.close();
    hook.closeAllConnections();
    hook.close();
    rmSync(directory, { recursive: true });
  });
  const created = await post(`${stack.url}/api/v1/log/entries`, hashedRekordV1());
  assert.equal(created.status, 201);
  const off = await request(`${stack.url}/api/v1/log`);
  assert.equal(off.status, 501);
  assert.equal(off.json.message, "Get Log Info API not enabled in this Rekor instance");
  await stack.close();
  assert.deepEqual(
    events.map(({ id }) => id),
    Object.keys(created.json),
  );
});
