// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { generateKeyPairSync } from "node:crypto";
import { readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { suite, test, type TestContext } from "node:test";
import { utf8Bytes } from "@chancery/formats/bytes";
import { sha256 } from "@chancery/formats/crypto";
import { encryptPkcs8 } from "@chancery/formats/crypto/node";
import { encodePem } from "@chancery/formats/pem";
import { decodeSigningConfig, decodeTrustedRoot, type TrustedRoot } from "@chancery/formats/trust";
import {
  decodeTimestampResponse,
  encodeTimestampRequest,
  type TimestampResponse,
  verifyTimestamp,
} from "@chancery/formats/tsp";
import {
  encodeCertificatePem,
  keyPurposes,
  prepareIssuers,
  verifyLeaf,
} from "@chancery/formats/x509";
import { pino } from "pino";
import { newDirectory } from "../../../test/directory.ts";
import {
  buildCa,
  buildCertificate,
  extension,
  testKey,
  type TestKeyType,
} from "../../../../formats/test/certificate-builder.ts";
import { type Stack, type StackConfigInput, StackError, startStack } from "../index.ts";
import { tsa } from "./tsa.ts";

const signature = utf8Bytes("a signature");

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

/** An operator's chain in PEM, and the leaf's key. */
function operatorChain(
  type: TestKeyType,
  purpose: string = keyPurposes.timeStamping,
): { readonly chain: string; readonly pkcs8: Uint8Array } {
  const validity = { notBefore: new Date("2020-01-01"), notAfter: new Date("2050-01-01") };
  const root = buildCa({ subject: "CN=operator", key: testKey(type), ...validity });
  const key = testKey(type);
  const extensions = [
    extension.keyUsage(["digitalSignature"]),
    extension.extendedKeyUsage([purpose], true),
  ];
  const leaf = buildCertificate({ key, subject: "CN=tsa", issuer: root, extensions, ...validity });
  const pkcs8 = new Uint8Array(key.privateKey.export({ format: "der", type: "pkcs8" }));
  const chain = [leaf.certificate, root.certificate].map(encodeCertificatePem).join("");
  return { chain, pkcs8 };
}

function leafOf(chain: string): string {
  return `${chain.split("-----END CERTIFICATE-----\n")[0]}-----END CERTIFICATE-----\n`;
}

function weakRsaKey(): Uint8Array {
  const { privateKey } = generateKeyPairSync("rsa", { modulusLength: 1024 });
  return new Uint8Array(privateKey.export({ format: "der", type: "pkcs8" }));
}

function timestampAuthorities({ trustedRoot }: Stack): TrustedRoot["timestampAuthorities"] {
  return decodeTrustedRoot(trustedRoot).timestampAuthorities;
}

/** Verifies with what the trusted root says, and nothing else. */
function verifyUnder(
  authority: TrustedRoot["timestampAuthorities"][number] | undefined,
  response: TimestampResponse,
): void {
  const [leaf, ...issuers] = authority?.certificates ?? [];
  const { genTime } = verifyTimestamp(response, { signature, authority: leaf! });
  verifyLeaf(leaf!, prepareIssuers(issuers), genTime, "time-stamping");
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

  for (const type of ["P-256", "P-384", "rsa"] as const) {
    test(`may sign with an operator's key of type ${type}, which is encrypted`, async (t) => {
      const directory = newDirectory(t);
      const made = await start(t, directory);
      const old = await ask(made);
      await made.close();
      const own = operatorChain(type);
      writeFileSync(join(directory, "chain.pem"), own.chain);
      const encrypted = encryptPkcs8(own.pkcs8, utf8Bytes("hush"));
      writeFileSync(join(directory, "key.pem"), encodePem("ENCRYPTED PRIVATE KEY", encrypted));
      writeFileSync(join(directory, "password"), "hush\n");
      const files = { chain: "chain.pem", key: "key.pem", keyPassword: "password" };
      const stack = await start(t, directory, files);
      const all = timestampAuthorities(stack);
      const pems = all.map(({ certificates }) => certificates.map(encodeCertificatePem).join(""));
      assert.equal(pems.length, 2);
      const current = all[pems.indexOf(own.chain)];
      const former = all.find((one) => one !== current);
      // Timestamps of before are believed still, and those of now.
      verifyUnder(former, old);
      verifyUnder(current, await ask(stack));
      await stack.close();
      const again = await start(t, directory, { earlierChains: ["chain.pem"] });
      const later = timestampAuthorities(again);
      const leaves = later.map(({ certificates }) => certificates[0]?.der);
      assert.deepEqual(
        new Set(leaves),
        new Set(all.map(({ certificates }) => certificates[0]?.der)),
      );
      verifyUnder(former, await ask(again));
    });
  }

  const own = operatorChain("P-256");
  const plain = (pkcs8: Uint8Array): string => encodePem("PRIVATE KEY", pkcs8);
  for (const [what, chain, secret, message] of [
    ["no certificate", "", plain(own.pkcs8), /own-chain\.pem: /],
    ["no key", own.chain, "hello", /own-key\.pem: /],
    [
      "a key that is encrypted",
      own.chain,
      encodePem("ENCRYPTED PRIVATE KEY", encryptPkcs8(own.pkcs8, utf8Bytes("x"))),
      /own-key\.pem is encrypted/,
    ],
    ["another key", own.chain, plain(operatorChain("P-256").pkcs8), /not that of the signing key$/],
    ["RSA of 1024 bits", own.chain, plain(weakRsaKey()), /own-key\.pem: .*1024/],
    [
      "a leaf for code",
      operatorChain("P-256", keyPurposes.codeSigning).chain,
      plain(own.pkcs8),
      /own-chain\.pem: /,
    ],
    ["a leaf alone", leafOf(own.chain), plain(own.pkcs8), /must hold the leaf that signs/],
  ] as const) {
    test(`does not start with ${what}`, async (t) => {
      const directory = newDirectory(t);
      writeFileSync(join(directory, "own-chain.pem"), chain);
      writeFileSync(join(directory, "own-key.pem"), secret);
      const files = { chain: "own-chain.pem", key: "own-key.pem" };
      const text = await refusal(start(t, directory, files));
      assert.match(text, message);
      assert.ok(!text.includes(secret));
    });
  }

  for (const files of [{ chain: "missing.pem", key: "missing.pem" }, { earlierChains: ["x"] }]) {
    test(`does not start where ${JSON.stringify(files)} are missing`, async (t) => {
      assert.match(await refusal(start(t, newDirectory(t), files)), /^tsa: ENOENT/);
    });
  }

  for (const [settings, message] of [
    [{ chain: "x.pem" }, /tsa: chain and key go together/],
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
