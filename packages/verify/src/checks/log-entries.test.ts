// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { encodeBase64 } from "@chancery/formats/bytes";
import { rekorV1, rekorV2 } from "../../../../test/instance-log.ts";
import {
  type TestBundle,
  testBundle,
  type TestBundleOptions,
  testLeaf,
  tlogValue,
} from "../../../../test/instance.ts";
import { testKey } from "../../../formats/test/certificate-builder.ts";
import { attempt, instance, refused, verified } from "../../test/attempt.ts";

const made = (options: TestBundleOptions = {}): TestBundle => testBundle(instance, options);
const otherBytes = (count: number): string => encodeBase64(new Uint8Array(count).fill(9));

/** A bundle whose one entry, as JSON, was changed after everything was signed. */
function changed(options: TestBundleOptions, edit: (entry: any) => void): TestBundle {
  const bundle = made(options);
  edit(bundle.value.verificationMaterial.tlogEntries[0]);
  return bundle;
}

describe("what each version demands", () => {
  test("a promise alone is enough for 0.1, with a proof it is checked too", () => {
    verified(attempt(made({ version: "0.1", entries: [{ proof: false }] })));
    verified(attempt(made({ version: "0.1" })));
    const bad = changed({ version: "0.1" }, (entry) => {
      entry.inclusionProof.hashes[0] = otherBytes(32);
    });
    refused(attempt(bad), "inclusion-proof-invalid");
  });

  test("0.1 demands the promise, whatever else there is", () => {
    refused(attempt(made({ version: "0.1", entries: [{ promise: false }] })), "set-missing");
    const stamped = { version: "0.1", entries: [{ promise: false }], timestamps: [{}] } as const;
    refused(attempt(made(stamped)), "set-missing");
    refused(attempt(made({ version: "0.1", rekor: 2 })), "set-missing");
  });

  test("a proof without checkpoint counts for nothing: with a promise in 0.1 it does no harm", () => {
    const without = (version: "0.1" | "0.2" | "0.3", promise: boolean): TestBundle =>
      made({
        version,
        entries: [{ promise, edit: (entry) => delete entry.inclusionProof.checkpoint }],
        timestamps: [{}],
      });
    const evidence = attempt(without("0.1", true));
    verified(evidence);
    assert.equal(evidence.logEntries[0]?.inclusion, false);
    assert.equal(evidence.logEntries[0]?.leafIndex, undefined);
    refused(attempt(without("0.1", false)), "set-missing", "checkpoint-missing");
    refused(attempt(without("0.2", true)), "checkpoint-missing");
    refused(attempt(without("0.3", true)), "checkpoint-missing");
  });

  test("0.2 and 0.3 demand the proof: a promise alone fails", () => {
    for (const version of ["0.2", "0.3"] as const) {
      const bundle = made({ version, entries: [{ proof: false }] });
      refused(attempt(bundle), "inclusion-proof-missing");
    }
    refused(attempt(made({ rekor: 2, entries: [{ proof: false }] })), "inclusion-proof-missing");
  });

  test("0.2 and 0.3 do without the promise where a timestamp tells the time", () => {
    for (const version of ["0.2", "0.3"] as const) {
      const bundle = made({ version, entries: [{ promise: false }], timestamps: [{}] });
      const evidence = attempt(bundle);
      verified(evidence);
      const [entry] = evidence.logEntries;
      assert.deepEqual([entry?.promise, entry?.inclusion, entry?.leafIndex], [false, true, 5n]);
      // Nobody vouches for these two.
      assert.equal(entry?.logIndex, undefined);
      assert.equal(entry?.integratedTime, undefined);
    }
  });

  test("a log index that a promise or Rekor v2 vouches for is told", () => {
    assert.equal(attempt(made()).logEntries[0]?.logIndex, 25_584n);
    assert.equal(attempt(made({ rekor: 2 })).logEntries[0]?.logIndex, 5n);
  });
});

describe("promises", () => {
  test("one over anything else does not verify", () => {
    const edits: ((promised: any) => void)[] = [
      (promised) => (promised.integratedTime += 1),
      (promised) => (promised.logIndex += 1),
      (promised) => (promised.logID = "00".repeat(32)),
      (promised) => (promised.body = encodeBase64(new Uint8Array(3))),
      (promised) => (promised.more = 1),
    ];
    for (const editPromise of edits) {
      refused(attempt(made({ entries: [{ editPromise }] })), "set-invalid");
    }
  });

  test("one of another entry, of another log, or changed does not verify", () => {
    const foreign = made().value.verificationMaterial.tlogEntries[0].inclusionPromise;
    const swapped = changed({}, (entry) => (entry.inclusionPromise = foreign));
    refused(attempt(swapped), "set-invalid");
    const impostor = { ...instance.rekor1, key: testKey() };
    const text = (entry: any): string => entry.inclusionProof.checkpoint.envelope;
    const forged = made({ entries: [{ log: impostor }] });
    assert.match(text(forged.value.verificationMaterial.tlogEntries[0]), /^rekor\.test - /);
    refused(attempt(forged), "set-invalid", "checkpoint-signature-invalid");
  });

  test("a time or an index that the promise does not hold fails", () => {
    const later = changed({}, (entry) => {
      entry.integratedTime = String(Number(entry.integratedTime) + 1);
    });
    refused(attempt(later), "set-invalid");
    refused(attempt(changed({}, (entry) => (entry.logIndex = "1"))), "set-invalid");
    refused(attempt(changed({}, (entry) => delete entry.integratedTime)), "set-invalid");
    const beyond = changed({}, (entry) => (entry.integratedTime = "9223372036854775807"));
    refused(attempt(beyond), "set-invalid");
  });

  test("a signed time of zero is no time", () => {
    const bundle = made({ entries: [{ integratedTime: new Date(0) }] });
    refused(attempt(bundle), "set-invalid");
  });

  test("an integrated time without promise is nobody's word and is not used", () => {
    const bare = { entries: [{ promise: false }] } as const;
    refused(attempt(made(bare)), "time-missing");
    const v2 = (timestamps: readonly object[]): TestBundle =>
      changed({ rekor: 2, timestamps }, (entry) => (entry.integratedTime = "1893456300"));
    refused(attempt(v2([])), "time-missing");
    const evidence = attempt(v2([{}]));
    verified(evidence);
    assert.deepEqual(
      evidence.times.map(({ source }) => source),
      ["timestamp-authority"],
    );
  });

  test("Rekor v2 makes none, even where its key signed one", () => {
    const bundle = made({
      rekor: 2,
      entries: [{ promise: true, edit: (entry) => (entry.integratedTime = "1893456300") }],
    });
    refused(attempt(bundle), "set-unexpected");
    const old = made({ version: "0.1", rekor: 2, entries: [{ promise: true }] });
    refused(attempt(old), "set-unexpected");
    const onlyPromise = { promise: true, proof: false } as const;
    refused(
      attempt(made({ rekor: 2, entries: [onlyPromise], timestamps: [] })),
      "set-unexpected",
      "inclusion-proof-missing",
    );
  });
});

describe("proofs and checkpoints", () => {
  test("proof root, root hash and checkpoint root must be one: each pair is told apart", () => {
    const rootOf = (entry: any): string => entry.inclusionProof.rootHash;
    // rootHash ≠ checkpoint = computed
    refused(
      attempt(changed({}, (entry) => (entry.inclusionProof.rootHash = otherBytes(32)))),
      "checkpoint-root-mismatch",
    );
    // checkpoint ≠ rootHash = computed
    const otherNote = {
      editNote: (text: string) => text.replace(/\n[^\n]+\n$/, `\n${otherBytes(32)}\n`),
    };
    refused(attempt(made({ entries: [otherNote] })), "checkpoint-root-mismatch");
    // computed ≠ rootHash = checkpoint, both by way of the note and of the leaf's path
    const wrong = otherBytes(32);
    const both = made({
      entries: [
        {
          editNote: (text) => text.replace(/\n[^\n]+\n$/, `\n${wrong}\n`),
          edit: (entry) => (entry.inclusionProof.rootHash = wrong),
        },
      ],
    });
    assert.equal(rootOf(both.value.verificationMaterial.tlogEntries[0]), wrong);
    refused(attempt(both), "inclusion-proof-invalid");
  });

  test("the tree size of proof and checkpoint must be one", () => {
    refused(
      attempt(changed({}, (entry) => (entry.inclusionProof.treeSize = "10"))),
      "checkpoint-size-mismatch",
    );
    const note = made({ entries: [{ editNote: (text) => text.replace("\n9\n", "\n10\n") }] });
    refused(attempt(note), "checkpoint-size-mismatch");
  });

  test("a genuine checkpoint of another tree does not serve", () => {
    const other = made({ entries: [{ treeSize: 12 }] });
    const { checkpoint } = other.value.verificationMaterial.tlogEntries[0].inclusionProof;
    refused(
      attempt(changed({}, (entry) => (entry.inclusionProof.checkpoint = checkpoint))),
      "checkpoint-size-mismatch",
    );
  });

  test("a path that is too long, too short, reordered or of another leaf proves nothing", () => {
    const edits: ((proof: any) => void)[] = [
      (proof) => proof.hashes.push(otherBytes(32)),
      (proof) => proof.hashes.pop(),
      (proof) => proof.hashes.reverse(),
      (proof) => delete proof.hashes,
    ];
    for (const edit of edits) {
      refused(
        attempt(changed({}, (entry) => edit(entry.inclusionProof))),
        "inclusion-proof-invalid",
      );
    }
    const indexes = ["0", "4", "6", "9", "9223372036854775807"];
    for (const logIndex of indexes) {
      const bundle = changed({}, (entry) => (entry.inclusionProof.logIndex = logIndex));
      refused(attempt(bundle), "inclusion-proof-invalid");
    }
  });

  test("an empty tree holds nothing", () => {
    const bundle = made({
      entries: [
        {
          editNote: (text) => text.replace("\n9\n", "\n0\n"),
          edit: (entry) => (entry.inclusionProof.treeSize = "0"),
        },
      ],
    });
    refused(attempt(bundle), "inclusion-proof-invalid");
  });

  test("in Rekor v2 entry and proof state one index", () => {
    const bundle = changed({ rekor: 2 }, (entry) => (entry.logIndex = "6"));
    refused(attempt(bundle), "inclusion-index-mismatch");
    const proof = changed({ rekor: 2 }, (entry) => (entry.inclusionProof.logIndex = "6"));
    refused(attempt(proof), "inclusion-index-mismatch");
    const both = changed({ rekor: 2 }, (entry) => {
      entry.logIndex = "6";
      entry.inclusionProof.logIndex = "6";
    });
    refused(attempt(both), "inclusion-proof-invalid");
  });

  test("a note that the log's key did not sign is refused, whoever it names", () => {
    for (const rekor of [1, 2] as const) {
      const key = rekor === 1 ? testKey() : testKey("ed25519");
      refused(
        attempt(made({ rekor, entries: [{ noteKey: key }] })),
        "checkpoint-signature-invalid",
      );
      const nameless = made({
        rekor,
        entries: [{ editLines: (line) => line.replace("rekor", "other") }],
      });
      refused(attempt(nameless), "checkpoint-signature-missing");
      const otherOrigin = made({
        rekor,
        entries: [{ editNote: (text) => text.replace("rekor", "other") }],
      });
      refused(attempt(otherOrigin), "checkpoint-origin-mismatch");
      const malformed = made({
        rekor,
        entries: [{ editNote: (text) => text.slice(text.indexOf("\n") + 1) }],
      });
      refused(attempt(malformed), "checkpoint-malformed");
    }
  });

  test("lines of unknown keys beside the log's change nothing", () => {
    const witness = `\u2014 witness.test ${otherBytes(76)}\n`;
    for (const editLines of [
      (line: string) => witness + line,
      (line: string) => line + witness,
      (line: string) => line + line.replace(/ [^ ]+\n$/, ` ${otherBytes(68)}\n`),
    ]) {
      verified(attempt(made({ rekor: 2, entries: [{ editLines }] })));
    }
    const onlyWitness = made({ rekor: 2, entries: [{ editLines: () => witness }] });
    refused(attempt(onlyWitness), "checkpoint-signature-missing");
    refused(attempt(made({ entries: [{ editLines: () => "" }] })), "checkpoint-signature-missing");
  });
});

describe("which logs count", () => {
  const second1 = rekorV1("second.test");
  const second2 = rekorV2("second2.test");
  const withSecond = (root: any): void => {
    root.tlogs.push(tlogValue(second1), tlogValue(second2));
  };

  test("an entry of a log that the root does not name fails, also beside a good one", () => {
    refused(attempt(made({ entries: [{ log: second1 }] })), "log-unknown");
    refused(attempt(made({ entries: [{}, { log: second1 }] })), "log-unknown");
    refused(attempt(made({ entries: [{ log: second1 }, {}] })), "log-unknown");
    refused(attempt(made({ entries: [{}, { log: second1 }] }), { logThreshold: 0 }), "log-unknown");
  });

  test("an entry needs no log where the policy asks for none, but one that is there must verify", () => {
    const key = testKey();
    verified(attempt(made({ key, entries: [] }), { logThreshold: 0, root: null }));
    refused(attempt(made({ key, entries: [] })), "log-entry-missing");
    const bad = made({ key, entries: [{ editPromise: (promised) => (promised.logIndex = 1) }] });
    refused(attempt(bad, { logThreshold: 0 }), "set-invalid");
  });

  test("two logs of two operators reach a threshold of two, one does not", () => {
    const two = made({ entries: [{}, { log: second1 }] });
    verified(attempt(two, { logThreshold: 2, root: withSecond }));
    refused(attempt(made(), { logThreshold: 2 }), "log-threshold");
    const mixed = made({ entries: [{}, { log: second2 }] });
    verified(attempt(mixed, { logThreshold: 2, root: withSecond }));
  });

  test("one operator counts once, however many logs, shards and entries it has", () => {
    const named = (value: any): any => ({ ...value, operator: "operator.test" });
    const root = (value: any): void => {
      value.tlogs = [tlogValue(instance.rekor1), tlogValue(second1)].map(named);
    };
    const two = made({ entries: [{}, { log: second1 }] });
    refused(attempt(two, { logThreshold: 2, root }), "log-threshold");
    const twice = made({ entries: [{}, { leafIndex: 6 }] });
    verified(attempt(twice));
    refused(attempt(twice, { logThreshold: 2 }), "log-threshold");
    const sameUrl = (value: any): void => {
      value.tlogs.push({ ...tlogValue(second1), baseUrl: instance.rekor1.baseUrl });
    };
    const disguised = { ...second1, origin: instance.rekor1.origin, name: instance.rekor1.name };
    const shards = made({ entries: [{}, { log: disguised }] });
    refused(attempt(shards, { logThreshold: 2, root: sameUrl }), "log-threshold");
  });

  test("the same entry twice is refused, also in another encoding", () => {
    refused(attempt(made({ entries: [{}, {}] })), "log-entry-duplicate");
    const bundle = made({ rekor: 2 });
    const { tlogEntries } = bundle.value.verificationMaterial;
    tlogEntries.push({ ...tlogEntries[0], integratedTime: "5" });
    refused(attempt(bundle), "log-entry-duplicate");
  });

  test("two entries of which one is bad fail, in either order", () => {
    const bad = { leafIndex: 6, editPromise: (promised: any) => (promised.integratedTime += 1) };
    refused(attempt(made({ entries: [{}, bad] })), "set-invalid");
    refused(attempt(made({ entries: [bad, {}] })), "set-invalid");
  });
});

describe("when a log's key was in use", () => {
  const period =
    (log: 0 | 1, validFor: object) =>
    (root: any): void => {
      root.tlogs[log].publicKey.validFor = validFor;
    };
  const before = "2030-01-01T00:04:59.999Z";
  const at = "2030-01-01T00:05:00Z";
  const after = "2030-01-01T00:05:00.001Z";
  const start = "2029-01-01T00:00:00Z";

  test("a promise's time lies in the key's period, both ends included", () => {
    const bundle = made();
    verified(attempt(bundle, { root: period(0, { start: at, end: at }) }));
    refused(
      attempt(bundle, { root: period(0, { start, end: before }) }),
      "log-key-not-valid-at-time",
    );
    refused(attempt(bundle, { root: period(0, { start: after }) }), "log-key-not-valid-at-time");
  });

  test("without promise every verified time does", () => {
    for (const bundle of [
      made({ rekor: 2 }),
      made({ entries: [{ promise: false }], timestamps: [{}] }),
    ]) {
      const log = bundle.value.verificationMaterial.tlogEntries[0].kindVersion.version;
      const which = log === "0.0.2" ? 1 : 0;
      verified(attempt(bundle, { root: period(which, { start: at, end: at }) }));
      const early = period(which, { start, end: before });
      refused(attempt(bundle, { root: early }), "log-key-not-valid-at-time");
      const late = period(which, { start: after });
      refused(attempt(bundle, { root: late }), "log-key-not-valid-at-time");
    }
  });

  test("also the current time, where the policy takes it for the signing time", () => {
    const bundle = made({ rekor: 2, timestamps: [] });
    const now = new Date(at);
    const current = { allowCurrentTime: true, now };
    verified(attempt(bundle, { ...current, root: period(1, { start, end: at }) }));
    const ended = period(1, { start, end: before });
    refused(attempt(bundle, { ...current, root: ended }), "log-key-not-valid-at-time");
  });

  test("a period that is split over two listings is one", () => {
    const split =
      (log: 0 | 1) =>
      (root: any): void => {
        const listing = root.tlogs[log];
        const first = structuredClone(listing);
        first.publicKey.validFor = { start, end: before };
        listing.publicKey.validFor = { start: at };
        root.tlogs.unshift(first);
      };
    verified(attempt(made(), { root: split(0) }));
    verified(attempt(made({ rekor: 2 }), { root: split(1) }));
  });

  test("an entry that fails takes its time along: nothing else says when the signer signed", () => {
    const leaf = testLeaf(instance);
    const bundle = made({
      leaf,
      entries: [{ editPromise: (promised) => (promised.logIndex = 1) }],
    });
    const { times, checks } = attempt(bundle);
    assert.deepEqual(times, []);
    const certificate = checks.find(({ name }) => name === "certificate");
    assert.deepEqual([certificate?.status, certificate?.code], ["skipped", "depends-on-failed"]);
  });
});
