// SPDX-License-Identifier: Apache-2.0
// Every operation that the server publishes, with requests that are wrong in all ways its
// description suggests. CHANCERY_FUZZ_REQUESTS and CHANCERY_FUZZ_SEED make longer and other runs.
import assert from "node:assert/strict";
import { suite, test } from "node:test";
import {
  dsseV1,
  dsseV2,
  hashedRekordV1,
  hashedRekordV2,
  intotoV1,
  intotoV2,
  rekordV1,
} from "../entries.ts";
import { type Child, type RawAnswer, type RawRequest, send, startChild } from "./child.ts";
import {
  oddText,
  Random,
  type Schema,
  type Schemas,
  spoiled,
  spoiledBytes,
  valueOf,
} from "./random.ts";

const requestsTotal = Number(process.env["CHANCERY_FUZZ_REQUESTS"] ?? 4000);
const seed = Number(process.env["CHANCERY_FUZZ_SEED"] ?? 1);
const atOnce = 16;
const memoryBytesMax = 800e6;
const timeoutMs = 5000;

interface Operation {
  readonly method: string;
  readonly path: string;
  readonly parameters: readonly { readonly name: string; readonly in: string; schema: Schema }[];
  /** Of the body; undefined where none is taken. */
  readonly mediaType: string | undefined;
  readonly body: Schema | undefined;
  readonly statuses: ReadonlySet<string>;
}

suite("every published operation", () => {
  test(`answers ${requestsTotal} hostile requests without a failure of its own`, async (t) => {
    const child = await startChild(t);
    const { operations, schemas } = await published(child.port);
    assert.ok(operations.length >= 16, "there is something to try");
    const random = new Random(seed);
    const known = await seeded(child.port);
    const counts = new Map<string, number>();
    let sent = 0;
    const worker = async (): Promise<void> => {
      while (sent < requestsTotal) {
        const operation = operations[sent++ % operations.length] as Operation;
        const request = requestFor(operation, schemas, known, random);
        const answer = await send(child.port, request, timeoutMs).catch((cause: unknown) => {
          throw new Error(`seed ${seed}: ${shown(request)}: ${String(cause)}`);
        });
        check(operation, request, answer);
        const key = `${operation.method} ${operation.path} ${answer.status}`;
        counts.set(key, (counts.get(key) ?? 0) + 1);
      }
    };
    await Promise.all(Array.from({ length: atOnce }, worker));
    for (const { method, path } of operations) {
      const reached = [...counts.keys()].filter((key) => key.startsWith(`${method} ${path} `));
      assert.ok(reached.length > 0, `${method} ${path} was tried`);
    }
    assert.equal(child.process.exitCode, null, "the server lives");
    assert.ok(child.memoryBytes() < memoryBytesMax, `memory ${child.memoryBytes()}`);
    const good = await sendJson(child, "/api/v2/log/entries", hashedRekordV2());
    assert.equal(good.status, 201, "and still logs what is good");
  });
});

async function published(port: number): Promise<{ operations: Operation[]; schemas: Schemas }> {
  const { text } = await send(port, { method: "GET", path: "/docs/openapi.json" });
  const { paths, components } = JSON.parse(text);
  const operations: Operation[] = [];
  for (const [path, methods] of Object.entries<Record<string, any>>(paths)) {
    for (const [method, { parameters = [], requestBody, responses }] of Object.entries(methods)) {
      const content = Object.entries<any>(requestBody?.content ?? {});
      const json = content.find(([type]) => type === "application/json");
      const [mediaType, described] = json ?? content[0] ?? [];
      operations.push({
        method: method.toUpperCase(),
        path,
        parameters,
        mediaType,
        body: described?.schema,
        statuses: new Set(Object.keys(responses)),
      });
    }
  }
  return { operations, schemas: components.schemas };
}

interface Known {
  /** Ids of entries that are there. */
  readonly ids: readonly string[];
  readonly proposalsV1: readonly unknown[];
  readonly proposalsV2: readonly unknown[];
}

/** Logs one entry of each kind. */
async function seeded(port: number): Promise<Known> {
  const proposalsV1 = [hashedRekordV1(), dsseV1(), intotoV1(), intotoV2(), rekordV1()];
  const proposalsV2 = [hashedRekordV2(), dsseV2()];
  const ids: string[] = [];
  const headers = { "content-type": "application/json" };
  for (const [path, proposals] of [
    ["/api/v1/log/entries", proposalsV1],
    ["/api/v2/log/entries", proposalsV2],
  ] as const) {
    for (const proposal of proposals) {
      const body = JSON.stringify(proposal);
      const answer = await send(port, { method: "POST", path, headers, body });
      assert.equal(answer.status, 201, answer.text);
      if (path.startsWith("/api/v1")) ids.push(...Object.keys(JSON.parse(answer.text)));
    }
  }
  return { ids, proposalsV1, proposalsV2 };
}

function requestFor(
  operation: Operation,
  schemas: Schemas,
  known: Known,
  random: Random,
): RawRequest {
  const { method, parameters } = operation;
  const value = (): string =>
    random.oneIn(5) ? random.pick(known.ids) : escaped(oddText(random), random);
  const path = operation.path.replaceAll(/\{\w+\}/g, value);
  const query = parameters.flatMap(({ name, in: place }) => {
    if (place !== "query" || random.oneIn(2)) return [];
    return Array.from({ length: random.oneIn(8) ? 2 : 1 }, () => `${name}=${value()}`);
  });
  if (random.oneIn(20)) query.push(`${value()}=${value()}`);
  const headers: Record<string, string> = {};
  if (random.oneIn(4))
    headers["accept"] = random.pick(["*/*", "application/x-ndjson", "x", "a/b;q=z"]);
  if (random.oneIn(8)) headers["accept-encoding"] = random.pick(["gzip", "gzip;q=0", "br, *"]);
  const target = query.length > 0 ? `${path}?${query.join("&")}` : path;
  if (operation.mediaType === undefined) {
    // A body where none belongs.
    const stray = random.oneIn(20) ? { body: "{}" } : {};
    return { method, path: target, headers, ...stray };
  }
  headers["content-type"] = random.oneIn(6)
    ? random.pick(["text/plain", "application/json; charset=latin1", "multipart/form-data", "/"])
    : operation.mediaType;
  return { method, path: target, headers, body: bodyFor(operation, schemas, known, random) };
}

function bodyFor(
  { path, body, mediaType }: Operation,
  schemas: Schemas,
  known: Known,
  random: Random,
): Uint8Array {
  const proposals = path.startsWith("/api/v2") ? known.proposalsV2 : known.proposalsV1;
  let value: unknown;
  if (path.endsWith("/log/entries") && !random.oneIn(3)) {
    value = spoiled(random.pick(proposals), random);
    if (random.oneIn(3)) value = spoiled(value, random);
  } else if (path.endsWith("/log/entries/retrieve") && random.oneIn(2)) {
    value = { entries: [spoiled(random.pick(proposals), random)], logIndexes: [random.below(9)] };
  } else {
    value = valueOf(body ?? {}, schemas, random);
  }
  if (mediaType === "application/x-www-form-urlencoded") return formOf(value);
  const bytes = Buffer.from(JSON.stringify(value) ?? "", "utf8");
  if (random.oneIn(40)) return Buffer.from("[".repeat(20_000));
  return random.oneIn(6) ? spoiledBytes(bytes, random) : bytes;
}

function formOf(value: unknown): Uint8Array {
  const fields = Object.entries(value ?? {}).map(([name, field]): [string, string] => {
    return [name.toWellFormed(), (JSON.stringify(field) ?? "").toWellFormed()];
  });
  return Buffer.from(new URLSearchParams(fields).toString());
}

/** Mostly as a client escapes it; at times only what cannot be sent at all. */
function escaped(text: string, random: Random): string {
  const wellFormed = text.toWellFormed();
  if (random.oneIn(4)) return wellFormed.replaceAll(/[^\x21-\x7e]/g, "%ff");
  return encodeURIComponent(wellFormed);
}

function check(operation: Operation, request: RawRequest, answer: RawAnswer): void {
  const what = `seed ${seed}: ${shown(request)}: ${answer.status} ${answer.text.slice(0, 500)}`;
  assert.ok(answer.status >= 200 && answer.status < 500, what);
  assert.ok(answer.ms < timeoutMs, what);
  if (String(answer.headers["content-type"]).startsWith("application/json")) {
    assert.doesNotThrow(() => JSON.parse(answer.text), what);
  }
  // What a path's odd parameter leads elsewhere belongs to no operation.
  if (operation.path.includes("{") || answer.status >= 400) return;
  assert.ok(operation.statuses.has(String(answer.status)), what);
}

function shown({ method, path, headers, body }: RawRequest): string {
  const text = body === undefined ? "" : Buffer.from(body).toString("latin1").slice(0, 2000);
  return `${method} ${path.slice(0, 300)} ${JSON.stringify(headers)} ${text}`;
}

function sendJson(child: Child, path: string, value: unknown): Promise<RawAnswer> {
  const headers = { "content-type": "application/json" };
  return send(child.port, { method: "POST", path, headers, body: JSON.stringify(value) });
}
