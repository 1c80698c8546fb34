// SPDX-License-Identifier: Apache-2.0
// Unmodified clients before and after `chancery trust rotate` of every service with keys: what was
// signed before verifies with the trust of after, and clients go on signing where they signed.
import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, renameSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import {
  chanceryKeyless,
  cosignKeyless,
  javascriptKeyless,
  type KeylessPlace,
  pythonKeyless,
  versions,
  writeContents,
  type Writer,
  writeSigningConfigs,
} from "./keyless-writers.ts";
import { isKnownRefusal } from "./known-refusals.ts";
import { LogServer } from "./log-server.ts";
import { must } from "./run-peer.ts";
import { signInAs } from "./sign-in.ts";
import { certificateVerifiers, chanceryCommand, type Question } from "./verifiers.ts";

const identity = "signer@example.com";
const folder = mkdtempSync(join(tmpdir(), "chancery-rotation-"));
const server = new LogServer(join(folder, "server"), { dev: true });
const writers: readonly Writer<KeylessPlace>[] = versions.flatMap((version) => [
  chanceryKeyless(version, "message"),
  cosignKeyless("cosign", version, "message"),
  javascriptKeyless(version, "message"),
  pythonKeyless(version, "message"),
]);
const verifiers = ["chancery", "cosign", "sigstore-js", "sigstore-python"];
const rotated = ["ct", "rekor", "fulcio", "tsa"];
/** What was signed, by when and with what. */
const signed = new Map<string, Question>();

before(async () => {
  writeContents(folder);
  await server.start();
});

after(async () => {
  await server.stop();
  rmSync(folder, { recursive: true, force: true });
});

describe("keys are replaced between signatures", () => {
  for (const time of ["before", "after"] as const) {
    for (const writer of writers) {
      test(`${writer.name}, ${time}`, async () => {
        const question = await writer.write(place());
        const bundle = join(folder, `${time}-${signed.size}.sigstore.json`);
        renameSync(question.bundle, bundle); // some write over nothing
        signed.set(`${time}: ${writer.name}`, { ...question, bundle });
      });
    }
    if (time === "after") continue;
    test("the keys of every service", async () => {
      const logs = instances();
      assert.equal(await server.stop(), 0);
      const [node, program] = chanceryCommand;
      for (const service of rotated) {
        const data = join(folder, "server/data");
        must(node, [program, "trust", "rotate", service, "--data", data], { cwd: folder });
      }
      await server.start();
      assert.equal(instances(), 2 * logs);
    });
  }
});

describe("what was signed before and after verifies", () => {
  for (const verifier of verifiers) {
    test(verifier, () => {
      assert.equal(signed.size, 2 * writers.length);
      const asked = [...signed];
      const askAll = certificateVerifiers[verifier];
      assert.ok(askAll, Object.keys(certificateVerifiers).join());
      const answers = askAll(asked.map(([, question]) => question));
      const wrong = asked.flatMap(([name], i) => {
        const writer = name.replace(/^.*: /, "");
        const expected = !isKnownRefusal(verifier, writer);
        return answers[i]?.accepted === expected ? [] : [`${name}: ${answers[i]?.words}`];
      });
      assert.deepEqual(wrong, []);
    });
  }
});

function place(): KeylessPlace {
  const { url, issuer, trustedRoot, signingConfig } = server;
  return {
    folder,
    identity,
    issuer,
    fulcioUrl: url,
    rekorUrl: url,
    timestampUrl: url,
    trustedRoot,
    ...writeSigningConfigs(folder, { trustedRoot, signingConfig }),
    token: () => signInAs(issuer, identity),
  };
}

/** Logs and authorities that clients trust. */
function instances(): number {
  const root = JSON.parse(readFileSync(server.trustedRoot, "utf8")) as Record<string, unknown>;
  return Object.values(root).flatMap((all) => (Array.isArray(all) ? all : [])).length;
}
