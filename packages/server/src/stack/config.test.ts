// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { mergeConfig, parseConfigFile, resolveConfig } from "./config.ts";
import { StackError } from "./errors.ts";
import { listenAddress } from "./listen.ts";

function refusal(run: () => unknown): string {
  try {
    run();
  } catch (error) {
    assert.ok(error instanceof StackError, String(error));
    assert.equal(error.code, "configuration");
    return error.message;
  }
  return "accepted";
}

suite("the configuration of a stack", () => {
  test("has a default for everything", () => {
    const config = resolveConfig({});
    assert.equal(config.listen, "127.0.0.1:3000");
    assert.equal(config.limits.bodySizeBytesMaxV2, 4 << 20);
    assert.equal(config.log.algorithms.length, 7);
    assert.equal(config.log.hostname, undefined);
  });

  test("lets options go before the file, setting by setting", () => {
    const file = parseConfigFile(
      "limits: {requestsMax: 7, connectionsMax: 8}\nlisten: a:1\nwitness: {policy: p}\n",
      "x",
    );
    const over = { limits: { requestsMax: 9 }, listen: "b:2", witness: { required: true } };
    const merged = resolveConfig(mergeConfig(file, over));
    assert.equal(merged.limits.requestsMax, 9);
    assert.equal(merged.limits.connectionsMax, 8);
    assert.equal(merged.listen, "b:2");
    assert.deepEqual(merged.witness, { policy: "p", required: true, timeoutMs: 1000 });
  });

  test("names the setting that is wrong", () => {
    const cases: [unknown, RegExp][] = [
      [{ listne: "x" }, /^f\.yaml: listne: no such setting$/],
      [{ log: { hostnam: "x" } }, /^f\.yaml: log\.hostnam: no such setting$/],
      [{ witness: { policy: "" } }, /^f\.yaml: witness\.policy: /],
      [{ witness: { require: true } }, /^f\.yaml: witness\.require: no such setting$/],
      [{ witness: { timeoutMs: 0 } }, /^f\.yaml: witness\.timeoutMs: /],
      [{ listen: "localhost" }, /^f\.yaml: listen: is not host:port/],
      [{ listen: "localhost:70000" }, /^f\.yaml: listen: /],
      [{ listen: "::1:3000" }, /^f\.yaml: listen: /],
      [{ listen: 3000 }, /^f\.yaml: listen: /],
      [{ publicUrl: "https://a.example/path" }, /^f\.yaml: publicUrl: is not an http/],
      [{ publicUrl: "ftp://a.example" }, /^f\.yaml: publicUrl: /],
      [{ publicUrl: "https://user@a.example" }, /^f\.yaml: publicUrl: /],
      [{ log: { hostname: "a b" } }, /^f\.yaml: log\.hostname: cannot name a log$/],
      [
        { log: { algorithms: ["ed25519-ph", "rot13"] } },
        /^f\.yaml: log\.algorithms\.1: is not one of/,
      ],
      [{ log: { algorithms: [] } }, /^f\.yaml: log\.algorithms: /],
      [{ log: { frozen: "yes" } }, /^f\.yaml: log\.frozen: /],
      [{ log: { enabledApiEndpoints: ["x"] } }, /^f\.yaml: log\.enabledApiEndpoints\.0: is not/],
      [{ events: { webhook: "x" } }, /^f\.yaml: events\.webhook: is not an http/],
      [{ limits: { requestsMax: 0 } }, /^f\.yaml: limits\.requestsMax: /],
      [{ limits: { bodySizeBytesMaxV1: 1.5 } }, /^f\.yaml: limits\.bodySizeBytesMaxV1: /],
      [{ logging: { level: "loud" } }, /^f\.yaml: logging\.level: /],
      ["text", /^f\.yaml: the whole: /],
      [[], /^f\.yaml: the whole: /],
    ];
    for (const [value, expected] of cases) {
      assert.match(
        refusal(() => resolveConfig(value, "f.yaml")),
        expected,
      );
    }
    const named = refusal(() => resolveConfig({ listen: 1 }, (path) => `--${path}`));
    assert.match(named, /^--listen: listen: /);
    const both = refusal(() => resolveConfig({ listen: 1, logging: { level: 2 } }, "f"));
    assert.equal(both.split("\n").length, 2, "each on a line");
  });

  test("names the line of a file that is no YAML", () => {
    assert.match(
      refusal(() => parseConfigFile("listen: a:1\nlog: {", "f.yaml")),
      /^f\.yaml:\d+:\d+: /,
    );
    assert.match(
      refusal(() => parseConfigFile("listen: a:1\nlisten: b:2\n", "f.yaml")),
      /^f\.yaml:2:1: .*unique/,
    );
    assert.match(
      refusal(() => parseConfigFile("limits: {requestsMax: -1}", "f.yaml")),
      /^f\.yaml: limits\.requestsMax: /,
    );
    assert.equal(
      refusal(() => parseConfigFile("", "f.yaml")),
      "accepted",
    );
  });

  test("takes addresses apart", () => {
    assert.deepEqual(listenAddress("[::1]:80"), { host: "::1", port: 80 });
    assert.deepEqual(listenAddress("log.example:0"), { host: "log.example", port: 0 });
  });
});
