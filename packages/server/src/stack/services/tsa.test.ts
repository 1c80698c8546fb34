// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { suite, test, type TestContext } from "node:test";
import { utf8Bytes } from "@chancery/formats/bytes";
import { sha256 } from "@chancery/formats/crypto";
import { decodeSigningConfig, decodeTrustedRoot } from "@chancery/formats/trust";
import {
  decodeTimestampResponse,
  encodeTimestampRequest,
  type TimestampResponse,
  verifyTimestamp,
} from "@chancery/formats/tsp";
import { encodeCertificatePem, prepareIssuers, verifyLeaf } from "@chancery/formats/x509";
import { pino } from "pino";
import { type Stack, type StackConfigInput, StackError, startStack } from "../index.ts";
import { tsa } from "./tsa.ts";

const signature = utf8Bytes("a signature");

function newDirectory(t: TestContext): string {
  const directory = mkdtempSync(join(tmpdir(), "chancery-tsa-"));
  t.after(() => rmSync(directory, { recursive: true, force: true }));
  return directory;
}

async function start(
  t: TestContext,
  dataDirectory: string,
  settings: StackConfigInput["tsa"] = {},
): Promise<Stack> {
  const stack = await startStack({
    dataDirectory,
    config: { tsa: settings },
    listen: "127.0.0.1:0",
    logger: pino({ level: "silent" }),
    services: [tsa],
  });
  t.after(() => stack.close());
  return stack;
}

async function refusal(run: Promise<unknown>, code = "key"): Promise<string> {
  try {
    await run;
  } catch (error) {
    assert.ok(error instanceof StackError, String(error));
    assert.equal(error.code, code);
    return error.message;
  }
  throw new Error("it started");
}

suite("the timestamp authority of a stack", () => {
  test("makes what the stack's trusted root verifies, where its signing config says", async (t) => {
    const stack = await start(t, newDirectory(t));
    const root = decodeTrustedRoot(stack.trustedRoot);
    const config = decodeSigningConfig(stack.signingConfig);
    const [authority, ...others] = root.timestampAuthorities;
    const [service] = config.tsaUrls;
    assert.equal(others.length, 0);
    assert.deepEqual(config.tsaConfig, { selector: "ANY" });
    assert.equal(service?.url, `${stack.url}/api/v1/timestamp`);
    assert.equal(service?.majorApiVersion, 1);
    assert.equal(service?.operator, "localhost");
    assert.deepEqual(service?.validFor, authority?.validFor);
    assert.equal(authority?.uri, service?.url);

    const body = encodeTimestampRequest({ hash: "sha256", digest: sha256(signature) });
    const headers = { "content-type": "application/timestamp-query" };
    const url = service!.url;
    const answer = await fetch(url, { method: "POST", headers, body: Uint8Array.from(body) });
    const response = decodeTimestampResponse(new Uint8Array(await answer.arrayBuffer()));
    const [leaf, ...issuers] = authority!.certificates;
    const { genTime } = verifyTimestamp(response, { signature, authority: leaf! });
    verifyLeaf(leaf!, prepareIssuers(issuers), genTime, "time-stamping");
    assert.ok(genTime >= authority!.validFor.start);

    const shown = await (await fetch(`${url}/certchain`)).text();
    assert.equal(shown, authority!.certificates.map(encodeCertificatePem).join(""));
    assert.equal((await fetch(`${stack.url}/readyz`)).status, 200);
  });

  test("is the same at the next start", async (t) => {
    const directory = newDirectory(t);
    const first = await start(t, directory);
    await first.close();
    const key = join(directory, "keys", "tsa.pem");
    assert.equal(statSync(key).mode & 0o777, 0o600);
    const again = await start(t, directory);
    const [before, after] = [first, again].map(
      ({ trustedRoot }) => decodeTrustedRoot(trustedRoot).timestampAuthorities[0]!,
    );
    assert.deepEqual(after!.certificates, before!.certificates);
    assert.deepEqual(after!.validFor, before!.validFor);
  });

  test("does not start without its key or its chain, nor with those of another", async (t) => {
    const [directory, other] = [newDirectory(t), newDirectory(t)];
    for (const one of [directory, other]) await (await start(t, one)).close();
    const [key, chain] = [join("keys", "tsa.pem"), join("tsa", "chain.pem")];
    const kept = readFileSync(join(directory, chain));

    writeFileSync(join(directory, chain), readFileSync(join(other, chain)));
    assert.match(await refusal(start(t, directory)), /chain\.pem: .* not that of the signing key$/);
    writeFileSync(join(directory, chain), kept.subarray(0, -100));
    assert.match(await refusal(start(t, directory)), /chain\.pem: pem/);
    rmSync(join(directory, chain));
    assert.match(await refusal(start(t, directory)), /chain\.pem is missing, but there is its key/);
    writeFileSync(join(directory, chain), kept);
    rmSync(join(directory, key));
    assert.match(await refusal(start(t, directory)), /tsa\.pem is missing/);
  });

  async function ask(stack: Stack, policy?: string): Promise<TimestampResponse> {
    const request = { hash: "sha256", digest: sha256(signature) } as const;
    const answer = await fetch(`${stack.url}/api/v1/timestamp`, {
      method: "POST",
      headers: { "content-type": "application/timestamp-query" },
      body: Uint8Array.from(
        encodeTimestampRequest({ ...request, ...(policy !== undefined && { policy }) }),
      ),
    });
    assert.equal(answer.status, 200);
    return decodeTimestampResponse(new Uint8Array(await answer.arrayBuffer()));
  }

  test("signs under the policies that are configured", async (t) => {
    const settings = { policies: ["1.2.3", "1.2.4"], rfc3161Statuses: true };
    const stack = await start(t, newDirectory(t), settings);
    assert.equal((await ask(stack)).token?.policy, "1.2.3");
    assert.equal((await ask(stack, "1.2.4")).token?.policy, "1.2.4");
    const refused = await ask(stack, "1.3.6.1.4.1.57264.2");
    assert.equal(refused.status, "rejection");
  });

  test("is not ready before the servers agree that it is told to compare with", async (t) => {
    const settings = { ntpServers: ["127.0.0.1:9"], rfc3161Statuses: true };
    const stack = await start(t, newDirectory(t), settings);
    const ready = await fetch(`${stack.url}/readyz`);
    assert.equal(ready.status, 503);
    assert.match(await ready.text(), /NTP servers/);
    assert.equal((await ask(stack)).status, "rejection");
  });

  for (const [settings, message] of [
    [{ policies: [] }, /tsa\.policies/],
    [{ policies: ["sigstore"] }, /tsa\.policies\.0: is no dotted number/],
    [{ ntpServers: ["ntp://a"] }, /tsa\.ntpServers\.0: is not host:port/],
    [{ ntpServers: ["a"], ntpQuorum: 2 }, /tsa.*ntpQuorum is above the number of ntpServers/],
    [{ clockOffsetMsMax: 0 }, /tsa\.clockOffsetMsMax/],
  ] as const) {
    test(`does not start with ${JSON.stringify(settings)}`, async (t) => {
      const problem = await refusal(start(t, newDirectory(t), settings), "configuration");
      assert.match(problem, message);
    });
  }
});
