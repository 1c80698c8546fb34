// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { encodeBase64, utf8Bytes } from "@chancery/formats/bytes";
import { encodeLeafIndex, encodeSctList } from "@chancery/formats/sct";
import {
  authorityValue,
  ctlogValue,
  type TestBundle,
  testBundle,
  type TestBundleOptions,
  testLeaf,
} from "../../../../test/instance.ts";
import {
  buildCa,
  buildCertificate,
  buildSct,
  extension,
  type FulcioLeafOptions,
  generalName,
  type TestExtension,
  testKey,
} from "../../../formats/test/certificate-builder.ts";
import type { Evidence } from "../index.ts";
import { attempt, instance, refused, verified } from "../../test/attempt.ts";

const made = (options: TestBundleOptions = {}): TestBundle => testBundle(instance, options);
const withLeaf = (options: Partial<FulcioLeafOptions>, more: TestBundleOptions = {}): TestBundle =>
  made({ leaf: testLeaf(instance, options), ...more });

const at = new Date("2030-01-01T00:05:00Z");
const shifted = (seconds: number): Date => new Date(at.getTime() + 1000 * seconds);

const fulcioExtensions: readonly TestExtension[] = [
  extension.keyUsage(["digitalSignature"]),
  extension.extendedKeyUsage(["1.3.6.1.5.5.7.3.3"]),
  extension.subjectAltName([generalName.email("signer@example.com")]),
  extension.fulcio("issuer", "https://issuer.example"),
];

/** Attempts with a leaf without SCT that has these extensions. */
function withExtensions(extensions: readonly TestExtension[]): Evidence {
  const leaf = buildCertificate({ key: testKey(), issuer: instance.intermediate, extensions });
  return attempt(made({ leaf }), { sctThreshold: 0 });
}

describe("the time of signing", () => {
  test("lies in the certificate's validity, to the second and both ends included", () => {
    for (const rekor of [1, 2] as const) {
      const outcome = (from: number, to: number): Evidence =>
        attempt(withLeaf({ notBefore: shifted(from), notAfter: shifted(to) }, { rekor }));
      verified(outcome(0, 0));
      refused(outcome(-600, -1), "certificate-expired");
      refused(outcome(1, 600), "certificate-not-yet-valid");
    }
  });

  test("is every verified time: one outside fails, whatever its source", () => {
    const late = { genTime: shifted(601) };
    refused(attempt(made({ timestamps: [late] })), "certificate-expired");
    refused(attempt(made({ rekor: 2, timestamps: [{}, late] })), "certificate-expired");
    const early = { integratedTime: shifted(-301) };
    refused(attempt(made({ entries: [early], timestamps: [{}] })), "certificate-not-yet-valid");
    refused(
      attempt(made({ entries: [{}, { ...early, leafIndex: 6 }] })),
      "certificate-not-yet-valid",
    );
  });

  test("must come from somebody, even where no log is asked for", () => {
    refused(attempt(made({ entries: [] }), { logThreshold: 0 }), "time-missing");
    refused(attempt(made({ rekor: 2, timestamps: [] })), "time-missing");
    verified(attempt(made({ entries: [], timestamps: [{}] }), { logThreshold: 0 }));
  });

  test("is the current time only where the policy says so and nothing tells another", () => {
    const bare = made({ entries: [] });
    const allowed = { logThreshold: 0, allowCurrentTime: true };
    const evidence = attempt(bare, { ...allowed, now: at });
    verified(evidence);
    assert.deepEqual(evidence.times, []);
    refused(attempt(bare, { logThreshold: 0, now: at }), "time-missing");
    refused(attempt(bare, allowed), "time-missing");
    refused(attempt(bare, { ...allowed, now: shifted(301) }), "certificate-expired");
    refused(attempt(bare, { ...allowed, now: shifted(-301) }), "certificate-not-yet-valid");
    // A timestamp stands above it, and a bad one is not passed over for it.
    verified(attempt(made({ rekor: 2 }), { allowCurrentTime: true, now: shifted(1e6) }));
    const bad = made({ entries: [], timestamps: [{ stamped: utf8Bytes("else") }] });
    refused(attempt(bad, { ...allowed, now: at }), "timestamp-mismatch");
    assert.throws(() => attempt(bare, { ...allowed, now: new Date(Number.NaN) }), RangeError);
  });

  test("lies in the root's period for the authority, both ends included", () => {
    const period =
      (validFor: object) =>
      (root: any): void => {
        root.certificateAuthorities[0].validFor = validFor;
      };
    const [start, end] = ["2029-01-01T00:00:00Z", at.toISOString()];
    const bundle = made();
    verified(attempt(bundle, { root: period({ start: end, end }) }));
    for (const validFor of [
      { start, end: "2030-01-01T00:04:59.999Z" },
      { start: "2030-01-01T00:05:00.001Z" },
    ]) {
      refused(attempt(bundle, { root: period(validFor) }), "certificate-authority-not-valid");
    }
  });
});

describe("the path", () => {
  test("leads to an authority of the root: names and keys of others do not do", () => {
    const foreignRoot = buildCa({ subject: "CN=root,O=test" });
    const foreign = buildCa({ subject: "CN=intermediate,O=test", issuer: foreignRoot });
    refused(attempt(withLeaf({ issuer: foreign })), "certificate-untrusted");
    refused(
      attempt(withLeaf({ issuer: { ...instance.intermediate, subject: foreignRoot.subject } })),
      "certificate-untrusted",
    );
    const none = (root: any): void => {
      root.certificateAuthorities = [];
    };
    refused(attempt(made(), { root: none }), "certificate-untrusted");
    refused(attempt(made(), { root: null }), "trusted-root-missing");
  });

  test("is not helped by certificates that the bundle brings", () => {
    const foreignRoot = buildCa({ subject: "CN=foreign" });
    const foreign = buildCa({ subject: "CN=foreign intermediate", issuer: foreignRoot });
    const chain =
      (...extra: readonly Uint8Array[]) =>
      (value: any): void => {
        const list = value.verificationMaterial.x509CertificateChain.certificates;
        list.push(...extra.map((der) => ({ rawBytes: encodeBase64(der) })));
      };
    const leaf = testLeaf(instance, { issuer: foreign });
    const brought = made({ version: "0.2", leaf, edit: chain(foreign.der) });
    refused(attempt(brought), "certificate-untrusted");
    const good = made({ version: "0.2", edit: chain(instance.intermediate.der) });
    verified(attempt(good));
    const withRoot = made({ version: "0.2", edit: chain(instance.root.der) });
    refused(attempt(withRoot), "certificate-chain-contains-root");
    const garbled = made({ version: "0.2", edit: chain(new Uint8Array(9)) });
    refused(attempt(garbled), "certificate-malformed");
    // The signer stands first: the CA's certificate there is another signer.
    const swapped = made({
      version: "0.2",
      edit: (value) => {
        chain(instance.intermediate.der)(value);
        value.verificationMaterial.x509CertificateChain.certificates.reverse();
      },
    });
    assert.equal(attempt(swapped).verdict, "refused");
  });

  test("keeps to path lengths and usages of the authority", () => {
    const below = buildCa({
      subject: "CN=below",
      issuer: instance.intermediate,
      purposes: ["1.3.6.1.5.5.7.3.3"],
    });
    const longer = (root: any): void => {
      root.certificateAuthorities = [
        authorityValue("https://fulcio.test", [
          below.der,
          instance.intermediate.der,
          instance.root.der,
        ]),
      ];
    };
    refused(attempt(withLeaf({ issuer: below }), { root: longer }), "certificate-untrusted");
    const stamping = buildCa({
      subject: "CN=stamping",
      issuer: instance.root,
      purposes: ["1.3.6.1.5.5.7.3.8"],
    });
    const wrongUse = (root: any): void => {
      root.certificateAuthorities = [
        authorityValue("https://fulcio.test", [stamping.der, instance.root.der]),
      ];
    };
    refused(attempt(withLeaf({ issuer: stamping }), { root: wrongUse }), "certificate-unfit");
  });

  test("works with every curve and RSA, and an intermediate as the anchor", () => {
    const intermediateOnly = (root: any): void => {
      root.certificateAuthorities[0].certChain.certificates.length = 1;
    };
    verified(attempt(made(), { root: intermediateOnly }));
    for (const type of ["P-384", "P-521", "rsa"] as const) {
      const ca = buildCa({ subject: "CN=other", key: testKey(type) });
      const root = (value: any): void => {
        value.certificateAuthorities.push(authorityValue("https://other.test", [ca.der]));
      };
      verified(attempt(withLeaf({ issuer: ca }), { root }));
    }
  });
});

describe("the leaf", () => {
  test("says digitalSignature and code signing, and is no CA", () => {
    const [, ...withoutUsage] = fulcioExtensions;
    const [usage, , ...rest] = fulcioExtensions;
    assert.ok(usage);
    verified(withExtensions(fulcioExtensions));
    const unfit: (readonly TestExtension[])[] = [
      withoutUsage,
      [extension.keyUsage(["keyEncipherment"]), ...withoutUsage],
      [extension.keyUsage(["keyCertSign"]), ...withoutUsage],
      [usage, ...rest],
      [usage, extension.extendedKeyUsage(["1.3.6.1.5.5.7.3.8"]), ...rest],
      [usage, extension.extendedKeyUsage(["2.5.29.37.0"]), ...rest],
      [...fulcioExtensions, extension.basicConstraints(true)],
      [...fulcioExtensions, extension.raw("1.2.3.4", true, new Uint8Array(2))],
      [...fulcioExtensions, extension.raw("2.5.29.30", false, Uint8Array.of(0x30, 0))],
      [...fulcioExtensions, extension.poison()],
    ];
    for (const extensions of unfit) refused(withExtensions(extensions), "certificate-unfit");
  });

  test("must be readable", () => {
    const edit = (value: any): void => {
      const { certificate } = value.verificationMaterial;
      certificate.rawBytes = encodeBase64(new Uint8Array([0x30, 0x03, 0x02, 0x01, 0x01]));
    };
    refused(attempt(made({ edit })), "certificate-malformed");
  });

  test("of another signer does not verify the signature, nor is the entry of it", () => {
    const other = encodeBase64(testLeaf(instance).der);
    const edit = (value: any): void => {
      value.verificationMaterial.certificate.rawBytes = other;
    };
    refused(attempt(made({ edit })), "signature-invalid", "log-entry-verifier-mismatch");
  });
});

describe("SCTs", () => {
  const second = testKey();
  const withSecond = (root: any): void => {
    root.ctlogs.push(ctlogValue("https://ct2.test", second));
  };

  test("are of a log that the root names, or the policy does without", () => {
    refused(attempt(withLeaf({ ctKeys: [] })), "sct-missing");
    verified(attempt(withLeaf({ ctKeys: [] }), { sctThreshold: 0 }));
    refused(attempt(withLeaf({ ctKeys: [second] })), "sct-log-unknown");
    verified(attempt(withLeaf({ ctKeys: [second] }), { root: withSecond }));
    verified(attempt(withLeaf({ ctKeys: [second] }), { sctThreshold: 0 }));
  });

  test("of unknown logs are passed over and never counted", () => {
    const bundle = withLeaf({ ctKeys: [second, instance.ct] });
    verified(attempt(bundle));
    refused(attempt(bundle, { sctThreshold: 2 }), "sct-threshold");
    verified(attempt(bundle, { sctThreshold: 2, root: withSecond }));
  });

  test("of one log count once and are refused", () => {
    const twice = withLeaf({ ctKeys: [instance.ct, instance.ct] });
    refused(attempt(twice), "sct-duplicate");
    refused(attempt(twice, { sctThreshold: 2 }), "sct-duplicate");
  });

  test("of one operator count once", () => {
    const root = (value: any): void => {
      withSecond(value);
      for (const log of value.ctlogs) log.operator = "one";
    };
    const bundle = withLeaf({ ctKeys: [second, instance.ct] });
    verified(attempt(bundle, { root }));
    refused(attempt(bundle, { root, sctThreshold: 2 }), "sct-threshold");
  });

  test("are signed by that log over this certificate and its issuer", () => {
    const { tbs } = testLeaf(instance, { ctKeys: [] }).certificate;
    const sct = (options: Partial<Parameters<typeof buildSct>[0]>): Evidence => {
      const { ct: ctKey, intermediate } = instance;
      const issuerSpki = intermediate.key.publicKey.spki;
      const list = encodeSctList([
        buildSct({ ctKey, timestampMs: at.getTime(), issuerSpki, tbs, ...options }),
      ]);
      const leaf = buildCertificate({
        key: testKey(),
        issuer: intermediate,
        extensions: [...fulcioExtensions, extension.sctList(list)],
      });
      return attempt(made({ leaf }));
    };
    refused(sct({}), "sct-invalid");
    const impostor = { ...testKey(), publicKey: instance.ct.publicKey };
    refused(attempt(withLeaf({ ctKeys: [impostor] })), "sct-invalid");
    // A precertificate's timestamp under another CA's key hash.
    const rootIssued = testLeaf(instance, { issuer: { ...instance.intermediate, key: testKey() } });
    assert.equal(attempt(made({ leaf: rootIssued })).reason, "certificate-untrusted");
    const empty = [...fulcioExtensions, extension.sctList(new Uint8Array(0))];
    const leaf = buildCertificate({
      key: testKey(),
      issuer: instance.intermediate,
      extensions: empty,
    });
    refused(attempt(made({ leaf })), "sct-malformed");
  });

  test("include the extensions that static CT logs write", () => {
    verified(attempt(withLeaf({ ctExtensions: encodeLeafIndex(7) })));
  });

  test("are of the period of the log's key, both ends included and split or not", () => {
    // SCTs are made at the certificate's start.
    const bundle = withLeaf({ notBefore: at, notAfter: shifted(1) });
    const listing =
      (...periods: readonly object[]) =>
      (root: any): void => {
        root.ctlogs = periods.map((validFor) => {
          const log = structuredClone(root.ctlogs[0]);
          log.publicKey.validFor = validFor;
          return log;
        });
      };
    const [start, end] = ["2029-01-01T00:00:00Z", at.toISOString()];
    verified(attempt(bundle, { root: listing({ start: end, end }) }));
    const early = { start, end: "2030-01-01T00:04:59.999Z" };
    const late = { start: "2030-01-01T00:05:00.001Z" };
    for (const periods of [[early], [late], [early, late]]) {
      refused(attempt(bundle, { root: listing(...periods) }), "sct-log-not-valid-at-time");
    }
    verified(attempt(bundle, { root: listing(early, { start: end }) }));
  });
});
