// SPDX-License-Identifier: Apache-2.0
// Bundles put to every implementation: genuine ones verify in all of them, also after our rewriting
// as v0.3; we refuse every bad one. RESULTS.md then says who accepts what we refuse.
import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, test } from "node:test";
import { decodeBundle, encodeBundle, upgradeBundle } from "@chancery/formats/bundle";
import { conformanceCases } from "./conformance-cases.ts";
import { type Fixture, readFixtures } from "./make-fixtures/case.ts";
import { mutated, mutations } from "./mutations.ts";
import { type Row, writeResults } from "./results.ts";
import { type Answer, type Question, verifiers } from "./verifiers.ts";

/** What peers are known to get wrong; everything else they must answer as we do. */
const knownRefusals: readonly { verifier: string; name: RegExp; because: string }[] = [
  {
    verifier: "sigstore-python",
    name: /^(cosign|sigstore-js)\//,
    because: "wants the index 0 and the empty list of hashes of a log's first leaf written out",
  },
  {
    verifier: "sigstore-python",
    name: /^(intoto-with-custom-trust-root|trust-root-tsa-validity-end-inclusive)$/,
    because: "its own expected failures in the conformance suite",
  },
  {
    verifier: "cosign",
    name: /^cosign\/import-ed25519$/,
    because: "refuses bundles without a digest, such as its own of pure Ed25519",
  },
  ...["cosign", "sigstore-go"].map((verifier) => ({
    verifier,
    name: /^sigstore-js\/key-dsse$/,
    because: "skips signatures whose keyid is not its own name of the key",
  })),
  {
    verifier: "sigstore-js",
    name: /^cosign\/import-ed25519$/,
    because: "hashes before every message signature",
  },
];

const folder = mkdtempSync(join(tmpdir(), "chancery-public-good-"));
const cases = conformanceCases();
const genuine = cases.filter(({ mustVerify }) => mustVerify);
const rows: Row[] = [];

after(() => {
  rmSync(folder, { recursive: true, force: true });
  // A table of a part would replace that of the whole.
  if (rows.length > 100) writeResults(rows);
});

test("the vectors are there", (t) => {
  if (cases.length === 0 && process.env["CI"] !== "true") t.skip("no vectors at ../shared/vectors");
  else assert.equal(cases.length, 70);
});

describe("genuine bundles verify everywhere", () => {
  for (const { name, ownRoot, question } of genuine) {
    test(name, () => {
      const answers = askAll(question);
      rows.push({ group: ownRoot ? "own-root" : "public-good", name, mustVerify: true, answers });
      assertAllAccept(name, answers);
    });
  }
});

describe("what we write again as v0.3 verifies everywhere", () => {
  for (const { name, ownRoot, question } of genuine) {
    if (ownRoot) continue;
    test(name, () => {
      const { bundle } = upgradeBundle(decodeBundle(readFileSync(question.bundle)));
      assert.equal(bundle.version, "0.3");
      const path = join(folder, `${name}.sigstore.json`);
      writeFileSync(path, encodeBundle(bundle));
      const answers = askAll({ ...question, bundle: path });
      rows.push({ group: "upgraded", name, mustVerify: true, answers });
      assertAllAccept(name, answers);
    });
  }
});

describe("what peers made verifies here", () => {
  for (const fixture of readFixtures()) {
    if (fixture.bundle === undefined) continue;
    test(fixture.name, () => {
      const answers = askAll(questionOf(fixture));
      rows.push({ group: "fixture", name: fixture.name, mustVerify: true, answers });
      assertAllAccept(fixture.name, answers);
    });
  }
});

describe("we refuse what must be refused", () => {
  for (const { name, mustVerify, question } of cases) {
    if (mustVerify) continue;
    test(name, () => {
      const answers = askAll(question);
      rows.push({ group: "negative", name, mustVerify, answers });
      assert.equal(answers["chancery"]?.accepted, false);
    });
  }
});

describe("we refuse what nobody's suite asks", () => {
  for (const mutation of cases.length === 0 ? [] : mutations) {
    const { name } = mutation;
    test(name, () => {
      const answers = askAll(mutated(mutation, cases, folder));
      rows.push({ group: "mutation", name, mustVerify: false, answers });
      assert.equal(answers["chancery"]?.accepted, false);
    });
  }
});

type Answers = Record<string, Answer | undefined>;

function askAll(question: Question): Answers {
  return Object.fromEntries(Object.entries(verifiers).map(([name, ask]) => [name, ask(question)]));
}

function assertAllAccept(name: string, answers: Answers): void {
  for (const [verifier, answer] of Object.entries(answers)) {
    if (answer === undefined) continue;
    const known = knownRefusals.find((one) => one.verifier === verifier && one.name.test(name));
    // A known refusal that is none any more is to leave the list.
    assert.equal(answer.accepted, known === undefined, `${verifier}: ${answer.words}`);
  }
}

function questionOf(fixture: Fixture): Question {
  const path = (name: string | undefined): string => join(fixture.folder, name ?? "");
  const { identity = "", issuer = "", publicKey, trustedRoot, withoutLog } = fixture;
  return {
    bundle: path(fixture.bundle),
    artifact: path(fixture.artifact),
    trustedRoot: path(trustedRoot ?? "../../instance/trusted_root.json"),
    signer:
      publicKey === undefined
        ? { kind: "identity", identity, issuer }
        : { kind: "key", key: path(publicKey) },
    ...(withoutLog === undefined ? {} : { withoutLog }),
  };
}
