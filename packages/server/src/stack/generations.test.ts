// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { suite, test } from "node:test";
import { newDirectory } from "../../test/directory.ts";
import { StackError } from "./errors.ts";
import { beginGenerations, currentGeneration, readGenerations } from "./generations.ts";

const [first, second] = [new Date("2026-01-01T00:00:00.5Z"), new Date("2026-02-01T00:00:00Z")];

suite("generations of keys", () => {
  test("are one until a key is replaced", async (t) => {
    const [only, ...others] = await readGenerations(newDirectory(t), "tsa");
    assert.deepEqual(only, { number: 1, name: "tsa", since: undefined, until: undefined });
    assert.deepEqual(others, []);
  });

  test("follow one another without a gap, each key for itself", async (t) => {
    const directory = newDirectory(t);
    const begun = await beginGenerations(directory, ["tsa", "ca"], first);
    assert.deepEqual(
      begun.map(({ name }) => name),
      ["tsa-2", "ca-2"],
    );
    await beginGenerations(directory, ["tsa"], second);
    const generations = await readGenerations(directory, "tsa");
    assert.deepEqual(generations, [
      { number: 1, name: "tsa", since: undefined, until: first },
      { number: 2, name: "tsa-2", since: first, until: second },
      { number: 3, name: "tsa-3", since: second, until: undefined },
    ]);
    assert.equal(currentGeneration(generations).name, "tsa-3");
    const ca = await readGenerations(directory, "ca");
    assert.equal(currentGeneration(ca).until, undefined);
    assert.equal(ca.length, 2);
  });

  test("do not go back in time, and nothing is written then", async (t) => {
    const directory = newDirectory(t);
    await beginGenerations(directory, ["tsa"], second);
    const path = join(directory, "generations.json");
    const before = readFileSync(path, "utf8");
    for (const now of [second, first]) {
      await assert.rejects(beginGenerations(directory, ["ca", "tsa"], now), {
        name: "StackError",
        code: "key",
        message:
          /^tsa was replaced on 2026-02-01T00:00:00\.000Z, which is not past: set the clock$/,
      });
    }
    assert.equal(readFileSync(path, "utf8"), before);
  });

  for (const [name, text, message] of [
    ["no JSON", "{", /a name is missing/],
    ["no object", "[]", /an array, not an object|not an object/],
    ["no list", '{"tsa":"2026-01-01T00:00:00.000Z"}', /tsa/],
    ["no time", '{"tsa":["yesterday"]}', /"yesterday" is not a time in UTC/],
    ["a time without zone", '{"tsa":["2026-01-01"]}', /"2026-01-01" is not a time in UTC/],
    [
      "times that go back",
      '{"tsa":["2026-02-01T00:00:00.000Z","2026-01-01T00:00:00.000Z"]}',
      /tsa.*goes back in time/,
    ],
    ["a name twice", '{"tsa":[],"tsa":[]}', /tsa/],
  ] as const) {
    test(`are not read from a file with ${name}`, async (t) => {
      const directory = newDirectory(t);
      writeFileSync(join(directory, "generations.json"), text);
      await assert.rejects(readGenerations(directory, "tsa"), (error: unknown) => {
        assert.ok(error instanceof StackError, String(error));
        assert.equal(error.code, "key");
        assert.match(error.message, message);
        assert.match(error.message, /restore it from a backup$/);
        return true;
      });
    });
  }
});
