// SPDX-License-Identifier: Apache-2.0
import { type Bundle, encodeBundle, encodeLegacyBundle } from "@chancery/formats/bundle";
import { encodeBase64 } from "@chancery/formats/bytes";
import type { SigningFlags } from "../flags/index.ts";
import type { Invocation } from "../framework/index.ts";
import { allowOutput, writeOutput } from "../files/index.ts";

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
  for (const file of [bundle, flags.outputSignature]) {
    if (file !== undefined) await allowOutput(file, flags.yes, needs);
  }
  return { bundle };
}

/**
 * Writes the bundle in the format asked for.
 * @param signature what the older bundle holds: for attestations the envelope's JSON.
 */
export async function writeBundle(
  { bundle: file }: Destination,
  bundle: Bundle,
  signature: Uint8Array,
  needs: Needs,
): Promise<void> {
  if (file === undefined) return;
  const { newBundleFormat } = needs.flags;
  const text = newBundleFormat ? encodeBundle(bundle) : legacyBundle(bundle, signature);
  await writeOutput(file, text, needs);
  needs.report.say(`Wrote bundle to file ${file}`);
}

function legacyBundle({ tlogEntries: [entry] }: Bundle, signature: Uint8Array): string {
  const signedEntryTimestamp = entry?.inclusionPromise;
  if (!entry || !signedEntryTimestamp) return encodeLegacyBundle({ signature });
  return encodeLegacyBundle({ signature, rekor: { ...entry, signedEntryTimestamp } });
}

/** A signature as cosign prints it: in base64, or its bytes. */
export function signatureText(signature: Uint8Array, b64: boolean): string | Uint8Array {
  return b64 ? encodeBase64(signature) : signature;
}
