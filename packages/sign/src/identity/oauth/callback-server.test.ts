// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { test } from "node:test";
import { openCallbackServer } from "./callback-server.ts";

test("a second answer comes too late", async () => {
  const read = (parameters: URLSearchParams) => parameters.get("code") ?? "";
  await using server = await openCallbackServer("http://127.0.0.1:0/x", read);
  assert.ok(server);
  const first = await fetch(`${server.redirectUri}?code=1`);
  const second = await fetch(`${server.redirectUri}?code=2`);
  assert.deepEqual([first.status, second.status, await server.answer], [200, 410, "1"]);
  assert.equal(first.headers.get("content-security-policy"), "default-src 'none'");
});
