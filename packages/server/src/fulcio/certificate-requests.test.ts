// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import crypto from "node:crypto";
import { suite, test } from "node:test";
import { decodeSpki } from "@chancery/formats/crypto";
import { derNull, derOid, derSequence, derSetOf, derUtf8String } from "@chancery/formats/der";
import { encodePem } from "@chancery/formats/pem";
import {
  algorithmIdentifier,
  extension,
  generalName,
  testKey,
  testName,
  type TestKey,
  testSign,
} from "../../../formats/test/certificate-builder.ts";
import {
  ask,
  attribute,
  certificatesOf,
  clientKey,
  csrPem,
  fulcioWorld,
  isRefused,
  publicKeyPem,
  type RequestParts,
  withCsr,
  withProof,
} from "../../test/fulcio-world.ts";

const insecure = "The public key supplied in the request is insecure";
const signature = "The signature supplied in the request could not be verified";
const csr = "The certificate signing request could not be parsed";

suite("a certificate request that is refused", () => {
  const rsa = testKey("rsa");
  const p384 = testKey("P-384");
  const ofOid = (oid: string): Uint8Array => derSequence(derOid(oid), derNull());
  const ca = "The certificate signing request asks for a CA certificate";
  const another = "The certificate signing request names another identity than the token";
  const emailSubject = derSequence(
    derSetOf(derSequence(derOid("1.2.840.113549.1.9.1"), derUtf8String("b@example.com"))),
  );
  const password = (text: string): Uint8Array =>
    attribute("1.2.840.113549.1.9.7", derUtf8String(text));
  const cases: readonly (readonly [string, RequestParts, string, string])[] = [
    [
      "signed by another key",
      { sign: (info) => testSign(testKey(), info) },
      signature,
      "PROOF_INVALID",
    ],
    ["not signed", { sign: () => new Uint8Array(0) }, signature, "PROOF_INVALID"],
    [
      "of a key on P-384 with SHA-256",
      {
        key: p384,
        algorithm: algorithmIdentifier({ kind: "ecdsa", hash: "sha256" }),
        sign: (info) => testSign(p384, info, { kind: "ecdsa", hash: "sha256" }),
      },
      "signing algorithm not permitted: *ecdsa.PublicKey, SHA-256",
      "ALGORITHM_NOT_ALLOWED",
    ],
    [
      "with SHA-1",
      {
        key: rsa,
        algorithm: ofOid("1.2.840.113549.1.1.5"),
        sign: (info) => new Uint8Array(crypto.sign("sha1", info, rsa.privateKey)),
      },
      "unrecognized signature algorithm: SHA1-RSA",
      "CSR_ALGORITHM",
    ],
    [
      "with RSA-PSS",
      {
        key: rsa,
        algorithm: algorithmIdentifier({ kind: "rsa-pss", hash: "sha256" }),
        sign: (info) => testSign(rsa, info, { kind: "rsa-pss", hash: "sha256" }),
      },
      "unrecognized signature algorithm: RSAPSS",
      "CSR_ALGORITHM",
    ],
    ["with an algorithm nobody knows", { algorithm: ofOid("1.2.3.4") }, csr, "CSR_MALFORMED"],
    ["for a CA", { extensions: [extension.basicConstraints(true)] }, ca, "CSR_FOR_CA"],
    [
      "for a key that signs certificates",
      { extensions: [extension.keyUsage(["keyCertSign"])] },
      ca,
      "CSR_FOR_CA",
    ],
    [
      "with constraints that are none",
      { extensions: [extension.raw("2.5.29.19", true, derNull())] },
      csr,
      "CSR_MALFORMED",
    ],
    ["of another address", { subject: emailSubject }, another, "CSR_NAMES_ANOTHER"],
    [
      "of another alternative name",
      { extensions: [extension.subjectAltName([generalName.email("b@example.com")])] },
      another,
      "CSR_NAMES_ANOTHER",
    ],
    [
      "of two names, one of which is right",
      {
        extensions: [
          extension.subjectAltName([
            generalName.email("a@example.com"),
            generalName.email("b@example.com"),
          ]),
        ],
      },
      another,
      "CSR_NAMES_ANOTHER",
    ],
    [
      "made for another token",
      { attributes: [password("b@example.com")] },
      another,
      "CSR_NAMES_ANOTHER",
    ],
  ];
  for (const [what, parts, message, reason] of cases) {
    test(what, async (t) => {
      const world = await fulcioWorld(t);
      isRefused(await ask(world, withCsr(csrPem(parts))), { message, reason });
    });
  }

  const good = csrPem();
  for (const [what, pem] of [
    ["that is text", "hello"],
    ["that is a key", publicKeyPem(clientKey)],
    ["that is two", good + good],
    ["that is large", good.padEnd(40_000)],
    ["of null", encodePem("CERTIFICATE REQUEST", derNull())],
  ] as const) {
    test(what, async (t) => {
      const world = await fulcioWorld(t);
      isRefused(await ask(world, withCsr(pem)), { message: csr, reason: "CSR_MALFORMED" });
    });
  }

  test("of weak keys", async (t) => {
    const world = await fulcioWorld(t);
    const { privateKey, publicKey } = crypto.generateKeyPairSync("rsa", {
      modulusLength: 2048,
      publicExponent: 3,
    });
    const spki = new Uint8Array(publicKey.export({ format: "der", type: "spki" }));
    const weak: TestKey = {
      type: "rsa",
      privateKey,
      publicKey: decodeSpki(spki),
      identifier: new Uint8Array(20),
    };
    const answer = await ask(world, withCsr(csrPem({ key: weak })));
    isRefused(answer, { message: insecure, reason: "KEY_INSECURE" });
  });

  test("cut at any byte, or with any byte changed, or is only the same key's", async (t) => {
    const world = await fulcioWorld(t);
    const der = Buffer.from(good.replace(/-----.*-----|\n/g, ""), "base64");
    const whole = Uint8Array.from(der);
    const jwt = world.token();
    const pem = (bytes: Uint8Array): object => withCsr(encodePem("CERTIFICATE REQUEST", bytes));
    for (let at = 0; at < whole.length; at += 3) {
      const cut = await ask(world, pem(whole.subarray(0, at)), jwt);
      isRefused(cut, { message: csr, reason: "CSR_MALFORMED" });
      const changed = await ask(world, pem(whole.with(at, (whole[at] as number) ^ 4)), jwt);
      assert.equal(changed.status, 400, `byte ${at}: ${changed.text}`);
    }
  });

  test("where its issuer takes none, or wants them bound", async (t) => {
    const world = await fulcioWorld(t, { issuerSettings: { "certificate-requests": "none" } });
    isRefused(await ask(world, withCsr(good)), {
      message: "Certificate signing requests are not accepted for this issuer",
      reason: "CSR_NOT_ACCEPTED",
    });
    assert.equal((await ask(world, withProof())).status, 200);
    const bound = await fulcioWorld(t, { policy: { certificateRequests: "bound" } });
    isRefused(await ask(bound, withCsr(good)), {
      message: "The certificate signing request is not bound to the identity of the token",
      reason: "CSR_UNBOUND",
    });
    const own = csrPem({ attributes: [password("a@example.com")] });
    assert.equal((await ask(bound, withCsr(own))).status, 200);
  });
});

suite("what a certificate request asks for", () => {
  test("is not in the certificate", async (t) => {
    const world = await fulcioWorld(t);
    const asked = csrPem({
      subject: testName("CN=root,O=sigstore.dev"),
      extensions: [
        extension.raw("1.2.3.4", true, derNull()),
        extension.basicConstraints(false),
        extension.fulcio("issuer", "https://accounts.google.com"),
        extension.extendedKeyUsage(["1.3.6.1.5.5.7.3.1"]),
        extension.subjectAltName([generalName.email("a@example.com")]),
      ],
    });
    const plain = certificatesOf(await ask(world, withCsr(csrPem())))[0];
    const [leaf] = certificatesOf(await ask(world, withCsr(asked)));
    assert.ok(leaf && plain);
    const readable = ({ extensions }: typeof leaf): unknown[] => [...extensions].slice(0, -1);
    assert.deepEqual(readable(leaf), readable(plain));
    assert.deepEqual(leaf.subject, Uint8Array.of(0x30, 0));
  });
});
