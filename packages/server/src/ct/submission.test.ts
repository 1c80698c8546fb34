// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { sha256 } from "@chancery/formats/crypto";
import { derNull, derOctetString } from "@chancery/formats/der";
import {
  assembleCertificate,
  basicConstraintsExtension,
  type CertificateIssuer,
  decodeCertificate,
  encodeName,
  encodeTbsCertificate,
  extendedKeyUsageExtension,
  extensionOids,
  keyUsageExtension,
  type NamedExtension,
  poisonExtension,
  signCertificate,
  subjectKeyIdentifierExtension,
} from "@chancery/formats/x509";
import {
  codeSigning,
  leafParts,
  newAuthority,
  newChain,
  newLeaf,
  signerOf,
} from "../../test/ct-world.ts";
import { ServiceError } from "../errors.ts";
import { AcceptedRoots } from "./roots.ts";
import { type CtEntryKind, SubmissionRules } from "./submission.ts";

const authority = await newAuthority();
const { root, intermediate } = authority;
const stranger = await newAuthority();

function rules(accepted = [root.certificate], purposes: string[] | undefined = [codeSigning]) {
  const roots = new AcceptedRoots();
  roots.set("test", accepted);
  return new SubmissionRules(roots, purposes);
}

function refusal(
  chain: readonly Uint8Array[],
  kind: CtEntryKind = "certificate",
  by: SubmissionRules = rules(),
): string {
  try {
    by.check(chain, kind);
  } catch (error) {
    assert.ok(error instanceof ServiceError, String(error));
    assert.equal(error.status, 400);
    assert.equal(error.code, "invalid");
    const start = `failed to verify ${kind === "certificate" ? "add-chain" : "add-pre-chain"} contents: `;
    assert.ok(error.message.startsWith(start), error.message);
    return error.message.slice(start.length);
  }
  return "";
}

/** Somebody whom the root certified. */
async function issuerWith(extensions: readonly NamedExtension[]): Promise<CertificateIssuer> {
  const signer = signerOf();
  const { publicKey } = signer;
  const tbs = {
    ...leafParts(root),
    subject: encodeName([["CN", "between"]]),
    publicKey,
    extensions: [...extensions, subjectKeyIdentifierExtension(publicKey)],
  };
  const certificate = decodeCertificate(await signCertificate(tbs, root.signer));
  return { certificate, signer };
}

suite("a submission to a CT log", () => {
  test("is taken with its root and without, and named by what it is", async () => {
    const [leaf, issuer, anchor] = await newChain(authority);
    for (const chain of [
      [leaf, issuer, anchor],
      [leaf, issuer],
    ]) {
      const { entry, precertificate, issuers } = rules().check(chain, "certificate");
      assert.deepEqual(entry, { certificate: leaf });
      assert.equal(precertificate, undefined);
      assert.deepEqual(
        issuers.map(({ der }) => der),
        [issuer, anchor],
      );
      assert.deepEqual(
        issuers.map(({ digest }) => digest),
        [sha256(issuer), sha256(anchor)],
      );
    }
  });

  test("of a precertificate is its TBSCertificate without poison, and its issuer's key", async () => {
    const parts = leafParts(intermediate, { poison: true });
    const precertificate = await signCertificate(parts, intermediate.signer);
    const found = rules().check([precertificate, intermediate.certificate.der], "precertificate");
    const { scheme } = intermediate.signer.algorithm;
    const extensions = parts.extensions.slice(0, -1);
    const tbs = encodeTbsCertificate({ ...parts, extensions, signatureAlgorithm: scheme });
    assert.deepEqual(found.entry, {
      issuerKeyHash: sha256(intermediate.certificate.publicKey.spki),
      tbs,
    });
    assert.deepEqual(found.precertificate, precertificate);
  });

  test("must lead to an accepted root by all that is sent, in order", async () => {
    const [leaf, issuer, anchor] = await newChain(authority);
    const other = await newChain(stranger);
    const none = "chain failed to verify: no accepted root issued certificate";
    assert.match(refusal([leaf]), new RegExp(`^${none} 0 of it`));
    assert.match(refusal(other), new RegExp(`^${none} 2 of it`));
    assert.match(refusal([leaf, issuer, anchor], "certificate", rules([])), /no accepted root/);
    for (const chain of [
      [leaf, anchor, issuer],
      [issuer, leaf, anchor],
      [leaf, issuer, issuer],
      [leaf, leaf, issuer, anchor],
      [leaf, issuer, anchor, issuer],
      [leaf, other[1], other[2]],
      [leaf, issuer, other[2]],
    ]) {
      assert.match(refusal(chain), /^chain failed to verify: /);
    }
    assert.equal(refusal([]), "the chain is empty");
    assert.match(refusal(Array(11).fill(leaf)), /^a chain of 11 certificates; at most 10/);
  });

  test("is not taken on the word of a chain that was accepted before", async () => {
    const one = rules();
    const [leaf, issuer, anchor] = await newChain(authority);
    one.check([leaf, issuer, anchor], "certificate");
    const forged = issuer.with(issuer.length - 1, issuer.at(-1)! ^ 1);
    assert.match(refusal([leaf, forged, anchor], "certificate", one), /^chain failed to verify: /);
    const [, , foreign] = await newChain(stranger);
    assert.match(refusal([leaf, issuer, foreign], "certificate", one), /^chain failed to verify: /);
    const turned = leaf.with(leaf.length - 1, leaf.at(-1)! ^ 1);
    assert.match(refusal([turned, issuer, anchor], "certificate", one), /does not verify|der/);
  });

  test("finds its root among those of one name", async () => {
    const accepted = [stranger.root.certificate, root.certificate];
    const [leaf, issuer] = await newChain(authority);
    const { issuers } = rules(accepted).check([leaf, issuer], "certificate");
    assert.deepEqual(issuers.at(-1)?.der, root.certificate.der);
  });

  test("may be issued by no leaf, and by no CA that may not sign certificates", async () => {
    const ca = basicConstraintsExtension({ ca: true });
    for (const [extensions, problem] of [
      [[keyUsageExtension(["keyCertSign"])], /: issued but is not a CA$/],
      [[ca, keyUsageExtension(["digitalSignature"])], /: its key usage does not allow to sign/],
      [[ca], /^$/],
    ] as const) {
      const issuer = await issuerWith(extensions);
      const { der } = await newLeaf(issuer);
      assert.match(refusal([der, issuer.certificate.der, root.certificate.der]), problem);
    }
  });

  test("is expired, or not yet valid, or has extensions that nobody knows", async () => {
    const notAfter = new Date("2030-01-02");
    const unknown: NamedExtension = { oid: "1.2.3.4", critical: true, value: derNull() };
    for (const options of [{ notAfter }, { extensions: [unknown] }]) {
      assert.equal(refusal(await newChain(authority, options)), "");
    }
  });

  test("is for code signing where that is asked", async () => {
    const server = "1.3.6.1.5.5.7.3.1";
    for (const purposes of [[], [server]]) {
      const chain = await newChain(authority, { purposes });
      assert.equal(refusal(chain), `rejecting certificate without EKU in [${codeSigning}]`);
      const roots = new AcceptedRoots();
      roots.set("test", [root.certificate]);
      const any = new SubmissionRules(roots, undefined);
      assert.equal(refusal(chain, "certificate", any), "");
    }
    const both = await newChain(authority, { purposes: [server, codeSigning] });
    assert.equal(refusal(both), "");
  });

  test("goes to the call of its kind", async () => {
    assert.equal(
      refusal(await newChain(authority, { poison: true })),
      "cert / precert mismatch: a precertificate was sent to add-chain",
    );
    assert.equal(
      refusal(await newChain(authority), "precertificate"),
      "cert / precert mismatch: a certificate without poison was sent to add-pre-chain",
    );
  });

  test("has one poison, critical and empty", async () => {
    const invalid = "CT poison ext is not critical or invalid";
    for (const poison of [
      { ...poisonExtension, critical: false },
      { ...poisonExtension, value: derOctetString(new Uint8Array(0)) },
      { ...poisonExtension, value: new Uint8Array(0) },
    ]) {
      const chain = await newChain(authority, { extensions: [poison] });
      for (const kind of ["certificate", "precertificate"] as const) {
        assert.equal(refusal(chain, kind), invalid);
      }
    }
    // The second has an OID that ends otherwise, until it is written over.
    const almost = `${extensionOids.precertificatePoison.slice(0, -1)}9`;
    const second = { ...poisonExtension, oid: almost };
    const parts = leafParts(intermediate, { extensions: [second], poison: true });
    const { scheme } = intermediate.signer.algorithm;
    const tbs = encodeTbsCertificate({ ...parts, signatureAlgorithm: scheme });
    const poisonOid = [0x2b, 0x06, 0x01, 0x04, 0x01, 0xd6, 0x79, 0x02, 0x04];
    const at = tbs.findIndex((_, i) => poisonOid.every((byte, n) => tbs[i + n] === byte));
    assert.equal(tbs[at + 9], 9);
    tbs[at + 9] = 3;
    const twice = assembleCertificate(tbs, scheme, await intermediate.signer.sign(tbs));
    assert.match(
      refusal([twice, intermediate.certificate.der], "precertificate"),
      /1\.3\.6\.1\.4\.1\.11129\.2\.4\.3/,
    );
  });

  test("is of the CA itself, not of a certificate for precertificates", async () => {
    const purposes = ["1.3.6.1.4.1.11129.2.4.4"];
    const issuer = await issuerWith([
      keyUsageExtension(["keyCertSign"]),
      basicConstraintsExtension({ ca: true }),
      extendedKeyUsageExtension({ critical: false, purposes }),
    ]);
    const leaf = await newLeaf(issuer, { poison: true });
    const chain = [leaf.der, issuer.certificate.der, root.certificate.der];
    assert.match(
      refusal(chain, "precertificate"),
      /^precertificate signing certificates are not supported/,
    );
  });

  test("is refused wherever it is cut, and never throws anything else", async () => {
    const [leaf, issuer, anchor] = await newChain(authority, { poison: true });
    const one = rules();
    for (let length = 0; length < leaf.length; length++) {
      assert.notEqual(
        refusal([leaf.subarray(0, length), issuer, anchor], "precertificate", one),
        "",
      );
    }
    for (let length = 0; length < issuer.length; length++) {
      assert.notEqual(
        refusal([leaf, issuer.subarray(0, length), anchor], "precertificate", one),
        "",
      );
    }
    for (let at = 0; at < leaf.length; at++) {
      // Every bit of a leaf is signed, but for those of the signature itself.
      const turned = leaf.with(at, leaf[at]! ^ (1 << (at & 7)));
      assert.notEqual(refusal([turned, issuer, anchor], "precertificate", one), "", `byte ${at}`);
    }
  });
});
