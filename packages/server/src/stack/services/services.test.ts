// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { suite, test, type TestContext } from "node:test";
import { decodeSigningConfig } from "@chancery/formats/trust";
import { pino } from "pino";
import { newDirectory } from "../../../test/directory.ts";
import { request } from "../../../test/rekor-server.ts";
import { addRoute } from "../../http/index.ts";
import { type Stack, StackError, type StackOptions, startStack } from "../index.ts";
import { selectServices, stackServices } from "./registry.ts";
import type { OpenService, StackContext, StackService } from "./service.ts";

const logger = pino({ level: "silent" });
const validFor = { start: new Date(0) };

async function start(t: TestContext, options: Partial<StackOptions>): Promise<Stack> {
  const dataDirectory = newDirectory(t);
  const stack = await startStack({ dataDirectory, listen: "127.0.0.1:0", logger, ...options });
  t.after(() => stack.close());
  return stack;
}

/** A service that writes down what is done with it. */
function noted<Api>(
  name: string,
  notes: string[],
  more: Partial<OpenService<Api>> = {},
  opening: (context: StackContext) => void = () => undefined,
): StackService<Api> {
  const note = (what: string): void => void notes.push(`${name} ${what}`);
  return {
    name,
    open: async (context) => {
      note("opens");
      opening(context);
      return {
        addRoutes: async (app) => {
          note("adds routes");
          const label = { api: "own", path: `/${name}` } as const;
          addRoute(app, { path: `/${name}`, label, get: async () => ({ name }) });
        },
        started: async () => note("has started"),
        close: async () => note("closes"),
        ...more,
      };
    },
  };
}

suite("the services of a stack", () => {
  test("open in their order, each with what the ones before it offer, and close in the other", async (t) => {
    const notes: string[] = [];
    const offers: unknown[] = [];
    const first = noted("first", notes, { api: { answer: 42 } });
    const silent = noted("silent", notes);
    const absent = noted<number>("absent", notes, { api: 7 });
    const last = noted("last", notes, {}, ({ opened }) => {
      offers.push(opened(first)?.answer, opened(silent), opened(absent));
    });
    const stack = await start(t, { services: [first, silent, last] });
    assert.deepEqual(offers, [42, undefined, undefined]);
    assert.deepEqual((await request(`${stack.url}/last`)).json, { name: "last" });
    await stack.close();
    const steps = notes.map((note) => note.replace(/^\w+ /, ""));
    const names = notes.map((note) => note.replace(/ .*/, ""));
    const order = ["first", "silent", "last"];
    assert.deepEqual(names, [...order, ...order, ...order, ...order.toReversed()]);
    const times = ["opens", "adds routes", "has started", "closes"];
    assert.deepEqual(
      steps,
      times.flatMap((step) => [step, step, step]),
    );
  });

  test("contribute to what clients trust, and are told the whole of it", async (t) => {
    const dataDirectory = newDirectory(t);
    const told: string[] = [];
    const service = (url: string): object => ({ url, majorApiVersion: 1, validFor, operator: "o" });
    const ca = noted("ca", [], {
      trust: (url) => ({ caUrls: [service(url)] as never }),
      facts: () => ({ colour: "red" }),
      usage: ({ url }) => ({ places: [["CA", url]] }),
    });
    const tsa = noted("tsa", [], { trust: (url) => ({ tsaUrls: [service(`${url}/t`)] as never }) });
    const tuf = noted("tuf", [], {
      started: async ({ url, trust }) => void told.push(url, trust.files.signingConfig),
    });
    const stack = await start(t, { dataDirectory, services: [ca, tsa, tuf] });
    const config = decodeSigningConfig(stack.signingConfig);
    assert.deepEqual(
      [config.caUrls, config.tsaUrls].flat().map(({ url }) => url),
      [stack.url, `${stack.url}/t`],
    );
    assert.deepEqual(config.tsaConfig, { selector: "ANY" });
    assert.equal(config.rekorTlogConfig, undefined);
    const written = readFileSync(join(dataDirectory, "signing_config.v0.2.json"), "utf8");
    assert.deepEqual(told, [stack.url, written]);
    assert.deepEqual(stack.facts, { colour: "red" });
    const place = { url: stack.url, data: "d" };
    assert.deepEqual(stack.usage(place), [{ places: [["CA", stack.url]] }]);
  });

  test("run alone where they are named, and others are not opened", async (t) => {
    const notes: string[] = [];
    const services = ["a", "b", "c"].map((name) => noted(name, notes));
    const stack = await start(t, { services, config: { only: ["c", "a"] } });
    assert.deepEqual(notes.slice(0, 2), ["a opens", "c opens"]);
    assert.equal((await request(`${stack.url}/a`)).status, 200);
    assert.equal((await request(`${stack.url}/b`)).status, 404);
  });

  test("make the stack ready when all of them are", async (t) => {
    const problems: string[] = [];
    const moody = noted("moody", [], { notReady: async () => problems[0] });
    const stack = await start(t, { services: [noted("fine", []), moody] });
    assert.equal((await request(`${stack.url}/readyz`)).status, 200);
    problems.push("no key is loaded");
    const answer = await request(`${stack.url}/readyz`);
    assert.equal(answer.status, 503);
    assert.deepEqual(answer.json, { status: "not ready", reason: "no key is loaded" });
  });

  test("close where a later one does not open or start, and leave the directory free", async (t) => {
    const dataDirectory = newDirectory(t);
    const fail = (): never => {
      throw new StackError("key", "no key");
    };
    const notes: string[] = [];
    const good = noted("good", notes);
    for (const [bad, closed] of [
      [noted("bad", notes, {}, fail), ["good closes"]],
      [noted("bad", notes, { addRoutes: async () => fail() }), ["bad closes", "good closes"]],
      [noted("bad", notes, { trust: fail }), ["bad closes", "good closes"]],
      [noted("bad", notes, { started: async () => fail() }), ["bad closes", "good closes"]],
    ] as const) {
      notes.length = 0;
      const failed = start(t, { dataDirectory, services: [good, bad] });
      await assert.rejects(failed, { code: "key", message: "no key" });
      assert.deepEqual(notes.slice(-closed.length), closed);
    }
    await start(t, { dataDirectory, services: [good] });
  });

  test("are refused where there are none of that name", () => {
    const names = stackServices.map(({ name }) => name);
    assert.equal(new Set(names).size, names.length);
    assert.deepEqual(selectServices(undefined), stackServices);
    for (const only of [["nothing"], ["rekor", "Rekor"], [""]]) {
      assert.throws(() => selectServices(only), {
        name: "StackError",
        code: "configuration",
        message: `only: ${JSON.stringify(only.at(-1))} is no service; there are ${names.join(", ")}`,
      });
    }
  });
});
