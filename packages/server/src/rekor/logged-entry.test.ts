// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { concatBytes, encodeHex, utf8Bytes } from "@chancery/formats/bytes";
import { encodePem } from "@chancery/formats/pem";
import fc from "fast-check";
import {
  dsseV1,
  dsseV2,
  envelope,
  hashedRekordV1,
  hashedRekordV2,
  intotoV1,
  intotoV2,
  newKey,
  rekordV1,
  statement,
} from "../../test/entries.ts";
import { handlersOfKind, type PreparedEntry } from "./entry/index.ts";
import { attestationProblem, loggedEntryKeys } from "./logged-entry.ts";
import { defaultAlgorithmPolicy } from "./policy.ts";
import { SearchKeys } from "./search-keys.ts";
import { inlineChecks } from "./signature-checks.ts";

const key = newKey();
const context = {
  checks: inlineChecks,
  algorithms: defaultAlgorithmPolicy,
  attestationSizeBytesMax: 102_400,
  purpose: "insert",
} as const;

function prepareV1(proposed: any): Promise<PreparedEntry> {
  const handler = handlersOfKind(proposed.kind, 1).find((h) => h.version === proposed.apiVersion);
  return handler?.prepare(proposed.spec, context) ?? assert.fail();
}

function prepareV2(request: any): Promise<PreparedEntry> {
  const [[field, value]] = Object.entries(request) as [[string, any]];
  const [handler] = handlersOfKind(field.replace("RequestV002", "").toLowerCase(), 2);
  return handler?.prepare(value, context) ?? assert.fail();
}

function keySet(bytes: Uint8Array): string[] {
  return (encodeHex(bytes).match(/.{32}/g) ?? []).toSorted();
}

const text = envelope([key], statement("package", "cd".repeat(32)));
const subjects = new SearchKeys()
  .add("name", "package")
  .add("text", `sha256:${"cd".repeat(32)}`)
  .add("text", "gitCommit:Cafe01")
  .add("text", "sha1:0123")
  .bytes();

suite("a logged entry", () => {
  test("is found by what its leaf states, as the log that took it finds it", async () => {
    for (const prepared of [
      await prepareV1(hashedRekordV1({ key })),
      await prepareV2(hashedRekordV2({ key })),
      await prepareV2(hashedRekordV2({ key: newKey("PKIX_ECDSA_P384_SHA_384") })),
      await prepareV1(rekordV1(key)),
    ]) {
      const keys = keySet(prepared.keys.bytes());
      assert.ok(keys.length >= 3);
      assert.deepEqual(keySet(loggedEntryKeys(prepared.body)), keys, prepared.kind);
    }
    for (const prepared of [
      await prepareV1(dsseV1([key], text)),
      await prepareV1(intotoV1(key, text)),
      await prepareV1(intotoV2([key], statement("package", "cd".repeat(32)))),
      await prepareV2(dsseV2([key], statement("package", "cd".repeat(32)))),
    ]) {
      const keys = keySet(prepared.keys.bytes());
      const own = keySet(loggedEntryKeys(prepared.body));
      // But for the subjects of the attestation, of which the leaf has the digest alone.
      const missing = keys.filter((each) => !own.includes(each));
      assert.deepEqual(missing, keySet(subjects), `${prepared.kind} ${prepared.version}`);
      assert.ok(own.length >= 4);
      const more = own.filter((each) => !keys.includes(each));
      assert.ok(more.length <= 1, "the envelope's own digest is the client's word");
    }
  });

  test("has the attestation whose digest it states", async () => {
    for (const prepared of [
      await prepareV1(intotoV1(key, text)),
      await prepareV1(intotoV2([key], statement())),
    ]) {
      const { body, attestation } = prepared;
      assert.ok(attestation);
      assert.equal(attestationProblem(body, attestation), undefined);
      for (const other of [
        new Uint8Array(0),
        attestation.slice(1),
        concatBytes(attestation, Uint8Array.of(0)),
        attestation.map((byte, i) => (i === 9 ? byte ^ 1 : byte)),
      ]) {
        assert.match(
          attestationProblem(body, other)!,
          /^has the digest sha256:[0-9a-f]{64}, which/,
        );
      }
      assert.ok(attestationProblem(utf8Bytes("no entry"), attestation));
    }
  });

  test("that is anything else has no keys, and nothing in it throws", async () => {
    const { body } = await prepareV1(hashedRekordV1({ key }));
    const bad = Buffer.from(encodePem("CERTIFICATE", Uint8Array.of(0x30, 0))).toString("base64");
    for (const leaf of [
      "",
      "x",
      "null",
      "[]",
      "7",
      '"LS0tLS1"',
      `{"kind":"x","a":"${bad}"}`,
      '{"publicKey":{"rawBytes":"AAAA"},"x509Certificate":{"rawBytes":7}}',
      '{"algorithm":"SHA2_256","digest":"="}',
      '{"algorithm":{},"value":[]}',
      "[".repeat(10_000),
    ]) {
      assert.deepEqual(loggedEntryKeys(utf8Bytes(leaf)), new Uint8Array(0), leaf);
    }
    assert.deepEqual(loggedEntryKeys(new Uint8Array(70_000)), new Uint8Array(0));
    fc.assert(
      fc.property(fc.nat(body.length - 1), fc.nat(255), (at, byte) => {
        loggedEntryKeys(body.map((old, i) => (i === at ? byte : old)));
      }),
    );
  });
});
