// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { test } from "node:test";
import { testBundle, testInstance } from "../../../../test/instance.ts";
import { encodePublicKeyPem } from "../crypto/index.ts";
import { encodePem } from "../pem/index.ts";
import { FormatError, type FormatErrorCode } from "../errors/index.ts";
import {
  decodeBundle,
  decodeLegacyBundle,
  encodeLegacyBundle,
  type LegacyBundle,
} from "./index.ts";

const instance = testInstance();
const made = testBundle(instance);
const certificate = made.signing.certificate as Uint8Array;
const spki = made.key.publicKey.spki;
const base64 = (data: string | Uint8Array): string => Buffer.from(data).toString("base64");

/** A legacy bundle's JSON value, made of the facts of one of Sigstore's. */
function valid(): any {
  const [entry] = decodeBundle(JSON.stringify(made.value)).tlogEntries;
  assert.ok(entry?.inclusionPromise);
  return {
    base64Signature: base64(made.signing.signature),
    cert: base64(encodePem("CERTIFICATE", certificate)),
    rekorBundle: {
      SignedEntryTimestamp: base64(entry.inclusionPromise),
      Payload: {
        body: base64(entry.canonicalizedBody),
        integratedTime: Number(entry.integratedTime),
        logIndex: Number(entry.logIndex),
        logID: Buffer.from(entry.logId).toString("hex"),
      },
    },
  };
}

function read(edit: (value: any) => unknown = () => undefined): LegacyBundle {
  const value = valid();
  edit(value);
  return decodeLegacyBundle(JSON.stringify(value));
}

test("a legacy bundle is read, and written with the same text", () => {
  const bundle = read();
  assert.deepEqual(bundle.signature, made.signing.signature);
  assert.deepEqual(bundle.certificate, certificate);
  assert.deepEqual(
    [bundle.rekor?.integratedTime, bundle.rekor?.logIndex],
    [1_893_456_300n, 25_584n],
  );
  assert.equal(encodeLegacyBundle(bundle), JSON.stringify(valid()));
});

test("the certificate may be PEM, base64 of PEM or of DER, or absent", () => {
  const pem = encodePem("CERTIFICATE", certificate);
  for (const cert of [pem, base64(pem), base64(certificate)]) {
    assert.deepEqual(read((value) => (value.cert = cert)).certificate, certificate);
  }
  for (const cert of [undefined, null, ""]) {
    assert.equal(read((value) => (value.cert = cert)).certificate, undefined);
  }
  const chain = pem + encodePem("CERTIFICATE", instance.intermediate.der);
  assert.deepEqual(read((value) => (value.cert = base64(chain))).certificate, certificate);
  assert.equal(read((value) => delete value.rekorBundle).rekor, undefined);
});

test("a public key in the certificate's place is refused, under whatever label", () => {
  const keyPem = encodePublicKeyPem(made.key.publicKey);
  const certPem = encodePem("CERTIFICATE", certificate);
  const keys = [
    keyPem,
    base64(keyPem),
    base64(spki),
    encodePem("CERTIFICATE", spki),
    base64(encodePem("CERTIFICATE", spki)),
    base64(certPem + keyPem),
    base64(keyPem + certPem),
  ];
  for (const cert of keys) {
    assert.throws(() => read((value) => (value.cert = cert)), FormatError, cert);
  }
  assert.throws(() => read((value) => (value.cert = keyPem)), {
    code: "unsupported",
    place: "cert",
  });
});

test("what is no legacy bundle is refused", () => {
  const cases: [(value: any) => unknown, FormatErrorCode][] = [
    [(value) => delete value.base64Signature, "missing-field"],
    [(value) => (value.base64Signature = ""), "missing-field"],
    [(value) => (value.base64Signature = "*"), "malformed-base64"],
    [(value) => (value.base64Signature = 1), "wrong-type"],
    [(value) => (value.cert = 1), "wrong-type"],
    [(value) => (value.cert = "AAAA"), "malformed-pem"],
    [(value) => (value.cert = base64(Uint8Array.of(0x30, 0x80, 0))), "non-canonical"],
    [(value) => (value.more = 1), "unknown-field"],
    [(value) => (value.rekorBundle.more = 1), "unknown-field"],
    [(value) => (value.rekorBundle.Payload.more = 1), "unknown-field"],
    [(value) => delete value.rekorBundle.SignedEntryTimestamp, "missing-field"],
    [(value) => delete value.rekorBundle.Payload, "missing-field"],
    [(value) => delete value.rekorBundle.Payload.body, "missing-field"],
    [(value) => delete value.rekorBundle.Payload.integratedTime, "missing-field"],
    [(value) => delete value.rekorBundle.Payload.logIndex, "missing-field"],
    [(value) => delete value.rekorBundle.Payload.logID, "missing-field"],
    [(value) => (value.rekorBundle.Payload.logID = "00"), "out-of-range"],
    [(value) => (value.rekorBundle.Payload.logID = "x"), "malformed-hex"],
    [(value) => (value.rekorBundle.Payload.logIndex = -1), "out-of-range"],
    [(value) => (value.rekorBundle.Payload.logIndex = 1.5), "wrong-type"],
    [(value) => (value.rekorBundle.Payload.logIndex = "9007199254740992"), "out-of-range"],
    [(value) => (value.mediaType = made.value.mediaType), "unknown-field"],
  ];
  for (const [edit, code] of cases) {
    assert.throws(
      () => read(edit),
      (error: unknown) => error instanceof FormatError && error.code === code,
      `${String(edit)} ${code}`,
    );
  }
});

test("cut anywhere it is refused", () => {
  const text = JSON.stringify(valid());
  for (let end = 0; end < text.length; end++) {
    assert.throws(() => decodeLegacyBundle(text.slice(0, end)), FormatError);
  }
  assert.throws(() => decodeLegacyBundle(`${text}x`), FormatError);
});

test("numbers that JSON cannot hold are not written", () => {
  const bundle = read();
  assert.ok(bundle.rekor);
  const rekor = { ...bundle.rekor, logIndex: 2n ** 53n };
  assert.throws(() => encodeLegacyBundle({ ...bundle, rekor }), RangeError);
});
