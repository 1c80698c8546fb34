// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { globSync, readFileSync } from "node:fs";
import { test } from "node:test";
import fc from "fast-check";
import { needVectors } from "../../../../test/vectors.ts";
import { ed25519, p256, placesOf, rsa2048, trustedRootValue } from "../../test/trust-material.ts";
import { encodeBase64 } from "../bytes/index.ts";
import { publicKeysEqual } from "../crypto/index.ts";
import { FormatError, type FormatErrorCode } from "../errors/index.ts";
import { decodeTrustedRoot, encodeTrustedRoot, periodContains } from "./index.ts";

function refuses(value: unknown, code: FormatErrorCode, place: string): void {
  assert.throws(
    () => decodeTrustedRoot(JSON.stringify(value)),
    (error: unknown) => {
      assert.ok(error instanceof FormatError, String(error));
      assert.deepEqual([error.code, error.place], [code, place], error.message);
      return true;
    },
  );
}

/** The value after a change to it. */
function changed(change: (root: any) => void): unknown {
  const root = trustedRootValue();
  change(root);
  return root;
}

test("a root with one of everything is read field by field", () => {
  const root = decodeTrustedRoot(JSON.stringify(trustedRootValue()));
  const [log, log2] = root.tlogs;
  assert.equal(root.mediaType, "application/vnd.dev.sigstore.trustedroot+json;version=0.1");
  assert.equal(log?.baseUrl, "https://log.example.com");
  assert.ok(publicKeysEqual(log.publicKey, p256));
  assert.equal(log.algorithm.name, "PKIX_ECDSA_P256_SHA_256");
  assert.deepEqual(log.validFor, {
    start: new Date("2021-01-12T11:53:27Z"),
    end: new Date("2022-12-31T23:59:59.999Z"),
  });
  assert.deepEqual(log.logId, new Uint8Array(32).fill(1));
  assert.deepEqual(log.checkpointKeyId, new Uint8Array(4).fill(2));
  assert.equal(log.operator, "example.com");
  assert.ok(log2 && publicKeysEqual(log2.publicKey, ed25519));
  assert.equal("checkpointKeyId" in log2 || "operator" in log2, false);
  assert.ok(root.ctlogs[0] && publicKeysEqual(root.ctlogs[0].publicKey, rsa2048));
  const [ca] = root.certificateAuthorities;
  assert.deepEqual(
    [ca?.organization, ca?.commonName, ca?.uri, ca?.operator],
    ["example.com", "example", "https://ca.example.com", "example.com"],
  );
  assert.deepEqual(
    ca?.certificates.map((certificate) => certificate.serialNumber),
    [Uint8Array.of(1), Uint8Array.of(2)],
  );
  assert.equal(root.timestampAuthorities[0]?.certificates.length, 2);
});

test("writing and reading again gives the same root and the same text", () => {
  const value = trustedRootValue();
  const text = `${JSON.stringify(value, undefined, 2)}\n`;
  const root = decodeTrustedRoot(text);
  assert.equal(encodeTrustedRoot(root), text);
  assert.deepEqual(decodeTrustedRoot(encodeTrustedRoot(root)), root);
});

test("the public root and every root of the conformance suite survive a round trip", (t) => {
  const directory = needVectors(t);
  if (directory === undefined) return;
  const files = globSync("{public-good/targets,sigstore-conformance/**}/trusted_root.json", {
    cwd: directory,
  });
  assert.ok(files.length >= 39, `${files.length} files`);
  for (const file of files) {
    const bytes = readFileSync(`${directory}/${file}`);
    if (file.includes("trust-root-tlog-missing-validity-start_fail")) {
      const place = "tlogs[1].publicKey.validFor.start";
      refuses(JSON.parse(bytes.toString()), "missing-field", place);
      continue;
    }
    const root = decodeTrustedRoot(bytes);
    assert.deepEqual(decodeTrustedRoot(encodeTrustedRoot(root)), root, file);
  }
  const text = readFileSync(`${directory}/public-good/targets/trusted_root.json`, "utf8");
  assert.equal(encodeTrustedRoot(decodeTrustedRoot(text)).trim(), text.trim());
});

test("three media types are read, every other is refused", () => {
  for (const mediaType of [
    "application/vnd.dev.sigstore.trustedroot+json;version=0.1",
    "application/vnd.dev.sigstore.trustedroot.v0.1+json",
    "application/vnd.dev.sigstore.trustedroot.v0.2+json",
  ]) {
    const root = decodeTrustedRoot(JSON.stringify({ mediaType }));
    assert.deepEqual(root.tlogs, []);
    assert.equal(root.mediaType, mediaType);
  }
  for (const mediaType of [
    "",
    "application/json",
    "application/vnd.dev.sigstore.trustedroot+json;version=0.2",
    "application/vnd.dev.sigstore.trustedroot.v0.3+json",
    "application/vnd.dev.sigstore.trustedroot+json; version=0.1",
  ]) {
    refuses({ mediaType }, "unknown-media-type", "mediaType");
  }
  const root = decodeTrustedRoot(JSON.stringify(trustedRootValue()));
  assert.throws(() => encodeTrustedRoot({ ...root, mediaType: "x" }), {
    code: "unknown-media-type",
  });
});

test("a missing start of validity is refused wherever it is missing", () => {
  const places = placesOf(trustedRootValue()).filter(({ name }) => name === "start");
  assert.equal(places.length, 5);
  for (const { path } of places) {
    const withoutStart = changed((root) => {
      const place = placesOf(root).find((other) => other.path === path);
      delete place?.holder.start;
    });
    refuses(withoutStart, "missing-field", path.slice(1));
  }
  refuses(
    changed((root) => delete root.tlogs[0].publicKey.validFor),
    "missing-field",
    "tlogs[0].publicKey.validFor",
  );
});

test("an unknown field is refused in every object", () => {
  const objects = placesOf({ "": trustedRootValue() }).filter(
    ({ holder, name }) => typeof holder[name] === "object" && !Array.isArray(holder[name]),
  );
  assert.ok(objects.length > 25, String(objects.length));
  for (const { path } of objects) {
    const value = { "": trustedRootValue() };
    const found = placesOf(value).find((place) => place.path === path);
    found!.holder[found!.name].extra = 1;
    const place = `${path.replace(/^\.\.?/, "")}.extra`.replace(/^\./, "");
    refuses(value[""], "unknown-field", place);
  }
});

test("a value of another type is refused in every place", () => {
  // Absence and null are one thing in protobuf's JSON; for these fields it is allowed.
  const optional =
    /(\.end|operator|checkpointKeyId|baseUrl|uri|subject|organization|commonName|\.(tlogs|ctlogs|certificateAuthorities|timestampAuthorities))$/;
  for (const { path } of placesOf(trustedRootValue())) {
    for (const wrong of [null, true, 7, "?", [[]], {}, { keyId: 1 }]) {
      const value = trustedRootValue();
      const place = placesOf(value).find((other) => other.path === path)!;
      const right = place.holder[place.name];
      if (typeof wrong === "string" && typeof right === "string" && optional.test(path)) continue;
      if (wrong === null && optional.test(path)) continue;
      if (JSON.stringify(wrong) === "{}" && path.endsWith("subject")) continue;
      place.holder[place.name] = wrong;
      assert.throws(
        () => decodeTrustedRoot(JSON.stringify(value)),
        FormatError,
        `${path} = ${JSON.stringify(wrong)}`,
      );
    }
  }
});

test("a text cut anywhere is refused", () => {
  const text = JSON.stringify(trustedRootValue());
  for (let length = 0; length < text.length; length++) {
    assert.throws(() => decodeTrustedRoot(text.slice(0, length)), FormatError, `${length}`);
  }
  assert.throws(() => decodeTrustedRoot(`${text}x`), { code: "trailing-data" });
});

test("random changes to bytes are refused as a format, or read as another valid root", () => {
  const bytes = new TextEncoder().encode(JSON.stringify(trustedRootValue()));
  const index = fc.nat({ max: bytes.length - 1 });
  fc.assert(
    fc.property(index, fc.integer({ min: 1, max: 255 }), (at, mask) => {
      const mutated = Uint8Array.from(bytes);
      mutated[at] = (mutated[at] as number) ^ mask;
      try {
        const root = decodeTrustedRoot(mutated);
        assert.deepEqual(decodeTrustedRoot(encodeTrustedRoot(root)), root);
      } catch (error) {
        if (!(error instanceof FormatError)) throw error;
      }
    }),
    { numRuns: 500 },
  );
});

test("key details must be known and fit the key", () => {
  const withDetails = (keyDetails: string): unknown =>
    changed((root) => {
      root.tlogs[0].publicKey.keyDetails = keyDetails;
    });
  const place = "tlogs[0].publicKey.keyDetails";
  refuses(withDetails("PKIX_ED25519"), "unsupported", place);
  refuses(withDetails("PKIX_ECDSA_P384_SHA_384"), "unsupported", place);
  refuses(withDetails("ML_DSA_65"), "unsupported", place);
  refuses(withDetails("PUBLIC_KEY_DETAILS_UNSPECIFIED"), "unsupported", place);
  // A PKCS#1 name over an SPKI, and the other way round.
  const rsaLog = (rawBytes: Uint8Array, keyDetails: string): unknown =>
    changed((root) => {
      Object.assign(root.ctlogs[0].publicKey, { rawBytes: encodeBase64(rawBytes), keyDetails });
    });
  const bytesPlace = "ctlogs[0].publicKey.rawBytes";
  assert.throws(
    () => decodeTrustedRoot(JSON.stringify(rsaLog(rsa2048.spki, "PKCS1_RSA_PKCS1V5"))),
    { place: bytesPlace },
  );
  const spki = rsaLog(rsa2048.spki, "PKIX_RSA_PKCS1V15_2048_SHA256");
  const log = decodeTrustedRoot(JSON.stringify(spki)).ctlogs[0];
  assert.deepEqual(log?.publicKey, rsa2048);
  refuses(
    rsaLog(rsa2048.spki, "PKIX_RSA_PKCS1V15_3072_SHA256"),
    "unsupported",
    "ctlogs[0].publicKey.keyDetails",
  );
});

test("a hash other than SHA-256, or none, is refused", () => {
  const withHash = (hashAlgorithm: unknown): unknown =>
    changed((root) => {
      root.tlogs[1].hashAlgorithm = hashAlgorithm;
    });
  refuses(withHash("SHA2_384"), "unsupported", "tlogs[1].hashAlgorithm");
  refuses(withHash(1), "wrong-type", "tlogs[1].hashAlgorithm");
  refuses(withHash(undefined), "missing-field", "tlogs[1].hashAlgorithm");
});

test("an empty chain, a broken certificate and one too many are refused with their place", () => {
  const place = "timestampAuthorities[0].certChain.certificates";
  const withChain = (certificates: unknown): unknown =>
    changed((root) => {
      root.timestampAuthorities[0].certChain.certificates = certificates;
    });
  refuses(withChain([]), "missing-field", place);
  refuses(withChain([{ rawBytes: "" }]), "missing-field", `${place}[0].rawBytes`);
  refuses(withChain([{ rawBytes: "MAA=" }]), "truncated", `${place}[0].rawBytes`);
  const [good] = trustedRootValue().timestampAuthorities[0].certChain.certificates;
  refuses(withChain(Array(17).fill(good)), "too-large", place);
});

test("log ids share no log and have a limit", () => {
  const twice = changed((root) => {
    root.tlogs.push(root.tlogs[0]);
  });
  assert.equal(decodeTrustedRoot(JSON.stringify(twice)).tlogs.length, 3);
  const long = changed((root) => {
    root.tlogs[0].logId.keyId = encodeBase64(new Uint8Array(65));
  });
  refuses(long, "too-large", "tlogs[0].logId.keyId");
  refuses(
    changed((root) => delete root.tlogs[0].logId),
    "missing-field",
    "tlogs[0].logId",
  );
});

test("more instances or bytes than the limits are refused", () => {
  const many = changed((root) => {
    root.tlogs = Array(1025).fill(root.tlogs[0]);
  });
  refuses(many, "too-large", "tlogs");
  assert.throws(() => decodeTrustedRoot(" ".repeat((4 << 20) + 1)), { code: "too-large" });
});

function validity(start: string, end?: string): { start: Date; end?: Date } {
  const root = changed((value) => {
    value.tlogs[0].publicKey.validFor = { start, end };
  });
  return decodeTrustedRoot(JSON.stringify(root)).tlogs[0]!.validFor;
}

test("both ends of a validity belong to it, and fractions are rounded into it", () => {
  const period = validity("2024-01-01T00:00:00Z", "2024-06-30T23:59:59.999Z");
  const at = (text: string): boolean => periodContains(period, new Date(text));
  assert.deepEqual(
    [
      at("2023-12-31T23:59:59.999Z"),
      at("2024-01-01T00:00:00Z"),
      at("2024-06-30T23:59:59.999Z"),
      at("2024-07-01T00:00:00Z"),
    ],
    [false, true, true, false],
  );
  const fine = validity("2024-01-01T00:00:00.000000001Z", "2024-06-30T23:59:59.999999999Z");
  assert.deepEqual(fine, {
    start: new Date("2024-01-01T00:00:00.001Z"),
    end: new Date("2024-06-30T23:59:59.999Z"),
  });
  const exact = validity("2024-01-01T00:00:00.001000000Z");
  assert.deepEqual(exact, { start: new Date("2024-01-01T00:00:00.001Z") });
  const offset = validity("2024-01-01T02:00:00+02:00");
  assert.deepEqual(offset, { start: new Date("2024-01-01T00:00:00Z") });
});

test("a validity that ends before it starts or lies outside the years 0 to 9999 is refused", () => {
  const place = "tlogs[0].publicKey.validFor";
  const refusesPeriod = (validFor: object, code: FormatErrorCode, name: string): void => {
    const root = changed((value) => {
      value.tlogs[0].publicKey.validFor = validFor;
    });
    refuses(root, code, `${place}.${name}`);
  };
  const start = "2024-01-01T00:00:00Z";
  refusesPeriod({ start, end: "2023-12-31T23:59:59.999Z" }, "out-of-range", "end");
  assert.doesNotThrow(() => validity(start, start));
  refusesPeriod({ start: "9999-12-31T23:59:59-01:00" }, "out-of-range", "start");
  refusesPeriod({ start: "0000-01-01T00:00:00+01:00" }, "out-of-range", "start");
  refusesPeriod({ start, end: "2024-02-30T00:00:00Z" }, "malformed", "end");
  refusesPeriod({ start, end: "2024-02-01" }, "malformed", "end");
  const root = decodeTrustedRoot(JSON.stringify(trustedRootValue()));
  const late = { ...root.tlogs[0]!, validFor: { start: new Date(8e15) } };
  assert.throws(() => encodeTrustedRoot({ ...root, tlogs: [late] }), { code: "out-of-range" });
});
