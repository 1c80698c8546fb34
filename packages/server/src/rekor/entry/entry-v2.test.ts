// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { suite, test } from "node:test";
import {
  compareBytes,
  decodeBase64,
  decodeUtf8,
  encodeBase64,
  encodeHex,
} from "@chancery/formats/bytes";
import { ecdsaSignatureToRaw, sha256 } from "@chancery/formats/crypto";
import { decodeEntryBody } from "@chancery/formats/entry";
import type { JsonValue } from "@chancery/formats/json";
import { decodeCertificate } from "@chancery/formats/x509";
import { needVectors } from "../../../../../test/vectors.ts";
import { dsseV2, hashedRekordV2, newKey, statement } from "../../../test/entries.ts";
import { defaultAlgorithmPolicy } from "../policy.ts";
import { inlineChecks } from "../signature-checks.ts";
import { dsseV002 } from "./dsse-v002.ts";
import { hashedrekordV002 } from "./hashedrekord-v002.ts";
import { type PreparedEntry, soleField } from "./index.ts";

const key = newKey();
const fields = ["hashedRekordRequestV002", "dsseRequestV002"];

async function prepare(request: JsonValue): Promise<PreparedEntry> {
  const [name, value] = soleField(request, fields);
  const handler = name === fields[0] ? hashedrekordV002 : dsseV002;
  return handler.prepare(value, {
    checks: inlineChecks,
    algorithms: defaultAlgorithmPolicy,
    attestationSizeBytesMax: 0,
    purpose: "insert",
  });
}

async function refusal(request: any, change: (value: any) => void): Promise<string> {
  const changed = structuredClone(request);
  change(changed);
  try {
    await prepare(changed);
  } catch (error) {
    assert.equal((error as Error).name, "ServiceError", String((error as Error).stack));
    assert.equal((error as { status: number }).status, 400);
    return (error as Error).message;
  }
  return "accepted";
}

const text = (entry: PreparedEntry): string => decodeUtf8(entry.body);

suite("hashedrekord 0.0.2", () => {
  const request = hashedRekordV2({ key });
  const of = (v: any): any => v.hashedRekordRequestV002;

  test("stores canonical protobuf-JSON", async () => {
    const { digest, signature } = of(request);
    const entry = await prepare(request);
    assert.equal(
      text(entry),
      `{"apiVersion":"0.0.2","kind":"hashedrekord","spec":{"hashedRekordV002":{"data":{` +
        `"algorithm":"SHA2_256","digest":"${digest}"},"signature":{"content":"${signature.content}",` +
        `"verifier":{"keyDetails":"PKIX_ECDSA_P256_SHA_256","publicKey":{"rawBytes":` +
        `"${signature.verifier.publicKey.rawBytes}"}}}}}}`,
    );
    assert.ok(entry.keys.has("key", encodeHex(sha256(key.publicKey.spki))));
    assert.ok(entry.keys.has("text", `sha256:${encodeHex(decodeBase64(digest))}`));
  });

  test("reads names of the proto file, enumeration numbers, and base64 of any kind", async () => {
    const { digest, signature } = of(request);
    const { rawBytes } = signature.verifier.publicKey;
    const urlSafe = (value: string): string =>
      value.replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
    const other = {
      hashed_rekord_request_v002: {
        digest: urlSafe(digest),
        signature: {
          content: urlSafe(signature.content),
          verifier: {
            public_key: { raw_bytes: urlSafe(rawBytes) },
            key_details: 5,
            x509_certificate: null,
          },
        },
      },
    };
    assert.equal(text(await prepare(other)), text(await prepare(request)));
  });

  for (const name of [
    "PKIX_ECDSA_P384_SHA_384",
    "PKIX_ECDSA_P521_SHA_512",
    "PKIX_RSA_PKCS1V15_2048_SHA256",
    "PKIX_ED25519_PH",
  ]) {
    test(`takes ${name}, readable by the formats`, async () => {
      const entry = await prepare(hashedRekordV2({ key: newKey(name) }));
      assert.equal(decodeEntryBody(entry.body).claims.content.algorithm?.name, name);
    });
  }

  test("takes r and s for DER, and stores the signature as it came", async () => {
    const raw = structuredClone(request);
    const content = decodeBase64(of(request).signature.content);
    of(raw).signature.content = encodeBase64(ecdsaSignatureToRaw(content, "P-256")!);
    assert.ok(text(await prepare(raw)).includes(of(raw).signature.content));
  });

  test("refuses what it must not take", async () => {
    const verifier = (v: any): any => of(v).signature.verifier;
    const cases: [RegExp, (value: any) => void][] = [
      [/^invalid type, must be hashedrekord$/, (v) => delete v.hashedRekordRequestV002],
      [/unknown field "extra"/, (v) => (v.extra = 1)],
      [/unknown field "extra"/, (v) => (of(v).extra = 1)],
      [/unknown field "hash"/, (v) => (verifier(v).hash = 1)],
      [/oneof/, (v) => (v.dsseRequestV002 = {})],
      [/duplicate field/, (v) => (v.hashed_rekord_request_v002 = of(v))],
      [/unexpected token/, (v) => (v.hashedRekordRequestV002 = [])],
      [/^missing signature$/, (v) => delete of(v).signature],
      [/^missing signature$/, (v) => (of(v).signature.content = "")],
      [/^missing verifier$/, (v) => delete of(v).signature.verifier],
      [/^missing digest$/, (v) => delete of(v).digest],
      [/missing signature public key/, (v) => delete verifier(v).publicKey],
      [/missing public key raw bytes/, (v) => (verifier(v).publicKey = {})],
      [
        /missing X.509 certificate raw bytes/,
        (v) => {
          delete verifier(v).publicKey;
          verifier(v).x509Certificate = { rawBytes: "" };
        },
      ],
      [/oneof verifier/, (v) => (verifier(v).x509Certificate = { rawBytes: "AAAA" })],
      [/parsing verifier/, (v) => (verifier(v).publicKey.rawBytes = "AAAA")],
      [/invalid value for bytes field digest/, (v) => (of(v).digest = "*")],
      [/invalid value for bytes field digest/, (v) => (of(v).digest = 7)],
      [/unknown key details/, (v) => (verifier(v).keyDetails = "NONE")],
      [/unknown key details undefined/, (v) => delete verifier(v).keyDetails],
      [/invalid value for enum/, (v) => (verifier(v).keyDetails = {})],
      [/not allowed in this log/, (v) => (verifier(v).keyDetails = "PKIX_RSA_PSS_2048_SHA256")],
      [/not allowed in this log/, (v) => (verifier(v).keyDetails = "PKIX_ED25519")],
      [/do not fit the key/, (v) => (verifier(v).keyDetails = "PKIX_RSA_PKCS1V15_2048_SHA256")],
      [/do not fit the key/, (v) => (verifier(v).keyDetails = "PKIX_ECDSA_P384_SHA_384")],
      [
        /digest length \(31\) does not match/,
        (v) => (of(v).digest = encodeBase64(new Uint8Array(31))),
      ],
      [/verifying signature/, (v) => (of(v).digest = encodeBase64(new Uint8Array(32)))],
      [/verifying signature/, (v) => (of(v).signature.content = "AAAA")],
    ];
    for (const [expected, change] of cases) assert.match(await refusal(request, change), expected);
    for (const value of [null, [], "x", 1]) {
      assert.match(await refusal({ value }, (v) => void v), /unknown field/);
    }
    await assert.rejects(prepare("text"), /unexpected token/);
  });

  test("makes the leaf that the public log has", async (t) => {
    const folder = needVectors(t, "sigstore-conformance/bundle-verify/rekor2-happy-path");
    if (folder === undefined) return;
    const bundle = JSON.parse(readFileSync(join(folder, "bundle.sigstore.json"), "utf8"));
    const body = decodeBase64(bundle.verificationMaterial.tlogEntries[0].canonicalizedBody);
    const { data, signature } = JSON.parse(decodeUtf8(body)).spec.hashedRekordV002;
    const entry = await prepare({ hashedRekordRequestV002: { digest: data.digest, signature } });
    assert.deepEqual(entry.body, body);
    const { rawBytes } = signature.verifier.x509Certificate;
    const { publicKey } = decodeCertificate(decodeBase64(rawBytes));
    assert.ok(entry.keys.has("key", encodeHex(sha256(publicKey.spki))), "a key finds certificates");
  });
});

suite("dsse 0.0.2", () => {
  const other = newKey("PKIX_ED25519");
  const request = dsseV2([key, other]);
  const of = (v: any): any => v.dsseRequestV002;

  test("stores the payload's digest and the signatures by their bytes", async () => {
    const entry = await prepare(request);
    const { payloadHash, signatures } = JSON.parse(text(entry)).spec.dsseV002;
    assert.deepEqual(Object.keys(payloadHash), ["algorithm", "digest"]);
    const contents = signatures.map(({ content }: any) => decodeBase64(content));
    assert.deepEqual(contents, contents.toSorted(compareBytes));
    assert.equal(decodeEntryBody(entry.body).kind, "dsse");
    assert.ok(entry.keys.has("text", `sha256:${"ab".repeat(32)}`), "found by subject");
    assert.ok(entry.keys.has("key", encodeHex(sha256(other.publicKey.spki))));
  });

  test("takes a signature that is given twice for one", async () => {
    const twice = structuredClone(request);
    of(twice).envelope.signatures.push(of(twice).envelope.signatures[0]);
    assert.equal(text(await prepare(twice)), text(await prepare(request)));
  });

  test("refuses what it must not take", async () => {
    const cases: [RegExp, (value: any) => void][] = [
      [/^missing envelope$/, (v) => delete of(v).envelope],
      [/^missing verifiers$/, (v) => delete of(v).verifiers],
      [/unknown field "verifier"/, (v) => (of(v).verifier = of(v).verifiers[0])],
      [/too many verifiers: 11/, (v) => (of(v).verifiers = Array(11).fill(of(v).verifiers[0]))],
      [/duplicate verifier/, (v) => of(v).verifiers.push(of(v).verifiers[0])],
      [/envelope missing signatures/, (v) => (of(v).envelope.signatures = [])],
      [
        /too many signatures: 11/,
        (v) => (of(v).envelope.signatures = Array(11).fill({ sig: "AAAA" })),
      ],
      [/envelope signature empty/, (v) => (of(v).envelope.signatures[0] = {})],
      [/invalid value for repeated/, (v) => (of(v).envelope.signatures = {})],
      [/invalid value for string/, (v) => (of(v).envelope.payloadType = 1)],
      [/could not verify envelope/, (v) => (of(v).envelope.payload = "AAAA")],
      [/could not verify envelope/, (v) => (of(v).envelope.payloadType = "text/plain")],
      [/all signatures must have a key/, (v) => of(v).verifiers.pop()],
      [/Found: 0/, (v) => of(v).verifiers.unshift(of(dsseV2([newKey()])).verifiers[0])],
    ];
    for (const [expected, change] of cases) assert.match(await refusal(request, change), expected);
  });

  test("is another entry than the hashedrekord of the envelope's PAE", async (t) => {
    const folder = needVectors(t, "sigstore-conformance/bundle-verify/rekor2-dsse-happy-path");
    if (folder === undefined) return;
    const bundle = JSON.parse(readFileSync(join(folder, "bundle.sigstore.json"), "utf8"));
    const body = decodeBase64(bundle.verificationMaterial.tlogEntries[0].canonicalizedBody);
    const stored = JSON.parse(decodeUtf8(body));
    const { data, signature } = stored.spec.hashedRekordV002;
    const request = { digest: data.digest, signature };
    assert.deepEqual((await prepare({ hashedRekordRequestV002: request })).body, body);
    const dsse = { envelope: bundle.dsseEnvelope, verifiers: [signature.verifier] };
    assert.equal((await prepare({ dsseRequestV002: dsse })).kind, "dsse");
  });

  test("differs from the entry of another payload", async () => {
    const another = dsseV2([key], statement("another"));
    assert.notEqual(text(await prepare(another)), text(await prepare(dsseV2([key]))));
  });
});
