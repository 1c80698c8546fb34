// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { suite, test } from "node:test";
import fc from "fast-check";
import { needVectors, vectors } from "../../../../test/vectors.ts";
import {
  buildCertificate,
  buildFulcioLeaf,
  buildSct,
  extension,
  type TestKeyType,
  testKey,
  testName,
  testNotBefore,
} from "../../test/certificate-builder.ts";
import { conformanceLeaves, trustChains } from "../../test/certificate-files.ts";
import { bytesEqual, concatBytes, decodeHex, encodeHex, uintBytes } from "../bytes/index.ts";
import { decodeSpki, sha256, verifySignature } from "../crypto/index.ts";
import { FormatError, type FormatErrorCode } from "../errors/index.ts";
import {
  type Certificate,
  decodeCertificate,
  embeddedSctList,
  extensionOids,
  tbsWithoutExtension,
} from "../x509/index.ts";
import { encodeLeafIndex } from "./log-entry.ts";
import {
  decodeSct,
  decodeSctList,
  encodeSct,
  encodeSctList,
  type Sct,
  sctSignedData,
  sctsMax,
  verifySct,
} from "./sct.ts";

const caKey = testKey();
const logKey = testKey();
const issuer = { key: caKey, subject: testName("CN=ca") };
const leaf = buildFulcioLeaf({ issuer, ctKeys: [logKey] }).certificate;
const [sct] = sctsOf(leaf) as [Sct];
const issuerKeyHash = sha256(caKey.publicKey.spki);
const tbs = tbsWithoutExtension(leaf, extensionOids.sctList);
const bytes = encodeSct(sct);

function sctsOf(certificate: Certificate): readonly Sct[] {
  return decodeSctList(embeddedSctList(certificate) ?? new Uint8Array(0)).scts;
}

function hasCode(code: FormatErrorCode): (error: unknown) => boolean {
  return (error) => error instanceof FormatError && error.code === code;
}

suite("timestamps of the conformance suite", () => {
  test("verify under the CT log of the trusted root, over the certificate without them", (t) => {
    const directory = needVectors(t, "sigstore-conformance/bundle-verify");
    const publicRoot = vectors("public-good/targets/trusted_root.json");
    if (directory === undefined || publicRoot === undefined) return;
    let verified = 0;
    for (const { name, leaf: der, trustedRoot } of conformanceLeaves(directory)) {
      const { authorities, ctLogs } = trustChains(trustedRoot ?? publicRoot);
      const certificate = decodeCertificate(der);
      const ca = authorities.flat().find((candidate) => issued(candidate, certificate));
      if (!ca) continue; // some cases are of a foreign instance on purpose
      const [timestamp, ...others] = sctsOf(certificate);
      if (!timestamp) continue;
      assert.equal(others.length, 0);
      const log = ctLogs.find(({ logId }) => bytesEqual(logId, timestamp.logId));
      if (!log) continue;
      const signed = tbsWithoutExtension(certificate, extensionOids.sctList);
      const hash = sha256(ca.publicKey.spki);
      const good = verifySct(timestamp, hash, signed, decodeSpki(log.spki));
      assert.equal(good, name !== "invalid-ct-key_fail", name);
      assert.ok(!verifySct(timestamp, hash, certificate.tbs, decodeSpki(log.spki)));
      if (good) verified++;
    }
    assert.ok(verified > 40, `${verified} verified`);
  });

  test("carry the extension of a static-ct log in the signed data", (t) => {
    const directory = needVectors(t, "sigstore-conformance/bundle-verify");
    if (directory === undefined) return;
    const found = conformanceLeaves(directory).find(
      ({ name }) => name === "bundle-with-sct-with-extensions",
    );
    const [timestamp] = sctsOf(decodeCertificate(found!.leaf)) as [Sct];
    assert.equal(timestamp.extensions.length, 8);
    assert.deepEqual(timestamp.extensions.subarray(0, 3), Uint8Array.of(0, 0, 5));
  });
});

suite("timestamps", () => {
  test("are written as RFC 6962 §3.2 lays them out", () => {
    const small: Sct = {
      logId: new Uint8Array(32).fill(0xab),
      timestampMs: 0x0102_0304_0506,
      extensions: Uint8Array.of(1, 2),
      hashAlgorithm: 4,
      signatureAlgorithm: 3,
      signature: Uint8Array.of(9),
    };
    const expected = `00${"ab".repeat(32)}0000010203040506000201020403000109`;
    assert.equal(encodeHex(encodeSct(small)), expected);
    assert.deepEqual(decodeSct(decodeHex(expected)), small);
    assert.equal(
      encodeHex(encodeSctList([Uint8Array.of(0), Uint8Array.of(1, 2)])),
      "0007000100" + "00020102",
    );
  });

  test("sign what RFC 6962 §3.2 says, for precertificates and certificates", () => {
    const fields = { timestampMs: 0x0506, extensions: Uint8Array.of(7) };
    const hash = new Uint8Array(32).fill(0xcd);
    const precertificate = sctSignedData(fields, { issuerKeyHash: hash, tbs: Uint8Array.of(1, 2) });
    assert.equal(
      encodeHex(precertificate),
      `0000${"0000000000000506"}0001${"cd".repeat(32)}0000020102000107`,
    );
    const certificate = sctSignedData(fields, { certificate: Uint8Array.of(1, 2) });
    assert.equal(encodeHex(certificate), "0000000000000000050600000000020102000107");
  });

  test("read back whatever was written", () => {
    const sizedBytes = (maxLength: number): fc.Arbitrary<Uint8Array> =>
      fc.uint8Array({ maxLength });
    const any = fc.record(
      {
        logId: fc.uint8Array({ minLength: 32, maxLength: 32 }),
        timestampMs: fc.integer({ min: 0, max: 8_640_000_000_000_000 }),
        extensions: sizedBytes(300),
        hashAlgorithm: fc.nat(255),
        signatureAlgorithm: fc.nat(255),
        signature: sizedBytes(600),
      },
      { noNullPrototype: true },
    );
    fc.assert(
      fc.property(fc.array(any, { minLength: 1, maxLength: 5 }), (scts) => {
        const list = encodeSctList(scts.map(encodeSct));
        assert.deepEqual(decodeSctList(list), { scts, unknown: [] });
      }),
    );
  });

  test("give views, not copies", () => {
    const read = decodeSct(bytes);
    assert.equal(read.logId.buffer, bytes.buffer);
    assert.equal(read.signature.buffer, bytes.buffer);
  });

  test("are refused at every truncation and with trailing bytes", () => {
    for (let length = 0; length < bytes.length; length++) {
      assert.throws(() => decodeSct(bytes.subarray(0, length)), hasCode("truncated"));
    }
    const longer = concatBytes(bytes, Uint8Array.of(0));
    assert.throws(() => decodeSct(longer), hasCode("trailing-data"));
  });

  test("of another version are refused alone", () => {
    assert.throws(() => decodeSct(bytes.with(0, 1)), hasCode("unsupported"));
  });

  test("have a time that a Date can hold", () => {
    const at = (ms: bigint): Uint8Array =>
      concatBytes(bytes.subarray(0, 33), uintBytes(ms, 8), bytes.subarray(41));
    assert.equal(decodeSct(at(0n)).timestampMs, 0);
    assert.equal(decodeSct(at(8_640_000_000_000_000n)).timestampMs, 8_640_000_000_000_000);
    assert.throws(() => decodeSct(at(8_640_000_000_000_001n)), hasCode("out-of-range"));
    assert.throws(() => decodeSct(at((1n << 64n) - 1n)), hasCode("out-of-range"));
  });

  test("are not written with lengths that no reader accepts", () => {
    assert.throws(() => encodeSct({ ...sct, logId: new Uint8Array(31) }), RangeError);
    assert.throws(() => encodeSct({ ...sct, extensions: new Uint8Array(65_536) }), RangeError);
    assert.throws(() => encodeSctList([new Uint8Array(65_534)]), RangeError);
    const short = { issuerKeyHash: new Uint8Array(20), tbs };
    assert.throws(() => sctSignedData(sct, short), RangeError);
  });
});

suite("timestamp lists", () => {
  test("report timestamps of unknown versions beside those that are known", () => {
    const raw = Uint8Array.of(7, 1, 2, 3);
    assert.deepEqual(decodeSctList(encodeSctList([raw, bytes])), {
      scts: [sct],
      unknown: [{ version: 7, raw }],
    });
  });

  const list = encodeSctList([bytes]);
  const bad: [string, Uint8Array, FormatErrorCode][] = [
    ["no bytes", new Uint8Array(0), "truncated"],
    ["no timestamp", Uint8Array.of(0, 0), "malformed"],
    ["an empty timestamp", Uint8Array.of(0, 2, 0, 0), "malformed"],
    ["half a length", Uint8Array.of(0, 1, 0), "truncated"],
    ["a list that ends early", concatBytes(list, Uint8Array.of(0)), "trailing-data"],
    ["a timestamp that ends late", encodeSctList([bytes.subarray(0, -1)]), "truncated"],
    [
      "a timestamp that ends early",
      encodeSctList([concatBytes(bytes, Uint8Array.of(0))]),
      "trailing-data",
    ],
    ["more timestamps than the limit", encodeSctList(Array(sctsMax + 1).fill(bytes)), "too-large"],
    [
      "more unknown timestamps than the limit",
      encodeSctList(Array(sctsMax + 1).fill(Uint8Array.of(1))),
      "too-large",
    ],
  ];
  for (const [what, input, code] of bad) {
    test(`are refused for ${what}`, () => {
      assert.throws(() => decodeSctList(input), hasCode(code));
    });
  }

  test("hold as many timestamps as the limit says", () => {
    const full = encodeSctList(Array(sctsMax).fill(bytes));
    assert.equal(decodeSctList(full).scts.length, sctsMax);
  });

  test("are refused at every truncation", () => {
    for (let length = 0; length < list.length; length++) {
      assert.throws(() => decodeSctList(list.subarray(0, length)), hasCode("truncated"));
    }
  });
});

suite("checking a timestamp", () => {
  for (const type of ["P-256", "P-384", "P-521", "rsa"] as const satisfies TestKeyType[]) {
    test(`accepts a ${type} log, with and without extensions`, () => {
      const key = testKey(type);
      for (const ctExtensions of [new Uint8Array(0), encodeLeafIndex(2 ** 33)]) {
        const certificate = buildFulcioLeaf({ issuer, ctKeys: [key], ctExtensions }).certificate;
        const [timestamp] = sctsOf(certificate) as [Sct];
        const signed = tbsWithoutExtension(certificate, extensionOids.sctList);
        assert.deepEqual(timestamp.extensions, ctExtensions);
        assert.ok(bytesEqual(timestamp.logId, sha256(key.publicKey.spki)));
        assert.ok(verifySct(timestamp, issuerKeyHash, signed, key.publicKey));
        assert.ok(!verifySct(timestamp, issuerKeyHash, signed, logKey.publicKey));
      }
    });
  }

  test("accepts each of several", () => {
    const keys = [testKey(), testKey("P-384")];
    const certificate = buildFulcioLeaf({ issuer, ctKeys: keys }).certificate;
    const signed = tbsWithoutExtension(certificate, extensionOids.sctList);
    sctsOf(certificate).forEach((timestamp, i) => {
      assert.ok(verifySct(timestamp, issuerKeyHash, signed, keys[i]!.publicKey));
    });
  });

  test("covers the precertificate without its poison", () => {
    const base = { key: logKey, issuer, serialNumber: Uint8Array.of(1) };
    const kept = extension.keyUsage(["digitalSignature"]);
    const precertificate = buildCertificate({ ...base, extensions: [kept, extension.poison()] });
    const signed = tbsWithoutExtension(
      precertificate.certificate,
      extensionOids.precertificatePoison,
    );
    const timestamp = buildSct({
      ctKey: logKey,
      timestampMs: testNotBefore.getTime(),
      issuerSpki: caKey.publicKey.spki,
      tbs: signed,
    });
    const list = extension.sctList(encodeSctList([timestamp]));
    const final = buildCertificate({ ...base, extensions: [kept, list] }).certificate;
    const rebuilt = tbsWithoutExtension(final, extensionOids.sctList);
    assert.deepEqual(rebuilt, signed);
    assert.ok(verifySct(decodeSct(timestamp), issuerKeyHash, rebuilt, logKey.publicKey));
  });

  const { publicKey } = logKey;
  const wrong: [string, () => boolean][] = [
    ["another time", () => verify({ timestampMs: sct.timestampMs + 1 })],
    ["extensions that were not signed", () => verify({ extensions: Uint8Array.of(0) })],
    ["a flipped signature", () => verify({ signature: flip(sct.signature, 12) })],
    ["an empty signature", () => verify({ signature: new Uint8Array(0) })],
    ["SHA-1", () => verify({ hashAlgorithm: 2 })],
    ["SHA-384", () => verify({ hashAlgorithm: 5 })],
    ["no hash", () => verify({ hashAlgorithm: 0 })],
    ["RSA where the log's key is on a curve", () => verify({ signatureAlgorithm: 1 })],
    ["DSA", () => verify({ signatureAlgorithm: 2 })],
    ["anonymous signatures", () => verify({ signatureAlgorithm: 0 })],
    ["Ed25519 of TLS 1.3", () => verify({ hashAlgorithm: 8, signatureAlgorithm: 7 })],
    ["another issuer", () => verifySct(sct, sha256(publicKey.spki), tbs, publicKey)],
    ["another certificate", () => verifySct(sct, issuerKeyHash, flip(tbs, 40), publicKey)],
    ["the certificate with its list", () => verifySct(sct, issuerKeyHash, leaf.tbs, publicKey)],
    ["an Ed25519 log", () => verifySct(sct, issuerKeyHash, tbs, testKey("ed25519").publicKey)],
    ["an RSA log", () => verifySct(sct, issuerKeyHash, tbs, testKey("rsa").publicKey)],
    ["a signature over the whole certificate", () => verify({ signature: overCertificate() })],
  ];
  for (const [what, accepts] of wrong) {
    test(`refuses ${what}`, () => {
      assert.equal(verify({}), true);
      assert.equal(accepts(), false);
    });
  }

  function verify(changes: Partial<Sct>): boolean {
    return verifySct({ ...sct, ...changes }, issuerKeyHash, tbs, publicKey);
  }

  function overCertificate(): Uint8Array {
    const whole = buildSct({
      ctKey: logKey,
      timestampMs: sct.timestampMs,
      issuerSpki: caKey.publicKey.spki,
      tbs: leaf.der,
    });
    return decodeSct(whole).signature;
  }
});

function issued(issuing: Certificate, certificate: Certificate): boolean {
  const { signatureAlgorithm, tbs: signed, signature } = certificate;
  return verifySignature(issuing.publicKey, signatureAlgorithm, signed, signature);
}

function flip(input: Uint8Array, index: number): Uint8Array {
  return input.with(index, (input[index] as number) ^ 1);
}
