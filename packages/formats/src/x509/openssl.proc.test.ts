// SPDX-License-Identifier: Apache-2.0
// What is written here as OpenSSL reads it, and its requests as they are read here.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, suite, test } from "node:test";
import { algorithmByName, type MessageSigner } from "../crypto/index.ts";
import { generatePrivateKey, messageSigner } from "../crypto/node/index.ts";
import {
  authorityKeyIdentifierExtension,
  type Certificate,
  decodeCertificate,
  decodeCertificateRequestPem,
  emptyName,
  encodeCertificatePem,
  encodeName,
  extendedKeyUsageExtension,
  fulcioClaimExtensions,
  identityExtension,
  keyPurposes,
  keyUsageExtension,
  makeIntermediateCertificate,
  makeRootCertificate,
  signCertificate,
  subjectKeyIdentifierExtension,
  verifyCertificateRequest,
} from "./index.ts";

const missing = spawnSync("openssl", ["version"]).status === 0 ? false : "no openssl here";
const directory = mkdtempSync(join(tmpdir(), "chancery-x509-"));
after(() => rmSync(directory, { recursive: true, force: true }));

function openssl(...args: readonly string[]): string {
  const { status, stdout, stderr } = spawnSync("openssl", args, { encoding: "utf8" });
  assert.equal(status, 0, `openssl ${args.join(" ")}: ${stderr}`);
  return stdout;
}

function file(name: string, content: string): string {
  const path = join(directory, name);
  writeFileSync(path, content);
  return path;
}

const newSigner = (name: string): MessageSigner =>
  messageSigner(generatePrivateKey(algorithmByName(name)), algorithmByName(name));
const validity = {
  notBefore: new Date("2020-01-01T00:00:00Z"),
  notAfter: new Date("2059-12-31T23:59:59Z"),
};
const serialNumber = Uint8Array.of(0xc0, 0xff, 0xee);

async function chain(
  algorithm: string,
): Promise<{ pem: Record<string, string>; leaf: Certificate }> {
  const [rootSigner, middleSigner, { publicKey }] = [1, 2, 3].map(() => newSigner(algorithm)) as [
    MessageSigner,
    MessageSigner,
    MessageSigner,
  ];
  const subject = encodeName([
    ["O", "Prüfung"],
    ["CN", "root"],
  ]);
  const root = await makeRootCertificate({ serialNumber, subject, ...validity }, rootSigner);
  const middle = await makeIntermediateCertificate(
    {
      serialNumber,
      subject: encodeName([
        ["C", "DE"],
        ["CN", "intermediate"],
      ]),
      ...validity,
      publicKey: middleSigner.publicKey,
      usage: "code-signing",
    },
    { certificate: root, signer: rootSigner },
  );
  const extensions = [
    keyUsageExtension(["digitalSignature"]),
    extendedKeyUsageExtension({ critical: false, purposes: [keyPurposes.codeSigning] }),
    subjectKeyIdentifierExtension(publicKey),
    authorityKeyIdentifierExtension(middle),
    identityExtension({ kind: "otherName", value: "foo!example.com" }),
    ...fulcioClaimExtensions({ issuer: "https://issuer.example", buildTrigger: "push" }),
  ];
  const issuer = middle.subject;
  const fields = { serialNumber, subject: emptyName, issuer, ...validity, publicKey, extensions };
  const leaf = decodeCertificate(await signCertificate(fields, middleSigner));
  const pem = Object.fromEntries(
    Object.entries({ root, middle, leaf }).map(([name, certificate]) => [
      name,
      file(`${algorithm}-${name}.pem`, encodeCertificatePem(certificate)),
    ]),
  );
  return { pem, leaf };
}

suite("OpenSSL", { skip: missing }, () => {
  for (const algorithm of [
    "PKIX_ECDSA_P256_SHA_256",
    "PKIX_ECDSA_P384_SHA_384",
    "PKIX_ECDSA_P521_SHA_512",
    "PKIX_RSA_PKCS1V15_2048_SHA256",
    "PKIX_RSA_PSS_2048_SHA256",
    "PKIX_ED25519",
  ]) {
    test(`verifies a chain of ${algorithm}, strictly`, async () => {
      const { pem } = await chain(algorithm);
      const trust = ["-CAfile", pem["root"]!, "-untrusted", pem["middle"]!];
      assert.match(openssl("verify", "-x509_strict", ...trust, pem["leaf"]!), /: OK\n$/);
    });
  }

  test("reads the fields and extensions of a leaf", async () => {
    const { pem, leaf } = await chain("PKIX_ECDSA_P256_SHA_256");
    const text = openssl("x509", "-in", pem["leaf"]!, "-noout", "-text", "-nameopt", "utf8");
    for (const expected of [
      /Serial Number: 12648430 \(0xc0ffee\)/,
      /Issuer: C=DE, CN=intermediate/,
      /Not Before: Jan {2}1 00:00:00 2020 GMT/,
      /Not After : Dec 31 23:59:59 2059 GMT/,
      /Key Usage: critical\n +Digital Signature\n/,
      /Extended Key Usage: *\n +Code Signing\n/,
      /Subject Alternative Name: critical\n +othername: 1\.3\.6\.1\.4\.1\.57264\.1\.7/,
      /1\.3\.6\.1\.4\.1\.57264\.1\.1: *\n +https:\/\/issuer\.example\n/,
      /1\.3\.6\.1\.4\.1\.57264\.1\.20: *\n +\.\.push\n/,
    ]) {
      assert.match(text, expected);
    }
    const reencoded = openssl("x509", "-in", pem["leaf"]!, "-outform", "PEM");
    assert.equal(reencoded, encodeCertificatePem(leaf));
    const name = openssl("x509", "-in", pem["root"]!, "-noout", "-subject", "-nameopt", "RFC2253");
    assert.equal(name, "subject=CN=root,O=Pr\\C3\\BCfung\n");
  });

  test("makes requests that are read", () => {
    for (const [name, type, ...options] of [
      ["ec", "EC", "-pkeyopt", "ec_paramgen_curve:P-256"],
      ["rsa", "RSA", "-pkeyopt", "rsa_keygen_bits:2048"],
      ["ed", "ED25519"],
    ] as const) {
      const key = join(directory, `${name}.key`);
      openssl("genpkey", "-algorithm", type, ...options, "-out", key);
      const request = join(directory, `${name}.csr`);
      const extensions = ["-addext", "basicConstraints=critical,CA:TRUE"];
      openssl("req", "-new", "-key", key, "-subj", "/CN=x", ...extensions, "-out", request);
      const pem = openssl("req", "-in", request);
      const read = decodeCertificateRequestPem(pem);
      assert.equal(verifyCertificateRequest(read), true);
      assert.deepEqual([...read.extensions.keys()], ["2.5.29.19"]);
    }
  });
});
