// SPDX-License-Identifier: Apache-2.0
// Signing programs and libraries, each writing to one log through both of its APIs.
import { createHash, createPrivateKey, createPublicKey, sign } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { LogServer } from "./log-server.ts";
import { artifactText, identity, issuer, predicate, statement } from "./make-fixtures/common.ts";
import type { MockInstance } from "./mock-instance.ts";
import { peer } from "./peers.ts";
import { must, mustMeanwhile } from "./run-peer.ts";
import { sigstoreJs, type SignerOfJs, type Witness } from "./sigstore-js.ts";
import { chancery, type Question } from "./verifiers.ts";

export const password = "interop password";
export type Version = 1 | 2;
type Content = "message" | "attestation";

/** Where a writer works: a folder with a key pair, the artifact, and what the servers want said. */
export interface Workplace {
  readonly folder: string;
  readonly log: LogServer;
  /** Its certificate and timestamp authorities are used, its own log is not. */
  readonly instance: MockInstance;
}

/** One thing that a client signs and logs. */
export interface Writer {
  readonly name: string;
  /** Does it. @returns what its verifiers are to be asked */
  write(place: Workplace): Promise<Question>;
}

const predicateType = "https://slsa.dev/provenance/v1";
const payloadType = "application/vnd.in-toto+json";

/** Files that {@link writers} need; made once for a workplace whose log runs. */
export function prepare({ folder, log, instance }: Workplace): void {
  const path = (name: string): string => join(folder, name);
  const write = (name: string, content: unknown): void =>
    writeFileSync(path(name), JSON.stringify(content));
  writeFileSync(path("artifact.txt"), artifactText);
  writeFileSync(path("other.txt"), "another artifact");
  writeFileSync(path("predicate.json"), predicate);
  const recipe = ["genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256"];
  must(peer("openssl").path, [...recipe, "-out", path("key.pem")]);
  importKey(folder, "key");
  // The mock's authorities beside our log.
  const { tlogs } = JSON.parse(readFileSync(log.trustedRoot, "utf8")) as { tlogs: unknown };
  const trustedRoot = { ...instance.trustedRoot, tlogs };
  write("certified-root.json", trustedRoot);
  for (const version of [1, 2] as const) {
    const signingConfig = {
      ...instance.signingConfig(true),
      rekorTlogUrls: rekorUrls(log, version),
    };
    write(`certified-v${version}.json`, signingConfig);
    write(`trust-v${version}.json`, {
      mediaType: "application/vnd.dev.sigstore.clienttrustconfig.v0.1+json",
      trustedRoot,
      signingConfig,
    });
    const own = JSON.parse(readFileSync(log.signingConfig, "utf8")) as object;
    write(`signing-v${version}.json`, { ...own, rekorTlogUrls: rekorUrls(log, version) });
  }
}

/** Makes `NAME.key` and `NAME.pub` of cosign out of `NAME.pem`. */
export function importKey(folder: string, name: string): void {
  const args = ["import-key-pair", "--key", `${name}.pem`, "--output-key-prefix", name];
  must(peer("cosign").path, args, { cwd: folder, env: { COSIGN_PASSWORD: password } });
}

/** The entries of the log's own signing config for one API. */
function rekorUrls(log: LogServer, version: Version): unknown[] {
  const config = JSON.parse(readFileSync(log.signingConfig, "utf8")) as {
    rekorTlogUrls: { majorApiVersion: number }[];
  };
  return config.rekorTlogUrls.filter(({ majorApiVersion }) => majorApiVersion === version);
}

/** Every client, content and API. */
export function writers(): Writer[] {
  const each = ([1, 2] as const).flatMap((version) =>
    (["message", "attestation"] as const).flatMap((content) => [
      cosignKey(version, content),
      cosignCertificate(version, content),
      javascriptCertificate(version, content),
      pythonCertificate(version, content),
      goKey(version, content),
      ours(version, content),
    ]),
  );
  const javascript = [javascriptKey("dsse"), javascriptKey("intoto"), javascriptKey()];
  return [...each, ...javascript, cosignRekorUrl()].sort((a, b) => (a.name < b.name ? -1 : 1));
}

function cosignKey(version: Version, content: Content): Writer {
  const name = `cosign key v${version} ${content}`;
  return {
    name,
    write: async (place) => {
      const config = ["--signing-config", `signing-v${version}.json`];
      const trust = ["--trusted-root", place.log.trustedRoot];
      await cosign(place, [...signCommand(content), "--key", "key.key", ...config, ...trust], name);
      return keyQuestion(place, name, version);
    },
  };
}

/** The flags that cosign has deprecated, and its users still give. */
function cosignRekorUrl(): Writer {
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

function cosignCertificate(version: Version, content: Content): Writer {
  const name = `cosign certificate v${version} ${content}`;
  return {
    name,
    write: async (place) => {
      const token = ["--identity-token", place.instance.identityToken(identity, issuer)];
      const config = ["--signing-config", `certified-v${version}.json`];
      const trust = ["--trusted-root", "certified-root.json"];
      await cosign(place, [...signCommand(content), ...token, ...config, ...trust], name);
      return certificateQuestion(place, name);
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

function ours(version: Version, content: Content): Writer {
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

function signCommand(content: Content): string[] {
  if (content === "message") return ["sign-blob"];
  return ["attest-blob", "--predicate", "predicate.json", "--type", "slsaprovenance1"];
}

/** Makes a key for the occasion and tells it. */
function goKey(version: Version, content: Content): Writer {
  const name = `sigstore-go key v${version} ${content}`;
  return {
    name,
    write: async (place) => {
      const path = (file: string): string => join(place.folder, file);
      writeFileSync(path("statement.json"), statement);
      const what = content === "message" ? ["artifact.txt"] : ["-in-toto", "statement.json"];
      const config = ["-rekor", "-s", `signing-v${version}.json`, "-t", place.log.trustedRoot];
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

function pythonCertificate(version: Version, content: Content): Writer {
  const name = `sigstore-python certificate v${version} ${content}`;
  return {
    name,
    write: async (place) => {
      const token = place.instance.identityToken(identity, issuer);
      const about = ["--predicate", "predicate.json", "--predicate-type", predicateType];
      const command = content === "message" ? ["sign"] : ["attest", ...about];
      const how = ["--identity-token", token, "--bundle", bundleName(name), "artifact.txt"];
      const trust = ["--trust-config", `trust-v${version}.json`];
      await mustMeanwhile(peer("sigstore-python").path, [...trust, ...command, ...how], {
        cwd: place.folder,
      });
      return certificateQuestion(place, name);
    },
  };
}

/** Its client of Rekor v2 sends every key as a certificate, so that keys have v1 only. */
function javascriptKey(envelope?: "dsse" | "intoto"): Writer {
  const name = `sigstore-js key v1 ${envelope === undefined ? "message" : `attestation, ${envelope}`}`;
  return {
    name,
    write: async (place) => {
      const witness = javascriptWitness(place.log, 1, envelope);
      const signer = javascriptSigner(readFileSync(join(place.folder, "key.pem"), "utf8"));
      await javascriptSign(place, name, signer, [witness]);
      return keyQuestion(place, name, 1);
    },
  };
}

function javascriptCertificate(version: Version, content: Content): Writer {
  const name = `sigstore-js certificate v${version} ${content}`;
  return {
    name,
    write: async (place) => {
      const { sign: js } = sigstoreJs();
      const { instance, log } = place;
      const signer = new js.FulcioSigner({
        fulcioBaseURL: instance.url,
        identityProvider: { getToken: async () => instance.identityToken(identity, issuer) },
      });
      const timestamps = new js.TSAWitness({ tsaBaseURL: instance.url });
      await javascriptSign(place, name, signer, [javascriptWitness(log, version), timestamps]);
      return certificateQuestion(place, name);
    },
  };
}

/** The client of Rekor in sigstore-js. */
export function javascriptWitness(
  log: LogServer,
  majorApiVersion: Version,
  entryType: "dsse" | "intoto" = "dsse",
): Witness {
  const { sign: js } = sigstoreJs();
  return new js.RekorWitness({ rekorBaseURL: log.url, majorApiVersion, entryType });
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

async function javascriptSign(
  place: Workplace,
  name: string,
  signer: SignerOfJs,
  witnesses: Witness[],
): Promise<void> {
  const { bundle, sign: js } = sigstoreJs();
  const made = name.includes("message")
    ? await new js.MessageSignatureBundleBuilder({ signer, witnesses }).create({
        data: Buffer.from(artifactText),
      })
    : await new js.DSSEBundleBuilder({ signer, witnesses }).create({
        data: Buffer.from(statement),
        type: payloadType,
      });
  writeFileSync(join(place.folder, bundleName(name)), JSON.stringify(bundle.bundleToJSON(made)));
}

function bundleName(name: string): string {
  return `${name.replaceAll(/[^a-z0-9]+/g, "-")}.sigstore.json`;
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

function certificateQuestion(place: Workplace, name: string): Question {
  return {
    bundle: join(place.folder, bundleName(name)),
    artifact: join(place.folder, "artifact.txt"),
    trustedRoot: join(place.folder, "certified-root.json"),
    signer: { kind: "identity", identity, issuer },
  };
}
