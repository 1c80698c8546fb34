// SPDX-License-Identifier: Apache-2.0
// Verifying who signed, against a private Sigstore made for the test.
import assert from "node:assert/strict";
import { test } from "node:test";
import { encodePem } from "@chancery/formats/pem";
import { decodeBase64, encodeHex } from "@chancery/formats/bytes";
import { testBundle, testInstance, testLeaf, trustedRootValue } from "../../../test/instance.ts";
import { testSigningTime } from "../../../test/instance-log.ts";
import { World } from "./world.ts";

const world = new World();
const instance = testInstance();
const leaf = testLeaf(instance, {
  claims: {
    githubWorkflowRepository: "octo/cat",
    githubWorkflowSHA: "0123abc",
    buildSignerURI: "https://example.com/build,1",
  },
});
const bundle = testBundle(instance, { leaf });
world.write("a.txt", bundle.artifact);
world.write("a.txt.sigstore.json", JSON.stringify(bundle.value));
world.write("root.json", JSON.stringify(trustedRootValue(instance)));
const trust = "verify-blob --trusted-root root.json";
const who =
  "--certificate-identity signer@example.com --certificate-oidc-issuer https://issuer.example";
const verifyLine = `${trust} ${who}`;
/** No cache of the person who runs the tests is looked at. */
const env = { HOME: world.folder };

async function check(line: string | readonly string[], code: number, said: RegExp, options = {}) {
  const { code: actual, stdout, stderr } = await world.run(line, { env, ...options });
  assert.equal(actual, code, stderr);
  assert.match(stderr, said);
  return { stdout, stderr };
}

test("a logged signature of the identity verifies", async () => {
  const { stdout } = await check(`${verifyLine} --output json a.txt`, 0, /^Verified OK\n$/);
  const evidence = JSON.parse(stdout);
  assert.equal(evidence.signer.identity, "signer@example.com");
  assert.equal(evidence.signer.issuer, "https://issuer.example");
  assert.equal(evidence.signer.notBefore, new Date(evidence.signer.notBefore).toISOString());
  assert.equal(typeof evidence.logEntries[0].logIndex, "string");
  assert.equal(evidence.times[0].source, "log");
  await check(`${verifyLine} --level keyless a.txt`, 0, /OK/);
  await check(`${verifyLine} --level certified --offline a.txt`, 0, /OK/);
  await check(`${verifyLine} --level logged a.txt`, 0, /OK/);
});

test("another identity, issuer or key is refused", async () => {
  const issuer = "--certificate-oidc-issuer https://issuer.example";
  await check(
    `${trust} --certificate-identity x@example.com ${issuer} a.txt`,
    1,
    /identity-mismatch/,
  );
  const identity = "--certificate-identity signer@example.com";
  await check(`${trust} ${identity} --cert-oidc-issuer https://x a.txt`, 1, /issuer-mismatch/);
  world.key("k");
  await check(`${trust} --key k.pub a.txt`, 1, /key-given-for-certificate.*\nhint: .*--cert/s);
});

test("expressions match the whole text, and cosign's users are told", async () => {
  const issuer = "--certificate-oidc-issuer-regexp https://issuer\\..*";
  const flag = "--certificate-identity-regexp";
  await check(`${trust} ${flag} .*@example\\.com ${issuer} a.txt`, 0, /OK/);
  const inside = `${trust} ${flag} example ${issuer} a.txt`;
  await check(inside, 1, /identity-mismatch.*\nhint: .*whole text here, unlike in cosign/s);
  const elsewhere = `${trust} ${flag} nowhere ${issuer} a.txt`;
  const { stderr } = await check(elsewhere, 1, /identity-mismatch/);
  assert.doesNotMatch(stderr, /unlike in cosign/);
});

test("claims of the certificate can be demanded, by flag, name or identifier", async () => {
  const good = [
    "--certificate-github-workflow-repository octo/cat",
    "--certificate-github-workflow-sha=0123abc",
    "--certificate-claim githubWorkflowRepository=octo/cat",
    "--certificate-claim 1.3.6.1.4.1.57264.1.5=octo/cat",
    "--certificate-claim BUILDSIGNERURI=https://example.com/build,1",
    "--certificate-claim githubWorkflowSHA=0123abc --certificate-claim issuer=https://issuer.example",
  ];
  for (const flags of good) await check(`${verifyLine} ${flags} a.txt`, 0, /OK/);
  const bad = [
    "--certificate-github-workflow-repository octo/dog",
    "--certificate-github-workflow-ref refs/heads/main",
    "--certificate-claim buildSignerURI=https://example.com/build",
    "--certificate-claim runnerEnvironment=self-hosted",
  ];
  for (const flags of bad) await check(`${verifyLine} ${flags} a.txt`, 1, /claim-mismatch/);
  const twice = "--certificate-github-workflow-sha a --certificate-claim githubWorkflowSHA=b";
  await check(`${verifyLine} ${twice} a.txt`, 2, /two values are demanded/);
});

test("a trusted root is needed, read strictly, and never fetched offline", async () => {
  const noRoot = `verify-blob ${who} --offline a.txt`;
  const hint = /\nhint: .*trusted root/;
  await check(noRoot, 3, hint, { now: new Date("2026-01-01T00:00:00Z") });
  await check(noRoot, 3, hint, { now: new Date("2099-01-01T00:00:00Z") });
  await check(`verify-blob --trusted-root none ${who} a.txt`, 2, /none: no such file/);
  world.write("bad.json", "{}");
  await check(`verify-blob --trusted-root bad.json ${who} a.txt`, 1, /trusted-root-malformed/);
  world.write("other.json", JSON.stringify(trustedRootValue(testInstance())));
  await check(`verify-blob --trusted-root other.json ${who} a.txt`, 1, /log-unknown/);
});

test("what a key signed and no log holds is verified without any trusted root", async () => {
  world.key("solo");
  world.write("b", "content");
  const unreachable = { HOME: "/nonexistent", TUF_MIRROR: "https://127.0.0.1:1" };
  const options = { env: unreachable };
  await check("sign-blob --key solo.key b", 0, /Wrote/, options);
  await check("verify-blob --key solo.pub --level keyed b", 0, /OK/, options);
});

test("timestamps count only where they are", async () => {
  const stamped = testBundle(instance, { leaf, rekor: 2 });
  world.write("v2.json", JSON.stringify(stamped.value));
  await check(`${verifyLine} --bundle v2.json --use-signed-timestamps a.txt`, 0, /OK/);
  await check(`${verifyLine} --use-signed-timestamps a.txt`, 1, /timestamp-threshold/);
});

test("without a log the certificate must be valid now, and that must be asked for", async () => {
  const unlogged = testBundle(instance, { leaf, entries: [] });
  world.write("unlogged.json", JSON.stringify(unlogged.value));
  const line = `${verifyLine} --bundle unlogged.json`;
  await check(`${line} a.txt`, 1, /log-entry-missing/, { now: testSigningTime });
  const waived = `${line} --insecure-ignore-tlog a.txt`;
  await check(waived, 0, /OK/, { now: testSigningTime });
  await check(waived, 1, /certificate-expired/, { now: new Date("2031-01-01T00:00:00Z") });
});

test("cosign's older bundle is told by its content, log entry and all", async () => {
  const [entry] = bundle.value.verificationMaterial.tlogEntries;
  const cert = Buffer.from(encodePem("CERTIFICATE", leaf.der)).toString("base64");
  const legacy = {
    base64Signature: bundle.value.messageSignature.signature,
    cert,
    rekorBundle: {
      SignedEntryTimestamp: entry.inclusionPromise.signedEntryTimestamp,
      Payload: {
        body: entry.canonicalizedBody,
        integratedTime: Number(entry.integratedTime),
        logIndex: Number(entry.logIndex),
        logID: encodeHex(decodeBase64(entry.logId.keyId)),
      },
    },
  };
  world.write("legacy.bundle", JSON.stringify(legacy));
  const line = `${verifyLine} --bundle legacy.bundle`;
  await check(`${line} a.txt`, 0, /OK/);
  world.write("b.txt", "other");
  await check(`${line} b.txt`, 1, /\(log-entry-digest-mismatch|signature-invalid\)/);
  const later = { ...legacy.rekorBundle.Payload, integratedTime: 1 };
  const moved = { ...legacy, rekorBundle: { ...legacy.rekorBundle, Payload: later } };
  world.write("moved.bundle", JSON.stringify(moved));
  await check(`${verifyLine} --bundle moved.bundle a.txt`, 1, /set-invalid/);
});

test("a certificate stands beside a signature, and never beside a bundle's own", async () => {
  world.write("leaf.pem", encodePem("CERTIFICATE", leaf.der));
  world.write("leaf.b64", Buffer.from(world.read("leaf.pem")).toString("base64"));
  world.write("a.sig", bundle.value.messageSignature.signature);
  for (const file of ["leaf.pem", "leaf.b64"]) {
    const line = `${verifyLine} --certificate ${file} --signature a.sig`;
    await check(`${line} a.txt`, 1, /log-entry-missing/);
    await check(`${line} --insecure-ignore-tlog a.txt`, 0, /OK/, { now: testSigningTime });
  }
  await check(
    `${verifyLine} --certificate leaf.pem a.txt`,
    2,
    /--certificate goes with --signature/,
  );
  const wrong = `${verifyLine} --certificate a.sig --signature a.sig a.txt`;
  await check(wrong, 2, /a\.sig: .*\nhint: name a certificate in PEM/);
});

test("text from certificates cannot steer the terminal", async () => {
  const evil = testLeaf(instance, { claims: { buildSignerURI: "x\u001b[2Jy\u202ez" } });
  const made = testBundle(instance, { leaf: evil });
  world.write("evil.json", JSON.stringify(made.value));
  const line = `${verifyLine} --bundle evil.json --explain --certificate-claim buildSignerURI=x`;
  const { stdout, stderr } = await check(`${line} a.txt`, 1, /claim-mismatch/);
  for (const text of [stdout, stderr])
    assert.ok(!/[\p{Cc}\p{Cf}]/u.test(text.replaceAll("\n", "")));
  assert.ok(stdout.includes("x\\u{1b}[2Jy\\u{202e}z"));
});
