// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { parseConfigFile, resolveConfig } from "./config.ts";
import { StackError } from "./errors.ts";
import { configTemplate, environmentConfig, settings } from "./settings.ts";

function refusal(env: Readonly<Record<string, string>>): string {
  try {
    environmentConfig(env);
  } catch (error) {
    assert.ok(error instanceof StackError, String(error));
    assert.equal(error.code, "configuration");
    return error.message;
  }
  return "accepted";
}

suite("the settings of a stack", () => {
  test("have a variable, a description, and a default or an example each", () => {
    const variables = new Set(settings.map(({ variable }) => variable));
    assert.equal(variables.size, settings.length);
    for (const setting of settings) {
      const name = setting.path.join(".");
      assert.match(setting.variable, /^CHANCERY_[A-Z][A-Z0-9_]*$/, name);
      assert.notEqual(setting.about, "", name);
      assert.notEqual(setting.default ?? setting.example, undefined, name);
    }
    for (const [path, variable] of [
      ["listen", "CHANCERY_LISTEN"],
      ["log.hostname", "CHANCERY_LOG_HOSTNAME"],
      ["log.enabledApiEndpoints", "CHANCERY_LOG_ENABLED_API_ENDPOINTS"],
      ["limits.bodySizeBytesMaxV1", "CHANCERY_LIMITS_BODY_SIZE_BYTES_MAX_V1"],
    ]) {
      assert.equal(settings.find((one) => one.path.join(".") === path)?.variable, variable);
    }
  });

  test("come from the environment, each as what it is", () => {
    const config = environmentConfig({
      CHANCERY_LISTEN: "[::1]:4000",
      CHANCERY_ONLY: "rekor",
      CHANCERY_LOG_HOSTNAME: "log.example",
      CHANCERY_LOG_ALGORITHMS: "ed25519-ph, ecdsa-sha2-256-nistp256",
      CHANCERY_LOG_FROZEN: "true",
      CHANCERY_WITNESS_REQUIRED: "0",
      CHANCERY_LIMITS_REQUESTS_MAX: "7",
      CHANCERY_LOGGING_LEVEL: "",
      CHANCERY_KEY: "is a flag's",
      LISTEN: "nobody's",
    });
    assert.deepEqual(config, {
      listen: "[::1]:4000",
      only: ["rekor"],
      log: {
        hostname: "log.example",
        algorithms: ["ed25519-ph", "ecdsa-sha2-256-nistp256"],
        frozen: true,
      },
      witness: { required: false },
      limits: { requestsMax: 7 },
    });
    assert.deepEqual(environmentConfig({}), {});
  });

  test("that are wrong are named by variable and path", () => {
    const cases: [string, string, RegExp][] = [
      ["CHANCERY_LISTEN", "nowhere", /^CHANCERY_LISTEN: listen: is not host:port/],
      ["CHANCERY_PUBLIC_URL", "x", /^CHANCERY_PUBLIC_URL: publicUrl: is not an http/],
      ["CHANCERY_LOG_FROZEN", "yes", /^CHANCERY_LOG_FROZEN: log\.frozen: is not true or false$/],
      ["CHANCERY_LOG_ALGORITHMS", "rot13", /^CHANCERY_LOG_ALGORITHMS: log\.algorithms\.0: is not/],
      ["CHANCERY_LIMITS_REQUESTS_MAX", "0", /^CHANCERY_LIMITS_REQUESTS_MAX: limits\.requestsMax: /],
      ["CHANCERY_LIMITS_REQUESTS_MAX", "1e3", /^CHANCERY_LIMITS_REQUESTS_MAX: .* whole number$/],
      ["CHANCERY_LOGGING_LEVEL", "loud", /^CHANCERY_LOGGING_LEVEL: logging\.level: /],
      ["CHANCERY_EVENTS_WEBHOOK", "ftp://x/", /^CHANCERY_EVENTS_WEBHOOK: events\.webhook: is not/],
      ["CHANCERY_EVENTS_WEBHOOK", "http://a:b@x/", /^CHANCERY_EVENTS_WEBHOOK: /],
      [
        "CHANCERY_LOG_ENABLED_API_ENDPOINTS",
        "getLogInfo,getLogs",
        /^CHANCERY_LOG_ENABLED_API_ENDPOINTS: log\.enabledApiEndpoints\.1: is not one of searchIndex,/,
      ],
    ];
    for (const [variable, text, expected] of cases) {
      assert.match(refusal({ [variable]: text }), expected);
    }
    const several = { CHANCERY_LOG_FROZEN: "x", CHANCERY_LIMITS_REQUESTS_MAX: "x" };
    assert.equal(refusal(several).split("\n").length, 2, "each on a line");
  });

  test("are all in the file of the first start, commented out", () => {
    assert.deepEqual(resolveConfig(parseConfigFile(configTemplate, "x")), resolveConfig({}));
    const settled = configTemplate.slice(configTemplate.indexOf("\n\n"));
    const file = parseConfigFile(settled.replaceAll(/^# /gm, ""), "x") as any;
    for (const { path, default: fallback, example } of settings) {
      const written = path.reduce((value, name) => value[name], file);
      assert.deepEqual(written, fallback ?? example, path.join("."));
    }
  });
});
