// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { test } from "node:test";
import { utf8Bytes } from "@chancery/formats/bytes";
import { decodeStatement } from "@chancery/formats/statement";
import { SignError } from "../errors.ts";
import { buildStatement, predicateKind, predicateKinds } from "./index.ts";

const now = new Date("2026-01-02T03:04:05.678Z");
const digest = new Uint8Array(32).fill(1);

function build(type: string, predicate: string | Uint8Array): string {
  const content = typeof predicate === "string" ? utf8Bytes(predicate) : predicate;
  const subject = { name: "file", digests: { sha256: digest } };
  const bytes = buildStatement({ subject, type, predicate: content, now });
  decodeStatement(bytes); // whatever is built can be read
  return new TextDecoder().decode(bytes);
}

function refusal(type: string, predicate: string | Uint8Array): string {
  try {
    build(type, predicate);
  } catch (error) {
    if (error instanceof SignError) return error.code;
    throw error;
  }
  return "nothing was thrown";
}

test("a statement is cosign's: v0.1, one subject, by SHA-256", () => {
  assert.deepEqual(JSON.parse(build("https://example.com/p", '{"a":1}')), {
    _type: "https://in-toto.io/Statement/v0.1",
    predicateType: "https://example.com/p",
    subject: [{ name: "file", digest: { sha256: "01".repeat(32) } }],
    predicate: { a: 1 },
  });
});

test("short names stand for cosign's predicate types", () => {
  const types = Object.fromEntries(
    predicateKinds.map(({ name, predicateType }) => [name, predicateType]),
  );
  assert.deepEqual(types, {
    custom: "https://cosign.sigstore.dev/attestation/v1",
    slsaprovenance: "https://slsa.dev/provenance/v0.2",
    slsaprovenance02: "https://slsa.dev/provenance/v0.2",
    slsaprovenance1: "https://slsa.dev/provenance/v1",
    spdx: "https://spdx.dev/Document",
    spdxjson: "https://spdx.dev/Document",
    cyclonedx: "https://cyclonedx.org/bom",
    link: "https://in-toto.io/Link/v1",
    vuln: "https://cosign.sigstore.dev/attestation/vuln/v1",
    openvex: "https://openvex.dev/ns",
  });
});

test("a URI stands for itself; anything else is no type", () => {
  assert.equal(predicateKind("https://example.com/p").predicateType, "https://example.com/p");
  assert.equal(predicateKind("urn:example:p").predicateType, "urn:example:p");
  for (const type of ["", "x", "Custom", "/path", "https:", ":x", "a b:c", "https://a b"]) {
    assert.equal(refusal(type, "{}"), "unsupported-predicate-type", type);
  }
});

const verbatim = [
  "slsaprovenance",
  "slsaprovenance02",
  "slsaprovenance1",
  "spdxjson",
  "cyclonedx",
  "openvex",
  "https://example.com/p",
];

for (const type of verbatim) {
  test(`${type} takes a JSON object, character for character`, () => {
    const object = '{ "z":12345678901234567890, "a" : 1.50,\n "é":"\\u00e9</script>", "n":null }';
    assert.ok(build(type, `\n${object}\n`).endsWith(`,"predicate":${object}}`));
    for (const wrong of ["", "[]", '"text"', "1", "{", "{}x", '{"a":1,"a":2}', "{'a':1}"]) {
      assert.equal(refusal(type, wrong), "malformed-predicate", wrong);
    }
    assert.equal(refusal(type, new Uint8Array([0x7b, 0xff, 0x7d])), "malformed-predicate");
  });
}

test("custom wraps any text, with the time in whole seconds", () => {
  const text = 'not JSON "\\ \u2028 <é>\n';
  const { predicate } = JSON.parse(build("custom", text));
  assert.deepEqual(predicate, { Data: text, Timestamp: "2026-01-02T03:04:05Z" });
  assert.equal(refusal("custom", new Uint8Array([0xff])), "malformed-predicate");
});

test("spdx is its tag-value text as one string", () => {
  const text = "SPDXVersion: SPDX-2.3\n";
  assert.equal(JSON.parse(build("spdx", text)).predicate, text);
  assert.equal(refusal("spdx", new Uint8Array([0xc3, 0x28])), "malformed-predicate");
});

test("SLSA 1 spells invocationId as the final version does, and leaves the rest alone", () => {
  const draft =
    '{"a":12345678901234567890,"runDetails":{"b":1,"metadata":{"invocationID":"x","c":2}}}';
  assert.ok(
    build("slsaprovenance1", draft).endsWith(
      '"predicate":{"a":12345678901234567890,"runDetails":{"b":1,' +
        '"metadata":{"invocationId":"x","c":2}}}}',
    ),
  );
  for (const odd of ['{"runDetails":1}', '{"runDetails":{"metadata":[]}}', '{"runDetails":null}']) {
    assert.ok(build("slsaprovenance1", odd).endsWith(`"predicate":${odd}}`));
  }
});

test("a link must be whole", () => {
  const link = {
    _type: "link",
    name: "n",
    materials: [],
    products: [],
    byproducts: {},
    command: [],
    environment: {},
  };
  assert.deepEqual(JSON.parse(build("link", JSON.stringify(link))).predicate, link);
  for (const name of Object.keys(link)) {
    const rest = Object.fromEntries(Object.entries(link).filter(([other]) => other !== name));
    assert.equal(refusal("link", JSON.stringify(rest)), "malformed-predicate", name);
  }
});

test("vuln holds exactly its members, missing ones empty", () => {
  assert.deepEqual(JSON.parse(build("vuln", '{"other":1}')).predicate, {
    invocation: { parameters: null, uri: "", event_id: "", "builder.id": "" },
    scanner: { uri: "", version: "", db: { uri: "", version: "" }, result: null },
    metadata: {
      scanStartedOn: "0001-01-01T00:00:00Z",
      scanFinishedOn: "0001-01-01T00:00:00Z",
    },
  });
  const full = {
    invocation: { parameters: ["p"], uri: "u", event_id: "e", "builder.id": "b" },
    scanner: { uri: "s", version: "1", db: { uri: "d", version: "2" }, result: { n: 1 } },
    metadata: { scanStartedOn: "2026-01-01T00:00:00Z", scanFinishedOn: "2026-01-01T00:00:01Z" },
  };
  const extra = { ...full, scanner: { ...full.scanner, extra: 1 } };
  assert.deepEqual(JSON.parse(build("vuln", JSON.stringify(extra))).predicate, full);
  for (const wrong of [
    { scanner: 1 },
    { scanner: { uri: 1 } },
    { scanner: { db: [] } },
    { metadata: { scanStartedOn: "yesterday" } },
    { invocation: { event_id: {} } },
  ]) {
    assert.equal(refusal("vuln", JSON.stringify(wrong)), "malformed-predicate");
  }
});

test("a subject needs a digest, of its hash's size", () => {
  const base = { type: "custom", predicate: new Uint8Array(0), now };
  for (const digests of [{}, { sha256: digest.subarray(1) }, { sha512: digest }]) {
    assert.throws(
      () => buildStatement({ ...base, subject: { name: "x", digests } }),
      (error) => error instanceof SignError && error.code === "malformed-statement",
    );
  }
});
