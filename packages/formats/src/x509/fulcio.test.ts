// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { needVectors } from "../../../../test/vectors.ts";
import {
  buildCertificate,
  buildFulcioLeaf,
  extension,
  type FulcioLeafOptions,
  generalName,
  type TestExtension,
  testKey,
  testName,
} from "../../test/certificate-builder.ts";
import { conformanceLeaves } from "../../test/certificate-files.ts";
import { concatBytes, utf8Bytes } from "../bytes/index.ts";
import { contextTag, der, derExplicit, derNull, derOid, derUtf8String } from "../der/index.ts";
import { FormatError, type FormatErrorCode } from "../errors/index.ts";
import { type Certificate, decodeCertificate } from "./certificate.ts";
import { fulcioClaims, fulcioExtensions, signerIdentity } from "./fulcio.ts";

const key = testKey();
const issuer = { key, subject: testName("CN=ca") };
const leaf = (options: Partial<FulcioLeafOptions> = {}): Certificate =>
  buildFulcioLeaf({ issuer, key, ...options }).certificate;
const bare = (...extensions: TestExtension[]): Certificate =>
  buildCertificate({ key, extensions }).certificate;
const arc = "1.3.6.1.4.1.57264.1";
const hasCode =
  (code: FormatErrorCode) =>
  (error: unknown): boolean =>
    error instanceof FormatError && error.code === code;

suite("Fulcio's claims", () => {
  test("of the conformance suite's GitHub workflow are read by name", (t) => {
    const directory = needVectors(t, "sigstore-conformance/bundle-verify");
    if (directory === undefined) return;
    const cases = conformanceLeaves(directory);
    const found = cases.find(({ name }) => name === "happy-path-v0.3");
    const certificate = decodeCertificate(found!.leaf);
    const { issuer: name, claims } = fulcioClaims(certificate);
    assert.equal(name, "https://token.actions.githubusercontent.com");
    assert.equal(claims.issuer, claims.issuerV1);
    assert.equal(claims.buildTrigger, "workflow_dispatch");
    assert.equal(claims.githubWorkflowTrigger, claims.buildTrigger);
    assert.equal(claims.githubWorkflowSHA, claims.sourceRepositoryDigest);
    assert.match(claims.sourceRepositoryURI!, /^https:\/\/github\.com\/sigstore-conformance\//);
    assert.deepEqual(signerIdentity(certificate), { kind: "uri", value: claims.buildSignerURI });
    for (const { name: other, leaf: bytes } of cases) {
      const read = decodeCertificate(bytes);
      assert.notEqual(fulcioClaims(read).issuer, undefined, other);
      assert.notEqual(signerIdentity(read).value, "", other);
    }
  });

  test("read back whatever each extension says", () => {
    for (const { name, oid } of fulcioExtensions) {
      // Beyond 127 bytes the UTF8String has a long length.
      const text = `${name} ü ${"x".repeat(120)}`;
      const certificate = bare(extension.fulcio(name, text));
      assert.deepEqual(fulcioClaims(certificate).claims, { [name]: text }, oid);
    }
  });

  test("have names and identifiers of their own, and raw text up to arc 6", () => {
    assert.equal(new Set(fulcioExtensions.map(({ name }) => name)).size, 23);
    assert.equal(new Set(fulcioExtensions.map(({ oid }) => oid)).size, 23);
    for (const { oid, encoding } of fulcioExtensions) {
      assert.ok(oid.startsWith(`${arc}.`));
      const last = Number(oid.slice(arc.length + 1));
      assert.equal(encoding, last <= 6 ? "raw" : "utf8String", oid);
    }
  });

  test("take the issuer from 1.8, else from 1.1, else from nowhere", () => {
    assert.equal(fulcioClaims(bare(extension.fulcio("issuer", "a"))).issuer, "a");
    assert.equal(fulcioClaims(bare(extension.fulcio("issuerV1", "b"))).issuer, "b");
    assert.equal(fulcioClaims(bare()).issuer, undefined);
    assert.equal(fulcioClaims(leaf({ claims: { issuer: "c" } })).issuer, "c");
  });

  test("are refused where the two issuers differ", () => {
    const certificate = leaf({ claims: { issuer: "https://a", issuerV1: "https://a/" } });
    assert.throws(() => fulcioClaims(certificate), hasCode("conflicting-fields"));
  });

  test("pass over extensions of the arc that a newer Fulcio may write", () => {
    const newer = extension.raw(`${arc}.25`, false, Uint8Array.of(0xff));
    assert.deepEqual(fulcioClaims(bare(newer, extension.fulcio("issuer", "a"))).claims, {
      issuer: "a",
    });
  });

  const bad: [string, number, Uint8Array, FormatErrorCode][] = [
    ["raw text that is no UTF-8", 1, Uint8Array.of(0xff), "malformed-utf8"],
    ["raw text in 1.8", 8, utf8Bytes("https://a"), "wrong-type"],
    ["a PrintableString in 1.8", 8, der(0x13, utf8Bytes("a")), "wrong-type"],
    [
      "bytes after the UTF8String",
      9,
      concatBytes(derUtf8String("a"), Uint8Array.of(0)),
      "trailing-data",
    ],
    ["a UTF8String that is none", 24, der(0x0c, Uint8Array.of(0xc0, 0x80)), "malformed-utf8"],
    ["an empty value", 12, new Uint8Array(0), "truncated"],
  ];
  for (const [what, last, value, code] of bad) {
    test(`are refused for ${what}`, () => {
      const certificate = bare(extension.raw(`${arc}.${last}`, false, value));
      assert.throws(() => fulcioClaims(certificate), hasCode(code));
    });
  }
});

suite("the signer's identity", () => {
  const identityOf = (...names: Uint8Array[]): unknown =>
    signerIdentity(bare(extension.subjectAltName(names)));

  test("is an e-mail address, a URI or Fulcio's other name", () => {
    assert.deepEqual(signerIdentity(leaf()), { kind: "email", value: "signer@example.com" });
    assert.deepEqual(identityOf(generalName.uri("https://a/b@c")), {
      kind: "uri",
      value: "https://a/b@c",
    });
    assert.deepEqual(identityOf(generalName.otherName("jürgen!example.com")), {
      kind: "otherName",
      value: "jürgen!example.com",
    });
  });

  test("is refused where there is none", () => {
    assert.throws(() => signerIdentity(bare()), hasCode("missing-field"));
  });

  const bad: [string, Uint8Array[], FormatErrorCode][] = [
    [
      "two names",
      [generalName.email("a@example.com"), generalName.email("b@example.com")],
      "conflicting-fields",
    ],
    [
      "an acceptable name and another",
      [generalName.email("a@example.com"), generalName.dns("example.com")],
      "conflicting-fields",
    ],
    ["a DNS name", [generalName.dns("example.com")], "unsupported"],
    ["an IP address", [generalName.ip(Uint8Array.of(1, 2, 3, 4))], "unsupported"],
    ["a directory name", [generalName.directoryName(testName("CN=a"))], "unsupported"],
    ["an other name of another type", [generalName.otherName("a", "1.2.3")], "unsupported"],
    ["an empty e-mail address", [generalName.email("")], "missing-field"],
    ["an empty other name", [generalName.otherName("")], "missing-field"],
    [
      "an other name that is no text",
      [derExplicit(0, derOid(`${arc}.7`), derExplicit(0, derNull()))],
      "wrong-type",
    ],
    [
      "an other name with broken text",
      [derExplicit(0, derOid(`${arc}.7`), derExplicit(0, der(0x0c, Uint8Array.of(0xff))))],
      "malformed-utf8",
    ],
    ["a name of no known kind", [der(contextTag(10, false))], "wrong-type"],
  ];
  for (const [what, names, code] of bad) {
    test(`is refused for ${what}`, () => assert.throws(() => identityOf(...names), hasCode(code)));
  }
});
