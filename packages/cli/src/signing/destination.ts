// SPDX-License-Identifier: Apache-2.0
import { type Bundle, encodeBundle, encodeLegacyBundle } from "@chancery/formats/bundle";
import { encodeBase64 } from "@chancery/formats/bytes";
import { encodePem } from "@chancery/formats/pem";
import { encodePendingEntry } from "@chancery/sign";
import type { SigningFlags } from "../flags/index.ts";
import type { Invocation } from "../framework/index.ts";
import {
  allowOutput,
  pendingFileOf,
  removeOutput,
  shellWord,
  writeOutput,
} from "../files/index.ts";
import type { Fresh } from "./check.ts";

type Needs = Pick<Invocation<SigningFlags>, "flags" | "io" | "report">;

/** Where the bundle of one signature goes; undefined where it goes nowhere. */
export interface Destination {
  readonly bundle: string | undefined;
}

/**
 * Where the bundle is to be written, which may be.
 * @param fallback path without `--bundle`; cosign's older format is written only where asked for.
 * @throws CliError where the file exists and must stay
 */
export async function chooseDestination(fallback: string, needs: Needs): Promise<Destination> {
  const { flags } = needs;
  const bundle = flags.bundle ?? (flags.newBundleFormat ? fallback : undefined);
  for (const file of [bundle, flags.outputSignature, flags.outputCertificate]) {
    if (file !== undefined) await allowOutput(file, flags.yes, needs);
  }
  return { bundle };
}

/**
 * Writes the bundle in the format asked for, what is pending of it beside it, and the certificate.
 * @param signature what the older bundle holds: for attestations the envelope's JSON.
 */
export async function writeBundle(
  { bundle: file }: Destination,
  { bundle, pending }: Fresh,
  signature: Uint8Array,
  needs: Needs,
): Promise<void> {
  const { flags, report } = needs;
  await writeCertificate(bundle, needs);
  if (file === undefined) return;
  const text = flags.newBundleFormat ? encodeBundle(bundle) : legacyBundle(bundle, signature);
  await writeOutput(file, text, needs);
  report.say(`Wrote bundle to file ${file}`);
  const pendingFile = pendingFileOf(file);
  if (pending) {
    await writeOutput(pendingFile, encodePendingEntry(pending), needs);
    report.say(`Wrote pending entry to file ${pendingFile}; when the log is back:`);
    report.say(`  chancery bundle complete ${shellWord(file)}`);
  } else {
    await removeOutput(pendingFile, needs); // of an older bundle in this place
  }
}

async function writeCertificate({ keyMaterial }: Bundle, needs: Needs): Promise<void> {
  const { outputCertificate: file } = needs.flags;
  if (file === undefined) return;
  if (keyMaterial.kind !== "certificate") {
    needs.report.warn("--output-certificate is ignored: a key by itself has no certificate");
    return;
  }
  await writeOutput(file, encodePem("CERTIFICATE", keyMaterial.certificate), needs);
  needs.report.say(`Wrote certificate to file ${file}`);
}

function legacyBundle({ keyMaterial, tlogEntries }: Bundle, signature: Uint8Array): string {
  const [entry] = tlogEntries;
  const certificate =
    keyMaterial.kind === "certificate" ? { certificate: keyMaterial.certificate } : {};
  const signedEntryTimestamp = entry?.inclusionPromise;
  if (!entry || !signedEntryTimestamp) return encodeLegacyBundle({ signature, ...certificate });
  const rekor = { ...entry, signedEntryTimestamp };
  return encodeLegacyBundle({ signature, ...certificate, rekor });
}

/** A signature as cosign prints it: in base64, or its bytes. */
export function signatureText(signature: Uint8Array, b64: boolean): string | Uint8Array {
  return b64 ? encodeBase64(signature) : signature;
}
