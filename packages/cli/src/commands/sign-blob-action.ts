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
  adviseVerifying,
  certificateToJson,
  checkFresh,
  checkKeyFlags,
  chooseDestination,
  type Destination,
  entriesToJson,
  openSigners,
  planSigning,
  sayVouched,
  signatureText,
  type SigningPlan,
  writeBundle,
} from "../signing/index.ts";

export interface SignBlobFlags extends SigningFlags {
  readonly signingAlgorithm?: string;
  readonly b64: boolean;
}

/** Signs files, each into its own bundle; with an identity, by one certificate. */
export async function signBlobAction(invocation: Invocation<SignBlobFlags>): Promise<void> {
  const { args, flags, report } = invocation;
  checkKeyFlags(invocation);
  checkOutputs(args, flags);
  const algorithm =
    flags.signingAlgorithm === undefined
      ? undefined
      : readAlgorithm(flags.signingAlgorithm, "--signing-algorithm");
  // Everything that can be wrong is looked at before the password or the identity is asked for.
  const work: Work[] = [];
  for (const file of args) {
    const destination = await chooseDestination(`${file}.sigstore.json`, invocation);
    const label = args.length > 1 ? `${work.length + 1} of ${args.length}: ${file}` : file;
    work.push({ content: await openContent(file, invocation), destination, label });
  }
  const stdinTaken = args.includes("-");
  const plan = await planSigning(invocation);
  const prehashed = plan.logging.logs.length > 0;
  const signers = await openSigners(plan, invocation, { stdinTaken, algorithm, prehashed });
  const results: JsonResult[] = [];
  const printed: (string | Uint8Array)[] = [];
  for (const item of work) {
    const signer = await signers.next();
    const signed = await signContent(item, signer, plan, invocation);
    await checkFresh(signed, signer, plan, flags);
    sayVouched(signed.bundle, plan, invocation, signed.pending);
    await writeBundle(item.destination, signed, signed.signature, invocation);
    printed.push(await writeSignature(signed.signature, invocation));
    results.push({ ...describe(item, signed, plan), ...(await certificateToJson(signer)) });
    await advise(item, signer, plan, invocation);
  }
  report.result({ files: results } as JsonResult, joined(printed));
}

/** One file to sign. */
interface Work {
  readonly content: Content;
  readonly destination: Destination;
  /** The file, and which of several, where progress is shown. */
  readonly label: string;
}

function checkOutputs(files: readonly string[], flags: SignBlobFlags): void {
  for (const [name, file] of [
    ["--bundle", flags.bundle],
    ["--output-signature", flags.outputSignature],
    ["--output-certificate", flags.outputCertificate],
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
  { content, label }: Work,
  signer: Signer,
  plan: SigningPlan,
  { io }: Invocation<SignBlobFlags>,
): Promise<SignedArtifact> {
  const progress = startProgress(io, `Signing ${label}`, content.sizeBytes);
  const { logging, timestampServices } = plan;
  try {
    const artifact = await signable(content, signer);
    const vouching = { logging, timestampServices };
    return await sign({ artifact, signer, onProgress: progress.update, ...vouching });
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
  { content: { label }, destination: { bundle } }: Work,
  signed: SignedArtifact,
  plan: SigningPlan,
): JsonResult {
  const { signature, digest, pending } = signed;
  return {
    file: label,
    bundle,
    digest: { algorithm: digest.algorithm, hex: encodeHex(digest.digest) },
    base64Signature: encodeBase64(signature),
    logEntries: entriesToJson(signed.bundle, plan, pending),
    timestamps: signed.bundle.timestamps.length,
    ...(pending ? { pendingLogs: pending.logs.map(({ url }) => url) } : {}),
  };
}

async function advise(
  { content: { label: file }, destination: { bundle } }: Work,
  signer: Signer,
  plan: SigningPlan,
  invocation: Invocation<SignBlobFlags>,
): Promise<void> {
  if (bundle === undefined) return;
  const { algorithm } = signer;
  // Nothing in a bundle says that a signature is RSA-PSS.
  const isPss = algorithm.scheme.kind === "rsa-pss";
  const line = {
    command: "verify-blob",
    signer,
    plan,
    bundle: bundle === `${file}.sigstore.json` ? undefined : bundle,
    more: isPss ? ["--signing-algorithm", algorithm.flag ?? ""] : [],
    file,
  };
  await adviseVerifying(line, invocation);
}
