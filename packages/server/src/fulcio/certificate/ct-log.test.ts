// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { suite, test, type TestContext } from "node:test";
import { decodeBase64, encodeBase64 } from "@chancery/formats/bytes";
import { encodeDigitallySigned, type Sct } from "@chancery/formats/sct";
import {
  ask,
  certificatesOf,
  type FulcioWorld,
  fulcioWorld,
  isRefused,
  testCtLog,
  withProof,
} from "../../../test/fulcio-world.ts";
import { httpCtLog, type HttpCtLogOptions, type SctSource } from "./index.ts";

type Answer = (
  request: { body: any; count: number },
  response: ServerResponse,
) => Promise<void> | void;

/** A log over HTTP, and an authority that enters its certificates there. */
async function world(
  t: TestContext,
  answer: Answer,
  options: Partial<HttpCtLogOptions> = {},
): Promise<FulcioWorld & { readonly asked: string[] }> {
  const asked: string[] = [];
  const server = createServer((request, response) => {
    asked.push(`${request.method} ${request.url}`);
    void read(request).then((body) => answer({ body, count: asked.length }, response));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/log/`;
  const { publicKey } = backend;
  const log = httpCtLog({ url, publicKey, backoffMs: 1, timeoutMs: 2_000, ...options });
  return { ...(await fulcioWorld(t, { log })), asked };
}

const backend = testCtLog();

async function read(request: IncomingMessage): Promise<any> {
  let text = "";
  for await (const chunk of request) text += String(chunk);
  return JSON.parse(text);
}

async function sctFor(body: any): Promise<Sct> {
  return backend.submit(body.chain.map((text: string) => decodeBase64(text)));
}

function inJson(sct: Sct, changes: object = {}): string {
  return JSON.stringify({
    sct_version: 0,
    id: encodeBase64(sct.logId),
    timestamp: sct.timestampMs,
    extensions: "",
    signature: encodeBase64(encodeDigitallySigned(sct)),
    ...changes,
  });
}

const text = "Error entering certificate in CTL";
const refused = { status: 500, code: 13, message: text, reason: "CT_REFUSED" };
const unavailable = { status: 503, code: 14, message: text, reason: "CT_UNAVAILABLE" };

suite("a certificate log over HTTP", () => {
  test("gets the precertificate with its chain, and its SCT is embedded", async (t) => {
    const here = await world(t, async ({ body }, response) => {
      assert.equal(body.chain.length, 3);
      response.end(inJson(await sctFor(body)));
    });
    const answer = await ask(here, withProof());
    assert.equal(answer.status, 200, answer.text);
    assert.equal(certificatesOf(answer).length, 3);
    assert.deepEqual(here.asked, ["POST /log/ct/v1/add-pre-chain"]);
  });

  for (const status of [408, 429, 500, 503]) {
    test(`is asked again where it answers ${status}`, async (t) => {
      const here = await world(t, async ({ body, count }, response) => {
        if (count < 3) response.writeHead(status).end();
        else response.end(inJson(await sctFor(body)));
      });
      assert.equal((await ask(here, withProof())).status, 200);
      assert.equal(here.asked.length, 3);
    });
  }

  test("that stays busy is unavailable, after four times", async (t) => {
    const here = await world(t, (_, response) => void response.writeHead(503).end());
    const answer = await ask(here, withProof());
    isRefused(answer, unavailable);
    assert.equal(answer.headers.get("retry-after"), "1");
    assert.equal(here.asked.length, 4);
    assert.ok(here.lines.some(({ err }) => /answered 503/.test(err?.message ?? "")));
  });

  test("that wants to be asked later than clients wait is not asked again", async (t) => {
    const headers = { "retry-after": "60" };
    const here = await world(t, (_, response) => void response.writeHead(429, headers).end());
    isRefused(await ask(here, withProof()), unavailable);
    assert.equal(here.asked.length, 1);
  });

  for (const status of [400, 403, 404, 302]) {
    test(`that answers ${status} refuses, and is not asked again`, async (t) => {
      const headers = { location: "http://127.0.0.1:1/" };
      const here = await world(t, (_, response) => void response.writeHead(status, headers).end());
      // A redirect is not followed, wherever it leads; it looks like a fault of the network.
      isRefused(await ask(here, withProof()), status === 302 ? unavailable : refused);
      assert.equal(here.asked.length, status === 302 ? 4 : 1);
    });
  }

  test("that hangs is unavailable, in bounded time", async (t) => {
    const here = await world(t, () => undefined, { timeoutMs: 20, totalMs: 100 });
    isRefused(await ask(here, withProof()), unavailable);
  });

  test("that is not there is unavailable", async (t) => {
    const log = httpCtLog({
      url: "http://127.0.0.1:9",
      publicKey: backend.publicKey,
      backoffMs: 1,
    });
    isRefused(await ask(await fulcioWorld(t, { log }), withProof()), unavailable);
  });

  const wrong: [string, (sct: Sct) => string][] = [
    ["no JSON", () => "hello"],
    ["nothing", () => ""],
    ["another version", (sct) => inJson(sct, { sct_version: 1 })],
    ["no time", (sct) => inJson(sct, { timestamp: "now" })],
    ["a time before all", (sct) => inJson(sct, { timestamp: -1 })],
    ["a time after all", (sct) => inJson(sct, { timestamp: Number.MAX_SAFE_INTEGER })],
    ["another time than it signed", (sct) => inJson(sct, { timestamp: sct.timestampMs + 1 })],
    ["another log's id", (sct) => inJson(sct, { id: encodeBase64(new Uint8Array(32)) })],
    ["a short id", (sct) => inJson(sct, { id: "AAAA" })],
    ["extensions it did not sign", (sct) => inJson(sct, { extensions: "AAAA" })],
    ["no signature", (sct) => inJson(sct, { signature: "" })],
    ["a cut signature", (sct) => inJson(sct, { signature: encodeBase64(Uint8Array.of(4, 3)) })],
    ["a signature of another hash", (sct) => inJson({ ...sct, hashAlgorithm: 2 })],
    ["a signature of another kind", (sct) => inJson({ ...sct, signatureAlgorithm: 1 })],
    [
      "a changed signature",
      (sct) =>
        inJson({ ...sct, signature: sct.signature.with(9, (sct.signature[9] as number) ^ 1) }),
    ],
    ["too much", (sct) => inJson(sct, { more: "x".repeat(70_000) })],
  ];
  for (const [what, body] of wrong) {
    test(`that answers with ${what} is not believed`, async (t) => {
      const here = await world(t, async ({ body: asked }, response) => {
        response.end(body(await sctFor(asked)));
      });
      isRefused(await ask(here, withProof()), refused);
      assert.equal(here.asked.length, 1);
    });
  }

  test("that answers with the SCT of another certificate is not believed", async (t) => {
    const scts: Sct[] = [];
    const here = await world(t, async ({ body }, response) => {
      scts.push(await sctFor(body));
      response.end(inJson(scts[0] as Sct));
    });
    assert.equal((await ask(here, withProof())).status, 200);
    isRefused(await ask(here, withProof()), refused);
  });
});

suite("a certificate log in the same process", () => {
  for (const [what, submit, expected] of [
    ["fails", () => Promise.reject(new Error("disk full")), refused],
    ["does not answer", () => new Promise<never>(() => undefined), unavailable],
  ] as const) {
    test(`that ${what} has no certificate leave`, async (t) => {
      const log: SctSource = { publicKey: backend.publicKey, submit };
      const here = await fulcioWorld(t, { log, logTimeoutMs: 30 });
      const answer = await ask(here, withProof());
      isRefused(answer, expected);
      assert.ok(!answer.text.includes("disk full"));
      const metrics = await here.metrics.registry.metrics();
      assert.match(metrics, /^fulcio_new_certs 0$/m);
    });
  }
});
