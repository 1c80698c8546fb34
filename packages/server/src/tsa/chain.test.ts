// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { type Certificate, nameToString } from "@chancery/formats/x509";
import {
  buildCa,
  buildCertificate,
  caExtensions,
  extension,
  type TestExtension,
  testKey,
} from "../../../formats/test/certificate-builder.ts";
import { checkTimestampChain, makeTimestampChain, TimestampChainError } from "./chain.ts";

const key = testKey();
const timeStamping = "1.3.6.1.5.5.7.3.8";
const codeSigning = "1.3.6.1.5.5.7.3.3";
const root = buildCa({ subject: "CN=root" });
const middleOf = (...purposes: string[]): ReturnType<typeof buildCa> =>
  buildCa({
    subject: "CN=middle",
    issuer: root,
    pathLength: 0,
    ...(purposes.length > 0 && { purposes }),
  });
const middle = middleOf(timeStamping);
const usage = extension.keyUsage(["digitalSignature"]);
const purpose = extension.extendedKeyUsage([timeStamping], true);

function leafOf(extensions: readonly TestExtension[], issuer = middle): Certificate {
  const notAfter = new Date("2031-01-01T00:00:00Z");
  return buildCertificate({ key, subject: "CN=leaf", issuer, notAfter, extensions }).certificate;
}

function check(leaf: Certificate, issuers = [middle, root], any = false): unknown {
  const chain = [leaf, ...issuers.map(({ certificate }) => certificate)];
  return checkTimestampChain(chain, key.publicKey, any);
}

suite("the chain of a timestamp authority", () => {
  test("is made whole, for years, in the operator's name", async () => {
    const now = new Date("2028-02-29T12:00:00.750Z");
    const made = await makeTimestampChain(key.publicKey, "Ö".repeat(70), now);
    assert.deepEqual(
      made.map(({ subject }) => nameToString(subject)),
      ["", " intermediate", " root"].map(
        (rest) => `CN=Timestamp authority${rest},O=${"Ö".repeat(64)}`,
      ),
    );
    const years = made.map(({ notAfter }) => notAfter.toISOString());
    const [nine, ten] = ["2037-03-01T12:00:00.000Z", "2038-03-01T12:00:00.000Z"];
    assert.deepEqual(years, [nine, ten, ten]);
    assert.deepEqual(checkTimestampChain(made, key.publicKey), {
      notBefore: new Date("2028-02-29T12:00:00Z"),
      notAfter: new Date(nine),
    });
    const serials = made.map(({ serialNumber }) => serialNumber);
    assert.ok(serials.every(({ length }) => length === 20));
    assert.equal(new Set(serials.map(String)).size, 3);
    const again = await makeTimestampChain(key.publicKey, "x", now);
    assert.notDeepEqual(again[2].publicKey, made[2].publicKey);
  });

  test("may be an operator's own", () => {
    const validity = {
      notBefore: new Date("2030-01-01T00:00:00Z"),
      notAfter: new Date("2031-01-01T00:00:00Z"),
    };
    assert.deepEqual(check(leafOf([usage, purpose])), validity);
    assert.deepEqual(check(leafOf([purpose])), validity);
    assert.deepEqual(check(leafOf([usage, purpose], root), [root]), validity);
    const plain = middleOf();
    assert.deepEqual(check(leafOf([purpose], plain), [plain, root], true), validity);
  });

  const plain = middleOf();
  const signing = middleOf(codeSigning);
  const both = extension.extendedKeyUsage([timeStamping, codeSigning], true);
  for (const [what, action, message] of [
    ["whose leaf is for nothing", () => check(leafOf([usage])), /must be critical/],
    [
      "whose leaf's purpose is not critical",
      () => check(leafOf([usage, extension.extendedKeyUsage([timeStamping])])),
      /must be critical, and timeStamping alone/,
    ],
    ["whose leaf has two purposes", () => check(leafOf([usage, both])), /timeStamping alone/],
    [
      "whose leaf does not sign",
      () => check(leafOf([extension.keyUsage(["keyAgreement"]), purpose])),
      /not digitalSignature/,
    ],
    ["that begins with a CA", () => check(leafOf([...caExtensions(key), purpose])), /is a CA's/],
    [
      "whose intermediate states no purpose",
      () => check(leafOf([usage, purpose], plain), [plain, root]),
      /not for timeStamping/,
    ],
    [
      "whose intermediate is for code",
      () => check(leafOf([usage, purpose], signing), [signing, root], true),
      /does not hold together/,
    ],
    [
      "of another issuer",
      () => check(leafOf([usage, purpose]), [middleOf(timeStamping), root]),
      /does not hold together/,
    ],
    [
      "of another key",
      () => checkTimestampChain([leafOf([purpose]), root.certificate], testKey().publicKey),
      /not that of the signing key/,
    ],
  ] as const) {
    test(`is refused ${what}`, () => {
      assert.throws(action, (error) => {
        assert.ok(error instanceof TimestampChainError, String(error));
        assert.match(error.message, message);
        return true;
      });
    });
  }
});
