// SPDX-License-Identifier: Apache-2.0
// Keys and what they sign, in both directions, for each kind of key that cosign takes: our files
// opened by cosign and theirs by us; our signatures verified by OpenSSL, cosign and sigstore-js.
import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, test } from "node:test";
import { decodeBundle, encodeBundle } from "@chancery/formats/bundle";
import { decodeBase64 } from "@chancery/formats/bytes";
import { algorithms, type Algorithm, defaultAlgorithm } from "@chancery/formats/crypto";
import {
  attest,
  keySigner,
  readPrivateKey,
  readPublicKey,
  sign,
  writeCosignKey,
} from "@chancery/sign";
import { artifactFromBytes, verify } from "@chancery/verify";
import { artifactText, keyRecipes, statement } from "./make-fixtures/common.ts";
import { peer } from "./peers.ts";
import { must, run } from "./run-peer.ts";
import { askCosign, askJavascript, type Question } from "./verifiers.ts";

const folder = mkdtempSync(join(tmpdir(), "chancery-keys-"));
const password = "interop password";
const env = { COSIGN_PASSWORD: password };
const withoutLog = ["--use-signing-config=false", "--tlog-upload=false", "--yes"];
const artifact = Buffer.from(artifactText);
const askPassword = async (): Promise<Uint8Array> => Buffer.from(password);
const path = (name: string): string => join(folder, name);
const read = (name: string): Buffer => readFileSync(path(name));

after(() => rmSync(folder, { recursive: true, force: true }));
writeFileSync(path("artifact.txt"), artifact);
writeFileSync(path("no-root.json"), JSON.stringify(emptyRoot()));

for (const { name, openssl } of keyRecipes) {
  describe(name, () => {
    const bundleAt = (file: string): string => path(`${name}-${file}.sigstore.json`);

    test("cosign opens the key file that we write", async () => {
      must(peer("openssl").path, [...openssl, "-out", path(`${name}.pem`)]);
      const key = await readPrivateKey(read(`${name}.pem`));
      writeFileSync(path(`${name}.key`), await writeCosignKey(key, Buffer.from(password)));
      const shown = must(peer("cosign").path, ["public-key", "--key", path(`${name}.key`)], {
        env,
      });
      must(peer("openssl").path, pkeyPublic(path(`${name}.pem`), path(`${name}.pub`)));
      assert.equal(shown.stdout.trim(), read(`${name}.pub`).toString().trim());
      const wrong = run(peer("cosign").path, ["public-key", "--key", path(`${name}.key`)], {
        env: { COSIGN_PASSWORD: "another" },
      });
      assert.notEqual(wrong.status, 0);
    });

    test("cosign signs with it, and we verify the bundle", () => {
      const out = ["--bundle", bundleAt("theirs")];
      const args = ["sign-blob", "--key", path(`${name}.key`), ...withoutLog, ...out];
      must(peer("cosign").path, [...args, path("artifact.txt")], { env });
      assert.equal(verifyHere(bundleAt("theirs"), `${name}.pub`, artifact), "verified");
      const other = Buffer.from("another artifact");
      assert.equal(verifyHere(bundleAt("theirs"), `${name}.pub`, other), "refused");
    });

    test("we open the key file that cosign writes", async () => {
      const args = ["import-key-pair", "--key", path(`${name}.pem`)];
      const out = ["--output-key-prefix", path(`${name}-imported`)];
      must(peer("cosign").path, [...args, ...out], { env });
      const key = await readPrivateKey(read(`${name}-imported.key`), askPassword);
      assert.deepEqual(key.publicKey, readPublicKey(read(`${name}.pub`).toString()));
      assert.deepEqual(key.publicKey, readPublicKey(read(`${name}-imported.pub`).toString()));
    });

    test("cosign and sigstore-js verify what we sign with it, and nothing else", async () => {
      const key = await readPrivateKey(read(`${name}-imported.key`), askPassword);
      const { bundle } = await sign({ artifact, signer: keySigner(key) });
      writeFileSync(bundleAt("ours"), encodeBundle(bundle));
      writeFileSync(path("other.txt"), "another artifact");
      assert.equal(verifyHere(bundleAt("ours"), `${name}.pub`, artifact), "verified");
      const question = about(bundleAt("ours"), `${name}.pub`);
      // Even of Ed25519, whose bundles by cosign itself it refuses, for want of a digest in them.
      assertAsked(askCosign(question), true);
      // It hashes before every message signature, which pure Ed25519 does not.
      assertAsked(askJavascript(question), name !== "ed25519");
      const other = { ...question, artifact: path("other.txt") };
      assertAsked(askCosign(other), false);
      assertAsked(askJavascript(other), false);
    });

    test("cosign and sigstore-js verify what we attest with it", async () => {
      const key = await readPrivateKey(read(`${name}.pem`));
      const signer = keySigner(key);
      const { bundle } = await attest({ statement: Buffer.from(statement), signer });
      writeFileSync(bundleAt("attestation"), encodeBundle(bundle));
      assert.equal(verifyHere(bundleAt("attestation"), `${name}.pub`, artifact), "verified");
      const question = about(bundleAt("attestation"), `${name}.pub`);
      assertAsked(askCosign(question), true);
      // It checks every envelope with SHA-256, which the larger curves' signatures are not over.
      assertAsked(askJavascript(question), name !== "p384" && name !== "p521");
    });

    test("OpenSSL verifies our detached signatures, by every algorithm the key has", async () => {
      const key = await readPrivateKey(read(`${name}.pem`));
      for (const algorithm of signingAlgorithms(defaultAlgorithm(key.publicKey), name)) {
        const { signature } = await sign({ artifact, signer: keySigner(key, algorithm) });
        writeFileSync(path(`${name}.sig`), signature);
        const args = opensslVerify(algorithm, path(`${name}.pub`), path(`${name}.sig`));
        const outcome = run(peer("openssl").path, [...args, path("artifact.txt")]);
        assert.equal(outcome.status, 0, `${algorithm.name}: ${outcome.stdout}${outcome.stderr}`);
        signature[signature.length - 1] = (signature.at(-1) ?? 0) ^ 1;
        writeFileSync(path(`${name}.sig`), signature);
        assert.notEqual(run(peer("openssl").path, [...args, path("artifact.txt")]).status, 0);
      }
    });

    test("cosign's detached signature is the one that its bundle holds in ours", () => {
      const out = ["--output-signature", path(`${name}.b64`)];
      const how = ["--new-bundle-format=false", ...withoutLog, ...out];
      const args = ["sign-blob", "--key", path(`${name}.key`), ...how, path("artifact.txt")];
      must(peer("cosign").path, args, { env });
      const signature = decodeBase64(read(`${name}.b64`).toString());
      const { content, ...rest } = decodeBundle(readFileSync(bundleAt("ours")));
      assert.ok(content.kind === "message");
      const bundle = {
        ...rest,
        content: { ...content, message: { ...content.message, signature } },
      };
      assert.equal(verifyHere(bundle, `${name}.pub`, artifact), "verified");
    });
  });
}

function verifyHere(
  bundle: string | ReturnType<typeof decodeBundle>,
  publicKey: string,
  content: Uint8Array,
): string {
  return verify({
    bundle: typeof bundle === "string" ? readFileSync(bundle) : bundle,
    artifact: artifactFromBytes(content),
    policy: {
      signer: { kind: "key", key: readPublicKey(read(publicKey).toString()) },
      logThreshold: 0,
    },
  }).verdict;
}

function about(bundle: string, publicKey: string): Question {
  const signer = { kind: "key", key: path(publicKey) } as const;
  const trustedRoot = path("no-root.json");
  return { bundle, artifact: path("artifact.txt"), trustedRoot, signer, withoutLog: true };
}

function assertAsked(answer: { accepted: boolean; words: string } | undefined, yes: boolean): void {
  assert.ok(answer);
  assert.equal(answer.accepted, yes, answer.words);
}

function pkeyPublic(from: string, to: string): string[] {
  return ["pkey", "-in", from, "-pubout", "-out", to];
}

/** The key's own algorithm and, for RSA, PSS; for the larger curves the pairing with SHA-256. */
function signingAlgorithms(own: Algorithm, name: string): Algorithm[] {
  const more: Record<string, RegExp> = {
    rsa2048: /^PKIX_RSA_PSS_2048_SHA256$/,
    rsa3072: /^PKIX_RSA_PSS_3072_SHA256$/,
    rsa4096: /^PKIX_RSA_PSS_4096_SHA256$/,
    p384: /^PKIX_ECDSA_P384_SHA_256$/,
    p521: /^PKIX_ECDSA_P521_SHA_256$/,
  };
  const pattern = more[name];
  const others = algorithms.filter((one) => pattern?.test(one.name) && one.verifyOnly !== true);
  return [own, ...others];
}

function opensslVerify(algorithm: Algorithm, publicKey: string, signature: string): string[] {
  const { scheme } = algorithm;
  if (scheme.kind === "ed25519") {
    const how = ["-verify", "-pubin", "-inkey", publicKey, "-sigfile", signature];
    return ["pkeyutl", ...how, "-rawin", "-in"];
  }
  assert.ok("hash" in scheme);
  const pss = ["-sigopt", "rsa_padding_mode:pss", "-sigopt", "rsa_pss_saltlen:digest"];
  const options = scheme.kind === "rsa-pss" ? pss : [];
  return ["dgst", `-${scheme.hash}`, "-verify", publicKey, ...options, "-signature", signature];
}

/** cosign reads a trusted root even where it needs nothing out of it. */
function emptyRoot(): object {
  return { mediaType: "application/vnd.dev.sigstore.trustedroot+json;version=0.1" };
}
