// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { suite, test } from "node:test";
import fc from "fast-check";
import {
  buildCertificate,
  extension,
  generalName,
  type TestExtension,
  testKey,
  testName,
} from "../../test/certificate-builder.ts";
import { chainFile } from "../../test/certificate-files.ts";
import { concatBytes, encodeHex, utf8Bytes } from "../bytes/index.ts";
import {
  contextTag,
  der,
  derBoolean,
  derExplicit,
  derInteger,
  derNull,
  derOctetString,
  derOid,
  derSequence,
  derUtf8String,
} from "../der/index.ts";
import { FormatError, type FormatErrorCode } from "../errors/index.ts";
import type { Certificate } from "./certificate.ts";
import {
  authorityKeyIdentifier,
  basicConstraints,
  embeddedSctList,
  extendedKeyUsage,
  extensionOids,
  keyUsage,
  subjectAltNames,
  subjectKeyIdentifier,
} from "./extensions.ts";
import { tbsWithoutExtension } from "./precertificate.ts";
import { nameToString } from "./names.ts";

const key = testKey();
const withExtensions = (...extensions: TestExtension[]): Certificate =>
  buildCertificate({ key, extensions }).certificate;
const without = withExtensions();

const accessors = {
  basicConstraints,
  keyUsage,
  extendedKeyUsage,
  subjectAltNames,
  subjectKeyIdentifier,
  authorityKeyIdentifier,
  embeddedSctList,
} as const;
type Accessor = keyof typeof accessors;
const oids: Readonly<Record<Accessor, string>> = {
  basicConstraints: extensionOids.basicConstraints,
  keyUsage: extensionOids.keyUsage,
  extendedKeyUsage: extensionOids.extendedKeyUsage,
  subjectAltNames: extensionOids.subjectAltName,
  subjectKeyIdentifier: extensionOids.subjectKeyIdentifier,
  authorityKeyIdentifier: extensionOids.authorityKeyIdentifier,
  embeddedSctList: extensionOids.sctList,
};

suite("extensions of certificates that OpenSSL made", () => {
  test("are read from a leaf", () => {
    const [leaf, intermediate] = chainFile("P-256") as [Certificate, Certificate, Certificate];
    assert.equal(basicConstraints(leaf), undefined);
    assert.deepEqual([...keyUsage(leaf)!], ["digitalSignature"]);
    assert.deepEqual(extendedKeyUsage(leaf), {
      critical: false,
      purposes: ["1.3.6.1.5.5.7.3.3"],
    });
    assert.deepEqual(subjectAltNames(leaf), [{ kind: "email", value: "signer@example.com" }]);
    const identifier = authorityKeyIdentifier(leaf)?.keyIdentifier;
    assert.equal(identifier?.length, 20);
    assert.deepEqual(identifier, subjectKeyIdentifier(intermediate));
    assert.equal(embeddedSctList(leaf), undefined);
  });

  test("are read from CAs and time-stamping certificates", () => {
    const [, intermediate, root] = chainFile("P-256") as [Certificate, Certificate, Certificate];
    assert.deepEqual(basicConstraints(intermediate), { ca: true, pathLength: 0 });
    assert.deepEqual(basicConstraints(root), { ca: true });
    assert.deepEqual([...keyUsage(root)!], ["keyCertSign", "cRLSign"]);
    assert.equal(extendedKeyUsage(root), undefined);
    assert.deepEqual(extendedKeyUsage(chainFile("tsa")[0]!), {
      critical: true,
      purposes: ["1.3.6.1.5.5.7.3.8"],
    });
  });

  test("hold names of every kind", () => {
    const names = subjectAltNames(chainFile("names")[0]!)!;
    const email = names.filter(({ kind }) => !["ip", "otherName", "directoryName"].includes(kind));
    assert.deepEqual(email, [
      { kind: "email", value: "signer@example.com" },
      { kind: "uri", value: "https://example.com/workflow@refs/heads/main" },
      { kind: "dns", value: "example.com" },
      { kind: "registeredId", value: "1.2.3.4" },
    ]);
    const values = names.flatMap((name) => (name.kind === "ip" ? encodeHex(name.value) : []));
    assert.deepEqual(values, ["c0000201", "20010db8000000000000000000000001"]);
    assert.deepEqual(
      names.find(({ kind }) => kind === "otherName"),
      {
        kind: "otherName",
        oid: "1.3.6.1.4.1.57264.1.7",
        value: derUtf8String("user!example.com"),
      },
    );
    const directory = names.find((name) => name.kind === "directoryName");
    assert.equal(nameToString(directory!.value), "CN=Directory,O=Example");
  });
});

suite("extensions", () => {
  test("that are absent are undefined", () => {
    for (const read of Object.values(accessors)) assert.equal(read(without), undefined);
  });

  test("read back every combination of key usages", () => {
    const names = [
      "digitalSignature",
      "contentCommitment",
      "keyEncipherment",
      "dataEncipherment",
      "keyAgreement",
      "keyCertSign",
      "cRLSign",
      "encipherOnly",
      "decipherOnly",
    ] as const;
    for (let mask = 1; mask < 1 << names.length; mask += 7) {
      const chosen = names.filter((_, bit) => ((mask >> bit) & 1) !== 0);
      assert.deepEqual([...keyUsage(withExtensions(extension.keyUsage(chosen)))!], chosen);
    }
  });

  test("say for the extended key usage whether it is critical", () => {
    const usage = withExtensions(extension.extendedKeyUsage(["1.2.3", "2.5.29.37.0"], true));
    assert.deepEqual(extendedKeyUsage(usage), {
      critical: true,
      purposes: ["1.2.3", "2.5.29.37.0"],
    });
  });

  test("keep names that are not looked into as bytes", () => {
    const x400 = der(contextTag(3, true), derNull());
    const names = subjectAltNames(withExtensions(extension.subjectAltName([x400])));
    assert.deepEqual(names, [{ kind: "unread", tag: 0xa3, value: derNull() }]);
  });

  test("read all three fields of an authority key identifier, and none", () => {
    const value = derSequence(
      der(contextTag(0, false), Uint8Array.of(1, 2)),
      der(contextTag(1, true), derExplicit(4, testName("CN=a"))),
      der(contextTag(2, false), Uint8Array.of(3)),
    );
    const read = (bytes: Uint8Array): unknown =>
      authorityKeyIdentifier(withExtensions(extension.raw("2.5.29.35", false, bytes)));
    assert.deepEqual(read(value), {
      keyIdentifier: Uint8Array.of(1, 2),
      issuer: derExplicit(4, testName("CN=a")),
      serialNumber: Uint8Array.of(3),
    });
    assert.deepEqual(read(derSequence()), {});
  });

  test("give the SCT list without its OCTET STRING", () => {
    const list = Uint8Array.of(0, 3, 0, 1, 9);
    assert.deepEqual(embeddedSctList(withExtensions(extension.sctList(list))), list);
  });

  const bitString = (...bytes: number[]): Uint8Array => der(3, Uint8Array.from(bytes));
  const names = (...list: Uint8Array[]): Uint8Array => derSequence(...list);
  const bad: [Accessor, string, Uint8Array, FormatErrorCode][] = [
    ["basicConstraints", "FALSE written out", derSequence(derBoolean(false)), "non-canonical"],
    [
      "basicConstraints",
      "a negative path length",
      derSequence(derBoolean(true), derInteger(-1)),
      "out-of-range",
    ],
    [
      "basicConstraints",
      "a path length of 2^64",
      derSequence(derBoolean(true), derInteger(1n << 64n)),
      "out-of-range",
    ],
    [
      "basicConstraints",
      "a third field",
      derSequence(derBoolean(true), derInteger(0), derNull()),
      "trailing-data",
    ],
    [
      "basicConstraints",
      "fields in reverse",
      derSequence(derInteger(0), derBoolean(true)),
      "trailing-data",
    ],
    ["basicConstraints", "no sequence", derBoolean(true), "wrong-type"],
    ["keyUsage", "an empty BIT STRING", bitString(0), "malformed"],
    ["keyUsage", "a BIT STRING without content", bitString(), "malformed"],
    ["keyUsage", "8 unused bits", bitString(8, 0x80), "malformed"],
    ["keyUsage", "trailing zero bits", bitString(0, 0x80), "non-canonical"],
    ["keyUsage", "no bit set", bitString(0, 0), "non-canonical"],
    ["keyUsage", "an unused bit that is set", bitString(7, 0xc0), "non-canonical"],
    ["keyUsage", "a tenth bit", bitString(6, 0x80, 0x40), "unsupported"],
    ["keyUsage", "an INTEGER", derInteger(1), "wrong-type"],
    ["extendedKeyUsage", "an empty list", derSequence(), "truncated"],
    ["extendedKeyUsage", "a text", derSequence(derUtf8String("1.2.3")), "wrong-type"],
    ["subjectAltNames", "an empty list", names(), "truncated"],
    [
      "subjectAltNames",
      "an e-mail address beyond ASCII",
      names(generalName.email("ü@a")),
      "malformed",
    ],
    ["subjectAltNames", "a URI beyond ASCII", names(generalName.uri("https://ü")), "malformed"],
    [
      "subjectAltNames",
      "an address of 5 bytes",
      names(generalName.ip(new Uint8Array(5))),
      "malformed",
    ],
    ["subjectAltNames", "a universal string", names(derUtf8String("a")), "wrong-type"],
    [
      "subjectAltNames",
      "a constructed e-mail address",
      names(derExplicit(1, derNull())),
      "wrong-type",
    ],
    ["subjectAltNames", "tag [9]", names(der(0x89, utf8Bytes("a"))), "wrong-type"],
    [
      "subjectAltNames",
      "an otherName without value",
      names(derExplicit(0, derOid("1.2.3"))),
      "truncated",
    ],
    [
      "subjectAltNames",
      "an otherName of two values",
      names(derExplicit(0, derOid("1.2.3"), derExplicit(0, derNull(), derNull()))),
      "trailing-data",
    ],
    [
      "subjectAltNames",
      "an otherName with a third field",
      names(derExplicit(0, derOid("1.2.3"), derExplicit(0, derNull()), derNull())),
      "trailing-data",
    ],
    [
      "subjectAltNames",
      "a directoryName that is no Name",
      names(derExplicit(4, derNull())),
      "wrong-type",
    ],
    [
      "subjectAltNames",
      "two directory names in one",
      names(derExplicit(4, derSequence(), derSequence())),
      "trailing-data",
    ],
    [
      "subjectAltNames",
      "a malformed registered id",
      names(der(0x88, Uint8Array.of(0x80))),
      "non-canonical",
    ],
    ["subjectKeyIdentifier", "no OCTET STRING", derNull(), "wrong-type"],
    ["authorityKeyIdentifier", "no sequence", derOctetString(Uint8Array.of(1)), "wrong-type"],
    [
      "authorityKeyIdentifier",
      "fields in reverse",
      derSequence(der(0x82, Uint8Array.of(1)), der(0x80, Uint8Array.of(1))),
      "trailing-data",
    ],
    ["embeddedSctList", "no OCTET STRING", Uint8Array.of(0, 0), "wrong-type"],
  ];
  for (const [accessor, what, value, code] of bad) {
    test(`${accessor} refuses ${what}`, () => {
      const certificate = withExtensions(extension.raw(oids[accessor], false, value));
      assert.throws(
        () => accessors[accessor](certificate),
        (error) => error instanceof FormatError && error.code === code,
      );
    });
  }

  const good: Record<Accessor, TestExtension> = {
    basicConstraints: extension.basicConstraints(true, 3),
    keyUsage: extension.keyUsage(["keyCertSign", "decipherOnly"]),
    extendedKeyUsage: extension.extendedKeyUsage(["1.2.3"]),
    subjectAltNames: extension.subjectAltName([
      generalName.otherName("a!b"),
      generalName.directoryName(testName("CN=a")),
      generalName.ip(Uint8Array.of(1, 2, 3, 4)),
    ]),
    subjectKeyIdentifier: extension.subjectKeyIdentifier(Uint8Array.of(1, 2)),
    authorityKeyIdentifier: extension.authorityKeyIdentifier(Uint8Array.of(1, 2)),
    embeddedSctList: extension.sctList(Uint8Array.of(1, 2, 3)),
  };
  for (const accessor of Object.keys(accessors) as Accessor[]) {
    test(`${accessor} refuses every truncation and trailing bytes`, () => {
      const { oid, critical, value } = good[accessor];
      const read = (bytes: Uint8Array): unknown =>
        accessors[accessor](withExtensions(extension.raw(oid, critical, bytes)));
      assert.notEqual(read(value), undefined);
      for (let length = 0; length < value.length; length++) {
        assert.throws(() => read(value.subarray(0, length)), FormatError);
      }
      assert.throws(() => read(concatBytes(value, Uint8Array.of(0))), { code: "trailing-data" });
    });
  }

  test("throw nothing but FormatError on bytes of any kind", () => {
    const tags = [0x30, 0x03, 0x04, 0x06, 0x80, 0x81, 0x86, 0xa0, 0xa4, 0, 1, 2, 3, 4, 5, 8];
    const byte = fc.oneof(fc.constantFrom(...tags), fc.nat(255));
    const value = fc.array(byte, { maxLength: 24 }).map((bytes) => Uint8Array.from(bytes));
    fc.assert(
      fc.property(
        fc.constantFrom(...(Object.keys(accessors) as Accessor[])),
        value,
        (name, bytes) => {
          // The decoded certificate is stood in for: its extension list is what accessors read.
          const extensions = new Map([[oids[name], { critical: false, value: bytes }]]);
          try {
            accessors[name]({ ...without, extensions });
          } catch (error) {
            assert.ok(error instanceof FormatError, String(error));
          }
        },
      ),
      { numRuns: 3000 },
    );
  });
});

suite("the signed part without one extension", () => {
  const sizes = fc.constantFrom(0, 1, 60, 100, 120, 127, 128, 200, 255, 256, 300, 20_000);
  const some = fc.array(sizes, { maxLength: 5 });

  test("is what would have been written without it, at every length", () => {
    const serialNumber = Uint8Array.of(0x40, 1);
    fc.assert(
      fc.property(some, some, sizes, (before, after, size) => {
        const list = [...before, ...after].map((length, i) =>
          extension.raw(`1.2.3.${i}`, i % 2 === 0, new Uint8Array(length).fill(i)),
        );
        const taken = extension.raw("1.2.4", false, new Uint8Array(size));
        const fat = buildCertificate({
          key,
          serialNumber,
          extensions: list.toSpliced(before.length, 0, taken),
        });
        const thin = buildCertificate({ key, serialNumber, extensions: list });
        fc.pre(fat.der.length < 65_536);
        assert.deepEqual(tbsWithoutExtension(fat.certificate, "1.2.4"), thin.certificate.tbs);
      }),
      { numRuns: 60 },
    );
  });

  test("keeps unique identifiers that stand before the extensions", () => {
    const unique = der(contextTag(1, false), Uint8Array.of(0, 1));
    const edit = (fields: Uint8Array[]): Uint8Array[] => fields.toSpliced(7, 0, unique);
    const base = { key, serialNumber: Uint8Array.of(1), editTbs: edit };
    const kept = extension.raw("1.2.3", false, Uint8Array.of(1));
    const fat = buildCertificate({ ...base, extensions: [kept, extension.poison()] });
    const thin = buildCertificate({ ...base, extensions: [kept] });
    assert.deepEqual(
      tbsWithoutExtension(fat.certificate, extensionOids.precertificatePoison),
      thin.certificate.tbs,
    );
  });

  test("is refused where the certificate has no such extension", () => {
    for (const certificate of [without, withExtensions(extension.poison())]) {
      assert.throws(() => tbsWithoutExtension(certificate, extensionOids.sctList), {
        code: "missing-field",
      });
    }
  });
});
