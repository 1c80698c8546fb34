// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { suite, test, type TestContext } from "node:test";
import { utf8Bytes } from "@chancery/formats/bytes";
import { algorithmByName, encodePublicKeyPem, sha256 } from "@chancery/formats/crypto";
import { encryptPkcs8, generatePrivateKey } from "@chancery/formats/crypto/node";
import { encodePem } from "@chancery/formats/pem";
import { decodeSctList, verifySct } from "@chancery/formats/sct";
import { decodeSigningConfig, decodeTrustedRoot } from "@chancery/formats/trust";
import {
  type Certificate,
  embeddedSctList,
  encodeCertificatePem,
  extensionOids,
  fulcioClaims,
  prepareIssuers,
  signerIdentity,
  tbsWithoutExtension,
  verifyLeaf,
} from "@chancery/formats/x509";
import { pino } from "pino";
import { newDirectory } from "../../../test/directory.ts";
import { buildCa } from "../../../../formats/test/certificate-builder.ts";
import {
  type Answer,
  certificatesOf,
  csrPem,
  post,
  request,
  testCtLog,
  withCsr,
  withProof,
} from "../../../test/fulcio-world.ts";
import { signInAs } from "../../../test/idp/dev-sign-in.ts";
import { authorityAlgorithm, makeAuthorityChain } from "../../fulcio/index.ts";
import { type Stack, type StackConfigInput, StackError, startStack } from "../index.ts";
import { rotateKeys } from "../rotate.ts";
import { ct } from "./ct.ts";
import { fulcio } from "./fulcio.ts";
import { idp } from "./idp.ts";
import type { StackService } from "./service.ts";

const key = generatePrivateKey(algorithmByName(authorityAlgorithm));
const root = buildCa({ subject: "CN=root" });
const [stranger] = await makeAuthorityChain(key.publicKey, "x", new Date());
const silent = pino({ level: "silent" });

async function start(
  t: TestContext,
  dataDirectory: string,
  config: StackConfigInput = {},
  services: readonly StackService[] = [ct, idp, fulcio],
): Promise<Stack> {
  const stack = await startStack({
    dataDirectory,
    config: { idp: { dev: true }, ...config },
    listen: "127.0.0.1:0",
    logger: silent,
    services,
  });
  t.after(() => stack.close());
  return stack;
}

async function ask(stack: Stack, body: object = withProof()): Promise<Answer> {
  const token = await signInAs(`${stack.url}/oidc`, "a@example.com");
  const headers = { authorization: `Bearer ${token}` };
  return post(`${stack.url}/api/v2/signingCert`, body, headers);
}

/** The leaf of an answer, verified with what the stack's trusted root says, and nothing else. */
function verified(stack: Stack, answer: Answer): Certificate {
  assert.equal(answer.status, 200, answer.text);
  const [leaf] = certificatesOf(answer);
  assert.ok(leaf);
  const root = decodeTrustedRoot(stack.trustedRoot);
  const authority = root.certificateAuthorities.at(-1);
  const [log] = root.ctlogs;
  assert.ok(authority && log);
  verifyLeaf(leaf, prepareIssuers(authority.certificates), new Date(), "code-signing");
  const { scts } = decodeSctList(embeddedSctList(leaf) ?? new Uint8Array(0));
  const [sct] = scts;
  assert.ok(sct);
  assert.deepEqual(sct.logId, log.logId);
  assert.ok(log.validFor.start.getTime() <= sct.timestampMs);
  const issuerKeyHash = sha256((authority.certificates[0] as Certificate).publicKey.spki);
  const tbs = tbsWithoutExtension(leaf, extensionOids.sctList);
  assert.equal(verifySct(sct, issuerKeyHash, tbs, log.publicKey), true);
  return leaf;
}

suite("the certificate authority of a stack", () => {
  test("certifies who signed in at the stack, in the stack's log", async (t) => {
    const stack = await start(t, newDirectory(t));
    const leaf = verified(stack, await ask(stack));
    assert.deepEqual(signerIdentity(leaf), { kind: "email", value: "a@example.com" });
    assert.equal(fulcioClaims(leaf).issuer, `${stack.url}/oidc`);
    verified(stack, await ask(stack, withCsr(csrPem())));
    const { caUrls, oidcUrls } = decodeSigningConfig(stack.signingConfig);
    assert.deepEqual(
      caUrls.map(({ url, majorApiVersion, operator }) => [url, majorApiVersion, operator]),
      [[stack.url, 1, stack.hostname]],
    );
    assert.equal(oidcUrls.length, 1);
    const { json } = await request(`${stack.url}/api/v2/configuration`);
    assert.equal(json.issuers[0].issuerUrl, `${stack.url}/oidc`);
    const [authority] = decodeTrustedRoot(stack.trustedRoot).certificateAuthorities;
    assert.equal(authority?.uri, stack.url);
    assert.equal(authority.organization, stack.hostname);
    const ready = await request(`${stack.url}/readyz`);
    assert.equal(ready.status, 200, ready.text);
  });

  test("is the same after a restart, and tells of both after a rotation", async (t) => {
    const directory = newDirectory(t);
    const trustBundle = async (stack: Stack): Promise<any[]> =>
      (await request(`${stack.url}/api/v2/trustBundle`)).json.chains;
    const first = await start(t, directory);
    const [chain] = await trustBundle(first);
    const old = certificatesOf(await ask(first))[0] as Certificate;
    await first.close();
    const second = await start(t, directory);
    assert.deepEqual(await trustBundle(second), [chain]);
    await second.close();
    await rotateKeys(directory, "fulcio", new Date(), [fulcio]);
    const third = await start(t, directory);
    const chains = await trustBundle(third);
    assert.equal(chains.length, 2);
    assert.deepEqual(chains[1], chain);
    assert.notDeepEqual(chains[0], chain);
    verified(third, await ask(third));
    const authorities = decodeTrustedRoot(third.trustedRoot).certificateAuthorities;
    assert.equal(authorities.length, 2);
    const [former] = authorities;
    assert.ok(former?.validFor.end && former.validFor.end.getTime() > old.notAfter.getTime());
    verifyLeaf(old, prepareIssuers(former.certificates), old.notBefore, "code-signing");
    assert.deepEqual(readdirSync(join(directory, "fulcio")).toSorted(), [
      "chain-2.pem",
      "chain.pem",
    ]);
  });

  test("issues with an operator's authority, whose key is encrypted", async (t) => {
    const directory = newDirectory(t);
    const key = generatePrivateKey(algorithmByName(authorityAlgorithm));
    const chain = await makeAuthorityChain(key.publicKey, "operator", new Date());
    const encrypted = encryptPkcs8(key.toPkcs8(), utf8Bytes("hush"));
    writeFileSync(join(directory, "chain.pem"), chain.map(encodeCertificatePem).join(""));
    writeFileSync(join(directory, "key.pem"), encodePem("ENCRYPTED PRIVATE KEY", encrypted));
    writeFileSync(join(directory, "password"), "hush\n");
    const settings = { chain: "chain.pem", key: "key.pem", keyPassword: "password" };
    const stack = await start(t, directory, { fulcio: settings });
    const leaf = verified(stack, await ask(stack));
    assert.deepEqual(leaf.issuer, chain[0].subject);
    await stack.close();
    // Back to one that is made: clients still believe the operator's.
    const later = { earlierChains: ["chain.pem"] };
    const own = await start(t, directory, { fulcio: later });
    verified(own, await ask(own));
    assert.equal(decodeTrustedRoot(own.trustedRoot).certificateAuthorities.length, 2);
  });

  test("believes whom Fulcio's file names, beside its own, and reads it anew", async (t) => {
    const directory = newDirectory(t);
    const path = join(directory, "fulcio.yaml");
    const file = (url: string): string =>
      `oidc-issuers:\n  ${url}:\n    client-id: x\n    type: email\n`;
    writeFileSync(path, file("https://one.example"));
    const stack = await start(t, directory, { fulcio: { config: "fulcio.yaml" } });
    const issuers = async (): Promise<string[]> => {
      const { json } = await request(`${stack.url}/api/v2/configuration`);
      return json.issuers.map(({ issuerUrl }: any) => issuerUrl).toSorted();
    };
    const own = `${stack.url}/oidc`;
    assert.deepEqual(await issuers(), [own, "https://one.example"]);
    verified(stack, await ask(stack));
    writeFileSync(path, file("https://two.example"));
    for (let i = 0; i < 500 && !(await issuers()).includes("https://two.example"); i++) {
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    assert.deepEqual(await issuers(), [own, "https://two.example"]);
  });

  test("is served over gRPC where that is wanted", async (t) => {
    const stack = await start(t, newDirectory(t), { fulcio: { grpcListen: "127.0.0.1:0" } });
    const port = stack.facts["fulcioGrpcPort"] ?? "";
    assert.match(port, /^[0-9]+$/);
    const { Client, credentials } = await import("@grpc/grpc-js");
    const client = new Client(`127.0.0.1:${port}`, credentials.createInsecure());
    t.after(() => client.close());
    const path = "/dev.sigstore.fulcio.v2.CA/GetTrustBundle";
    const same = (bytes: Buffer): Buffer => bytes;
    const answer = await new Promise<Buffer | undefined>((resolve, reject) => {
      client.makeUnaryRequest(path, same, same, Buffer.alloc(0), (error, bytes) =>
        error ? reject(error) : resolve(bytes),
      );
    });
    assert.match(String(answer), /BEGIN CERTIFICATE/);
    const taken = start(t, newDirectory(t), { fulcio: { grpcListen: `127.0.0.1:${port}` } });
    assert.match(await refusal(taken, "address"), /cannot listen on 127\.0\.0\.1/);
  });

  test("without a log issues all the same, and with one elsewhere asks that", async (t) => {
    const services = [idp, fulcio];
    const without = await start(t, newDirectory(t), {}, services);
    const answer = await ask(without);
    assert.deepEqual(Object.keys(answer.json), ["signedCertificateDetachedSct"]);
    const directory = newDirectory(t);
    const { publicKey } = testCtLog();
    writeFileSync(join(directory, "ct.pub"), encodePublicKeyPem(publicKey));
    const settings = { ctLogUrl: "http://127.0.0.1:9/ct", ctLogKey: "ct.pub" };
    const elsewhere = await start(t, directory, { fulcio: settings }, services);
    const refused = await ask(elsewhere);
    assert.equal(refused.status, 503);
    assert.equal(refused.json.message, "Error entering certificate in CTL");
  });

  const plain = buildCa({ subject: "CN=middle", issuer: root });
  const stamping = buildCa({ subject: "CN=middle", issuer: root, purposes: ["1.3.6.1.5.5.7.3.8"] });
  const pem = (...chain: readonly Certificate[]): string =>
    chain.map(encodeCertificatePem).join("");
  const keyPem = (pkcs8: Uint8Array): string => encodePem("PRIVATE KEY", pkcs8);
  const pkcs8Of = ({ key: one }: typeof root): Uint8Array =>
    new Uint8Array(one.privateKey.export({ format: "der", type: "pkcs8" }));

  for (const [what, chain, secret, message] of [
    ["no certificate", "", keyPem(key.toPkcs8()), /own-chain\.pem: /],
    [
      "another key",
      pem(plain.certificate, root.certificate),
      keyPem(key.toPkcs8()),
      /ecdsa public keys are not equal/,
    ],
    [
      "an intermediate that is for nothing",
      pem(plain.certificate, root.certificate),
      keyPem(pkcs8Of(plain)),
      /certificate must have extended key usage code signing set to sign code signing certificates/,
    ],
    [
      "an intermediate for timestamps",
      pem(stamping.certificate, root.certificate),
      keyPem(pkcs8Of(stamping)),
      /certificate must have extended key usage code signing set/,
    ],
    [
      "a chain that is none",
      pem(stranger, root.certificate),
      keyPem(key.toPkcs8()),
      /the chain does not hold together/,
    ],
    ["no key", pem(root.certificate), "hello", /own-key\.pem/],
    [
      "a key that is encrypted",
      pem(root.certificate),
      encodePem("ENCRYPTED PRIVATE KEY", encryptPkcs8(key.toPkcs8(), utf8Bytes("x"))),
      /own-key\.pem is encrypted/,
    ],
  ] as const) {
    test(`does not start with ${what}`, async (t) => {
      const directory = newDirectory(t);
      writeFileSync(join(directory, "own-chain.pem"), chain);
      writeFileSync(join(directory, "own-key.pem"), secret);
      const settings = { chain: "own-chain.pem", key: "own-key.pem" };
      const text = await refusal(start(t, directory, { fulcio: settings }, [idp, fulcio]), "key");
      assert.match(text, message);
      assert.ok(!text.includes(secret));
    });
  }

  for (const [settings, code, message] of [
    [{ chain: "x.pem" }, "configuration", /chain and key go together/],
    [{ ctLogUrl: "https://ct.example" }, "configuration", /ctLogUrl and ctLogKey go together/],
    [{ ctLogUrl: "ftp://x", ctLogKey: "x" }, "configuration", /fulcio\.ctLogUrl/],
    [{ lifetimeSeconds: 59 }, "configuration", /fulcio\.lifetimeSeconds/],
    [{ backdateSeconds: 601 }, "configuration", /fulcio\.backdateSeconds/],
    [{ grpcListen: "5554" }, "configuration", /fulcio\.grpcListen: is not host:port/],
    [{ certificateRequests: "any" as never }, "configuration", /fulcio\.certificateRequests/],
    [{ config: "missing.yaml" }, "configuration", /fulcio\.config: .*there is no such file/],
    [{ chain: "x.pem", key: "missing.pem" }, "key", /fulcio: ENOENT/],
    [{ earlierChains: ["missing.pem"] }, "key", /fulcio: ENOENT/],
    [{ ctLogUrl: "https://ct.example", ctLogKey: "missing.pub" }, "key", /fulcio: ENOENT/],
  ] as const) {
    test(`does not start with ${JSON.stringify(settings)}`, async (t) => {
      const run = start(t, newDirectory(t), { fulcio: settings }, [idp, fulcio]);
      assert.match(await refusal(run, code), message);
    });
  }

  test("does not start where it would believe nobody", async (t) => {
    const run = start(t, newDirectory(t), {}, [fulcio]);
    assert.match(await refusal(run, "configuration"), /no issuer is configured/);
  });

  test("does not start without what clients were told", async (t) => {
    const directory = newDirectory(t);
    const stack = await start(t, directory);
    await stack.close();
    assert.match(readFileSync(join(directory, "keys", "fulcio.pem"), "utf8"), /PRIVATE KEY/);
    rmSync(join(directory, "fulcio", "chain.pem"));
    const text = await refusal(start(t, directory), "key");
    assert.match(text, /chain\.pem is missing, but there is its key/);
  });
});

async function refusal(run: Promise<unknown>, code: string): Promise<string> {
  try {
    await run;
  } catch (error) {
    assert.ok(error instanceof StackError, String(error));
    assert.equal(error.code, code, error.message);
    return error.message;
  }
  throw new Error("it started");
}
