// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { test } from "node:test";
import { decodeUtf8 } from "@chancery/formats/bytes";
import { refuses } from "../../test/keys.ts";
import { inTurn, loopback, type TestAnswer } from "../../test/loopback.ts";
import { exchange, type HttpOptions } from "./exchange.ts";
import { serviceUrl } from "./service-url.ts";

const waits: number[] = [];
const options: HttpOptions = { wait: async (waitMs) => void waits.push(waitMs) };

async function ask(url: string, more: HttpOptions = {}, method: "GET" | "POST" = "GET") {
  const request = { method, url: serviceUrl(url, "x"), expected: [200], service: "the log" };
  const body = method === "POST" ? { body: "{}" } : {};
  waits.length = 0;
  return exchange({ ...request, ...body }, { ...options, ...more });
}

async function serve(...answers: readonly TestAnswer[]) {
  return loopback(inTurn(...answers));
}

test("an answer comes back with its body, and JSON is sent as JSON", async () => {
  const server = await serve({ body: "[1]" });
  const answer = await ask(`${server.url}/base/`, {}, "POST");
  assert.equal(decodeUtf8(answer.body), "[1]");
  const [request] = server.requests;
  assert.equal(request?.path, "/base/x");
  assert.equal(request?.headers["content-type"], "application/json");
  assert.equal(request?.headers["user-agent"], "chancery");
});

test("statuses that may pass are tried again, with growing waits", async () => {
  for (const status of [408, 429, 500, 502, 503, 504]) {
    const server = await serve({ status }, { status }, {});
    await ask(server.url);
    assert.equal(server.requests.length, 3);
    assert.deepEqual(waits, [250, 500]);
  }
});

test("attempts are bounded, and what the service said last is told", async () => {
  const server = await serve({ status: 503, body: '{"code":14,"message":"too\\u001b busy"}' });
  await assert.rejects(ask(server.url), refuses("service-unavailable", /answers 503: too busy/));
  assert.equal(server.requests.length, 4);
  const page = await serve({ status: 500, headers: { "content-type": "text/html" }, body: "<p>" });
  const alone = ask(page.url, { attemptsMax: 1 });
  await assert.rejects(alone, refuses("service-unavailable", /answers 500 try again/));
  assert.equal(page.requests.length, 1);
});

test("Retry-After is kept to, in seconds or as a date, and not past the limit", async () => {
  const busy = (value: string) => ({ status: 429, headers: { "retry-after": value } });
  const seconds = await serve(busy("7"), {});
  await ask(seconds.url);
  assert.deepEqual(waits, [7000]);
  const date = await serve(busy(new Date(Date.now() + 9000).toUTCString()), {});
  await ask(date.url);
  assert.ok(waits[0]! > 5000 && waits[0]! <= 9000, String(waits[0]));
  const past = await serve(busy("Thu, 01 Jan 1970 00:00:00 GMT"), {});
  await ask(past.url);
  assert.deepEqual(waits, [0]);
  const nonsense = await serve(busy("soon"), {});
  await ask(nonsense.url);
  assert.deepEqual(waits, [250]);
  const late = await serve(busy("31"), {});
  await assert.rejects(ask(late.url), refuses("service-unavailable"));
  assert.equal(late.requests.length, 1);
});

test("refusals are not tried again, and quoted in one line of bounded length", async () => {
  for (const status of [400, 401, 403, 404, 405, 409, 413, 415, 422, 501]) {
    const server = await serve({ status, body: `{"message":"no\\nno ${"x".repeat(400)}"}` });
    await assert.rejects(ask(server.url), (error: Error) => {
      refuses("service-refused")(error);
      assert.ok(error.message.includes(`answers ${status}: no no x`), error.message);
      return error.message.length < 500 && error.message.endsWith("…");
    });
    assert.equal(server.requests.length, 1);
  }
});

test("JSON without a message is quoted as it is", async () => {
  for (const body of ["null", '"x"', "{", "{}", '{"message":1}']) {
    const server = await serve({ status: 400, body });
    await assert.rejects(ask(server.url), (error: Error) => error.message.endsWith(`: ${body}`));
  }
});

test("a service that nobody answers for is unreachable", async () => {
  const server = await serve({ drop: true });
  await assert.rejects(ask(server.url), refuses("service-unreachable"));
  assert.equal(server.requests.length, 4);
  // Its port was taken a moment ago, so that nobody else has it now.
  const closed = createServer().listen(0, "127.0.0.1");
  await once(closed, "listening");
  const { port } = closed.address() as AddressInfo;
  await new Promise((resolve) => closed.close(resolve));
  const nobody = ask(`http://127.0.0.1:${port}`, { attemptsMax: 1 });
  await assert.rejects(nobody, refuses("service-unreachable", /ECONNREFUSED/));
});

test("a connection that was lost once is made again", async () => {
  const server = await serve({ drop: true }, { body: "{}" });
  assert.equal((await ask(server.url)).status, 200);
});

test("an answer that does not end is given up", async () => {
  const server = await serve({ body: "[", hang: true });
  const limits = { timeoutMs: 50, attemptsMax: 2 };
  const slow = refuses("service-unreachable", /gave no answer within 0\.05 s/);
  await assert.rejects(ask(server.url, limits), slow);
  assert.equal(server.requests.length, 2);
});

test("an answer that is too long is not read to its end", async () => {
  const server = await serve({ flood: 64 << 20 });
  const limits = { responseBytesMax: 1000 };
  const long = refuses("service-malformed", /more than 1000 bytes/);
  await assert.rejects(ask(server.url, limits), long);
  assert.equal(server.requests.length, 1);
  const fits = await serve({ body: "x".repeat(1000) });
  assert.equal((await ask(fits.url, limits)).body.length, 1000);
});

test("redirections stay within the origin", async () => {
  const other = await serve({ body: "{}" });
  const to = (location: string, status = 302) => ({ status, headers: { location } });
  const server = await serve(to("/y"), { body: "[]" });
  assert.equal((await ask(server.url)).body.length, 2);
  assert.deepEqual(
    server.requests.map(({ path }) => path),
    ["/x", "/y"],
  );
  for (const location of [other.url, "https://127.0.0.1/", "//localhost/x", "file:///etc/passwd"]) {
    const leading = await serve(to(location));
    const elsewhere = refuses("service-malformed", /leads to another place/);
    await assert.rejects(ask(leading.url), elsewhere);
  }
  assert.equal(other.requests.length, 0);
  const lost = await serve(to("http://:x"));
  await assert.rejects(ask(lost.url), refuses("service-malformed", /no place to go/));
  const round = await serve(to("/x"));
  await assert.rejects(ask(round.url), refuses("service-malformed", /more than 3 redirections/));
});

test("what is posted follows a redirection only with its body", async () => {
  const kept = await serve({ status: 308, headers: { location: "/y" } }, {});
  await ask(kept.url, {}, "POST");
  assert.equal(kept.requests[1]?.body, "{}");
  const changed = await serve({ status: 303, headers: { location: "/y" } });
  const dropped = refuses("service-malformed", /answers a POST with 303/);
  await assert.rejects(ask(changed.url, {}, "POST"), dropped);
});

test("the caller's signal ends an attempt and a wait, with its own reason", async () => {
  const reason = new Error("enough");
  const server = await serve({ hang: true });
  const controller = new AbortController();
  setTimeout(() => controller.abort(reason), 20);
  await assert.rejects(ask(server.url, { signal: controller.signal }), reason);
  const busy = await serve({ status: 503 });
  const waiting = new AbortController();
  setTimeout(() => waiting.abort(reason), 20);
  const request = {
    method: "GET",
    url: serviceUrl(busy.url, ""),
    expected: [200],
    service: "x",
  } as const;
  const limits = { backoffMs: 60_000, signal: waiting.signal };
  await assert.rejects(exchange(request, limits), reason);
  await assert.rejects(exchange(request, { signal: AbortSignal.abort(reason) }), reason);
});

test("addresses that are none, or hold secrets, are refused without being shown", () => {
  const malformed = refuses("malformed-service-url");
  for (const url of ["", "rekor", "ftp://x", "file:///x", "https://", "http://x/?a=secret"]) {
    assert.throws(() => serviceUrl(url, ""), malformed, url);
  }
  assert.throws(
    () => serviceUrl("https://user:secret@host/p", ""),
    (error: Error) => malformed(error) && !error.message.includes("secret"),
  );
  assert.throws(() => serviceUrl("http://x/#f", ""), malformed);
  assert.equal(
    serviceUrl("http://x:1//", "a/b", { c: "d e", f: undefined }).href,
    "http://x:1/a/b?c=d+e",
  );
});
