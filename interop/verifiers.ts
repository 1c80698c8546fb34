// SPDX-License-Identifier: Apache-2.0
// One question, "does this bundle verify?", put to each implementation the way its users would.
import { createPublicKey } from "node:crypto";
import { mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { peer } from "./peers.ts";
import { lastWords, must, type Outcome, run, type RunOptions } from "./run-peer.ts";
import { sigstoreJs } from "./sigstore-js.ts";

/** A bundle, what it is said to sign, and what the verifier knows. */
export interface Question {
  readonly bundle: string;
  /** A path, or `sha256:` and 64 hex digits. */
  readonly artifact: string;
  readonly trustedRoot: string;
  readonly signer:
    | { readonly kind: "key"; readonly key: string }
    | { readonly kind: "identity"; readonly identity: string; readonly issuer: string };
  /** Accept a signature that no log vouches for; only asked of those that can. */
  readonly withoutLog?: boolean;
  /** Accept a signature whose time nobody signed: a key's need none. */
  readonly withoutTime?: boolean;
}

export interface Answer {
  readonly accepted: boolean;
  /** What it said last, for people. */
  readonly words: string;
}

/** Undefined where the implementation has no way to be asked. */
export type Verifier = (question: Question) => Answer | undefined;

const digestPattern = /^sha256:[0-9a-f]{64}$/;
/** Our command from its sources: a program, and its first argument. */
export const chanceryCommand: readonly [string, string] = [
  process.execPath,
  fileURLToPath(new URL("../packages/cli/bin/chancery.js", import.meta.url)),
];

/** `chancery verify-blob`, or `verify-blob-attestation` for an envelope. */
export function askOurs(question: Question): Answer | undefined {
  return answer(chancery([...verifyCommand(question), "--offline", ...artifactArgs(question)]));
}

/** Runs our command. */
export function chancery(args: readonly string[], options: RunOptions = {}): Outcome {
  const [node, command] = chanceryCommand;
  return run(node, [command, ...args], options);
}

/** `cosign verify-blob`, or `verify-blob-attestation` for an envelope. */
export function askCosign(question: Question): Answer | undefined {
  const { signer } = question;
  const hash = signer.kind === "key" ? digestAlgorithm(signer.key) : [];
  const args = [...verifyCommand(question), ...hash, ...artifactArgs(question)];
  return answer(run(peer("cosign").path, args));
}

/** cosign 2, which looks for what is in bundles now where it is told to. */
function askCosign2(question: Question): Answer | undefined {
  const isStamped = readFileSync(question.bundle, "utf8").includes('"rfc3161Timestamps"');
  const flags = ["--new-bundle-format", ...(isStamped ? ["--use-signed-timestamps"] : [])];
  const args = [...verifyCommand(question), ...flags, ...artifactArgs(question)];
  return answer(run(peer("cosign-2").path, args));
}

/** Command and flags, which cosign and ours have in common. */
function verifyCommand({ bundle, trustedRoot, signer, withoutLog }: Question): string[] {
  const predicateType = predicateTypeOf(bundle);
  const command =
    predicateType === undefined
      ? ["verify-blob"]
      : ["verify-blob-attestation", "--type", predicateType];
  const who =
    signer.kind === "key"
      ? ["--key", signer.key]
      : ["--certificate-identity", signer.identity, "--certificate-oidc-issuer", signer.issuer];
  const log = withoutLog === true ? ["--insecure-ignore-tlog"] : [];
  return [...command, "--bundle", bundle, "--trusted-root", trustedRoot, ...who, ...log];
}

function artifactArgs({ artifact, bundle }: Question): string[] {
  if (!digestPattern.test(artifact) || predicateTypeOf(bundle) === undefined) return [artifact];
  return ["--digest", artifact.slice("sha256:".length), "--digestAlg", "sha256"];
}

/** cosign takes SHA-256 for every key's hash unless it is told; OpenSSL's curve names tell. */
function digestAlgorithm(path: string): string[] {
  const curve = readCurve(readFileSync(path, "utf8"));
  if (curve === "secp384r1") return ["--signature-digest-algorithm", "sha384"];
  if (curve === "secp521r1") return ["--signature-digest-algorithm", "sha512"];
  return [];
}

/** Undefined for other keys, and for what is no key. */
function readCurve(pem: string): string | undefined {
  try {
    return createPublicKey(pem).asymmetricKeyDetails?.namedCurve;
  } catch {
    return undefined; // cosign is to say what is wrong with it
  }
}

/** `sigstore verify identity --offline`; it has no keys and always wants a log entry. */
export function askPython(question: Question): Answer | undefined {
  const args = pythonArgs(question);
  if (args === undefined) return undefined;
  return answer(run(peer("sigstore-python").path, args, { env: plainPython }));
}

const plainPython = { NO_COLOR: "1", COLUMNS: "400" };

function pythonArgs(question: Question): string[] | undefined {
  const { bundle, artifact, trustedRoot, signer } = question;
  if (signer.kind === "key" || question.withoutLog === true) return undefined;
  const args = ["--trust-config", trustConfigFor(trustedRoot), "verify", "identity", "--offline"];
  const who = ["--cert-identity", signer.identity, "--cert-oidc-issuer", signer.issuer];
  return [...args, "--bundle", bundle, ...who, artifact];
}

/** {@link askPython} about certificates, in one process for all. */
function askPythonAll(questions: readonly Question[]): Answer[] {
  const python = join(dirname(peer("sigstore-python").path), "python");
  const script = fileURLToPath(new URL("sigstore-python/run_all.py", import.meta.url));
  const lines = linesFrom(python, [script], questions.map(pythonArgs), { env: plainPython });
  return (lines as { status: number; written: string }[]).map(({ status, written }) =>
    answer({ status, stdout: "", stderr: written }),
  );
}

/** The `KeylessVerifier` of sigstore-java, in one process for all; certificates and files only. */
function askJavaAll(questions: readonly Question[]): Answer[] {
  const asked = questions.map(({ signer, ...rest }) => ({ ...rest, ...signer }));
  return linesFrom("java", javaCommand("verify"), asked) as Answer[];
}

/** What `java` is given to run the program that we have for sigstore-java. */
export function javaCommand(...args: readonly string[]): string[] {
  const { path } = peer("sigstore-java");
  const classes = [join(path, "lib/*"), join(path, "classes")].join(delimiter);
  return ["-cp", classes, "SigstoreJava", ...args];
}

/** Gives a program a line of JSON for each question, and reads one for each answer. */
function linesFrom(
  program: string,
  args: readonly string[],
  questions: readonly unknown[],
  options: RunOptions = {},
): unknown[] {
  const input = questions.map((question) => `${JSON.stringify(question)}\n`).join("");
  const { stdout } = must(program, args, { ...options, input });
  const answers = stdout.trim().split("\n");
  if (answers.length !== questions.length) throw new Error(`not an answer for each: ${stdout}`);
  return answers.map((line) => JSON.parse(line) as unknown);
}

/** The `Verifier` of @sigstore/verify. It takes bytes only and never looks at subjects. */
export function askJavascript(question: Question): Answer | undefined {
  if (digestPattern.test(question.artifact)) return undefined;
  try {
    verifyWithJavascript(question);
    return { accepted: true, words: "" };
  } catch (cause) {
    return { accepted: false, words: cause instanceof Error ? cause.message : String(cause) };
  }
}

/** The example program of sigstore-go that verifies; it cannot do without a time. */
export function askGo(question: Question): Answer | undefined {
  const { bundle, artifact, trustedRoot, signer, withoutLog = false } = question;
  if (question.withoutTime ?? withoutLog) return undefined;
  const about = digestPattern.test(artifact)
    ? ["-artifact-digest", artifact.slice("sha256:".length)]
    : ["-artifact", artifact];
  const who =
    signer.kind === "key"
      ? ["-publicKey", signer.key, "-requireCTlog=false"]
      : ["-expectedSAN", signer.identity, "-expectedIssuer", signer.issuer];
  const log = withoutLog ? ["-requireTlog=false"] : [];
  const args = [...about, ...who, ...log, "-trustedrootJSONpath", trustedRoot, bundle];
  return answer(run(join(peer("sigstore-go").path, "sigstore-go-verification"), args));
}

/** All of them by name. */
export const verifiers: Readonly<Record<string, Verifier>> = {
  chancery: askOurs,
  cosign: askCosign,
  "sigstore-go": askGo,
  "sigstore-js": askJavascript,
  "sigstore-python": askPython,
};

/** Puts many questions about certificates, to get an answer for each. */
export type AskAll = (questions: readonly Question[]) => readonly (Answer | undefined)[];

const each =
  (ask: Verifier): AskAll =>
  (questions) =>
    questions.map(ask);

/** All that verify certificates, by name, those slow to start in one process for all questions. */
export const certificateVerifiers: Readonly<Record<string, AskAll>> = {
  chancery: each(askOurs),
  cosign: each(askCosign),
  "cosign-2": each(askCosign2),
  "sigstore-go": each(askGo),
  "sigstore-java": askJavaAll,
  "sigstore-js": each(askJavascript),
  "sigstore-python": askPythonAll,
};

function verifyWithJavascript(question: Question): void {
  const js = sigstoreJs();
  const { signer } = question;
  const bundle = js.bundle.bundleFromJSON(json(question.bundle));
  const root = js.protobuf.TrustedRoot.fromJSON(json(question.trustedRoot));
  const policy =
    signer.kind === "identity"
      ? {
          // The text becomes an expression that may match anywhere.
          subjectAlternativeName: `^${escapePattern(signer.identity)}$`,
          extensions: { issuer: signer.issuer },
        }
      : undefined;
  const keys =
    signer.kind === "key"
      ? () => ({
          publicKey: js.core.crypto.createPublicKey(readFileSync(signer.key, "utf8")),
          validFor: () => true,
        })
      : undefined;
  const { withoutLog = false, withoutTime = withoutLog } = question;
  const thresholds = { tlogThreshold: withoutLog ? 0 : 1, timestampThreshold: withoutTime ? 0 : 1 };
  const verifier = new js.verify.Verifier(js.verify.toTrustMaterial(root, keys), {
    ...thresholds,
    ctlogThreshold: signer.kind === "key" ? 0 : 1,
  });
  verifier.verify(js.verify.toSignedEntity(bundle, readFileSync(question.artifact)), policy);
}

function answer(outcome: Outcome): Answer {
  return { accepted: outcome.status === 0, words: lastWords(outcome) };
}

/** The predicate type of a bundle's statement; undefined where there is none to be read. */
function predicateTypeOf(path: string): string | undefined {
  try {
    const { dsseEnvelope } = json(path) as { dsseEnvelope?: { payload?: string } };
    if (dsseEnvelope?.payload === undefined) return undefined;
    const statement = Buffer.from(dsseEnvelope.payload, "base64").toString();
    return (JSON.parse(statement) as { predicateType?: string }).predicateType;
  } catch (cause) {
    if (cause instanceof SyntaxError) return undefined;
    throw cause;
  }
}

const trustConfigs = new Map<string, string>();

/** sigstore-python takes a trusted root only together with a signing config, here an unused one. */
function trustConfigFor(trustedRoot: string): string {
  const known = trustConfigs.get(trustedRoot);
  if (known !== undefined) return known;
  const path = join(mkdtempSync(join(tmpdir(), "chancery-interop-")), "trust-config.json");
  const config = {
    mediaType: "application/vnd.dev.sigstore.clienttrustconfig.v0.1+json",
    trustedRoot: json(trustedRoot),
    signingConfig: unusedSigningConfig,
  };
  writeFileSync(path, JSON.stringify(config));
  trustConfigs.set(trustedRoot, path);
  return path;
}

const unusedService = {
  url: "https://unused.example",
  majorApiVersion: 1,
  validFor: { start: "2020-01-01T00:00:00Z" },
  operator: "unused",
};
const unusedSigningConfig = {
  mediaType: "application/vnd.dev.sigstore.signingconfig.v0.2+json",
  caUrls: [unusedService],
  oidcUrls: [unusedService],
  rekorTlogUrls: [unusedService],
  tsaUrls: [unusedService],
  rekorTlogConfig: { selector: "ANY" },
  tsaConfig: { selector: "ANY" },
};

function json(path: string): unknown {
  return JSON.parse(readFileSync(path, "utf8"));
}

function escapePattern(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\/-]/g, "\\$&");
}
