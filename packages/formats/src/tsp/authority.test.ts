// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { suite, test } from "node:test";
import { type TestAuthority, testAuthority } from "../../../../test/timestamp-builder.ts";
import { needVectors } from "../../../../test/vectors.ts";
import { trustChains } from "../../test/certificate-files.ts";
import { bytesEqual, decodeBase64, encodeHex, utf8Bytes } from "../bytes/index.ts";
import {
  type Algorithm,
  algorithms,
  hash,
  type HashName,
  hashSizes,
  type MessageSigner,
  type SignatureScheme,
} from "../crypto/index.ts";
import { messageSigner, privateKeyFromPkcs8 } from "../crypto/node/index.ts";
import { FormatError, type FormatErrorCode } from "../errors/index.ts";
import { type Certificate, decodeCertificate } from "../x509/index.ts";
import {
  decodeTimestampResponse,
  encodeTimestampGrant,
  encodeTimestampRejection,
  TimestampAuthority,
  type TimestampFailure,
  type TimestampStatement,
  type TimestampToken,
  verifyTimestamp,
} from "./index.ts";

const stamped = utf8Bytes("a signature");
const issuer = testAuthority({ ca: true, name: "issuer.example", serialNumber: 1 });
const root = decodeCertificate(issuer.certificate);
const good: TimestampStatement = {
  hash: "sha256",
  digest: hash("sha256", stamped),
  policy: "1.3.6.1.4.1.57264.2",
  serialNumber: 2n ** 160n - 1n,
  genTime: new Date("2030-06-01T12:00:00.999Z"),
  certReq: false,
};

function signerOf({ privateKey }: TestAuthority): MessageSigner {
  const pkcs8 = privateKey.export({ format: "der", type: "pkcs8" });
  return messageSigner(privateKeyFromPkcs8(new Uint8Array(pkcs8)));
}

function authorityOf(made: TestAuthority, embedded?: readonly Certificate[]): TimestampAuthority {
  const certificate = decodeCertificate(made.certificate);
  return new TimestampAuthority({
    certificate,
    signer: signerOf(made),
    ...(embedded && { embedded }),
  });
}

const leaf = testAuthority({ issuer });
const leafCertificate = decodeCertificate(leaf.certificate);
const authority = authorityOf(leaf);
const refuses = (code: FormatErrorCode) => (error: unknown) =>
  error instanceof FormatError && error.code === code;

async function tokenOf(statement: TimestampStatement, by = authority): Promise<TimestampToken> {
  const response = decodeTimestampResponse(encodeTimestampGrant(await by.sign(statement)));
  assert.equal(response.status, "granted");
  return response.token;
}

suite("a timestamp authority", () => {
  for (const keyType of ["P-256", "P-384", "RSA", "Ed25519"] as const) {
    for (const name of ["sha256", "sha384", "sha512"] as const) {
      test(`signs ${name} with ${keyType} what verifies`, async () => {
        const made = testAuthority({ issuer, keyType });
        const statement = { ...good, hash: name, digest: hash(name, stamped), certReq: true };
        const token = await tokenOf(statement, authorityOf(made));
        const certificate = decodeCertificate(made.certificate);
        const expected = { signature: stamped, authority: certificate };
        const verified = verifyTimestamp({ status: "granted", token }, expected);
        assert.equal(verified.certificateId, "verified");
        assert.equal(verified.hash, name);
        assert.equal(verified.genTime.toISOString(), "2030-06-01T12:00:00.000Z");
        assert.deepEqual(token.certificates, [made.certificate]);
      });
    }
  }

  test("states what it is told, and nothing else", async () => {
    const extensions = [{ oid: "1.2.3", critical: false, value: Uint8Array.of(5, 0) }];
    const nonce = 2n ** 511n - 1n;
    const token = await tokenOf({ ...good, nonce, extensions });
    const { policy, serialNumber, ordering, accuracy, attributes } = token;
    assert.deepEqual([policy, serialNumber, ordering], [good.policy, good.serialNumber, false]);
    assert.deepEqual(accuracy, { seconds: 1, millis: 0, micros: 0 });
    assert.deepEqual([token.nonce, token.extensions], [nonce, extensions]);
    assert.deepEqual(attributes.signingTime, token.genTime);
    assert.ok(encodeHex(token.tsa!).endsWith(encodeHex(leafCertificate.subject)));
    assert.ok(encodeHex(token.raw).includes("a0003182"), "an empty set of certificates");
    const bare = await tokenOf(good);
    assert.equal(bare.nonce, undefined);
    assert.equal((await tokenOf({ ...good, nonce: -5n })).nonce, -5n);
    const { certificateId } = bare.attributes;
    assert.deepEqual(certificateId?.digest, hash("sha256", leaf.certificate));
    assert.deepEqual(certificateId?.issuerSerial?.issuer, root.subject);
  });

  test("embeds its chain where it is told to", async () => {
    const whole = authorityOf(leaf, [leafCertificate, root]);
    const { certificates } = await tokenOf({ ...good, certReq: true }, whole);
    const both = [leaf.certificate, issuer.certificate];
    assert.equal(certificates.length, 2);
    assert.ok(both.every((der) => certificates.some((other) => bytesEqual(other, der))));
    assert.deepEqual((await tokenOf(good, whole)).certificates, []);
  });

  for (const [what, change, code] of [
    ["a digest of another size", { digest: new Uint8Array(31) }, "out-of-range"],
    ["the serial number zero", { serialNumber: 0n }, "out-of-range"],
    ["a negative serial number", { serialNumber: -1n }, "out-of-range"],
    ["a serial number of 161 bits", { serialNumber: 2n ** 160n }, "out-of-range"],
  ] as const satisfies [string, Partial<TimestampStatement>, FormatErrorCode][]) {
    test(`does not sign ${what}`, async () => {
      await assert.rejects(authority.sign({ ...good, ...change }), refuses(code));
    });
  }

  test("does not sign what is its own mistake", async () => {
    await assert.rejects(authority.sign({ ...good, policy: "policy" }), RangeError);
    const never = new Date(Number.NaN);
    await assert.rejects(authority.sign({ ...good, genTime: never }), refuses("out-of-range"));
  });

  test("does not begin with what does not go together", () => {
    const other = testAuthority({ issuer, serialNumber: 9 });
    const options = { certificate: leafCertificate, signer: signerOf(leaf) };
    const make = (change: object) => () => new TimestampAuthority({ ...options, ...change });
    assert.throws(make({ signer: signerOf(other) }), refuses("conflicting-fields"));
    assert.throws(make({ embedded: [root] }), refuses("conflicting-fields"));
    assert.throws(make({ embedded: Array(17).fill(leafCertificate) }), refuses("too-large"));
    const ed25519 = testAuthority({ issuer, keyType: "Ed25519" });
    const algorithm = algorithms.find(({ name }) => name === "PKIX_ED25519_PH") as Algorithm;
    const signer = { ...signerOf(ed25519), algorithm };
    const certificate = decodeCertificate(ed25519.certificate);
    assert.throws(make({ certificate, signer }), refuses("unsupported"));
  });
});

suite("tokens of Sigstore's own authority", () => {
  test("are written again byte for byte", async (t) => {
    const directory = needVectors(t, "sigstore-conformance/bundle-verify");
    if (directory === undefined) return;
    let rebuilt = 0;
    for (const name of readdirSync(directory)) {
      const folder = join(directory, name);
      for (const { token, certificate } of recorded(folder)) {
        const written = await rewrite(token, certificate);
        assert.equal(encodeHex(written), encodeHex(token.raw), name);
        rebuilt++;
      }
    }
    assert.ok(rebuilt > 10, `${rebuilt} rebuilt`);
  });
});

interface BundleJson {
  verificationMaterial?: {
    timestampVerificationData?: { rfc3161Timestamps?: { signedTimestamp: string }[] };
  };
}

/** Tokens of a case whose signer its trusted root names. */
function recorded(folder: string): { token: TimestampToken; certificate: Certificate }[] {
  const [bundle, root] = ["bundle.sigstore.json", "trusted_root.json"].map((file) =>
    join(folder, file),
  ) as [string, string];
  if (!existsSync(bundle) || !existsSync(root)) return [];
  const leaves = trustChains(root).timestampAuthorities.flatMap(([first]) => first ?? []);
  const json = parse(readFileSync(bundle, "utf8"));
  const { rfc3161Timestamps = [] } = json?.verificationMaterial?.timestampVerificationData ?? {};
  return rfc3161Timestamps.flatMap(({ signedTimestamp }) => {
    const token = read(signedTimestamp);
    const certificate = leaves.find(
      (one) =>
        token?.signer.kind === "issuer-and-serial" &&
        bytesEqual(one.issuer, token.signer.issuer) &&
        bytesEqual(one.serialNumber, token.signer.serialNumber),
    );
    // Mock authorities write random bytes, half of which stand for a negative number.
    const usable = token !== undefined && token.serialNumber > 0n;
    return usable && certificate ? [{ token, certificate }] : [];
  });
}

/** The token of a response in base64; undefined for those that are broken on purpose. */
function read(response: string): TimestampToken | undefined {
  try {
    return decodeTimestampResponse(decodeBase64(response)).token;
  } catch (error) {
    assert.ok(error instanceof FormatError, String(error));
    return undefined;
  }
}

function parse(text: string): BundleJson | undefined {
  try {
    return JSON.parse(text) as BundleJson;
  } catch {
    return undefined; // one case is a cut file on purpose
  }
}

/** The token as our authority makes it, with the signature that was recorded. */
function rewrite(token: TimestampToken, certificate: Certificate): Promise<Uint8Array> {
  const scheme: SignatureScheme = token.signatureAlgorithm;
  const algorithm = { name: "recorded", number: 0, scheme, key: { type: "ec", curve: "P-384" } };
  const { publicKey } = certificate;
  const signer = { publicKey, algorithm, sign: async () => token.signature } as MessageSigner;
  const name = token.imprint.hash as HashName;
  assert.equal(token.imprint.digest.length, hashSizes[name]);
  return new TimestampAuthority({ certificate, signer }).sign({
    hash: name,
    digest: token.imprint.digest,
    policy: token.policy,
    serialNumber: token.serialNumber,
    genTime: token.genTime,
    nonce: token.nonce,
    certReq: token.certificates.length > 0,
    extensions: token.extensions,
  });
}

suite("a rejection", () => {
  for (const [failure, hex] of [
    ["badAlg", "03020780"],
    ["badRequest", "03020520"],
    ["badDataFormat", "03020204"],
    ["timeNotAvailable", "0303010002"],
    ["unacceptedPolicy", "0303000001"],
    ["unacceptedExtension", "030407000080"],
    ["addInfoNotAvailable", "030406000040"],
    ["systemFailure", "03050600000040"],
  ] as const satisfies [TimestampFailure, string][]) {
    test(`says ${failure}`, () => {
      const bytes = encodeTimestampRejection(failure, "wörds");
      assert.ok(encodeHex(bytes).endsWith(hex));
      assert.deepEqual(decodeTimestampResponse(bytes), {
        status: "rejection",
        statusText: ["wörds"],
        failInfo: [failure],
      });
    });
  }
});
