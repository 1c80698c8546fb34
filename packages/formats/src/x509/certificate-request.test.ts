// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { suite, test } from "node:test";
import {
  algorithmIdentifier,
  defaultScheme,
  encodeExtensions,
  extension,
  generalName,
  testKey,
  testName,
  testSign,
} from "../../test/certificate-builder.ts";
import { concatBytes } from "../bytes/index.ts";
import {
  contextTag,
  der,
  derBitString,
  derInteger,
  derNull,
  derOid,
  derSequence,
  derUtf8String,
  Tag,
} from "../der/index.ts";
import { FormatError, type FormatErrorCode } from "../errors/index.ts";
import { encodePem } from "../pem/index.ts";
import {
  type CertificateRequest,
  certificateRequestSizeBytesMax,
  decodeCertificateRequest,
  decodeCertificateRequestPem,
  emptyName,
  verifyCertificateRequest,
} from "./index.ts";

const key = testKey();
const extensionRequest = "1.2.840.113549.1.9.14";
const challengePassword = "1.2.840.113549.1.9.7";
const attribute = (type: string, ...values: readonly Uint8Array[]): Uint8Array =>
  derSequence(derOid(type), der(Tag.set, ...values));

interface Parts {
  readonly version: number;
  readonly subject: Uint8Array;
  readonly spki: Uint8Array;
  readonly attributes: readonly Uint8Array[];
  /** Elements after the attributes, or in their place. */
  readonly tail: readonly Uint8Array[];
  readonly key: typeof key;
  readonly algorithm: Uint8Array;
  readonly outerTail: readonly Uint8Array[];
}

function build(parts: Partial<Parts> = {}): Uint8Array {
  const { version = 0, subject = emptyName, attributes = [], outerTail = [] } = parts;
  const signingKey = parts.key ?? key;
  const info = derSequence(
    derInteger(version),
    subject,
    parts.spki ?? signingKey.publicKey.spki,
    ...(parts.tail ?? [der(contextTag(0, true), ...attributes)]),
  );
  const algorithm = parts.algorithm ?? algorithmIdentifier(defaultScheme(signingKey.type));
  return derSequence(info, algorithm, derBitString(testSign(signingKey, info)), ...outerTail);
}

const read = (parts: Partial<Parts>): CertificateRequest => decodeCertificateRequest(build(parts));
const refuses = (code: FormatErrorCode) => (error: unknown) =>
  error instanceof FormatError && error.code === code;

suite("a certificate request", () => {
  test("is read with whatever it asks for", () => {
    const wanted = [
      extension.basicConstraints(true),
      extension.subjectAltName([generalName.email("other@example.com")]),
    ];
    const password = derUtf8String("secret");
    const attributes = [
      attribute(challengePassword, password),
      attribute(extensionRequest, encodeExtensions(wanted)),
    ];
    const subject = testName("CN=other");
    const bytes = build({ subject, attributes });
    const request = decodeCertificateRequest(bytes);
    assert.deepEqual(request.subject, subject);
    assert.deepEqual(request.publicKey, key.publicKey);
    assert.deepEqual(request.attributes.get(challengePassword), [password]);
    assert.deepEqual(
      [...request.extensions],
      wanted.map(({ oid, critical, value }) => [oid, { critical, value }]),
    );
    assert.equal(verifyCertificateRequest(request), true);
    for (const label of ["CERTIFICATE REQUEST", "NEW CERTIFICATE REQUEST"]) {
      assert.deepEqual(decodeCertificateRequestPem(encodePem(label, bytes)), request);
    }
    const wrong = encodePem("CERTIFICATE", bytes);
    assert.throws(() => decodeCertificateRequestPem(wrong), refuses("missing-field"));
  });

  test("may be empty but for its key", () => {
    const request = read({});
    assert.deepEqual(request.subject, emptyName);
    assert.equal(request.attributes.size + request.extensions.size, 0);
  });

  for (const type of ["P-256", "P-384", "P-521", "rsa", "ed25519"] as const) {
    test(`shows who holds a key of type ${type}`, () => {
      const holder = testKey(type);
      const bytes = build({ key: holder });
      assert.equal(verifyCertificateRequest(decodeCertificateRequest(bytes)), true);
      const foreign = read({ key: holder, spki: testKey(type).publicKey.spki });
      assert.equal(verifyCertificateRequest(foreign), false);
      const other = testKey(type === "rsa" ? "P-256" : "rsa");
      const mixed = read({ key: holder, spki: other.publicKey.spki });
      assert.equal(verifyCertificateRequest(mixed), false);
    });
  }

  test("is refused cut anywhere, and never believed when a bit is turned", () => {
    const bytes = build({ subject: testName("CN=x"), attributes: [attribute("1.2.3", derNull())] });
    for (let length = 0; length < bytes.length; length++) {
      assert.throws(() => decodeCertificateRequest(bytes.subarray(0, length)), FormatError);
    }
    for (let bit = 0; bit < 8 * bytes.length; bit++) {
      const turned = bytes.with(bit >> 3, (bytes[bit >> 3] as number) ^ (1 << (bit & 7)));
      let request: CertificateRequest;
      try {
        request = decodeCertificateRequest(turned);
      } catch (error) {
        assert.ok(error instanceof FormatError, String(error));
        continue;
      }
      assert.equal(verifyCertificateRequest(request), false, `bit ${bit}`);
    }
  });

  const sha1 = derSequence(derOid("1.2.840.10045.4.1"));
  const twice = [extension.poison(), extension.poison()];
  const list = (count: number): Uint8Array[] =>
    Array.from({ length: count }, (_, i) => attribute(`1.2.3.${i}`, derNull()));
  const empty = derSequence();
  for (const [what, bytes, code] of [
    ["with bytes after it", concatBytes(build(), Uint8Array.of(0)), "trailing-data"],
    ["with an element after the signature", build({ outerTail: [derNull()] }), "trailing-data"],
    ["of another version", build({ version: 1 }), "unsupported"],
    ["without attributes", build({ tail: [] }), "truncated"],
    ["with a field after them", build({ tail: [der(0xa0), derNull()] }), "trailing-data"],
    ["signed over SHA-1", build({ algorithm: sha1 }), "unsupported"],
    ["with a name that is none", build({ subject: derSequence(derNull()) }), "wrong-type"],
    ["with an attribute twice", build({ attributes: [...list(1), ...list(1)] }), "duplicate-key"],
    ["with too many attributes", build({ attributes: list(17) }), "too-large"],
    ["with an attribute of no value", build({ attributes: [attribute("1.2.3")] }), "truncated"],
    ["of no extensions", requesting(empty), "truncated"],
    ["of two lists of extensions", requesting(empty, empty), "malformed"],
    ["of an extension twice", requesting(encodeExtensions(twice)), "duplicate-key"],
    ["larger than any", new Uint8Array(certificateRequestSizeBytesMax + 1), "too-large"],
  ] as const satisfies [string, Uint8Array, FormatErrorCode][]) {
    test(`is refused ${what}`, () => {
      assert.throws(() => decodeCertificateRequest(bytes), refuses(code));
    });
  }
});

function requesting(...values: readonly Uint8Array[]): Uint8Array {
  return build({ attributes: [attribute(extensionRequest, ...values)] });
}
