// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, type IncomingHttpHeaders } from "node:http";
import type { AddressInfo } from "node:net";
import { suite, test, type TestContext } from "node:test";
import { decodeBase64, utf8Bytes } from "@chancery/formats/bytes";
import { decodeLogEntry } from "@chancery/formats/bundle";
import { certificateOf } from "../../test/certificates.ts";
import { hashedRekordV1, hashedRekordV2, newKey } from "../../test/entries.ts";
import { post, request, startRekor, type TestServer, treeId } from "../../test/rekor-server.ts";

interface Delivery {
  readonly headers: IncomingHttpHeaders;
  readonly event: any;
}

interface Receiver {
  readonly url: string;
  readonly deliveries: Delivery[];
  /** Answers, one after the other; then 204. */
  readonly statuses: number[];
  /** Resolves when there have been so many. */
  until(count: number): Promise<void>;
}

async function receiver(t: TestContext, ...statuses: number[]): Promise<Receiver> {
  const deliveries: Delivery[] = [];
  let arrived = (): void => undefined;
  const server = createServer((incoming, response) => {
    let text = "";
    incoming.setEncoding("utf8").on("data", (chunk: string) => (text += chunk));
    incoming.on("end", () => {
      deliveries.push({ headers: incoming.headers, event: JSON.parse(text) });
      response.writeHead(statuses.shift() ?? 204, { location: "/elsewhere" }).end();
      arrived();
    });
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook`;
  const until = async (count: number): Promise<void> => {
    while (deliveries.length < count) await new Promise<void>((resolve) => (arrived = resolve));
  };
  return { url, deliveries, statuses, until };
}

async function announced(t: TestContext, url: string): Promise<TestServer> {
  const server = await startRekor({ webhook: { url, timeoutMs: 2000 } });
  t.after(() => server.close());
  return server;
}

const publishes = (server: TestServer): Promise<string> => server.metrics.registry.metrics();

suite("announcing new entries", () => {
  test("tells of each entry once, in Rekor's form, through whichever API it came", async (t) => {
    const hook = await receiver(t);
    const server = await announced(t, hook.url);
    const proposed = hashedRekordV1();
    const created = await post(`${server.url}/api/v1/log/entries`, proposed);
    await post(`${server.url}/api/v1/log/entries`, proposed); // nothing new
    await hook.until(1);
    await post(`${server.url}/api/v2/log/entries`, hashedRekordV2());
    await hook.until(2);
    const [first, second] = hook.deliveries as [Delivery, Delivery];
    assert.equal(first.headers["content-type"], "application/cloudevents+json; charset=utf-8");
    const { data, time, ...attributes } = first.event;
    const [[id, entry]] = Object.entries<any>(created.json) as [[string, any]];
    assert.deepEqual(attributes, {
      specversion: "1.0",
      id,
      source: "/createLogEntry",
      type: "dev.sigstore.rekor.events.v1.NewEntry",
      datacontenttype: "application/json",
      rekor_entry_kind: "hashedrekord",
      rekor_signing_subjects: "",
    });
    assert.equal(Date.parse(time), entry.integratedTime * 1000);
    assert.match(time, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
    assert.equal(typeof data, "string", "JSON in a string");
    const logged = decodeLogEntry(utf8Bytes(data));
    assert.deepEqual(
      [logged.logIndex, logged.kind, logged.kindVersion, logged.integratedTime],
      [0n, "hashedrekord", "0.0.1", BigInt(entry.integratedTime)],
    );
    assert.deepEqual(logged.canonicalizedBody, decodeBase64(entry.body));
    assert.ok(logged.inclusionPromise && logged.inclusionProof?.checkpoint);
    const read = await request(`${server.url}/api/v1/log/entries/${second.event.id}`);
    assert.equal(Object.values<any>(read.json)[0].logIndex, 1);
    assert.equal(second.event.id.slice(0, 16), treeId.toString(16).padStart(16, "0"));
    assert.equal(hook.deliveries.length, 2);
  });

  test("names who signed, sorted", async (t) => {
    const hook = await receiver(t);
    const server = await announced(t, hook.url);
    const key = newKey();
    const certificate = await certificateOf(key, [
      { kind: "uri", value: "https://ci.example/build" },
      { kind: "email", value: "me@example.com" },
      { kind: "dns", value: "ci.example" },
    ]);
    await post(`${server.url}/api/v2/log/entries`, hashedRekordV2({ key, certificate }));
    await hook.until(1);
    const subjects = hook.deliveries[0]?.event.rekor_signing_subjects;
    assert.equal(subjects, "ci.example,https://ci.example/build,me@example.com");
  });

  test("tries again what is not taken, and counts it", async (t) => {
    const hook = await receiver(t, 503, 302);
    const server = await announced(t, hook.url);
    await post(`${server.url}/api/v1/log/entries`, hashedRekordV1());
    await hook.until(3);
    const ids = new Set(hook.deliveries.map(({ event }) => event.id));
    assert.equal(ids.size, 1, "the same, also where it is told to go elsewhere");
    await server.close();
    const labels = 'event="dev.sigstore.rekor.events.v1.NewEntry",content_type="application/json"';
    const text = await publishes(server);
    assert.ok(text.includes(`rekor_publish_events{${labels},status="ERROR"} 2\n`), text);
    assert.ok(text.includes(`rekor_publish_events{${labels},status="SUCCESS"} 1\n`));
    assert.match(text, /\nchancery_publish_backlog 0\n/);
  });

  test("leaves what is refused for good, and goes on", async (t) => {
    const hook = await receiver(t, 400);
    const server = await announced(t, hook.url);
    await post(`${server.url}/api/v1/log/entries`, hashedRekordV1());
    await hook.until(1);
    await post(`${server.url}/api/v1/log/entries`, hashedRekordV1());
    await hook.until(2);
    const [first, second] = hook.deliveries;
    assert.notEqual(first?.event.id, second?.event.id);
  });

  test("keeps nobody waiting while the receiver is away, and forgets nothing", async (t) => {
    const hook = await receiver(t, 500, 500);
    const server = await announced(t, hook.url);
    for (let i = 0; i < 40; i++) {
      const answer = await post(`${server.url}/api/v2/log/entries`, hashedRekordV2());
      assert.equal(answer.status, 201);
    }
    while (new Set(hook.deliveries.map(({ event }) => event.id)).size < 40) {
      await hook.until(hook.deliveries.length + 1);
    }
    await server.close();
    assert.match(await publishes(server), /\nchancery_publish_backlog 0\n/);
  });

  test("announces what there is before it closes", async (t) => {
    const hook = await receiver(t);
    const server = await announced(t, hook.url);
    const proposals = Array.from({ length: 60 }, () => hashedRekordV2());
    await Promise.all(proposals.map((one) => post(`${server.url}/api/v2/log/entries`, one)));
    await server.close();
    assert.equal(new Set(hook.deliveries.map(({ event }) => event.id)).size, 60);
  });

  test("closes while nobody answers, and says what was not announced", async (t) => {
    const server = await announced(t, "http://127.0.0.1:1/nobody");
    await post(`${server.url}/api/v1/log/entries`, hashedRekordV1());
    await server.close();
    const [line] = server.lines.filter(({ msg }) => msg === "entries were not announced");
    assert.equal(line.backlog, 1);
  });

  test("does not tell of what was there before it started", async (t) => {
    const hook = await receiver(t);
    const first = await startRekor();
    t.after(() => first.close());
    await post(`${first.url}/api/v1/log/entries`, hashedRekordV1());
    const shard = { treeId, log: first.log, key: first.v1Key, hostname: "rekor.test" };
    const webhook = { url: hook.url, timeoutMs: 2000 };
    const server = await startRekor({ shards: [shard], webhook });
    t.after(() => server.close());
    await post(`${server.url}/api/v1/log/entries`, hashedRekordV1());
    await hook.until(1);
    const { logIndex } = JSON.parse(hook.deliveries[0]?.event.data);
    assert.equal(logIndex, "1");
  });
});
