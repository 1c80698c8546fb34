// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { derUtf8String } from "@chancery/formats/der";
import { testBundle, testLeaf } from "../../../../test/instance.ts";
import {
  buildCa,
  buildCertificate,
  extension,
  generalName,
  type TestExtension,
  testKey,
} from "../../../formats/test/certificate-builder.ts";
import { attempt, instance, refused, signerPolicy, verified } from "../../test/attempt.ts";
import type { Evidence, IdentityPolicy, StringMatcher } from "../index.ts";
import { matches } from "../policy.ts";

const email = "signer@example.com";
const workflow = "https://github.com/owner/repo/.github/workflows/ci.yml@refs/heads/main";

/** The outcome for a certificate of that identity under a policy. */
function outcome(identity: Uint8Array, policy: Partial<IdentityPolicy>): Evidence {
  const bundle = testBundle(instance, { leaf: testLeaf(instance, { identity }) });
  return attempt(bundle, { signer: { ...signerPolicy, ...policy } });
}

describe("an exact identity", () => {
  test("is the whole text of the name, whatever its kind", () => {
    for (const make of [generalName.email, generalName.uri, generalName.otherName]) {
      verified(outcome(make(email), { identity: { exact: email } }));
    }
    verified(outcome(generalName.uri(workflow), { identity: { exact: workflow } }));
  });

  test("is no prefix, suffix, part, other case, other normal form or text with more white space", () => {
    const others = [
      "signer@example.com.evil.test",
      "signer@example.co",
      "xsigner@example.com",
      "igner@example.com",
      "Signer@example.com",
      "SIGNER@EXAMPLE.COM",
      " signer@example.com",
      "signer@example.com ",
      "signer@example.com\n",
      "\nsigner@example.com",
      "signer@example.com\u0000",
      "signer@example.com\nsigner@example.com",
      "signer@example,com",
      ".*",
      "*",
    ];
    for (const exact of others) {
      refused(outcome(generalName.email(email), { identity: { exact } }), "identity-mismatch");
      refused(
        outcome(generalName.otherName(exact), { identity: { exact: email } }),
        "identity-mismatch",
      );
    }
    const composed = outcome(generalName.otherName("e\u0301@example.com"), {
      identity: { exact: "\u00e9@example.com" },
    });
    refused(composed, "identity-mismatch");
    // The beginning of the URL, which would be every workflow of the site.
    for (const exact of ["https://github.com", "https://github.com/owner/repo", `${workflow}s`]) {
      refused(outcome(generalName.uri(workflow), { identity: { exact } }), "identity-mismatch");
    }
  });

  test("goes with the issuer, compared alike", () => {
    const issuer = "https://issuer.example";
    for (const exact of [`${issuer}/`, "https://issuer.exampl", "HTTPS://issuer.example", ""]) {
      refused(outcome(generalName.email(email), { issuer: { exact } }), "issuer-mismatch");
    }
    verified(outcome(generalName.email(email), { issuer: { exact: issuer } }));
    // The identity does not stand in for the issuer.
    refused(outcome(generalName.email(email), { issuer: { exact: email } }), "issuer-mismatch");
  });
});

describe("a pattern", () => {
  const holds = (pattern: string, text: string): boolean => matches({ pattern }, text);

  test("matches from the first character to the last, also with alternatives and own anchors", () => {
    const yes: [string, string][] = [
      ["signer@example\\.com", email],
      ["^signer@example\\.com$", email],
      ["other|signer@example\\.com", email],
      ["signer@example\\.com|other", email],
      ["^other$|^signer@example\\.com$", email],
      ["(?:signer|other)@example\\.com", email],
      [".*@example\\.com", email],
      ["(?i:SIGNER)@example\\.com", email],
      ["(?<name>signer)@example\\.com", email],
      ["", ""],
    ];
    for (const [pattern, text] of yes) assert.ok(holds(pattern, text), pattern);
    const no: [string, string][] = [
      ["signer@example\\.com", `${email}.evil.test`],
      ["signer@example\\.com", `evil-${email}`],
      ["signer@example\\.com", `${email}\n`],
      ["signer@example\\.com", `\n${email}`],
      ["^signer@example\\.com$", `${email}\nx`],
      ["^signer@example\\.com$", `x\n${email}`],
      ["(?m:^signer@example\\.com$)", `x\n${email}\ny`],
      ["a|b", "ab"],
      ["a|b", "xb"],
      ["a|b", "ax"],
      ["a|", "b"],
      ["^a|b$", "ax"],
      ["^a|b$", "xb"],
      ["^a", "ab"],
      ["b$", "ab"],
      [".*@example\\.com", "a\nb@example.com"],
      ["signer@example\\.com", "signer@exampleXcom"],
      ["signer@example\\.com", "Signer@example.com"],
      ["", "a"],
    ];
    for (const [pattern, text] of no) assert.ok(!holds(pattern, text), `${pattern} ${text}`);
  });

  test("is an expression on its own: none breaks out of its anchors", () => {
    for (const pattern of ["a)|(?:b", "a)", "(a", "(?#comment)", "a\\", "[", "(?<n>a)(?<n>b)"]) {
      assert.throws(() => holds(pattern, "b"), SyntaxError, pattern);
    }
  });

  test("that is malformed is the caller's mistake, whatever the bundle", () => {
    const bundle = testBundle(instance);
    const bad: StringMatcher = { pattern: "(" };
    assert.throws(
      () => attempt(bundle, { signer: { ...signerPolicy, identity: bad } }),
      SyntaxError,
    );
    assert.throws(() => attempt(bundle, { signer: { ...signerPolicy, issuer: bad } }), SyntaxError);
  });

  test("refuses in the verification what it does not match as a whole", () => {
    const identity = { pattern: "https://github\\.com/owner/repo" };
    refused(outcome(generalName.uri(workflow), { identity }), "identity-mismatch");
    const whole = { pattern: "https://github\\.com/owner/.*@refs/heads/main" };
    verified(outcome(generalName.uri(workflow), { identity: whole }));
    const issuer = { pattern: "issuer\\.example" };
    refused(outcome(generalName.uri(workflow), { identity: whole, issuer }), "issuer-mismatch");
  });

  test("is run neither on a long text nor on one that no trusted authority vouches for", () => {
    // Backtracking of this pattern doubles with each character of this text.
    const identity = { pattern: "(a+)+b" };
    const hostile = "a".repeat(40);
    const ca = buildCa({ subject: "CN=nobody" });
    const started = performance.now();
    assert.equal(matches(identity, "a".repeat(2049)), false);
    const leaf = testLeaf(instance, { issuer: ca, identity: generalName.otherName(hostile) });
    const evidence = attempt(testBundle(instance, { leaf }), {
      signer: { ...signerPolicy, identity },
    });
    refused(evidence, "certificate-untrusted");
    const check = evidence.checks.find(({ name }) => name === "identity");
    assert.deepEqual([check?.status, check?.code], ["skipped", "depends-on-failed"]);
    assert.ok(performance.now() - started < 2000);
  });
});

describe("the names of a certificate", () => {
  const withNames = (...extensions: readonly TestExtension[]): Evidence => {
    const leaf = buildCertificate({
      key: testKey(),
      issuer: instance.intermediate,
      extensions: [
        extension.keyUsage(["digitalSignature"]),
        extension.extendedKeyUsage(["1.3.6.1.5.5.7.3.3"]),
        ...extensions,
      ],
    });
    return attempt(testBundle(instance, { leaf }), { sctThreshold: 0 });
  };
  const issuer = extension.fulcio("issuer", "https://issuer.example");
  const names = (...list: readonly Uint8Array[]): TestExtension => extension.subjectAltName(list);

  test("are one, of a kind that Fulcio issues", () => {
    verified(withNames(names(generalName.email(email)), issuer));
    const lists = [
      [generalName.email(email), generalName.email(email)],
      [generalName.email(email), generalName.uri(workflow)],
      [generalName.uri(workflow), generalName.email(email)],
      [generalName.dns(email)],
      [generalName.ip(Uint8Array.of(127, 0, 0, 1))],
      [generalName.directoryName(instance.root.subject)],
      [generalName.otherName(email, "1.2.3.4")],
      [generalName.email("")],
    ];
    for (const list of lists) refused(withNames(names(...list), issuer), "identity-malformed");
    refused(withNames(issuer), "identity-malformed");
  });

  test("stand in the subject alternative name, not in the subject", () => {
    const leaf = buildCertificate({
      key: testKey(),
      issuer: instance.intermediate,
      subject: `CN=${email}`,
      extensions: [
        extension.keyUsage(["digitalSignature"]),
        extension.extendedKeyUsage(["1.3.6.1.5.5.7.3.3"]),
        issuer,
      ],
    });
    const evidence = attempt(testBundle(instance, { leaf }), { sctThreshold: 0 });
    refused(evidence, "identity-malformed");
  });

  test("go with one issuer: two that differ, none, and one in a wrong encoding are refused", () => {
    const name = names(generalName.email(email));
    verified(withNames(name, extension.fulcio("issuerV1", "https://issuer.example")));
    refused(withNames(name), "issuer-mismatch");
    refused(
      withNames(name, extension.fulcio("issuerV1", "https://evil.example"), issuer),
      "identity-malformed",
    );
    const oid = "1.3.6.1.4.1.57264.1.8";
    const raw = extension.raw(oid, false, new TextEncoder().encode("https://issuer.example"));
    refused(withNames(name, raw), "identity-malformed");
    // The old extension holds bare text: DER there is another text.
    const der = derUtf8String("https://issuer.example");
    const old = extension.raw("1.3.6.1.4.1.57264.1.1", false, der);
    refused(withNames(name, old), "issuer-mismatch");
  });
});

test("claims are compared exactly and must be there", () => {
  const claims = { sourceRepositoryURI: "https://github.com/owner/repo", buildTrigger: "push" };
  const bundle = testBundle(instance, { leaf: testLeaf(instance, { claims }) });
  const demand = (wanted: Readonly<Record<string, string>>): Evidence =>
    attempt(bundle, { signer: { ...signerPolicy, claims: wanted } });
  verified(demand({}));
  verified(demand(claims));
  refused(demand({ buildTrigger: "pus" }), "claim-mismatch");
  refused(demand({ ...claims, runnerEnvironment: "github-hosted" }), "claim-mismatch");
  for (const name of ["constructor", "__proto__", "toString", "noSuchClaim"]) {
    refused(demand(Object.fromEntries([[name, "push"]])), "claim-mismatch");
  }
});
