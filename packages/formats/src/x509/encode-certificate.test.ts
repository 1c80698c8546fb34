// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { needVectors } from "../../../../test/vectors.ts";
import {
  buildCertificate,
  extension as testExtension,
  generalName,
  testKey,
  testName,
} from "../../test/certificate-builder.ts";
import { conformanceLeaves } from "../../test/certificate-files.ts";
import { bytesEqual, encodeHex, utf8Bytes } from "../bytes/index.ts";
import { algorithmByName, type SignatureScheme } from "../crypto/index.ts";
import { generatePrivateKey, messageSigner } from "../crypto/node/index.ts";
import { derNull, derUtf8String } from "../der/index.ts";
import { FormatError, type FormatErrorCode } from "../errors/index.ts";
import {
  assembleCertificate,
  authorityKeyIdentifierExtension,
  basicConstraintsExtension,
  type Certificate,
  decodeCertificate,
  embeddedSctList,
  embedSctList,
  emptyName,
  encodeGeneralName,
  encodeName,
  encodeSignatureAlgorithm,
  encodeTbsCertificate,
  extendedKeyUsage,
  extendedKeyUsageExtension,
  extensionOids,
  fulcioClaimExtensions,
  fulcioClaims,
  fulcioExtensions,
  type GeneralName,
  identityExtension,
  type KeyUsage,
  keyUsage,
  keyUsageExtension,
  type NamedExtension,
  nameToString,
  poisonExtension,
  sctListExtension,
  signCertificate,
  type SignerIdentity,
  signerIdentity,
  subjectAltNameExtension,
  subjectKeyIdentifierExtension,
  type TbsCertificate,
  tbsWithoutExtension,
} from "./index.ts";

const key = testKey();
const ca = buildCertificate({
  key,
  subject: "CN=ca,O=test",
  extensions: [testExtension.subjectKeyIdentifier(Uint8Array.of(1, 2, 3))],
});
const identity: SignerIdentity = { kind: "email", value: "signer@example.com" };
const good: TbsCertificate = {
  serialNumber: Uint8Array.of(0, 0x80, 1),
  signatureAlgorithm: { kind: "ecdsa", hash: "sha256" },
  issuer: ca.subject,
  notBefore: new Date("2030-01-01T00:00:00.999Z"),
  notAfter: new Date("2030-01-01T00:10:00Z"),
  subject: emptyName,
  publicKey: key.publicKey,
  extensions: [identityExtension(identity)],
};

/** A certificate with the fields; its signature is none. */
function made(fields: Partial<TbsCertificate>): Certificate {
  const tbs = { ...good, ...fields };
  const encoded = encodeTbsCertificate(tbs);
  return decodeCertificate(
    assembleCertificate(encoded, tbs.signatureAlgorithm, Uint8Array.of(1, 2)),
  );
}

const refuses = (code: FormatErrorCode) => (error: unknown) =>
  error instanceof FormatError && error.code === code;

suite("certificates are written", () => {
  test("byte for byte as Fulcio writes them", (t) => {
    const directory = needVectors(t, "sigstore-conformance/bundle-verify");
    if (directory === undefined) return;
    let rebuilt = 0;
    for (const { name, leaf } of conformanceLeaves(directory)) {
      const certificate = decodeCertificate(leaf);
      const sct = embeddedSctList(certificate);
      const authority = certificate.extensions.get(extensionOids.authorityKeyIdentifier);
      // Not those that lack something on purpose, nor those that another program made.
      const place = [...certificate.extensions.keys()].indexOf(extensionOids.subjectAltName);
      if (!sct || !authority || place !== 4) continue;
      const { serialNumber, signatureAlgorithm, publicKey, signature, ...rest } = certificate;
      const { issuer, notBefore, notAfter, subject } = rest;
      const tbs = encodeTbsCertificate({
        serialNumber,
        signatureAlgorithm,
        issuer,
        notBefore,
        notAfter,
        subject,
        publicKey,
        extensions: [
          keyUsageExtension(["digitalSignature"]),
          extendedKeyUsageExtension({ critical: false, purposes: ["1.3.6.1.5.5.7.3.3"] }),
          subjectKeyIdentifierExtension(publicKey),
          { oid: extensionOids.authorityKeyIdentifier, ...authority },
          identityExtension(signerIdentity(certificate)),
          ...fulcioClaimExtensions(fulcioClaims(certificate).claims),
          sctListExtension(sct),
        ],
      });
      assert.equal(encodeHex(tbs), encodeHex(certificate.tbs), name);
      assert.deepEqual(assembleCertificate(tbs, signatureAlgorithm, signature), leaf, name);
      rebuilt++;
    }
    assert.ok(rebuilt > 40, `${rebuilt} rebuilt`);
  });

  test("as an independent encoder writes them, for every way to sign", () => {
    const ecdsa = (["sha256", "sha384", "sha512"] as const).map(
      (hash) => ({ kind: "ecdsa", hash }) as const,
    );
    const rsaKey = testKey("rsa");
    const cases: [typeof key, SignatureScheme][] = [
      ...ecdsa.map((scheme) => [key, scheme] as [typeof key, SignatureScheme]),
      [rsaKey, { kind: "rsa-pkcs1v15", hash: "sha384" }],
      [rsaKey, { kind: "rsa-pss", hash: "sha512" }],
      [testKey("ed25519"), { kind: "ed25519" }],
    ];
    for (const [signingKey, scheme] of cases) {
      const extensions = [
        testExtension.keyUsage(["keyCertSign", "cRLSign"]),
        testExtension.basicConstraints(true, 0),
        testExtension.extendedKeyUsage(["1.3.6.1.5.5.7.3.8"], true),
        testExtension.subjectAltName([generalName.uri("https://x.example/a b")], false),
        testExtension.poison(),
      ];
      const issuer = { key: signingKey, subject: ca.subject };
      const expected = buildCertificate({ key, issuer, subject: "CN=x", scheme, extensions });
      const { tbs, notBefore, notAfter, serialNumber, subject, signature } = expected.certificate;
      const encoded = encodeTbsCertificate({
        serialNumber,
        signatureAlgorithm: scheme,
        issuer: ca.subject,
        notBefore,
        notAfter,
        subject,
        publicKey: key.publicKey,
        extensions: [
          keyUsageExtension(["cRLSign", "keyCertSign"]),
          basicConstraintsExtension({ ca: true, pathLength: 0 }),
          extendedKeyUsageExtension({ critical: true, purposes: ["1.3.6.1.5.5.7.3.8"] }),
          subjectAltNameExtension([{ kind: "uri", value: "https://x.example/a b" }], false),
          poisonExtension,
        ],
      });
      assert.equal(encodeHex(encoded), encodeHex(tbs));
      assert.deepEqual(assembleCertificate(encoded, scheme, signature), expected.der);
    }
    assert.throws(() => encodeSignatureAlgorithm({ kind: "ed25519ph" }), refuses("unsupported"));
  });

  test("and signed by whoever signs", async () => {
    for (const name of ["PKIX_ECDSA_P384_SHA_384", "PKIX_ED25519"]) {
      const signer = messageSigner(generatePrivateKey(algorithmByName(name)));
      const certificate = decodeCertificate(await signCertificate(good, signer));
      assert.deepEqual(certificate.signatureAlgorithm, signer.algorithm.scheme);
      assert.deepEqual(certificate.serialNumber, Uint8Array.of(0, 0x80, 1));
      assert.equal(certificate.notBefore.toISOString(), "2030-01-01T00:00:00.000Z");
      const broken = { ...signer, sign: () => Promise.reject(new Error("the token is gone")) };
      await assert.rejects(signCertificate(good, broken), /^Error: the token is gone$/);
    }
  });

  test("with UTCTime until 2049, GeneralizedTime from 2050 on", () => {
    const notBefore = new Date("2049-12-31T23:59:59Z");
    const notAfter = new Date("2050-01-01T00:00:00Z");
    const { tbs, ...read } = made({ notBefore, notAfter });
    assert.deepEqual([read.notBefore, read.notAfter], [notBefore, notAfter]);
    const hex = encodeHex(tbs);
    assert.ok(hex.includes(encodeHex(utf8Bytes("\x17\r491231235959Z"))));
    assert.ok(hex.includes(encodeHex(utf8Bytes("\x18\x0f20500101000000Z"))));
    const last = new Date("9999-12-31T23:59:59Z");
    assert.deepEqual(made({ notAfter: last }).notAfter, last);
  });

  const time = (text: string): Date => new Date(text);
  const many = (count: number): NamedExtension[] =>
    Array.from({ length: count }, (_, i) => ({ ...poisonExtension, oid: `1.2.3.${i}` }));
  const notCritical = { ...identityExtension(identity), critical: false };
  for (const [what, fields, code] of [
    ["without a serial number", { serialNumber: new Uint8Array(0) }, "out-of-range"],
    ["with the serial number zero", { serialNumber: new Uint8Array(5) }, "out-of-range"],
    ["with a serial number of 21 octets", { serialNumber: bytes(21, 1) }, "out-of-range"],
    ["with one that needs 21 octets", { serialNumber: bytes(20, 0x80) }, "out-of-range"],
    ["from before 1950", { notBefore: time("1949-12-31T23:59:59Z") }, "out-of-range"],
    ["until after 9999", { notAfter: time("+010000-01-01T00:00:00Z") }, "out-of-range"],
    ["with a time that is none", { notAfter: time("never") }, "out-of-range"],
    ["that end before they begin", { notAfter: time("2029-12-31T00:00:00Z") }, "out-of-range"],
    ["of an issuer without a name", { issuer: emptyName }, "missing-field"],
    ["of an issuer that is no name", { issuer: derNull() }, "wrong-type"],
    ["with bytes after the subject", { subject: bytes(3, 0x30, 0) }, "trailing-data"],
    ["with no name at all", { extensions: [] }, "missing-field"],
    ["with a name that may be ignored", { extensions: [notCritical] }, "missing-field"],
    ["with one extension twice", { extensions: [...many(2), ...many(1)] }, "duplicate-key"],
    ["with more extensions than are read", { extensions: many(65) }, "too-large"],
  ] as const satisfies [string, Partial<TbsCertificate>, FormatErrorCode][]) {
    test(`not ${what}`, () => {
      assert.throws(() => encodeTbsCertificate({ ...good, ...fields }), refuses(code));
    });
  }

  test("with the longest serial number", () => {
    assert.equal(made({ serialNumber: bytes(20, 0x7f) }).serialNumber.length, 20);
    assert.equal(made({ serialNumber: bytes(19, 0x80) }).serialNumber.length, 20);
  });
});

function bytes(length: number, first: number, rest = 0xff): Uint8Array {
  return new Uint8Array(length).fill(rest).with(0, first);
}

suite("extensions are written", () => {
  test("every combination of key usages", () => {
    const names: KeyUsage[] = ["digitalSignature", "keyCertSign", "cRLSign", "decipherOnly"];
    for (let bits = 1; bits < 1 << names.length; bits++) {
      const usages = names.filter((_, i) => (bits >> i) & 1);
      const read = keyUsage(made({ extensions: [...good.extensions, keyUsageExtension(usages)] }));
      assert.deepEqual([...read!], usages);
    }
    assert.throws(() => keyUsageExtension([]), refuses("missing-field"));
    assert.equal(encodeHex(keyUsageExtension(["digitalSignature"]).value), "03020780");
  });

  test("constraints and purposes", () => {
    assert.equal(encodeHex(basicConstraintsExtension({ ca: false }).value), "3000");
    assert.equal(encodeHex(basicConstraintsExtension({ ca: true }).value), "30030101ff");
    const odd = { ca: false, pathLength: 0 };
    assert.throws(() => basicConstraintsExtension(odd), refuses("conflicting-fields"));
    const purposes = ["1.3.6.1.5.5.7.3.8", "1.3.6.1.5.5.7.3.3"];
    const usage = { critical: true, purposes };
    const read = made({ extensions: [...good.extensions, extendedKeyUsageExtension(usage)] });
    assert.deepEqual(extendedKeyUsage(read), usage);
    const none = { critical: true, purposes: [] };
    assert.throws(() => extendedKeyUsageExtension(none), refuses("missing-field"));
  });

  test("the issuer's own key identifier, which must be there", () => {
    const { value } = authorityKeyIdentifierExtension(ca.certificate);
    assert.equal(encodeHex(value), "30058003010203");
    const without = buildCertificate({ key, subject: "CN=ca" }).certificate;
    assert.throws(() => authorityKeyIdentifierExtension(without), refuses("missing-field"));
  });

  const identities: readonly SignerIdentity[] = [
    identity,
    { kind: "uri", value: "https://github.com/a/b/.github/workflows/c d.yml@refs/heads/main" },
    { kind: "uri", value: `spiffe://x/${"y".repeat(300)}` },
    { kind: "otherName", value: "foo!bar.example" },
    { kind: "otherName", value: "ü!bücher.example" },
  ];
  for (const one of identities) {
    test(`the identity ${one.value.slice(0, 40)}`, () => {
      assert.deepEqual(signerIdentity(made({ extensions: [identityExtension(one)] })), one);
    });
  }

  for (const [value, code] of [
    ["", "missing-field"],
    ["ü@example.com", "malformed"],
    ["a\0@example.com", "malformed"],
    ["a@example.com\n", "malformed"],
    ["a\u007f@example.com", "malformed"],
    ["\ud800@example.com", "malformed"],
    ["x".repeat(8_193), "too-large"],
  ] as const) {
    test(`not the identity ${JSON.stringify(value.slice(0, 20))}`, () => {
      for (const kind of ["email", "uri"] as const) {
        assert.throws(() => identityExtension({ kind, value }), refuses(code));
      }
      if (/^(?:ü|a)/.test(value)) return; // an otherName is UTF-8
      assert.throws(() => identityExtension({ kind: "otherName", value }), refuses(code));
    });
  }

  test("all kinds of names that are read", () => {
    const names: readonly [GeneralName, Uint8Array][] = [
      [{ kind: "dns", value: "x.example" }, generalName.dns("x.example")],
      [{ kind: "ip", value: bytes(4, 10) }, generalName.ip(bytes(4, 10))],
      [{ kind: "ip", value: bytes(16, 10) }, generalName.ip(bytes(16, 10))],
      [
        { kind: "directoryName", value: testName("CN=a") },
        generalName.directoryName(testName("CN=a")),
      ],
      [
        { kind: "otherName", oid: "1.2.3", value: derUtf8String("x") },
        generalName.otherName("x", "1.2.3"),
      ],
      [{ kind: "registeredId", value: "1.2.840" }, Uint8Array.of(0x88, 3, 0x2a, 0x86, 0x48)],
    ];
    for (const [name, expected] of names) assert.deepEqual(encodeGeneralName(name), expected);
    for (const [name, code] of [
      [{ kind: "ip", value: bytes(5, 1) }, "malformed"],
      [{ kind: "otherName", oid: "1.2.3", value: utf8Bytes("x") }, "truncated"],
      [{ kind: "directoryName", value: bytes(3, 0x30, 0) }, "trailing-data"],
      [{ kind: "unread", tag: 0xa3, value: bytes(1, 1) }, "unsupported"],
      [{ kind: "dns", value: "bücher.example" }, "malformed"],
    ] as const satisfies [GeneralName, FormatErrorCode][]) {
      assert.throws(() => encodeGeneralName(name), refuses(code));
    }
    assert.throws(() => subjectAltNameExtension([], true), refuses("missing-field"));
  });

  test("Fulcio's claims, in their order, the issuer twice, without empty ones", () => {
    const claims = Object.fromEntries(
      fulcioExtensions.toReversed().map(({ name }) => [name, `${name} ü ${"x".repeat(120)}`]),
    );
    claims["issuerV1"] = claims["issuer"]!;
    const written = fulcioClaimExtensions(claims);
    assert.deepEqual(
      written.map(({ oid }) => oid),
      fulcioExtensions.map(({ oid }) => oid),
    );
    const read = made({ extensions: [...good.extensions, ...written] });
    assert.deepEqual(fulcioClaims(read).claims, claims);

    const issuer = "https://issuer.example";
    const few = fulcioClaimExtensions({ buildTrigger: "", issuer, githubWorkflowRef: "r" });
    const texts = few.map(({ oid, value }) => [oid.split(".").at(-1), encodeHex(value)]);
    const hex = encodeHex(utf8Bytes(issuer));
    assert.deepEqual(texts, [
      ["1", hex],
      ["6", "72"],
      ["8", `0c16${hex}`],
    ]);
  });

  test("not claims that cannot be written", () => {
    const message = { message: /extensions must have a non-empty issuer url/ };
    assert.throws(() => fulcioClaimExtensions({}), message);
    assert.throws(() => fulcioClaimExtensions({ issuer: "" }), refuses("missing-field"));
    const two = { issuer: "a", issuerV1: "b" };
    assert.throws(() => fulcioClaimExtensions(two), refuses("conflicting-fields"));
    const lone = { issuer: "a", buildTrigger: "\udc00" };
    assert.throws(() => fulcioClaimExtensions(lone), refuses("malformed"));
    const long = { issuer: "a", tokenSubject: "x".repeat(8_193) };
    assert.throws(() => fulcioClaimExtensions(long), refuses("too-large"));
  });
});

suite("names are written", () => {
  test("outermost first", () => {
    const name = encodeName([
      ["C", "DE"],
      ["ST", "Bayern"],
      ["L", "München"],
      ["O", "test"],
      ["OU", "unit"],
      ["CN", "root"],
    ]);
    assert.equal(nameToString(name), "CN=root,OU=unit,O=test,L=München,ST=Bayern,C=DE");
    assert.ok(encodeHex(name).includes("310b300906035504061302444531"));
    assert.deepEqual(
      encodeName([
        ["O", "test"],
        ["CN", "root"],
      ]),
      testName("CN=root,O=test"),
    );
  });

  for (const [attributes, code] of [
    [[], "missing-field"],
    [[["CN", ""]], "missing-field"],
    [[["C", "USA"]], "too-large"],
    [[["C", "us"]], "malformed"],
    [[["CN", "a\nb"]], "malformed"],
    [[["CN", "\ud800"]], "malformed"],
    [[["O", "x".repeat(65)]], "too-large"],
  ] as const satisfies [Parameters<typeof encodeName>[0], FormatErrorCode][]) {
    test(`not ${JSON.stringify(attributes).slice(0, 40)}`, () => {
      assert.throws(() => encodeName(attributes), refuses(code));
    });
  }
});

suite("a precertificate", () => {
  const list = utf8Bytes("a list of timestamps");
  const poisoned = made({ extensions: [...good.extensions, poisonExtension] });

  test("becomes the certificate that differs in that extension alone", () => {
    const tbs = embedSctList(poisoned, list);
    const certificate = decodeCertificate(
      assembleCertificate(tbs, poisoned.signatureAlgorithm, poisoned.signature),
    );
    assert.deepEqual(embeddedSctList(certificate), list);
    assert.deepEqual([...certificate.extensions.keys()].at(-1), extensionOids.sctList);
    const logged = tbsWithoutExtension(poisoned, extensionOids.precertificatePoison);
    assert.ok(bytesEqual(logged, tbsWithoutExtension(certificate, extensionOids.sctList)));
    assert.ok(bytesEqual(logged, made({}).tbs));
    const direct = made({ extensions: [...good.extensions, sctListExtension(list)] });
    assert.ok(bytesEqual(tbs, direct.tbs));
  });

  test("must be one, and without timestamps", () => {
    assert.throws(() => embedSctList(made({}), list), refuses("missing-field"));
    const both = [...good.extensions, sctListExtension(list), poisonExtension];
    assert.throws(() => embedSctList(made({ extensions: both }), list), refuses("duplicate-key"));
  });
});
