// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { createHash, verify as opensslVerify } from "node:crypto";
import { mkdirSync } from "node:fs";
import { test } from "node:test";
import { decodeBundle, decodeLegacyBundle } from "@chancery/formats/bundle";
import { World } from "./world.ts";

const world = new World();
world.key("k");
world.key("other");
const content = "the content\n";
world.write("f", content);

async function ok(line: string | readonly string[], options = {}): Promise<string> {
  const { code, stdout, stderr } = await world.run(line, options);
  assert.equal(code, 0, stderr);
  return stdout;
}

async function fails(
  line: string | readonly string[],
  code: number,
  said: RegExp,
  options = {},
): Promise<void> {
  const failed = await world.run(line, options);
  assert.equal(failed.code, code, failed.stderr);
  assert.match(failed.stderr, said);
  assert.equal(failed.stdout, "");
}

const verifyLine = "verify-blob --key k.pub --level keyed";

test("sign-blob writes a bundle beside the file and says how to verify it", async () => {
  const { code, stdout, stderr } = await world.run("sign-blob --key k.key f");
  assert.equal(code, 0, stderr);
  assert.equal(stdout, "");
  assert.equal(
    stderr,
    "Wrote bundle to file f.sigstore.json\n" +
      "Verify with:\n  chancery verify-blob --key k.pub --level keyed f\n",
  );
  assert.equal(world.mode("f.sigstore.json"), 0o600);
  const bundle = decodeBundle(world.read("f.sigstore.json"));
  assert.equal(bundle.version, "0.3");
  assert.equal(bundle.keyMaterial.kind, "publicKey");
  assert.equal(bundle.content.kind, "message");
});

test("the line that sign-blob says is the one that verifies", async () => {
  const signed = await world.run(["sign-blob", "--key", "k.key", "--bundle", "a b.json", "f"]);
  const line = /\n {2}chancery (.*)\n$/.exec(signed.stderr)?.[1] ?? "";
  const words = [...line.matchAll(/'([^']*)'|(\S+)/g)].map(([, q, plain]) => q ?? plain ?? "");
  assert.deepEqual(words.slice(3, 5), ["--bundle", "a b.json"]);
  assert.equal((await world.run(words)).code, 0);
});

test("verify-blob says Verified OK on standard error and nothing else", async () => {
  const { code, stdout, stderr } = await world.run(`${verifyLine} f`);
  assert.equal(code, 0);
  assert.equal(stdout, "");
  assert.equal(stderr, "Verified OK\n");
});

test("a signature that is not logged needs to be accepted as such", async () => {
  await fails("verify-blob --key k.pub f", 1, /log-entry-missing.*\nhint: .*--level keyed\n/s);
  await ok("verify-blob --key k.pub --insecure-ignore-tlog f");
  await ok("verify-blob --key k.pub --private-infrastructure f");
  await fails("verify-blob --key k.pub --level logged f", 1, /log-entry-missing/);
  await fails(
    "verify-blob --key k.pub --level certified f",
    1,
    /certificate-missing.*\nhint: .*--issue-cert/s,
  );
  await fails("verify-blob --key k.pub --level keyless f", 2, /about one-time keys/);
  await fails("verify-blob --key k.pub --level best f", 2, /not one of keyed, logged/);
  const both = "verify-blob --key k.pub --level logged --insecure-ignore-tlog f";
  await fails(both, 2, /demands a log entry, --insecure-ignore-tlog waives it/);
});

test("another file, another key, another bundle are refused", async () => {
  world.write("g", "other content\n");
  await fails(`${verifyLine} --bundle f.sigstore.json g`, 1, /artifact-digest-mismatch/);
  await fails("verify-blob --key other.pub --level keyed f", 1, /key-hint-mismatch/);
  const value = world.json("f.sigstore.json");
  const signature = Buffer.from(value.messageSignature.signature, "base64");
  signature[signature.length - 1]! ^= 1;
  value.messageSignature.signature = signature.toString("base64");
  world.write("bent.json", JSON.stringify(value));
  await fails(`${verifyLine} --bundle bent.json f`, 1, /signature-invalid/);
});

test("a bundle that is none is said to be none", async () => {
  const whole = world.read("f.sigstore.json");
  world.write("cut.json", whole.slice(0, -10));
  await fails(`${verifyLine} --bundle cut.json f`, 1, /bundle-malformed-json/);
  world.write("extra.json", whole.replace("{", '{"surprise":1,'));
  await fails(`${verifyLine} --bundle extra.json f`, 1, /bundle-unknown-field/);
  world.write("sbom.json", '{"spdxVersion":"SPDX-2.3"}');
  const neither = /sbom\.json is neither a Sigstore bundle nor cosign's older one/;
  await fails(`${verifyLine} --bundle sbom.json f`, 1, neither);
  world.write("list.json", "[]");
  await fails(`${verifyLine} --bundle list.json f`, 1, /list\.json is neither/);
  world.write("empty.json", "");
  await fails(`${verifyLine} --bundle empty.json f`, 1, /bundle-/);
  world.write("legacy.json", '{"base64Signature":"!"}');
  await fails(`${verifyLine} --bundle legacy.json f`, 2, /legacy bundle/);
});

test("--output json prints the evidence, whatever the verdict", async () => {
  const verified = JSON.parse(await ok(`${verifyLine} --output json f`));
  assert.equal(verified.version, 1);
  assert.equal(verified.verdict, "verified");
  assert.equal(verified.signer.kind, "key");
  assert.match(verified.signer.keySha256, /^[0-9a-f]{64}$/);
  assert.deepEqual(verified.logEntries, []);
  const { code, stdout, stderr } = await world.run("verify-blob --key k.pub --output json f");
  assert.equal(code, 1);
  const refused = JSON.parse(stdout);
  assert.equal(refused.verdict, "refused");
  assert.equal(refused.reason, "log-entry-missing");
  assert.ok(refused.checks.some((check: any) => check.code === "log-entry-missing"));
  assert.match(stderr, /^chancery: error: f: /);
  assert.equal(stdout.split("\n").length, 2);
});

test("--explain lists every check with a mark, and hints below the failed ones", async () => {
  const text = await ok(`${verifyLine} --explain f`);
  assert.match(text, /^✓ bundle: a well-formed bundle\n {4}mediaType {2}application\//);
  assert.match(text, /\n– identity: .* \(not-applicable\)\n/);
  assert.match(text, /\nsigner: key with SHA-256 [0-9a-f]{64}\nverdict: verified\n$/);
  const { code, stdout } = await world.run("verify-blob --key k.pub --explain f");
  assert.equal(code, 1);
  assert.match(stdout, /\n✗ log-threshold: .* \(log-entry-missing\)\n/);
  assert.match(stdout, /\n {4}hint: .*--level keyed\n/);
  assert.match(stdout, /\nverdict: refused \(log-entry-missing\)\n$/);
  assert.ok(!stdout.includes("\u001b"));
  const coloured = await world.run("verify-blob --key k.pub --explain f", {
    tty: { stdout: true },
  });
  assert.ok(coloured.stdout.includes("\u001b[31m✗\u001b[39m"));
});

test("--verbose says on standard error what --explain prints", async () => {
  const { stdout, stderr } = await world.run(`${verifyLine} --verbose f`);
  assert.equal(stdout, "");
  assert.match(stderr, /^bundle f\.sigstore\.json\n✓ bundle/);
});

test("an artifact can come from a pipe, or as its digest", async () => {
  await ok(`${verifyLine} --bundle f.sigstore.json -`, { stdin: content });
  await fails(`${verifyLine} --bundle f.sigstore.json -`, 1, /mismatch/, { stdin: "x" });
  await fails(`${verifyLine} -`, 2, /nothing says where the bundle is/, { stdin: content });
  const digest = createHash("sha256").update(content).digest("hex");
  await ok(`${verifyLine} --bundle f.sigstore.json sha256:${digest}`);
  await ok(`${verifyLine} --bundle f.sigstore.json sha256:${digest.toUpperCase()}`);
  const wrong = digest.replace(/^./, (digit) => (digit === "0" ? "1" : "0"));
  await fails(`${verifyLine} --bundle f.sigstore.json sha256:${wrong}`, 1, /mismatch/);
  await fails(`${verifyLine} --bundle f.sigstore.json sha256:abcd`, 2, /has 64 digits, not 4/);
  const twice = `${verifyLine} --bundle - -`;
  await fails(twice, 2, /FILE and --bundle cannot both be standard input/, { stdin: "" });
});

test("mistaken paths are told apart", async () => {
  mkdirSync(world.path("folder"));
  await fails("sign-blob --key k.key none", 2, /none: no such file\nhint: check the path/);
  await fails("sign-blob --key k.key folder", 2, /folder: is a directory, not a file/);
  await fails("sign-blob --key k.key https://x/y", 2, /hint: download it first/);
  await fails("sign-blob --key none.key f --bundle x", 2, /none\.key.*no such file/);
  await fails("sign-blob --key k.pub f --bundle x", 2, /key/);
  await fails("sign-blob --key k.key --bundle no/folder/x f", 2, /no\/folder\/x: no such file/);
  await fails("sign-blob --key k.key --bundle folder f", 2, /folder: is a directory/);
  await fails(`${verifyLine} none`, 2, /there is no none\.sigstore\.json\nhint: pass --bundle/);
  await fails(`${verifyLine} --bundle none f`, 2, /none: no such file/);
  await fails(`${verifyLine} --bundle folder f`, 2, /folder: is a directory/);
  await fails(`${verifyLine} --bundle f.sigstore.json none`, 2, /none: no such file/);
  await fails("verify-blob --key none.pub f", 2, /none\.pub/);
  await fails("verify-blob --key k.key f", 2, /private key.*\nhint: .*chancery public-key/s);
  await fails("sign-blob -y --issue-certificate f", 2, /over a key that you keep/);
  await fails("sign-blob --key k.key", 2, /the argument FILE is missing/);
  await fails(`${verifyLine} f g`, 2, /2 arguments where 1 belong/);
  assert.equal(world.has("x"), false);
});

test("an existing bundle stays unless it may be overwritten", async () => {
  const before = world.read("f.sigstore.json");
  await fails("sign-blob --key k.key f", 2, /f\.sigstore\.json exists already\nhint: pass --yes/);
  const person = { confirms: [false] };
  await fails("sign-blob --key k.key f", 2, /f\.sigstore\.json was left as it is/, { person });
  assert.equal(world.read("f.sigstore.json"), before);
  await ok("sign-blob --key k.key f", { person: { confirms: [true] } });
  await ok("sign-blob --key k.key f -y");
  await ok("sign-blob --key k.key f", { env: { COSIGN_YES: "true" } });
  assert.notEqual(world.read("f.sigstore.json"), before);
});

test("several files get a bundle each, and never one for all", async () => {
  world.write("one", "1");
  world.write("two", "2");
  const stdout = await ok("sign-blob --key k.key --output json one two");
  const { version, files } = JSON.parse(stdout);
  assert.equal(version, 1);
  assert.deepEqual(
    files.map((file: any) => [file.file, file.bundle]),
    [
      ["one", "one.sigstore.json"],
      ["two", "two.sigstore.json"],
    ],
  );
  assert.equal(files[0].digest.algorithm, "SHA2_256");
  assert.equal(files[0].digest.hex, createHash("sha256").update("1").digest("hex"));
  await ok(`${verifyLine} one`);
  await ok(`${verifyLine} two`);
  await fails("sign-blob --key k.key --bundle x one two", 2, /--bundle is one file, .* 2 to sign/);
  await fails("sign-blob --key k.key --output-signature x one two", 2, /--output-signature is one/);
  world.write("three", "3");
  await fails("sign-blob --key k.key three none", 2, /none: no such file/);
  assert.equal(world.has("three.sigstore.json"), false);
});

test("standard input is signed in one reading, and needs a name for its bundle", async () => {
  await ok("sign-blob --key k.key --bundle in.json -", { stdin: content });
  await ok(`${verifyLine} --bundle in.json f`);
  await fails("sign-blob --key k.key -", 2, /has no name/, { stdin: content });
});

test("cosign 2's formats are written where asked for, and read", async () => {
  const old = "sign-blob --key k.key --new-bundle-format=false --tlog-upload=false f";
  const printed = await ok(old);
  assert.match(printed, /^[A-Za-z0-9+/]+=*\n$/);
  const spki = world.read("k.pub");
  assert.ok(opensslVerify("sha256", Buffer.from(content), spki, Buffer.from(printed, "base64")));
  const raw = await world.run(`${old} --b64=false`);
  assert.equal(raw.stdoutBytes[0], 0x30);
  assert.ok(opensslVerify("sha256", Buffer.from(content), spki, raw.stdoutBytes));
  assert.equal(await ok(`${old} --output-signature f.sig --bundle f.old`), "");
  assert.match(world.read("f.sig"), /^[A-Za-z0-9+/]+=*$/);
  assert.equal(world.mode("f.sig"), 0o600);
  assert.ok(decodeLegacyBundle(world.read("f.old")).signature.length > 60);
  await ok(`${verifyLine} --bundle f.old f`);
  await ok(`${verifyLine} --signature f.sig f`);
  await ok([...verifyLine.split(" "), "--signature", printed.trim(), "f"]);
  world.write("raw.sig", raw.stdoutBytes);
  await ok(`${verifyLine} --signature raw.sig f`);
  await fails(
    "verify-blob --key other.pub --level keyed --signature f.sig f",
    1,
    /signature-invalid/,
  );
  await fails(`${verifyLine} --signature none.sig f`, 2, /neither a file nor a signature/);
  await fails(`${verifyLine} --signature f.sig --bundle f.old f`, 2, /exclude each other/);
});

test("each key signs by its own algorithm, or by one that goes with it", async () => {
  const cases = [
    ["ecdsa-sha2-384-nistp384", undefined, "SHA2_384"],
    ["ecdsa-sha2-512-nistp521", undefined, "SHA2_512"],
    ["ed25519", undefined, "SHA2_256"],
    ["ed25519", "ed25519-ph", "SHA2_512"],
    ["rsa-sign-pkcs1-2048-sha256", undefined, "SHA2_256"],
    ["rsa-sign-pkcs1-2048-sha256", "rsa-sign-pss-2048-sha256", "SHA2_256"],
  ] as const;
  for (const [kind, algorithm, digest] of cases) {
    world.key("a", kind);
    const choice = algorithm === undefined ? "" : `--signing-algorithm ${algorithm}`;
    const signed = await world.run(`sign-blob --key a.key -y --bundle a.json ${choice} f`);
    assert.equal(signed.code, 0, signed.stderr);
    assert.equal(world.json("a.json").messageSignature.messageDigest.algorithm, digest);
    const line = /\n {2}chancery (.*)\n$/.exec(signed.stderr)?.[1] ?? "";
    assert.equal((await world.run(line)).code, 0, `${kind} ${algorithm}: ${line}`);
    const piped = { stdin: content };
    await ok(`sign-blob --key a.key -y --bundle a.json ${choice} -`, piped);
    assert.equal((await world.run(line)).code, 0, `${kind} ${algorithm} from a pipe`);
  }
  await fails(
    "sign-blob --key k.key -y --signing-algorithm ed25519 f",
    2,
    /cannot sign with ed25519/,
  );
  await fails(
    "sign-blob --key k.key -y --signing-algorithm x f",
    2,
    /--signing-algorithm: x is not/,
  );
  const pinned = `${verifyLine} --signing-algorithm rsa-sign-pss-2048-sha256 f`;
  await fails(pinned, 1, /signature-algorithm-mismatch/);
});

test("services that this version does not use are refused, harmless flags are not", async () => {
  const sign = "sign-blob --key k.key --bundle s.json -y";
  for (const flag of ["--certificate c", "--certificate-chain c"]) {
    await fails(`${sign} ${flag} f`, 2, /cannot be used here\nhint: .*see --issue-certificate/);
  }
  await fails(`${sign} --sk f`, 2, /cannot be used here\nhint: hardware tokens are not used/);
  await fails(`${sign} --identity-token x f`, 2, /--key signs by itself.*\nhint: pass --issue-/s);
  assert.equal(world.has("s.json"), false);
  await ok(`${sign} --tlog-upload=false --use-signing-config=false f`);
  const warned = await world.run(`${sign} --output-certificate c --insecure-skip-verify f`);
  assert.equal(warned.code, 0);
  assert.match(warned.stderr, /warning: --output-certificate is ignored: .*no certificate/);
  const harmless = await world.run(`${verifyLine} --rekor-url https://r --max-workers 4 f`);
  assert.equal(harmless.code, 0);
  assert.match(harmless.stderr, /warning: --rekor-url is ignored/);
  await fails(`${verifyLine} --ca-roots x f`, 2, /hint: .*--trusted-root/);
});

test("who must have signed is said once, and whole", async () => {
  const verify = "verify-blob f";
  await fails(verify, 2, /nothing says who must have signed\nhint: pass --key FILE, or --cert/);
  await fails(`${verify} --key k.pub --certificate-identity a@b`, 2, /without an issuer/);
  await fails(`${verify} --key k.pub --certificate-claim issuer=x`, 2, /not whose it must be/);
  await fails(`${verify} --cert-identity a@b`, 2, /without an issuer\nhint: .*oidc-issuer/);
  await fails(`${verify} --cert-oidc-issuer https://i`, 2, /without an identity/);
  const regexps = "--certificate-identity-regexp .* --certificate-oidc-issuer https://i";
  await fails(`${verify} --certificate-identity a@b ${regexps}`, 2, /exclude each other/);
  const broken = "--certificate-identity-regexp ( --certificate-oidc-issuer https://i";
  await fails(`${verify} ${broken}`, 2, /--certificate-identity-regexp: .*regular expression/);
  const claim = "--certificate-claim colour=red";
  await fails(
    `${verify} ${regexps} ${claim}`,
    2,
    /"colour" is no NAME=VALUE of a claim\nhint: one of/,
  );
  await fails(`${verify} ${regexps} --level keyed`, 2, /--level keyed is about keys/);
  await fails(`${verify} ${regexps} --offline`, 1, /key-not-given/);
});
