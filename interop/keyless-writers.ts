// SPDX-License-Identifier: Apache-2.0
// Clients that sign with an identity: a token, a certificate over a key of the moment, an entry in
// the log, a timestamp. All unmodified; each is told of the services in the way that it has.
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { artifactText, predicate, statement } from "./make-fixtures/common.ts";
import { peer } from "./peers.ts";
import { mustMeanwhile } from "./run-peer.ts";
import { sigstoreJs, type SignerOfJs, type Witness } from "./sigstore-js.ts";
import { chanceryCommand, javaCommand, type Question } from "./verifiers.ts";

/** Major version of Rekor's API. */
export type Version = 1 | 2;
export type Content = "message" | "attestation";
export const versions: readonly Version[] = [1, 2];
export const contents: readonly Content[] = ["message", "attestation"];

/** Whom a client signs as, and where. */
export interface KeylessPlace {
  /** Where it runs; holds what {@link writeContents} writes. */
  readonly folder: string;
  readonly identity: string;
  readonly issuer: string;
  /** Base URLs. */
  readonly fulcioUrl: string;
  readonly rekorUrl: string;
  readonly timestampUrl: string;
  readonly trustedRoot: string;
  /** Signing configs that list one version of Rekor's API alone. */
  readonly signingConfigs: Readonly<Record<Version, string>>;
  /** The same with the trusted root in one file. */
  readonly trustConfigs: Readonly<Record<Version, string>>;
  /** For sigstore-java, whose Fulcio is at another address; see `tls-front.ts`. */
  readonly java?: {
    readonly options: readonly string[];
    readonly signingConfigs: Readonly<Record<Version, string>>;
  };
  token(): Promise<string>;
}

/** One thing that a client signs and logs. */
export interface Writer<Place> {
  readonly name: string;
  /** Does it. @returns what its verifiers are to be asked */
  write(place: Place): Promise<Question>;
}

const predicateType = "https://slsa.dev/provenance/v1";
const payloadType = "application/vnd.in-toto+json";

/** What is signed: a file, and a predicate and a Statement about it. And a file that is not. */
export function writeContents(folder: string): void {
  writeFileSync(join(folder, "artifact.txt"), artifactText);
  writeFileSync(join(folder, "other.txt"), "another artifact");
  writeFileSync(join(folder, "predicate.json"), predicate);
  writeFileSync(join(folder, "statement.json"), statement);
}

/** The flags that cosign and ours share, but for who signs and where. */
export function signCommand(content: Content): string[] {
  if (content === "message") return ["sign-blob"];
  return ["attest-blob", "--predicate", "predicate.json", "--type", "slsaprovenance1"];
}

/** @param client `cosign` is its version 3 */
export function cosignKeyless(
  client: "cosign" | "cosign-2",
  version: Version,
  content: Content,
): Writer<KeylessPlace> {
  return writer(client, version, content, async (place, out) => {
    const args = await cosignArgs(place, version);
    const command = [...signCommand(content), ...args, "--bundle", out, "artifact.txt"];
    await mustMeanwhile(peer(client).path, command, { cwd: place.folder });
  });
}

export function chanceryKeyless(version: Version, content: Content): Writer<KeylessPlace> {
  return writer("chancery", version, content, async (place, out) => {
    const args = await cosignArgs(place, version);
    const command = [...signCommand(content), ...args, "--bundle", out, "artifact.txt"];
    const [node, program] = chanceryCommand;
    await mustMeanwhile(node, [program, ...command], { cwd: place.folder });
  });
}

async function cosignArgs(place: KeylessPlace, version: Version): Promise<string[]> {
  const who = ["--yes", "--identity-token", await place.token()];
  const where = ["--signing-config", place.signingConfigs[version]];
  return [...who, ...where, "--trusted-root", place.trustedRoot];
}

export function goKeyless(version: Version, content: Content): Writer<KeylessPlace> {
  return writer("sigstore-go", version, content, async (place, out) => {
    const who = ["-id-token", await place.token()];
    const where = ["-rekor", "-tsa", "-s", place.signingConfigs[version], "-t", place.trustedRoot];
    const what = content === "message" ? ["artifact.txt"] : ["-in-toto", "statement.json"];
    const program = join(peer("sigstore-go").path, "sigstore-go-signing");
    const { stdout } = await mustMeanwhile(program, [...who, ...where, ...what], {
      cwd: place.folder,
    });
    writeFileSync(join(place.folder, out), stdout.slice(stdout.indexOf("{")));
  });
}

/** It logs attestations by version 2 alone. */
export function javaKeyless(version: Version, content: Content): Writer<KeylessPlace> {
  return writer("sigstore-java", version, content, async (place, out) => {
    const { java } = place;
    if (java === undefined) throw new Error("it needs Fulcio over gRPC with TLS");
    const file = content === "message" ? "artifact.txt" : "statement.json";
    const files = [place.trustedRoot, java.signingConfigs[version], out, content, file];
    await mustMeanwhile("java", [...java.options, ...javaCommand("sign", ...files)], {
      cwd: place.folder,
      env: { IDENTITY: place.identity, IDENTITY_TOKEN: await place.token() },
    });
  });
}

export function pythonKeyless(version: Version, content: Content): Writer<KeylessPlace> {
  return writer("sigstore-python", version, content, async (place, out) => {
    const about = ["--predicate", "predicate.json", "--predicate-type", predicateType];
    const command = content === "message" ? ["sign"] : ["attest", ...about];
    const how = ["--identity-token", await place.token(), "--bundle", out, "artifact.txt"];
    const trust = ["--trust-config", place.trustConfigs[version]];
    await mustMeanwhile(peer("sigstore-python").path, [...trust, ...command, ...how], {
      cwd: place.folder,
    });
  });
}

export function javascriptKeyless(version: Version, content: Content): Writer<KeylessPlace> {
  return writer("sigstore-js", version, content, async (place, out) => {
    const { sign: js } = sigstoreJs();
    const signer = new js.FulcioSigner({
      fulcioBaseURL: place.fulcioUrl,
      identityProvider: { getToken: () => place.token() },
    });
    const witnesses = [
      javascriptWitness(place.rekorUrl, version),
      new js.TSAWitness({ tsaBaseURL: place.timestampUrl }),
    ];
    const bundle = await javascriptSign(content, signer, witnesses);
    writeFileSync(join(place.folder, out), bundle);
  });
}

/** The client of Rekor in sigstore-js. */
export function javascriptWitness(
  rekorBaseURL: string,
  majorApiVersion: Version,
  entryType: "dsse" | "intoto" = "dsse",
): Witness {
  const { sign: js } = sigstoreJs();
  return new js.RekorWitness({ rekorBaseURL, majorApiVersion, entryType });
}

/** @returns a bundle in JSON */
export async function javascriptSign(
  content: Content,
  signer: SignerOfJs,
  witnesses: Witness[],
): Promise<string> {
  const { bundle, sign: js } = sigstoreJs();
  const made =
    content === "message"
      ? await new js.MessageSignatureBundleBuilder({ signer, witnesses }).create({
          data: Buffer.from(artifactText),
        })
      : await new js.DSSEBundleBuilder({ signer, witnesses }).create({
          data: Buffer.from(statement),
          type: payloadType,
        });
  return JSON.stringify(bundle.bundleToJSON(made));
}

/** @param name such as a file may have, after blanks and the like have become hyphens */
export function bundleName(name: string): string {
  return `${name.replaceAll(/[^a-z0-9]+/g, "-")}.sigstore.json`;
}

/** A writer that leaves its bundle in a file of the place's folder. */
function writer(
  client: string,
  version: Version,
  content: Content,
  sign: (place: KeylessPlace, out: string) => Promise<void>,
): Writer<KeylessPlace> {
  const name = `${client} certificate v${version} ${content}`;
  return {
    name,
    write: async (place) => {
      await sign(place, bundleName(name));
      return keylessQuestion(place, bundleName(name));
    },
  };
}

/** @param bundle name of a file in the place's folder */
export function keylessQuestion(place: KeylessPlace, bundle: string): Question {
  const { folder, identity, issuer, trustedRoot } = place;
  return {
    bundle: join(folder, bundle),
    artifact: join(folder, "artifact.txt"),
    trustedRoot,
    signer: { kind: "identity", identity, issuer },
  };
}

/** Splits what signers are told into a file for each of Rekor's APIs. @param prefix of its name */
export function writeSigningConfigs(
  folder: string,
  { trustedRoot, signingConfig }: { readonly trustedRoot: string; readonly signingConfig: string },
  prefix = "keyless",
): Pick<KeylessPlace, "signingConfigs" | "trustConfigs"> {
  const read = (path: string): Record<string, unknown> =>
    JSON.parse(readFileSync(path, "utf8")) as Record<string, unknown>;
  const write = (name: string, content: unknown): string => {
    writeFileSync(join(folder, name), JSON.stringify(content));
    return join(folder, name);
  };
  const made = versions.map((version) => {
    const config = read(signingConfig);
    const urls = config["rekorTlogUrls"] as { majorApiVersion: number }[];
    config["rekorTlogUrls"] = urls.filter(({ majorApiVersion }) => majorApiVersion === version);
    return {
      signingConfig: write(`${prefix}-v${version}.json`, config),
      trustConfig: write(`${prefix}-trust-v${version}.json`, {
        mediaType: "application/vnd.dev.sigstore.clienttrustconfig.v0.1+json",
        trustedRoot: read(trustedRoot),
        signingConfig: config,
      }),
    };
  });
  const [v1, v2] = made as [(typeof made)[number], (typeof made)[number]];
  return {
    signingConfigs: { 1: v1.signingConfig, 2: v2.signingConfig },
    trustConfigs: { 1: v1.trustConfig, 2: v2.trustConfig },
  };
}
