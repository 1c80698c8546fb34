// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { suite, test, type TestContext } from "node:test";
import { decodeSigningConfig } from "@chancery/formats/trust";
import { pino } from "pino";
import type { IdentityProvider } from "../../idp/index.ts";
import { type Stack, type StackConfigInput, startStack } from "../index.ts";
import { idp } from "./idp.ts";
import type { StackService } from "./service.ts";

const place = { url: "http://localhost:1", data: "here" };

/** A stack of the identity provider and of a service that looks at what it offers. */
async function start(
  t: TestContext,
  config: StackConfigInput = {},
): Promise<{ stack: Stack; api: IdentityProvider; logs: string[] }> {
  const dataDirectory = mkdtempSync(join(tmpdir(), "chancery-stack-idp-"));
  t.after(() => rmSync(dataDirectory, { recursive: true }));
  writeFileSync(join(dataDirectory, "secret"), "hush\n");
  const logs: string[] = [];
  const logger = pino({ level: "info" }, { write: (line: string) => void logs.push(line) });
  let api: IdentityProvider | undefined;
  const neighbour: StackService = {
    name: "neighbour",
    open: async ({ opened }) => {
      api = opened(idp);
      return { addRoutes: async () => undefined, close: async () => undefined };
    },
  };
  const services = [idp, neighbour];
  const listen = "127.0.0.1:0";
  const stack = await startStack({ dataDirectory, listen, logger, services, config });
  t.after(() => stack.close());
  assert.ok(api);
  return { stack, api, logs };
}

suite("the identity provider in a stack", () => {
  test("serves under its URL, is in the signing config, and offers its keys", async (t) => {
    const { stack, api } = await start(t);
    const config = decodeSigningConfig(stack.signingConfig);
    const [service, ...others] = config.oidcUrls;
    assert.deepEqual(others, []);
    assert.equal(service?.url, `${stack.url}/oidc`);
    assert.equal(service.majorApiVersion, 1);
    assert.equal(api.issuer, service.url);
    const address = `${service.url}/.well-known/openid-configuration`;
    const metadata = (await (await fetch(address)).json()) as Record<string, unknown>;
    assert.equal(metadata["issuer"], service.url);
    const served = (await (await fetch(String(metadata["jwks_uri"]))).json()) as {
      keys: { kid: string }[];
    };
    assert.deepEqual(
      served.keys.map(({ kid }) => kid),
      (await api.jwks()).keys.map(({ kid }) => kid),
    );
    const [usage] = stack.usage(place);
    assert.deepEqual(usage?.places, [["identity", "http://localhost:1/oidc"]]);
    assert.deepEqual(usage.first, ["chancery user add --data here you@example.com"]);
  });

  test("counts its requests under the names of their paths", async (t) => {
    const { stack, logs } = await start(t);
    await fetch(`${stack.url}/oidc/auth/some-secret-uid?code=secret`);
    const line = logs.find((text) => text.includes('"msg":"request"')) ?? "";
    assert.match(line, /"path":"\/oidc\/auth\/\{uid\}"/);
    assert.doesNotMatch(line, /secret/);
  });

  test("lets scripts of other sites read its documents, and no page", async (t) => {
    const { stack } = await start(t);
    const allowed = async (path: string): Promise<string | null> => {
      const headers = { origin: "https://evil.example" };
      const response = await fetch(`${stack.url}/oidc/${path}`, { headers });
      await response.text();
      return response.headers.get("access-control-allow-origin");
    };
    assert.equal(await allowed("jwks"), "https://evil.example");
    assert.equal(await allowed("interaction/x"), null);
    assert.equal(await allowed("callback"), null);
    assert.equal(await allowed("device"), null);
  });

  test("says on every start that it is in dev mode", async (t) => {
    const { stack, logs } = await start(t, { idp: { dev: true } });
    assert.match(logs.join(""), /DEV MODE/);
    const text = JSON.stringify(stack.usage(place));
    assert.match(text, /DEV MODE: anyone signs in as anybody/);
    assert.doesNotMatch(text, /user add/);
  });

  const upstream = { id: "corp", name: "Corp", issuer: "https://login.example", clientId: "x" };
  const ci = { id: "ci", issuer: "https://ci.example", audience: "x" };
  const wrong: [string, StackConfigInput, RegExp][] = [
    [
      "dev mode where others reach it",
      { idp: { dev: true }, listen: "0.0.0.0:0" },
      /^idp: dev mode signs anyone in as anybody, so it needs a loopback address, not 0\.0\.0\.0/,
    ],
    [
      "an issuer without TLS",
      { idp: { trustedIssuers: [{ ...ci, issuer: "http://ci.example" }] } },
      /idp\.trustedIssuers\.0\.issuer: is not an https URL/,
    ],
    [
      "two issuers with one name",
      { idp: { trustedIssuers: [ci, { ...ci, issuer: "https://other.example" }] } },
      /idp\.trustedIssuers: has an id twice/,
    ],
    [
      "the name of dev mode's subjects",
      { idp: { upstreams: [{ ...upstream, id: "dev" }] } },
      /idp\.upstreams\.0\.id: is not lower-case letters, digits and hyphens, or is dev/,
    ],
    [
      "a secret that is not there",
      { idp: { upstreams: [{ ...upstream, clientSecretFile: "missing" }] } },
      /idp\.upstreams: the secret of corp: ENOENT/,
    ],
    ["tokens that live long", { idp: { tokenSeconds: 3600 } }, /idp\.tokenSeconds: /],
  ];
  for (const [name, config, message] of wrong) {
    test(`does not start with ${name}`, async (t) => {
      const dataDirectory = mkdtempSync(join(tmpdir(), "chancery-stack-idp-"));
      t.after(() => rmSync(dataDirectory, { recursive: true }));
      const logger = pino({ level: "silent" });
      const listen = config.listen ?? "127.0.0.1:0";
      await assert.rejects(startStack({ dataDirectory, listen, logger, services: [idp], config }), {
        name: "StackError",
        code: "configuration",
        message,
      });
    });
  }

  test("shows other providers, whose secrets are in files", async (t) => {
    const { stack } = await start(t, {
      idp: { upstreams: [{ ...upstream, clientSecretFile: "secret" }] },
    });
    assert.doesNotMatch(JSON.stringify(stack.usage(place)), /user add/);
  });
});
