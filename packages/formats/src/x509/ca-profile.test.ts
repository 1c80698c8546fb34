// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { testName } from "../../test/certificate-builder.ts";
import { algorithmByName, keyIdentifier, type MessageSigner } from "../crypto/index.ts";
import { generatePrivateKey, messageSigner } from "../crypto/node/index.ts";
import { FormatError } from "../errors/index.ts";
import {
  authorityKeyIdentifier,
  basicConstraints,
  type Certificate,
  type CertificateDescription,
  checkIssued,
  extendedKeyUsage,
  extensionOids,
  type IntermediateDescription,
  keyPurposes,
  keyUsage,
  makeIntermediateCertificate,
  makeRootCertificate,
  makeTimestampingCertificate,
  prepareIssuers,
  subjectKeyIdentifier,
  verifyLeaf,
} from "./index.ts";

const signers = ["P384_SHA_384", "P256_SHA_256", "P256_SHA_256"].map((name) =>
  messageSigner(generatePrivateKey(algorithmByName(`PKIX_ECDSA_${name}`))),
) as [MessageSigner, MessageSigner, MessageSigner];
const [rootSigner, middleSigner, leafSigner] = signers;
const describe = (name: string): CertificateDescription => ({
  serialNumber: Uint8Array.of(1, name.length),
  subject: testName(`CN=${name},O=test`),
  notBefore: new Date("2030-01-01T00:00:00Z"),
  notAfter: new Date("2039-01-01T00:00:00Z"),
});
const root = await makeRootCertificate(describe("root"), rootSigner);
const middleDescription: IntermediateDescription = {
  ...describe("intermediate"),
  publicKey: middleSigner.publicKey,
  usage: "time-stamping",
};
const rootIssuer = { certificate: root, signer: rootSigner };
const middle = await makeIntermediateCertificate(middleDescription, rootIssuer);
const middleIssuer = { certificate: middle, signer: middleSigner };
const leafDescription = { ...describe("leaf"), publicKey: leafSigner.publicKey };
const leaf = await makeTimestampingCertificate(leafDescription, middleIssuer);

const names = (certificate: Certificate): string[] =>
  [...certificate.extensions].map(([oid, { critical }]) => {
    const name = Object.entries(extensionOids).find(([, known]) => known === oid)?.[0] ?? oid;
    return critical ? `${name}!` : name;
  });

suite("the certificates of an authority", () => {
  test("have the extensions of their profile", () => {
    const ca = ["keyUsage!", "basicConstraints!"];
    const ids = ["subjectKeyIdentifier", "authorityKeyIdentifier"];
    assert.deepEqual(names(root), [...ca, "subjectKeyIdentifier"]);
    assert.deepEqual(names(middle), [...ca, "extendedKeyUsage", ...ids]);
    assert.deepEqual(names(leaf), ["keyUsage!", "extendedKeyUsage!", ...ids]);
    assert.deepEqual(basicConstraints(root), { ca: true });
    assert.deepEqual(basicConstraints(middle), { ca: true, pathLength: 0 });
    for (const certificate of [root, middle]) {
      assert.deepEqual([...keyUsage(certificate)!], ["keyCertSign", "cRLSign"]);
    }
    assert.deepEqual([...keyUsage(leaf)!], ["digitalSignature"]);
    const { timeStamping } = keyPurposes;
    assert.deepEqual(extendedKeyUsage(middle), { critical: false, purposes: [timeStamping] });
    assert.deepEqual(extendedKeyUsage(leaf), { critical: true, purposes: [timeStamping] });
    assert.deepEqual(authorityKeyIdentifier(leaf)?.keyIdentifier, subjectKeyIdentifier(middle));
    assert.deepEqual(subjectKeyIdentifier(leaf), keyIdentifier(leafSigner.publicKey));
  });

  test("hold together", () => {
    checkIssued(leaf, middle, 0);
    checkIssued(middle, root, 0);
    const issuers = prepareIssuers([middle, root]);
    const path = verifyLeaf(leaf, issuers, new Date("2031-01-01T00:00:00Z"), "time-stamping");
    assert.deepEqual(path, [leaf, middle, root]);
  });

  test("may have CAs below the intermediate", async () => {
    const deep = { ...middleDescription, pathLength: 2 };
    const made = await makeIntermediateCertificate(deep, rootIssuer);
    assert.deepEqual(basicConstraints(made), { ca: true, pathLength: 2 });
  });

  for (const [what, issuer, change] of [
    ["by what is no CA", { certificate: leaf, signer: leafSigner }, {}],
    ["with another key than the issuer's", { certificate: middle, signer: rootSigner }, {}],
    ["for longer than the issuer", middleIssuer, { notAfter: new Date("2039-01-01T00:00:01Z") }],
    ["from before the issuer", middleIssuer, { notBefore: new Date("2029-12-31T23:59:59Z") }],
  ] as const) {
    test(`are not issued ${what}`, async () => {
      await assert.rejects(
        makeTimestampingCertificate({ ...leafDescription, ...change }, issuer),
        (error) => error instanceof FormatError && error.code === "conflicting-fields",
      );
    });
  }

  test("need a name", async () => {
    const nameless = { ...describe("root"), subject: Uint8Array.of(0x30, 0) };
    await assert.rejects(makeRootCertificate(nameless, rootSigner), { code: "missing-field" });
  });
});
