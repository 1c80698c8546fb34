// SPDX-License-Identifier: Apache-2.0
// Signing programs and libraries, each writing to one log through both of its APIs.
import { createHash, createPrivateKey, createPublicKey, sign } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import {
  bundleName,
  type Content,
  contents,
  cosignKeyless,
  javascriptKeyless,
  javascriptSign,
  javascriptWitness,
  type KeylessPlace,
  pythonKeyless,
  signCommand,
  type Version,
  versions,
  writeContents,
  type Writer,
  writeSigningConfigs,
} from "./keyless-writers.ts";
import type { LogServer } from "./log-server.ts";
import { identity, issuer } from "./make-fixtures/common.ts";
import type { MockInstance } from "./mock-instance.ts";
import { peer } from "./peers.ts";
import { must, mustMeanwhile } from "./run-peer.ts";
import type { SignerOfJs } from "./sigstore-js.ts";
import { chancery, type Question } from "./verifiers.ts";

export const password = "interop password";

/** Where a writer works: a folder with a key pair, the artifact, and what the servers want said. */
export interface Workplace {
  readonly folder: string;
  readonly log: LogServer;
  /** For keys: the log alone. */
  readonly signingConfigs: Readonly<Record<Version, string>>;
  /** The mock's certificate and timestamp authorities beside our log. */
  readonly keyless: KeylessPlace;
}

/** Files that {@link writers} need, for a log that runs. */
export function prepare(folder: string, log: LogServer, instance: MockInstance): Workplace {
  const path = (name: string): string => join(folder, name);
  writeContents(folder);
  const recipe = ["genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256"];
  must(peer("openssl").path, [...recipe, "-out", path("key.pem")]);
  importKey(folder, "key");
  const own = { trustedRoot: log.trustedRoot, signingConfig: log.signingConfig };
  const { signingConfigs } = writeSigningConfigs(folder, own, "key");
  const { tlogs } = readJson(log.trustedRoot);
  const { rekorTlogUrls } = readJson(log.signingConfig);
  const certified = {
    trustedRoot: path("certified-root.json"),
    signingConfig: path("certified.json"),
  };
  writeFileSync(certified.trustedRoot, JSON.stringify({ ...instance.trustedRoot, tlogs }));
  const config = { ...instance.signingConfig(true), rekorTlogUrls };
  writeFileSync(certified.signingConfig, JSON.stringify(config));
  const keyless: KeylessPlace = {
    folder,
    identity,
    issuer,
    fulcioUrl: instance.url,
    rekorUrl: log.url,
    timestampUrl: instance.url,
    trustedRoot: certified.trustedRoot,
    ...writeSigningConfigs(folder, certified, "certified"),
    token: async () => instance.identityToken(identity, issuer),
  };
  return { folder, log, signingConfigs, keyless };
}

function readJson(path: string): Record<string, unknown> {
  return JSON.parse(readFileSync(path, "utf8")) as Record<string, unknown>;
}

/** Makes `NAME.key` and `NAME.pub` of cosign out of `NAME.pem`. */
export function importKey(folder: string, name: string): void {
  const args = ["import-key-pair", "--key", `${name}.pem`, "--output-key-prefix", name];
  must(peer("cosign").path, args, { cwd: folder, env: { COSIGN_PASSWORD: password } });
}

/** Every client, content and API. */
export function writers(): Writer<Workplace>[] {
  const each = versions.flatMap((version) =>
    contents.flatMap((content) => [
      cosignKey(version, content),
      keyless(cosignKeyless("cosign", version, content)),
      keyless(javascriptKeyless(version, content)),
      keyless(pythonKeyless(version, content)),
      goKey(version, content),
      ours(version, content),
    ]),
  );
  const javascript = [javascriptKey("dsse"), javascriptKey("intoto"), javascriptKey()];
  return [...each, ...javascript, cosignRekorUrl()].sort((a, b) => (a.name < b.name ? -1 : 1));
}

function keyless(writer: Writer<KeylessPlace>): Writer<Workplace> {
  return { name: writer.name, write: (place) => writer.write(place.keyless) };
}

function cosignKey(version: Version, content: Content): Writer<Workplace> {
  const name = `cosign key v${version} ${content}`;
  return {
    name,
    write: async (place) => {
      const config = ["--signing-config", place.signingConfigs[version]];
      const trust = ["--trusted-root", place.log.trustedRoot];
      await cosign(place, [...signCommand(content), "--key", "key.key", ...config, ...trust], name);
      return keyQuestion(place, name, version);
    },
  };
}

/** The flags that cosign has deprecated, and its users still give. */
function cosignRekorUrl(): Writer<Workplace> {
  const name = "cosign key v1 message, --rekor-url";
  return {
    name,
    write: async (place) => {
      const url = ["--use-signing-config=false", "--rekor-url", place.log.url];
      const trust = ["--trusted-root", place.log.trustedRoot];
      const args = [...signCommand("message"), "--key", "key.key", ...url, ...trust];
      await cosign(place, args, name);
      return keyQuestion(place, name, 1);
    },
  };
}

async function cosign(place: Workplace, args: readonly string[], name: string): Promise<void> {
  const out = ["--yes", "--bundle", bundleName(name), "artifact.txt"];
  await mustMeanwhile(peer("cosign").path, [...args, ...out], {
    cwd: place.folder,
    env: { COSIGN_PASSWORD: password },
  });
}

function ours(version: Version, content: Content): Writer<Workplace> {
  const name = `chancery key v${version} ${content}`;
  return {
    name,
    write: async (place) => {
      const url = ["--rekor-url", place.log.url, "--rekor-version", String(version)];
      const trust = ["--trusted-root", place.log.trustedRoot];
      const out = ["--yes", "--bundle", bundleName(name), "artifact.txt"];
      const args = [...signCommand(content), "--key", "key.key", ...url, ...trust, ...out];
      const outcome = chancery(args, { cwd: place.folder, env: { COSIGN_PASSWORD: password } });
      if (outcome.status !== 0) throw new Error(outcome.stderr);
      return keyQuestion(place, name, version);
    },
  };
}

/** Makes a key for the occasion and tells it. */
function goKey(version: Version, content: Content): Writer<Workplace> {
  const name = `sigstore-go key v${version} ${content}`;
  return {
    name,
    write: async (place) => {
      const path = (file: string): string => join(place.folder, file);
      const what = content === "message" ? ["artifact.txt"] : ["-in-toto", "statement.json"];
      const config = ["-rekor", "-s", place.signingConfigs[version], "-t", place.log.trustedRoot];
      const { stdout } = await mustMeanwhile(
        join(peer("sigstore-go").path, "sigstore-go-signing"),
        [...config, ...(version === 2 ? ["-tsa"] : []), ...what],
        { cwd: place.folder },
      );
      const key = `sigstore-go-v${version}-${content}.pub`;
      writeFileSync(path(key), /-----BEGIN[^]*END PUBLIC KEY-----/.exec(stdout)?.[0] ?? "");
      writeFileSync(path(bundleName(name)), stdout.slice(stdout.indexOf("\n{") + 1));
      const question = keyQuestion(place, name, version);
      return { ...question, signer: { kind: "key", key: path(key) }, withoutTime: false };
    },
  };
}

/** Its client of Rekor v2 sends every key as a certificate, so that keys have v1 only. */
function javascriptKey(envelope?: "dsse" | "intoto"): Writer<Workplace> {
  const name = `sigstore-js key v1 ${envelope === undefined ? "message" : `attestation, ${envelope}`}`;
  return {
    name,
    write: async (place) => {
      const witness = javascriptWitness(place.log.url, 1, envelope);
      const signer = javascriptSigner(readFileSync(join(place.folder, "key.pem"), "utf8"));
      const content = envelope === undefined ? "message" : "attestation";
      const bundle = await javascriptSign(content, signer, [witness]);
      writeFileSync(join(place.folder, bundleName(name)), bundle);
      return keyQuestion(place, name, 1);
    },
  };
}

/** What an application gives to sigstore-js to sign with a key of its own. */
export function javascriptSigner(privatePem: string): SignerOfJs {
  const key = createPrivateKey(privatePem);
  const publicKey = createPublicKey(key);
  const der = publicKey.export({ type: "spki", format: "der" });
  // The name by which cosign, too, knows the key.
  const hint = createHash("sha256").update(der).digest("base64");
  const pem = publicKey.export({ type: "spki", format: "pem" }).toString();
  return {
    sign: async (data) => ({
      signature: sign("sha256", data, key),
      key: { $case: "publicKey", publicKey: pem, hint },
    }),
  };
}

function keyQuestion(place: Workplace, name: string, version: Version): Question {
  return {
    bundle: join(place.folder, bundleName(name)),
    artifact: join(place.folder, "artifact.txt"),
    trustedRoot: place.log.trustedRoot,
    signer: { kind: "key", key: join(place.folder, "key.pub") },
    // Rekor v2 signs no times, and nothing asks the timestamp authority.
    withoutTime: version === 2,
  };
}
