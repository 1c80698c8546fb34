// SPDX-License-Identifier: Apache-2.0
// Unmodified clients against one `chancery up`, its certificate authority, logs, timestamps and
// identity provider: what each signs with an identity verifies in all of them, for that file, that
// identity and that issuer alone.
import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import {
  chanceryKeyless,
  contents,
  cosignKeyless,
  goKeyless,
  javaKeyless,
  javascriptKeyless,
  type KeylessPlace,
  pythonKeyless,
  type Version,
  versions,
  writeContents,
  type Writer,
  writeSigningConfigs,
} from "./keyless-writers.ts";
import { isKnownRefusal } from "./known-refusals.ts";
import { LogServer } from "./log-server.ts";
import { type Row, writeIdentityResults } from "./results.ts";
import { signInAs } from "./sign-in.ts";
import { signInFlows } from "./sign-in-flows.ts";
import { startTlsFront, type TlsFront } from "./tls-front.ts";
import { type Answer, certificateVerifiers, type Question } from "./verifiers.ts";

const identity = "signer@example.com";
const folder = mkdtempSync(join(tmpdir(), "chancery-identity-"));
const server = new LogServer(join(folder, "server"), { dev: true, grpc: true });
const writers: readonly Writer<KeylessPlace>[] = [
  ...versions.flatMap((version) =>
    contents.flatMap((content) => [
      chanceryKeyless(version, content),
      cosignKeyless("cosign", version, content),
      cosignKeyless("cosign-2", version, content),
      goKeyless(version, content),
      javascriptKeyless(version, content),
      pythonKeyless(version, content),
    ]),
  ),
  javaKeyless(1, "message"),
  javaKeyless(2, "message"),
  javaKeyless(2, "attestation"),
  ...signInFlows(),
].sort((a, b) => (a.name < b.name ? -1 : 1));

let place: KeylessPlace;
let front: TlsFront;
/** What was signed, by the writer's name. */
const signed = new Map<string, Question>();
const answers = new Map<string, Record<string, Answer | undefined>>();

before(async () => {
  await server.start();
  front = await startTlsFront(folder, server.grpcPort);
  writeContents(folder);
  const files = { trustedRoot: server.trustedRoot, signingConfig: server.signingConfig };
  place = {
    folder,
    identity,
    issuer: server.issuer,
    fulcioUrl: server.url,
    rekorUrl: server.url,
    timestampUrl: server.url,
    trustedRoot: server.trustedRoot,
    ...writeSigningConfigs(folder, files),
    java: { options: front.javaOptions, signingConfigs: writeJavaConfigs() },
    token: () => signInAs(server.issuer, identity),
  };
});

after(async () => {
  front.close();
  await server.stop();
  rmSync(folder, { recursive: true, force: true });
  // A table of a part would replace that of the whole.
  if (signed.size === writers.length) writeIdentityResults(rowsOf(answers));
});

describe("a client signs with an identity", () => {
  for (const writer of writers) {
    const { name } = writer;
    test(name, async () => void signed.set(name, await writer.write(place)));
  }
});

describe("a client verifies what all have signed, and refuses it of another", () => {
  for (const [verifier, askAll] of Object.entries(certificateVerifiers)) {
    test(verifier, () => {
      assert.ok(signed.size > 0);
      const cases = [...signed].flatMap(([name, question]) => variants(name, question));
      const asked = cases.filter(({ unasked }) => unasked !== verifier);
      const answered = askAll(asked.map(({ question }) => question));
      const wrong = asked.flatMap(({ name, mustVerify }, index) => {
        const answer = answered[index];
        answers.set(name, { ...answers.get(name), [verifier]: answer });
        const expected = mustVerify && !isKnownRefusal(verifier, name);
        return answer?.accepted === expected ? [] : [`${name}: ${answer?.words}`];
      });
      assert.deepEqual(wrong, []);
    });
  }
});

interface Case {
  readonly name: string;
  readonly mustVerify: boolean;
  readonly question: Question;
  /** A verifier that cannot be asked this. */
  readonly unasked?: string;
}

/** What was signed, and three questions about it that everybody must answer with no. */
function variants(name: string, question: Question): readonly Case[] {
  const about = (who: string, issuer: string): Question => ({
    ...question,
    signer: { kind: "identity", identity: who, issuer },
  });
  const other = { ...question, artifact: join(folder, "other.txt") };
  // Of subjects it leaves the comparison to its caller.
  const unasked = name.includes("attestation") ? { unasked: "sigstore-js" } : {};
  const wrong = [
    { of: "another file", question: other, ...unasked },
    { of: "another identity", question: about(`x${identity}`, place.issuer) },
    { of: "another issuer", question: about(identity, `${place.issuer}/x`) },
  ];
  return [
    { name, mustVerify: true, question },
    ...wrong.map(({ of, ...rest }) => ({ name: `${name}, of ${of}`, mustVerify: false, ...rest })),
  ];
}

/** What was signed, a row for each; the wrong questions of a kind in one, with the worst answer. */
function rowsOf(all: ReadonlyMap<string, Record<string, Answer | undefined>>): readonly Row[] {
  const rows = new Map<string, Record<string, Answer | undefined>>();
  for (const [name, given] of all) {
    const row = name.replace(/^.*, of another/, "each of them, of another");
    const worst = { ...rows.get(row) };
    for (const [verifier, answer] of Object.entries(given)) {
      if (worst[verifier]?.accepted !== true) worst[verifier] = answer;
    }
    rows.set(row, worst);
  }
  const asRow = ([name, given]: readonly [string, Row["answers"]]): Row => ({
    group: "identity",
    name,
    mustVerify: signed.has(name),
    answers: given,
  });
  const made = [...rows].map(asRow);
  return [...made.filter(({ mustVerify }) => mustVerify), ...made.filter((row) => !row.mustVerify)];
}

/** The signing configs with the address of Fulcio that speaks TLS and gRPC. */
function writeJavaConfigs(): Readonly<Record<Version, string>> {
  const config = JSON.parse(readFileSync(server.signingConfig, "utf8")) as {
    caUrls: readonly object[];
  };
  const caUrls = config.caUrls.map((service) => ({ ...service, url: front.url }));
  const signingConfig = join(folder, "java.json");
  writeFileSync(signingConfig, JSON.stringify({ ...config, caUrls }));
  const files = { trustedRoot: server.trustedRoot, signingConfig };
  return writeSigningConfigs(folder, files, "java").signingConfigs;
}
