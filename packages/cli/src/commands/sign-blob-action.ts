// SPDX-License-Identifier: Apache-2.0
import { encodeBase64, encodeHex } from "@chancery/formats/bytes";
import { type MessageSource, sign, type SignedArtifact, type Signer } from "@chancery/sign";
import type { SigningFlags } from "../flags/index.ts";
import { type Invocation, type JsonResult, usageError } from "../framework/index.ts";
import {
  collect,
  type Content,
  inMemoryBytesMax,
  openContent,
  startProgress,
  writeOutput,
} from "../files/index.ts";
import { readAlgorithm } from "../keys/index.ts";
import {
  checkFresh,
  chooseDestination,
  type Destination,
  entriesToJson,
  type LoggingPlan,
  openSignerOf,
  planLogging,
  requireKey,
  sayLogged,
  signatureText,
  verifyLines,
  writeBundle,
} from "../signing/index.ts";

export interface SignBlobFlags extends SigningFlags {
  readonly signingAlgorithm?: string;
  readonly b64: boolean;
}

/** Signs files, each into its own bundle. */
export async function signBlobAction(invocation: Invocation<SignBlobFlags>): Promise<void> {
  const { args, flags, report } = invocation;
  const key = requireKey(flags, "sign-blob");
  checkOutputs(args, flags);
  const algorithm =
    flags.signingAlgorithm === undefined
      ? undefined
      : readAlgorithm(flags.signingAlgorithm, "--signing-algorithm");
  // Everything that can be wrong is looked at before the password is asked for.
  const work: { content: Content; destination: Destination }[] = [];
  for (const file of args) {
    const destination = await chooseDestination(`${file}.sigstore.json`, invocation);
    work.push({ content: await openContent(file, invocation), destination });
  }
  const stdinTaken = args.includes("-");
  const plan = await planLogging(invocation);
  const prehashed = plan.logs.length > 0;
  const signer = await openSignerOf(key, invocation, { stdinTaken, algorithm, prehashed });
  const results: JsonResult[] = [];
  const printed: (string | Uint8Array)[] = [];
  for (const { content, destination } of work) {
    const signed = await signContent(content, signer, plan, invocation);
    await checkFresh(signed.bundle, signer, plan);
    sayLogged(signed.bundle, plan, invocation);
    await writeBundle(destination, signed.bundle, signed.signature, invocation);
    printed.push(await writeSignature(signed.signature, invocation));
    results.push(describe(content, destination, signed, plan));
    await adviseVerifying({ key, content, destination, signer, plan }, invocation);
  }
  report.result({ files: results } as JsonResult, joined(printed));
}

function checkOutputs(files: readonly string[], flags: SignBlobFlags): void {
  for (const [name, file] of [
    ["--bundle", flags.bundle],
    ["--output-signature", flags.outputSignature],
  ]) {
    if (files.length > 1 && file !== undefined) {
      throw usageError(
        `${name} is one file, and there are ${files.length} to sign`,
        `leave ${name} away: each gets its own bundle beside it`,
      );
    }
  }
  if (files.includes("-") && flags.bundle === undefined && flags.newBundleFormat) {
    throw usageError(
      "standard input has no name to derive the bundle's from",
      "pass --bundle FILE",
    );
  }
}

async function signContent(
  content: Content,
  signer: Signer,
  plan: LoggingPlan,
  { io }: Invocation<SignBlobFlags>,
): Promise<SignedArtifact> {
  const progress = startProgress(io, `Signing ${content.label}`, content.sizeBytes);
  try {
    const artifact = await signable(content, signer);
    return await sign({ artifact, signer, onProgress: progress.update, logging: plan });
  } finally {
    progress.end();
  }
}

/** Pure Ed25519 reads twice what it signs: a pipe is read into memory first, if it fits. */
async function signable(content: Content, signer: Signer): Promise<MessageSource> {
  if (content.bytes) return content.bytes;
  const twice = signer.algorithm.scheme.kind === "ed25519";
  if (!twice || !content.once) return { open: content.open, once: content.once };
  return collect(content, "pipe to sign with pure Ed25519", inMemoryBytesMax);
}

/** Writes the bare signature where asked; answers what is printed of it. */
async function writeSignature(
  signature: Uint8Array,
  invocation: Invocation<SignBlobFlags>,
): Promise<string | Uint8Array> {
  const { flags, report } = invocation;
  const text = signatureText(signature, flags.b64);
  if (flags.outputSignature !== undefined) {
    await writeOutput(flags.outputSignature, text, invocation);
    report.say(`Wrote signature to file ${flags.outputSignature}`);
    return "";
  }
  if (flags.newBundleFormat) return "";
  return typeof text === "string" ? `${text}\n` : text;
}

function joined(parts: readonly (string | Uint8Array)[]): string | Uint8Array {
  if (parts.every((part) => typeof part === "string")) return parts.join("");
  return Buffer.concat(parts.map((part) => Buffer.from(part as Uint8Array)));
}

function describe(
  { label }: Content,
  { bundle }: Destination,
  signed: SignedArtifact,
  plan: LoggingPlan,
): JsonResult {
  const { signature, digest } = signed;
  return {
    file: label,
    bundle,
    digest: { algorithm: digest.algorithm, hex: encodeHex(digest.digest) },
    base64Signature: encodeBase64(signature),
    logEntries: entriesToJson(signed.bundle, plan),
  };
}

interface Made {
  readonly key: string;
  readonly content: Content;
  readonly destination: Destination;
  readonly signer: Signer;
  readonly plan: LoggingPlan;
}

async function adviseVerifying(
  { key, content: { label }, destination: { bundle }, signer, plan }: Made,
  { io, report }: Invocation<SignBlobFlags>,
): Promise<void> {
  if (bundle === undefined) return;
  const { algorithm } = signer;
  const lines = await verifyLines(io, {
    command: "verify-blob",
    keyReference: key,
    ...(plan.logs.length > 0 ? { logged: { trustedRootFile: plan.trustedRootFile } } : {}),
    bundle: bundle === `${label}.sigstore.json` ? undefined : bundle,
    // Nothing in a bundle says that a signature is RSA-PSS.
    more: algorithm.scheme.kind === "rsa-pss" ? ["--signing-algorithm", algorithm.flag ?? ""] : [],
    file: label,
  });
  report.say("Verify with:");
  for (const line of lines) report.say(`  ${line}`);
}
