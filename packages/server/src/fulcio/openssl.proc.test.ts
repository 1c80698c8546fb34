// SPDX-License-Identifier: Apache-2.0
// OpenSSL as a reader of certificates, and as the maker of requests for them.
import assert from "node:assert/strict";
import { execFile, spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, suite, test } from "node:test";
import { promisify } from "node:util";
import { encodeCertificatePem } from "@chancery/formats/x509";
import {
  ask,
  certificatesOf,
  fulcioWorld,
  isRefused,
  withCsr,
  withProof,
} from "../../test/fulcio-world.ts";
import { start } from "../../test/token-world.ts";

const missing = spawnSync("openssl", ["version"]).status === 0 ? false : "no openssl here";
const directory = mkdtempSync(join(tmpdir(), "chancery-fulcio-"));
after(() => rmSync(directory, { recursive: true, force: true }));
const path = (name: string): string => join(directory, name);
const run = promisify(execFile);
async function openssl(...args: readonly string[]): Promise<string> {
  return (await run("openssl", [...args])).stdout;
}

suite("OpenSSL", { skip: missing }, () => {
  test("reads a certificate as it was meant, and verifies it", async (t) => {
    const world = await fulcioWorld(t);
    const [leaf, ...issuers] = certificatesOf(await ask(world, withProof()));
    const [intermediate, root] = issuers;
    assert.ok(leaf && intermediate && root);
    writeFileSync(path("leaf.pem"), encodeCertificatePem(leaf));
    writeFileSync(path("middle.pem"), encodeCertificatePem(intermediate));
    writeFileSync(path("root.pem"), encodeCertificatePem(root));
    const text = await openssl("x509", "-in", path("leaf.pem"), "-noout", "-text");
    for (const expected of [
      /Version: 3 \(0x2\)/,
      /Signature Algorithm: ecdsa-with-SHA256/,
      /Issuer: O ?= ?test, CN ?= ?Certificate authority intermediate/,
      /Not Before: Jan {2}1 00:00:00 2030 GMT/,
      /Not After : Jan {2}1 00:10:00 2030 GMT/,
      /Subject: ?\n/,
      /X509v3 Key Usage: critical\n +Digital Signature\n/,
      /X509v3 Extended Key Usage: ?\n +Code Signing\n/,
      /X509v3 Subject Alternative Name: critical\n +email:a@example\.com\n/,
      /1\.3\.6\.1\.4\.1\.57264\.1\.8: ?\n +\.\.http:\/\/127/,
      /CT Precertificate SCTs: ?\n +Signed Certificate Timestamp:\n +Version +: v1 \(0x0\)/,
    ]) {
      assert.match(text, expected);
    }
    const at = String(start / 1000 + 60);
    const chain = ["-CAfile", path("root.pem"), "-untrusted", path("middle.pem")];
    const strictly = ["-x509_strict", "-attime", at];
    const verdict = await openssl("verify", ...strictly, ...chain, path("leaf.pem"));
    assert.match(verdict, /leaf\.pem: OK/);
  });

  for (const [name, args] of [
    ["P-256", ["ec", "-pkeyopt", "ec_paramgen_curve:P-256"]],
    ["RSA", ["rsa:2048"]],
    ["Ed25519", ["ed25519"]],
  ] as const) {
    test(`makes a request for a key of type ${name} that is taken`, async (t) => {
      const world = await fulcioWorld(t);
      const make = ["req", "-new", "-nodes", "-keyout", path("key.pem"), "-newkey", ...args];
      await openssl(...make, "-subj", "/CN=ours", "-out", path("csr.pem"));
      const answer = await ask(world, withCsr(readFileSync(path("csr.pem"), "utf8")));
      assert.equal(answer.status, 200, answer.text);
      await openssl(...make, "-subj", "/emailAddress=b@example.com", "-out", path("csr.pem"));
      isRefused(await ask(world, withCsr(readFileSync(path("csr.pem"), "utf8"))), {
        message: "The certificate signing request names another identity than the token",
        reason: "CSR_NAMES_ANOTHER",
      });
    });
  }
});
