// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import crypto from "node:crypto";
import { readFileSync } from "node:fs";
import { suite, test } from "node:test";
import { needVectors, vectors } from "../../../../test/vectors.ts";
import {
  algorithmIdentifier,
  buildCertificate,
  buildFulcioLeaf,
  type CertificateOptions,
  encodeExtensions,
  extension,
  pssIdentifier,
  testKey,
  testName,
} from "../../test/certificate-builder.ts";
import {
  chainFile,
  chainText,
  conformanceLeaves,
  trustChains,
} from "../../test/certificate-files.ts";
import { concatBytes, encodeHex, utf8Bytes } from "../bytes/index.ts";
import { verifySignature } from "../crypto/index.ts";
import {
  contextTag,
  der,
  derBoolean,
  derExplicit,
  derInteger,
  derNull,
  derOctetString,
  derOid,
  derSequence,
  derUtf8String,
} from "../der/index.ts";
import { FormatError, type FormatErrorCode } from "../errors/index.ts";
import {
  type Certificate,
  certificateExtensionsMax,
  certificateSizeBytesMax,
  decodeCertificate,
  decodeCertificatesPem,
  encodeCertificatePem,
} from "./certificate.ts";

const key = testKey();
const rsa = testKey("rsa");
const empty = derSequence();

function refused(der: Uint8Array, code: FormatErrorCode, words: RegExp = /./): void {
  assert.throws(
    () => decodeCertificate(der),
    (error) => {
      assert.ok(error instanceof FormatError, String(error));
      assert.equal(error.code, code, error.message);
      assert.match(error.message, words);
      return true;
    },
  );
}

/** Everything that Node's own parser says must be what ours says. */
function agreesWithNode(certificate: Certificate): void {
  const native = new crypto.X509Certificate(certificate.der);
  const serial = encodeHex(certificate.serialNumber).toUpperCase();
  assert.equal(serial.replace(/^(00)+/, ""), native.serialNumber.replace(/^(00)+/, ""));
  assert.equal(certificate.notBefore.getTime(), Date.parse(native.validFrom));
  assert.equal(certificate.notAfter.getTime(), Date.parse(native.validTo));
  const spki = native.publicKey.export({ format: "der", type: "spki" });
  assert.equal(encodeHex(certificate.publicKey.spki), spki.toString("hex"));
}

suite("decoding certificates of others", () => {
  const makes = ["P-256", "P-384", "P-521", "rsa", "rsa-pss", "ed25519", "names", "tsa", "longest"];
  for (const make of makes) {
    test(`reads the ${make} chain that OpenSSL made, each signed by the next`, () => {
      const chain = chainFile(make);
      chain.forEach((certificate, i) => {
        agreesWithNode(certificate);
        const { signatureAlgorithm, tbs, signature } = certificate;
        const issuer = chain[i + 1] ?? certificate;
        assert.deepEqual(certificate.issuer, issuer.subject);
        assert.ok(verifySignature(issuer.publicKey, signatureAlgorithm, tbs, signature));
        assert.ok(!verifySignature(key.publicKey, signatureAlgorithm, tbs, signature));
      });
    });
  }

  test("names the scheme of each chain", () => {
    const scheme = (make: string): unknown => chainFile(make)[0]?.signatureAlgorithm;
    assert.deepEqual(scheme("P-256"), { kind: "ecdsa", hash: "sha256" });
    assert.deepEqual(scheme("P-384"), { kind: "ecdsa", hash: "sha384" });
    assert.deepEqual(scheme("P-521"), { kind: "ecdsa", hash: "sha512" });
    assert.deepEqual(scheme("rsa"), { kind: "rsa-pkcs1v15", hash: "sha256" });
    assert.deepEqual(scheme("rsa-pss"), { kind: "rsa-pss", hash: "sha384" });
    assert.deepEqual(scheme("ed25519"), { kind: "ed25519" });
  });

  test("reads every certificate of the public trusted root", (t) => {
    const file = needVectors(t, "public-good/targets/trusted_root.json");
    if (file === undefined) return;
    const { authorities, timestampAuthorities } = trustChains(file);
    const all = [...authorities, ...timestampAuthorities].flat();
    assert.ok(all.length >= 5);
    all.forEach(agreesWithNode);
  });

  test("reads every signer's certificate of the conformance suite", (t) => {
    const directory = needVectors(t, "sigstore-conformance/bundle-verify");
    if (directory === undefined) return;
    const leaves = conformanceLeaves(directory);
    assert.ok(leaves.length > 50);
    for (const { leaf } of leaves) agreesWithNode(decodeCertificate(leaf));
  });
});

suite("decoding certificates", () => {
  test("gives views of what was read, whatever buffer it lies in", () => {
    const built = buildFulcioLeaf({ issuer: { key: rsa, subject: testName("CN=ca,O=test") } });
    const buffer = concatBytes(Uint8Array.of(1, 2, 3), built.der, Uint8Array.of(4));
    const view = buffer.subarray(3, 3 + built.der.length);
    const certificate = decodeCertificate(view);
    assert.equal(certificate.der, view);
    for (const part of [certificate.tbs, certificate.signature, certificate.issuer]) {
      assert.equal(part.buffer, buffer.buffer);
    }
    assert.deepEqual(certificate.subject, empty);
    assert.deepEqual(certificate.issuer, testName("CN=ca,O=test"));
    assert.equal(certificate.notBefore.toISOString(), "2030-01-01T00:00:00.000Z");
    assert.equal(certificate.notAfter.toISOString(), "2030-01-01T00:10:00.000Z");
    assert.deepEqual(certificate.publicKey, built.key.publicKey);
  });

  test("refuses every truncation and every byte that follows", () => {
    const { der } = buildFulcioLeaf({ issuer: { key, subject: testName("CN=ca") } });
    for (let length = 0; length < der.length; length++) {
      refused(der.subarray(0, length), "truncated");
    }
    for (const byte of [0, 0x30, 0xff]) {
      refused(concatBytes(der, Uint8Array.of(byte)), "trailing-data");
    }
  });

  test("no bit can change without a refusal or a bad signature", () => {
    const { der } = buildFulcioLeaf({ issuer: { key, subject: testName("CN=ca") } });
    const changed = Uint8Array.from(der);
    let decoded = 0;
    for (let i = 0; i < der.length; i++) {
      changed[i] = (der[i] as number) ^ (1 << (i % 8));
      try {
        const { signatureAlgorithm, tbs, signature } = decodeCertificate(changed);
        decoded++;
        assert.ok(!verifySignature(key.publicKey, signatureAlgorithm, tbs, signature), `byte ${i}`);
      } catch (error) {
        assert.ok(error instanceof FormatError, `byte ${i}: ${String(error)}`);
      }
      changed[i] = der[i] as number;
    }
    assert.ok(decoded > 100, "signatures were put to the test");
  });

  const badFields: [string, Partial<CertificateOptions>, FormatErrorCode, RegExp?][] = [
    ["version 1", { version: undefined }, "unsupported", /version 1/],
    ["version 1 written out", { version: 0 }, "unsupported"],
    ["version 2", { version: 1 }, "unsupported"],
    ["version 4", { version: 3 }, "unsupported"],
    [
      "another algorithm inside than outside",
      {
        innerAlgorithm: algorithmIdentifier({ kind: "ecdsa", hash: "sha256" }),
        outerAlgorithm: algorithmIdentifier({ kind: "ecdsa", hash: "sha384" }),
      },
      "malformed",
      /inside and outside differ/,
    ],
    [
      "an absent NULL outside that stands inside",
      {
        innerAlgorithm: derSequence(derOid("1.2.840.113549.1.1.11"), derNull()),
        outerAlgorithm: derSequence(derOid("1.2.840.113549.1.1.11")),
      },
      "malformed",
    ],
    [
      "a negative serial number",
      { editTbs: (fields) => fields.with(1, derInteger(-1)) },
      "out-of-range",
    ],
    [
      "a serial number with a superfluous zero",
      { editTbs: (fields) => fields.with(1, Uint8Array.of(2, 2, 0, 1)) },
      "non-canonical",
    ],
    ["a serial number of no bytes", { editTbs: (f) => f.with(1, der(2)) }, "malformed"],
    [
      "a validity with three times",
      { editTbs: (f) => f.with(4, derSequence(time("U"), time("U"), time("U"))) },
      "trailing-data",
    ],
    [
      "a validity with one time",
      { editTbs: (f) => f.with(4, derSequence(time("U"))) },
      "truncated",
    ],
    [
      "fractions of a second",
      { editTbs: (f) => f.with(4, derSequence(time("U"), time("20300101000000.5Z"))) },
      "non-canonical",
    ],
    [
      "fractions of a millisecond",
      { editTbs: (f) => f.with(4, derSequence(time("U"), time("20300101000000.0001Z"))) },
      "non-canonical",
    ],
    [
      "a time without seconds",
      { editTbs: (f) => f.with(4, derSequence(time("U"), time("203001010000Z"))) },
      "malformed",
    ],
    [
      "a time in another zone",
      { editTbs: (f) => f.with(4, derSequence(time("U"), time("20300101000000+0100"))) },
      "malformed",
    ],
    [
      "30 February",
      { editTbs: (f) => f.with(4, derSequence(time("U"), time("20300230000000Z"))) },
      "malformed",
    ],
    ["a field after the extensions", { editTbs: (f) => [...f, derNull()] }, "trailing-data"],
    ["an empty extension list", { editTbs: (f) => [...f, derExplicit(3, empty)] }, "truncated"],
    ["a subject that is a SET", { subject: der(0x31) }, "wrong-type"],
    ["an empty relative name", { subject: derSequence(der(0x31)) }, "truncated"],
    [
      "an attribute with a third element",
      { subject: attribute(derOid("2.5.4.3"), derUtf8String("x"), derNull()) },
      "trailing-data",
    ],
    ["an attribute without value", { subject: attribute(derOid("2.5.4.3")) }, "truncated"],
    ["an attribute without type", { subject: attribute(derUtf8String("x")) }, "wrong-type"],
  ];
  for (const [what, options, code, words] of badFields) {
    test(`refuses ${what}`, () => refused(buildCertificate({ key, ...options }).der, code, words));
  }

  test("refuses an element after the signature, and a signature with unused bits", () => {
    const { certificate } = buildCertificate({ key });
    const algorithm = algorithmIdentifier({ kind: "ecdsa", hash: "sha256" });
    const whole = (...rest: Uint8Array[]): Uint8Array =>
      derSequence(certificate.tbs, algorithm, ...rest);
    const bits = concatBytes(Uint8Array.of(0), certificate.signature);
    assert.deepEqual(whole(der(3, bits)), certificate.der);
    refused(whole(der(3, bits), derNull()), "trailing-data");
    refused(whole(der(3, bits.with(0, 1))), "malformed");
    refused(whole(), "truncated");
  });

  test("reads over unique identifiers and accepts the largest serial numbers", () => {
    const unique = (number: number): Uint8Array => der(contextTag(number, false), Uint8Array.of(0));
    const serialNumber = new Uint8Array(20).fill(0x7f);
    const { certificate } = buildCertificate({
      key,
      serialNumber,
      editTbs: (fields) => [...fields, unique(1), unique(2)],
    });
    assert.deepEqual(certificate.serialNumber, serialNumber);
    assert.equal(certificate.extensions.size, 0);
  });

  test("reads years on both sides of 2050", () => {
    const notBefore = new Date("2049-12-31T23:59:59Z");
    const notAfter = new Date("9999-12-31T23:59:59Z");
    const { certificate } = buildCertificate({ key, notBefore, notAfter });
    assert.deepEqual([certificate.notBefore, certificate.notAfter], [notBefore, notAfter]);
  });
});

suite("extension lists", () => {
  const one = extension.raw("1.2.3.4", false, Uint8Array.of(1));
  const build = (list: Uint8Array): Uint8Array =>
    buildCertificate({ key, editTbs: (fields) => [...fields, derExplicit(3, list)] }).der;
  const entry = (...parts: Uint8Array[]): Uint8Array => derSequence(derSequence(...parts));

  test("keeps order, criticality and content", () => {
    const { certificate } = buildCertificate({
      key,
      extensions: [one, extension.raw("1.2.3.3", true, new Uint8Array(0))],
    });
    assert.deepEqual(
      [...certificate.extensions],
      [
        ["1.2.3.4", { critical: false, value: Uint8Array.of(1) }],
        ["1.2.3.3", { critical: true, value: new Uint8Array(0) }],
      ],
    );
  });

  test("refuses an extension that occurs twice, whatever its criticality and content", () => {
    const again = extension.raw("1.2.3.4", true, Uint8Array.of(2));
    refused(buildCertificate({ key, extensions: [one, one] }).der, "duplicate-key", /1\.2\.3\.4/);
    refused(buildCertificate({ key, extensions: [one, again] }).der, "duplicate-key");
  });

  test("holds as many extensions as the limit says and no more", () => {
    const many = (count: number): Uint8Array => {
      const list = Array.from({ length: count }, (_, i) => ({ ...one, oid: `1.2.3.${i}` }));
      return buildCertificate({ key, extensions: list }).der;
    };
    const { extensions } = decodeCertificate(many(certificateExtensionsMax));
    assert.equal(extensions.size, certificateExtensionsMax);
    refused(many(certificateExtensionsMax + 1), "too-large");
  });

  test("holds as many bytes as the limit says and no more", () => {
    const sized = (size: number): Uint8Array =>
      buildCertificate({ key: rsa, extensions: [{ ...one, value: new Uint8Array(size) }] }).der;
    const spare = sized(certificateSizeBytesMax - 2000).length - (certificateSizeBytesMax - 2000);
    const largest = sized(certificateSizeBytesMax - spare);
    assert.equal(largest.length, certificateSizeBytesMax);
    decodeCertificate(largest);
    refused(sized(certificateSizeBytesMax - spare + 1), "too-large");
  });

  const bad: [string, Uint8Array, FormatErrorCode][] = [
    ["FALSE written out", entry(derOid("1.2.3"), derBoolean(false), derNull()), "non-canonical"],
    [
      "a BOOLEAN of 01",
      entry(derOid("1.2.3"), Uint8Array.of(1, 1, 1), derOctetString(new Uint8Array(1))),
      "non-canonical",
    ],
    ["no value", entry(derOid("1.2.3")), "truncated"],
    ["a value that is no OCTET STRING", entry(derOid("1.2.3"), derNull()), "wrong-type"],
    [
      "a second value",
      entry(derOid("1.2.3"), derOctetString(Uint8Array.of()), derNull()),
      "trailing-data",
    ],
    ["a malformed identifier", entry(der(6, Uint8Array.of(0x80, 1))), "non-canonical"],
    [
      "a second list",
      concatBytes(encodeExtensions([one]), encodeExtensions([one])),
      "trailing-data",
    ],
  ];
  for (const [what, list, code] of bad) {
    test(`refuses ${what}`, () => refused(build(list), code));
  }
});

suite("signature algorithms", () => {
  const withAlgorithm = (innerAlgorithm: Uint8Array): Uint8Array =>
    buildCertificate({ key: rsa, innerAlgorithm }).der;

  test("accepts PKCS#1 v1.5 with NULL and without", () => {
    const oid = derOid("1.2.840.113549.1.1.12");
    for (const identifier of [derSequence(oid, derNull()), derSequence(oid)]) {
      const { signatureAlgorithm } = decodeCertificate(withAlgorithm(identifier));
      assert.deepEqual(signatureAlgorithm, { kind: "rsa-pkcs1v15", hash: "sha384" });
    }
  });

  for (const hash of ["sha256", "sha384", "sha512"] as const) {
    test(`verifies RSA-PSS with ${hash}`, () => {
      const { certificate } = buildCertificate({ key: rsa, scheme: { kind: "rsa-pss", hash } });
      assert.deepEqual(certificate.signatureAlgorithm, { kind: "rsa-pss", hash });
      const { signatureAlgorithm, tbs, signature } = certificate;
      assert.ok(verifySignature(rsa.publicKey, signatureAlgorithm, tbs, signature));
    });
  }

  const pss = derOid("1.2.840.113549.1.1.10");
  const sha256 = derSequence(derOid("2.16.840.1.101.3.4.2.1"), derNull());
  const mgf1 = derSequence(derOid("1.2.840.113549.1.1.8"), sha256);
  const good = [derExplicit(0, sha256), derExplicit(1, mgf1), derExplicit(2, derInteger(32))];
  const parameters = (...parts: Uint8Array[]): Uint8Array =>
    derSequence(pss, derSequence(...parts));
  const bad: [string, Uint8Array, FormatErrorCode][] = [
    ["SHA-1 with RSA", derSequence(derOid("1.2.840.113549.1.1.5"), derNull()), "unsupported"],
    ["MD5 with RSA", derSequence(derOid("1.2.840.113549.1.1.4"), derNull()), "unsupported"],
    ["ECDSA with SHA-1", derSequence(derOid("1.2.840.10045.4.1")), "unsupported"],
    ["ECDSA with SHA-224", derSequence(derOid("1.2.840.10045.4.3.1")), "unsupported"],
    ["Ed448", derSequence(derOid("1.3.101.113")), "unsupported"],
    ["ECDSA with NULL", derSequence(derOid("1.2.840.10045.4.3.2"), derNull()), "trailing-data"],
    ["Ed25519 with NULL", derSequence(derOid("1.3.101.112"), derNull()), "trailing-data"],
    [
      "PKCS#1 v1.5 with parameters",
      derSequence(derOid("1.2.840.113549.1.1.11"), derInteger(1)),
      "trailing-data",
    ],
    ["no algorithm", empty, "truncated"],
    ["RSA-PSS without parameters", derSequence(pss), "truncated"],
    ["RSA-PSS with SHA-1 by default", parameters(), "unsupported"],
    ["RSA-PSS with another mask hash", pssIdentifier("sha256", "sha512", 32), "unsupported"],
    ["RSA-PSS with a short salt", pssIdentifier("sha256", "sha256", 20), "unsupported"],
    ["RSA-PSS with a long salt", pssIdentifier("sha256", "sha256", 64), "unsupported"],
    [
      "RSA-PSS with the default salt of 20",
      parameters(derExplicit(0, sha256), derExplicit(1, mgf1)),
      "unsupported",
    ],
    [
      "RSA-PSS with the default mask",
      parameters(derExplicit(0, sha256), derExplicit(2, derInteger(32))),
      "unsupported",
    ],
    [
      "RSA-PSS with another mask generation",
      parameters(
        derExplicit(0, sha256),
        derExplicit(1, derSequence(derOid("1.2.3"), sha256)),
        derExplicit(2, derInteger(32)),
      ),
      "unsupported",
    ],
    [
      "RSA-PSS with another trailer field",
      parameters(
        derExplicit(0, sha256),
        derExplicit(1, mgf1),
        derExplicit(2, derInteger(32)),
        derExplicit(3, derInteger(2)),
      ),
      "unsupported",
    ],
    ["RSA-PSS with a fifth parameter", parameters(...good, derNull()), "trailing-data"],
    [
      "RSA-PSS with bytes after the parameters",
      derSequence(pss, derSequence(...good), derNull()),
      "trailing-data",
    ],
    [
      "RSA-PSS with SHA-3",
      parameters(derExplicit(0, derSequence(derOid("2.16.840.1.101.3.4.2.8")))),
      "unsupported",
    ],
  ];
  test("accepts RSA-PSS with the default trailer field, left out or written", () => {
    for (const trailer of [[], [derExplicit(3, derInteger(1))]]) {
      const identifier = parameters(...good, ...trailer);
      const { signatureAlgorithm } = decodeCertificate(withAlgorithm(identifier));
      assert.deepEqual(signatureAlgorithm, { kind: "rsa-pss", hash: "sha256" });
    }
  });

  for (const [what, identifier, code] of bad) {
    test(`refuses ${what}`, () => refused(withAlgorithm(identifier), code));
  }
});

suite("keys", () => {
  for (const namedCurve of ["secp256k1", "secp224r1"]) {
    test(`refuses a key on ${namedCurve}`, () => {
      const pair = crypto.generateKeyPairSync("ec", { namedCurve });
      const spki = pair.publicKey.export({ format: "der", type: "spki" });
      refused(buildCertificate({ key, spki: new Uint8Array(spki) }).der, "unsupported");
    });
  }

  test("refuses an RSA key of 1024 bits", () => {
    const pair = crypto.generateKeyPairSync("rsa", { modulusLength: 1024 });
    const spki = pair.publicKey.export({ format: "der", type: "spki" });
    refused(buildCertificate({ key, spki: new Uint8Array(spki) }).der, "unsupported");
  });
});

suite("PEM files of certificates", () => {
  test("read back what was written, in order, with text around", () => {
    const chain = chainFile("P-256");
    const text = `subject=x\n${chain.map(encodeCertificatePem).join("\n")}# end\n`;
    assert.deepEqual(
      decodeCertificatesPem(text).map(({ der }) => der),
      chain.map(({ der }) => der),
    );
    assert.equal(chain.map(encodeCertificatePem).join(""), chainText("P-256"));
  });

  const pemCode = (text: string): unknown => {
    try {
      decodeCertificatesPem(text);
    } catch (error) {
      if (error instanceof FormatError) return error.code;
      throw error;
    }
    return "read";
  };

  test("refuse other blocks, no block, too many and bad certificates", () => {
    const text = chainText("P-256");
    assert.equal(pemCode(text.replaceAll("CERTIFICATE", "PUBLIC KEY")), "unsupported");
    assert.equal(pemCode(text.replaceAll("CERTIFICATE", "TRUSTED CERTIFICATE")), "unsupported");
    assert.equal(pemCode(""), "malformed-pem");
    assert.equal(pemCode("-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----\n"), "truncated");
    const [leaf] = chainFile("P-256") as [Certificate];
    assert.equal(pemCode(encodeCertificatePem(leaf).repeat(64)), "read");
    assert.equal(pemCode(encodeCertificatePem(leaf).repeat(65)), "too-large");
  });

  test("of the public instance's older targets are read", (t) => {
    if (needVectors(t, "public-good/targets") === undefined) return;
    for (const name of ["fulcio.crt.pem", "fulcio_v1.crt.pem", "fulcio_intermediate_v1.crt.pem"]) {
      const text = readFileSync(vectors(`public-good/targets/${name}`) as string, "utf8");
      const certificates = decodeCertificatesPem(text);
      assert.equal(certificates.length, 1);
      certificates.forEach(agreesWithNode);
    }
  });
});

/** DER of a time from its text; "U" is some UTCTime. */
function time(text: string): Uint8Array {
  return text === "U" ? der(0x17, utf8Bytes("300101000000Z")) : der(0x18, utf8Bytes(text));
}

/** A Name of one attribute with these elements. */
function attribute(...parts: Uint8Array[]): Uint8Array {
  return derSequence(der(0x31, derSequence(...parts)));
}
