// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { test } from "node:test";
import {
  contextTag,
  der,
  derBoolean,
  derOctetString,
  derOid,
  derSequence,
} from "@chancery/formats/der";
import {
  type TestBundle,
  testBundle,
  type TestBundleOptions,
  type TestStampOptions,
  tsaValue,
} from "../../../../test/instance.ts";
import {
  attribute,
  buildRefusal,
  digest,
  extension,
  oids,
  signingCertificate,
  testAuthority,
} from "../../../../test/timestamp-builder.ts";
import { testKey } from "../../../formats/test/certificate-builder.ts";
import { attempt, instance, refused, verified } from "../../test/attempt.ts";

const stamped = (stamps: readonly TestStampOptions[], more: TestBundleOptions = {}): TestBundle =>
  testBundle(instance, { rekor: 2, timestamps: stamps, ...more });

const otherRoot = testAuthority({ name: "other root", ca: true });
const other = testAuthority({ name: "other tsa", issuer: otherRoot });
const withOther = (root: any): void => {
  root.timestampAuthorities.push(tsaValue("https://other-tsa.test", [other, otherRoot]));
};

test("a timestamp over the signature tells the time, in every legitimate form", () => {
  const { certificate } = instance.tsa;
  const forms: TestStampOptions[] = [
    {},
    { certificates: [certificate] },
    { certificates: [instance.tsaRoot.certificate, certificate] },
    { imprintHash: "sha512", digestAlgorithm: "sha384" },
    { signerBy: "key-identifier" },
    { nonce: 7n },
  ];
  for (const form of forms) {
    const evidence = attempt(stamped([form]));
    verified(evidence);
    assert.deepEqual(evidence.times, [
      {
        source: "timestamp-authority",
        time: new Date("2030-01-01T00:05:00Z"),
        by: "https://tsa.test",
      },
    ]);
  }
  verified(attempt(stamped([{}], { content: "envelope" })));
});

test("a timestamp over anything else is refused: another signature, the artifact, the payload", () => {
  const foreign = testBundle(instance).signing.signature;
  const bundle = stamped([{ stamped: foreign }]);
  refused(attempt(bundle), "timestamp-mismatch");
  assert.deepEqual(attempt(bundle).times, []);
  refused(attempt(stamped([{ stamped: bundle.artifact }])), "timestamp-mismatch");
  refused(attempt(stamped([{ imprintDigest: new Uint8Array(32) }])), "timestamp-mismatch");
  // Beside a good one, and beside a promise.
  refused(attempt(stamped([{}, { stamped: foreign }])), "timestamp-mismatch");
  refused(attempt(stamped([{ stamped: foreign }], { rekor: 1 })), "timestamp-mismatch");
});

test("an authority that the root does not name is unknown, whatever certificates it brings", () => {
  for (const certificates of [undefined, [other.certificate], [instance.tsa.certificate]]) {
    const stamp = { authority: other, ...(certificates ? { certificates } : {}) };
    refused(attempt(stamped([stamp])), "timestamp-authority-unknown");
  }
  verified(attempt(stamped([{ authority: other }]), { root: withOther }));
  // The name of a trusted authority with the key of another.
  refused(attempt(stamped([{ signWith: other }])), "timestamp-invalid");
  const noAuthorities = (root: any): void => {
    root.timestampAuthorities = [];
  };
  refused(attempt(stamped([{}]), { root: noAuthorities }), "timestamp-authority-unknown");
});

test("an ESSCertIDv2 of another certificate is refused", () => {
  const wrong = signingCertificate(derOctetString(digest("sha256", other.certificate)));
  refused(attempt(stamped([{ signingCertificateV2: wrong }])), "timestamp-invalid");
  const garbled = attribute(oids.signingCertificateV2, derSequence());
  const attributes = (standard: any): Uint8Array[] => [
    standard.contentType,
    standard.messageDigest,
    garbled,
  ];
  refused(attempt(stamped([{ attributes }])), "timestamp-malformed");
});

test("tokens whose parts do not belong together are refused", () => {
  refused(attempt(stamped([{ messageDigest: new Uint8Array(32) }])), "timestamp-invalid");
  refused(attempt(stamped([{ contentType: oids.data }])), "timestamp-invalid");
  refused(attempt(stamped([{ imprintHash: "sha1" }])), "timestamp-invalid");
  refused(attempt(stamped([{ signers: 2 }])), "timestamp-malformed");
  refused(attempt(stamped([{ withoutAttributes: true }])), "timestamp-malformed");
  refused(attempt(stamped([{ editDer: (der) => der.subarray(1) }])), "timestamp-malformed");
  refused(attempt(stamped([{ editDer: () => buildRefusal(2) }])), "timestamp-not-granted");
  refused(attempt(stamped([{ status: 1 }])), "timestamp-not-granted");
});

test("the same timestamp twice is refused, also in other bytes", () => {
  const bundle = stamped([{}]);
  const list = bundle.value.verificationMaterial.timestampVerificationData.rfc3161Timestamps;
  list.push(list[0]);
  refused(attempt(bundle), "timestamp-duplicate");
  refused(attempt(bundle, { timestampThreshold: 2 }), "timestamp-duplicate", "timestamp-threshold");
  // Signed again: ECDSA has many signatures over the same attributes.
  refused(attempt(stamped([{}, {}])), "timestamp-duplicate");
  // Parts that nobody signs.
  const { certificate } = instance.tsa;
  for (const copy of [
    { certificates: [certificate] },
    { signerBy: "key-identifier" },
    { unsignedAttributes: der(contextTag(1, true), attribute("1.2.3.4", derOid("1.2.3.4"))) },
  ] as const) {
    refused(attempt(stamped([{}, copy])), "timestamp-duplicate");
  }
});

test("the threshold counts operators, not tokens, certificates or listings", () => {
  const two = [{}, { serialNumber: 43 }];
  verified(attempt(stamped(two), { timestampThreshold: 1 }));
  refused(attempt(stamped(two), { timestampThreshold: 2 }), "timestamp-threshold");
  const distinct = [{}, { authority: other }];
  verified(attempt(stamped(distinct), { timestampThreshold: 2, root: withOther }));
  const sameOperator = (root: any): void => {
    withOther(root);
    for (const authority of root.timestampAuthorities) authority.operator = "one operator";
  };
  refused(
    attempt(stamped(distinct), { timestampThreshold: 2, root: sameOperator }),
    "timestamp-threshold",
  );
  const sameUri = (root: any): void => {
    withOther(root);
    root.timestampAuthorities[1].uri = root.timestampAuthorities[0].uri;
  };
  refused(
    attempt(stamped(distinct), { timestampThreshold: 2, root: sameUri }),
    "timestamp-threshold",
  );
  const v1 = testBundle(instance, { entries: [{}] });
  refused(attempt(v1, { timestampThreshold: 1 }), "timestamp-threshold");
});

test("the root's period for the authority holds the time, both ends included", () => {
  const period =
    (validFor: object) =>
    (root: any): void => {
      root.timestampAuthorities[0].validFor = validFor;
    };
  const [start, at] = ["2029-01-01T00:00:00Z", "2030-01-01T00:05:00Z"];
  const bundle = stamped([{}]);
  verified(attempt(bundle, { root: period({ start: at, end: at }) }));
  for (const validFor of [
    { start, end: "2030-01-01T00:04:59.999Z" },
    { start: "2030-01-01T00:05:00.001Z" },
  ]) {
    refused(attempt(bundle, { root: period(validFor) }), "timestamp-authority-not-valid");
  }
});

test("the authority's certificates hold at the time, to the second", () => {
  const at = new Date("2030-01-01T00:05:00Z");
  const shifted = (seconds: number): Date => new Date(at.getTime() + 1000 * seconds);
  const chain = (
    which: "leaf" | "root",
    notBefore: Date,
    notAfter: Date,
  ): (typeof instance.tsa)[] => {
    const limits = { notBefore, notAfter };
    const root = testAuthority({ name: "r", ca: true, ...(which === "root" ? limits : {}) });
    return [testAuthority({ name: "l", issuer: root, ...(which === "leaf" ? limits : {}) }), root];
  };
  for (const which of ["leaf", "root"] as const) {
    const outcome = (notBefore: Date, notAfter: Date) => {
      const authorities = chain(which, notBefore, notAfter);
      const root = (value: any): void => {
        value.timestampAuthorities = [tsaValue("https://tsa.test", authorities)];
      };
      return attempt(stamped([{ authority: authorities[0] as typeof instance.tsa }]), { root });
    };
    verified(outcome(at, at));
    refused(outcome(shifted(-9), shifted(-1)), "timestamp-chain-invalid");
    refused(outcome(shifted(1), shifted(9)), "timestamp-chain-invalid");
  }
});

test("an authority's leaf that is a CA or meant for more than time-stamping is refused", () => {
  const purposes = (critical: boolean, ...names: string[]): Uint8Array =>
    extension("2.5.29.37", critical, derSequence(...names.map(derOid)));
  const stamping = oids.timeStamping;
  const extensions = [
    [],
    [purposes(false, stamping)],
    [purposes(true, stamping, "1.3.6.1.5.5.7.3.3")],
    [purposes(true, "1.3.6.1.5.5.7.3.3")],
    [purposes(true, stamping), extension("2.5.29.19", true, derSequence(derBoolean(true)))],
    [purposes(true, stamping), extension("1.2.3.4", true, new Uint8Array(2))],
  ];
  for (const own of extensions) {
    const authority = testAuthority({ issuer: instance.tsaRoot, extensions: own });
    const root = (value: any): void => {
      value.timestampAuthorities = [tsaValue("https://tsa.test", [authority, instance.tsaRoot])];
    };
    if (own.length === 0) assert.throws(() => attempt(stamped([{ authority }]), { root }));
    else refused(attempt(stamped([{ authority }]), { root }), "timestamp-chain-invalid");
  }
});

test("an authority whose own chain is broken vouches for nothing, and the others still do", () => {
  const root = (value: any): void => {
    value.timestampAuthorities.unshift(tsaValue("https://broken.test", [other, instance.tsaRoot]));
    value.timestampAuthorities.unshift(tsaValue("https://alone.test", [other]));
  };
  verified(attempt(stamped([{}]), { root }));
  refused(attempt(stamped([{ authority: other }]), { root }), "timestamp-authority-unknown");
});

test("timestamps of a bundle with a key need no certificate, but a trusted root", () => {
  const key = testKey();
  const bundle = stamped([{}], { key, entries: [] });
  verified(attempt(bundle, { logThreshold: 0 }));
  refused(attempt(bundle, { logThreshold: 0, root: null }), "trusted-root-missing");
});
