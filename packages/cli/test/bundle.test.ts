// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { encodeLegacyBundle } from "@chancery/formats/bundle";
import { encodeBase64 } from "@chancery/formats/bytes";
import { encodePem } from "@chancery/formats/pem";
import { testBundle } from "../../../test/instance.ts";
import { testSigningTime } from "../../../test/instance-log.ts";
import { legacyOf, writeInstanceFiles } from "./instance-files.ts";
import { type Invoked, World } from "./world.ts";

const world = new World();
const instance = writeInstanceFiles(world);
const now = new Date(testSigningTime.getTime() + 86_400_000);

async function refuses(line: string, code: number, ...words: readonly RegExp[]): Promise<Invoked> {
  const invoked = await world.run(line);
  assert.equal(invoked.code, code, `${line}\n${invoked.stderr}`);
  for (const pattern of words) assert.match(invoked.stderr, pattern);
  return invoked;
}

async function verifies(bundle: string): Promise<void> {
  const line =
    `verify-blob --trusted-root trusted_root.json --bundle ${bundle} ` +
    "--certificate-identity-regexp .* --certificate-oidc-issuer-regexp .* a.txt";
  const { code, stderr } = await world.run(line, { now });
  assert.equal(code, 0, `${bundle}: ${stderr}`);
}

describe("bundle inspect", () => {
  test("draws a tree under a warning that nothing was verified", async () => {
    const { code, stdout, stderr } = await world.run(
      "bundle inspect --trusted-root trusted_root.json a.sigstore.json",
    );
    assert.equal(code, 0);
    assert.match(stderr, /warning: nothing of this is verified/);
    assert.match(stdout, /^Sigstore bundle of version 0\.3 \(.*\), not verified\n├─ signer: cert/);
    assert.match(stdout, /│ {2}├─ issued by: \S+ \(CN=intermediate,O=test\)\n/);
    assert.match(stdout, /├─ log entry: hashedrekord 0\.0\.1 at index \d+\n│ {2}├─ log: https:/);
    assert.match(stdout, /signed by: rekor\.test, key [0-9a-f]{8}\n/);
    assert.match(stdout, /└─ signed: a file\n {3}├─ digest: SHA2_256:[0-9a-f]{64}\n/);
  });

  test("answers JSON that says so too, and reads standard input", async () => {
    const stdin = world.read("a.sigstore.json");
    const { code, stdout } = await world.run("bundle inspect --output json -", { stdin });
    assert.equal(code, 0);
    const json = JSON.parse(stdout);
    assert.equal(json.version, 1);
    assert.equal(json.verified, false);
    assert.equal(json.bundle.format, "bundle");
    assert.equal(json.bundle.version, "0.3");
    assert.deepEqual(json.bundle.problems, []);
    assert.match(json.bundle.logEntries[0].logIndex, /^\d+$/);
    assert.match(json.bundle.signer.certificates[0].notBefore, /^20\d\d-.*Z$/);
    assert.match(json.bundle.content.digest, /^[0-9a-f]{64}$/);
    assert.equal("log" in json.bundle.logEntries[0], false);
  });

  test("shows statements, timestamps and cosign's older bundle", async () => {
    const { value } = testBundle(instance, { content: "envelope", rekor: 2 });
    world.write("statement.sigstore.json", JSON.stringify(value));
    const shown = await world.run(
      "bundle inspect --trusted-root trusted_root.json statement.sigstore.json",
    );
    assert.equal(shown.code, 0, shown.stderr);
    assert.match(shown.stdout, /├─ timestamp: 20.*Z\n│ {2}├─ authority: \S/);
    assert.match(shown.stdout, /signed: a statement\n[^]*predicate type: [^]*sha256: [0-9a-f]{64}/);
    const older = await world.run("bundle inspect a.bundle");
    assert.equal(older.code, 0);
    assert.match(older.stdout, /^cosign's older bundle, not verified\n/);
    assert.match(older.stdout, /promise \(SET\): there is one\n/);
  });

  test("shows what can be read of a malformed one, then where it cannot", async () => {
    const value = world.json("a.sigstore.json");
    value.verificationMaterial.tlogEntries[0].logIndex = "-1";
    value.dsseEnvelope = 7;
    world.write("broken.json", JSON.stringify(value));
    const { stdout, stderr } = await refuses("bundle inspect broken.json", 2);
    assert.match(stdout, /├─ identity: /);
    assert.match(stdout, /cannot be verified as it is\n├─ verif[^]*\n└─ dsseEnvelope: /);
    assert.match(stderr, /error: broken\.json at verificationMaterial\.tlogEntries\[0\]\.logIndex/);
    assert.match(stderr, /, and 1 more\nhint: /);
    const { stdout: text } = await refuses("bundle inspect --output json broken.json", 2);
    const json = JSON.parse(text);
    assert.equal(json.bundle.problems.length, 2);
    assert.equal(text.trim().split("\n").length, 1);
  });

  test("text of the bundle does not steer the terminal", async () => {
    const value = world.json("a.sigstore.json");
    delete value.messageSignature;
    const dsse = { payload: "e30=", payloadType: "\u001b[2J\u202e", signatures: [{ sig: "AA==" }] };
    world.write("steer.json", JSON.stringify({ ...value, dsseEnvelope: dsse }));
    const { stdout } = await world.run("bundle inspect steer.json");
    assert.match(stdout, /payload: \\u\{1b\}\[2J\\u\{202e\}, 2 bytes/);
    assert.doesNotMatch(stdout, /(?!\n)[\p{Cf}\p{Cc}]/u);
  });

  test("says what is wrong with the file itself", async () => {
    world.write("text.json", "no JSON");
    await refuses("bundle inspect text.json", 2, /bundle at character 0/);
    await refuses("bundle inspect none.json", 2, /none\.json: no such file/);
    await refuses("bundle inspect", 2, /BUNDLE is missing/);
    await refuses("bundle inspect --trusted-root - -", 2, /cannot both be standard input/);
    await refuses("bundle inspect --trusted-root a.txt a.sigstore.json", 2, /trusted root at /);
    await refuses("bundle", 2, /needs a command/);
  });
});

describe("bundle upgrade", () => {
  for (const version of ["0.1", "0.2"] as const) {
    test(`what verified as version ${version} verifies as 0.3`, async () => {
      const before = `v${version}.json`;
      world.write(before, JSON.stringify(testBundle(instance, { version }).value));
      await verifies(before);
      const { code, stdout, stderr } = await world.run(
        `bundle upgrade --out new-${before} ${before}`,
      );
      assert.equal(code, 0, stderr);
      assert.equal(stdout, "");
      assert.equal(stderr, `Written to new-${before}\n`);
      assert.equal(world.mode(`new-${before}`), 0o600);
      const { mediaType } = world.json(`new-${before}`);
      assert.equal(mediaType, "application/vnd.dev.sigstore.bundle.v0.3+json");
      await verifies(`new-${before}`);
    });
  }

  test("one of version 0.3 comes out as it went in, on standard output", async () => {
    const { code, stdout, stderr } = await world.run("bundle upgrade a.sigstore.json");
    assert.equal(code, 0);
    assert.equal(stdout, `${world.read("a.sigstore.json")}\n`);
    assert.match(stderr, /is of version 0\.3 already/);
  });

  test("says which certificates of the chain it leaves out", async () => {
    const value = testBundle(instance, { version: "0.2" }).value;
    const rawBytes = encodeBase64(instance.intermediate.der);
    value.verificationMaterial.x509CertificateChain.certificates.push({ rawBytes });
    world.write("chain.json", JSON.stringify(value));
    const { code, stdout, stderr } = await world.run("bundle upgrade --output json chain.json");
    assert.equal(code, 0);
    assert.match(stderr, /Left out the chain's certificate CN=intermediate,O=test/);
    const json = JSON.parse(stdout);
    assert.equal(json.mediaType, json.bundle.mediaType);
    assert.ok(json.bundle.verificationMaterial.certificate);
  });

  test("refuses what has no proof, with the place", async () => {
    const value = testBundle(instance, { version: "0.1" }).value;
    delete value.verificationMaterial.tlogEntries[0].inclusionProof;
    world.write("promise.json", JSON.stringify(value));
    await verifies("promise.json");
    const place = /tlogEntries\[0\]\.inclusionProof: version 0\.3 demands/;
    const kept = await refuses("bundle upgrade promise.json", 1, place, /hint: keep it/);
    assert.equal(kept.stdout, "");
    value.mediaType = value.mediaType.replace("0.1", "0.2");
    world.write("invalid.json", JSON.stringify(value));
    await refuses("bundle upgrade invalid.json", 1, place, /hint: it is no valid bundle/);
    const failed = await refuses("bundle upgrade --output json promise.json", 1);
    assert.equal(JSON.parse(failed.stdout).error.code, "upgrade-lacks-proof");
  });

  test("makes of cosign's older bundle one of version 0.1", async () => {
    const { code, stderr } = await world.run("bundle upgrade --out of-legacy.json a.bundle");
    assert.equal(code, 0, stderr);
    assert.match(stderr, /of version 0\.1: it has the log's promise, and no proof/);
    await verifies("of-legacy.json");
    world.write("bare.bundle", '{"base64Signature":"AAAA"}');
    await refuses(
      "bundle upgrade bare.bundle",
      2,
      /without a log entry/,
      /hint: chancery bundle c/,
    );
  });

  test("leaves existing files alone unless told otherwise", async () => {
    world.write("kept.json", "precious");
    const line = "bundle upgrade --out kept.json old.sigstore.json";
    await refuses(line, 2, /kept\.json exists already/, /--yes/);
    const declined = await world.run(line, { person: { confirms: [false] } });
    assert.equal(declined.code, 2);
    assert.equal(world.read("kept.json"), "precious");
    assert.equal((await world.run(line, { person: { confirms: [true] } })).code, 0);
    assert.equal((await world.run(`${line} --yes`)).code, 0);
    const url = await world.run(`${line} --yes --rekor-url https://rekor.test`);
    assert.match(url.stderr, /warning: --rekor-url is ignored: logs are not asked/);
  });
});

describe("bundle create", () => {
  test("makes of cosign's older bundle one that verifies", async () => {
    const line = "bundle create --artifact a.txt --bundle a.bundle --out created.json";
    const { code, stdout, stderr } = await world.run(line);
    assert.equal(code, 0, stderr);
    assert.equal(stdout, "");
    assert.equal(world.mode("created.json"), 0o600);
    const { mediaType } = world.json("created.json");
    assert.equal(mediaType, "application/vnd.dev.sigstore.bundle+json;version=0.1");
    await verifies("created.json");
    await refuses(line, 2, /created\.json exists already/);
  });

  test("makes of a signature by a key one that verifies, for each way to write a signature", async () => {
    world.key("signer");
    world.write("b.txt", "signed by a key");
    const sign = "sign-blob --key signer.key --bundle b.json --output-signature b.sig b.txt";
    assert.equal((await world.run(sign)).code, 0);
    world.write("b.raw", Buffer.from(world.read("b.sig"), "base64"));
    world.write("b.bundle", JSON.stringify({ base64Signature: world.read("b.sig").trim() }));
    for (const source of ["--signature b.sig", "--signature b.raw", "--bundle b.bundle"]) {
      const made = await world.run(
        `bundle create --artifact b.txt ${source} --key signer.pub --ignore-tlog --yes --out c.json`,
      );
      assert.equal(made.code, 0, made.stderr);
      const verified = await world.run(
        "verify-blob --key signer.pub --level keyed --bundle c.json b.txt",
      );
      assert.equal(verified.code, 0, `${source}: ${verified.stderr}`);
    }
    const { mediaType } = world.json("c.json");
    assert.equal(mediaType, "application/vnd.dev.sigstore.bundle.v0.3+json");
    const line = "bundle create --artifact b.txt --signature b.sig --ignore-tlog --output json";
    await refuses(line, 2, /whose signature/, /hint: pass --certificate FILE or --key REF/);
    const printed = await world.run(`${line} --key signer.pub`);
    const { version, bundle } = JSON.parse(printed.stdout);
    assert.equal(version, 1);
    assert.ok(bundle.verificationMaterial.publicKey.hint);
    const bare = "bundle create --signature b.sig --ignore-tlog --key signer.pub";
    await refuses(bare, 2, /what was signed/, /hint: pass --artifact FILE/);
  });

  test("makes of an attestation one that verifies", async () => {
    world.key("attester");
    world.write("p.json", '{"a":1}');
    const attest =
      "attest-blob --key attester.key --type https://example.com/p --predicate p.json " +
      "--bundle p.sigstore.json a.txt";
    assert.equal((await world.run(attest)).code, 0);
    world.write("p.att", JSON.stringify(world.json("p.sigstore.json").dsseEnvelope));
    const made = await world.run(
      "bundle create --artifact a.txt --attestation p.att --key attester.pub --ignore-tlog " +
        "--out p.new.json",
    );
    assert.equal(made.code, 0, made.stderr);
    const verified = await world.run(
      "verify-blob-attestation --key attester.pub --level keyed --type https://example.com/p " +
        "--bundle p.new.json a.txt",
    );
    assert.equal(verified.code, 0, verified.stderr);
  });

  test("takes certificate and timestamp in the forms that cosign wrote", async () => {
    const { value, signing } = testBundle(instance, { version: "0.2", timestamps: [{}] });
    const { signature } = legacyOf(value);
    world.write("unlogged.bundle", encodeLegacyBundle({ signature }));
    const pem = encodePem("CERTIFICATE", signing.certificate as Uint8Array);
    world.write("leaf.pem", pem);
    world.write("leaf.b64", encodeBase64(Buffer.from(pem)));
    const [{ signedTimestamp }] =
      value.verificationMaterial.timestampVerificationData.rfc3161Timestamps;
    world.write("time.json", JSON.stringify({ SignedRFC3161Timestamp: signedTimestamp }));
    world.write("time.tsr", Buffer.from(signedTimestamp, "base64"));
    for (const [certificate, time] of [
      ["leaf.pem", "time.json"],
      ["leaf.b64", "time.tsr"],
    ]) {
      const made = await world.run(
        `bundle create --artifact a.txt --bundle unlogged.bundle --ignore-tlog --yes ` +
          `--certificate ${certificate} --rfc3161-timestamp ${time} --out timed.json`,
      );
      assert.equal(made.code, 0, made.stderr);
      const verified = await world.run(
        "verify-blob --trusted-root trusted_root.json --bundle timed.json --insecure-ignore-tlog " +
          "--use-signed-timestamps --certificate-identity-regexp .* " +
          "--certificate-oidc-issuer-regexp .* a.txt",
        { now },
      );
      assert.equal(verified.code, 0, verified.stderr);
    }
    await refuses(
      "bundle create --artifact a.txt --bundle a.bundle --rfc3161-timestamp time.tsr",
      2,
      /not over this signature/,
    );
    await refuses(
      "bundle create --artifact a.txt --bundle a.bundle --rfc3161-timestamp a.txt",
      2,
      /timestamp file at /,
    );
  });

  test("names the log's entry where it is what is missing, and asks no log", async () => {
    world.write("sig.b64", "AAAA");
    const signature = "bundle create --artifact a.txt --signature sig.b64 --certificate fulcio.pem";
    await refuses(signature, 2, /the log's entry about the signature is missing/, /--ignore-tlog/);
    world.write("bare.bundle", '{"base64Signature":"AAAA"}');
    const bare = "bundle create --artifact a.txt --bundle bare.bundle";
    await refuses(bare, 2, /bare\.bundle has no log entry: its rekorBundle is missing/);
    await refuses(`${bare} --rekor-url https://rekor.test`, 2, /--rekor-url cannot be used here/);
    const logged = "bundle create --artifact a.txt --bundle a.bundle --ignore-tlog";
    await refuses(logged, 2, /has the log's promise \(SET\)/, /leave --ignore-tlog away/);
  });

  test("refuses parts of different signatures, and flags that contradict each other", async () => {
    world.write("other.txt", "other");
    await refuses(
      "bundle create --artifact other.txt --bundle a.bundle",
      2,
      /the log entry is about another artifact/,
      /hint: the files belong to different signatures/,
    );
    await refuses(
      "bundle create --artifact a.txt --bundle a.bundle --key rekor.pub",
      2,
      /the signer given is another/,
    );
    await refuses("bundle create --artifact a.txt", 2, /nothing says what the signature is/);
    await refuses("bundle create --bundle a --signature b", 2, /exclude each other/);
    await refuses("bundle create --bundle a.bundle --certificate a --key b", 2, /exclude each/);
    await refuses("bundle create --bundle - --artifact -", 2, /cannot both be standard input/);
    await refuses("bundle create --bundle a.bundle --sk", 2, /--sk cannot be used here/);
    await refuses(
      "bundle create --artifact a.txt --bundle a.sigstore.json",
      2,
      /is a Sigstore bundle already\nhint: chancery bundle upgrade a\.sigstore\.json/,
    );
    await refuses("bundle create --artifact none --bundle a.bundle", 2, /none: no such file/);
    await refuses("bundle create --artifact a.txt --bundle a.txt", 2, /legacy bundle at /);
  });
});
