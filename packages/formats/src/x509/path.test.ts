// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { suite, test } from "node:test";
import {
  buildCa,
  buildCertificate,
  buildFulcioLeaf,
  type CertificateOptions,
  extension,
  generalName,
  type TestCertificate,
  type TestExtension,
  testKey,
  testNotBefore,
} from "../../test/certificate-builder.ts";
import { chainFile } from "../../test/certificate-files.ts";
import { derNull, derOctetString } from "../der/index.ts";
import type { Certificate } from "./certificate.ts";
import { type CertificateUsage, prepareIssuers, verifyLeaf } from "./issuers.ts";
import { pathAttemptsMax, type PathOptions, verifyCertificatePath } from "./path.ts";
import { PathError, type PathErrorCode } from "./path-error.ts";

const CODE_SIGNING = "1.3.6.1.5.5.7.3.3";
const TIME_STAMPING = "1.3.6.1.5.5.7.3.8";
const ANY = "2.5.29.37.0";
const key = testKey();
const otherKey = testKey();
const time = new Date(testNotBefore.getTime() + 60_000);

/** How both ways of checking a chain answer: "accepted", or the code, place and text. */
interface Outcome {
  readonly code: PathErrorCode | "accepted";
  readonly index?: number;
  readonly subject?: string;
  readonly message?: string;
}

function outcome(check: () => readonly Certificate[]): Outcome {
  try {
    assert.ok(check().length >= 2);
    return { code: "accepted" };
  } catch (error) {
    if (!(error instanceof PathError)) throw error;
    const { code, index, subject, message } = error;
    return { code, index, subject, message };
  }
}

/** A chain, leaf first and anchor last, searched and prepared: both must say the same. */
function check(
  chain: readonly Certificate[],
  options: { time?: Date; usage?: CertificateUsage } = {},
): Outcome {
  const [leaf, ...issuers] = chain as [Certificate, ...Certificate[]];
  const at = options.time ?? time;
  const usage = options.usage ?? "code-signing";
  const intermediates = issuers.slice(0, -1).toReversed();
  const roots = issuers.slice(-1);
  const found = outcome(() =>
    verifyCertificatePath(leaf, { intermediates, roots, time: at, usage }),
  );
  const prepared = outcome(() => verifyLeaf(leaf, prepareIssuers(issuers), at, usage));
  assert.equal(found.code, prepared.code, `${found.message} / ${prepared.message}`);
  return found;
}

const built = (...chain: TestCertificate[]): Certificate[] =>
  chain.map(({ certificate }) => certificate);

const root = buildCa({ subject: "CN=root", key });
const intermediate = buildCa({
  subject: "CN=intermediate",
  key: otherKey,
  issuer: root,
  pathLength: 0,
  purposes: [CODE_SIGNING],
});
const leaf = buildFulcioLeaf({ issuer: intermediate, key });

function leafWith(extensions: readonly TestExtension[], issuer = intermediate): TestCertificate {
  return buildCertificate({ key, issuer, extensions });
}

suite("certificate paths that OpenSSL made", () => {
  const at = new Date("2026-06-01T00:00:00Z");
  const expected: [string, PathErrorCode | "accepted", number?][] = [
    ["P-256", "accepted"],
    ["P-384", "accepted"],
    ["P-521", "accepted"],
    ["rsa", "accepted"],
    ["rsa-pss", "accepted"],
    ["ed25519", "accepted"],
    ["names", "accepted"],
    ["longest", "accepted"],
    ["ca-leaf", "leaf-is-ca", 0],
    ["no-eku", "extended-key-usage", 0],
    ["no-ku", "key-usage", 0],
    ["critical", "unsupported-critical-extension", 0],
    ["expired-intermediate", "expired", 1],
    ["name-constraints", "unsupported-critical-extension", 1],
    ["path-length", "path-length", 2],
    ["too-long", "path-length"],
    ["tsa", "extended-key-usage", 0],
  ];
  for (const [file, code, index] of expected) {
    test(`${file}: ${code}`, () => {
      const result = check(chainFile(file), { time: at });
      assert.equal(result.code, code, result.message);
      if (index !== undefined) assert.equal(result.index, index);
    });
  }

  test("serve time-stamping where they are made for it", () => {
    assert.equal(check(chainFile("tsa"), { time: at, usage: "time-stamping" }).code, "accepted");
    const signer = check(chainFile("P-256"), { time: at, usage: "time-stamping" });
    assert.equal(signer.code, "extended-key-usage");
  });

  test("held while the intermediate was valid", () => {
    const chain = chainFile("expired-intermediate");
    assert.equal(check(chain, { time: new Date("2026-01-01T00:00:00Z") }).code, "accepted");
    assert.equal(check(chain, { time: new Date("2026-01-01T00:00:00.001Z") }).code, "expired");
  });
});

suite("a certificate path", () => {
  test("is answered leaf first, anchor last", () => {
    const chain = built(leaf, intermediate, root);
    const [first, ...issuers] = chain as [Certificate, ...Certificate[]];
    assert.deepEqual(verifyLeaf(first, prepareIssuers(issuers), time, "code-signing"), chain);
    const options: PathOptions = {
      intermediates: issuers.slice(0, 1),
      roots: issuers.slice(1),
      time,
      usage: "code-signing",
    };
    assert.deepEqual(verifyCertificatePath(first, options), chain);
  });

  test("may end at an intermediate that is trusted as it is", () => {
    assert.equal(check(built(leaf, intermediate)).code, "accepted");
  });

  test("may be issued by the root itself", () => {
    assert.equal(check(built(buildFulcioLeaf({ issuer: root }), root)).code, "accepted");
  });

  test("names the certificate at fault in words", () => {
    const expired = buildCa({
      subject: "CN=old,O=test",
      issuer: root,
      notAfter: new Date("2025-01-01T00:00:00Z"),
    });
    const result = check(built(buildFulcioLeaf({ issuer: expired }), expired, root));
    assert.equal(result.subject, "CN=old,O=test");
    assert.equal(
      result.message,
      "issuer 1 (CN=old,O=test): was valid until 2025-01-01T00:00:00Z, " +
        "no more at 2030-01-01T00:01:00Z",
    );
  });

  test("carries the certificate and the instant of a refusal for time", () => {
    const late = new Date("2031-01-01T00:00:00Z");
    const [first, issuer, anchor] = built(leaf, intermediate, root) as [
      Certificate,
      Certificate,
      Certificate,
    ];
    const prepared = prepareIssuers([issuer, anchor]);
    assert.throws(
      () => verifyLeaf(first, prepared, late, "code-signing"),
      (error) => {
        assert.ok(error instanceof PathError);
        assert.equal(error.code, "expired");
        assert.equal(error.certificate, first);
        assert.equal(error.time, late);
        assert.match(error.message, /^the leaf certificate: was valid until/);
        return true;
      },
    );
  });

  test("refuses an instant that is none as the caller's mistake", () => {
    const [first, ...issuers] = built(leaf, intermediate, root) as [Certificate, ...Certificate[]];
    const never = new Date(Number.NaN);
    const prepared = prepareIssuers(issuers);
    assert.throws(() => verifyLeaf(first, prepared, never, "code-signing"), RangeError);
    const options = {
      intermediates: [],
      roots: issuers,
      time: never,
      usage: "code-signing",
    } as const;
    assert.throws(() => verifyCertificatePath(first, options), RangeError);
    assert.throws(() => prepareIssuers([]), RangeError);
  });
});

suite("validity", () => {
  const edges: [string, string, PathErrorCode | "accepted"][] = [
    ["before its first instant", "2029-12-31T23:59:59.999Z", "not-yet-valid"],
    ["at its first instant", "2030-01-01T00:00:00.000Z", "accepted"],
    ["at its last instant", "2030-01-01T00:10:00.000Z", "accepted"],
    ["after its last instant", "2030-01-01T00:10:00.001Z", "expired"],
  ];
  for (const [when, at, code] of edges) {
    test(`of the leaf ${when}: ${code}`, () => {
      const result = check(built(leaf, intermediate, root), { time: new Date(at) });
      assert.equal(result.code, code);
      if (code !== "accepted") assert.equal(result.index, 0);
    });

    test(`of an intermediate and of the anchor ${when}: ${code}`, () => {
      const window = { notBefore: testNotBefore, notAfter: new Date("2030-01-01T00:10:00Z") };
      const wide = { notBefore: new Date("2020-01-01"), notAfter: new Date("2040-01-01") };
      const short = buildCa({ subject: "CN=short", key: otherKey, issuer: root, ...window });
      const long = buildFulcioLeaf({ issuer: short, ...wide });
      const below = check(built(long, short, root), { time: new Date(at) });
      assert.equal(below.code, code);
      if (code !== "accepted") assert.equal(below.index, 1);
      const anchored = check(built(long, short), { time: new Date(at) });
      assert.equal(anchored.code, code);
    });
  }
});

suite("names and signatures", () => {
  test("an issuer of another name is unknown, whatever its key", () => {
    const renamed = buildCa({ subject: "CN=other", key: otherKey, issuer: root });
    assert.equal(check(built(leaf, renamed, root)).code, "unknown-issuer");
    const above = buildCa({ subject: "CN=other root", key });
    const result = check(built(leaf, intermediate, above));
    assert.equal(result.code, "unknown-issuer");
    assert.equal(result.subject, "CN=intermediate");
  });

  test("names that only look alike do not chain", () => {
    const twin = buildCa({ subject: "CN=Intermediate", key: otherKey, issuer: root });
    assert.equal(check(built(leaf, twin, root)).code, "unknown-issuer");
  });

  test("a leaf signed by another key is refused", () => {
    const impostor = { key: testKey(), subject: intermediate.subject };
    const result = check(built(buildFulcioLeaf({ issuer: impostor }), intermediate, root));
    assert.equal(result.code, "bad-signature");
    assert.equal(result.index, 0);
  });

  test("an intermediate signed by another key is refused", () => {
    const impostor = { key: testKey(), subject: root.subject };
    const ca = buildCa({ subject: "CN=fake", key: otherKey, issuer: impostor });
    const result = check(built(buildFulcioLeaf({ issuer: ca }), ca, root));
    assert.equal(result.code, "bad-signature");
    assert.equal(result.index, 1);
  });

  test("a flipped bit of the signature is refused", () => {
    const editSignature = (signature: Uint8Array): Uint8Array =>
      signature.with(20, (signature[20] as number) ^ 1);
    const changed = buildFulcioLeaf({ issuer: intermediate, editSignature });
    assert.equal(check(built(changed, intermediate, root)).code, "bad-signature");
  });

  test("a signature of another scheme than the issuer's key has is refused", () => {
    const rsa = testKey("rsa");
    const changed = buildCertificate({
      key,
      issuer: { key: rsa, subject: intermediate.subject },
      extensions: [],
    });
    assert.equal(check(built(changed, intermediate, root)).code, "bad-signature");
  });

  test("the anchor's own signature is not looked at", () => {
    const editSignature = (signature: Uint8Array): Uint8Array => signature.with(20, 0);
    const odd = buildCa({ subject: "CN=root", key, editSignature });
    assert.equal(check(built(leaf, intermediate, odd)).code, "accepted");
  });
});

suite("issuers", () => {
  const ca = (extensions: readonly TestExtension[]): TestCertificate =>
    buildCa({ subject: "CN=ca", key: otherKey, issuer: root, extensions });
  const isCa = extension.basicConstraints(true);
  const usage = extension.keyUsage(["keyCertSign"]);
  const cases: [string, readonly TestExtension[], PathErrorCode | "accepted"][] = [
    ["without basic constraints", [usage], "not-a-ca"],
    ["with CA false", [extension.basicConstraints(false), usage], "not-a-ca"],
    ["that is another leaf", [extension.keyUsage(["digitalSignature"])], "not-a-ca"],
    ["without any extension", [], "not-a-ca"],
    ["without key usage", [isCa], "accepted"],
    [
      "with basic constraints that are not critical",
      [extension.basicConstraints(true, 0, false)],
      "accepted",
    ],
    ["whose key usage lacks keyCertSign", [isCa, extension.keyUsage(["cRLSign"])], "key-usage"],
    [
      "with malformed key usage",
      [isCa, extension.raw("2.5.29.15", true, derNull())],
      "malformed-extension",
    ],
    [
      "with malformed extended key usage",
      [isCa, extension.raw("2.5.29.37", false, derNull())],
      "malformed-extension",
    ],
    [
      "with malformed basic constraints",
      [extension.raw("2.5.29.19", true, derNull())],
      "malformed-extension",
    ],
    ["with a critical policy", [isCa, extension.raw("2.5.29.32", true, derNull())], "accepted"],
    [
      "with critical policy constraints",
      [isCa, extension.raw("2.5.29.36", true, derNull())],
      "unsupported-critical-extension",
    ],
    [
      "with name constraints, even if not critical",
      [isCa, extension.raw("2.5.29.30", false, derNull())],
      "unsupported-critical-extension",
    ],
    ["with an unknown extension", [isCa, extension.raw("1.2.3", false, derNull())], "accepted"],
    [
      "with an unknown critical extension",
      [isCa, extension.raw("1.2.3", true, derNull())],
      "unsupported-critical-extension",
    ],
  ];
  for (const [what, extensions, code] of cases) {
    test(`${what}: ${code}`, () => {
      const issuer = ca(extensions);
      const result = check(built(buildFulcioLeaf({ issuer }), issuer, root));
      assert.equal(result.code, code, result.message);
      if (code !== "accepted") assert.equal(result.index, 1);
      // The anchor is trusted for its key, not excused from its own limits.
      assert.equal(check(built(buildFulcioLeaf({ issuer }), issuer)).code, code);
    });
  }

  test("may have as many intermediates below as their path length says", () => {
    const limited = buildCa({ subject: "CN=limited", key, pathLength: 1 });
    const first = buildCa({ subject: "CN=first", key: otherKey, issuer: limited });
    const second = buildCa({ subject: "CN=second", issuer: first });
    assert.equal(check(built(buildFulcioLeaf({ issuer: limited }), limited)).code, "accepted");
    assert.equal(check(built(buildFulcioLeaf({ issuer: first }), first, limited)).code, "accepted");
    const result = check(built(buildFulcioLeaf({ issuer: second }), second, first, limited));
    assert.equal(result.code, "path-length");
    assert.equal(result.subject, "CN=limited");
  });

  test("do not count self-issued intermediates in the path length", () => {
    const limited = buildCa({ subject: "CN=a", key, pathLength: 0 });
    const rollover = buildCa({ subject: "CN=a", key: otherKey, issuer: limited });
    const below = buildFulcioLeaf({ issuer: rollover });
    assert.equal(check(built(below, rollover, limited)).code, "accepted");
    const next = buildCa({ subject: "CN=b", issuer: rollover });
    const deeper = check(built(buildFulcioLeaf({ issuer: next }), next, rollover, limited));
    assert.equal(deeper.code, "path-length");
  });

  test("make at most eight certificates", () => {
    const chain = [root];
    for (let i = 0; i < 7; i++) chain.unshift(buildCa({ subject: `CN=${i}`, issuer: chain[0]! }));
    const below = (depth: number): Certificate[] => {
      const issuers = chain.slice(chain.length - depth);
      return built(buildFulcioLeaf({ issuer: issuers[0]! }), ...issuers);
    };
    assert.equal(check(below(7)).code, "accepted");
    assert.equal(check(below(8)).code, "path-length");
  });
});

suite("usages", () => {
  const san = extension.subjectAltName([generalName.email("a@example.com")]);
  const signs = extension.keyUsage(["digitalSignature"]);
  const eku = (critical: boolean, ...purposes: string[]): TestExtension =>
    extension.extendedKeyUsage(purposes, critical);
  const codeSigning = eku(false, CODE_SIGNING);
  const timeStamping = eku(true, TIME_STAMPING);
  const cases: [string, CertificateUsage, TestExtension[], PathErrorCode | "accepted"][] = [
    [
      "critical code signing among others",
      "code-signing",
      [signs, eku(true, "1.2.3", CODE_SIGNING)],
      "accepted",
    ],
    ["only another purpose", "code-signing", [signs, eku(false, "1.2.3")], "extended-key-usage"],
    ["any purpose", "code-signing", [signs, eku(false, ANY)], "extended-key-usage"],
    ["no purpose", "code-signing", [signs], "extended-key-usage"],
    ["time-stamping", "code-signing", [signs, timeStamping], "extended-key-usage"],
    ["no key usage", "code-signing", [codeSigning], "key-usage"],
    [
      "key usage without digitalSignature",
      "code-signing",
      [extension.keyUsage(["contentCommitment"]), codeSigning],
      "key-usage",
    ],
    [
      "key usage with more than digitalSignature",
      "code-signing",
      [extension.keyUsage(["digitalSignature", "keyEncipherment"]), codeSigning],
      "accepted",
    ],
    [
      "basic constraints of no CA",
      "code-signing",
      [signs, codeSigning, extension.basicConstraints(false)],
      "accepted",
    ],
    [
      "CA true",
      "code-signing",
      [signs, codeSigning, extension.basicConstraints(true)],
      "leaf-is-ca",
    ],
    [
      "CA true",
      "time-stamping",
      [signs, timeStamping, extension.basicConstraints(true)],
      "leaf-is-ca",
    ],
    [
      "poison",
      "code-signing",
      [signs, codeSigning, extension.poison()],
      "unsupported-critical-extension",
    ],
    [
      "malformed key usage",
      "code-signing",
      [extension.raw("2.5.29.15", true, derOctetString(Uint8Array.of(1))), codeSigning],
      "malformed-extension",
    ],
    ["exactly time-stamping", "time-stamping", [signs, timeStamping], "accepted"],
    ["no key usage", "time-stamping", [timeStamping], "accepted"],
    [
      "contentCommitment",
      "time-stamping",
      [extension.keyUsage(["contentCommitment"]), timeStamping],
      "accepted",
    ],
    [
      "key usage for encryption",
      "time-stamping",
      [extension.keyUsage(["keyEncipherment"]), timeStamping],
      "key-usage",
    ],
    [
      "time-stamping not critical",
      "time-stamping",
      [signs, eku(false, TIME_STAMPING)],
      "extended-key-usage",
    ],
    [
      "time-stamping and another purpose",
      "time-stamping",
      [signs, eku(true, TIME_STAMPING, "1.2.3")],
      "extended-key-usage",
    ],
    [
      "time-stamping twice",
      "time-stamping",
      [signs, eku(true, TIME_STAMPING, TIME_STAMPING)],
      "extended-key-usage",
    ],
    ["any purpose", "time-stamping", [signs, eku(true, ANY)], "extended-key-usage"],
    ["code signing", "time-stamping", [signs, codeSigning], "extended-key-usage"],
  ];
  for (const [what, usage, extensions, code] of cases) {
    test(`a leaf for ${usage} with ${what}: ${code}`, () => {
      const result = check(built(leafWith([...extensions, san], root), root), { usage });
      assert.equal(result.code, code, result.message);
      if (code !== "accepted") assert.equal(result.index, 0);
    });
  }

  const nested: [string, string[] | undefined, string[] | undefined, PathErrorCode | "accepted"][] =
    [
      ["none at all", undefined, undefined, "accepted"],
      ["the usage everywhere", [CODE_SIGNING], [CODE_SIGNING], "accepted"],
      ["any usage", [ANY], [ANY, "1.2.3"], "accepted"],
      ["none in the intermediate, the usage in the root", undefined, [CODE_SIGNING], "accepted"],
      ["another in the intermediate", [TIME_STAMPING], undefined, "extended-key-usage"],
      ["another in the root only", [CODE_SIGNING], [TIME_STAMPING], "extended-key-usage"],
      ["another in the root below any", [ANY], ["1.2.3"], "extended-key-usage"],
    ];
  for (const [what, below, above, code] of nested) {
    test(`CAs with ${what}: ${code}`, () => {
      const purposes = (list: string[] | undefined): { purposes?: string[] } =>
        list ? { purposes: list } : {};
      const anchor = buildCa({ subject: "CN=root", key, ...purposes(above) });
      const ca = buildCa({ subject: "CN=ca", key: otherKey, issuer: anchor, ...purposes(below) });
      const result = check(built(buildFulcioLeaf({ issuer: ca }), ca, anchor));
      assert.equal(result.code, code, result.message);
      if (code !== "accepted") assert.notEqual(result.index, 0);
    });
  }
});

suite("the search for a path", () => {
  const search = (
    from: TestCertificate,
    intermediates: readonly TestCertificate[],
    roots: readonly TestCertificate[],
  ): Outcome =>
    outcome(() =>
      verifyCertificatePath(from.certificate, {
        intermediates: built(...intermediates),
        roots: built(...roots),
        time,
        usage: "code-signing",
      }),
    );
  const twin = (options: Omit<Partial<CertificateOptions>, "subject"> = {}): TestCertificate =>
    buildCa({ subject: "CN=intermediate", issuer: root, ...options });

  test("takes certificates in any order, with surplus and repetition", () => {
    const unrelated = buildCa({ subject: "CN=unrelated" });
    const all = [unrelated, root, intermediate, leaf, intermediate, twin()];
    assert.equal(search(leaf, all, [unrelated, root]).code, "accepted");
    assert.equal(search(leaf, all.toReversed(), [root, root]).code, "accepted");
  });

  test("tells certificates of one name apart by trying them", () => {
    const expired = { notAfter: new Date("2021-01-01T00:00:00Z"), key: otherKey };
    const others = [twin(), twin(expired), twin({ extensions: [], key: otherKey })];
    assert.equal(search(leaf, [...others, intermediate], [root]).code, "accepted");
    assert.equal(search(leaf, others, [root]).code, "expired");
    assert.equal(search(leaf, [twin()], [root]).code, "bad-signature");
  });

  test("prefers the refusal that came furthest", () => {
    const gone = buildCa({ subject: "CN=gone" });
    const orphan = buildCa({ subject: "CN=intermediate", key: otherKey, issuer: gone });
    assert.equal(search(leaf, [twin(), orphan], [root]).code, "unknown-issuer");
    assert.equal(search(leaf, [], [root]).code, "unknown-issuer");
    assert.equal(search(leaf, [], []).code, "unknown-issuer");
    assert.equal(search(leaf, [intermediate], []).index, 1);
  });

  test("does not trust an intermediate because it is at hand", () => {
    assert.equal(search(leaf, [intermediate, root], []).code, "unknown-issuer");
    const forged = buildCa({ subject: "CN=root" });
    const ca = buildCa({ subject: "CN=intermediate", issuer: forged });
    const signed = buildFulcioLeaf({ issuer: ca });
    assert.equal(search(signed, [ca, forged], [root]).code, "bad-signature");
  });

  test("does not accept a leaf because it is an anchor", () => {
    assert.equal(search(leaf, [], [leaf]).code, "unknown-issuer");
  });

  test("passes over malformed key identifiers", () => {
    const odd = [extension.raw("2.5.29.14", false, derNull()), extension.basicConstraints(true)];
    const ca = buildCa({
      subject: "CN=intermediate",
      key: otherKey,
      issuer: root,
      extensions: odd,
    });
    assert.equal(search(leaf, [twin(), ca], [root]).code, "accepted");
  });

  test("goes round in no circle", () => {
    const a = { key, subject: buildCa({ subject: "CN=a", key }).subject };
    const b = { key: otherKey, subject: buildCa({ subject: "CN=b", key }).subject };
    const aByB = buildCa({ subject: "CN=a", key, issuer: b });
    const bByA = buildCa({ subject: "CN=b", key: otherKey, issuer: a });
    const below = buildFulcioLeaf({ issuer: a });
    assert.equal(search(below, [aByB, bByA], [root]).code, "unknown-issuer");
  });

  test("is given up after a bounded number of attempts", () => {
    const impostors = Array.from({ length: pathAttemptsMax + 1 }, (_, i) =>
      buildCa({ subject: "CN=intermediate", issuer: root, serialNumber: Uint8Array.of(1, i) }),
    );
    assert.equal(search(leaf, impostors.slice(1), [root]).code, "bad-signature");
    assert.equal(search(leaf, impostors, [root]).code, "too-many-candidates");
    // A matching key identifier comes first, wherever it stands.
    assert.equal(search(leaf, [...impostors, intermediate], [root]).code, "accepted");
  });

  test("is bounded where every certificate has signed every other", () => {
    const keys = Array.from({ length: 9 }, () => testKey());
    const subject = "CN=mesh";
    const mesh = keys.flatMap((own, i) =>
      keys.flatMap((issuing, j) => {
        const issuer = { key: issuing, subject: buildCa({ subject, key }).subject };
        return i === j ? [] : buildCa({ subject, key: own, issuer });
      }),
    );
    const below = buildFulcioLeaf({ issuer: mesh[0]! });
    assert.equal(search(below, mesh, [root]).code, "too-many-candidates");
  });
});
