// SPDX-License-Identifier: Apache-2.0
// Verifying a certificate over a known key: enforced, and failing open.
import assert from "node:assert/strict";
import { test } from "node:test";
import { encodePublicKeyPem } from "@chancery/formats/crypto";
import { testBundle, testInstance, testLeaf, trustedRootValue } from "../../../test/instance.ts";
import { testKey } from "../../formats/test/certificate-builder.ts";
import { World } from "./world.ts";

const world = new World();
const instance = testInstance();
const key = testKey();
world.write("k.pub", encodePublicKeyPem(key.publicKey));
world.key("other");
const good = testBundle(instance, { leaf: testLeaf(instance, { key }) });
world.write("a", good.artifact);
world.write("b", "another");
world.write("a.sigstore.json", JSON.stringify(good.value));
const unlogged = testBundle(instance, { leaf: testLeaf(instance, { key, ctKeys: [] }) });
world.write("no-sct.json", JSON.stringify(unlogged.value));
const bare = testBundle(instance, { leaf: testLeaf(instance, { key }), entries: [] });
world.write("no-log.json", JSON.stringify(bare.value));
world.write("key-only.json", JSON.stringify(testBundle(instance, { key }).value));
world.write("root.json", JSON.stringify(trustedRootValue(instance)));
const env = { HOME: world.folder };
const who =
  "--certificate-identity signer@example.com --certificate-oidc-issuer https://issuer.example";

async function check(flags: string, code: number, said: RegExp, file = "a") {
  const line = `verify-blob --trusted-root root.json ${flags} --output json ${file}`;
  const { code: actual, stdout, stderr } = await world.run(line, { env });
  assert.equal(actual, code, `${flags}: ${stderr}`);
  assert.match(stderr, said, flags);
  return { stderr, evidence: JSON.parse(stdout) };
}

test("a key verifies a bundle with a certificate over it, and all else holds, too", async () => {
  for (const level of ["", "--level logged", "--level certified", "--level keyed", who]) {
    const { evidence } = await check(`--key k.pub ${level}`, 0, /^Verified OK\n$/);
    assert.equal(evidence.signer.identity, "signer@example.com");
    assert.equal(evidence.failOpen, undefined);
  }
  await check("--key k.pub --bundle no-sct.json", 1, /sct-missing/);
  await check("--key k.pub --bundle no-sct.json --insecure-ignore-sct", 0, /OK/);
  await check("--key k.pub --bundle no-log.json", 1, /log-entry-missing/);
  await check("--key other.pub", 1, /key-given-for-certificate.*\nhint: .*another key/s);
  await check(`--key k.pub ${who.replace("signer", "x")}`, 1, /identity-mismatch/);
  await check("--key k.pub --bundle key-only.json", 0, /OK/);
  await check("--key k.pub --bundle key-only.json --level certified", 1, /certificate-missing/);
  await check(`--key k.pub --bundle key-only.json ${who}`, 1, /certificate-missing/);
});

test("--fail-open reports what does not hold, and leaves a record", async () => {
  const { stderr, evidence } = await check("--key k.pub --bundle no-sct.json --fail-open", 0, /OK/);
  assert.match(stderr, /warning: not enforced: sct: the certificate embeds no SCT \(sct-missing\)/);
  assert.match(stderr, /warning: failing open, it has no end: .*; 1 checks do not hold/);
  assert.deepEqual(evidence.failOpen, { inForce: true, tolerated: ["sct"] });
  assert.equal(evidence.signer.kind, "key", "nobody vouches for the identity");
  const fine = await check("--key k.pub --fail-open", 0, /; every check holds\nVerified OK/);
  assert.deepEqual(fine.evidence.failOpen.tolerated, []);
  const shown = "verify-blob --trusted-root root.json --key k.pub --bundle no-sct.json --fail-open";
  const { stdout } = await world.run(`${shown} --explain a`, { env });
  assert.match(stdout, /✗ sct: .*\(sct-missing, not enforced\)/);
  assert.match(stdout, /verdict: verified/);
});

test("--fail-open does without a trusted root that cannot be had", async () => {
  const line = "verify-blob --key k.pub --offline";
  const strict = await world.run(`${line} a`, { env });
  assert.equal(strict.code, 3, strict.stderr);
  const { code, stderr } = await world.run(`${line} --fail-open a`, { env });
  assert.equal(code, 0, stderr);
  assert.match(stderr, /warning: no trusted root: /);
  assert.match(stderr, /warning: not enforced: trusted-root: .*\(trusted-root-missing\)/);
  const absent = "verify-blob --key k.pub --trusted-root absent.json --fail-open a";
  assert.equal((await world.run(absent, { env })).code, 2);
  const ended = await world.run(`${line} --fail-open-until 2020-01-01 a`, { env });
  assert.equal(ended.code, 3, ended.stderr);
});

test("--fail-open never passes another key, file or bundle", async () => {
  await check("--key other.pub --fail-open", 1, /key-given-for-certificate/);
  const bundle = "--bundle a.sigstore.json";
  await check(`--key k.pub ${bundle} --fail-open`, 1, /artifact-digest-mismatch/, "b");
  world.write("broken.json", '{"mediaType":"application/vnd.dev.sigstore.bundle.v0.3+json"}');
  await check("--key k.pub --bundle broken.json --fail-open", 1, /bundle-missing-field/);
  await check(
    `${bundle} --key k.pub --bundle key-only.json --level certified --fail-open`,
    1,
    /cert/,
  );
});

test("--fail-open-until ends", async () => {
  const flags = "--key k.pub --bundle no-sct.json --fail-open-until";
  const { evidence } = await check(
    `${flags} 2999-12-31`,
    0,
    /failing open, until 2999-12-31T23:59/,
  );
  assert.equal(evidence.failOpen.until, "2999-12-31T23:59:59.999Z");
  const ended = await check(`${flags} 2020-01-01T00:00:00Z`, 1, /sct-missing/);
  assert.match(ended.stderr, /warning: failing open ended at 2020-01-01T00:00:00\.000Z/);
  assert.equal(ended.evidence.failOpen.inForce, false);
});

test("--fail-open is for keys, until a date", async () => {
  const cases: readonly [string, RegExp][] = [
    [`${who} --fail-open`, /--fail-open is for keys/],
    [`${who} --fail-open-until 2999-01-01`, /--fail-open is for keys/],
    ["--key k.pub --fail-open-until soon", /is "soon", which is no date\nhint: a day such as/],
    ["--key k.pub --fail-open-until 2999-13-01", /which is no date/],
    ["--key k.pub --fail-open-until 2999-01-01T00:00", /which is no date/],
    ["--key k.pub --level keyless", /--level keyless is about one-time keys/],
  ];
  for (const [flags, said] of cases) await check(flags, 2, said);
});

test("a bundle whose entry is pending says so", async () => {
  world.write("no-log.json.pending.json", "{}");
  const said = /log-entry-missing.*\nhint: .*chancery bundle complete no-log\.json\n/s;
  await check("--key k.pub --bundle no-log.json", 1, said);
});
