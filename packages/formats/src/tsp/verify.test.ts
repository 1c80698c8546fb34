// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import { needVectors, vectors } from "../../../../test/vectors.ts";
import {
  attribute,
  buildRefusal,
  buildTimestamp,
  digest,
  extension,
  hashIdentifier,
  issuerSerial,
  nameOf,
  oids,
  signingCertificate,
  type TestAuthority,
  testAuthority,
  type TestTimestampOptions,
} from "../../../../test/timestamp-builder.ts";
import {
  contextTag,
  der,
  derNull,
  derOctetString,
  derOid,
  derSequence,
  derUtf8String,
} from "../der/index.ts";
import { FormatError } from "../errors/index.ts";
import { type Certificate, decodeCertificate } from "../x509/index.ts";
import {
  decodeTimestampResponse,
  TimestampError,
  type TimestampErrorCode,
  type VerifiedTimestamp,
  verifyTimestamp,
} from "./index.ts";

const folder = new URL("../../test/tsp/", import.meta.url);
const fixture = (name: string): Uint8Array => new Uint8Array(readFileSync(new URL(name, folder)));
const stamped = fixture("stamped.bin");
const issuer = testAuthority({ ca: true, name: "issuer.example", serialNumber: 1 });
const authority = testAuthority({ issuer });

function verify(bytes: Uint8Array, signature: Uint8Array, leaf: Uint8Array): VerifiedTimestamp {
  return verifyTimestamp(decodeTimestampResponse(bytes), {
    signature,
    authority: decodeCertificate(leaf),
  });
}

function refused(code: TimestampErrorCode, action: () => unknown): void {
  assert.throws(action, (error) => {
    assert.ok(error instanceof TimestampError, String(error));
    assert.equal(error.code, code);
    return true;
  });
}

describe("timestamps made by openssl verify", () => {
  const cases: [string, "rsa" | "ec", VerifiedTimestamp["certificateId"]][] = [
    ["rsa-sha256-plain", "rsa", "verified"],
    ["rsa-sha384", "rsa", "verified"],
    ["rsa-sha512-certificate", "rsa", "verified"],
    ["ec-sha256-certificate", "ec", "verified"],
    ["ec-sha384", "ec", "verified"],
    ["ec-sha512-certificate", "ec", "verified"],
    ["ec-sha256-certificate-id-sha1", "ec", "sha1-only"],
  ];
  for (const [name, leaf, certificateId] of cases) {
    test(name, () => {
      const result = verify(fixture(`${name}.tsr`), stamped, fixture(`${leaf}.der`));
      assert.equal(result.certificateId, certificateId);
      assert.equal(result.hash, /sha\d+/.exec(name)?.[0]);
      assert.equal(
        result.policy,
        name === "rsa-sha384" || name === "ec-sha384" ? "1.2.3.4.5" : "1.2.3.4.1",
      );
      assert.equal(result.genTime.getUTCFullYear() >= 2026, true);
    });
  }

  test("but not over other bytes, nor under the other leaf", () => {
    const bytes = fixture("rsa-sha384.tsr");
    const other = stamped.subarray(1);
    refused("timestamp-imprint-mismatch", () => verify(bytes, other, fixture("rsa.der")));
    refused("timestamp-signer-mismatch", () => verify(bytes, stamped, fixture("ec.der")));
  });

  test("nor where the imprint is SHA-1 or the authority refused", () => {
    refused("timestamp-weak-hash", () =>
      verify(fixture("ec-imprint-sha1.tsr"), stamped, fixture("ec.der")),
    );
    refused("timestamp-not-granted", () =>
      verify(fixture("rejected-policy.tsr"), stamped, fixture("ec.der")),
    );
  });
});

describe("timestamps of the conformance suite", () => {
  /** Cases whose timestamp itself is wrong; in all others it verifies, whatever else is wrong. */
  const wrong: Readonly<Record<string, TimestampErrorCode>> = {
    "rekor2-timestamp-outside-tsa-cert-validity_fail": "timestamp-signing-time-outside-certificate",
    "rekor2-timestamp-payload-mismatch_fail": "timestamp-imprint-mismatch",
    "rekor2-timestamp-untrusted-tsa-with-embedded-cert_fail": "timestamp-signer-mismatch",
    "rekor2-timestamp-untrusted-tsa-without-embedded-cert_fail": "timestamp-signer-mismatch",
  };

  test("verify, but for those that are about a wrong timestamp", (t) => {
    const root = needVectors(t, "sigstore-conformance/bundle-verify");
    if (root === undefined) return;
    const seen = new Set<string>();
    for (const name of readdirSync(root)) {
      const found = readCase(root, name);
      if (!found) continue;
      seen.add(name);
      const code = wrong[name];
      if (code) refused(code, () => verify(found.timestamp, found.signature, found.leaf));
      else assert.ok(verify(found.timestamp, found.signature, found.leaf).genTime, name);
    }
    assert.deepEqual(
      Object.keys(wrong).filter((name) => !seen.has(name)),
      [],
    );
    assert.ok(seen.size >= 30, `only ${seen.size} cases hold a timestamp`);
  });

  test("of FreeTSA verify under their embedded leaf, bound to it by SHA-1 only", (t) => {
    const root = needVectors(t, "sigstore-conformance/bundle-verify");
    if (root === undefined) return;
    const name = "rekor2-timestamp-untrusted-tsa-with-embedded-cert_fail";
    const { timestamp, signature } = readCase(root, name)!;
    const response = decodeTimestampResponse(timestamp);
    const leaf = response.token!.certificates[0]!;
    const result = verify(timestamp, signature, leaf);
    assert.equal(result.certificateId, "sha1-only");
    assert.equal(result.genTime.toISOString(), "2025-08-06T19:38:49.000Z");
    // The second embedded certificate is FreeTSA's root: right issuer, another serial number.
    refused("timestamp-signer-mismatch", () =>
      verify(timestamp, signature, response.token!.certificates[1]!),
    );
  });
});

describe("a built timestamp verifies", () => {
  for (const keyType of ["P-256", "P-384", "RSA", "Ed25519"] as const) {
    test(`with a ${keyType} key`, () => {
      const signer = keyType === "P-256" ? authority : testAuthority({ keyType });
      const digestAlgorithm = keyType === "P-384" ? "sha384" : "sha512";
      const bytes = buildTimestamp(signer, stamped, { digestAlgorithm, imprintHash: "sha384" });
      assert.deepEqual(verify(bytes, stamped, signer.certificate), {
        genTime: new Date("2025-06-12T12:02:20Z"),
        policy: "1.3.6.1.4.1.57264.2",
        serialNumber: 42n,
        hash: "sha384",
        certificateId: "verified",
      });
    });
  }

  const bare = (oid: string): Uint8Array => derSequence(derOid(oid), derNull());
  const cases: [string, TestTimestampOptions][] = [
    ["by key identifier", { signerBy: "key-identifier" }],
    ["with a bare key type", { signatureAlgorithm: bare("1.2.840.10045.2.1") }],
    ["with its certificate", { certificates: [authority.certificate] }],
    ["with its chain in any order", { certificates: [issuer.certificate, authority.certificate] }],
    ["in version 1", { signedDataVersion: 1 }],
    [
      "with a certificate id by SHA-512",
      {
        signingCertificateV2: signingCertificate(
          hashIdentifier("sha512"),
          derOctetString(digest("sha512", authority.certificate)),
        ),
      },
    ],
    [
      "with a certificate id wrapped in an OCTET STRING",
      {
        signingCertificateV2: derOctetString(
          signingCertificate(derOctetString(digest("sha256", authority.certificate))),
        ),
      },
    ],
    [
      "with an extension that is not critical",
      { tstInfoTail: [der(contextTag(1, true), extension("1.2.3", false, derNull()))] },
    ],
    [
      "with signingTime at the leaf's last instant",
      { signingTime: new Date("2040-01-01T00:00:00Z") },
    ],
    [
      "with signingTime at the leaf's first instant",
      { signingTime: new Date("2020-01-01T00:00:00Z") },
    ],
    [
      "with genTime after the leaf's end, which is the caller's to check",
      { genTime: new Date("2045-01-01T00:00:00Z"), signingTime: new Date("2025-01-01T00:00:00Z") },
    ],
  ];
  for (const [name, options] of cases) {
    test(name, () => {
      const bytes = buildTimestamp(authority, stamped, options);
      assert.equal(verify(bytes, stamped, authority.certificate).certificateId, "verified");
    });
  }

  test("without signing-certificate attribute, and says so", () => {
    const bytes = buildTimestamp(authority, stamped, {
      attributes: ({ contentType, messageDigest }) => [contentType, messageDigest],
    });
    assert.equal(verify(bytes, stamped, authority.certificate).certificateId, "absent");
  });

  test("with an embedded certificate whose key is not one we read", () => {
    const odd = derSequence(derSequence(derOctetString(new Uint8Array(1))));
    const bytes = buildTimestamp(authority, stamped, {
      certificates: [authority.certificate, odd],
    });
    assert.throws(() => verify(bytes, stamped, authority.certificate), FormatError);
    const version1 = derSequence(
      derSequence(der(2, Uint8Array.of(9)), derSequence(), nameOf("old"), derUtf8String("rest")),
    );
    const certificates = [version1, authority.certificate];
    const good = buildTimestamp(authority, stamped, { certificates });
    assert.ok(verify(good, stamped, authority.certificate));
  });
});

describe("a built timestamp is refused", () => {
  /** Same issuer, serial number and name as the authority, another key. */
  const impostor = testAuthority({ issuer });
  const id = (...elements: Uint8Array[]): TestTimestampOptions => ({
    signingCertificateV2: signingCertificate(...elements),
  });
  const own = derOctetString(digest("sha256", authority.certificate));
  const sha1Id = (serialNumber: number): TestTimestampOptions => ({
    attributes: ({ contentType, messageDigest }) => [
      contentType,
      messageDigest,
      attribute(
        oids.signingCertificate,
        signingCertificate(
          derOctetString(new Uint8Array(20)),
          issuerSerial(authority.issuer, serialNumber),
        ),
      ),
    ],
  });
  const cases: [string, TimestampErrorCode, TestTimestampOptions][] = [
    ["with status grantedWithMods", "timestamp-not-granted", { status: 1 }],
    [
      "whose contentType attribute is data",
      "timestamp-content-type-mismatch",
      { contentType: oids.data },
    ],
    ["over a SHA-1 imprint", "timestamp-weak-hash", { imprintHash: "sha1" }],
    ["over another digest", "timestamp-imprint-mismatch", { imprintDigest: new Uint8Array(32) }],
    [
      "whose messageDigest is of something else",
      "timestamp-digest-mismatch",
      { messageDigest: new Uint8Array(32) },
    ],
    [
      "whose messageDigest is by another hash",
      "timestamp-digest-mismatch",
      { messageDigest: digest("sha512", stamped) },
    ],
    ["signed by another key", "timestamp-signature-invalid", { signWith: impostor }],
    [
      "signed by another key of the same name that it brings along",
      "timestamp-signer-mismatch",
      { signWith: impostor, certificates: [impostor.certificate] },
    ],
    [
      "that brings an impostor beside its own certificate",
      "timestamp-signer-mismatch",
      { certificates: [authority.certificate, impostor.certificate] },
    ],
    [
      "that brings its issuer's certificate only",
      "timestamp-signer-mismatch",
      { certificates: [issuer.certificate] },
    ],
    [
      "whose certificate id has another digest",
      "timestamp-certificate-id-mismatch",
      id(derOctetString(digest("sha256", impostor.certificate))),
    ],
    [
      "whose certificate id has another serial number",
      "timestamp-certificate-id-mismatch",
      id(own, issuerSerial(authority.issuer, 8)),
    ],
    [
      "whose certificate id has another issuer",
      "timestamp-certificate-id-mismatch",
      id(own, issuerSerial(nameOf("other"), 7)),
    ],
    [
      "whose SHA-1 certificate id has another serial number",
      "timestamp-certificate-id-mismatch",
      sha1Id(8),
    ],
    [
      "whose first certificate id is the issuer's",
      "timestamp-certificate-id-mismatch",
      {
        signingCertificateV2: derSequence(
          derSequence(
            derSequence(derOctetString(digest("sha256", issuer.certificate))),
            derSequence(own),
          ),
        ),
      },
    ],
    [
      "whose signingTime is before the leaf's validity",
      "timestamp-signing-time-outside-certificate",
      { signingTime: new Date("2019-12-31T23:59:59Z") },
    ],
    [
      "whose signingTime is after the leaf's validity",
      "timestamp-signing-time-outside-certificate",
      { signingTime: new Date("2040-01-01T00:00:01Z") },
    ],
    [
      "with a critical extension",
      "timestamp-critical-extension",
      { tstInfoTail: [der(contextTag(1, true), extension("1.2.3", true, derNull()))] },
    ],
    [
      "whose signature names another hash than was signed",
      "timestamp-signature-invalid",
      { signatureAlgorithm: derSequence(derOid("1.2.840.10045.4.3.4")) },
    ],
    [
      "whose signature names an algorithm of another key type",
      "timestamp-signature-invalid",
      { signatureAlgorithm: derSequence(derOid("1.3.101.112")) },
    ],
  ];
  for (const [name, code, options] of cases) {
    test(name, () => {
      const bytes = buildTimestamp(authority, stamped, options);
      refused(code, () => verify(bytes, stamped, authority.certificate));
    });
  }

  test("with a SHA-1 certificate id of the right serial number it is not", () => {
    const bytes = buildTimestamp(authority, stamped, sha1Id(authority.serialNumber));
    assert.equal(verify(bytes, stamped, authority.certificate).certificateId, "sha1-only");
  });

  test("by issuer, serial number or key identifier of another certificate", () => {
    const others: TestAuthority[] = [
      testAuthority({ issuer, serialNumber: 8 }),
      testAuthority({ serialNumber: authority.serialNumber }),
    ];
    for (const other of others) {
      const bytes = buildTimestamp(other, stamped);
      refused("timestamp-signer-mismatch", () => verify(bytes, stamped, authority.certificate));
    }
    const byKey = buildTimestamp(impostor, stamped, { signerBy: "key-identifier" });
    refused("timestamp-signer-mismatch", () => verify(byKey, stamped, authority.certificate));
  });

  test("by key identifier when the leaf has none", () => {
    const leaf = testAuthority({ extensions: [extension("2.5.29.15", true, derNull())] });
    const bytes = buildTimestamp(leaf, stamped, { signerBy: "key-identifier" });
    refused("timestamp-signer-mismatch", () => verify(bytes, stamped, leaf.certificate));
  });

  test("in a response that refuses, with the authority's words", () => {
    const bytes = buildRefusal(2, derSequence(derUtf8String("come back later")));
    assert.throws(
      () => verify(bytes, stamped, authority.certificate),
      /rejection.*come back later/,
    );
  });
});

describe("every bit of a real token counts", () => {
  /**
   * Flips each bit in turn and lists the bytes where the result still verifies. Each listed byte is
   * outside what is signed and without influence on what is answered.
   */
  function survivors(bytes: Uint8Array, signature: Uint8Array, leaf: Certificate): number[] {
    const found = new Set<number>();
    const expected = verifyTimestamp(decodeTimestampResponse(bytes), {
      signature,
      authority: leaf,
    });
    for (let bit = 0; bit < 8 * bytes.length; bit++) {
      const at = bit >> 3;
      const flipped = Uint8Array.from(bytes);
      flipped[at] = (flipped[at] as number) ^ (1 << (bit & 7));
      let result: VerifiedTimestamp;
      try {
        result = verifyTimestamp(decodeTimestampResponse(flipped), { signature, authority: leaf });
      } catch (error) {
        const typed = error instanceof TimestampError || error instanceof FormatError;
        assert.ok(typed, `byte ${at}: ${String(error)}`);
        continue;
      }
      assert.deepEqual(result, expected);
      found.add(at);
    }
    return [...found];
  }

  /**
   * The bytes outside everything signed that may differ by a bit: the value of SignedData.version,
   * where 3 and 1 are both read, and, where certificates are embedded, the tag of their set, which
   * one bit turns into that of revocation lists. Those are skipped: the token then counts as one
   * without certificates, as most are, and trust never came from the set.
   */
  function ignored(bytes: Uint8Array): number[] {
    const versionAt = Buffer.from(bytes).indexOf(Uint8Array.of(2, 1, 3, 0x31)) + 2;
    assert.equal(bytes[versionAt], 3);
    const first = decodeTimestampResponse(bytes).token?.certificates[0];
    if (!first) return [versionAt];
    const tagAt = Buffer.from(bytes).indexOf(first) - 4;
    assert.deepEqual([...bytes.subarray(tagAt, tagAt + 2)], [0xa0, 0x82]);
    return [versionAt, tagAt];
  }

  for (const name of ["rekor2-happy-path", "rekor2-dsse-happy-path"]) {
    const embedded = name === "rekor2-happy-path" ? "with" : "without";
    test(`of the Sigstore authority ${embedded} its certificate, but for what is ignored`, (t) => {
      if (needVectors(t, "sigstore-conformance/bundle-verify") === undefined) return;
      const found = readCase(vectors("sigstore-conformance/bundle-verify")!, name)!;
      const leaf = decodeCertificate(found.leaf);
      assert.deepEqual(survivors(found.timestamp, found.signature, leaf), ignored(found.timestamp));
    });
  }

  test("of openssl's RSA authority, but the version", () => {
    const bytes = fixture("rsa-sha256-plain.tsr");
    const leaf = decodeCertificate(fixture("rsa.der"));
    assert.deepEqual(survivors(bytes, stamped, leaf), ignored(bytes));
  });

  test("with an issuer's certificate aboard, but for what is ignored and that certificate", () => {
    const certificates = [authority.certificate, issuer.certificate];
    const bytes = buildTimestamp(authority, stamped, { certificates });
    const start = Buffer.from(bytes).indexOf(issuer.certificate);
    const found = survivors(bytes, stamped, decodeCertificate(authority.certificate));
    const inIssuer = found.filter((at) => at >= start && at < start + issuer.certificate.length);
    // Unsigned by design: path building decides what an embedded issuer is worth.
    assert.ok(inIssuer.length > 0);
    assert.deepEqual(
      found.filter((at) => !inIssuer.includes(at)),
      ignored(bytes),
    );
  });
});

interface Case {
  readonly timestamp: Uint8Array;
  readonly signature: Uint8Array;
  readonly leaf: Uint8Array;
}

/** The first timestamp of a conformance case, what it is over, and its authority's leaf. */
function readCase(root: string, name: string): Case | undefined {
  const bundle = readJson(join(root, name, "bundle.sigstore.json"));
  const data = bundle?.verificationMaterial?.timestampVerificationData;
  const timestamp = data?.rfc3161Timestamps?.[0]?.signedTimestamp;
  if (timestamp === undefined) return undefined;
  const trustedRoot =
    readJson(join(root, name, "trusted_root.json")) ??
    readJson(vectors("public-good/targets/trusted_root.json")!);
  const leaf = trustedRoot.timestampAuthorities[0].certChain.certificates[0].rawBytes;
  const signature = bundle.messageSignature?.signature ?? bundle.dsseEnvelope.signatures[0].sig;
  return { timestamp: bytesOf(timestamp), signature: bytesOf(signature), leaf: bytesOf(leaf) };
}

/** Node's lax base64: one case wraps its lines. */
function bytesOf(base64: string): Uint8Array {
  return new Uint8Array(Buffer.from(base64, "base64"));
}

function readJson(path: string): any {
  try {
    return JSON.parse(readFileSync(path, "utf8"));
  } catch (error) {
    // Some cases have no such file, some an unreadable one on purpose.
    const code = (error as NodeJS.ErrnoException).code;
    if (error instanceof SyntaxError || code === "ENOENT" || code === "ENOTDIR") return undefined;
    throw error;
  }
}
