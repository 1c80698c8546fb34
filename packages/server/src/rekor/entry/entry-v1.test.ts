// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { suite, test } from "node:test";
import {
  decodeBase64,
  decodeUtf8,
  encodeBase64,
  encodeHex,
  utf8Bytes,
} from "@chancery/formats/bytes";
import { algorithms, ecdsaSignatureToRaw, sha256 } from "@chancery/formats/crypto";
import { canonicalizeJcs, type JsonObject } from "@chancery/formats/json";
import { leafHash } from "@chancery/formats/merkle";
import { needVectors } from "../../../../../test/vectors.ts";
import {
  dsseV1,
  envelope,
  hashedRekordV1,
  inTotoType,
  intotoV1,
  intotoV2,
  newKey,
  pemOf,
  rekordV1,
  statement,
} from "../../../test/entries.ts";
import { defaultAlgorithmPolicy } from "../policy.ts";
import { inlineChecks } from "../signature-checks.ts";
import { type PreparedEntry, handlersOfKind } from "./index.ts";

const key = newKey();

async function prepare(
  proposed: any,
  options: { purpose?: "insert" | "find"; attestationSizeBytesMax?: number } = {},
): Promise<PreparedEntry> {
  const handler = handlersOfKind(proposed.kind, 1).find((h) => h.version === proposed.apiVersion);
  assert.ok(handler, "the kind has a handler");
  return handler.prepare(proposed.spec as JsonObject, {
    checks: inlineChecks,
    algorithms: defaultAlgorithmPolicy,
    attestationSizeBytesMax: 102_400,
    purpose: "insert",
    ...options,
  });
}

/** The refusal of a proposal after a change. */
async function refusal(proposed: any, change: (value: any) => void): Promise<string> {
  const changed = structuredClone(proposed);
  change(changed);
  try {
    await prepare(changed);
  } catch (error) {
    assert.equal((error as Error).name, "ServiceError", String((error as Error).stack));
    assert.equal((error as { status: number }).status, 400);
    const { message } = error as Error;
    assert.ok(message.startsWith("error processing entry: "), message);
    return message.slice("error processing entry: ".length);
  }
  return "accepted";
}

const bodyOf = (entry: PreparedEntry): any => JSON.parse(decodeUtf8(entry.body));
const pemDigest = (pem: string): string => encodeHex(sha256(decodeBase64(pem)));

suite("hashedrekord 0.0.1", () => {
  const proposed = hashedRekordV1({ key });

  test("stores hash, signature and key in canonical JSON and nothing else", async () => {
    const { data, signature } = proposed.spec;
    const entry = await prepare({
      ...proposed,
      spec: { data: { ...data, url: "x" }, more: 1, signature: { ...signature, x: [] } },
    });
    assert.equal(
      decodeUtf8(entry.body),
      `{"apiVersion":"0.0.1","kind":"hashedrekord","spec":{"data":{"hash":{"algorithm":"sha256",` +
        `"value":"${data.hash.value}"}},"signature":{"content":"${signature.content}",` +
        `"publicKey":{"content":"${signature.publicKey.content}"}}}}`,
    );
  });

  test("is found by PEM digest, key digest and artifact digest", async () => {
    const { keys } = await prepare(proposed);
    assert.ok(keys.has("text", pemDigest(pemOf(key))));
    assert.ok(keys.has("key", encodeHex(sha256(key.publicKey.spki))));
    assert.ok(keys.has("text", `SHA256:${proposed.spec.data.hash.value.toUpperCase()}`));
    assert.equal(keys.size, 3);
    assert.equal(keys.bytes().length, 48);
  });

  test("keeps the letters of the digest as they were sent", async () => {
    const upper = structuredClone(proposed);
    upper.spec.data.hash.value = upper.spec.data.hash.value.toUpperCase();
    assert.equal(bodyOf(await prepare(upper)).spec.data.hash.value, upper.spec.data.hash.value);
  });

  test("brings a PEM with text, line lengths and line ends of its own into one form", async () => {
    const odd = `x\r\n-----BEGIN PUBLIC KEY-----\r\n${encodeBase64(key.publicKey.spki)}\r\n-----END PUBLIC KEY-----`;
    const entry = await prepare(hashedRekordV1({ key, pem: encodeBase64(utf8Bytes(odd)) }));
    assert.equal(bodyOf(entry).spec.signature.publicKey.content, pemOf(key));
  });

  test("takes line breaks within base64, as Go does, and writes them out of the entry", async () => {
    const broken = structuredClone(proposed);
    broken.spec.signature.content = proposed.spec.signature.content.replace(/(.{20})/g, "$1\r\n");
    assert.deepEqual((await prepare(broken)).body, (await prepare(proposed)).body);
  });

  test("takes an ECDSA signature as r and s, and stores it as it came", async () => {
    const raw = structuredClone(proposed);
    const der = decodeBase64(proposed.spec.signature.content);
    raw.spec.signature.content = encodeBase64(ecdsaSignatureToRaw(der, "P-256")!);
    assert.equal(bodyOf(await prepare(raw)).spec.signature.content, raw.spec.signature.content);
  });

  for (const [name, hashName] of [
    ["PKIX_ECDSA_P384_SHA_384", "sha384"],
    ["PKIX_ECDSA_P521_SHA_512", "sha512"],
    ["PKIX_RSA_PKCS1V15_2048_SHA256", "sha256"],
    ["PKIX_ED25519_PH", "sha512"],
  ] as const) {
    test(`takes ${name}`, async () => {
      const entry = await prepare(hashedRekordV1({ key: newKey(name), hashName }));
      assert.equal(bodyOf(entry).spec.data.hash.algorithm, hashName);
    });
  }

  test("refuses what it must not take, in Rekor's words", async () => {
    const cases: [string | RegExp, (value: any) => void][] = [
      [/signature in body is required/, (v) => delete v.spec.signature],
      [/signature in body is required/, (v) => (v.spec.signature = "text")],
      [/signature.content in body is required/, (v) => delete v.spec.signature.content],
      [/signature.content in body is required/, (v) => (v.spec.signature.content = "")],
      [/signature.publicKey in body is required/, (v) => delete v.spec.signature.publicKey],
      [/publicKey.content in body is required/, (v) => (v.spec.signature.publicKey = {})],
      [/data.hash in body is required/, (v) => (v.spec.data = {})],
      [/hash.algorithm in body is required/, (v) => delete v.spec.data.hash.algorithm],
      [/hash.value in body is required/, (v) => delete v.spec.data.hash.value],
      [/should be one of \[sha256 sha384 sha512\]/, (v) => (v.spec.data.hash.algorithm = "sha1")],
      ["invalid value for hash", (v) => (v.spec.data.hash.value += "00")],
      ["invalid value for hash", (v) => (v.spec.data.hash.value = "zz".repeat(32))],
      ["invalid value for hash", (v) => (v.spec.data.hash.algorithm = "sha512")],
      [
        "verifying signature: invalid signature when validating ASN.1 encoded signature",
        (v) => (v.spec.data.hash.value = "00".repeat(32)),
      ],
      [/^verifying signature: /, (v) => (v.spec.signature.publicKey.content = pemOf(newKey()))],
      [/^verifying signature: /, (v) => (v.spec.signature.content = "AAAA")],
      [
        /failed parsing base64 data for signature content/,
        (v) => (v.spec.signature.content = "_w=="),
      ],
      [
        "invalid public key: failure decoding PEM",
        (v) => (v.spec.signature.publicKey.content = encodeBase64(utf8Bytes("no key"))),
      ],
      [
        "invalid public key: cannot handle type RSA PUBLIC KEY",
        (v) => (v.spec.signature.publicKey.content = pem("RSA PUBLIC KEY", "AAAA")),
      ],
      [/certificate/, (v) => (v.spec.signature.publicKey.content = pem("CERTIFICATE", "AAAA"))],
    ];
    for (const [expected, change] of cases) {
      const found = await refusal(proposed, change);
      if (typeof expected === "string") assert.equal(found, expected);
      else assert.match(found, expected);
    }
  });

  test("applies the policy on algorithms to what is inserted, not to what is sought", async () => {
    const odd = hashedRekordV1({ key, hashName: "sha512" });
    await assert.rejects(prepare(odd), /error processing entry: entry algorithms are not allowed$/);
    assert.equal((await prepare(odd, { purpose: "find" })).kind, "hashedrekord");
  });

  test("never takes pure Ed25519", async () => {
    const ed25519 = newKey("PKIX_ED25519");
    const message = utf8Bytes("message");
    const pure = hashedRekordV1({ key: ed25519, artifact: message, hashName: "sha512" });
    pure.spec.signature.content = encodeBase64(ed25519.sign({ kind: "ed25519" }, message));
    assert.equal(await refusal(pure, () => {}), "verifying signature: ed25519: invalid signature");
    const short = hashedRekordV1({ key: ed25519, hashName: "sha256" });
    assert.match(await refusal(short, () => {}), /ed25519: invalid signature/);
  });

  test("makes the leaf that the public log has", async (t) => {
    const folder = needVectors(t, "sigstore-conformance/bundle-verify/happy-path-v0.3");
    if (folder === undefined) return;
    const bundle = JSON.parse(readFileSync(join(folder, "bundle.sigstore.json"), "utf8"));
    const body = decodeBase64(bundle.verificationMaterial.tlogEntries[0].canonicalizedBody);
    const entry = await prepare(JSON.parse(decodeUtf8(body)));
    assert.deepEqual(entry.body, body);
    assert.equal(
      encodeHex(leafHash(entry.body)),
      "aee3c920bb1132e929ed20e1c194579a60e95849f7a554e0033fdd26ee221629",
    );
    const identity =
      "https://github.com/sigstore-conformance/extremely-dangerous-public-oidc-beacon/" +
      ".github/workflows/extremely-dangerous-oidc-beacon.yml@refs/heads/main";
    assert.ok(entry.keys.has("text", identity), "the identity of the certificate is a key");
  });

  test("takes the entry of Rekor's own tests", async (t) => {
    const file = needVectors(t, "rekor/pkg/generated/models/testdata/hashedrekord.json");
    if (file === undefined) return;
    const value = JSON.parse(readFileSync(file, "utf8"));
    assert.deepEqual(bodyOf(await prepare(value)), value);
  });
});

function pem(label: string, base64: string): string {
  return encodeBase64(utf8Bytes(`-----BEGIN ${label}-----\n${base64}\n-----END ${label}-----\n`));
}

suite("dsse 0.0.1", () => {
  const other = newKey("PKIX_ED25519");

  test("stores hashes and sorted signatures, and is found by subjects and materials", async () => {
    const proposed = dsseV1([key, other]);
    const entry = await prepare(proposed);
    const { envelopeHash, payloadHash, signatures, ...rest } = bodyOf(entry).spec;
    assert.deepEqual(rest, {});
    assert.equal(
      envelopeHash.value,
      encodeHex(sha256(utf8Bytes(proposed.spec.proposedContent.envelope))),
    );
    assert.equal(payloadHash.value, encodeHex(sha256(utf8Bytes(statement()))));
    const texts = signatures.map(({ signature }: any) => signature);
    assert.deepEqual(texts, texts.toSorted());
    assert.equal(entry.attestation, undefined);
    for (const text of [
      `sha256:${"ab".repeat(32)}`,
      "gitcommit:cafe01",
      "sha1:0123",
      `sha256:${payloadHash.value}`,
      `sha256:${envelopeHash.value}`,
      `sha256:${pemDigest(pemOf(key))}`,
      pemDigest(pemOf(key)),
      pemDigest(pemOf(other)),
    ]) {
      assert.ok(entry.keys.has("text", text), text);
    }
    assert.ok(entry.keys.has("name", "artifact"));
    assert.ok(entry.keys.has("key", encodeHex(sha256(other.publicKey.spki))));
  });

  test("can be found again by its stored form, which cannot be inserted", async () => {
    const { body } = await prepare(dsseV1([key, other]));
    const stored = JSON.parse(decodeUtf8(body));
    const found = await prepare(stored, { purpose: "find" });
    assert.deepEqual(found.body, body);
    assert.match(await refusal(stored, () => {}), /not insertable.*missing proposed content/);
  });

  test("logs payloads that are no Statement, without their subjects", async () => {
    const plain = await prepare(dsseV1([key], envelope([key], "plain", "text/plain")));
    assert.equal(plain.keys.size, 5);
    const broken = await prepare(dsseV1([key], envelope([key], "{", inTotoType)));
    assert.equal(broken.keys.size, 5);
  });

  test("ignores verifiers after the last signature is accounted for", async () => {
    const proposed = dsseV1([key], envelope([key]));
    proposed.spec.proposedContent.verifiers.push(pemOf(other));
    assert.equal(bodyOf(await prepare(proposed)).spec.signatures.length, 1);
  });

  test("refuses what it must not take, in Rekor's words", async () => {
    const proposed = dsseV1([key]);
    const content = (v: any): any => v.spec.proposedContent;
    const edit = (change: (value: any) => void) => (v: any) => {
      const value = JSON.parse(content(v).envelope);
      change(value);
      content(v).envelope = JSON.stringify(value);
    };
    const cases: [string | RegExp, (value: any) => void][] = [
      [
        "either proposedContent or envelopeHash, payloadHash, and signatures must be present",
        (v) => (v.spec = {}),
      ],
      [
        "either proposedContent or envelopeHash, payloadHash, and signatures must be present but not both",
        (v) => (v.spec.payloadHash = { algorithm: "sha256", value: "00" }),
      ],
      [/proposedContent.envelope in body is required/, (v) => delete content(v).envelope],
      [/proposedContent.verifiers in body is required/, (v) => (content(v).verifiers = [])],
      [
        "an invalid null verifier was provided in ProposedContent",
        (v) => (content(v).verifiers = [null]),
      ],
      [
        /could not parse public key as x509: invalid public key/,
        (v) => (content(v).verifiers = ["AAAA"]),
      ],
      [/at most 16/, (v) => (content(v).verifiers = Array(17).fill(pemOf(key)))],
      [/at most 16/, edit((e) => (e.signatures = Array(17).fill(e.signatures[0])))],
      [
        "could not verify envelope: accepted signatures do not match threshold, Found: 0, Expected 1",
        (v) => (content(v).verifiers = [pemOf(other)]),
      ],
      [
        "all signatures must have a key that verifies it",
        (v) => {
          content(v).envelope = envelope([key, other]);
          content(v).verifiers = [pemOf(key)];
        },
      ],
      [/could not verify/, edit((e) => (e.payload = encodeBase64(utf8Bytes("other"))))],
      [/could not verify/, edit((e) => (e.payloadType = "text/plain"))],
      [/1 or more signatures/, edit((e) => (e.signatures = []))],
      [/empty signature/, edit((e) => (e.signatures[0].sig = ""))],
      [/empty signature/, edit((e) => (e.signatures[0] = "x"))],
      [/no payload/, edit((e) => delete e.payload)],
      [/base64/, edit((e) => (e.payload = "*"))],
      [/malformed|JSON|DSSE/, (v) => (content(v).envelope = "{")],
      [/not an object/, (v) => (content(v).envelope = "[]")],
    ];
    for (const [expected, change] of cases) {
      const found = await refusal(proposed, change);
      if (typeof expected === "string") assert.equal(found, expected);
      else assert.match(found, expected);
    }
  });

  test("refuses a signature in the url-safe alphabet, which Rekor could not read back", async () => {
    // Signatures differ each time: one with a letter that the alphabets write differently.
    for (;;) {
      const value = JSON.parse(envelope([key]));
      const { sig } = value.signatures[0];
      if (!/[+/]/.test(sig)) continue;
      value.signatures[0].sig = sig.replaceAll("+", "-").replaceAll("/", "_");
      const found = await refusal(dsseV1([key], JSON.stringify(value)), () => {});
      assert.match(found, /failed parsing base64 data for signature/);
      return;
    }
  });

  test("takes the entry of Rekor's own tests", async (t) => {
    const file = needVectors(t, "rekor/pkg/generated/models/testdata/dsse.json");
    if (file === undefined) return;
    const entry = await prepare(JSON.parse(readFileSync(file, "utf8")));
    assert.equal(
      bodyOf(entry).spec.payloadHash.value,
      encodeHex(
        sha256(
          decodeBase64(
            JSON.parse(JSON.parse(readFileSync(file, "utf8")).spec.proposedContent.envelope)
              .payload,
          ),
        ),
      ),
    );
    assert.ok(entry.keys.has("text", "foo:bar"));
  });

  test("restores the leaf that the public log has", async (t) => {
    const folder = needVectors(
      t,
      "sigstore-conformance/bundle-verify/happy-path-intoto-in-dsse-v3",
    );
    if (folder === undefined) return;
    const bundle = JSON.parse(readFileSync(join(folder, "bundle.sigstore.json"), "utf8"));
    const body = decodeBase64(bundle.verificationMaterial.tlogEntries[0].canonicalizedBody);
    const stored = JSON.parse(decodeUtf8(body));
    assert.deepEqual((await prepare(stored, { purpose: "find" })).body, body);
  });
});

suite("intoto", () => {
  test("0.0.1 stores the hashes and keeps the payload as attestation", async () => {
    const proposed = intotoV1(key);
    const entry = await prepare(proposed);
    assert.deepEqual(bodyOf(entry).spec, {
      content: {
        hash: {
          algorithm: "sha256",
          value: encodeHex(sha256(utf8Bytes(proposed.spec.content.envelope))),
        },
        payloadHash: { algorithm: "sha256", value: encodeHex(sha256(utf8Bytes(statement()))) },
      },
      publicKey: pemOf(key),
    });
    assert.equal(decodeUtf8(entry.attestation!), statement());
    assert.ok(entry.keys.has("text", pemDigest(pemOf(key))), "found by key as upstream is not");
    const again = await prepare(bodyOf(entry), { purpose: "find" });
    assert.deepEqual(again.body, entry.body);
  });

  test("0.0.2 stores keys and signatures as sent, and keeps the payload", async () => {
    const other = newKey("PKIX_ED25519");
    const proposed = intotoV2([key, other]);
    const entry = await prepare(proposed);
    const { envelope: sent, hash } = proposed.spec.content;
    const { content } = bodyOf(entry).spec;
    assert.deepEqual(content.envelope, {
      payloadType: sent.payloadType,
      signatures: sent.signatures.map(({ sig, publicKey }: any) => ({ publicKey, sig })),
    });
    assert.deepEqual(content.hash, hash);
    assert.equal(decodeUtf8(entry.attestation!), statement());
    assert.ok(!entry.keys.has("text", `sha256:${hash.value}`), "the client's word is no key");
    assert.deepEqual((await prepare(bodyOf(entry), { purpose: "find" })).body, entry.body);
  });

  test("0.0.2 makes the leaf that a log had, less the payload", async (t) => {
    const folder = needVectors(
      t,
      "sigstore-conformance/bundle-verify/intoto-with-custom-trust-root",
    );
    if (folder === undefined) return;
    const bundle = JSON.parse(readFileSync(join(folder, "bundle.sigstore.json"), "utf8"));
    const body = decodeBase64(bundle.verificationMaterial.tlogEntries[0].canonicalizedBody);
    const proposed = JSON.parse(decodeUtf8(body));
    const entry = await prepare(proposed);
    // That log kept the payload in the entry, which Rekor does not do any more.
    delete proposed.spec.content.envelope.payload;
    assert.equal(decodeUtf8(entry.body), canonicalizeJcs(proposed));
  });

  test("does not keep attestations above the limit", async () => {
    const size = statement().length;
    const kept = await prepare(intotoV1(key), { attestationSizeBytesMax: size });
    const left = await prepare(intotoV1(key), { attestationSizeBytesMax: size - 1 });
    assert.equal(kept.attestation?.length, size);
    assert.equal(left.attestation, undefined);
  });

  test("refuses what it must not take", async () => {
    const one = intotoV1(key);
    const two = intotoV2([key]);
    const twice = (text: string): string => encodeBase64(utf8Bytes(encodeBase64(utf8Bytes(text))));
    const cases: [any, RegExp, (value: any) => void][] = [
      [one, /publicKey in body is required/, (v) => delete v.spec.publicKey],
      [one, /content in body is required/, (v) => delete v.spec.content],
      [one, /missing envelope/, (v) => (v.spec.content = {})],
      [one, /invalid signature/, (v) => (v.spec.publicKey = pemOf(newKey()))],
      [one, /JSON|envelope/, (v) => (v.spec.content.envelope = "x")],
      [two, /content in body is required/, (v) => (v.spec = {})],
      [two, /content.envelope in body is required/, (v) => (v.spec.content.envelope = "text")],
      [two, /missing envelope digest/, (v) => delete v.spec.content.hash],
      [two, /invalid value for hash/, (v) => (v.spec.content.hash.value = "00")],
      [two, /should be one of \[sha256\]/, (v) => (v.spec.content.hash.algorithm = "sha512")],
      [two, /payloadType in body is required/, (v) => delete v.spec.content.envelope.payloadType],
      [two, /signatures in body is required/, (v) => (v.spec.content.envelope.signatures = [])],
      [two, /sig in body is required/, (v) => delete v.spec.content.envelope.signatures[0].sig],
      [
        two,
        /publicKey in body is required/,
        (v) => delete v.spec.content.envelope.signatures[0].publicKey,
      ],
      [two, /missing DSSE envelope payload/, (v) => delete v.spec.content.envelope.payload],
      [two, /could not verify/, (v) => (v.spec.content.envelope.payload = twice("other"))],
      [two, /base64/, (v) => (v.spec.content.envelope.payload = encodeBase64(utf8Bytes("*")))],
      [two, /not base64 text/, (v) => (v.spec.content.envelope.signatures[0].sig = "/w==")],
    ];
    for (const [proposed, expected, change] of cases) {
      assert.match(await refusal(proposed, change), expected);
    }
  });
});

suite("rekord 0.0.1", () => {
  test("stores the hash of the content it was sent", async () => {
    const proposed = rekordV1(key, utf8Bytes("content"));
    const value = encodeHex(sha256(utf8Bytes("content")));
    const entry = await prepare(proposed);
    assert.deepEqual(bodyOf(entry).spec.data, { hash: { algorithm: "sha256", value } });
    assert.ok(entry.keys.has("text", `sha256:${value}`));
    assert.ok(entry.keys.has("text", pemDigest(pemOf(key))));
  });

  test("takes pure Ed25519", async () => {
    const entry = await prepare(rekordV1(newKey("PKIX_ED25519")));
    assert.equal(bodyOf(entry).spec.signature.format, "x509");
  });

  test("refuses what it must not take", async () => {
    const proposed = rekordV1(key, utf8Bytes("content"));
    const zeros = "00".repeat(32);
    const cases: [RegExp, (value: any) => void][] = [
      [/data in body is required/, (v) => delete v.spec.data],
      [/'content' must be specified for data/, (v) => (v.spec.data = {})],
      [/signature in body is required/, (v) => delete v.spec.signature],
      [/signature.format in body is required/, (v) => delete v.spec.signature.format],
      [/should be one of \[pgp minisign x509 ssh\]/, (v) => (v.spec.signature.format = "gpg")],
      [/'content' must be specified for signature/, (v) => delete v.spec.signature.content],
      [/publicKey in body is required/, (v) => delete v.spec.signature.publicKey],
      [/'content' must be specified for publicKey/, (v) => (v.spec.signature.publicKey = {})],
      [/SHA mismatch: [0-9a-f]{64} != 0{64}/, (v) => (v.spec.data.hash = sha(zeros))],
      [/invalid value for hash/, (v) => (v.spec.data.hash = sha("00"))],
      [/missing data content/, (v) => (v.spec.data = { hash: sha(zeros) })],
      [/pgp are not taken/, (v) => (v.spec.signature.format = "pgp")],
      [/invalid signature/, (v) => (v.spec.data.content = "AAAA")],
    ];
    for (const [expected, change] of cases) {
      assert.match(await refusal(proposed, change), expected);
    }
  });

  test("takes the x509 artifact of Rekor's own tests", async (t) => {
    const folder = needVectors(t, "rekor/cmd/rekor-cli/app/tests");
    if (folder === undefined) return;
    const [content, signature, publicKey] = [
      "test_x509_artifact.txt",
      "test_x509.sig",
      "test_x509_public_key.pem",
    ].map((name) => encodeBase64(new Uint8Array(readFileSync(join(folder, name)))));
    const entry = await prepare({
      kind: "rekord",
      apiVersion: "0.0.1",
      spec: {
        data: { content },
        signature: { format: "x509", content: signature, publicKey: { content: publicKey } },
      },
    });
    assert.equal(bodyOf(entry).spec.signature.content, signature);
  });
});

suite("the registry", () => {
  test("knows only algorithms that exist in its policy", () => {
    for (const algorithm of defaultAlgorithmPolicy) assert.ok(algorithms.includes(algorithm));
    assert.equal(defaultAlgorithmPolicy.length, 7);
  });
});

function sha(value: string): { algorithm: string; value: string } {
  return { algorithm: "sha256", value };
}
