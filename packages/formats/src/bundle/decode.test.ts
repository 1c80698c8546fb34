// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import {
  type TestBundle,
  testBundle,
  type TestBundleOptions,
  testInstance,
} from "../../../../test/instance.ts";
import { conformanceCases } from "../../../../test/conformance-cases.ts";
import { testKey } from "../../test/certificate-builder.ts";
import { placesOf } from "../../test/trust-material.ts";
import { FormatError, type FormatErrorCode } from "../errors/index.ts";
import { bundleLimits, decodeBundle } from "./index.ts";

const instance = testInstance();
const made = (options: TestBundleOptions = {}): TestBundle => testBundle(instance, options);
const full = made({ timestamps: [{}] });
const envelope = made({
  version: "0.2",
  content: "envelope",
  timestamps: [{}],
  edit: (value) => (value.dsseEnvelope.signatures[0].keyid = "key"),
});
const keyed = made({ key: testKey(), rekor: 2 });
const all = [full, envelope, keyed];

/** Asserts a refusal with the code and, where given, the place. */
function refuses(input: unknown, code: FormatErrorCode, place?: string): void {
  const text =
    typeof input === "string" || input instanceof Uint8Array ? input : JSON.stringify(input);
  assert.throws(
    () => decodeBundle(text),
    (error: unknown) => {
      assert.ok(error instanceof FormatError, String(error));
      assert.equal(error.code, code, error.message);
      if (place !== undefined) assert.equal(error.place, place);
      return true;
    },
  );
}

/** A copy of the bundle's value with a change. */
function changed({ value }: TestBundle, edit: (value: any) => unknown): any {
  const copy = structuredClone(value);
  edit(copy);
  return copy;
}

const entry = (value: any): any => value.verificationMaterial.tlogEntries[0];
const hex = (bytes: Uint8Array | undefined): string => Buffer.from(bytes ?? []).toString("base64");

describe("a bundle is read", () => {
  test("field by field, as message with a certificate", () => {
    const { value } = full;
    const bundle = decodeBundle(JSON.stringify(value));
    assert.equal(bundle.version, "0.3");
    assert.equal(bundle.mediaType, value.mediaType);
    const { keyMaterial, content } = bundle;
    assert.ok(keyMaterial.kind === "certificate" && content.kind === "message");
    const { certificate, timestampVerificationData } = value.verificationMaterial;
    assert.equal(hex(keyMaterial.certificate), certificate.rawBytes);
    const { messageDigest, signature } = value.messageSignature;
    assert.equal(hex(content.message.signature), signature);
    assert.equal(content.message.messageDigest?.algorithm, "SHA2_256");
    assert.equal(hex(content.message.messageDigest?.digest), messageDigest.digest);
    const [stamp] = timestampVerificationData.rfc3161Timestamps;
    assert.deepEqual(bundle.timestamps.map(hex), [stamp.signedTimestamp]);
    const [log] = bundle.tlogEntries;
    assert.ok(log?.inclusionProof);
    const raw = entry(value);
    assert.deepEqual(
      [log.logIndex, log.kind, log.kindVersion, log.integratedTime],
      [25_584n, "hashedrekord", "0.0.1", 1_893_456_300n],
    );
    assert.equal(hex(log.logId), raw.logId.keyId);
    assert.equal(hex(log.inclusionPromise), raw.inclusionPromise.signedEntryTimestamp);
    assert.equal(hex(log.canonicalizedBody), raw.canonicalizedBody);
    const { inclusionProof: proof } = log;
    assert.deepEqual([proof.logIndex, proof.treeSize], [5n, 9n]);
    assert.equal(hex(proof.rootHash), raw.inclusionProof.rootHash);
    assert.deepEqual(proof.hashes.map(hex), raw.inclusionProof.hashes);
    assert.equal(proof.checkpoint, raw.inclusionProof.checkpoint.envelope);
  });

  test("field by field, as envelope with a chain, and with a key", () => {
    const bundle = decodeBundle(JSON.stringify(envelope.value));
    const { keyMaterial, content } = bundle;
    assert.ok(keyMaterial.kind === "chain" && content.kind === "envelope");
    const { certificates } = envelope.value.verificationMaterial.x509CertificateChain;
    assert.deepEqual(keyMaterial.certificates.map(hex), [certificates[0].rawBytes]);
    assert.equal(content.envelope.payloadType, "application/vnd.in-toto+json");
    assert.equal(hex(content.envelope.payload), envelope.value.dsseEnvelope.payload);
    assert.equal(content.envelope.signatures[0]?.keyid, "key");
    const other = decodeBundle(JSON.stringify(keyed.value));
    const { hint } = keyed.value.verificationMaterial.publicKey;
    assert.deepEqual(other.keyMaterial, { kind: "publicKey", hint });
    assert.deepEqual([other.tlogEntries[0]?.integratedTime, other.timestamps.length], [0n, 1]);
  });

  test("from bytes as from text, with any white space and order of fields", () => {
    const expected = decodeBundle(JSON.stringify(full.value));
    const text = JSON.stringify(full.value, undefined, "\t");
    assert.deepEqual(decodeBundle(text), expected);
    assert.deepEqual(decodeBundle(new TextEncoder().encode(` \r\n${text}\n`)), expected);
    const reversed = Object.fromEntries(Object.entries(full.value).toReversed());
    assert.deepEqual(decodeBundle(JSON.stringify(reversed)), expected);
  });

  test("with protobuf's defaults left out", () => {
    const bare = changed(keyed, (value) => {
      value.verificationMaterial.publicKey = {};
      delete value.messageSignature.messageDigest;
      const first = entry(value);
      delete first.logIndex;
      delete first.inclusionProof.logIndex;
      delete first.inclusionProof.hashes;
      delete value.verificationMaterial.timestampVerificationData;
    });
    const bundle = decodeBundle(JSON.stringify(bare));
    assert.deepEqual(bundle.keyMaterial, { kind: "publicKey", hint: "" });
    const [log] = bundle.tlogEntries;
    assert.deepEqual([log?.logIndex, log?.inclusionProof?.logIndex], [0n, 0n]);
    assert.deepEqual([log?.inclusionProof?.hashes, bundle.timestamps], [[], []]);
    const none = changed(keyed, (value) => delete value.verificationMaterial.tlogEntries);
    assert.deepEqual(decodeBundle(JSON.stringify(none)).tlogEntries, []);
    const noNote = changed(keyed, (value) => delete entry(value).inclusionProof.checkpoint);
    const [noteless] = decodeBundle(JSON.stringify(noNote)).tlogEntries;
    assert.equal(noteless?.inclusionProof?.checkpoint, undefined);
  });

  test("with null where a field is absent, as protobuf has it", () => {
    const nulls = changed(keyed, (value) => {
      value.dsseEnvelope = null;
      value.verificationMaterial.certificate = null;
      value.verificationMaterial.x509CertificateChain = null;
      entry(value).inclusionPromise = null;
      entry(value).integratedTime = null;
    });
    assert.deepEqual(
      decodeBundle(JSON.stringify(nulls)),
      decodeBundle(JSON.stringify(keyed.value)),
    );
  });
});

describe("a bundle is refused", () => {
  test("cut at any byte, or with anything after its end", () => {
    for (const { value } of all) {
      const bytes = new TextEncoder().encode(JSON.stringify(value));
      for (let end = 0; end < bytes.length; end++) {
        // The dash of the note's signature line is of three bytes.
        const inDash = ((bytes[end] as number) & 0xc0) === 0x80;
        refuses(bytes.subarray(0, end), inDash ? "malformed-utf8" : "malformed-json");
      }
      const text = JSON.stringify(value);
      for (const more of ["x", "{}", "\u0000", ",", "}", text]) {
        refuses(text + more, "trailing-data");
      }
    }
  });

  test("cut at any byte, also where it came from the public instance", (t) => {
    for (const { name, bundle, verdict } of conformanceCases(t)?.values() ?? []) {
      if (verdict === "refused") continue;
      const text = Buffer.from(bundle).toString().trim();
      for (let end = 0; end < text.length; end += 17) {
        assert.throws(() => decodeBundle(text.slice(0, end)), FormatError, name);
      }
    }
  });

  test("with a value of another type in any place", () => {
    const values: readonly unknown[] = [null, true, 0, 1.5, -1, "", "text", [], [1], {}, { a: 1 }];
    for (const bundle of all) {
      const value = structuredClone(bundle.value);
      const before = decodeBundle(JSON.stringify(value));
      let refused = 0;
      for (const { holder, name, path } of placesOf(value)) {
        const original = holder[name];
        for (const wrong of values) {
          if (typeOf(wrong) === typeOf(original)) continue;
          holder[name] = wrong;
          try {
            const read = decodeBundle(JSON.stringify(value));
            // Absent optional parts, and numbers where strings hold integers.
            const tolerated =
              wrong === null || (wrong === 0 && /(logIndex|treeSize|integratedTime)$/.test(path));
            assert.ok(tolerated, `${path} = ${JSON.stringify(wrong)}`);
            assert.notDeepEqual(read, before, path);
          } catch (error) {
            assert.ok(error instanceof FormatError, `${path}: ${String(error)}`);
            refused++;
          }
        }
        holder[name] = original;
      }
      assert.ok(refused > 200);
    }
  });

  test("without a required field, which it names", () => {
    const required: [TestBundle, (value: any) => [any, string], string][] = [
      [full, (value) => [value, "mediaType"], "mediaType"],
      [full, (value) => [value, "verificationMaterial"], "verificationMaterial"],
      [
        full,
        (value) => [value.verificationMaterial.certificate, "rawBytes"],
        "verificationMaterial.certificate.rawBytes",
      ],
      [full, (value) => [value.messageSignature, "signature"], "messageSignature.signature"],
      [
        full,
        (value) => [value.messageSignature.messageDigest, "algorithm"],
        "messageSignature.messageDigest.algorithm",
      ],
      [
        full,
        (value) => [value.messageSignature.messageDigest, "digest"],
        "messageSignature.messageDigest.digest",
      ],
      ...["logId", "kindVersion", "canonicalizedBody"].map((name): (typeof required)[number] => [
        full,
        (value) => [entry(value), name],
        `verificationMaterial.tlogEntries[0].${name}`,
      ]),
      ...["rootHash", "treeSize"].map((name): (typeof required)[number] => [
        full,
        (value) => [entry(value).inclusionProof, name],
        `verificationMaterial.tlogEntries[0].inclusionProof.${name}`,
      ]),
      [envelope, (value) => [value.dsseEnvelope, "payload"], "dsseEnvelope.payload"],
      [envelope, (value) => [value.dsseEnvelope, "payloadType"], "dsseEnvelope.payloadType"],
      [envelope, (value) => [value.dsseEnvelope, "signatures"], "dsseEnvelope.signatures"],
      [
        envelope,
        (value) => [value.verificationMaterial.x509CertificateChain, "certificates"],
        "verificationMaterial.x509CertificateChain.certificates",
      ],
    ];
    for (const [bundle, find, place] of required) {
      const without = changed(bundle, (value) => {
        const [holder, name] = find(value);
        assert.ok(name in holder, place);
        delete holder[name];
      });
      refuses(without, "missing-field", place);
    }
  });

  test("with empty bytes where there must be some", () => {
    const empty: [TestBundle, (value: any) => unknown][] = [
      [full, (value) => (value.verificationMaterial.certificate.rawBytes = "")],
      [full, (value) => (value.messageSignature.signature = "")],
      [full, (value) => (entry(value).canonicalizedBody = "")],
      [full, (value) => (entry(value).inclusionPromise.signedEntryTimestamp = "")],
      [full, (value) => (entry(value).inclusionProof.checkpoint.envelope = "")],
      [full, (value) => (stamps(value)[0].signedTimestamp = "")],
      [envelope, (value) => (value.dsseEnvelope.signatures[0].sig = "")],
      [envelope, (value) => (value.dsseEnvelope.payload = "")],
      [envelope, (value) => (value.dsseEnvelope.payloadType = "")],
    ];
    for (const [bundle, edit] of empty) refuses(changed(bundle, edit), "missing-field");
  });

  test("with a field that its schema does not have, in any object", () => {
    for (const bundle of all) {
      const value = structuredClone(bundle.value);
      const objects = [value, ...placesOf(value).map(({ holder, name }) => holder[name])].filter(
        (item) => typeof item === "object" && item !== null && !Array.isArray(item),
      );
      assert.ok(objects.length > 8);
      for (const object of objects) {
        object["more"] = 1;
        refuses(value, "unknown-field");
        delete object["more"];
      }
    }
  });

  test("with snake case names, url-safe base64 or numbers of enumerations, as other readers take", () => {
    for (const bundle of all) {
      const text = JSON.stringify(bundle.value);
      const names = new Set([...text.matchAll(/"([a-z]+[A-Z]\w*)":/g)].map(([, name]) => name));
      assert.ok(names.size > 8);
      for (const name of names) {
        const snake = (name as string).replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
        const other = text.replace(`"${name}":`, `"${snake}":`);
        assert.throws(() => decodeBundle(other), FormatError, snake);
      }
    }
    const bytes = Buffer.from([0xfb, 0xff, 0xbf]);
    const urlSafe = (value: any): unknown =>
      (value.messageSignature.signature = bytes.toString("base64url"));
    refuses(changed(full, urlSafe), "malformed-base64", "messageSignature.signature");
    const algorithm = (name: unknown) => (value: any) =>
      (value.messageSignature.messageDigest.algorithm = name);
    refuses(changed(full, algorithm(1)), "wrong-type");
    for (const name of ["1", "sha2_256", "SHA256", "HASH_ALGORITHM_UNSPECIFIED", ""]) {
      refuses(changed(full, algorithm(name)), "unsupported");
    }
  });

  test("with base64 that is not the one encoding of its bytes", () => {
    const signature = (text: string): any =>
      changed(full, (value) => (value.messageSignature.signature = text));
    for (const text of ["AAA", "AAAA=", "AA=A", "A===", "AA AA", "AAAA\n", "*AAA", "AAA\u00c4"]) {
      refuses(signature(text), "malformed-base64", "messageSignature.signature");
    }
    for (const text of ["AB==", "AAB="]) refuses(signature(text), "non-canonical");
  });

  test("with integers that are none, negative or beyond 64 bits", () => {
    const index = (json: string): string =>
      JSON.stringify(full.value).replace('"logIndex":"25584"', `"logIndex":${json}`);
    for (const [json, expected] of [
      ["25584", 25_584n],
      ['"9223372036854775807"', 0x7fff_ffff_ffff_ffffn],
      ["9223372036854775807", 0x7fff_ffff_ffff_ffffn],
      ["9007199254740993", 9_007_199_254_740_993n],
      // Protobuf's JSON takes any number that is one.
      ["2e3", 2000n],
      ["7.0", 7n],
    ] as const) {
      assert.equal(decodeBundle(index(json)).tlogEntries[0]?.logIndex, expected, json);
    }
    for (const json of ['"-1"', "-1", '"9223372036854775808"', "9223372036854775808"]) {
      refuses(index(json), "out-of-range", "verificationMaterial.tlogEntries[0].logIndex");
    }
    const none = [
      '"2e3"',
      '"7.0"',
      '"0x10"',
      '"010"',
      '"+1"',
      '" 1"',
      '"1 "',
      '""',
      '"-0"',
      '"1n"',
      "1.5",
      "1e30",
      "9007199254740993.0",
      "true",
      "[1]",
      `"${"1".repeat(100)}"`,
    ];
    for (const json of none) {
      refuses(index(json), "wrong-type", "verificationMaterial.tlogEntries[0].logIndex");
    }
    for (const json of ["01", "+1", "0x1", ".5", "1.", "NaN", "Infinity", "--1"]) {
      refuses(index(json), "malformed-json");
    }
  });

  test("with hashes and log ids that are not of 32 bytes", () => {
    for (const size of [1, 31, 33, 64]) {
      const bytes = Buffer.alloc(size).toString("base64");
      refuses(
        changed(full, (value) => (entry(value).logId.keyId = bytes)),
        "out-of-range",
      );
      const proof = (name: string, item: unknown): any =>
        changed(full, (value) => (entry(value).inclusionProof[name] = item));
      refuses(proof("rootHash", bytes), "out-of-range");
      refuses(proof("hashes", [bytes]), "out-of-range");
    }
  });

  test("with two members of a oneof, or none", () => {
    const content = envelope.value.dsseEnvelope;
    refuses(
      changed(full, (value) => (value.dsseEnvelope = content)),
      "conflicting-fields",
    );
    refuses(
      changed(full, (value) => delete value.messageSignature),
      "missing-field",
    );
    for (const [name, arm] of [
      ["publicKey", {}],
      ["x509CertificateChain", envelope.value.verificationMaterial.x509CertificateChain],
    ] as const) {
      refuses(
        changed(full, (value) => (value.verificationMaterial[name] = arm)),
        "conflicting-fields",
      );
    }
    refuses(
      changed(full, (value) => delete value.verificationMaterial.certificate),
      "missing-field",
    );
  });

  test("with two or no signatures in the envelope", () => {
    const twice = changed(envelope, ({ dsseEnvelope: { signatures } }) => {
      signatures.push(signatures[0]);
    });
    refuses(twice, "out-of-range", "dsseEnvelope.signatures");
    const none = changed(envelope, (value) => (value.dsseEnvelope.signatures = []));
    refuses(none, "missing-field", "dsseEnvelope.signatures");
  });

  test("with the key material of another version", () => {
    const { certificate } = full.value.verificationMaterial;
    const single = changed(envelope, (value) => {
      delete value.verificationMaterial.x509CertificateChain;
      value.verificationMaterial.certificate = certificate;
    });
    refuses(single, "unknown-field", "verificationMaterial.certificate");
    const chain = changed(full, (value) => {
      delete value.verificationMaterial.certificate;
      value.verificationMaterial.x509CertificateChain = { certificates: [certificate] };
    });
    refuses(chain, "unknown-field", "verificationMaterial.x509CertificateChain");
  });
});

const stamps = (value: any): any[] =>
  value.verificationMaterial.timestampVerificationData.rfc3161Timestamps;

describe("limits", () => {
  const repeated = (count: number, find: (value: any) => any[], bundle = full): any =>
    changed(bundle, (value) => {
      const list = find(value);
      const [first] = list;
      list.length = 0;
      for (let i = 0; i < count; i++) list.push(first);
    });
  const lists: [string, number, (value: any) => any[], TestBundle][] = [
    [
      "tlogEntries",
      bundleLimits.tlogEntriesMax,
      (value) => value.verificationMaterial.tlogEntries,
      full,
    ],
    ["rfc3161Timestamps", bundleLimits.timestampsMax, stamps, full],
    ["hashes", bundleLimits.proofHashesMax, (value) => entry(value).inclusionProof.hashes, full],
    [
      "certificates",
      bundleLimits.certificatesMax,
      (value) => value.verificationMaterial.x509CertificateChain.certificates,
      envelope,
    ],
  ];

  test("on counts: what they allow is read, one more is refused", () => {
    assert.deepEqual(
      lists.map(([, most]) => most),
      [32, 32, 64, 10],
    );
    for (const [name, most, find, bundle] of lists) {
      decodeBundle(JSON.stringify(repeated(most, find, bundle)));
      assert.throws(
        () => decodeBundle(JSON.stringify(repeated(most + 1, find, bundle))),
        (error: unknown) =>
          error instanceof FormatError && error.code === "too-large" && error.place.endsWith(name),
      );
    }
  });

  test("on values leave room for a bundle that is full to all other limits", () => {
    const value = repeated(32, (item) => item.verificationMaterial.tlogEntries, envelope);
    for (const item of value.verificationMaterial.tlogEntries) {
      const { hashes } = item.inclusionProof;
      while (hashes.length < 64) hashes.push(hashes[0]);
    }
    while (stamps(value).length < 32) stamps(value).push(stamps(value)[0]);
    assert.ok(placesOf(value).length < bundleLimits.valuesMax / 2);
    decodeBundle(JSON.stringify(value));
  });

  test("on size hold before anything is read: a gigabyte costs neither time nor memory", () => {
    // Zero pages that nobody touches take no memory.
    const gigabyte = new Uint8Array(1 << 30);
    const before = process.memoryUsage().rss;
    const started = performance.now();
    refuses(gigabyte, "too-large");
    assert.ok(performance.now() - started < 100);
    assert.ok(process.memoryUsage().rss - before < 32 << 20);
    refuses(new Uint8Array(bundleLimits.sizeBytesMax + 1), "too-large");
    refuses(" ".repeat(bundleLimits.sizeBytesMax + 1), "too-large");
  });

  test("on depth and on values hold while reading", () => {
    refuses("[".repeat(1_000_000), "too-deep");
    refuses('{"a":'.repeat(1_000_000), "too-deep");
    const deep = `{"mediaType":${"[".repeat(31)}${"]".repeat(31)}}`;
    refuses(deep, "wrong-type", "mediaType");
    const before = process.memoryUsage().rss;
    refuses(`[${"{},".repeat(5_000_000)}{}]`, "too-large");
    assert.ok(process.memoryUsage().rss - before < 128 << 20);
  });
});

function typeOf(value: unknown): string {
  return value === null ? "null" : Array.isArray(value) ? "array" : typeof value;
}
