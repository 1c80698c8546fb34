// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";
import { decodeBundle } from "@chancery/formats/bundle";
import { World } from "./world.ts";

const world = new World();
world.key("k");
world.write("f", "content\n");
const sha256 = createHash("sha256").update("content\n").digest("hex");
world.write("sbom.json", '{"spdxVersion":"SPDX-2.3", "big":12345678901234567890}\n');
const attestLine = "attest-blob --key k.key";
const verifyLine = "verify-blob-attestation --key k.pub --level keyed";

async function check(line: string | readonly string[], code: number, said: RegExp, options = {}) {
  const { code: actual, stdout, stderr } = await world.run(line, options);
  assert.equal(actual, code, stderr);
  assert.match(stderr, said);
  return { stdout, stderr };
}

function payload(file: string): string {
  const { content } = decodeBundle(world.read(file));
  assert.equal(content.kind, "envelope");
  return content.kind === "envelope" ? Buffer.from(content.envelope.payload).toString() : "";
}

test("attest-blob makes a statement about the file, and says how to verify it", async () => {
  const { stderr } = await check(
    `${attestLine} --type spdxjson --predicate sbom.json f`,
    0,
    /Wrote/,
  );
  const statement = JSON.parse(payload("f.att.sigstore.json"));
  assert.equal(statement._type, "https://in-toto.io/Statement/v0.1");
  assert.equal(statement.predicateType, "https://spdx.dev/Document");
  assert.deepEqual(statement.subject, [{ name: "f", digest: { sha256 } }]);
  assert.ok(payload("f.att.sigstore.json").includes('"big":12345678901234567890'));
  assert.equal(world.mode("f.att.sigstore.json"), 0o600);
  const line = /\n {2}chancery (.*)\n$/.exec(stderr)?.[1] ?? "";
  await check(line, 0, /^Verified OK\n$/);
  await check(`${verifyLine} --type spdxjson f`, 0, /OK/);
});

test("the type and the file must be those of the statement", async () => {
  await check(`${verifyLine} f`, 1, /predicate-type-mismatch/);
  await check(`${verifyLine} --type https://example.com/x f`, 1, /predicate-type-mismatch/);
  await check(
    `${verifyLine} --type nonsense f`,
    2,
    /invalid predicate type: nonsense\nhint: .*custom/,
  );
  world.write("g", "other");
  const other = `${verifyLine} --type spdxjson --bundle f.att.sigstore.json`;
  await check(`${other} g`, 1, /artifact-not-a-subject/);
  const { stderr } = await check(`${other} --check-claims=false g`, 0, /Verified OK/);
  assert.match(stderr, /warning: it is not checked which file/);
  await check(`${other} --check-claims=false`, 0, /Verified OK/);
});

test("the file can be named by its digest", async () => {
  const other = `${verifyLine} --type spdxjson --bundle f.att.sigstore.json`;
  await check(`${other} --digest ${sha256} --digestAlg sha256`, 0, /OK/);
  await check(`${other} sha256:${sha256}`, 0, /OK/);
  await check(`${other} --digest ${"0".repeat(64)} --digestAlg sha256`, 1, /not-a-subject/);
  await check(`${other} --digest ${sha256}`, 2, /--digest and --digestAlg go together/);
  await check(`${other} --digest ${sha256} --digestAlg md5`, 2, /"md5", not one of sha256/);
  await check(`${other} --digest abc --digestAlg sha256`, 2, /64 digits/);
  await check(`${other} --digest ${sha256} --digestAlg sha256 f`, 2, /FILE and --digest exclude/);
  await check(other, 2, /nothing says which file.*\nhint: .*--digestAlg/s);
  await check(`${verifyLine} --digest ${sha256} --digestAlg sha256`, 2, /where the bundle is/);
});

test("a statement that exists is signed byte for byte", async () => {
  const text = `{ "predicateType":"https://example.com/p", "_type":"https://in-toto.io/Statement/v1",
    "subject":[{"name":"f","digest":{"sha256":"${sha256}"}}], "predicate":{"n":1e400000,"é":"\\u00e9"}}`;
  const fine = text.replace("1e400000", "1.50");
  world.write("s.json", fine);
  const { stdout } = await check(`${attestLine} --statement s.json --output json`, 0, /Wrote/);
  assert.equal(payload("s.json.sigstore.json"), fine);
  const json = JSON.parse(stdout);
  assert.equal(json.predicateType, "https://example.com/p");
  assert.equal(json.statementSha256, createHash("sha256").update(fine).digest("hex"));
  assert.deepEqual(json.subjects, [{ name: "f", digest: { sha256 } }]);
  const line = `${verifyLine} --type https://example.com/p --bundle s.json.sigstore.json f`;
  await check(line, 0, /OK/);
  await check(`${attestLine} --statement - --bundle x.json`, 0, /Wrote/, { stdin: fine });
  world.write("bad.json", text);
  await check(`${attestLine} --statement bad.json`, 2, /not an in-toto Statement/);
  await check(`${attestLine} --statement sbom.json`, 2, /not an in-toto Statement: .*_type/);
  await check(`${attestLine} --statement s.json f -y`, 2, /--statement says everything/);
  await check(`${attestLine} --statement -`, 2, /has no name/, { stdin: fine });
});

test("the digest of a file that is elsewhere can be given", async () => {
  const line = `${attestLine} --predicate sbom.json --type cyclonedx`;
  await check(`${line} --hash ${sha256} dist/elsewhere`, 2, /no such file/);
  await check(`${line} --hash ${sha256} --bundle h.json dist/elsewhere`, 0, /Wrote/);
  const { subject } = JSON.parse(payload("h.json"));
  assert.deepEqual(subject, [{ name: "elsewhere", digest: { sha256 } }]);
  for (const hash of ["abc", "z".repeat(64), `${sha256}00`, `sha512:${sha256}`]) {
    await check(`${line} --hash ${hash} x`, 2, /--hash is .*64 digits/);
  }
});

test("custom predicates hold the file as text, and the time", async () => {
  world.write("note.txt", "hello <&>\n");
  const now = new Date("2026-01-02T03:04:05.678Z");
  const { code, stderr } = await world.run(`${attestLine} --predicate note.txt --bundle c.json f`, {
    now,
  });
  assert.equal(code, 0, stderr);
  assert.deepEqual(JSON.parse(payload("c.json")).predicate, {
    Data: "hello <&>\n",
    Timestamp: "2026-01-02T03:04:05Z",
  });
  await check(`${verifyLine} --bundle c.json f`, 0, /OK/);
  world.write("binary", new Uint8Array([0xff, 0xfe]));
  await check(`${attestLine} --predicate binary f --bundle d.json`, 2, /not text in UTF-8/);
  const piped = { stdin: "x" };
  await check(`${attestLine} --predicate - f --bundle d.json`, 0, /Wrote/, piped);
  await check(`${attestLine} --predicate - - --bundle e.json`, 2, /cannot both be/, piped);
});

test("what is missing or malformed is said before anything is signed", async () => {
  await check(`${attestLine} f`, 2, /needs --predicate or --statement/);
  await check(`${attestLine} --predicate sbom.json`, 2, /the argument FILE is missing/);
  await check("attest-blob --issue-certificate --predicate sbom.json f", 2, /over a key that you/);
  await check(`${attestLine} --predicate none f -y`, 2, /none: no such file/);
  await check(`${attestLine} --predicate sbom.json --type x f -y`, 2, /invalid predicate type: x/);
  await check(
    `${attestLine} --predicate sbom.json --type link f -y`,
    2,
    /the link lacks _type, name/,
  );
  world.write("dup.json", '{"a":1,"a":2}');
  await check(
    `${attestLine} --predicate dup.json --type openvex f -y`,
    2,
    /the name "a" stands twice/,
  );
  await check(`${attestLine} --predicate sbom.json f`, 2, /f\.att\.sigstore\.json exists already/);
});

test("cosign 2's envelope is printed or written, and read", async () => {
  const old = `${attestLine} --new-bundle-format=false --predicate sbom.json --type spdxjson f`;
  const { stdout } = await check(old, 0, /^$/);
  assert.equal(JSON.parse(stdout).payloadType, "application/vnd.in-toto+json");
  await check(`${old} --output-attestation env.json --bundle old.json`, 0, /Wrote envelope/);
  const verify = `${verifyLine} --type spdxjson`;
  await check(`${verify} --bundle old.json f`, 0, /OK/);
  await check(`${verify} --signature env.json f`, 0, /OK/);
  await check(
    `${verify} --bundle env.json f`,
    1,
    /it is a DSSE envelope: pass it with --signature/,
  );
});
