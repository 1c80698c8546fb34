// SPDX-License-Identifier: Apache-2.0
import { basename } from "node:path";
import { type Bundle, bundleLimits } from "@chancery/formats/bundle";
import { decodeHex, encodeHex, utf8Bytes } from "@chancery/formats/bytes";
import { createHasher, sha256 } from "@chancery/formats/crypto";
import { envelopeToJson } from "@chancery/formats/dsse";
import { decodeStatement } from "@chancery/formats/statement";
import { attest, buildStatement, predicateKind } from "@chancery/sign";
import type { SigningFlags } from "../flags/index.ts";
import { type Invocation, usageError } from "../framework/index.ts";
import {
  allowOutput,
  checkStdinOnce,
  openContent,
  readWhole,
  startProgress,
  writeOutput,
} from "../files/index.ts";
import {
  adviseVerifying,
  certificateToJson,
  checkFresh,
  checkKeyFlags,
  chooseDestination,
  entriesToJson,
  openSigners,
  planSigning,
  sayVouched,
  writeBundle,
} from "../signing/index.ts";

export interface AttestBlobFlags extends SigningFlags {
  readonly predicate?: string;
  readonly type: string;
  readonly statement?: string;
  readonly hash?: string;
  readonly outputAttestation?: string;
  readonly rfc3161TimestampBundle?: string;
}

const EXAMPLE = "chancery attest-blob --key cosign.key --predicate FILE --type TYPE FILE";

/** Signs a statement about one file. */
export async function attestBlobAction(invocation: Invocation<AttestBlobFlags>): Promise<void> {
  const { flags, report } = invocation;
  checkKeyFlags(invocation);
  const statementFile = flags.statement;
  const file = subjectFile(invocation);
  checkStdinOnce({ FILE: file, "--predicate": flags.predicate, "--statement": statementFile });
  const stem = statementFile ?? file;
  if (stem === "-" && flags.bundle === undefined && flags.newBundleFormat) {
    throw usageError(
      "standard input has no name to derive the bundle's from",
      "pass --bundle FILE",
    );
  }
  const suffix = statementFile === undefined ? ".att.sigstore.json" : ".sigstore.json";
  const destination = await chooseDestination(`${stem}${suffix}`, invocation);
  const { outputAttestation } = flags;
  if (outputAttestation !== undefined) await allowOutput(outputAttestation, flags.yes, invocation);
  const statement =
    statementFile === undefined
      ? await makeStatement(file, invocation)
      : await readWhole(statementFile, "statement", bundleLimits.sizeBytesMax, invocation);
  const stdinTaken = [file, flags.predicate, statementFile].includes("-");
  const plan = await planSigning(invocation);
  const { logging, timestampServices } = plan;
  const prehashed = logging.logs.some(({ api }) => api === 2);
  const signers = await openSigners(plan, invocation, { stdinTaken, prehashed });
  const signer = await signers.next();
  const signed = await attest({ statement, signer, logging, timestampServices });
  const { bundle, pending } = signed;
  await checkFresh(signed, signer, plan, flags);
  sayVouched(bundle, plan, invocation, pending);
  const envelope = envelopeJson(bundle);
  await writeBundle(destination, signed, utf8Bytes(envelope), invocation);
  for (const output of [flags.outputSignature, outputAttestation]) {
    if (output === undefined) continue;
    await writeOutput(output, envelope, invocation);
    report.say(`Wrote envelope to file ${output}`);
  }
  const { predicateType, subjects } = decodeStatement(statement);
  const printsEnvelope = !flags.newBundleFormat && flags.outputSignature === undefined;
  report.result(
    {
      bundle: destination.bundle,
      predicateType,
      subjects: subjects.map(({ name = "", digest }) => ({ name, digest: { ...digest } })),
      statementSha256: encodeHex(sha256(statement)),
      logEntries: entriesToJson(bundle, plan, pending),
      timestamps: bundle.timestamps.length,
      ...(pending ? { pendingLogs: pending.logs.map(({ url }) => url) } : {}),
      ...(await certificateToJson(signer)),
    },
    printsEnvelope ? `${envelope}\n` : "",
  );
  if (destination.bundle === undefined) return;
  const line = {
    command: "verify-blob-attestation",
    signer,
    plan,
    bundle: destination.bundle,
    more: ["--type", statementFile === undefined ? flags.type : predicateType],
    file: file ?? (subjects[0]?.name || "FILE"),
  };
  await adviseVerifying(line, invocation);
}

/** The file that a predicate is about; undefined where a whole statement is given. */
function subjectFile({ args, flags }: Invocation<AttestBlobFlags>): string | undefined {
  const [file] = args;
  if (flags.statement !== undefined) {
    if (flags.predicate === undefined && file === undefined && flags.hash === undefined) {
      return undefined;
    }
    throw usageError(
      "--statement says everything: no FILE, --predicate or --hash goes with it",
      "chancery attest-blob --key cosign.key --statement FILE",
    );
  }
  if (flags.predicate === undefined) {
    throw usageError("attest-blob needs --predicate or --statement", EXAMPLE);
  }
  if (file === undefined) throw usageError("the argument FILE is missing", EXAMPLE);
  return file;
}

async function makeStatement(
  file: string | undefined,
  invocation: Invocation<AttestBlobFlags>,
): Promise<Uint8Array> {
  const { flags, io } = invocation;
  predicateKind(flags.type); // a wrong type shows before anything is read
  const label = file as string;
  const digest =
    flags.hash === undefined ? await digestOf(label, invocation) : readHash(flags.hash);
  const { sizeBytesMax } = bundleLimits;
  const predicate = await readWhole(
    flags.predicate as string,
    "predicate",
    sizeBytesMax,
    invocation,
  );
  const subject = { name: basename(label), digests: { sha256: digest } };
  return buildStatement({ subject, type: flags.type, predicate, now: io.now() });
}

function readHash(text: string): Uint8Array {
  const hex = text.replace(/^sha256:/, "");
  if (/^[0-9a-fA-F]{64}$/.test(hex)) return decodeHex(hex);
  throw usageError(
    `--hash is ${JSON.stringify(text)}, not a SHA-256 in hex (64 digits)`,
    "take it from sha256sum FILE",
  );
}

async function digestOf(
  label: string,
  invocation: Invocation<AttestBlobFlags>,
): Promise<Uint8Array> {
  const content = await openContent(label, invocation);
  if (content.bytes) return sha256(content.bytes);
  const progress = startProgress(invocation.io, `Reading ${label}`, content.sizeBytes);
  try {
    const hasher = createHasher("sha256");
    let bytesRead = 0;
    for await (const chunk of content.open()) {
      hasher.update(chunk);
      progress.update((bytesRead += chunk.length));
    }
    return hasher.digest();
  } finally {
    progress.end();
  }
}

function envelopeJson({ content }: Bundle): string {
  if (content.kind !== "envelope") throw new Error("an attestation without envelope");
  return JSON.stringify(envelopeToJson(content.envelope));
}
