// SPDX-License-Identifier: Apache-2.0
// The same command line given to cosign and to ours: what one writes, the other reads.
import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, test } from "node:test";
import { artifactText, keyRecipes, predicate } from "./make-fixtures/common.ts";
import { peer } from "./peers.ts";
import { must, type Outcome, run } from "./run-peer.ts";
import { chancery } from "./verifiers.ts";

const folder = mkdtempSync(join(tmpdir(), "chancery-cli-"));
const env = { COSIGN_PASSWORD: "interop password" };
/** What cosign needs to be told to leave the log alone; ours does where nothing asks for it. */
const cosignAlone = ["--use-signing-config=false", "--tlog-upload=false"];

type Command = (args: readonly string[]) => Outcome;
const commands: Readonly<Record<"chancery" | "cosign", Command>> = {
  chancery: (args) => chancery(args, { cwd: folder, env }),
  cosign: (args) => run(peer("cosign").path, args, { cwd: folder, env }),
};
const pairs = [
  ["chancery", "cosign"],
  ["cosign", "chancery"],
] as const;

after(() => rmSync(folder, { recursive: true, force: true }));
writeFileSync(join(folder, "artifact.txt"), artifactText);
writeFileSync(join(folder, "other.txt"), "another artifact");
writeFileSync(join(folder, "predicate.json"), predicate);

for (const [signer, verifier] of pairs) {
  describe(`${signer} signs, ${verifier} verifies`, () => {
    const prefix = `by-${signer}`;
    const key = `${prefix}.key`;
    const publicKey = `${prefix}.pub`;
    const bundle = `${prefix}.sigstore.json`;
    const alone = signer === "cosign" ? cosignAlone : [];
    const verify = ["verify-blob", "--key", publicKey, "--insecure-ignore-tlog"];

    test("a new key pair", () => {
      succeed(signer, ["generate-key-pair", "--output-key-prefix", prefix]);
      const shown = succeed(verifier, ["public-key", "--key", key]);
      assert.equal(shown.stdout, read(publicKey));
    });

    test("a file", () => {
      const out = ["--bundle", bundle, "--yes"];
      succeed(signer, ["sign-blob", "--key", key, ...alone, ...out, "artifact.txt"]);
      succeed(verifier, [...verify, "--bundle", bundle, "artifact.txt"]);
      refuse(verifier, [...verify, "--bundle", bundle, "other.txt"]);
    });

    test("a file by its digest", () => {
      const openssl = must(peer("openssl").path, ["dgst", "-sha256", "-r", "artifact.txt"], {
        cwd: folder,
      });
      const digest = `sha256:${openssl.stdout.slice(0, 64)}`;
      succeed(verifier, [...verify, "--bundle", bundle, digest]);
      refuse(verifier, [...verify, "--bundle", bundle, `sha256:${"0".repeat(64)}`]);
    });

    test("a file in the formats of cosign 2", () => {
      const out = ["--output-signature", "old.sig", "--bundle", "old.bundle", "--yes"];
      const old = ["--new-bundle-format=false"];
      succeed(signer, ["sign-blob", "--key", key, ...old, ...alone, ...out, "artifact.txt"]);
      const theirs = verifier === "cosign" ? old : [];
      succeed(verifier, [...verify, ...theirs, "--signature", "old.sig", "artifact.txt"]);
      refuse(verifier, [...verify, ...theirs, "--signature", "old.sig", "other.txt"]);
      succeed(verifier, [...verify, ...theirs, "--bundle", "old.bundle", "artifact.txt"]);
      refuse(verifier, [...verify, ...theirs, "--bundle", "old.bundle", "other.txt"]);
    });

    for (const type of ["slsaprovenance1", "custom", "https://example.com/review/v1"]) {
      test(`an attestation of type ${type}`, () => {
        const about = ["--predicate", "predicate.json", "--type", type, "--yes"];
        const out = ["--bundle", `att-${bundle}`];
        succeed(signer, ["attest-blob", "--key", key, ...alone, ...about, ...out, "artifact.txt"]);
        const how = ["verify-blob-attestation", "--key", publicKey, "--insecure-ignore-tlog"];
        succeed(verifier, [...how, "--type", type, ...out, "artifact.txt"]);
        refuse(verifier, [...how, "--type", type, ...out, "other.txt"]);
        refuse(verifier, [...how, "--type", "https://example.com/other", ...out, "artifact.txt"]);
      });
    }

    for (const { name, openssl } of keyRecipes) {
      test(`with an imported ${name} key`, () => {
        const imported = `${prefix}-${name}`;
        must(peer("openssl").path, [...openssl, "-out", `${imported}.pem`], { cwd: folder });
        const from = ["--key", `${imported}.pem`, "--output-key-prefix", imported];
        succeed(signer, ["import-key-pair", ...from]);
        const out = ["--bundle", `${imported}.sigstore.json`, "--yes"];
        const sign = ["sign-blob", "--key", `${imported}.key`, ...alone, ...out];
        succeed(signer, [...sign, "artifact.txt"]);
        const digest = verifier === "cosign" ? cosignDigest(name) : [];
        const how = ["verify-blob", "--key", `${imported}.pub`, "--insecure-ignore-tlog"];
        const args = [...how, ...digest, "--bundle", `${imported}.sigstore.json`];
        succeed(verifier, [...args, "artifact.txt"]);
        refuse(verifier, [...args, "other.txt"]);
      });
    }
  });
}

function succeed(who: keyof typeof commands, args: readonly string[]): Outcome {
  const outcome = commands[who](args);
  assert.equal(outcome.status, 0, `${who} ${args.join(" ")}\n${outcome.stdout}${outcome.stderr}`);
  return outcome;
}

function refuse(who: keyof typeof commands, args: readonly string[]): void {
  // Exit code 1 is a refusal in both; another would be a wrong command line here.
  const { status, stderr } = commands[who](args);
  assert.equal(status, 1, `${who} ${args.join(" ")}\n${stderr}`);
}

function cosignDigest(name: string): string[] {
  if (name === "p384") return ["--signature-digest-algorithm", "sha384"];
  return name === "p521" ? ["--signature-digest-algorithm", "sha512"] : [];
}

function read(name: string): string {
  return readFileSync(join(folder, name), "utf8");
}
