// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { conformanceCases } from "../../../../test/conformance-cases.ts";
import { type TestBundleOptions, testBundle, testInstance } from "../../../../test/instance.ts";
import { testKey } from "../../test/certificate-builder.ts";
import { placesOf } from "../../test/trust-material.ts";
import { decodeBundle } from "../bundle/index.ts";
import { encodeBase64, utf8Bytes } from "../bytes/index.ts";
import { encodePublicKeyPem, hash } from "../crypto/index.ts";
import { FormatError, type FormatErrorCode } from "../errors/index.ts";
import { encodePem } from "../pem/index.ts";
import {
  decodeEntryBody,
  encodeEntryBody,
  entryApiVersion,
  hashOfOutputName,
  hashOutputName,
  verifiersEqual,
} from "./index.ts";

const instance = testInstance();

/** The body that a log of the test instance stores. */
function bodyOf(options: TestBundleOptions = {}): Uint8Array {
  const [entry] = decodeBundle(JSON.stringify(testBundle(instance, options).value)).tlogEntries;
  assert.ok(entry);
  return entry.canonicalizedBody;
}

const bodies: Readonly<Record<string, Uint8Array>> = {
  "hashedrekord 0.0.1": bodyOf(),
  "hashedrekord 0.0.1 key": bodyOf({ key: testKey("rsa") }),
  "hashedrekord 0.0.2": bodyOf({ rekor: 2 }),
  "hashedrekord 0.0.2 key": bodyOf({ rekor: 2, key: testKey("P-384") }),
  "dsse 0.0.1": bodyOf({ content: "envelope" }),
  "intoto 0.0.2": bodyOf({ content: "envelope", entries: [{ kind: "intoto" }] }),
};
const valueOf = (body: Uint8Array): any => JSON.parse(new TextDecoder().decode(body));
const bytesOf = (value: unknown): Uint8Array => utf8Bytes(JSON.stringify(value));

function refuses(value: unknown, code?: FormatErrorCode, about?: string): void {
  const body = value instanceof Uint8Array ? value : bytesOf(value);
  assert.throws(
    () => decodeEntryBody(body),
    (error: unknown) => {
      assert.ok(error instanceof FormatError, String(error));
      if (code) assert.equal(error.code, code, about ?? error.message);
      return true;
    },
    about ?? "is read",
  );
}

/** A body with a change. */
function changed(name: keyof typeof bodies, edit: (value: any) => unknown): any {
  const value = valueOf(bodies[name] as Uint8Array);
  edit(value);
  return value;
}

describe("the body of an entry", () => {
  test("is read, and rebuilt byte for byte", () => {
    for (const [name, body] of Object.entries(bodies)) {
      const { kind, version, claims } = decodeEntryBody(body);
      assert.ok(name.startsWith(`${kind} ${version}`));
      assert.deepEqual(encodeEntryBody(kind, version, claims), body, name);
    }
  });

  test("is rebuilt byte for byte where the public logs wrote it", (t) => {
    let count = 0;
    for (const { name, bundle, verdict } of conformanceCases(t)?.values() ?? []) {
      if (verdict === "refused") continue;
      for (const { canonicalizedBody } of decodeBundle(bundle).tlogEntries) {
        const { kind, version, claims } = decodeEntryBody(canonicalizedBody);
        const rebuilt = encodeEntryBody(kind, version, claims);
        count++;
        // A mock log that kept the payload, which Rekor removes.
        if (name === "intoto-with-custom-trust-root") continue;
        assert.equal(
          new TextDecoder().decode(rebuilt),
          new TextDecoder().decode(canonicalizedBody),
          name,
        );
      }
    }
    assert.ok(count === 0 || count >= 21);
  });

  test("says what was signed, by whom and with what", () => {
    const made = testBundle(instance, { rekor: 2 });
    const [entry] = decodeBundle(JSON.stringify(made.value)).tlogEntries;
    const { claims } = decodeEntryBody(entry?.canonicalizedBody as Uint8Array);
    const [{ signature, verifier }, ...others] = claims.signatures;
    assert.deepEqual([signature, others], [made.signing.signature, []]);
    assert.ok(verifier.kind === "certificate");
    assert.deepEqual(verifier.certificate, made.signing.certificate);
    const { content } = claims;
    assert.deepEqual([content.covers, content.hash], ["message", "sha256"]);
    assert.deepEqual(content.digest, hash("sha256", made.artifact));
    assert.equal(content.algorithm?.name, "PKIX_ECDSA_P256_SHA_256");
    const v1 = decodeEntryBody(bodies["dsse 0.0.1"] as Uint8Array).claims;
    assert.deepEqual([v1.content.covers, v1.content.algorithm], ["payload", undefined]);
    const intoto = decodeEntryBody(bodies["intoto 0.0.2"] as Uint8Array).claims;
    assert.equal(intoto.envelope?.payloadType, "application/vnd.in-toto+json");
  });

  test("of the withdrawn dsse 0.0.2 is read and rebuilt", () => {
    const body = bytesOf({
      apiVersion: "0.0.2",
      kind: "dsse",
      spec: {
        dsseV002: {
          payloadHash: { algorithm: "SHA2_256", digest: encodeBase64(new Uint8Array(32)) },
          signatures: [
            {
              content: "AAEC",
              verifier: {
                keyDetails: "PKIX_ECDSA_P256_SHA_256",
                publicKey: { rawBytes: encodeBase64(testKey().publicKey.spki) },
              },
            },
          ],
        },
      },
    });
    const { kind, version, claims } = decodeEntryBody(body);
    assert.deepEqual(encodeEntryBody(kind, version, claims), body);
  });

  test("cut at any byte, or with a tail, is refused", () => {
    for (const body of Object.values(bodies)) {
      for (let end = 0; end < body.length; end += 3) refuses(body.subarray(0, end));
      refuses(Buffer.concat([body, utf8Bytes("x")]), "trailing-data");
    }
  });

  test("without a field, or with one more, or one twice is refused", () => {
    for (const [name, body] of Object.entries(bodies)) {
      const value = valueOf(body);
      for (const { holder, name: field, path } of placesOf(value)) {
        if (Array.isArray(holder)) continue;
        const original = holder[field];
        delete holder[field];
        refuses(value, undefined, `${name}${path} absent`);
        holder[field] = null;
        refuses(value, undefined, `${name}${path} null`);
        holder[field] = original;
        if (typeof original !== "object") continue;
        if (!Array.isArray(original)) {
          original["more"] = 1;
          refuses(value, "unknown-field", `${name}${path}`);
          delete original["more"];
        }
      }
      const text = new TextDecoder().decode(body);
      for (const [, field] of text.matchAll(/"(\w+)":/g)) {
        refuses(
          utf8Bytes(text.replace(`"${field}":`, `"${field}":1,"${field}":`)),
          "duplicate-key",
        );
      }
    }
  });

  test("with a value of another type in any place is refused", () => {
    for (const [name, body] of Object.entries(bodies)) {
      const value = valueOf(body);
      for (const { holder, name: field, path } of placesOf(value)) {
        const original = holder[field];
        for (const wrong of [true, 1, "", "no base64", [], {}, [original]]) {
          holder[field] = wrong;
          // The payload type of an intoto entry is any text.
          const free = path.endsWith("payloadType") && typeof wrong === "string";
          if (free) decodeEntryBody(bytesOf(value));
          else refuses(value, undefined, `${name}${path} = ${JSON.stringify(wrong)}`);
        }
        holder[field] = original;
      }
    }
  });

  test("of an unknown kind or version is refused by name", () => {
    for (const [kind, version] of [
      ["rekord", "0.0.1"],
      ["hashedrekord", "0.0.3"],
      ["hashedrekord", "0.0.10"],
      ["dsse", ""],
      ["intoto", "0.0.1"],
      ["HashedRekord", "0.0.1"],
      ["__proto__", "0.0.1"],
      ["toString", "0.0.1"],
    ] as const) {
      refuses(
        changed("hashedrekord 0.0.1", (value) =>
          Object.assign(value, { kind, apiVersion: version }),
        ),
        "unknown-kind",
      );
      assert.equal(entryApiVersion(kind, version), undefined);
      const { claims } = decodeEntryBody(bodies["hashedrekord 0.0.1"] as Uint8Array);
      assert.throws(() => encodeEntryBody(kind, version, claims), { code: "unknown-kind" });
    }
    assert.equal(entryApiVersion("hashedrekord", "0.0.1"), 1);
    assert.equal(entryApiVersion("intoto", "0.0.2"), 1);
    assert.equal(entryApiVersion("hashedrekord", "0.0.2"), 2);
    assert.equal(entryApiVersion("dsse", "0.0.2"), 2);
  });

  test("with a digest of an unknown algorithm or another size is refused", () => {
    const v1 = (edit: (data: any) => unknown): any =>
      changed("hashedrekord 0.0.1", (value) => edit(value.spec.data.hash));
    for (const algorithm of ["sha1", "SHA256", "sha3_256", "md5", ""]) {
      refuses(
        v1((data) => (data.algorithm = algorithm)),
        "unsupported",
      );
    }
    for (const algorithm of ["sha384", "sha512"]) {
      refuses(
        v1((data) => (data.algorithm = algorithm)),
        "out-of-range",
      );
    }
    refuses(
      v1((data) => (data.value = data.value.slice(2))),
      "out-of-range",
    );
    refuses(
      v1((data) => (data.value = data.value.slice(1))),
      "malformed-hex",
    );
    refuses(
      v1((data) => (data.value = `${data.value.slice(2)}zz`)),
      "malformed-hex",
    );
    const v2 = (edit: (data: any) => unknown): any =>
      changed("hashedrekord 0.0.2", (value) => edit(value.spec.hashedRekordV002.data));
    for (const algorithm of ["sha256", "SHA3_256", "SHA2_224", "1"]) {
      refuses(
        v2((data) => (data.algorithm = algorithm)),
        "unsupported",
      );
    }
    refuses(
      v2((data) => (data.algorithm = "SHA2_512")),
      "out-of-range",
    );
    refuses(
      v2((data) => (data.digest = "AAAA")),
      "out-of-range",
    );
    const dsse = changed("dsse 0.0.1", (value) => (value.spec.payloadHash.algorithm = "sha512"));
    refuses(dsse, "unsupported");
  });

  test("with a verifier that is none, or several, is refused", () => {
    const { certificate = new Uint8Array(0), spki } = testBundle(instance).signing;
    const certPem = encodePem("CERTIFICATE", certificate);
    const keyPem = encodePublicKeyPem(testKey().publicKey);
    const v1 = (pem: string): any =>
      changed(
        "hashedrekord 0.0.1",
        (value) => (value.spec.signature.publicKey.content = encodeBase64(utf8Bytes(pem))),
      );
    decodeEntryBody(bytesOf(v1(certPem)));
    decodeEntryBody(bytesOf(v1(keyPem)));
    refuses(v1(certPem + certPem), "unsupported");
    refuses(v1(certPem + keyPem), "unsupported");
    refuses(v1(encodePem("PRIVATE KEY", spki)), "unsupported");
    refuses(v1(encodePem("PUBLIC KEY", certificate)));
    refuses(v1("no PEM"), "malformed-pem");
    refuses(v1("\u00e4"), "malformed-pem");
    const v2 = (verifier: object): any =>
      changed(
        "hashedrekord 0.0.2",
        (value) =>
          (value.spec.hashedRekordV002.signature.verifier = {
            keyDetails: "PKIX_ECDSA_P256_SHA_256",
            ...verifier,
          }),
      );
    const key = { publicKey: { rawBytes: encodeBase64(spki) } };
    const cert = { x509Certificate: { rawBytes: encodeBase64(certificate) } };
    decodeEntryBody(bytesOf(v2(key)));
    decodeEntryBody(bytesOf(v2(cert)));
    refuses(v2({ ...key, ...cert }), "conflicting-fields");
    refuses(v2({}), "missing-field");
    refuses(v2({ publicKey: { rawBytes: "AAAA" } }));
    for (const keyDetails of ["", "ML_DSA_65", "5", "PKIX_ECDSA_P256"]) {
      refuses(v2({ ...key, keyDetails }), "unsupported");
    }
  });

  test("has at most 32 signatures and at least one", () => {
    const dsse = (count: number): any =>
      changed("dsse 0.0.1", ({ spec }) => {
        spec.signatures = Array.from({ length: count }, () => spec.signatures[0]);
      });
    assert.equal(decodeEntryBody(bytesOf(dsse(32))).claims.signatures.length, 32);
    refuses(dsse(33), "too-large");
    refuses(dsse(0), "missing-field");
    const intoto = (count: number): any =>
      changed("intoto 0.0.2", ({ spec }) => {
        const { envelope } = spec.content;
        envelope.signatures = Array.from({ length: count }, () => envelope.signatures[0]);
      });
    refuses(intoto(33), "too-large");
    refuses(intoto(0), "missing-field");
  });

  test("of 16 MiB or of very many values is refused unread", () => {
    refuses(new Uint8Array((16 << 20) + 1), "too-large");
    refuses(utf8Bytes(`[${"1,".repeat(2000)}1]`), "too-large");
    refuses(utf8Bytes("[".repeat(100)), "too-deep");
  });
});

test("an intoto signature is in base64 twice, or once from clients that sent it so", () => {
  const signature = Uint8Array.of(0x30, 0x06, 2, 1, 1, 2, 1, 1);
  const withSig = (sig: string): Uint8Array => {
    const value = changed(
      "intoto 0.0.2",
      ({ spec }) => (spec.content.envelope.signatures[0].sig = sig),
    );
    return decodeEntryBody(bytesOf(value)).claims.signatures[0].signature;
  };
  assert.deepEqual(withSig(encodeBase64(utf8Bytes(encodeBase64(signature)))), signature);
  assert.deepEqual(withSig(encodeBase64(signature)), signature);
});

test("verifiers are equal as the same certificate byte for byte, or as the same key", () => {
  const [a, b] = [testKey().publicKey, testKey().publicKey];
  const der = (byte: number): Uint8Array => Uint8Array.of(0x30, 1, byte);
  const certificate = (byte: number) => ({ kind: "certificate", certificate: der(byte) }) as const;
  const key = (item: typeof a) => ({ kind: "publicKey", key: item }) as const;
  assert.ok(verifiersEqual(certificate(1), certificate(1)));
  assert.ok(verifiersEqual(key(a), key(a)));
  assert.ok(!verifiersEqual(certificate(1), certificate(2)));
  assert.ok(!verifiersEqual(key(a), key(b)));
  assert.ok(!verifiersEqual(key(a), { kind: "certificate", certificate: a.spki }));
  assert.ok(!verifiersEqual({ kind: "certificate", certificate: a.spki }, key(a)));
});

test("names of hashes are those of protobuf-specs", () => {
  for (const name of ["sha256", "sha384", "sha512"] as const) {
    assert.equal(hashOfOutputName(hashOutputName(name)), name);
  }
  assert.equal(hashOutputName("sha256"), "SHA2_256");
  for (const name of ["SHA3_256", "sha256", "", "toString"]) {
    assert.equal(hashOfOutputName(name), undefined);
  }
});
