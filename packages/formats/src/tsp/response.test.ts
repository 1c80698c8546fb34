// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, test } from "node:test";
import fc from "fast-check";
import { needVectors } from "../../../../test/vectors.ts";
import {
  attribute,
  buildRefusal,
  buildTimestamp,
  buildTimestampToken,
  digest,
  extension,
  hashIdentifier,
  issuerSerial,
  oids,
  signingCertificate,
  testAuthority,
  type TestTimestampOptions,
} from "../../../../test/timestamp-builder.ts";
import { verifySignature } from "../crypto/index.ts";
import {
  contextTag,
  der,
  derBitString,
  derBoolean,
  derExplicit,
  derInteger,
  derNull,
  derOctetString,
  derOid,
  derSequence,
  derTime,
  derUtf8String,
  Tag,
} from "../der/index.ts";
import { FormatError, type FormatErrorCode } from "../errors/index.ts";
import { decodeCertificate } from "../x509/index.ts";
import { decodeTimestampResponse, decodeTimestampToken, type TimestampToken } from "./index.ts";

const folder = new URL("../../test/tsp/", import.meta.url);
const fixture = (name: string): Uint8Array => new Uint8Array(readFileSync(new URL(name, folder)));
const stamped = fixture("stamped.bin");
const authority = testAuthority();

function refused(bytes: Uint8Array, code?: FormatErrorCode): void {
  assert.throws(
    () => decodeTimestampResponse(bytes),
    (error) => error instanceof FormatError && (code === undefined || error.code === code),
  );
}

function tokenOf(bytes: Uint8Array): TimestampToken {
  const { token } = decodeTimestampResponse(bytes);
  assert.ok(token);
  return token;
}

describe("responses made by openssl", () => {
  test("give every part of the token", () => {
    const token = tokenOf(fixture("rsa-sha384.tsr"));
    assert.equal(token.policy, "1.2.3.4.5");
    assert.equal(token.imprint.hash, "sha384");
    assert.deepEqual(token.imprint.digest, digest("sha384", stamped));
    assert.deepEqual(token.accuracy, { seconds: 1, millis: 500, micros: 100 });
    assert.equal(token.ordering, true);
    assert.ok(token.nonce !== undefined && token.serialNumber > 0n);
    assert.equal(token.tsa?.[0], 0xa4);
    assert.notEqual(token.genTime.getUTCMilliseconds(), 0);
    assert.deepEqual(token.certificates, []);
    assert.equal(token.signer.kind, "issuer-and-serial");
    assert.equal(token.digestAlgorithm, "sha512");
    assert.deepEqual(token.signatureAlgorithm, { kind: "rsa-pkcs1v15", hash: "sha512" });
    assert.equal(token.attributes.contentType, oids.tstInfo);
    assert.deepEqual(token.attributes.messageDigest, digest("sha512", token.eContent));
    assert.equal(token.attributes.signedBytes[0], Tag.set);
    assert.equal(token.attributes.certificateId?.hash, "sha384");
    assert.deepEqual(token.attributes.certificateId?.digest, digest("sha384", fixture("rsa.der")));
    assert.ok(token.attributes.signingTime);
  });

  test("keep an embedded certificate as its bytes", () => {
    const token = tokenOf(fixture("ec-sha512-certificate.tsr"));
    assert.deepEqual(token.certificates, [fixture("ec.der")]);
  });

  test("that name the certificate by SHA-1 only say so", () => {
    const { attributes } = tokenOf(fixture("ec-sha256-certificate-id-sha1.tsr"));
    assert.equal(attributes.certificateId, undefined);
    assert.deepEqual(attributes.sha1CertificateId?.digest, digest("sha1", fixture("ec.der")));
  });

  test("that reject carry no token, but the reason", () => {
    assert.deepEqual(decodeTimestampResponse(fixture("rejected-policy.tsr")), {
      status: "rejection",
      statusText: ["Requested policy is not supported."],
      failInfo: ["unacceptedPolicy"],
    });
  });
});

describe("peculiarities of real authorities are read", () => {
  test("a token of 2021: version 1, bare key type, wrapped certificate id", (t) => {
    const path = needVectors(t, "rekor/pkg/types/rfc3161/tests/test.tsr");
    if (path === undefined) return;
    const token = tokenOf(new Uint8Array(readFileSync(path)));
    assert.equal(token.certificates.length, 2);
    assert.deepEqual(token.signatureAlgorithm, { kind: "ecdsa", hash: "sha256" });
    assert.deepEqual(
      token.attributes.certificateId?.digest,
      digest("sha256", token.certificates[0]!),
    );
    assert.equal(token.attributes.signingTime, undefined);
    const { publicKey } = decodeCertificate(token.certificates[0]!);
    const { signatureAlgorithm, attributes, signature } = token;
    const { signedBytes, messageDigest } = attributes;
    assert.ok(verifySignature(publicKey, signatureAlgorithm, signedBytes, signature));
    assert.deepEqual(messageDigest, digest("sha256", token.eContent));
  });

  test("an empty certificate set", () => {
    assert.deepEqual(
      tokenOf(buildTimestamp(authority, stamped, { certificates: [] })).certificates,
      [],
    );
  });

  test("certificates in any order", () => {
    const certificates = [
      der(0x30, Uint8Array.of(5, 0)),
      der(0x30),
      der(0x30, Uint8Array.of(1, 0)),
    ];
    assert.deepEqual(
      tokenOf(buildTimestamp(authority, stamped, { certificates })).certificates,
      certificates,
    );
  });

  test("a signer named by key identifier", () => {
    const token = tokenOf(buildTimestamp(authority, stamped, { signerBy: "key-identifier" }));
    assert.deepEqual(token.signer, {
      kind: "key-identifier",
      subjectKeyIdentifier: authority.subjectKeyIdentifier,
    });
  });

  test("a negative serial number", () => {
    assert.equal(
      tokenOf(buildTimestamp(authority, stamped, { serialNumber: -9n })).serialNumber,
      -9n,
    );
  });

  test("revocation lists and unsigned attributes, which are skipped", () => {
    const crls = der(contextTag(1, true), derSequence());
    const unsignedAttributes = der(contextTag(1, true), attribute("1.2.3", derNull()));
    assert.ok(tokenOf(buildTimestamp(authority, stamped, { crls, unsignedAttributes })));
  });

  test("a certificate id that names SHA-256, its default", () => {
    const id = signingCertificate(hashIdentifier("sha256"), derOctetString(new Uint8Array(32)));
    const token = tokenOf(buildTimestamp(authority, stamped, { signingCertificateV2: id }));
    assert.deepEqual(token.attributes.certificateId, {
      hash: "sha256",
      digest: new Uint8Array(32),
    });
  });

  test("grantedWithMods, which a caller may not take for granted", () => {
    const response = decodeTimestampResponse(buildTimestamp(authority, stamped, { status: 1 }));
    assert.equal(response.status, "grantedWithMods");
  });
});

test("an input that is a Buffer is left unchanged", () => {
  const input = Buffer.from(buildTimestamp(authority, stamped));
  const before = Uint8Array.from(input);
  tokenOf(input);
  assert.deepEqual(Uint8Array.from(input), before);
});

test("a bare token is what stands in the response", () => {
  const bytes = fixture("ec-sha384.tsr");
  const token = tokenOf(bytes);
  assert.deepEqual(decodeTimestampToken(token.raw), token);
  assert.throws(() => decodeTimestampToken(bytes), FormatError);
});

test("refusals name their failure bits", () => {
  const bits = (unused: number, ...octets: number[]): Uint8Array =>
    der(Tag.bitString, Uint8Array.of(unused, ...octets));
  const infos = (...parts: Uint8Array[]): unknown =>
    decodeTimestampResponse(buildRefusal(2, ...parts)).failInfo;
  assert.deepEqual(infos(bits(7, 0x80)), ["badAlg"]);
  assert.deepEqual(infos(bits(6, 0, 0, 0, 0x40)), ["systemFailure"]);
  assert.deepEqual(infos(bits(2, 0xa4)), ["badAlg", "badRequest", "badDataFormat"]);
  assert.deepEqual(infos(bits(0, 0x01)), ["bit 7"]);
  assert.deepEqual(infos(bits(0)), []);
  assert.equal(infos(), undefined);
  for (const wrong of [bits(0, 0x80), bits(1, 0x81), bits(8, 0x80), bits(7, 0x80, 0), bits(1)]) {
    refused(buildRefusal(2, wrong), "non-canonical");
  }
  refused(buildRefusal(2, der(Tag.bitString)), "non-canonical");
  refused(buildRefusal(2, derBitString(Uint8Array.of(0, 0, 0, 0, 1))), "too-large");
});

describe("a response is refused", () => {
  test("when cut at any byte", () => {
    for (const name of ["ec-sha256-certificate.tsr", "rejected-policy.tsr"]) {
      const bytes = fixture(name);
      for (let length = 0; length < bytes.length; length++) refused(bytes.subarray(0, length));
    }
  });

  test("with a byte after its end", () => {
    refused(Uint8Array.of(...fixture("ec-sha384.tsr"), 0), "trailing-data");
  });

  test("above 64 KiB, before anything is read", () => {
    refused(new Uint8Array(65_537), "too-large");
    assert.throws(() => decodeTimestampToken(new Uint8Array(65_537)), /too|65536/);
  });

  test("for a status that contradicts what it holds", () => {
    refused(buildRefusal(0), "missing-field");
    refused(buildRefusal(1), "missing-field");
    for (const status of [2, 3, 4, 5]) {
      refused(buildTimestamp(authority, stamped, { status }), "conflicting-fields");
    }
    refused(buildRefusal(6), "out-of-range");
    refused(buildRefusal(-1), "out-of-range");
  });

  test("for status texts that are none, too many or not UTF-8", () => {
    refused(buildRefusal(2, derSequence()), "truncated");
    refused(
      buildRefusal(2, derSequence(...Array<Uint8Array>(17).fill(derUtf8String("a")))),
      "too-large",
    );
    refused(buildRefusal(2, derSequence(der(0x0c, Uint8Array.of(0xff)))), "malformed-utf8");
    refused(buildRefusal(2, derSequence(der(0x13, Uint8Array.of(0x41)))), "wrong-type");
  });

  test("in the indefinite lengths of BER", () => {
    const token = buildTimestampToken(authority, stamped);
    const status = derSequence(derInteger(0));
    refused(Uint8Array.of(0x30, 0x80, ...status, ...token, 0, 0), "non-canonical");
  });

  const sha256 = derOctetString(new Uint8Array(32));
  const certificateId = (...elements: Uint8Array[]): TestTimestampOptions => ({
    signingCertificateV2: signingCertificate(...elements),
  });
  const attributes = (
    choose: TestTimestampOptions["attributes"] & object,
  ): TestTimestampOptions => ({
    attributes: choose,
  });
  const tail = (...tstInfoTail: Uint8Array[]): TestTimestampOptions => ({ tstInfoTail });
  const seconds = derTime(new Date("2025-01-01T00:00:00Z"));
  const cases: [string, FormatErrorCode, TestTimestampOptions][] = [
    ["with content that is no TSTInfo", "wrong-type", { eContentType: oids.data }],
    ["with SignedData of version 4", "unsupported", { signedDataVersion: 4 }],
    ["with two signers", "unsupported", { signers: 2 }],
    ["with no signer", "truncated", { signers: 0 }],
    ["with SignerInfo of version 3 by issuer", "unsupported", { signerInfoVersion: 3 }],
    [
      "with SignerInfo of version 1 by key identifier",
      "unsupported",
      { signerInfoVersion: 1, signerBy: "key-identifier" },
    ],
    [
      "whose digestAlgorithms lack the signer's",
      "malformed",
      { digestAlgorithms: [hashIdentifier("sha512")] },
    ],
    ["whose digestAlgorithms are empty", "malformed", { digestAlgorithms: [] }],
    [
      "with 9 digestAlgorithms",
      "too-large",
      { digestAlgorithms: Array<Uint8Array>(9).fill(hashIdentifier("sha256")) },
    ],
    [
      "with 17 certificates",
      "too-large",
      { certificates: Array<Uint8Array>(17).fill(derSequence()) },
    ],
    [
      "with an attribute certificate",
      "wrong-type",
      { certificates: [der(contextTag(2, true), derNull())] },
    ],
    ["with an empty list of CRLs", "malformed", { crls: der(contextTag(1, true)) }],
    [
      "with empty unsigned attributes",
      "malformed",
      { unsignedAttributes: der(contextTag(1, true)) },
    ],
    ["without signed attributes", "missing-field", { withoutAttributes: true }],
    ["with empty signed attributes", "truncated", attributes(() => [])],
    [
      "without the contentType attribute",
      "missing-field",
      attributes((all) => [all.signingTime, all.messageDigest, all.signingCertificateV2]),
    ],
    [
      "without the messageDigest attribute",
      "missing-field",
      attributes((all) => [all.contentType, all.signingTime, all.signingCertificateV2]),
    ],
    [
      "with attributes out of order",
      "non-canonical",
      { unsorted: true, attributes: (all) => [all.messageDigest, all.contentType] },
    ],
    [
      "with the same attribute twice",
      "non-canonical",
      attributes((all) => [all.contentType, all.contentType, all.messageDigest]),
    ],
    [
      "with two attributes of one type",
      "duplicate-key",
      attributes((all) => [
        all.contentType,
        all.messageDigest,
        attribute(oids.messageDigest, derOctetString(new Uint8Array(32))),
      ]),
    ],
    [
      "with an attribute of two values",
      "trailing-data",
      attributes((all) => [
        all.contentType,
        attribute(oids.messageDigest, sha256, derOctetString(new Uint8Array(31))),
      ]),
    ],
    [
      "with an attribute of no value",
      "truncated",
      attributes((all) => [attribute(oids.contentType), all.messageDigest]),
    ],
    [
      "with 33 attributes",
      "too-large",
      attributes((all) => [
        ...Object.values(all),
        ...Array.from({ length: 29 }, (_, i) => attribute(`1.2.${i}`, derNull())),
      ]),
    ],
    [
      "with a short certificate digest",
      "out-of-range",
      certificateId(derOctetString(new Uint8Array(31))),
    ],
    [
      "with a certificate id by SHA-1 in the attribute of version 2",
      "unsupported",
      certificateId(hashIdentifier("sha1"), derOctetString(new Uint8Array(20))),
    ],
    [
      "with a certificate id that names an e-mail address",
      "wrong-type",
      certificateId(
        sha256,
        derSequence(derSequence(der(contextTag(1, false), Uint8Array.of(0x41))), derInteger(1)),
      ),
    ],
    [
      "with a certificate id that names two issuers",
      "trailing-data",
      certificateId(
        sha256,
        derSequence(
          derSequence(derExplicit(4, authority.issuer), derExplicit(4, authority.issuer)),
          derInteger(1),
        ),
      ),
    ],
    [
      "with no certificate id in the attribute",
      "truncated",
      { signingCertificateV2: derSequence(derSequence()) },
    ],
    [
      "with 17 certificate ids",
      "too-large",
      {
        signingCertificateV2: derSequence(
          derSequence(...Array<Uint8Array>(17).fill(derSequence(sha256))),
        ),
      },
    ],
    [
      "with bytes after a wrapped certificate id",
      "trailing-data",
      {
        signingCertificateV2: derOctetString(
          Uint8Array.of(...signingCertificate(sha256, issuerSerial(authority.issuer, 7)), 5, 0),
        ),
      },
    ],
    [
      "signed with SHA-1",
      "unsupported",
      { signatureAlgorithm: derSequence(derOid("1.2.840.10045.4.1")) },
    ],
    [
      "whose bare key type has a parameter",
      "trailing-data",
      { signatureAlgorithm: derSequence(derOid("1.2.840.10045.2.1"), derOid("1.2.3")) },
    ],
    ["whose imprint is too short", "out-of-range", { imprintDigest: new Uint8Array(31) }],
    ["whose serial number has 65 bytes", "too-large", { serialNumber: 1n << 519n }],
    ["whose nonce has 65 bytes", "too-large", { nonce: 1n << 519n }],
    ["with ordering written out as FALSE", "non-canonical", tail(derBoolean(false))],
    ["with parts in another order", "trailing-data", tail(derInteger(5), derBoolean(true))],
    [
      "with an accuracy of 1000 ms",
      "out-of-range",
      tail(derSequence(der(0x80, Uint8Array.of(3, 0xe8)))),
    ],
    ["with a padded accuracy", "malformed", tail(derSequence(der(0x80, Uint8Array.of(0, 1))))],
    ["with a negative accuracy", "malformed", tail(derSequence(der(0x81, Uint8Array.of(0xff))))],
    ["with an empty accuracy part", "malformed", tail(derSequence(der(0x81)))],
    [
      "with a long accuracy part",
      "malformed",
      tail(derSequence(der(0x81, Uint8Array.of(0, 0xff, 1)))),
    ],
    ["with negative seconds", "out-of-range", tail(derSequence(derInteger(-1)))],
    [
      "with two names of the authority",
      "trailing-data",
      tail(derExplicit(0, derNull(), derNull())),
    ],
    ["with an extension twice", "duplicate-key", tail(twice(extension("1.2.3", false, derNull())))],
    ["with an empty TSTInfo", "truncated", { tstInfo: derSequence() }],
    ["with bytes after TSTInfo", "trailing-data", { tstInfo: Uint8Array.of(...info(), 5, 0) }],
    ["with TSTInfo of version 2", "unsupported", { tstInfo: info({ version: 2 }) }],
    ["with genTime as UTCTime", "wrong-type", { tstInfo: info({ genTime: seconds }) }],
    [
      "with genTime of no day",
      "malformed",
      { tstInfo: info({ genTime: text("20250230120000Z") }) },
    ],
    [
      "with genTime off UTC",
      "malformed",
      { tstInfo: info({ genTime: text("20250220120000+0100") }) },
    ],
    ["with genTime in minutes", "malformed", { tstInfo: info({ genTime: text("202502201200Z") }) }],
    [
      "with a fraction ending in 0",
      "malformed",
      { tstInfo: info({ genTime: text("20250220120000.50Z") }) },
    ],
  ];
  for (const [name, code, options] of cases) {
    test(name, () => refused(buildTimestamp(authority, stamped, options), code));
  }

  test("with content that is not SignedData", () => {
    const wrong = derSequence(derOid(oids.data), derExplicit(0, derSequence()));
    refused(derSequence(derSequence(derInteger(0)), wrong), "wrong-type");
  });

  test("with only format errors, whatever byte is put where", () => {
    const bytes = fixture("rsa-sha512-certificate.tsr");
    const index = fc.nat(bytes.length - 1);
    fc.assert(
      fc.property(fc.array(fc.tuple(index, fc.nat(255)), { minLength: 1 }), (changes) => {
        const changed = Uint8Array.from(bytes);
        for (const [at, value] of changes) changed[at] = value;
        try {
          decodeTimestampResponse(changed);
        } catch (error) {
          assert.ok(error instanceof FormatError, String(error));
        }
      }),
    );
  });
});

test("genTime keeps a fraction down to milliseconds", () => {
  const tstInfo = info({ genTime: text("20250220120000.123456Z") });
  const { genTime } = tokenOf(buildTimestamp(authority, stamped, { tstInfo }));
  assert.equal(genTime.toISOString(), "2025-02-20T12:00:00.123Z");
});

function text(time: string): Uint8Array {
  return der(Tag.generalizedTime, new TextEncoder().encode(time));
}

function info({ version = 1, genTime = text("20250220120000Z") } = {}): Uint8Array {
  const imprint = derSequence(hashIdentifier("sha256"), derOctetString(digest("sha256", stamped)));
  return derSequence(derInteger(version), derOid("1.2.3"), imprint, derInteger(1), genTime);
}

function twice(item: Uint8Array): Uint8Array {
  return der(contextTag(1, true), item, item);
}
